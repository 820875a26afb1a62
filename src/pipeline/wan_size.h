/* The sizes Wan makes: from a picture's shape and a target area. */
#ifndef PIPELINE_WAN_SIZE_H
#define PIPELINE_WAN_SIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct WanSize {
    size_t width, height;
} WanSize;

/* I2V and FLF2V: the shape of a picture at about `area` pixels, sides multiples of `space` (pixels
 * to a latent) and of 2 latents (Wan2.1 wan/image2video.py). false: a side would be 0. */
bool wan_size_i2v(WanSize picture, size_t area, size_t space, WanSize *out);

/* TI2V: of two candidates the one whose shape is nearer (Wan2.2 wan/utils/utils.py
 * best_output_size, sides multiples of `multiple`). The picture is then resized to cover it and the
 * middle is cut out. */
typedef struct WanCrop {
    WanSize size, resized;
    size_t x, y; /* where the size begins in the resized picture */
} WanCrop;

bool wan_size_ti2v(WanSize picture, size_t area, size_t multiple, WanCrop *out);

#endif
