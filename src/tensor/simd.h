/* Vectors of f32 as wide as the file is compiled for: LANES of them, 8 on AVX2, 16 on AVX-512.
 * Included by kernels that are compiled with the flags of one level. Comparisons of minima and
 * maxima pass over a NaN in their first operand. */
#ifndef TENSOR_SIMD_H
#define TENSOR_SIMD_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SIMD static inline __attribute__((always_inline))

#if defined(__AVX512F__)

enum { LANES = 16 };
typedef __m512 Vec;

SIMD Vec vec_set(float x)
{
    return _mm512_set1_ps(x);
}

SIMD Vec vec_load(const float *x)
{
    return _mm512_loadu_ps(x);
}

SIMD void vec_store(float *y, Vec x)
{
    _mm512_storeu_ps(y, x);
}

SIMD Vec vec_load_bf16(const uint16_t *x)
{
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)x));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

SIMD void vec_store_bf16(uint16_t *y, Vec x)
{
    __m512i bits = _mm512_castps_si512(x), high = _mm512_srli_epi32(bits, 16);
    __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
    __m512i up = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
    __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    up = _mm512_mask_or_epi32(_mm512_srli_epi32(up, 16), nan, high, _mm512_set1_epi32(0x40));
    _mm256_storeu_si256((__m256i *)y, _mm512_cvtepi32_epi16(up));
}

SIMD Vec vec_add(Vec a, Vec b)
{
    return _mm512_add_ps(a, b);
}

SIMD Vec vec_sub(Vec a, Vec b)
{
    return _mm512_sub_ps(a, b);
}

SIMD Vec vec_mul(Vec a, Vec b)
{
    return _mm512_mul_ps(a, b);
}

SIMD Vec vec_div(Vec a, Vec b)
{
    return _mm512_div_ps(a, b);
}

SIMD Vec vec_sqrt(Vec x)
{
    return _mm512_sqrt_ps(x);
}

SIMD Vec vec_fma(Vec a, Vec b, Vec c) /* a b + c */
{
    return _mm512_fmadd_ps(a, b, c);
}

SIMD Vec vec_max(Vec a, Vec b)
{
    return _mm512_max_ps(a, b);
}

SIMD Vec vec_min(Vec a, Vec b)
{
    return _mm512_min_ps(a, b);
}

SIMD Vec vec_abs(Vec x)
{
    return _mm512_abs_ps(x);
}

SIMD Vec vec_below(Vec x, Vec limit, Vec then, Vec other) /* x < limit ? then : other */
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, limit, _CMP_LT_OQ), other, then);
}

/* p 2^whole where x is not below `least`, else 0; what is too large becomes infinity. */
SIMD Vec vec_scale2(Vec p, Vec whole, Vec x, float least)
{
    __mmask16 not_less = _mm512_cmp_ps_mask(x, vec_set(least), _CMP_NLT_UQ);
    return _mm512_maskz_scalef_ps(not_less, p, whole);
}

SIMD Vec vec_round(Vec x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

SIMD Vec vec_swap_pairs(Vec x) /* 1 0 3 2 ... */
{
    return _mm512_permute_ps(x, 0xB1);
}

SIMD Vec vec_double_pairs(const float *x) /* 0 0 1 1 2 2 ...: LANES / 2 of them */
{
    const __m512i twice = _mm512_set_epi32(7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0);
    return _mm512_permutexvar_ps(twice, _mm512_castps256_ps512(_mm256_loadu_ps(x)));
}

SIMD Vec vec_signs(float even, float odd) /* even odd even odd ... */
{
    return _mm512_set_ps(odd, even, odd, even, odd, even, odd, even, odd, even, odd, even, odd,
                         even, odd, even);
}

SIMD float vec_sum(Vec x)
{
    return _mm512_reduce_add_ps(x);
}

SIMD float vec_top(Vec x)
{
    return _mm512_reduce_max_ps(x);
}

SIMD double vec_sum_double(Vec x)
{
    __m512d a = _mm512_cvtps_pd(_mm512_castps512_ps256(x));
    __m512d b = _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1));
    return _mm512_reduce_add_pd(_mm512_add_pd(a, b));
}

