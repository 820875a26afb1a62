#include "tensor/rows.h"

#include <assert.h>
#include <string.h>

#include "base/size.h"

void row_kernels_fill(RowKernels *k, CpuLevel level)
{
    row_kernels_ref(k);
#if defined(__x86_64__)
    if (level >= CPU_AVX2) row_kernels_avx2(k);
    if (level >= CPU_AVX512) row_kernels_avx512(k);
#else
    (void)level;
#endif
}

/* Rows are dealt out in tasks of about this many elements: enough to be worth a hand-over, little
 * enough to balance and to stay in a cache between the passes over a row. */
enum { TASK_ELEMENTS = 16384 };

typedef void (*TaskFn)(const RowKernels *k, void *ctx, RowSet rows);

typedef struct Tasks {
    const RowKernels *k;
    TaskFn fn;
    void *ctx;
    size_t rows, per_task;
} Tasks;

static void task(void *ctx, size_t i, int worker)
{
    const Tasks *t = ctx;
    size_t first = i * t->per_task;
    (void)worker;
    t->fn(t->k, t->ctx, (RowSet){ NULL, first, size_min(t->per_task, t->rows - first) });
}

static size_t rows_per_task(size_t width)
{
    return size_max(1, TASK_ELEMENTS / size_max(1, width));
}

static void each_row(const Compute *c, size_t rows, size_t width, TaskFn fn, void *ctx)
{
    if (rows == 0 || width == 0) return;
    Tasks t = { &c->kernels.rows, fn, ctx, rows, rows_per_task(width) };
    parallel_for(c->pool, size_ceil_div(rows, t.per_task), task, &t);
}

/* -- sums over rows, grouped by an index ------------------------------------------------------
 * The rows of each group, in ascending order, are cut into chunks of CHUNK_ROWS. A chunk sums
 * alone: straight into the group's sum where it is the only chunk, else into a part of its own,
 * and the parts are added in order. So the order of every sum is that of the rows. */
enum { CHUNK_ROWS = 64, ADD_STRIP = 512 };

typedef struct Chunk {
    uint32_t first, count; /* in the ordered rows */
    uint32_t group;
    uint32_t part; /* SOLE, or which of the parts */
} Chunk;

static const uint32_t SOLE = UINT32_MAX;

/* fn sums `rows` into sums[0] and sums[1] (each NULL when not wanted). */
typedef void (*SumFn)(const RowKernels *k, void *ctx, RowSet rows, float **sums);

typedef struct Sums {
    const RowKernels *k;
    SumFn fn;
    void *ctx;
    float *out[2]; /* [groups, stride] each, or NULL */
    size_t stride, width, groups;
    const uint32_t *order;
    Chunk *chunks;
    size_t chunk_count, part_count;
    float *parts;          /* [part_count, 2, width] */
    uint32_t *first_chunk; /* [groups + 1] */
} Sums;

static const uint32_t *count_rows(const uint32_t *row, size_t rows, size_t groups, Arena *a,
                                  uint32_t **starts)
{
    uint32_t *start = *starts = arena_zero(a, (groups + 1) * sizeof *start);
    bool sorted = true;
    for (size_t i = 0; row && i < rows; i++) {
        assert(row[i] < groups);
        start[row[i] + 1]++;
        sorted &= i == 0 || row[i] >= row[i - 1];
    }
    if (!row) start[1] = (uint32_t)rows;
    for (size_t g = 0; g < groups; g++) start[g + 1] += start[g];
    if (sorted) return NULL; /* as they stand */
    uint32_t *order = arena_alloc(a, rows * sizeof *order);
    uint32_t *next = arena_alloc(a, groups * sizeof *next);
    memcpy(next, start, groups * sizeof *next);
    for (size_t i = 0; i < rows; i++) order[next[row[i]]++] = (uint32_t)i;
    return order;
}

