#include "model/latent.h"

#include <assert.h>

PatchGrid latent_grid(LatentSize s)
{
    assert(s.height % LATENT_PATCH == 0 && s.width % LATENT_PATCH == 0);
    return (PatchGrid){ s.frames, s.height / LATENT_PATCH, s.width / LATENT_PATCH };
}

/* z's value of channel c at place (row, column) of token (f, y, x). */
static size_t place(LatentSize s, size_t c, size_t f, size_t y, size_t x, size_t k)
{
    size_t row = y * LATENT_PATCH + k / LATENT_PATCH, column = x * LATENT_PATCH + k % LATENT_PATCH;
    return ((c * s.frames + f) * s.height + row) * s.width + column;
}

void latent_pack(const float *z, LatentSize s, float *tokens, size_t stride, size_t first)
{
    PatchGrid g = latent_grid(s);
    float *to = tokens + first;
    for (size_t f = 0; f < g.frames; f++)
        for (size_t y = 0; y < g.height; y++)
            for (size_t x = 0; x < g.width; x++, to += stride)
                for (size_t c = 0; c < s.channels; c++)
                    for (size_t k = 0; k < LATENT_PATCH_VALUES; k++)
                        to[c * LATENT_PATCH_VALUES + k] = z[place(s, c, f, y, x, k)];
}

void latent_unpack(const float *tokens, LatentSize s, float *z)
{
    PatchGrid g = latent_grid(s);
    const float *from = tokens;
    for (size_t f = 0; f < g.frames; f++)
        for (size_t y = 0; y < g.height; y++)
            for (size_t x = 0; x < g.width; x++, from += s.channels * LATENT_PATCH_VALUES)
                for (size_t k = 0; k < LATENT_PATCH_VALUES; k++)
                    for (size_t c = 0; c < s.channels; c++)
                        z[place(s, c, f, y, x, k)] = from[k * s.channels + c];
}
