/* SoraClip: a Clip and the arena it lives in. */
#ifndef API_CLIP_H
#define API_CLIP_H

#include "media/clip.h"

struct SoraClip {
    Arena *arena; /* NULL: lent for the length of a callback */
    Clip clip;
};

/* A new SoraClip with an arena of its own, `clip` not filled. */
SoraStatus clip_begin(SoraClip **out);

#endif
