/* Matrix products on AVX-512F/BW/DQ/VL: tiles of 12 x 32 sums in 24 of the 32 registers. */
#include <immintrin.h>

#include "tensor/gemm_fast.h"
#include "tensor/gemm_finish.h"
#include "tensor/gemm_kernels.h"

#define MULTIPLY(sum, a, b) _mm512_fmadd_ps(a, b, sum)
#include "tensor/gemm_tile_avx512.h"

static __m512i to_bf16(__m512 x)
{
    __m512i bits = _mm512_castps_si512(x), high = _mm512_srli_epi32(bits, 16);
    __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
    __m512i up = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
    __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    return _mm512_mask_or_epi32(_mm512_srli_epi32(up, 16), nan, high, _mm512_set1_epi32(0x40));
}

static __mmask16 first(size_t n)
{
    return (__mmask16)(n >= 16 ? 0xFFFF : (1u << n) - 1);
}

static void f32_to_bf16(uint16_t *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first(n - i);
        __m512i h = to_bf16(_mm512_maskz_loadu_ps(m, x + i));
        _mm256_mask_storeu_epi16(y + i, m, _mm512_cvtepi32_epi16(h));
    }
}

static void to_f32(float *y, const uint16_t *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first(n - i);
        __m512i h = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(m, x + i));
        _mm512_mask_storeu_epi32(y + i, m, _mm512_slli_epi32(h, 16));
    }
}

static void f32_round(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first(n - i);
        __m512i h = to_bf16(_mm512_maskz_loadu_ps(m, x + i));
        _mm512_mask_storeu_epi32(y + i, m, _mm512_slli_epi32(h, 16));
    }
}

/* Four rows of x, a lane each: 16 bytes of each, or `n` units of the first `rows` of them. Whole
 * ones are inserted as they are loaded, which keeps the one unit that shuffles free. */
INLINED __m512i four_rows(const char *x, size_t step, const bool whole, __mmask8 m, size_t rows)
{
    __m128i v[4];
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        v[i] = whole ? _mm_loadu_si128((const __m128i *)(x + i * step))
                     : _mm_maskz_loadu_epi16(i < rows ? m : 0, x + i * step);
    __m512i all = _mm512_castsi128_si512(v[0]);
    all = _mm512_inserti32x4(all, v[1], 1);
    all = _mm512_inserti32x4(all, v[2], 2);
    return _mm512_inserti32x4(all, v[3], 3);
}

/* 16 rows of 4 units to 4 rows of 16: the lanes turn 4 x 4 units each. */
INLINED void turn_4(__m512i y[4], const char *x, size_t step, const bool whole, __mmask8 m,
                    size_t rows)
{
    __m512i r[4], t[4];
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        r[i] = four_rows(x + i * step, 4 * step, whole, m, rows > i ? (rows - i + 3) / 4 : 0);
    t[0] = _mm512_unpacklo_epi32(r[0], r[1]), t[1] = _mm512_unpackhi_epi32(r[0], r[1]);
    t[2] = _mm512_unpacklo_epi32(r[2], r[3]), t[3] = _mm512_unpackhi_epi32(r[2], r[3]);
    y[0] = _mm512_unpacklo_epi64(t[0], t[2]), y[1] = _mm512_unpackhi_epi64(t[0], t[2]);
    y[2] = _mm512_unpacklo_epi64(t[1], t[3]), y[3] = _mm512_unpackhi_epi64(t[1], t[3]);
}

static void turn(uint32_t *y, size_t y_stride, const void *x, size_t x_bytes, size_t rows,
                 size_t columns)
{
    for (size_t r = 0; r < rows; r += 16)
        for (size_t c = 0; c < columns; c += 4) {
            size_t high = rows - r, wide = columns - c < 4 ? columns - c : 4;
            const char *from = (const char *)x + r * x_bytes + c * 4;
            uint32_t *to = y + c * y_stride + r;
            __m512i v[4];
            if (high >= 16 && wide == 4)
                turn_4(v, from, x_bytes, true, 0, 0);
            else
                turn_4(v, from, x_bytes, false, (__mmask8)((1u << 2 * wide) - 1), high);
#pragma GCC unroll 4
            for (size_t i = 0; i < 4; i++)
                if (i < wide) _mm512_mask_storeu_epi32(to + i * y_stride, first(high), v[i]);
        }
}

static void zip(uint32_t *y, size_t wide, size_t panel, const uint16_t *x, size_t x_stride,
                size_t units, size_t columns)
{
    for (size_t u = 0; u < units; u++, x += 2 * x_stride, y += wide)
        for (size_t i = 0; i < columns; i += wide) {
            size_t end = columns - i < wide ? columns : i + wide;
            uint32_t *to = y + i / wide * panel;
            for (size_t c = i; c < end; c += 16, to += 16) {
                __mmask16 m = first(end - c);
                __m512i even = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(m, x + c));
                __m512i odd = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(m, x + x_stride + c));
                _mm512_mask_storeu_epi32(to, m, _mm512_or_si512(even, _mm512_slli_epi32(odd, 16)));
            }
        }
}

/* 32 rows of 8 values to 8 rows of 16 pairs: the lanes turn 8 x 8 values each. */
INLINED void turn_pairs_8(__m512i y[8], const uint16_t *x, size_t stride, const bool whole,
                          __mmask8 m)
{
    __m512i r[8], t[8];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        r[i] = four_rows((const char *)(x + i * stride), 16 * stride, whole, m, 4);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
        t[i + 4] = _mm512_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
        r[i] = _mm512_unpacklo_epi32(t[i], t[i + 1]);
        r[i + 1] = _mm512_unpackhi_epi32(t[i], t[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4)
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            y[i + 2 * j] = _mm512_unpacklo_epi64(r[i + j], r[i + j + 2]);
            y[i + 2 * j + 1] = _mm512_unpackhi_epi64(r[i + j], r[i + j + 2]);
        }
}

static void turn_pairs(uint32_t *y, size_t y_stride, const uint16_t *x, size_t x_stride,
                       size_t units, size_t columns)
{
    size_t whole = units - units % 16;
    for (size_t u = 0; u < whole; u += 16)
        for (size_t c = 0; c < columns; c += 8) {
            const uint16_t *from = x + 2 * u * x_stride + c;
            size_t n = columns - c < 8 ? columns - c : 8;
            __m512i v[8];
            if (n == 8)
                turn_pairs_8(v, from, x_stride, true, 0);
            else
                turn_pairs_8(v, from, x_stride, false, (__mmask8)((1u << n) - 1));
#pragma GCC unroll 8
            for (size_t i = 0; i < 8; i++)
                if (i < n) _mm512_storeu_si512(y + (c + i) * y_stride + u, v[i]);
        }
    for (size_t u = whole; u < units; u++)
        for (size_t c = 0; c < columns; c++) {
            const uint16_t *from = x + 2 * u * x_stride + c;
            y[c * y_stride + u] = from[0] | (uint32_t)from[x_stride] << 16;
        }
}

void gemm_avx512_fill(GemmKernels *k)
{
    k->f32 = (GemmTile){ 12, 32, 1, 1, 192, tile };
    k->bf16 = k->f32;
    k->f32_to_bf16 = f32_to_bf16;
    k->bf16_to_f32 = to_f32;
    k->f32_round = f32_round;
    k->turn = turn;
    k->zip = zip;
    k->turn_pairs = turn_pairs;
    k->finish = finish;
}
