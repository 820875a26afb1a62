/* The kernels of matrix products in plain C: what every machine can run. */
#include <math.h>

#include "tensor/gemm_kernels.h"
#include "tensor/quant.h"

static float silu(float x)
{
    return x / (1.0f + expf(-x));
}

static float gelu_tanh(float x)
{
    return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
}

static float gelu_erf(float x)
{
    return 0.5f * x * (1.0f + erff(x * 0.70710678f));
}

#include "tensor/gemm_finish.h"

enum { ROWS = 4, COLUMNS = 16 };

static float as_f32(uint32_t unit)
{
    float x;
    memcpy(&x, &unit, sizeof x);
    return x;
}

static void tile(float *sums, bool add, const uint32_t *a, size_t a_stride, const uint32_t *b,
                 size_t units, size_t rows_used)
{
    for (size_t i = 0; i < rows_used; i++, sums += COLUMNS, a += a_stride) {
        float s[COLUMNS] = { 0 };
        if (add) memcpy(s, sums, sizeof s);
        for (size_t u = 0; u < units; u++) {
            float x = as_f32(a[u]);
            for (size_t j = 0; j < COLUMNS; j++) s[j] += x * as_f32(b[u * COLUMNS + j]);
        }
        memcpy(sums, s, sizeof s);
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

static void turn(uint32_t *y, size_t y_stride, const void *x, size_t x_bytes, size_t rows,
                 size_t columns)
{
    for (size_t r = 0; r < rows; r++) {
        const uint32_t *from = (const uint32_t *)((const char *)x + r * x_bytes);
        for (size_t c = 0; c < columns; c++) y[c * y_stride + r] = from[c];
    }
}

static void zip(uint32_t *y, size_t wide, size_t panel, const uint16_t *x, size_t x_stride,
                size_t units, size_t columns)
{
    for (size_t u = 0; u < units; u++, x += 2 * x_stride, y += wide)
        for (size_t c = 0; c < columns; c++)
            y[c / wide * panel + c % wide] = x[c] | (uint32_t)x[x_stride + c] << 16;
}

static void turn_pairs(uint32_t *y, size_t y_stride, const uint16_t *x, size_t x_stride,
                       size_t units, size_t columns)
{
    for (size_t u = 0; u < units; u++, x += 2 * x_stride)
        for (size_t c = 0; c < columns; c++)
            y[c * y_stride + u] = x[c] | (uint32_t)x[x_stride + c] << 16;
}

void gemm_ref_fill(GemmKernels *k)
{
    *k = (GemmKernels){ .f32 = { ROWS, COLUMNS, 1, 1, 256, tile },
                        .bf16 = { ROWS, COLUMNS, 1, 1, 256, tile },
                        .f32_to_bf16 = f32_to_bf16,
                        .bf16_to_f32 = to_f32,
                        .f32_round = f32_round,
                        .decode = quant_decode,
                        .turn = turn,
                        .zip = zip,
                        .turn_pairs = turn_pairs,
                        .finish = finish };
}
