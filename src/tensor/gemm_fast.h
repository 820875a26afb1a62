/* Activations for gemm_finish.h without calls, so that loops over them become vectors. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINED static inline __attribute__((always_inline))

/* e^x to 2 ulp; 0 below -87.3, infinity above 88.7. Cody and Waite's reduction, Cephes' polynomial.
 */
INLINED float fast_exp(float x)
{
    float at = x < -87.3f ? -87.3f : x > 88.7f ? 88.7f : x;
    float whole = __builtin_fmaf(at, 1.44269504f, 0x1.8p23f) - 0x1.8p23f;
    float rest = __builtin_fmaf(whole, -0.693359375f, at);
    rest = __builtin_fmaf(whole, 2.12194440e-4f, rest);
    float p = __builtin_fmaf(1.9875691500e-4f, rest, 1.3981999507e-3f);
    p = __builtin_fmaf(p, rest, 8.3334519073e-3f);
    p = __builtin_fmaf(p, rest, 4.1665795894e-2f);
    p = __builtin_fmaf(p, rest, 1.6666665459e-1f);
    p = __builtin_fmaf(p, rest, 5.0000001201e-1f);
    p = __builtin_fmaf(p, rest * rest, rest) + 1.0f;
    int32_t bits;
    memcpy(&bits, &p, sizeof bits);
    bits += (int32_t)((uint32_t)(int32_t)whole << 23);
    memcpy(&p, &bits, sizeof p);
    return x > 88.7f ? INFINITY : x < -87.3f ? 0.0f : x == x ? p : x;
}

INLINED float silu(float x)
{
    return x / (1.0f + fast_exp(-x));
}

/* (1 + tanh z) / 2 = 1 / (1 + e^-2z) */
INLINED float gelu_tanh(float x)
{
    float z = 1.59576912f * x * __builtin_fmaf(0.044715f * x, x, 1.0f);
    return x / (1.0f + fast_exp(-z));
}

/* erf by Abramowitz and Stegun 7.1.26, within 1.5e-7 */
INLINED float gelu_erf(float x)
{
    float z = fabsf(x) * 0.70710678f, t = 1.0f / __builtin_fmaf(0.3275911f, z, 1.0f);
    float p = __builtin_fmaf(1.061405429f, t, -1.453152027f);
    p = __builtin_fmaf(p, t, 1.421413741f);
    p = __builtin_fmaf(p, t, -0.284496736f);
    p = __builtin_fmaf(p, t, 0.254829592f);
    float half_tail = 0.5f * p * t * fast_exp(-z * z);
    return x * (x < 0.0f ? half_tail : 1.0f - half_tail);
}
