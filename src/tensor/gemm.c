#include "tensor/gemm.h"

#include <assert.h>

#include "base/size.h"
#include "tensor/gemm_pack.h"

/* The product is cut into blocks of C, one task each. A task walks along k in steps that keep a
 * panel of B (tile.columns wide) in the first-level cache and its own rows of A in the second,
 * and keeps its sums until the last step hands them to the epilogue. B is packed once for all
 * tasks, a span of columns at a time, into the shared block; where that does not pay (one row of
 * blocks) or does not fit (k is huge), every task packs what it needs. Each sum runs along k in the
 * same order however C is cut, so neither the cut nor the threads show in the result. */
enum { BLOCK_ROWS = 192, BLOCK_COLUMNS = 512, SPAN_COLUMNS_MIN = 256, TASKS_PER_THREAD = 8 };

typedef struct Plan {
    const Compute *compute;
    const GemmCall *call;
    const GemmTile *tile;
    GemmSource a, b;
    size_t units, step;       /* along k: all of them, and how many are packed at a time */
    size_t parts;             /* panels that are finished together: 2 under GEMM_SWIGLU, else 1 */
    size_t width;             /* columns of C */
    size_t row_tiles, groups; /* all of C; a group is tile.columns of C */
    size_t span, span_groups; /* the groups at work: the first, and how many */
    size_t block_tiles, block_groups; /* of a task */
    uint32_t *packed;                 /* B of the span, or NULL: tasks pack it themselves */
} Plan;

static size_t plan_steps(const Plan *p)
{
    return p->units ? size_ceil_div(p->units, p->step) : 1;
}

/* Panel `part` of `group`, units [u, u + units), into y. */
static void pack_panel(const Plan *p, size_t group, size_t part, size_t u, size_t units,
                       uint32_t *y, void *scratch)
{
    size_t column = group * p->tile->columns;
    size_t count = size_min(p->tile->columns, p->width - column);
    gemm_pack_units(&p->b, part * p->width + column, count, u, units, y, p->tile->columns, scratch);
}

static uint32_t *shared_panel(const Plan *p, size_t group, size_t part, size_t u, size_t units)
{
    size_t panels = p->span_groups * p->parts, panel = (group - p->span) * p->parts + part;
    return p->packed + (u * panels + panel * units) * p->tile->columns;
}

/* Index: part, then group of the span, then step. */
static void pack_task(void *ctx, size_t i, int worker)
{
    const Plan *p = ctx;
    size_t part = i % p->parts, group = p->span + i / p->parts % p->span_groups;
    size_t u = i / p->parts / p->span_groups * p->step, units = size_min(p->step, p->units - u);
    pack_panel(p, group, part, u, units, shared_panel(p, group, part, u, units),
               compute_scratch(p->compute, worker));
}

/* One task's share of C and where its packed operands and sums are. */
typedef struct Block {
    size_t tile, tiles;   /* of rows */
    size_t group, groups; /* of columns */
    const uint32_t *a;    /* rows of A, packed or where they are */
    size_t a_stride;
    uint32_t *packed, *b; /* where A and one panel of B are packed */
    float *sums;          /* [group][part][tile][tile.rows][tile.columns] */
    size_t sums_group;    /* floats from one group's sums to the next; 0: they share them */
    void *scratch;
} Block;

static Block block_at(const Plan *p, size_t i, int worker)
{
    size_t down = size_ceil_div(p->row_tiles, p->block_tiles);
    size_t tile = i % down * p->block_tiles, group = i / down * p->block_groups;
    char *at = compute_scratch(p->compute, worker);
    Block k = { .tile = tile,
                .tiles = size_min(p->block_tiles, p->row_tiles - tile),
                .group = p->span + group,
                .groups = size_min(p->block_groups, p->span_groups - group),
                .scratch = at };
    k.packed = (uint32_t *)(at += GEMM_PACK_SCRATCH);
    at += size_round_up(p->block_tiles * p->tile->rows * p->step * sizeof *k.packed, ARENA_ALIGN);
    k.b = (uint32_t *)at;
    k.sums = (float *)(at + p->step * p->tile->columns * sizeof *k.b);
    /* With a single step a group's sums are read at once and never again. */
    if (plan_steps(p) > 1) k.sums_group = p->parts * k.tiles * p->tile->rows * p->tile->columns;
    return k;
}

/* Adds units [u, u + units) to the sums of one group, and finishes them after the last. */
static void multiply_group(const Plan *p, const Block *k, size_t group, size_t u, size_t units)
{
    const GemmTile *t = p->tile;
    size_t area = t->rows * t->columns, up = k->tiles * area, column = group * t->columns;
    bool last = u + units >= p->units;
    float *sums = k->sums + (group - k->group) * k->sums_group;
    for (size_t part = 0; part < p->parts; part++) {
        uint32_t *b = k->b;
        if (p->packed)
            b = shared_panel(p, group, part, u, units);
        else
            pack_panel(p, group, part, u, units, b, k->scratch);
        for (size_t i = 0; i < k->tiles; i++) {
            size_t row = (k->tile + i) * t->rows, rows = size_min(t->rows, p->call->m - row);
            t->run(sums + part * up + i * area, u > 0, k->a + i * t->rows * k->a_stride,
                   k->a_stride, b, units, rows);
            if (last && part == p->parts - 1)
                p->compute->kernels.gemm.finish(p->call, sums + i * area, t->columns, up, row, rows,
                                                column, size_min(t->columns, p->width - column));
        }
    }
}

