#include "tensor/attention.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "tensor/attention_parts.h"

/* A task is some chunks of at most CHUNK queries of one head of one sequence. It walks over the
 * keys in blocks that are packed as tiles want them; scores of QUERIES rows by one block of keys
 * exist at a time, in the second-level cache, and become probabilities there (FlashAttention-2). */
enum { CHUNK = 512, CHUNK_MIN = 128, KEYS = 256, QUERIES = 24, TASKS_PER_THREAD = 8 };

void attention_kernels_fill(AttentionKernels *k, CpuLevel level)
{
    *k = (AttentionKernels){ 0 };
#if defined(__x86_64__)
    if (level >= CPU_AVX2) attention_avx2_fill(k);
    if (level >= CPU_AVX512) attention_avx512_fill(k);
    if (level >= CPU_AVX512BF16) attention_avx512bf16_fill(k);
#else
    (void)level;
#endif
}

/* ---- what forward and backward share --------------------------------------------------- */

AttentionWork attention_work(const Compute *c, const AttentionCall *call)
{
    assert(call->head_dim > 0 && call->head_dim <= ATTENTION_HEAD_DIM_MAX);
    AttentionWork w = { .c = c,
                        .call = call,
                        .kernels = &c->kernels.attention,
                        .tile = call->exact ? &c->kernels.gemm.f32 : &c->kernels.gemm.bf16,
                        .width = call->head_dim };
    w.units = attention_units(&w, w.width);
    w.panels = size_ceil_div(w.width, w.tile->columns);
    w.area = w.tile->rows * w.tile->columns;
    return w;
}

size_t attention_units(const AttentionWork *w, size_t n)
{
    return size_round_up(size_ceil_div(n, w->tile->pair), w->tile->unit_step);
}

static GemmSource source(const AttentionWork *w, const GemmMatrix *x, size_t depth, bool along_k)
{
    return (GemmSource){ .kernels = &w->c->kernels.gemm,
                         .tile = w->tile,
                         .matrix = x,
                         .depth = depth,
                         .along_k = along_k };
}

const uint32_t *attention_lines(const AttentionWork *w, AttentionHead x, size_t rows, uint32_t *y,
                                size_t *stride, void *scratch)
{
    GemmMatrix m = { x.data, x.type, x.stride, false };
    GemmSource s = source(w, &m, w->width, true);
    const uint32_t *there = gemm_lines_in_place(&s, 0, 0, w->units, stride);
    size_t rest = rows % w->tile->rows;
    if (there && gemm_tile_rows(w->tile, rest) == rest) return there;
    gemm_pack_lines(&s, 0, rows, 0, w->units, y, w->units, scratch);
    *stride = w->units;
    return y;
}

void attention_pack_columns(const AttentionWork *w, AttentionHead x, size_t rows, uint32_t *y,
                            void *scratch)
{
    GemmMatrix m = { x.data, x.type, x.stride, true };
    GemmSource s = source(w, &m, w->width, true);
    size_t wide = w->tile->columns;
    gemm_pack_panels(&s, 0, rows, 0, w->units, y, wide, w->units * wide, scratch);
}

void attention_pack_depth(const AttentionWork *w, AttentionHead x, size_t rows, uint32_t *y,
                          void *scratch)
{
    GemmMatrix m = { x.data, x.type, x.stride, false };
    GemmSource s = source(w, &m, rows, false);
    size_t wide = w->tile->columns, units = attention_units(w, rows);
    gemm_pack_panels(&s, 0, w->width, 0, units, y, wide, units * wide, scratch);
}

size_t attention_each(const Compute *c, size_t pieces)
{
    size_t tasks = (size_t)pool_threads(c->pool) * TASKS_PER_THREAD;
    return size_max(pieces / tasks, 1);
}

void *attention_take(char **at, size_t bytes)
{
    void *p = *at;
    *at += size_round_up(bytes, ARENA_ALIGN);
    return p;
}

/* ---- forward --------------------------------------------------------------------------- */

/* One task: some queries of a head, and what is packed of it. */
typedef struct Chunk {
    const AttentionWork *w;
    size_t sequence, head, first, queries; /* first: counted from the sequence's own */
    const uint32_t *q;                     /* lines */
    size_t q_stride;
    uint32_t *packed, *k, *v; /* for lines, columns, depth */
    float *scores, *out;      /* tiles of QUERIES rows; of all queries */
    void *p;                  /* probabilities of QUERIES rows */
    float top[CHUNK], total[CHUNK], fade[CHUNK];
    char *scratch;
} Chunk;

