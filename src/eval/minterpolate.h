/* FFmpeg's motion interpolation (the filter minterpolate, its own defaults), a peer that the suite
 * "shape" compares with: the program `ffmpeg` is run where there is one. */
#ifndef EVAL_MINTERPOLATE_H
#define EVAL_MINTERPOLATE_H

#include <stdbool.h>

#include "media/clip.h"

/* Fills frames [first, first + count) of a clip, in place, from the frames around: every
 * (count + 1)-th is shown to the filter, three on each side where the clip has them, the outermost
 * again where it has not. *ran is false, and nothing is changed, without the program.
 * 0 < first, first + count < frames. Working memory from `a`, given back. */
SoraStatus minterpolate_fill(Clip *c, size_t first, size_t count, Arena *a, bool *ran);

#endif
