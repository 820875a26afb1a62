#include "tensor/gemm.h"

#include <assert.h>

#include "base/size.h"
#include "tensor/gemm_int8.h"
#include "tensor/gemm_pack.h"

/* The product is cut into blocks of C, one task each. Where the tile is large and all of B fits the
 * second-level cache beside other things, a task takes one row of tiles at a time: its rows of A
 * stay in the first level and B streams by. Otherwise it takes all its rows at once: a panel of B
 * (tile.columns wide) stays in the first level, its rows of A and its sums in the second. Either
 * way it walks along k in steps and hands its sums to the epilogue after the last one. B is packed
 * once for all tasks, a span of columns at a time, into the shared block; where that does not pay
 * (one row of blocks) or does not fit (k is huge), every task packs what it needs. What comes next
 * is fetched into the second-level cache meanwhile. Each sum runs along k in the same order however
 * C is cut, so neither the cut nor the threads show in the result. */
enum {
    BLOCK_ROWS = 384,
    BLOCK_COLUMNS = 704,
    SPAN_COLUMNS_MIN = 256,
    TASKS_PER_THREAD = 8,
    PACKED_GROUPS = 8
};

typedef struct Plan {
    const Compute *compute;
    const GemmCall *call; /* the product that is computed, and what the epilogue knows of it */
    const GemmCall *wanted;
    bool turned; /* call is the transpose of wanted */
    const GemmTile *tile;
    GemmSource a, b;
    size_t units, step;       /* along k: all of them, and how many are packed at a time */
    size_t parts;             /* panels that are finished together: 2 under GEMM_SWIGLU, else 1 */
    size_t width;             /* columns of C */
    size_t row_tiles, groups; /* all of C; a group is tile.columns of C */
    bool stays;               /* B does, in the second-level cache */
    size_t span, span_groups; /* the groups at work: the first, and how many */
    size_t block_tiles, block_groups; /* of a task */
    size_t pass_tiles;                /* of those, how many are computed at a time */
    uint32_t *packed;                 /* B of the span, or NULL: tasks pack it themselves */
} Plan;

static size_t plan_steps(const Plan *p)
{
    return p->units ? size_ceil_div(p->units, p->step) : 1;
}

/* Panels `part` of `groups` groups, units [u, u + units), into y and on, `panel` units apart. */
static void pack_panels(const Plan *p, size_t group, size_t groups, size_t part, size_t u,
                        size_t units, uint32_t *y, size_t panel, void *scratch)
{
    size_t wide = p->tile->columns, column = group * wide;
    size_t count = size_min(groups * wide, p->width - column);
    gemm_pack_panels(&p->b, part * p->width + column, count, u, units, y, wide, panel, scratch);
}

static uint32_t *shared_panel(const Plan *p, size_t group, size_t part, size_t u, size_t units)
{
    size_t panels = p->span_groups * p->parts, panel = (group - p->span) * p->parts + part;
    return p->packed + (u * panels + panel * units) * p->tile->columns;
}

static size_t pack_runs(const Plan *p)
{
    return size_ceil_div(p->span_groups, PACKED_GROUPS);
}

/* Index: part, then run of groups of the span, then step. */
static void pack_task(void *ctx, size_t i, int worker)
{
    const Plan *p = ctx;
    size_t part = i % p->parts, first = i / p->parts % pack_runs(p) * PACKED_GROUPS;
    size_t u = i / p->parts / pack_runs(p) * p->step, units = size_min(p->step, p->units - u);
    pack_panels(p, p->span + first, size_min(PACKED_GROUPS, p->span_groups - first), part, u, units,
                shared_panel(p, p->span + first, part, u, units),
                p->parts * units * p->tile->columns, compute_scratch(p->compute, worker));
}

/* Memory that is needed soon, fetched a few rows at a time. It is changed in place: copies of a
 * struct that has just been written wait for all stores before it, those of whole tiles. */
typedef struct Ahead {
    GemmSpan from;
    size_t next, rows; /* rows at a time */
} Ahead;

static void ahead_begin(Ahead *f, size_t times)
{
    f->next = 0;
    f->rows = size_ceil_div(f->from.rows, size_max(times, 1));
}

static void fetch_some(Ahead *f)
{
    enum { LINE = 64 };
    for (size_t n = f->rows; n > 0 && f->next < f->from.rows; n--, f->next++) {
        const char *row = f->from.data + f->next * f->from.stride;
        for (size_t i = 0; i < f->from.bytes; i += LINE) __builtin_prefetch(row + i, 0, 2);
    }
}

