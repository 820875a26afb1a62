/* What of its facts a clip shows: the bridge from exact state to captions. */
#ifndef WORLD_SEEN_H
#define WORLD_SEEN_H

#include "words/caption.h"
#include "world/world.h"

/* Claims only what can be seen in `state`: bodies large enough and not hidden or out of the
 * picture for a good part of the time, doings that happen while they are seen, headings that are
 * true of the motion, relations that hold in the pixels. */
CaptionView world_seen(const World *w, const Facts *f, const WorldState *state);

#endif
