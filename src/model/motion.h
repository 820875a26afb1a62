/* How things move, as a picture: what the token of motion of a latent frame holds. Pixels of noise
 * say little of a motion that the words ask for, as what moves looks different in every clip; here
 * it looks the same in all of them, so it is learned from few (after VideoJAM, arXiv 2502.02492,
 * which gives every token its flow; one token for the frame costs next to nothing). */
#ifndef MODEL_MOTION_H
#define MODEL_MOTION_H

#include "model/patch.h"

/* The frame that frame `at` is compared with: two before it, or the first. */
size_t motion_from(size_t at);

/* Bytes that the functions below need to work in. */
size_t motion_room(size_t height, size_t width);

/* values [patch, patch, 3]: the picture in as many cells, of each how far it went to the right and
 * down and how much it changed from `before` to `now`, rgb [height, width, 3], in `seconds`.
 * Velocities in heights a second and mean changes of brightness as roots, so that slow ones count;
 * 0 where nothing is seen to move. Block matching at half and whole size, to a part of a pixel.
 * `room`: motion_room(height, width) bytes to work in. */
void motion_map(const uint8_t *before, const uint8_t *now, size_t height, size_t width,
                double seconds, size_t patch, uint8_t *room, float *values);

/* The token [patch_values] of latent frame f of a clip rgb [frames, height, width, 3]. */
void motion_pack(const uint8_t *rgb, size_t frames, size_t height, size_t width, double fps,
                 size_t patch, size_t f, uint8_t *room, float *token);

/* The token of the clip as a mirror shows it: what goes to the right goes to the left. Not in
 * place. */
void motion_mirror(const float *token, size_t patch, float *out);

#endif