#else

enum { LANES = 8 };
typedef __m256 Vec;

SIMD Vec vec_set(float x)
{
    return _mm256_set1_ps(x);
}

SIMD Vec vec_load(const float *x)
{
    return _mm256_loadu_ps(x);
}

SIMD void vec_store(float *y, Vec x)
{
    _mm256_storeu_ps(y, x);
}

SIMD Vec vec_load_bf16(const uint16_t *x)
{
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)x));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

SIMD void vec_store_bf16(uint16_t *y, Vec x)
{
    __m256i bits = _mm256_castps_si256(x), high = _mm256_srli_epi32(bits, 16);
    __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
    __m256i up = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF)));
    __m256i quiet = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
    __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    up = _mm256_blendv_epi8(_mm256_srli_epi32(up, 16), quiet, nan);
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(up, up), 0x08);
    _mm_storeu_si128((__m128i *)y, _mm256_castsi256_si128(packed));
}

SIMD Vec vec_add(Vec a, Vec b)
{
    return _mm256_add_ps(a, b);
}

SIMD Vec vec_sub(Vec a, Vec b)
{
    return _mm256_sub_ps(a, b);
}

SIMD Vec vec_mul(Vec a, Vec b)
{
    return _mm256_mul_ps(a, b);
}

SIMD Vec vec_div(Vec a, Vec b)
{
    return _mm256_div_ps(a, b);
}

SIMD Vec vec_sqrt(Vec x)
{
    return _mm256_sqrt_ps(x);
}

SIMD Vec vec_fma(Vec a, Vec b, Vec c) /* a b + c */
{
    return _mm256_fmadd_ps(a, b, c);
}

SIMD Vec vec_max(Vec a, Vec b)
{
    return _mm256_max_ps(a, b);
}

SIMD Vec vec_min(Vec a, Vec b)
{
    return _mm256_min_ps(a, b);
}

SIMD Vec vec_abs(Vec x)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}

SIMD Vec vec_below(Vec x, Vec limit, Vec then, Vec other) /* x < limit ? then : other */
{
    return _mm256_blendv_ps(other, then, _mm256_cmp_ps(x, limit, _CMP_LT_OQ));
}

/* p 2^whole where x is not below `least`, else 0; what is too large becomes infinity. */
SIMD Vec vec_scale2(Vec p, Vec whole, Vec x, float least)
{
    __m256i e = _mm256_slli_epi32(_mm256_cvtps_epi32(whole), 23);
    Vec y = _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), e));
    y = vec_below(vec_set(88.7f), x, vec_set(__builtin_inff()), y);
    return vec_below(x, vec_set(least), vec_set(0.0f), y);
}

SIMD Vec vec_round(Vec x)
{
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

SIMD Vec vec_swap_pairs(Vec x) /* 1 0 3 2 ... */
{
    return _mm256_permute_ps(x, 0xB1);
}

SIMD Vec vec_double_pairs(const float *x) /* 0 0 1 1 2 2 ...: LANES / 2 of them */
{
    const __m256i twice = _mm256_set_epi32(3, 3, 2, 2, 1, 1, 0, 0);
    return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(x)), twice);
}

SIMD Vec vec_signs(float even, float odd) /* even odd even odd ... */
{
    return _mm256_set_ps(odd, even, odd, even, odd, even, odd, even);
}

SIMD float vec_sum(Vec x)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

SIMD float vec_top(Vec x)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

SIMD double vec_sum_double(Vec x)
{
    __m256d s = _mm256_add_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(x)),
                              _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)));
    __m128d t = _mm_add_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd(s, 1));
    return _mm_cvtsd_f64(_mm_add_sd(t, _mm_unpackhi_pd(t, t)));
}

#endif

/* ---- the ends of rows: n < LANES ------------------------------------------------------- */