static void cut_chunks(Sums *s, const uint32_t *start, Arena *a)
{
    s->chunk_count = 0;
    s->first_chunk = arena_alloc(a, (s->groups + 1) * sizeof *s->first_chunk);
    for (size_t g = 0; g < s->groups; g++)
        s->chunk_count += size_ceil_div(start[g + 1] - start[g], CHUNK_ROWS);
    s->chunks = arena_alloc(a, size_max(1, s->chunk_count) * sizeof *s->chunks);
    size_t at = 0;
    uint32_t parts = 0;
    for (size_t g = 0; g < s->groups; g++) {
        uint32_t count = start[g + 1] - start[g];
        s->first_chunk[g] = (uint32_t)at;
        for (uint32_t done = 0; done < count; done += CHUNK_ROWS)
            s->chunks[at++] = (Chunk){ .first = start[g] + done,
                                       .count = (uint32_t)size_min(CHUNK_ROWS, count - done),
                                       .group = (uint32_t)g,
                                       .part = count <= CHUNK_ROWS ? SOLE : parts++ };
    }
    s->first_chunk[s->groups] = (uint32_t)at;
    s->part_count = parts;
}

static void sum_chunk(void *ctx, size_t i, int worker)
{
    const Sums *s = ctx;
    const Chunk *chunk = &s->chunks[i];
    float *sums[2];
    (void)worker;
    for (int o = 0; o < 2; o++) {
        sums[o] = NULL;
        if (!s->out[o]) continue;
        if (chunk->part == SOLE) {
            sums[o] = s->out[o] + chunk->group * s->stride;
        } else {
            sums[o] = s->parts + ((size_t)chunk->part * 2 + (size_t)o) * s->width;
            memset(sums[o], 0, s->width * sizeof(float));
        }
    }
    RowSet rows = { s->order ? s->order + chunk->first : NULL, chunk->first, chunk->count };
    s->fn(s->k, s->ctx, rows, sums);
}

static void add_parts(void *ctx, size_t i, int worker)
{
    const Sums *s = ctx;
    size_t strips = size_ceil_div(s->width, ADD_STRIP), g = i / strips;
    size_t first = i % strips * ADD_STRIP, count = size_min(ADD_STRIP, s->width - first);
    (void)worker;
    if (s->first_chunk[g + 1] - s->first_chunk[g] < 2) return;
    for (int o = 0; o < 2; o++) {
        if (!s->out[o]) continue;
        float *restrict out = s->out[o] + g * s->stride + first;
        for (uint32_t k = s->first_chunk[g]; k < s->first_chunk[g + 1]; k++) {
            const float *restrict part =
                s->parts + ((size_t)s->chunks[k].part * 2 + (size_t)o) * s->width + first;
            for (size_t j = 0; j < count; j++) out[j] += part[j];
        }
    }
}

static void sum_groups(const Compute *c, Sums *s, const uint32_t *row, size_t rows, Arena *a)
{
    assert(rows < UINT32_MAX);
    if (rows == 0 || s->groups == 0) return;
    ArenaMark mark = arena_mark(a);
    uint32_t *start;
    s->k = &c->kernels.rows;
    s->order = count_rows(row, rows, s->groups, a, &start);
    cut_chunks(s, start, a);
    s->parts = arena_alloc(a, size_max(1, s->part_count * 2 * s->width) * sizeof(float));
    parallel_for(c->pool, s->chunk_count, sum_chunk, s);
    if (s->part_count > 0)
        parallel_for(c->pool, s->groups * size_ceil_div(s->width, ADD_STRIP), add_parts, s);
    arena_rewind(a, mark);
}

/* -- the calls of rows.h ---------------------------------------------------------------------- */

static void map(const RowKernels *k, void *ctx, RowSet rows)
{
    k->map(ctx, rows);
}

void rows_map(const Compute *c, const RowsMap *call)
{
    assert(call->op < ROWS_OPS);
    each_row(c, call->rows, call->width, map, (void *)call);
}

static void swiglu_back(const RowKernels *k, void *ctx, RowSet rows)
{
    k->swiglu_back(ctx, rows);
}

void rows_swiglu_back(const Compute *c, const RowsSwigluBack *call)
{
    each_row(c, call->rows, call->width, swiglu_back, (void *)call);
}

