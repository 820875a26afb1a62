#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "tensor/attention_parts.h"

/* A task is one head of one sequence. For a block of keys by a block of queries it computes scores
 * and probabilities again, keys as rows, so that P^T and dS^T stand as the products for dv and dk
 * read them; dS is turned once for dq. dk and dv are finished with their block of keys, dq grows
 * beside (FlashAttention-2, algorithm 2). */
enum { KEYS = 256, QUERIES = 256 };

typedef struct Back {
    AttentionWork w;
    const AttentionGrad *grad;
    size_t each;           /* heads of a task */
    size_t longest;        /* queries of a sequence */
    size_t tile_floats;    /* of dq's sums */
    float *dq, *lse, *dot; /* of each thread */
} Back;

typedef struct Head {
    const Back *b;
    const AttentionWork *w;
    size_t column, query, queries, key, keys; /* this head's first column; first rows and counts */
    size_t block;                             /* queries of a block */
    float *dq, *lse, *dot;
    const uint32_t *k_lines, *v_lines;                   /* a block of keys */
    size_t k_stride, v_stride;                           /* units from line to line */
    uint32_t *k_packed, *v_packed, *k_depth;             /* the same */
    uint32_t *q_columns, *q_depth, *o_columns, *o_depth; /* a block of queries; o: dout */
    uint32_t *p, *ds, *ds_lines;                         /* both turned; as it is */
    float *dk, *dv, *scores, *dp;                        /* sums */
    char *scratch;
} Head;

static void place(Head *h, int worker)
{
    const AttentionWork *w = h->w;
    char *at = compute_scratch(w->c, worker), *start = at;
    size_t wide = w->tile->columns, keys = attention_units(w, KEYS);
    size_t queries = attention_units(w, QUERIES), key_rows = size_round_up(KEYS, w->tile->rows);
    h->scratch = attention_take(&at, GEMM_PACK_SCRATCH);
    h->k_packed = attention_take(&at, KEYS * w->units * sizeof(uint32_t));
    h->v_packed = attention_take(&at, KEYS * w->units * sizeof(uint32_t));
    h->k_depth = attention_take(&at, w->panels * keys * wide * sizeof(uint32_t));
    h->q_columns = attention_take(&at, (QUERIES + wide) * w->units * sizeof(uint32_t));
    h->o_columns = attention_take(&at, (QUERIES + wide) * w->units * sizeof(uint32_t));
    h->q_depth = attention_take(&at, w->panels * queries * wide * sizeof(uint32_t));
    h->o_depth = attention_take(&at, w->panels * queries * wide * sizeof(uint32_t));
    h->p = attention_take(&at, KEYS * (queries + wide) * sizeof(uint32_t));
    h->ds = attention_take(&at, KEYS * (queries + wide) * sizeof(uint32_t));
    h->ds_lines = attention_take(&at, QUERIES * keys * sizeof(uint32_t));
    h->dk = attention_take(&at, key_rows * w->panels * wide * sizeof(float));
    h->dv = attention_take(&at, key_rows * w->panels * wide * sizeof(float));
    h->scores = attention_take(&at, w->area * sizeof(float));
    h->dp = attention_take(&at, w->area * sizeof(float));
    assert((size_t)(at - start) <= w->c->scratch_size);
    (void)start;
}

static AttentionRows rows_at(AttentionHead x)
{
    return (AttentionRows){ (void *)x.data, x.stride, x.type == TYPE_BF16 };
}

static AttentionHead of_queries(const Head *h, const void *data, Type type, size_t stride,
                                size_t row)
{
    return attention_head(data, type, stride, h->query + row, h->column);
}

static AttentionHead of_keys(const Head *h, const void *data, Type type, size_t stride, size_t row)
{
    return attention_head(data, type, stride, h->key + row, h->column);
}

/* Scores, probabilities and slopes of `keys` packed keys by queries [first, first + n): into p and
 * ds, whose rows are `units` long. */
static void slopes_block(Head *h, size_t keys, size_t first, size_t n, size_t units)
{
    const AttentionWork *w = h->w;
    const GemmTile *g = w->tile;
    size_t stride = units * g->pair, wide = g->columns;
    bool bf16 = g->pair == 2;
    for (size_t j = 0; j < n; j += wide)
        for (size_t i = 0; i < keys; i += g->rows) {
            size_t rows = size_min(g->rows, keys - i), panel = j * w->units;
            size_t run = gemm_tile_rows(g, rows);
            g->run(h->scores, false, h->k_lines + i * h->k_stride, h->k_stride,
                   h->q_columns + panel, w->units, run);
            g->run(h->dp, false, h->v_lines + i * h->v_stride, h->v_stride, h->o_columns + panel,
                   w->units, gemm_tile_rows(g, rows));
            size_t at = (i * stride + j) * (bf16 ? 2 : 4);
            w->kernels->slopes(
                &(AttentionSlopes){ .x = { h->scores, 0, wide, rows, size_min(wide, n - j) },
                                    .dp = h->dp,
                                    .scale = w->call->scale,
                                    .lse = h->lse + first + j,
                                    .dot = h->dot + first + j,
                                    .p = { (char *)h->p + at, stride, bf16 },
                                    .ds = { (char *)h->ds + at, stride, bf16 },
                                    .padded = size_min(wide, stride - j) });
        }
}