SIMD Vec vec_load_n(const float *x, size_t n, float fill)
{
    float all[LANES];
    vec_store(all, vec_set(fill));
    memcpy(all, x, n * sizeof *x);
    return vec_load(all);
}

SIMD void vec_store_n(float *y, Vec x, size_t n)
{
    float all[LANES];
    vec_store(all, x);
    memcpy(y, all, n * sizeof *y);
}

SIMD Vec vec_load_bf16_n(const uint16_t *x, size_t n, float fill)
{
    uint16_t all[LANES];
    vec_store_bf16(all, vec_set(fill));
    memcpy(all, x, n * sizeof *x);
    return vec_load_bf16(all);
}

SIMD void vec_store_bf16_n(uint16_t *y, Vec x, size_t n)
{
    uint16_t all[LANES];
    vec_store_bf16(all, x);
    memcpy(y, all, n * sizeof *y);
}

/* x[0..n), then `fill`, n < LANES or any larger: then a whole vector. */
SIMD Vec vec_first(Vec x, size_t n, float fill)
{
    if (n >= LANES) return x;
    float all[LANES];
    vec_store(all, x);
    for (size_t i = n; i < LANES; i++) all[i] = fill;
    return vec_load(all);
}

/* ---- rows of f32 or bf16, a vector from element j on ----------------------------------- */

SIMD Vec vec_get(const void *row, bool bf16, size_t j)
{
    return bf16 ? vec_load_bf16((const uint16_t *)row + j) : vec_load((const float *)row + j);
}

SIMD void vec_put(void *row, bool bf16, size_t j, Vec x)
{
    if (bf16)
        vec_store_bf16((uint16_t *)row + j, x);
    else
        vec_store((float *)row + j, x);
}

/* n of them; what is read beyond is `fill`. n >= LANES: a whole vector. */
SIMD Vec vec_get_n(const void *row, bool bf16, size_t j, size_t n, float fill)
{
    if (n >= LANES) return vec_get(row, bf16, j);
    return bf16 ? vec_load_bf16_n((const uint16_t *)row + j, n, fill)
                : vec_load_n((const float *)row + j, n, fill);
}

SIMD void vec_put_n(void *row, bool bf16, size_t j, Vec x, size_t n)
{
    if (n >= LANES)
        vec_put(row, bf16, j, x);
    else if (bf16)
        vec_store_bf16_n((uint16_t *)row + j, x, n);
    else
        vec_store_n((float *)row + j, x, n);
}

/* ---- functions ------------------------------------------------------------------------- */

/* e^x to 2 ulp; 0 below -87.3, infinity where it is too large, NaN for NaN. Cody and Waite's
 * reduction, Cephes' polynomial. */
SIMD Vec vec_exp(Vec x)
{
    Vec at = vec_min(vec_set(89.0f), x); /* NaN passes */
    Vec whole = vec_round(vec_mul(at, vec_set(1.44269504f)));
    Vec rest = vec_fma(whole, vec_set(-0.693359375f), at);
    rest = vec_fma(whole, vec_set(2.12194440e-4f), rest);
    Vec p = vec_fma(vec_set(1.9875691500e-4f), rest, vec_set(1.3981999507e-3f));
    p = vec_fma(p, rest, vec_set(8.3334519073e-3f));
    p = vec_fma(p, rest, vec_set(4.1665795894e-2f));
    p = vec_fma(p, rest, vec_set(1.6666665459e-1f));
    p = vec_fma(p, rest, vec_set(5.0000001201e-1f));
    p = vec_add(vec_fma(p, vec_mul(rest, rest), rest), vec_set(1.0f));
    return vec_scale2(p, whole, x, -87.3f);
}

SIMD Vec vec_sigmoid(Vec x)
{
    Vec e = vec_exp(vec_sub(vec_set(0.0f), x));
    return vec_div(vec_set(1.0f), vec_add(vec_set(1.0f), e));
}

#endif
