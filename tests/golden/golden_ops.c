/* Single operations: every row names one, and the part of the program that does it is run on the
 * row's tensors. The name begins with what it is: "rope_d12_3x4x5" is a "rope". */
#include <math.h>
#include <string.h>

#include "golden_kinds.h"

#include "model/umt5.h"
#include "nn/embed.h"
#include "tensor/attention.h"
#include "tensor/rows.h"

/* Rows of the case, each with inputs, scalars and outputs of its own, seen as a case. */
typedef SoraStatus (*RunFn)(Golden *row);

static SoraStatus need(Golden *g, const char *name, const Tensor **out)
{
    TRY(golden_input(g, name, out));
    return *out ? SORA_OK : err_set(SORA_E_FORMAT, "there is no %s", name);
}

/* An input whose values are wanted, NULL where there is none. */
static SoraStatus values_of(Golden *g, const char *name, const float **out)
{
    const Tensor *x;
    TRY(golden_input(g, name, &x));
    *out = x ? x->data : NULL;
    return SORA_OK;
}

/* ---- rows --------------------------------------------------------------------------------- */

static SoraStatus run_norm(Golden *g, bool rms)
{
    const Tensor *x;
    const float *weight, *bias;
    TRY(need(g, "x", &x));
    TRY(values_of(g, "weight", &weight));
    TRY(values_of(g, "bias", &bias));
    size_t width = tensor_width(x), rows = tensor_row_count(x);
    float *y = arena_alloc(g->a, rows * width * sizeof *y);
    rows_norm(g->compute, &(RowsNorm){ .rows = rows,
                                       .width = width,
                                       .rms = rms,
                                       .eps = (float)golden_number(g, "eps", 0),
                                       .x = rows_of(x),
                                       .y = rows_f32(y, width),
                                       .scale = weight,
                                       .shift = bias,
                                       .table_stride = width });
    return golden_check(g, "y", y, rows * width);
}

static SoraStatus run_layernorm(Golden *g)
{
    return run_norm(g, false);
}

static SoraStatus run_rmsnorm(Golden *g)
{
    return run_norm(g, true);
}

static SoraStatus run_map(Golden *g, RowsOp op)
{
    const Tensor *x;
    TRY(need(g, "x", &x));
    size_t n = tensor_count(x);
    float *y = arena_alloc(g->a, n * sizeof *y);
    rows_map(g->compute,
             &(RowsMap){
                 .op = op, .rows = 1, .width = n, .y = rows_f32(y, n), .a = rows_f32(x->data, n) });
    return golden_check(g, "y", y, n);
}

static SoraStatus run_gelu_tanh(Golden *g)
{
    return run_map(g, ROWS_GELU_TANH);
}

static SoraStatus run_gelu_erf(Golden *g)
{
    return run_map(g, ROWS_GELU_ERF);
}

static SoraStatus run_silu(Golden *g)
{
    return run_map(g, ROWS_SILU);
}

/* ---- positions ---------------------------------------------------------------------------- */

static SoraStatus run_sinusoid(Golden *g)
{
    const Tensor *t;
    size_t width = (size_t)golden_number(g, "freq_dim", 256);
    TRY(need(g, "t", &t));
    float *y = arena_alloc(g->a, tensor_count(t) * width * sizeof *y);
    for (size_t i = 0; i < tensor_count(t); i++)
        embed_sinusoid((double)((const float *)t->data)[i], width, y + i * width);
    return golden_check(g, "y", y, tensor_count(t) * width);
}

/* Rows are always turned behind their norm, which is taken back here. */
static void turn(Golden *g, const Tensor *x, size_t head_dim, const float *cos, const float *sin,
                 float *y)
{
    size_t width = tensor_width(x), rows = tensor_row_count(x);
    float *mean = arena_alloc(g->a, rows * sizeof *mean);
    float *rstd = arena_alloc(g->a, rows * sizeof *rstd);
    rows_norm(g->compute, &(RowsNorm){ .rows = rows,
                                       .width = width,
                                       .rms = true,
                                       .eps = 1e-6f,
                                       .x = rows_of(x),
                                       .y = rows_f32(y, width),
                                       .mean = mean,
                                       .rstd = rstd,
                                       .cos = cos,
                                       .sin = sin,
                                       .head_dim = head_dim });
    for (size_t i = 0; i < rows * width; i++) y[i] /= rstd[i / width];
}