/* sums [row tile][panel] (+)= lines [rows][units] * depth [panel][units]. */
static void multiply(const Head *h, float *sums, bool add, const uint32_t *lines, size_t rows,
                     const uint32_t *depth, size_t units)
{
    const AttentionWork *w = h->w;
    const GemmTile *g = w->tile;
    for (size_t panel = 0; panel < w->panels; panel++)
        for (size_t i = 0; i < rows; i += g->rows)
            g->run(sums + (i / g->rows * w->panels + panel) * w->area, add, lines + i * units,
                   units, depth + panel * units * g->columns, units, gemm_tile_rows(g, rows - i));
}

/* dS^T, as it was stored, to lines of queries. */
static void turn_slopes(Head *h, size_t keys, size_t n, size_t units)
{
    const GemmTile *g = h->w->tile;
    size_t key_units = attention_units(h->w, keys);
    GemmMatrix m = { h->ds, g->pair == 2 ? TYPE_BF16 : TYPE_F32, units * g->pair, true };
    GemmSource s = { .kernels = &h->w->c->kernels.gemm, .tile = g, .matrix = &m, .depth = keys };
    gemm_pack_lines(&s, 0, n, 0, key_units, h->ds_lines, key_units, h->scratch);
}

static float *dq_at(const Head *h, size_t first)
{
    const AttentionWork *w = h->w;
    return h->dq + first / h->block * size_ceil_div(h->block, w->tile->rows) * w->panels * w->area;
}

/* Everything of `keys` packed keys, which start at `key`, and queries [first, first + n). */
static void one_block(Head *h, size_t key, size_t keys, size_t first, size_t n)
{
    const AttentionWork *w = h->w;
    const AttentionCall *c = w->call;
    const AttentionGrad *d = h->b->grad;
    size_t units = attention_units(w, n);
    AttentionHead q = of_queries(h, c->q, c->type, c->q_stride, first);
    AttentionHead o = of_queries(h, d->dout, d->type, c->out_stride, first);
    attention_pack_columns(w, q, n, h->q_columns, h->scratch);
    attention_pack_columns(w, o, n, h->o_columns, h->scratch);
    attention_pack_depth(w, q, n, h->q_depth, h->scratch);
    attention_pack_depth(w, o, n, h->o_depth, h->scratch);
    slopes_block(h, keys, first, n, units);
    multiply(h, h->dv, first > 0, h->p, keys, h->o_depth, units);
    multiply(h, h->dk, first > 0, h->ds, keys, h->q_depth, units);
    turn_slopes(h, keys, n, units);
    multiply(h, dq_at(h, first), key > 0, h->ds_lines, n, h->k_depth, attention_units(w, keys));
}

static void settle(const Head *h, float *sums, size_t rows, float scale, AttentionHead y)
{
    const AttentionWork *w = h->w;
    for (size_t i = 0; i < rows; i += w->tile->rows) {
        AttentionSums x = { .sums = sums + i / w->tile->rows * w->panels * w->area,
                            .panel_stride = w->area,
                            .columns = w->tile->columns,
                            .rows = size_min(w->tile->rows, rows - i),
                            .width = w->width };
        AttentionRows to = rows_at(y);
        to.data = (char *)to.data + i * to.stride * type_block_bytes(y.type);
        w->kernels->settle(&x, NULL, scale, &to, h->b->grad->add);
    }
}

static void key_block(Head *h, size_t key, size_t keys)
{
    const AttentionWork *w = h->w;
    const AttentionCall *c = w->call;
    const AttentionGrad *d = h->b->grad;
    AttentionHead k = of_keys(h, c->k, c->type, c->k_stride, key);
    h->k_lines = attention_lines(w, k, keys, h->k_packed, &h->k_stride, h->scratch);
    h->v_lines = attention_lines(w, of_keys(h, c->v, c->type, c->v_stride, key), keys, h->v_packed,
                                 &h->v_stride, h->scratch);
    attention_pack_depth(w, k, keys, h->k_depth, h->scratch);
    for (size_t first = 0; first < h->queries; first += h->block)
        one_block(h, key, keys, first, size_min(h->block, h->queries - first));
    settle(h, h->dk, keys, c->scale, of_keys(h, d->dk, d->type, c->k_stride, key));
    settle(h, h->dv, keys, 1, of_keys(h, d->dv, d->type, c->v_stride, key));
}

