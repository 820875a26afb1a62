#include "tensor/gemm_int8.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "tensor/convert.h"
#include "tensor/gemm.h"

/* Weights are packed once for all tasks, as many columns at a time as fit the shared block; a task
 * rounds its rows to 8 bits and multiplies them with all of these columns. */
enum { BLOCK = GEMM_INT8_BLOCK, COLUMNS = GEMM_INT8_COLUMNS, ROWS_BEST = 60, TASKS_PER_THREAD = 4 };

/* ---- plain C ----------------------------------------------------------------------------- */

static void quantise(uint8_t *y, float *scale, const float *x, size_t blocks)
{
    for (size_t u = 0; u < blocks; u++, x += BLOCK, y += BLOCK) {
        float most = 0, sum = 0;
        for (size_t k = 0; k < BLOCK; k++) {
            most = fmaxf(most, fabsf(x[k]));
            sum += 0 * x[k]; /* NaN where one is not finite */
        }
        bool zero = !(most > 1e-30f) || isnan(sum);
        scale[u] = isnan(sum) ? sum : zero ? 0 : most / 127;
        float by = zero ? 0 : 127 / most;
        for (size_t k = 0; k < BLOCK; k++) y[k] = (uint8_t)(128 + (zero ? 0 : lrintf(x[k] * by)));
    }
}

static void run(float *sums, const GemmInt8Rows *rows, const GemmInt8Block *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < COLUMNS; j++) {
            float sum = 0;
            for (size_t u = 0; u < rows->blocks; u++) {
                const uint8_t *a = rows->a + (i * rows->blocks + u) * BLOCK;
                int32_t whole = b[u].offset[j];
                for (size_t k = 0; k < BLOCK; k++) whole += a[k] * b[u].w[k / 4][j][k % 4];
                sum += (float)whole * (rows->scale[i * rows->blocks + u] * b[u].scale[j]);
            }
            sums[i * COLUMNS + j] = sum;
        }
}

void gemm_int8_fill(GemmInt8Kernels *k, CpuLevel level)
{
    *k = (GemmInt8Kernels){ 4, quantise, run };
#if defined(__x86_64__)
    bool avx = level >= CPU_AVX2 && __builtin_cpu_supports("avxvnni");
    bool avx512 = level >= CPU_AVX512 && __builtin_cpu_supports("avx512vnni");
    if (avx) gemm_int8_avxvnni_fill(k);
    if (avx512) gemm_int8_vnni_fill(k);
    /* Without the instruction, and beside tiles of bf16, decoded weights are faster. */
    if ((level >= CPU_AVX2 && !avx && !avx512) || level >= CPU_AMX) k->rows = 0;
#else
    (void)level;
#endif
}

/* ---- the driver -------------------------------------------------------------------------- */

typedef struct Plan {
    const Compute *compute;
    const GemmInt8Kernels *kernels;
    const GemmCall *call;
    size_t blocks;       /* of k */
    size_t span, groups; /* of columns at work: the first, and how many */
    size_t task_rows;
    GemmInt8Block *packed; /* [groups][blocks] */
} Plan;

static size_t row_bytes(const GemmCall *g)
{
    return g->k + g->k / BLOCK * sizeof(float);
}

bool gemm_int8_takes(const Compute *c, const GemmCall *g)
{
    bool stored = g->b.type == TYPE_Q8_0 || g->b.type == TYPE_I8;
    if (!c->int8 || !c->kernels.int8.rows || g->precision != GEMM_BF16 || !stored) return false;
    size_t scratch = (ROWS_BEST + 4) * row_bytes(g) + (g->k + 1024) * sizeof(float);
    return g->b.transposed && !g->a.transposed && g->a.type <= TYPE_BF16 && !g->a.scale &&
           g->act != GEMM_SWIGLU && g->k && g->k % BLOCK == 0 && g->b.stride % BLOCK == 0 &&
           scratch <= c->scratch_size && g->k / BLOCK * sizeof(GemmInt8Block) <= c->shared_size;
}

