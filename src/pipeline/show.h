/* Made frames on their way to those that are shown: shivers are held (steady.h), the second stage
 * makes them larger, frames between them are found (media/retime.h), they get the size that was
 * asked for, the camera moves over them (camera.h), and beside given frames they go on from those
 * (beside.h). */
#ifndef PIPELINE_SHOW_H
#define PIPELINE_SHOW_H

#include "pipeline/plan.h"

typedef struct Show Show;

/* What showing a plan's clip takes beside making it: bytes, and seconds where products of matrices
 * come at `speed` operations a second (a rough guess). */
size_t show_bytes(const Bundle *b, const Plan *p);
double show_seconds(const Bundle *b, const Compute *c, const Plan *p, double speed);

/* `given` of the size that is wanted, or NULL; `seed` of a shaking hand; the shown frames,
 * p->want.frames of them, go into `sink` in order, some later than what they are made of. Memory
 * from `a`, for as long as the Show is used, and working memory as well. */
SoraStatus show_new(const Bundle *b, const Compute *c, const Plan *p, const Condition *given,
                    uint64_t seed, FrameSink sink, Arena *a, Show **out);

/* The next made frame [p->height, p->width, 3]. */
SoraStatus show_take(Show *s, const uint8_t *rgb);

/* No more will come: what was held back goes on, and the last frame stays for as long as wanted. */
SoraStatus show_end(Show *s);

#endif