/* What every pair of this head needs: the softmax denominators, and dout . out. */
static void prepare(Head *h, size_t head)
{
    const AttentionCall *c = h->w->call;
    const AttentionGrad *d = h->b->grad;
    const float *lse = c->lse + head * c->q_start[c->sequences] + h->query;
    for (size_t i = 0; i < h->queries; i++) h->lse[i] = lse[i] == -INFINITY ? INFINITY : lse[i];
    AttentionRows out = rows_at(of_queries(h, c->out, c->type, c->out_stride, 0));
    AttentionRows dout = rows_at(of_queries(h, d->dout, d->type, c->out_stride, 0));
    h->w->kernels->dots(h->dot, &out, &dout, h->queries, c->head_dim);
}

/* Rows that nobody attends from or to have no gradient. */
static void clear(const Head *h, AttentionHead y, size_t rows)
{
    if (h->b->grad->add) return;
    for (size_t i = 0; i < rows; i++)
        memset((char *)y.data + i * y.stride * type_block_bytes(y.type), 0,
               h->w->width * type_block_bytes(y.type));
}

static void one_head(const Back *b, size_t i, int worker)
{
    const AttentionCall *c = b->w.call;
    const AttentionGrad *d = b->grad;
    size_t sequence = i / c->heads, head = i % c->heads;
    Head h = { .b = b, .w = &b->w, .column = head * c->head_dim };
    h.query = c->q_start[sequence], h.queries = c->q_start[sequence + 1] - h.query;
    h.key = c->k_start[sequence], h.keys = c->k_start[sequence + 1] - h.key;
    h.dq = b->dq + (size_t)worker * b->tile_floats;
    h.lse = b->lse + (size_t)worker * b->longest;
    h.dot = b->dot + (size_t)worker * b->longest;
    if (h.queries == 0 || h.keys == 0) {
        clear(&h, of_queries(&h, d->dq, d->type, c->q_stride, 0), h.queries);
        clear(&h, of_keys(&h, d->dk, d->type, c->k_stride, 0), h.keys);
        clear(&h, of_keys(&h, d->dv, d->type, c->v_stride, 0), h.keys);
        return;
    }
    place(&h, worker);
    prepare(&h, head);
    h.block = attention_even(h.queries, QUERIES, b->w.tile->columns);
    size_t keys = attention_even(h.keys, KEYS, b->w.tile->rows);
    for (size_t key = 0; key < h.keys; key += keys)
        key_block(&h, key, size_min(keys, h.keys - key));
    for (size_t first = 0; first < h.queries; first += h.block)
        settle(&h, dq_at(&h, first), size_min(h.block, h.queries - first), c->scale,
               of_queries(&h, d->dq, d->type, c->q_stride, first));
}

static void backward_task(void *ctx, size_t i, int worker)
{
    const Back *b = ctx;
    size_t heads = b->w.call->sequences * b->w.call->heads;
    gemm_tile_begin(b->w.tile);
    for (size_t at = i * b->each; at < size_min((i + 1) * b->each, heads); at++)
        one_head(b, at, worker);
    gemm_tile_end(b->w.tile);
}

void attention_blocked_backward(const Compute *c, const AttentionCall *call,
                                const AttentionGrad *grad)
{
    assert(!call->bias && call->lse);
    Back b = { .w = attention_work(c, call), .grad = grad };
    for (size_t s = 0; s < call->sequences; s++)
        b.longest = size_max(b.longest, call->q_start[s + 1] - call->q_start[s]);
    size_t tiles = size_ceil_div(QUERIES, b.w.tile->rows) * size_ceil_div(b.longest, QUERIES);
    size_t threads = (size_t)pool_threads(c->pool);
    ArenaMark mark = arena_mark(grad->scratch);
    b.tile_floats = tiles * b.w.panels * b.w.area;
    b.dq = arena_alloc(grad->scratch, threads * b.tile_floats * sizeof(float));
    b.lse = arena_alloc(grad->scratch, threads * b.longest * sizeof(float));
    b.dot = arena_alloc(grad->scratch, threads * b.longest * sizeof(float));
    b.each = attention_each(c, call->sequences * call->heads);
    parallel_for(c->pool, size_ceil_div(call->sequences * call->heads, b.each), backward_task, &b);
    arena_rewind(grad->scratch, mark);
}