/* Units from one packed row of A to the next: an odd number of cache lines, as with a power of two
 * the rows of a tile fight for the same ones. */
static size_t packed_stride(size_t units)
{
    enum { LINE = 64 / sizeof(uint32_t) };
    return units % (2 * LINE) ? units : units + LINE;
}

/* One task's share of C and where its packed operands and sums are. */
typedef struct Block {
    size_t tile, tiles;   /* of rows, in this pass */
    size_t end;           /* of the task's row tiles */
    size_t group, groups; /* of columns */
    const uint32_t *a;    /* rows of A, packed or where they are */
    size_t a_stride;
    uint32_t *packed, *b; /* where A and B are packed: [group][part] panels */
    float *sums;          /* [group][part][tile][tile.rows][tile.columns] */
    size_t sums_group;    /* floats from one group's sums to the next; 0: they share them */
    float *turned;        /* one tile of the transpose */
    Ahead ahead_a, ahead_b;
    void *scratch;
} Block;

static Block block_at(const Plan *p, size_t i, int worker)
{
    size_t down = size_ceil_div(p->row_tiles, p->block_tiles);
    size_t tile = i % down * p->block_tiles, group = i / down * p->block_groups;
    size_t area = p->tile->rows * p->tile->columns;
    char *at = compute_scratch(p->compute, worker);
    Block k = { .tile = tile,
                .end = size_min(tile + p->block_tiles, p->row_tiles),
                .group = p->span + group,
                .groups = size_min(p->block_groups, p->span_groups - group),
                .scratch = at };
    k.packed = (uint32_t *)(at += GEMM_PACK_SCRATCH);
    at += size_round_up(p->pass_tiles * p->tile->rows * packed_stride(p->step) * sizeof *k.packed,
                        ARENA_ALIGN);
    k.b = (uint32_t *)at;
    if (!p->packed) at += k.groups * p->parts * p->step * p->tile->columns * sizeof *k.b;
    k.turned = (float *)at;
    k.sums = k.turned + area;
    /* With a single step a group's sums are read at once and never again. */
    if (plan_steps(p) > 1) k.sums_group = p->parts * p->pass_tiles * area;
    return k;
}

/* The epilogue of one tile, whose first row and column of the computed product are given. */
static void finish_tile(const Plan *p, const Block *k, float *sums, size_t up, size_t row,
                        size_t column)
{
    const GemmTile *t = p->tile;
    const GemmKernels *kernels = &p->compute->kernels.gemm;
    size_t rows = size_min(t->rows, p->call->m - row);
    size_t columns = size_min(t->columns, p->width - column);
    if (!p->turned) {
        kernels->finish(p->wanted, sums, t->columns, up, row, rows, column, columns);
        return;
    }
    kernels->turn((uint32_t *)k->turned, t->rows, sums, t->columns * sizeof *sums, rows, columns);
    kernels->finish(p->wanted, k->turned, t->rows, 0, column, columns, row, rows);
}

/* Fetches the panel of shared B behind this one during the next `times` tiles. */
static void fetch_panel(const Plan *p, Block *k, size_t group, size_t part, size_t u, size_t units,
                        size_t times)
{
    GemmSpan *x = &k->ahead_b.from;
    bool same = part + 1 < p->parts;
    group += !same;
    part = same ? part + 1 : 0;
    x->rows = 0;
    if (!p->stays && p->packed && group < k->group + k->groups) {
        x->data = (const char *)shared_panel(p, group, part, u, units);
        x->stride = x->bytes = p->tile->columns * sizeof(uint32_t);
        x->rows = units;
    }
    ahead_begin(&k->ahead_b, times);
}

