/* Products of 8-bit numbers with vpdpbusd: sums of 6 x 32 stay in registers. */
#include <immintrin.h>

#include "tensor/gemm_int8.h"

enum { ROWS = 6, BLOCK = GEMM_INT8_BLOCK, COLUMNS = GEMM_INT8_COLUMNS };

#define INLINED  static inline __attribute__((always_inline))
#define UNROLLED _Pragma("GCC unroll 8")

static void quantise(uint8_t *y, float *scale, const float *x, size_t blocks)
{
    const __m512i middle = _mm512_set1_epi32(128), exponent = _mm512_set1_epi32(0x7F800000);
    for (size_t u = 0; u < blocks; u++, x += BLOCK, y += BLOCK) {
        __m512 left = _mm512_loadu_ps(x), right = _mm512_loadu_ps(x + 16);
        __m512 size = _mm512_max_ps(_mm512_abs_ps(left), _mm512_abs_ps(right));
        __m512i l = _mm512_and_si512(_mm512_castps_si512(left), exponent),
                r = _mm512_and_si512(_mm512_castps_si512(right), exponent);
        __mmask16 bad = _mm512_cmpeq_epi32_mask(l, exponent) | _mm512_cmpeq_epi32_mask(r, exponent);
        float most = _mm512_reduce_max_ps(size);
        bool zero = bad || !(most > 1e-30f);
        scale[u] = bad ? __builtin_nanf("") : zero ? 0 : most / 127;
        __m512 by = _mm512_set1_ps(zero ? 0 : 127 / most);
        __mmask16 all = zero ? 0 : 0xFFFF;
        l = _mm512_maskz_cvtps_epi32(all, _mm512_mul_ps(left, by));
        r = _mm512_maskz_cvtps_epi32(all, _mm512_mul_ps(right, by));
        _mm_storeu_si128((__m128i *)y, _mm512_cvtepi32_epi8(_mm512_add_epi32(l, middle)));
        _mm_storeu_si128((__m128i *)(y + 16), _mm512_cvtepi32_epi8(_mm512_add_epi32(r, middle)));
    }
}

/* `count` is a constant where this is inlined. */
INLINED void rows_of(float *sums, const GemmInt8Rows *rows, const GemmInt8Block *b, const int count)
{
    __m512 left[ROWS], right[ROWS];
    const size_t stride = rows->blocks * BLOCK;
    UNROLLED for (int i = 0; i < count; i++) left[i] = right[i] = _mm512_setzero_ps();
    for (size_t u = 0; u < rows->blocks; u++, b++) {
        __m512i l[ROWS], r[ROWS];
        const uint8_t *a = rows->a + u * BLOCK;
        __m512i from = _mm512_load_si512(b->offset), next = _mm512_load_si512(b->offset + 16);
        UNROLLED for (int i = 0; i < count; i++) l[i] = from, r[i] = next;
        UNROLLED for (int q = 0; q < BLOCK / 4; q++)
        {
            __m512i w = _mm512_load_si512(b->w[q]), v = _mm512_load_si512(b->w[q][16]);
            UNROLLED for (int i = 0; i < count; i++)
            {
                int four;
                __builtin_memcpy(&four, a + (size_t)i * stride + 4 * q, sizeof four);
                __m512i x = _mm512_set1_epi32(four);
                l[i] = _mm512_dpbusd_epi32(l[i], x, w);
                r[i] = _mm512_dpbusd_epi32(r[i], x, v);
            }
        }
        __m512 scale = _mm512_load_ps(b->scale), other = _mm512_load_ps(b->scale + 16);
        UNROLLED for (int i = 0; i < count; i++)
        {
            __m512 by = _mm512_set1_ps(rows->scale[(size_t)i * rows->blocks + u]);
            left[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(l[i]), _mm512_mul_ps(by, scale), left[i]);
            right[i] =
                _mm512_fmadd_ps(_mm512_cvtepi32_ps(r[i]), _mm512_mul_ps(by, other), right[i]);
        }
    }
    UNROLLED for (int i = 0; i < count; i++)
    {
        _mm512_store_ps(sums + i * COLUMNS, left[i]);
        _mm512_store_ps(sums + i * COLUMNS + 16, right[i]);
    }
}

static void run(float *sums, const GemmInt8Rows *rows, const GemmInt8Block *b, size_t count)
{
    switch (count) {
    case 1: rows_of(sums, rows, b, 1); return;
    case 2: rows_of(sums, rows, b, 2); return;
    case 3: rows_of(sums, rows, b, 3); return;
    case 4: rows_of(sums, rows, b, 4); return;
    case 5: rows_of(sums, rows, b, 5); return;
    case 6: rows_of(sums, rows, b, 6); return;
    }
}

void gemm_int8_vnni_fill(GemmInt8Kernels *k)
{
    *k = (GemmInt8Kernels){ ROWS, quantise, run };
}
