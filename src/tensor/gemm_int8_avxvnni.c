/* Products of 8-bit numbers with the vpdpbusd of processors without AVX-512: the whole sums of
 * 3 x 32 stay in registers. */
#include <immintrin.h>

#include "tensor/gemm_int8.h"

enum { ROWS = 3, PARTS = 4, LANES = 8, BLOCK = GEMM_INT8_BLOCK, COLUMNS = GEMM_INT8_COLUMNS };

#define INLINED  static inline __attribute__((always_inline))
#define UNROLLED _Pragma("GCC unroll 8")

/* `count` is a constant where this is inlined. */
INLINED void rows_of(float *sums, const GemmInt8Rows *rows, const GemmInt8Block *b, const int count)
{
    for (int k = 0; k < count * COLUMNS; k += LANES) _mm256_store_ps(sums + k, _mm256_setzero_ps());
    for (size_t u = 0; u < rows->blocks; u++, b++) {
        __m256i whole[ROWS][PARTS];
        UNROLLED for (int p = 0; p < PARTS; p++)
        {
            __m256i from = _mm256_load_si256((const __m256i *)(b->offset + p * LANES));
            UNROLLED for (int i = 0; i < count; i++) whole[i][p] = from;
        }
        for (int q = 0; q < BLOCK / 4; q++) {
            __m256i x[ROWS];
            UNROLLED for (int i = 0; i < count; i++)
            {
                int four;
                const uint8_t *a = rows->a + ((size_t)i * rows->blocks + u) * BLOCK + 4 * q;
                __builtin_memcpy(&four, a, sizeof four);
                x[i] = _mm256_set1_epi32(four);
            }
            UNROLLED for (int p = 0; p < PARTS; p++)
            {
                __m256i w = _mm256_load_si256((const __m256i *)b->w[q][p * LANES]);
                UNROLLED for (int i = 0; i < count; i++) whole[i][p] =
                    _mm256_dpbusd_avx_epi32(whole[i][p], x[i], w);
            }
        }
        UNROLLED for (int p = 0; p < PARTS; p++)
        {
            __m256 scale = _mm256_load_ps(b->scale + p * LANES);
            UNROLLED for (int i = 0; i < count; i++)
            {
                float *to = sums + i * COLUMNS + p * LANES;
                __m256 by = _mm256_set1_ps(rows->scale[(size_t)i * rows->blocks + u]);
                __m256 x = _mm256_cvtepi32_ps(whole[i][p]);
                x = _mm256_fmadd_ps(x, _mm256_mul_ps(by, scale), _mm256_load_ps(to));
                _mm256_store_ps(to, x);
            }
        }
    }
}

static void run(float *sums, const GemmInt8Rows *rows, const GemmInt8Block *b, size_t count)
{
    switch (count) {
    case 1: rows_of(sums, rows, b, 1); return;
    case 2: rows_of(sums, rows, b, 2); return;
    case 3: rows_of(sums, rows, b, 3); return;
    }
}

void gemm_int8_avxvnni_fill(GemmInt8Kernels *k)
{
    k->rows = ROWS;
    k->run = run;
}
