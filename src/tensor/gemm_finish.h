/* The epilogue of a matrix product, in C that compilers turn into vectors: each level's file
 * includes this and compiles it with its own flags, after it has said what silu, gelu_tanh and
 * gelu_erf are (gemm_ref.c with libm, the others with gemm_fast.h). */
#include <string.h>

#include "tensor/convert.h"
#include "tensor/gemm.h"

#ifndef INLINED
#define INLINED static inline __attribute__((always_inline))
#endif

#ifndef ROUND_BF16 /* a level that rounds by an instruction says so */
#define ROUND_BF16 round_bf16
INLINED void round_bf16(uint16_t *y, const float *x, size_t n)
{
    for (size_t j = 0; j < n; j++) y[j] = bf16_from_f32(x[j]);
}
#endif

/* Stores n sums as the type of c. */
INLINED void put(const GemmCall *g, void *matrix, size_t at, const float *sums, size_t n)
{
    if (g->c_type == TYPE_F32)
        memcpy((float *)matrix + at, sums, n * sizeof *sums);
    else
        ROUND_BF16((uint16_t *)matrix + at, sums, n);
}

/* Bias and pre: what comes before the activation. `column` is that of the product. */
INLINED void before(const GemmCall *g, float *restrict s, size_t row, size_t column, size_t n)
{
    const float *bias = g->bias ? g->bias + column : NULL;
    if (bias)
        for (size_t j = 0; j < n; j++) s[j] += bias[j];
    if (g->pre) put(g, g->pre, row * g->pre_stride + column, s, n);
}

INLINED void activate(GemmActivation act, float *restrict s, const float *restrict up, size_t n)
{
    switch (act) {
    case GEMM_NONE: break;
    case GEMM_GELU_TANH:
        for (size_t j = 0; j < n; j++) s[j] = gelu_tanh(s[j]);
        break;
    case GEMM_GELU_ERF:
        for (size_t j = 0; j < n; j++) s[j] = gelu_erf(s[j]);
        break;
    case GEMM_SILU:
        for (size_t j = 0; j < n; j++) s[j] = silu(s[j]);
        break;
    case GEMM_SWIGLU:
        for (size_t j = 0; j < n; j++) s[j] = silu(s[j]) * up[j];
        break;
    }
}

/* Gate, residual, accumulate and store: what comes after it. */
INLINED void after(const GemmCall *g, float *restrict s, size_t row, size_t column, size_t n)
{
    if (g->gate) {
        size_t of = g->gate_row ? g->gate_row[row] : 0;
        const float *gate = g->gate + of * g->gate_stride + column;
        for (size_t j = 0; j < n; j++) s[j] *= gate[j];
    }
    if (g->residual) {
        const float *residual = g->residual + row * g->residual_stride + column;
        for (size_t j = 0; j < n; j++) s[j] += residual[j];
    }
    if (g->accumulate) {
        const float *c = (const float *)g->c + row * g->c_stride + column;
        for (size_t j = 0; j < n; j++) s[j] += c[j];
    }
    put(g, g->c, row * g->c_stride + column, s, n);
}

INLINED void finish_row(const GemmCall *g, float *sums, size_t up, size_t row, size_t column,
                        size_t n)
{
    before(g, sums, row, column, n);
    if (g->act == GEMM_SWIGLU) before(g, sums + up, row, g->n / 2 + column, n);
    activate(g->act, sums, sums + up, n);
    after(g, sums, row, column, n);
}

/* Nothing but stores, as of most products of a step. */
INLINED bool only_stores(const GemmCall *g)
{
    return !g->bias && !g->pre && g->act == GEMM_NONE && !g->gate && !g->residual && !g->accumulate;
}

INLINED void finish_rows(const GemmCall *g, float *sums, size_t sums_stride, size_t up, size_t row,
                         size_t rows, size_t column, size_t n)
{
    if (only_stores(g))
        for (size_t i = 0; i < rows; i++)
            put(g, g->c, (row + i) * g->c_stride + column, sums + i * sums_stride, n);
    else
        for (size_t i = 0; i < rows; i++)
            finish_row(g, sums + i * sums_stride, up, row + i, column, n);
}

/* Whole tiles are common: their loops have a constant length. */
static void finish(const GemmCall *g, float *sums, size_t sums_stride, size_t up, size_t row,
                   size_t rows, size_t column, size_t columns)
{
    if (columns == 32)
        finish_rows(g, sums, sums_stride, up, row, rows, column, 32);
    else if (columns == 16)
        finish_rows(g, sums, sums_stride, up, row, rows, column, 16);
    else
        finish_rows(g, sums, sums_stride, up, row, rows, column, columns);
}
