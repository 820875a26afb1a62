/* Outlines that shiver from frame to frame are held: each frame is drawn towards what the frames
 * before and after it say of it, along the motion between them (media/retime.h), a few times over.
 * Where they disagree, with one another or with it, it stays as it is: something happens there. */
#ifndef PIPELINE_STEADY_H
#define PIPELINE_STEADY_H

#include "base/pool.h"
#include "pipeline/generate.h"

enum { STEADY_PASSES = 4 };

typedef struct Steady Steady;

/* What it holds. */
size_t steady_bytes(size_t height, size_t width);

/* How firmly: `way` is how far a frame is drawn towards what its neighbours say, 1 all the way;
 * differences of up to `same` levels are shivers, from twice as much on something happens. */
typedef struct SteadyHold {
    float way, same;
} SteadyHold;

/* Frames [height, width, 3] come out at `sink` in order, a few later than they went in, the first
 * and the last as they were. Memory from `a`, which also is what working memory is taken from. */
SoraStatus steady_new(size_t height, size_t width, SteadyHold hold, Pool *pool, FrameSink sink,
                      Arena *a, Steady **out);
SoraStatus steady_take(Steady *s, const uint8_t *rgb);

/* No more will come: what was held back goes on. */
SoraStatus steady_end(Steady *s);

#endif
