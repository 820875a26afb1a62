#include "tensor/gemm.h"

#include <assert.h>
#include <math.h>

#include "base/size.h"
#include "tensor/convert.h"

enum { PIECE = 256 };

void gemm_kernels_fill(GemmKernels *k, CpuLevel level)
{
    k->level = level;
}

static float activate(GemmActivation act, float x)
{
    if (act == GEMM_SILU) return x / (1.0f + expf(-x));
    if (act == GEMM_GELU_ERF) return 0.5f * x * (1.0f + erff(x * 0.70710678f));
    if (act == GEMM_GELU_TANH)
        return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
    return x;
}

/* Entries (row, first..first+count) of the logical matrix as f32. */
static void read_row(const GemmCall *g, const GemmMatrix *x, size_t row, size_t first, size_t count,
                     float *out)
{
    size_t width = x->type == TYPE_F32 ? 4 : 2;
    for (size_t i = 0; i < count; i += x->transposed ? 1 : count) {
        size_t at = x->transposed ? (first + i) * x->stride + row : row * x->stride + first;
        convert_row(out + i, TYPE_F32, (const char *)x->data + at * width, x->type,
                    x->transposed ? 1 : count);
    }
    for (size_t i = 0; i < count && g->precision == GEMM_BF16; i++) out[i] = bf16_round(out[i]);
}

static void finish(const GemmCall *g, size_t row, size_t first, size_t count, float *sum)
{
    size_t width = g->c_type == TYPE_F32 ? 4 : 2, at = row * g->c_stride + first;
    for (size_t j = 0; j < count && g->bias; j++) sum[j] += g->bias[first + j];
    if (g->pre) convert_row((char *)g->pre + at * width, g->c_type, sum, TYPE_F32, count);
    const float *gate = NULL;
    if (g->gate) gate = g->gate + (g->gate_row ? g->gate_row[row] : 0) * g->gate_stride + first;
    for (size_t j = 0; j < count; j++) {
        float s = activate(g->act, sum[j]) * (gate ? gate[j] : 1.0f);
        if (g->residual) s += g->residual[row * g->residual_stride + first + j];
        if (g->accumulate) s += ((float *)g->c)[at + j];
        sum[j] = s;
    }
    convert_row((char *)g->c + at * width, g->c_type, sum, TYPE_F32, count);
}

/* One row of C at a time, in pieces of columns. */
static void row_task(void *ctx, size_t row, int worker)
{
    const GemmCall *g = ctx;
    (void)worker;
    float sum[PIECE], b[PIECE], a;
    for (size_t first = 0; first < g->n; first += PIECE) {
        size_t count = size_min(PIECE, g->n - first);
        for (size_t j = 0; j < count; j++) sum[j] = 0.0f;
        for (size_t k = 0; k < g->k; k++) {
            read_row(g, &g->a, row, k, 1, &a);
            read_row(g, &g->b, k, first, count, b);
            for (size_t j = 0; j < count; j++) sum[j] += a * b[j];
        }
        finish(g, row, first, count, sum);
    }
}

void gemm(const Compute *c, const GemmCall *call)
{
    assert(call->a.type <= TYPE_F16 && call->b.type <= TYPE_F16 && call->c_type <= TYPE_BF16);
    assert(!call->accumulate || call->c_type == TYPE_F32);
    parallel_for(c->pool, call->m, row_task, (void *)call);
}
