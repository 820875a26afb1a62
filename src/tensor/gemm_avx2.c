/* Matrix products on AVX2 and FMA: tiles of 6 x 16 sums in 12 of the 16 registers. */
#include <immintrin.h>

#include "tensor/gemm_kernels.h"
#include "tensor/quant.h"

#include "tensor/gemm_fast.h"

#include "tensor/gemm_finish.h"

enum { ROWS = 6, COLUMNS = 16 };

#define UNROLLED _Pragma("GCC unroll 6")

/* `rows` is a constant where this is inlined, so that the sums are registers. */
INLINED void tile_rows(float *sums, bool add, const float *a, size_t a_stride, const float *b,
                       size_t units, const int rows)
{
    __m256 left[ROWS], right[ROWS];
    UNROLLED for (int i = 0; i < rows; i++)
    {
        left[i] = add ? _mm256_load_ps(sums + i * COLUMNS) : _mm256_setzero_ps();
        right[i] = add ? _mm256_load_ps(sums + i * COLUMNS + 8) : _mm256_setzero_ps();
    }
    for (size_t u = 0; u < units; u++, a++, b += COLUMNS) {
        __m256 b_left = _mm256_load_ps(b), b_right = _mm256_load_ps(b + 8);
        UNROLLED for (int i = 0; i < rows; i++)
        {
            __m256 x = _mm256_broadcast_ss(a + i * a_stride);
            left[i] = _mm256_fmadd_ps(x, b_left, left[i]);
            right[i] = _mm256_fmadd_ps(x, b_right, right[i]);
        }
    }
    UNROLLED for (int i = 0; i < rows; i++)
    {
        _mm256_store_ps(sums + i * COLUMNS, left[i]);
        _mm256_store_ps(sums + i * COLUMNS + 8, right[i]);
    }
}

static void tile(float *sums, bool add, const uint32_t *a, size_t a_stride, const uint32_t *b,
                 size_t units, size_t rows_used)
{
    const float *x = (const float *)a, *y = (const float *)b;
    switch (rows_used) {
    case 1: tile_rows(sums, add, x, a_stride, y, units, 1); return;
    case 2: tile_rows(sums, add, x, a_stride, y, units, 2); return;
    case 3: tile_rows(sums, add, x, a_stride, y, units, 3); return;
    case 4: tile_rows(sums, add, x, a_stride, y, units, 4); return;
    case 5: tile_rows(sums, add, x, a_stride, y, units, 5); return;
    default: tile_rows(sums, add, x, a_stride, y, units, 6); return;
    }
}

static void f32_to_bf16(uint16_t *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = bf16_from_f32(x[i]);
}

static void to_f32(float *y, const uint16_t *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = bf16_to_f32(x[i]);
}

static void f32_round(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = bf16_round(x[i]);
}

/* 8 x 8 units. */
INLINED void turn_8(__m256 r[8])
{
    __m256 t[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xEE);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
        t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
    }
    memcpy(r, t, sizeof t);
}

static void turn(uint32_t *y, size_t y_stride, const void *x, size_t x_bytes, size_t rows,
                 size_t columns)
{
    const char *from = x;
    float *to = (float *)y;
    size_t whole_rows = rows & ~(size_t)7, whole_columns = columns & ~(size_t)7;
    for (size_t r = 0; r < whole_rows; r += 8)
        for (size_t c = 0; c < whole_columns; c += 8) {
            __m256 v[8];
#pragma GCC unroll 8
            for (size_t i = 0; i < 8; i++)
                v[i] = _mm256_loadu_ps((const float *)(from + (r + i) * x_bytes) + c);
            turn_8(v);
#pragma GCC unroll 8
            for (size_t i = 0; i < 8; i++) _mm256_storeu_ps(to + (c + i) * y_stride + r, v[i]);
        }
    for (size_t r = 0; r < rows; r++) {
        const uint32_t *row = (const uint32_t *)(from + r * x_bytes);
        for (size_t c = r < whole_rows ? whole_columns : 0; c < columns; c++)
            y[c * y_stride + r] = row[c];
    }
}

void gemm_avx2_fill(GemmKernels *k)
{
    k->f32 = (GemmTile){ ROWS, COLUMNS, 1, 1, 320, tile };
    k->bf16 = k->f32;
    k->f32_to_bf16 = f32_to_bf16;
    k->bf16_to_f32 = to_f32;
    k->f32_round = f32_round;
    k->decode = quant_decode_avx2;
    k->turn = turn;
    k->finish = finish;
}
