/* Crisp outlines: a shock filter (Osher and Rudin 1990), steered as in Weickert 2003,
 * "Coherence-Enhancing Shock Filters". On the bright side of an outline colours grow from within,
 * on the dark side too, until they meet; nothing gets brighter than its surroundings, so there are
 * no halos. Which side a pixel is on comes from the smoothed picture, colour by colour, across the
 * direction that its surroundings have; where there is no outline, shades stay as soft as they are.
 */
#ifndef MEDIA_CRISP_H
#define MEDIA_CRISP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/pool.h"

/* rgb [height, width, 3] in place. `radius`: how many pixels wide the outlines are that should be
 * one wide, as the factor by which the picture was enlarged. Working memory (92 bytes a pixel) is
 * taken from `step` and given back. */
void crisp_frame(uint8_t *rgb, size_t height, size_t width, size_t radius, Pool *pool, Arena *step);

#endif