static size_t block_rows(const AttentionWork *w)
{
    return size_round_up(QUERIES, w->tile->rows);
}

static void place(Chunk *t, int worker)
{
    const AttentionWork *w = t->w;
    char *at = compute_scratch(w->c, worker), *start = at;
    size_t wide = w->tile->columns, keys = attention_units(w, KEYS);
    size_t tiles = size_ceil_div(CHUNK, w->tile->rows) + CHUNK / QUERIES;
    t->scratch = attention_take(&at, GEMM_PACK_SCRATCH);
    t->packed = attention_take(&at, CHUNK * w->units * sizeof *t->packed);
    t->k = attention_take(&at, (KEYS + wide) * w->units * sizeof *t->k);
    t->v = attention_take(&at, w->panels * keys * wide * sizeof *t->v);
    t->scores = attention_take(&at, block_rows(w) * (KEYS + wide) * sizeof *t->scores);
    t->out = attention_take(&at, tiles * w->panels * w->area * sizeof *t->out);
    t->p = attention_take(&at, block_rows(w) * keys * sizeof(uint32_t));
    assert((size_t)(at - start) <= w->c->scratch_size);
    (void)start;
}

/* Sums of the tile of output rows that starts at `row`, all panels. */
static AttentionSums out_tile(const Chunk *t, size_t row)
{
    const AttentionWork *w = t->w;
    size_t rows = w->tile->rows, block = block_rows(w);
    size_t tile = row / block * (block / rows) + row % block / rows;
    return (AttentionSums){ .sums = t->out + tile * w->panels * w->area,
                            .panel_stride = w->area,
                            .columns = w->tile->columns,
                            .rows = size_min(rows, t->queries - row),
                            .width = w->width };
}

/* Bias of the query at `row` and the key at `key`, both counted from the sequence's first. */
static const float *bias_at(const Chunk *t, size_t row, size_t key)
{
    const AttentionCall *c = t->w->call;
    if (!c->bias) return NULL;
    return c->bias + t->head * (2 * c->bias_reach + 1) + c->bias_reach + key - (t->first + row);
}

/* Rows [row, end) against `keys` keys from `key` on: scores, probabilities, sums of values. */
static void one_block(Chunk *t, size_t row, size_t end, size_t key, size_t keys)
{
    const AttentionWork *w = t->w;
    const GemmTile *g = w->tile;
    size_t units = attention_units(w, keys), panels = size_ceil_div(keys, g->columns);
    for (size_t panel = 0; panel < panels; panel++)
        for (size_t i = row; i < end; i += g->rows)
            g->run(t->scores + ((i - row) / g->rows * panels + panel) * w->area, false,
                   t->q + i * t->q_stride, t->q_stride, t->k + panel * w->units * g->columns,
                   w->units, gemm_tile_rows(g, end - i));
    for (size_t i = row; i < end; i += g->rows) {
        uint32_t *p = (uint32_t *)t->p + (i - row) * units;
        AttentionSums x = { t->scores + (i - row) / g->rows * panels * w->area, w->area, g->columns,
                            size_min(g->rows, end - i), keys };
        w->kernels->soften(&(AttentionSoften){ .x = x,
                                               .scale = w->call->scale,
                                               .bias = bias_at(t, i, key),
                                               .top = t->top + i,
                                               .total = t->total + i,
                                               .fade = t->fade + i,
                                               .p = { p, units * g->pair, g->pair == 2 },
                                               .padded = units * g->pair });
        AttentionSums out = out_tile(t, i);
        if (key) w->kernels->fade(&out, t->fade + i);
    }
    for (size_t panel = 0; panel < w->panels; panel++)
        for (size_t i = row; i < end; i += g->rows)
            g->run(out_tile(t, i).sums + panel * w->area, key > 0,
                   (uint32_t *)t->p + (i - row) * units, units, t->v + panel * units * g->columns,
                   units, gemm_tile_rows(g, end - i));
}