static void check_norm(const RowsNorm *n)
{
    size_t group = n->group ? n->group : n->width;
    assert(group > 0 && n->width % group == 0);
    assert(!n->scale_width || n->scale_width == n->width || (n->scale_width == group && !n->shift));
    assert(!n->cos || (n->sin && n->head_dim > 0 && n->head_dim % 2 == 0 && group % 2 == 0 &&
                       n->width % n->head_dim == 0));
    (void)group;
}

static void norm(const RowKernels *k, void *ctx, RowSet rows)
{
    k->norm(ctx, rows);
}

void rows_norm(const Compute *c, const RowsNorm *call)
{
    check_norm(call);
    each_row(c, call->rows, call->width, norm, (void *)call);
}

typedef struct NormBack {
    const RowsNorm *norm;
    const RowsNormBack *back;
} NormBack;

static void norm_back(const RowKernels *k, void *ctx, RowSet rows, float **sums)
{
    const NormBack *b = ctx;
    k->norm_back(b->norm, b->back, rows, sums[0], sums[1]);
}

static void norm_back_alone(const RowKernels *k, void *ctx, RowSet rows)
{
    const NormBack *b = ctx;
    k->norm_back(b->norm, b->back, rows, NULL, NULL);
}

void rows_norm_back(const Compute *c, const RowsNorm *n, const RowsNormBack *back, Arena *a)
{
    check_norm(n);
    assert(n->rstd && (n->rms || n->mean));
    NormBack ctx = { n, back };
    if (!back->dscale && !back->dshift) {
        each_row(c, n->rows, n->width, norm_back_alone, &ctx);
        return;
    }
    Sums s = { .fn = norm_back,
               .ctx = &ctx,
               .out = { back->dscale, back->dshift },
               .stride = n->table_stride,
               .groups = back->table_rows,
               .width = n->scale_width ? n->scale_width : n->width };
    sum_groups(c, &s, n->row, n->rows, a);
}

static void gate(const RowKernels *k, void *ctx, RowSet rows)
{
    k->gate(ctx, rows);
}

void rows_gate(const Compute *c, const RowsGate *call)
{
    each_row(c, call->rows, call->width, gate, (void *)call);
}

typedef struct GateBack {
    const RowsGate *gate;
    Rows dy, dx;
} GateBack;

static void gate_back(const RowKernels *k, void *ctx, RowSet rows, float **sums)
{
    const GateBack *b = ctx;
    k->gate_back(b->gate, &b->dy, &b->dx, rows, sums[0]);
}

static void gate_back_alone(const RowKernels *k, void *ctx, RowSet rows)
{
    const GateBack *b = ctx;
    k->gate_back(b->gate, &b->dy, &b->dx, rows, NULL);
}

void rows_gate_back(const Compute *c, const RowsGate *call, Rows dy, Rows dx, float *dgate,
                    Arena *a)
{
    GateBack ctx = { call, dy, dx };
    if (!dgate) {
        each_row(c, call->rows, call->width, gate_back_alone, &ctx);
        return;
    }
    Sums s = { .fn = gate_back,
               .ctx = &ctx,
               .out = { dgate, NULL },
               .stride = call->gate_stride,
               .groups = call->gate_rows,
               .width = call->width };
    sum_groups(c, &s, call->row, call->rows, a);
}

static void column_sums(const RowKernels *k, void *ctx, RowSet rows, float **sums)
{
    k->sums(ctx, rows, sums[0]);
}

void rows_sums(const Compute *c, const RowsSums *call, Arena *a)
{
    Sums s = { .fn = column_sums,
               .ctx = (void *)call,
               .out = { call->sums, NULL },
               .stride = call->sums_stride,
               .groups = call->sum_rows,
               .width = call->width };
    sum_groups(c, &s, call->row, call->rows, a);
}

/* Row by row copies between matrices: y[to ? to[i] : i] = x[from ? from[i] : i]. */
typedef struct Move {
    Rows y, x;
    const uint32_t *from, *to;
    size_t width;
} Move;

