/* The exact state of a stage: what is where in the picture, and how much of it can be seen. */
#ifndef WORLD_STATE_H
#define WORLD_STATE_H

#include "world/stage.h"

/* out[stage->frames]. Visible shares come from the sprites' small pictures. */
void state_of(const Cast *cast, const Stage *stage, double fps, FrameState *out);

#endif