static void store_chunk(Chunk *t)
{
    const AttentionWork *w = t->w;
    const AttentionCall *c = w->call;
    size_t first = c->q_start[t->sequence] + t->first, queries = c->q_start[c->sequences];
    float factor[CHUNK];
    for (size_t i = 0; i < t->queries; i++) {
        factor[i] = t->total[i] == 0 ? 0 : 1 / t->total[i];
        if (c->lse) c->lse[t->head * queries + first + i] = t->top[i] + logf(t->total[i]);
    }
    for (size_t i = 0; i < t->queries; i += w->tile->rows) {
        AttentionSums x = out_tile(t, i);
        AttentionHead y =
            attention_head(c->out, c->type, c->out_stride, first + i, t->head * c->head_dim);
        w->kernels->settle(&x, factor + i, 1,
                           &(AttentionRows){ (void *)y.data, y.stride, y.type == TYPE_BF16 },
                           false);
    }
}

static void run_chunk(Chunk *t)
{
    const AttentionWork *w = t->w;
    const AttentionCall *c = w->call;
    size_t column = t->head * c->head_dim, keys = c->k_start[t->sequence + 1];
    size_t query = c->q_start[t->sequence] + t->first, key = c->k_start[t->sequence];
    for (size_t i = 0; i < t->queries; i++) {
        t->top[i] = -INFINITY;
        t->total[i] = 0;
    }
    t->q = attention_lines(w, attention_head(c->q, c->type, c->q_stride, query, column), t->queries,
                           t->packed, &t->q_stride, t->scratch);
    keys -= key;
    for (size_t at = 0; at < keys; at += KEYS) {
        size_t n = size_min(KEYS, keys - at), block = block_rows(w);
        attention_pack_columns(w, attention_head(c->k, c->type, c->k_stride, key + at, column), n,
                               t->k, t->scratch);
        attention_pack_depth(w, attention_head(c->v, c->type, c->v_stride, key + at, column), n,
                             t->v, t->scratch);
        for (size_t i = 0; i < t->queries; i += block)
            one_block(t, i, size_min(i + block, t->queries), at, n);
    }
    store_chunk(t);
}

typedef struct Forward {
    AttentionWork w;
    size_t chunk;        /* queries of a chunk */
    size_t chunks, each; /* of all heads of all sequences; a task's */
} Forward;

static size_t chunks_of(const Forward *f, size_t sequence)
{
    const AttentionCall *c = f->w.call;
    return size_ceil_div(c->q_start[sequence + 1] - c->q_start[sequence], f->chunk);
}

static void forward_task(void *ctx, size_t i, int worker)
{
    const Forward *f = ctx;
    const AttentionWork *w = &f->w;
    const AttentionCall *c = w->call;
    size_t sequence = 0, at = i * f->each, end = size_min(at + f->each, f->chunks), done = 0, n;
    Chunk t;
    t.w = w;
    place(&t, worker);
    gemm_tile_begin(w->tile);
    for (; at < end; at++) {
        for (; at - done >= (n = chunks_of(f, sequence) * c->heads); sequence++) done += n;
        t.sequence = sequence;
        t.head = (at - done) % c->heads;
        size_t queries = c->q_start[sequence + 1] - c->q_start[sequence];
        size_t even = attention_even(queries, f->chunk, block_rows(w));
        t.first = (at - done) / c->heads * even;
        t.queries = size_min(even, queries - t.first);
        run_chunk(&t);
    }
    gemm_tile_end(w->tile);
}

/* As long as they can be, as keys and values are packed for each, but enough for all threads. */
static void choose_chunks(Forward *f)
{
    const AttentionCall *c = f->w.call;
    size_t wanted = (size_t)pool_threads(f->w.c->pool) * 2;
    for (f->chunk = CHUNK;; f->chunk /= 2) {
        f->chunks = 0;
        for (size_t s = 0; s < c->sequences; s++) f->chunks += chunks_of(f, s) * c->heads;
        if (f->chunks >= wanted || f->chunk == CHUNK_MIN) break;
    }
    f->each = attention_each(f->w.c, f->chunks);
}

void attention_forward(const Compute *c, const AttentionCall *call)
{
    if (!c->kernels.attention.soften) {
        attention_ref_forward(c, call);
        return;
    }
    Forward f = { .w = attention_work(c, call) };
    choose_chunks(&f);
    parallel_for(c->pool, size_ceil_div(f.chunks, f.each), forward_task, &f);
}

void attention_backward(const Compute *c, const AttentionCall *call, const AttentionGrad *grad)
{
    if (c->kernels.attention.slopes)
        attention_blocked_backward(c, call, grad);
    else
        attention_ref_backward(c, call, grad);
}