/* Adds units [u, u + units) to the sums of one group, and finishes them after the last. */
static void multiply_group(const Plan *p, Block *k, size_t group, size_t u, size_t units)
{
    const GemmTile *t = p->tile;
    size_t area = t->rows * t->columns, up = p->pass_tiles * area;
    bool last = u + units >= p->units;
    float *sums = k->sums + (group - k->group) * k->sums_group;
    for (size_t part = 0; part < p->parts; part++) {
        size_t panel = (group - k->group) * p->parts + part;
        const uint32_t *b =
            p->packed ? shared_panel(p, group, part, u, units) : k->b + panel * units * t->columns;
        fetch_panel(p, k, group, part, u, units, k->tiles);
        for (size_t i = 0; i < k->tiles; i++) {
            size_t row = (k->tile + i) * t->rows, rows = size_min(t->rows, p->call->m - row);
            fetch_some(&k->ahead_a);
            fetch_some(&k->ahead_b);
            t->run(sums + part * up + i * area, u > 0, k->a + i * t->rows * k->a_stride,
                   k->a_stride, b, units, rows);
            if (last && part == p->parts - 1)
                finish_tile(p, k, sums + i * area, up, row, group * t->columns);
        }
    }
}

/* Fetches what a task reads next of A during the next `times` tiles: units from u on of these rows,
 * or the next rows. Nothing where they are turned: that reads them in an order in which the
 * processor fetches them itself. */
static void fetch_rows(const Plan *p, Block *k, size_t row, size_t rows, size_t u, size_t times)
{
    GemmSpan *x = &k->ahead_a.from;
    size_t end = size_min(k->end * p->tile->rows, p->call->m);
    x->rows = 0;
    if (p->stays || u >= p->units) {
        row += rows;
        rows = row < end ? size_min(rows, end - row) : 0;
        u = 0;
    }
    size_t units = p->stays ? p->units : size_min(p->step, p->units - u);
    if (p->a.along_k && rows) gemm_source_span(&p->a, row, rows, u, units, x);
    ahead_begin(&k->ahead_a, times);
}

/* The rows of a pass by the columns of the block. */
static void multiply_rows(const Plan *p, Block *k)
{
    size_t row = k->tile * p->tile->rows, rows = k->tiles * p->tile->rows;
    size_t runs = k->groups * p->parts * k->tiles;
    rows = size_min(rows, p->call->m - row);
    if (p->stays) fetch_rows(p, k, row, rows, 0, runs * plan_steps(p));
    for (size_t s = 0; s < plan_steps(p); s++) {
        size_t u = s * p->step, units = size_min(p->step, p->units - u);
        if (!p->stays) fetch_rows(p, k, row, rows, u + units, runs);
        k->a = gemm_lines_in_place(&p->a, row, u, p->units, &k->a_stride);
        if (!k->a) {
            k->a = k->packed;
            k->a_stride = packed_stride(p->step);
            gemm_pack_lines(&p->a, row, rows, u, units, k->packed, k->a_stride, k->scratch);
        }
        for (size_t part = 0; !p->packed && part < p->parts; part++)
            pack_panels(p, k->group, k->groups, part, u, units,
                        k->b + part * units * p->tile->columns, p->parts * units * p->tile->columns,
                        k->scratch);
        for (size_t g = 0; g < k->groups; g++) multiply_group(p, k, k->group + g, u, units);
    }
}

static void block_task(void *ctx, size_t i, int worker)
{
    const Plan *p = ctx;
    Block k = block_at(p, i, worker);
    gemm_tile_begin(p->tile);
    for (; k.tile < k.end; k.tile += p->pass_tiles) {
        k.tiles = size_min(p->pass_tiles, k.end - k.tile);
        multiply_rows(p, &k);
    }
    gemm_tile_end(p->tile);
}

/* Halves the blocks until there are enough for the threads, then evens them out. Rows of A that
 * have to be turned are turned once for each block beside another: better few of these. */
static void choose_blocks(Plan *p)
{
    size_t threads = (size_t)pool_threads(p->compute->pool);
    size_t each = p->stays || p->a.along_k ? TASKS_PER_THREAD : 1;
    size_t wanted = threads > 1 ? threads * each : 1;
    size_t tiles = p->stays ? p->row_tiles : size_min(p->row_tiles, BLOCK_ROWS / p->tile->rows);
    size_t groups = p->span_groups, most = BLOCK_COLUMNS / p->tile->columns / p->parts;
    if (!p->stays) groups = size_min(groups, most);
    size_t down, across;
    for (;;) {
        down = size_ceil_div(p->row_tiles, tiles), across = size_ceil_div(p->span_groups, groups);
        if (down * across >= wanted || (tiles == 1 && groups == 1)) break;
        if (groups == 1 || (p->stays && tiles > 1) ||
            tiles * p->tile->rows >= groups * p->parts * p->tile->columns)
            tiles = size_ceil_div(tiles, 2);
        else if (p->stays && down * across >= threads * 2)
            break;
        else
            groups = size_ceil_div(groups, 2);
    }
    p->block_tiles = size_ceil_div(p->row_tiles, down);
    p->block_groups = size_ceil_div(p->span_groups, across);
    p->pass_tiles = p->stays ? 1 : p->block_tiles;
}