static Rows one_row(Rows x, size_t i)
{
    x.data = (char *)x.data + i * x.stride * type_block_bytes(x.type);
    return x;
}

static void move(const RowKernels *k, void *ctx, RowSet rows)
{
    const Move *m = ctx;
    for (size_t i = rows.first; i < rows.first + rows.count; i++) {
        RowsMap row = { .op = ROWS_SCALE, .rows = 1, .width = m->width, .factor = 1.0f };
        row.a = row.b = one_row(m->x, m->from ? m->from[i] : i);
        row.y = one_row(m->y, m->to ? m->to[i] : i);
        k->map(&row, (RowSet){ NULL, 0, 1 });
    }
}

void rows_gather(const Compute *c, Rows y, Rows x, const uint32_t *row, size_t rows, size_t width)
{
    Move m = { y, x, row, NULL, width };
    each_row(c, rows, width, move, &m);
}

void rows_scatter(const Compute *c, Rows y, Rows x, const uint32_t *row, size_t rows, size_t width)
{
    Move m = { y, x, NULL, row, width };
    each_row(c, rows, width, move, &m);
}

typedef struct Softmax {
    Rows y, x;
    size_t width;
} Softmax;

static void softmax(const RowKernels *k, void *ctx, RowSet rows)
{
    const Softmax *s = ctx;
    k->softmax(&s->y, &s->x, rows, s->width);
}

void rows_softmax(const Compute *c, Rows y, Rows x, size_t rows, size_t width)
{
    Softmax s = { y, x, width };
    each_row(c, rows, width, softmax, &s);
}

/* One double a task, added in the order of the tasks. */
typedef struct Totals {
    double *part;
    size_t per_task;
    const Rows *x;
    size_t width;
    const RowsMse *mse;
} Totals;

static double total(const Compute *c, Totals *t, size_t rows, TaskFn fn, Arena *a)
{
    ArenaMark mark = arena_mark(a);
    t->per_task = rows_per_task(t->width);
    size_t tasks = size_ceil_div(rows, t->per_task);
    t->part = arena_zero(a, size_max(1, tasks) * sizeof *t->part);
    each_row(c, rows, t->width, fn, t);
    double sum = 0;
    for (size_t i = 0; i < tasks; i++) sum += t->part[i];
    arena_rewind(a, mark);
    return sum;
}

static void squares(const RowKernels *k, void *ctx, RowSet rows)
{
    Totals *t = ctx;
    t->part[rows.first / t->per_task] = k->squares(t->x, rows, t->width);
}

double rows_sum_squares(const Compute *c, Rows x, size_t rows, size_t width, Arena *a)
{
    Totals t = { .x = &x, .width = width };
    return total(c, &t, rows, squares, a);
}

static void mse(const RowKernels *k, void *ctx, RowSet rows)
{
    Totals *t = ctx;
    t->part[rows.first / t->per_task] = k->mse(t->mse, rows);
}

static double weight_sum(const RowsMse *call)
{
    double sum = 0;
    if (!call->weight) return (double)call->rows;
    for (size_t i = 0; i < call->rows; i++) sum += call->weight[i];
    return sum;
}

float rows_mse(const Compute *c, const RowsMse *call, Arena *a)
{
    double weight = weight_sum(call);
    if (weight == 0) return 0.0f;
    Totals t = { .width = call->width, .mse = call };
    return (float)(total(c, &t, call->rows, mse, a) / weight);
}

typedef struct MseBack {
    const RowsMse *mse;
    float factor;
    Rows dx;
} MseBack;

static void mse_back(const RowKernels *k, void *ctx, RowSet rows)
{
    const MseBack *b = ctx;
    k->mse_back(b->mse, b->factor, &b->dx, rows);
}

void rows_mse_back(const Compute *c, const RowsMse *call, float dloss, Rows dx)
{
    double weight = weight_sum(call);
    double factor = weight == 0 ? 0 : 2.0 * dloss / (weight * (double)call->width);
    MseBack b = { call, (float)factor, dx };
    each_row(c, call->rows, call->width, mse_back, &b);
}
