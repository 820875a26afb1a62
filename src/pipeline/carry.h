/* Where nothing has changed since a given frame its pixels stay, and where the frames on both sides
 * of a short gap agree on what moves they go along: what is made beside given frames keeps their
 * detail; what became something else is the model's. */
#ifndef PIPELINE_CARRY_H
#define PIPELINE_CARRY_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* The given frames on both sides of a made one; rgb NULL: there is none on that side. */
typedef struct CarryFrom {
    const uint8_t *rgb;   /* [height, width, 3] */
    const uint8_t *other; /* another given frame, not far from it: where they differ something
                             moves, rain or the camera too; NULL: nobody knows what does */
    double share;         /* how near it is in time: 1 beside it, 0 at the other side's place */
} CarryFrom;

/* Changes the made frame rgb [height, width, 3]: each pixel moves to the given ones as far as both
 * are alike around it, compared after smoothing, so that a soft picture of the same thing is alike
 * and a moved outline is not. Working memory from `a`, given back. */
void carry_still(uint8_t *rgb, const CarryFrom from[2], size_t height, size_t width, Arena *a);

/* Each pixel goes to `followed` [height, width, 3], found by following what moves between two given
 * frames, as far as these agree on the way through it: agree [height, width] as of retime_at. There
 * the given frames know more than the model does; where they disagree it alone knows anything. */
void carry_along(uint8_t *rgb, const uint8_t *followed, const uint8_t *agree, size_t height,
                 size_t width, Arena *a);

#endif