/* Where both operands have to be turned or zipped, the left one is dearer: let it be the smaller.
 * Only without an epilogue that knows rows from columns. */
static bool better_turned(const GemmCall *g)
{
    return g->a.transposed && !g->b.transposed && g->m > g->n && !g->bias && !g->pre &&
           g->act == GEMM_NONE && !g->residual && !g->gate;
}

static Plan plan_new(const Compute *c, const GemmCall *g)
{
    const GemmTile *t = g->precision == GEMM_BF16 ? &c->kernels.gemm.bf16 : &c->kernels.gemm.f32;
    Plan p = { .compute = c,
               .call = g,
               .wanted = g,
               .tile = t,
               .a = gemm_source_a(c, g),
               .b = gemm_source_b(c, g) };
    p.parts = g->act == GEMM_SWIGLU ? 2 : 1;
    p.width = g->n / p.parts;
    p.row_tiles = size_ceil_div(g->m, t->rows);
    p.groups = size_ceil_div(p.width, t->columns);
    p.units = size_round_up(size_ceil_div(g->k, t->pair), t->unit_step);
    size_t panel = t->columns * p.parts * size_max(p.units, 1) * sizeof *p.packed;
    p.stays = p.groups * panel <= t->b_stays;
    size_t steps = size_max(size_ceil_div(p.units, t->units_best), 1);
    p.step = size_round_up(size_max(size_ceil_div(p.units, steps), 1), t->unit_step);
    size_t block = size_max(type_block(g->a.type), type_block(g->b.type)) / t->pair;
    if (block > t->unit_step) /* no block is decoded twice */
        p.step = size_max((p.step + block / 2) / block, 1) * block;
    size_t fit = c->shared_size / panel;
    bool many = p.stays ? p.row_tiles > 1 : g->m > BLOCK_ROWS;
    bool shared =
        many && size_min(fit, p.groups) * t->columns >= size_min(SPAN_COLUMNS_MIN, p.width);
    if (shared) p.packed = (uint32_t *)c->shared;
    p.span_groups = shared ? size_ceil_div(p.groups, size_ceil_div(p.groups, fit)) : p.groups;
    return p;
}

static void run(Plan *p)
{
    Pool *pool = p->compute->pool;
    for (size_t span = p->span_groups; p->span < p->groups; p->span += span) {
        p->span_groups = size_min(span, p->groups - p->span);
        choose_blocks(p);
        if (p->packed) parallel_for(pool, plan_steps(p) * pack_runs(p) * p->parts, pack_task, p);
        size_t blocks = size_ceil_div(p->row_tiles, p->block_tiles) *
                        size_ceil_div(p->span_groups, p->block_groups);
        parallel_for(pool, blocks, block_task, p);
    }
}

void gemm(const Compute *c, const GemmCall *call)
{
    assert(call->c_type <= TYPE_BF16 && (!call->accumulate || call->c_type == TYPE_F32));
    assert(call->act != GEMM_SWIGLU || call->n % 2 == 0);
    if (!call->m || !call->n) return;
    if (gemm_int8_takes(c, call)) {
        gemm_int8(c, call);
        return;
    }
    GemmCall g = *call;
    if (!g.pre_stride) g.pre_stride = g.act == GEMM_SWIGLU ? g.n : g.c_stride;
    GemmCall product = g;
    bool turned = better_turned(&g);
    if (turned) {
        product.m = g.n, product.n = g.m;
        product.a = g.b, product.b = g.a;
        product.a.transposed = true, product.b.transposed = false;
    }
    Plan p = plan_new(c, &product);
    p.wanted = &g;
    p.turned = turned;
    run(&p);
}

void gemm_kernels_fill(GemmKernels *k, CpuLevel level)
{
    gemm_ref_fill(k);
#if defined(__x86_64__)
    if (level >= CPU_AVX2) gemm_avx2_fill(k);
    if (level >= CPU_AVX512) gemm_avx512_fill(k);
    if (level >= CPU_AVX512BF16) gemm_avx512bf16_fill(k);
    if (level >= CPU_AMX) gemm_amx_fill(k);
#else
    (void)level;
#endif
}