/* Block u of row `row` of the weight: its 32 values, and the factor they share. */
static const int8_t *weight_block(const GemmMatrix *w, size_t row, size_t u, float *scale)
{
    const char *from = w->data;
    size_t at = row * w->stride + u * BLOCK;
    float by = w->scale ? w->scale[row] : 1;
    uint16_t half;
    if (w->type == TYPE_I8) {
        *scale = by;
        return (const int8_t *)from + at;
    }
    from += at / BLOCK * type_block_bytes(TYPE_Q8_0);
    memcpy(&half, from, sizeof half);
    *scale = f16_to_f32(half) * by;
    return (const int8_t *)from + sizeof half;
}

static void pack_block(const Plan *p, size_t first, size_t u, GemmInt8Block *b)
{
    const GemmCall *g = p->call;
    static const int8_t zeros[BLOCK];
    for (size_t j = 0; j < COLUMNS; j++) {
        const int8_t *w = zeros;
        int32_t sum = 0;
        b->scale[j] = 0;
        if (first + j < g->n) w = weight_block(&g->b, first + j, u, &b->scale[j]);
        for (size_t k = 0; k < BLOCK; k++) sum += w[k];
        for (size_t q = 0; q < BLOCK / 4; q++) memcpy(b->w[q][j], w + 4 * q, 4);
        b->offset[j] = -128 * sum;
    }
}

static void pack_task(void *ctx, size_t group, int worker)
{
    const Plan *p = ctx;
    (void)worker;
    for (size_t u = 0; u < p->blocks; u++)
        pack_block(p, p->span + group * COLUMNS, u, &p->packed[group * p->blocks + u]);
}

static void read_row(const Plan *p, size_t row, float *x)
{
    const GemmMatrix *a = &p->call->a;
    if (a->type == TYPE_F32)
        memcpy(x, (const float *)a->data + row * a->stride, p->call->k * sizeof *x);
    else
        p->compute->kernels.gemm.bf16_to_f32(x, (const uint16_t *)a->data + row * a->stride,
                                             p->call->k);
}

static void rows_task(void *ctx, size_t i, int worker)
{
    const Plan *p = ctx;
    const GemmCall *g = p->call;
    size_t first = i * p->task_rows, rows = size_min(p->task_rows, g->m - first);
    float *sums = compute_scratch(p->compute, worker), *x = sums + 512;
    float *scale = x + size_round_up(g->k, 16);
    uint8_t *a = (uint8_t *)(scale + size_round_up(rows * p->blocks, 16));
    for (size_t r = 0; r < rows; r++) {
        read_row(p, first + r, x);
        p->kernels->quantise(a + r * g->k, scale + r * p->blocks, x, p->blocks);
    }
    for (size_t group = 0; group < p->groups; group++) {
        size_t column = p->span + group * COLUMNS;
        for (size_t r = 0; r < rows; r += p->kernels->rows) {
            size_t count = size_min(p->kernels->rows, rows - r);
            GemmInt8Rows some = { a + r * g->k, scale + r * p->blocks, p->blocks };
            p->kernels->run(sums, &some, p->packed + group * p->blocks, count);
            p->compute->kernels.gemm.finish(g, sums, COLUMNS, 0, first + r, count, column,
                                            size_min(COLUMNS, g->n - column));
        }
    }
}

void gemm_int8(const Compute *c, const GemmCall *g)
{
    Plan p = { .compute = c, .kernels = &c->kernels.int8, .call = g, .blocks = g->k / BLOCK };
    p.packed = (GemmInt8Block *)c->shared;
    size_t groups = size_ceil_div(g->n, COLUMNS), tile = p.kernels->rows;
    size_t fit = c->shared_size / (p.blocks * sizeof *p.packed);
    size_t even = size_ceil_div(groups, size_ceil_div(groups, fit));
    size_t tasks = (size_t)pool_threads(c->pool) * TASKS_PER_THREAD;
    p.task_rows = size_round_up(size_min(size_ceil_div(g->m, tasks), ROWS_BEST), tile);
    for (size_t at = 0; at < groups; at += even) {
        p.span = at * COLUMNS;
        p.groups = size_min(even, groups - at);
        parallel_for(c->pool, p.groups, pack_task, &p);
        parallel_for(c->pool, size_ceil_div(g->m, p.task_rows), rows_task, &p);
    }
}
