/* How a clip looks, in numbers that need no model: sharpness, patch borders, steadiness. Luma is
 * BT.601's, 0 to 255. */
#ifndef EVAL_LOOKS_H
#define EVAL_LOOKS_H

#include "media/clip.h"

typedef struct LooksBox {
    size_t y, x, height, width; /* pixels; cut to the frame */
} LooksBox;

/* The mean of dx^2 + dy^2 (steps of luma to the right and down) in a box; 0 for an empty one. */
double looks_gradient(const Clip *c, size_t frame, LooksBox box);

/* The most energy that any box of that size has, a mean as above: the actor's, wherever a model
 * has put it. Models do not say where their actors are, so both clips are asked this way. */
double looks_sharpest(const Clip *c, size_t frame, size_t height, size_t width);

/* Steps of luma across the borders of patches of `patch` pixels, against all other steps: the
 * ratio of the means over rows and columns of every frame. 1 when nothing changes anywhere. */
double looks_borders(const Clip *c, size_t patch);

/* What is left of each frame's difference to the one before after blocks of 8 x 8 have moved by up
 * to `reach` pixels to where they fit best: the mean of |luma|. Flicker and tearing; motion itself
 * does not count. 0 for an image. */
double looks_residual(const Clip *c, size_t reach);

#endif