static void block_task(void *ctx, size_t i, int worker)
{
    const Plan *p = ctx;
    Block k = block_at(p, i, worker);
    size_t row = k.tile * p->tile->rows, rows = k.tiles * p->tile->rows;
    rows = size_min(rows, p->call->m - row);
    gemm_tile_begin(p->tile);
    for (size_t s = 0; s < plan_steps(p); s++) {
        size_t u = s * p->step, units = size_min(p->step, p->units - u);
        k.a = gemm_lines_in_place(&p->a, row, u, p->units, &k.a_stride);
        if (!k.a) {
            gemm_pack_lines(&p->a, row, rows, u, units, k.packed, units, k.scratch);
            k.a = k.packed;
            k.a_stride = units;
        }
        for (size_t g = 0; g < k.groups; g++) multiply_group(p, &k, k.group + g, u, units);
    }
    gemm_tile_end(p->tile);
}

/* Halves the blocks until there are enough for the threads, then evens them out. */
static void choose_blocks(Plan *p)
{
    size_t threads = (size_t)pool_threads(p->compute->pool);
    size_t wanted = threads > 1 ? threads * TASKS_PER_THREAD : 1;
    size_t tiles = size_min(p->row_tiles, BLOCK_ROWS / p->tile->rows);
    size_t groups = size_min(p->span_groups, BLOCK_COLUMNS / p->tile->columns / p->parts);
    size_t down, across;
    for (;;) {
        down = size_ceil_div(p->row_tiles, tiles), across = size_ceil_div(p->span_groups, groups);
        if (down * across >= wanted || (tiles == 1 && groups == 1)) break;
        if (tiles * p->tile->rows >= groups * p->parts * p->tile->columns || groups == 1)
            tiles = size_ceil_div(tiles, 2);
        else
            groups = size_ceil_div(groups, 2);
    }
    p->block_tiles = size_ceil_div(p->row_tiles, down);
    p->block_groups = size_ceil_div(p->span_groups, across);
}

static Plan plan_new(const Compute *c, const GemmCall *g)
{
    const GemmTile *t = g->precision == GEMM_BF16 ? &c->kernels.gemm.bf16 : &c->kernels.gemm.f32;
    Plan p = {
        .compute = c, .call = g, .tile = t, .a = gemm_source_a(c, g), .b = gemm_source_b(c, g)
    };
    p.parts = g->act == GEMM_SWIGLU ? 2 : 1;
    p.width = g->n / p.parts;
    p.row_tiles = size_ceil_div(g->m, t->rows);
    p.groups = size_ceil_div(p.width, t->columns);
    p.units = size_round_up(size_ceil_div(g->k, t->pair), t->unit_step);
    size_t steps = size_max(size_ceil_div(p.units, t->units_best), 1);
    p.step = size_round_up(size_max(size_ceil_div(p.units, steps), 1), t->unit_step);
    size_t block = size_max(type_block(g->a.type), type_block(g->b.type)) / t->pair;
    if (block > t->unit_step) /* no block is decoded twice */
        p.step = size_max((p.step + block / 2) / block, 1) * block;
    size_t fit = c->shared_size / sizeof *p.packed / t->columns / p.parts / size_max(p.units, 1);
    bool shared = g->m > BLOCK_ROWS &&
                  size_min(fit, p.groups) * t->columns >= size_min(SPAN_COLUMNS_MIN, p.width);
    if (shared) p.packed = (uint32_t *)c->shared;
    p.span_groups = shared ? size_ceil_div(p.groups, size_ceil_div(p.groups, fit)) : p.groups;
    return p;
}

void gemm(const Compute *c, const GemmCall *call)
{
    assert(call->c_type <= TYPE_BF16 && (!call->accumulate || call->c_type == TYPE_F32));
    assert(call->act != GEMM_SWIGLU || call->n % 2 == 0);
    if (!call->m || !call->n) return;
    GemmCall g = *call;
    if (!g.pre_stride) g.pre_stride = g.act == GEMM_SWIGLU ? g.n : g.c_stride;
    Plan p = plan_new(c, &g);
    for (size_t span = p.span_groups; p.span < p.groups; p.span += span) {
        p.span_groups = size_min(span, p.groups - p.span);
        choose_blocks(&p);
        if (p.packed)
            parallel_for(c->pool, plan_steps(&p) * p.span_groups * p.parts, pack_task, &p);
        size_t blocks = size_ceil_div(p.row_tiles, p.block_tiles) *
                        size_ceil_div(p.span_groups, p.block_groups);
        parallel_for(c->pool, blocks, block_task, &p);
    }
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