static SoraStatus run_rope(Golden *g)
{
    const Tensor *x;
    const Json *grid = golden_scalar(g, "grid");
    size_t size[3], head_dim = (size_t)golden_number(g, "head_dim", 0), half = head_dim / 2;
    TRY(need(g, "x", &x));
    if (!grid || grid->count != 3 || !half || tensor_width(x) % head_dim)
        return err_set(SORA_E_FORMAT, "a grid and the width of a head are needed");
    for (size_t i = 0; i < 3; i++) size[i] = (size_t)grid->item[i].integer;
    size_t n = size[0] * size[1] * size[2];
    if (n != tensor_row_count(x)) return err_set(SORA_E_FORMAT, "x is not of the grid's size");
    float *cos = arena_alloc(g->a, n * half * sizeof *cos);
    float *sin = arena_alloc(g->a, n * half * sizeof *sin);
    for (size_t i = 0; i < n; i++) {
        size_t row = i / size[2];
        float at[3] = { (float)(row / size[1]), (float)(row % size[1]), (float)(i % size[2]) };
        embed_rope_row(at, head_dim, cos + i * half, sin + i * half);
    }
    float *y = arena_alloc(g->a, tensor_count(x) * sizeof *y);
    turn(g, x, head_dim, cos, sin, y);
    return golden_check(g, "y", y, tensor_count(x));
}

static SoraStatus run_buckets(Golden *g)
{
    const Tensor *rel, *want;
    TRY(need(g, "rel", &rel));
    const Json *out = json_get(json_get(g->spec, "outputs"), "bucket");
    const char *place = json_text(out, "tensor");
    want = place ? safetensors_find(&g->io, place) : NULL;
    size_t buckets = (size_t)golden_number(g, "buckets", 32), wrong = 0;
    if (!want || want->type != TYPE_I64 || rel->type != TYPE_I64 ||
        tensor_count(want) != tensor_count(rel))
        return err_set(SORA_E_FORMAT, "there is no list of buckets");
    const int64_t *at = rel->data, *bucket = want->data;
    for (size_t i = 0; i < tensor_count(rel); i++)
        wrong += umt5_bucket((ptrdiff_t)at[i], buckets) != (size_t)bucket[i];
    golden_expect(g, wrong == 0, "%zu of %zu buckets are others", wrong, tensor_count(rel));
    return SORA_OK;
}

/* ---- attention ---------------------------------------------------------------------------- */

static SoraStatus run_attention(Golden *g)
{
    const Tensor *q, *k, *v;
    TRY(need(g, "q", &q));
    TRY(need(g, "k", &k));
    TRY(need(g, "v", &v));
    size_t width = tensor_width(q), heads = (size_t)golden_number(g, "heads", 1);
    size_t q_start[2] = { 0, tensor_row_count(q) }, k_start[2] = { 0, tensor_row_count(k) };
    if (!heads || width % heads) return err_set(SORA_E_FORMAT, "q is not of whole heads");
    float *y = arena_alloc(g->a, tensor_count(q) * sizeof *y);
    attention_forward(g->compute, &(AttentionCall){ .heads = heads,
                                                    .head_dim = width / heads,
                                                    .scale = 1 / sqrtf((float)(width / heads)),
                                                    .sequences = 1,
                                                    .q_start = q_start,
                                                    .k_start = k_start,
                                                    .type = TYPE_F32,
                                                    .q = q->data,
                                                    .k = k->data,
                                                    .v = v->data,
                                                    .q_stride = width,
                                                    .k_stride = width,
                                                    .v_stride = width,
                                                    .out = y,
                                                    .out_stride = width,
                                                    .exact = true });
    return golden_check(g, "y", y, tensor_count(q));
}

/* ---- all of them -------------------------------------------------------------------------- */

static const struct {
    const char *begins;
    RunFn run;
} ops[] = {
    { "layernorm", run_layernorm }, { "rmsnorm", run_rmsnorm },   { "t5_rmsnorm", run_rmsnorm },
    { "gelu_tanh", run_gelu_tanh }, { "gelu_erf", run_gelu_erf }, { "silu", run_silu },
    { "sinusoid", run_sinusoid },   { "rope", run_rope },         { "attention", run_attention },
    { "t5_buckets", run_buckets },
};

static RunFn run_of(const char *op)
{
    for (size_t i = 0; op && i < sizeof ops / sizeof *ops; i++)
        if (strncmp(op, ops[i].begins, strlen(ops[i].begins)) == 0) return ops[i].run;
    return golden_vae_op(op);
}

static SoraStatus run(Golden *g)
{
    const Json *rows = json_get(g->spec, "rows");
    if (!rows || rows->kind != JSON_IS_ARRAY) return err_set(SORA_E_FORMAT, "the case has no rows");
    for (size_t i = 0; i < rows->count; i++) {
        Golden row = *g;
        const char *op = json_text(&rows->item[i], "op");
        row.spec = &rows->item[i];
        row.compared = 0;
        RunFn fn = run_of(op);
        SoraStatus s =
            fn ? fn(&row) : err_set(SORA_E_UNSUPPORTED, "nobody knows such an operation");
        if (s == SORA_OK && !row.compared) s = err_set(SORA_E_FORMAT, "nothing was compared");
        TRY(err_while(s, "operation %s", op ? op : "?"));
        g->compared += row.compared;
        g->off = row.off;
        if (row.nearest > g->nearest) {
            g->nearest = row.nearest;
            snprintf(g->where, sizeof g->where, "%s", op);
        }
        if (row.off > g->off) printf("#   in operation %s\n", op);
    }
    return SORA_OK;
}

const GoldenKind golden_ops = { "ops", run, false, false };
