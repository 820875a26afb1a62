/* Embeddings without weights: sinusoids of a number, rotations of a position. */
#ifndef NN_EMBED_H
#define NN_EMBED_H

#include <stddef.h>

/* out[count] = cos(value f_i) for i < count/2, then sin(value f_i), f_i = 10000^(-2i/count):
 * cosines first (Wan2.1 wan/modules/model.py sinusoidal_embedding_1d). Angles in double. */
void embed_sinusoid(double value, size_t count, float *out);

/* One row of 3-D RoPE tables for a head of `head_dim` (even): cos, sin [head_dim / 2]. `at` is
 * (time, row, column); row and column turn 2 * (head_dim / 6) values each, time the rest, every
 * axis with its own frequencies 10000^(-2j / axis) (Wan2.1 rope_params, rope_apply). */
void embed_rope_row(const float at[3], size_t head_dim, float *cos_out, float *sin_out);

#endif
