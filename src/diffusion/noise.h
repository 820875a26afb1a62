/* Normal noise as torch.randn of a CPU generator draws it, for people who want the pictures their
 * seeds gave elsewhere (pytorch, aten/src/ATen/native/cpu/DistributionTemplates.h, normal_fill;
 * aten/src/ATen/core/MT19937RNGEngine.h). Our own noise is base/rng.h. */
#ifndef DIFFUSION_NOISE_H
#define DIFFUSION_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NOISE_WORDS = 624 };

typedef struct NoiseTorch {
    uint32_t word[NOISE_WORDS]; /* mt19937 */
    int next;
    double spare; /* the second value of a pair that was drawn one at a time */
    bool has_spare;
} NoiseTorch;

/* torch.Generator("cpu").manual_seed(seed). */
void noise_torch_start(NoiseTorch *g, uint64_t seed);

/* torch.randn(n, dtype=float32), within float rounding: 16 values at a time where there are 16,
 * else in pairs of doubles, which are other numbers. */
void noise_torch_draw(NoiseTorch *g, float *out, size_t n);

#endif
