/* Latents [C, F, H, W] as tokens of 1 x 2 x 2 and back (Wan2.1 wan/modules/model.py: patch
 * embedding and unpatchify). Tokens lie frame by frame, row by row. */
#ifndef MODEL_LATENT_H
#define MODEL_LATENT_H

#include "model/patch.h"

enum { LATENT_PATCH = 2, LATENT_PATCH_VALUES = 4 };

/* Of a whole latent; height and width are even. */
typedef struct LatentSize {
    size_t channels, frames, height, width;
} LatentSize;

static inline size_t latent_values(LatentSize s)
{
    return s.channels * s.frames * s.height * s.width;
}

PatchGrid latent_grid(LatentSize s);

/* What a network reads: channel, row, column inside the patch. Token n's values of z start at
 * tokens + n * stride + first. */
void latent_pack(const float *z, LatentSize s, float *tokens, size_t stride, size_t first);

/* What a network's head gives: row, column, channel. tokens [N, 4 C] -> z [C, F, H, W]. */
void latent_unpack(const float *tokens, LatentSize s, float *z);

#endif
