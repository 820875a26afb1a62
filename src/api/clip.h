/* SoraClip: a Clip and the arena it lives in. */
#ifndef API_CLIP_H
#define API_CLIP_H

#include "media/write.h"

enum { CLIP_NOTES = 5 };

struct SoraClip {
    Arena *arena; /* NULL: lent for the length of a callback */
    Clip clip;
    const char *note[CLIP_NOTES + 1]; /* ends with NULL */
};

/* A new SoraClip with an arena of its own, `clip` not filled. */
SoraStatus clip_begin(SoraClip **out);

/* What their options (NULL: all defaults) mean, without sizes and rate. */
SoraStatus clip_write_options(const SoraWriteOptions *theirs, WriteOptions *out);

#endif
