/* What is made beside given frames, on its way out: it keeps of them what it can
 * (pipeline/carry.h), and next to one it begins as that frame and becomes what the model made. */
#ifndef PIPELINE_BESIDE_H
#define PIPELINE_BESIDE_H

#include "base/pool.h"
#include "pipeline/condition.h"
#include "pipeline/generate.h"

typedef struct Beside Beside;

/* A gap of at most so many seconds is found from both of its ends. */
static const double BESIDE_BRIEF_S = 1.5;

/* Frames of the size and number of given->source, some of which are given, go in and come out at
 * `sink` in order, up to half a second's worth later; given ones come out as they were given. `fps`
 * of 0: a picture. Memory, and working memory, from `a`. */
SoraStatus beside_new(const Condition *given, double fps, Pool *pool, FrameSink sink, Arena *a,
                      Beside **out);
SoraStatus beside_take(Beside *b, const uint8_t *rgb); /* not read where the frame is given */
SoraStatus beside_end(Beside *b);

/* What it holds. */
size_t beside_bytes(size_t frames, size_t height, size_t width, double fps);

#endif
