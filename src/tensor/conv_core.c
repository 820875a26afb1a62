#include "tensor/conv_core.h"

#include <assert.h>
#include <string.h>

#include "base/size.h"
#include "tensor/convert.h"

/* The result is cut into blocks of rows by columns of one frame, one task each. A task copies what
 * its block reads, borders included, into scratch, in the order of the kernels: every position's
 * channels, position by position. There the taps along a row are neighbours, so that one call of a
 * tile runs over all of them, and its rows may be any neighbouring positions; those that fall
 * between two rows of the block are computed for nothing and left out at the end. The weights are
 * packed once for all tasks, as many columns at a time as fit the shared block. Each sum runs over
 * taps and channels in the same order however the result is cut. */
enum {
    SUMS_BYTES = 128 << 10,
    INPUT_BYTES = 3 << 20,
    POSITIONS_BEST = 512,
    WIDTH_BEST = 48,
    CHANNELS_PACKED = 32,
    CHANNELS_PACKED_MIN = 4,
    TAPS_PACKED = 128,
    TASKS_PER_THREAD = 4,
    VALUES_MAX = 1024,
    WAY_BYTES = 4096 /* positions so far apart would fight for the same lines of a cache */
};

/* The longest sums, and what rounds channels up: a panel of their weights fits the shared block. */
enum { DEPTH_UNITS_MAX = CONV3D_DEPTH_MAX + CONV3D_DEPTH_MAX / 64 };
_Static_assert(DEPTH_UNITS_MAX *GEMM_TILE_COLUMNS_MAX * 4 <= COMPUTE_SHARED, "a panel must fit");

typedef struct Plan {
    const ConvCore *core;
    const GemmTile *tile;
    const GemmKernels *kernels;
    bool rounded;                        /* to bf16, where the tile computes in f32 */
    size_t units;                        /* of a position */
    size_t depth;                        /* units of all taps */
    size_t weight_taps, packed_channels; /* the latter: by a task */
    size_t run, chunk; /* units of the taps along a row; how many a tile takes at a time */
    size_t groups, span, span_groups; /* of columns: all, the first at work and how many */
    bool flat;                        /* rows of a block are one line of positions */
    size_t rows, columns;             /* of a block */
    size_t down, across;              /* blocks of a frame */
    size_t pitch, height;             /* of a block's input, in positions */
} Plan;

/* ---- the weights ------------------------------------------------------------------------- */

/* n values of entry `row` of the weight's first dimension, from `at` on in its taps. Blocks of
 * stored types may begin anywhere: they are decoded whole. */
static void read_weight(const Plan *p, size_t row, size_t at, size_t n, float *y)
{
    const Tensor *w = p->core->weight;
    at += row * (tensor_count(w) / w->shape[0]);
    size_t block = type_block(w->type), skip = at % block;
    const char *from = (const char *)w->data + at / block * type_block_bytes(w->type);
    float whole[VALUES_MAX];
    for (size_t i = 0; i < n;) {
        size_t count = size_min(n - i, VALUES_MAX - block - skip);
        p->kernels->decode(whole, from, w->type, size_ceil_div(skip + count, block) * block);
        for (size_t k = 0; k < count; k++)
            y[i + k] = whole[skip + k] * (w->scale ? w->scale[row] : 1);
        from += (skip + count) / block * type_block_bytes(w->type);
        skip = (skip + count) % block;
        i += count;
    }
}

/* Sums of taps for all columns of a panel, one channel or, where the tile multiplies pairs, two
 * (`next` NULL: the second is padding), as the tile reads them. */
static void put_unit(const Plan *p, const float *sum, const float *next, uint32_t *unit)
{
    size_t columns = p->tile->columns;
    if (p->tile->pair == 1) {
        if (p->rounded)
            p->kernels->f32_round((float *)unit, sum, columns);
        else
            memcpy(unit, sum, columns * sizeof *unit);
        return;
    }
    uint16_t half[GEMM_TILE_COLUMNS_MAX], other[GEMM_TILE_COLUMNS_MAX] = { 0 };
    p->kernels->f32_to_bf16(half, sum, columns);
    if (next) p->kernels->f32_to_bf16(other, next, columns);
    for (size_t j = 0; j < columns; j++) unit[j] = half[j] | (uint32_t)other[j] << 16;
}

/* sum[column]: the weight's taps that make up tap [a, i, j], of which `line` has all columns. */
static void add_taps(const Plan *p, const float *line, size_t a, size_t i, size_t j, float *sum)
{
    const ConvCore *k = p->core;
    size_t columns = p->tile->columns;
    bool first = true;
    for (size_t y = 0; y < k->rows.tap[i].count; y++)
        for (size_t x = 0; x < k->columns.tap[j].count; x++, first = false) {
            size_t tap = a * k->weight_kernel[1] + k->rows.tap[i].of[y];
            tap = tap * k->weight_kernel[2] + k->columns.tap[j].of[x];
            const float *from = line + tap * columns;
            for (size_t c = 0; c < columns; c++) sum[c] = first ? from[c] : sum[c] + from[c];
        }
}

/* Channels [first, first + count) of a panel out of lines[channel][tap of the weight][column]. */
static void put_channels(const Plan *p, const float *lines, size_t first, size_t count,
                         uint32_t *panel)
{
    const ConvCore *k = p->core;
    size_t columns = p->tile->columns, pair = p->tile->pair, step = p->weight_taps * columns;
    float sum[2][GEMM_TILE_COLUMNS_MAX];
    for (size_t a = 0; a < k->time_taps; a++)
        for (size_t i = 0; i < k->rows.taps; i++)
            for (size_t j = 0; j < k->columns.taps; j++, panel += p->units * columns)
                for (size_t c = 0; c < count; c += pair) {
                    bool both = pair == 2 && c + 1 < count;
                    add_taps(p, lines + c * step, a, i, j, sum[0]);
                    if (both) add_taps(p, lines + (c + 1) * step, a, i, j, sum[1]);
                    put_unit(p, sum[0], both ? sum[1] : NULL, panel + (first + c) / pair * columns);
                }
}

static uint32_t *panel_at(const Plan *p, size_t group)
{
    return (uint32_t *)p->core->compute->shared + (group - p->span) * p->depth * p->tile->columns;
}

/* Index: some channels of a group. They are read as rows, turned, and put in place. */
static void pack_task(void *ctx, size_t i, int worker)
{
    const Plan *p = ctx;
    const ConvCore *k = p->core;
    size_t group = p->span + i % p->span_groups, first = i / p->span_groups * p->packed_channels;
    size_t columns = p->tile->columns, pair = p->tile->pair, taps = p->weight_taps;
    size_t last = size_min(first + p->packed_channels, p->units * pair); /* padding too */
    size_t count = size_min(last, size_max(k->in, first)) - first, o = group * columns;
    size_t wide = size_min(columns, k->out - o), n = count * taps;
    uint32_t *panel = panel_at(p, group), *lines = compute_scratch(k->compute, worker);
    float *read = (float *)lines + size_round_up(p->packed_channels * taps * columns, 16);
    for (size_t t = 0; t < p->depth / p->units; t++)
        memset(panel + (t * p->units + first / pair) * columns, 0,
               (last - first) / pair * columns * sizeof *panel);
    if (!count) return;
    if (wide < columns) memset(lines, 0, n * columns * sizeof *lines);
    if (k->backward) {
        for (size_t c = 0; c < count; c++) {
            read_weight(p, first + c, o * taps, wide * taps, read);
            p->kernels->turn(lines + c * taps * columns, columns, read, taps * 4, wide, taps);
        }
    } else {
        for (size_t j = 0; j < wide; j++) read_weight(p, o + j, first * taps, n, read + j * n);
        p->kernels->turn(lines, columns, read, n * 4, wide, n);
    }
    put_channels(p, (const float *)lines, first, count, panel);
}

/* ---- the input --------------------------------------------------------------------------- */

/* n positions next to each other as the tile multiplies them. */
static void read_positions(const Plan *p, const char *from, size_t n, uint32_t *y)
{
    const ConvCore *k = p->core;
    bool is_bf16 = k->x_type == TYPE_BF16, wants = p->tile->pair == 2;
    size_t width = k->in * (is_bf16 ? 2 : 4), have = k->in * (wants ? 2 : 4);
    if (have == p->units * sizeof *y) { /* no gaps: all at once */
        width *= n, have *= n;
        n = 1;
    }
    for (size_t i = 0; i < n; i++, from += width, y += p->units) {
        if (n > 1 || have < p->units * sizeof *y)
            memset((char *)y + have, 0, p->units * sizeof *y - have);
        size_t values = have / (wants ? 2 : 4);
        if (is_bf16 == wants && !(p->rounded && !is_bf16))
            memcpy(y, from, have);
        else if (is_bf16)
            p->kernels->bf16_to_f32((float *)y, (const uint16_t *)from, values);
        else if (wants)
            p->kernels->f32_to_bf16((uint16_t *)y, (const float *)from, values);
        else
            p->kernels->f32_round((float *)y, (const float *)from, values);
    }
}

/* The block's part of a frame, from row `top` and column `left` on, zeros around the frame. */
static void pack_frame(const Plan *p, const void *frame, ptrdiff_t top, ptrdiff_t left, uint32_t *y)
{
    const ConvCore *k = p->core;
    ptrdiff_t height = (ptrdiff_t)k->x_height, width = (ptrdiff_t)k->x_width;
    ptrdiff_t pitch = (ptrdiff_t)p->pitch;
    ptrdiff_t from = left < 0 ? (-left < pitch ? -left : pitch) : 0;
    ptrdiff_t to = width - left < pitch ? width - left : pitch;
    if (to < from) to = from;
    size_t bytes = k->in * (k->x_type == TYPE_BF16 ? 2 : 4);
    for (ptrdiff_t r = 0; r < (ptrdiff_t)p->height; r++, y += p->pitch * p->units) {
        bool there = top + r >= 0 && top + r < height && to > from;
        if (!there) {
            memset(y, 0, p->pitch * p->units * sizeof *y);
            continue;
        }
        const char *row = (const char *)frame + (size_t)((top + r) * width + left + from) * bytes;
        memset(y, 0, (size_t)from * p->units * sizeof *y);
        read_positions(p, row, (size_t)(to - from), y + (size_t)from * p->units);
        memset(y + (size_t)to * p->units, 0, (size_t)(pitch - to) * p->units * sizeof *y);
    }
}

/* ---- a block ----------------------------------------------------------------------------- */

typedef struct Block {
    const Plan *p;
    size_t frame, row, column, rows, columns;
    uint32_t *input; /* [kernel[0]][height][pitch][units] */
    float *sums;     /* [tiles of a line][tile.rows][tile.columns] */
} Block;

/* The frame that tap `a` sees, NULL: zeros. */
static const void *source_of(const Block *b, size_t a)
{
    const ConvCore *k = b->p->core;
    size_t t = b->frame * k->time_stride + a;
    if (k->backward) {
        if (b->frame < a || (b->frame - a) % k->time_stride) return NULL;
        t = (b->frame - a) / k->time_stride;
    }
    return t < k->x_frames ? k->x[t] : NULL;
}

/* The epilogue for n positions of one row of the block. */
static void finish_part(const Block *b, float *sums, size_t group, size_t row, size_t column,
                        size_t n)
{
    const Plan *p = b->p;
    const ConvCore *k = p->core;
    size_t at = k->y_first + (b->row + row) * k->y_pitch + (b->column + column) * k->y_step;
    size_t first = group * p->tile->columns;
    GemmCall g = k->finish;
    g.c = (char *)k->y[b->frame] + at * (g.c_type == TYPE_F32 ? 4 : 2);
    g.c_stride = k->y_step;
    if (k->residual) {
        at = k->residual_first + (b->row + row) * k->residual_pitch;
        g.residual = k->residual[b->frame] + at + (b->column + column) * k->y_step;
        g.residual_stride = k->y_step;
    }
    p->kernels->finish(&g, sums, p->tile->columns, 0, 0, n, first,
                       size_min(p->tile->columns, k->out - first));
}

/* The epilogue for positions [at, at + n) of a line, of which the rows are `pitch` apart. */
static void finish_line(const Block *b, float *sums, size_t group, size_t row, size_t at, size_t n)
{
    const Plan *p = b->p;
    for (size_t end = at + n; at < end;) {
        size_t down = at / p->pitch, column = at % p->pitch;
        size_t next = size_min(end, (down + 1) * p->pitch);
        if (column < b->columns)
            finish_part(b, sums, group, row + down, column,
                        size_min(next - at, b->columns - column));
        sums += (next - at) * p->tile->columns;
        at = next;
    }
}

/* All sums of one group of columns over a line of n positions that starts at `row`. */
static void multiply_line(const Block *b, size_t group, size_t row, size_t n)
{
    const Plan *p = b->p;
    const ConvCore *k = p->core;
    const GemmTile *t = p->tile;
    size_t area = t->rows * t->columns, stride = k->columns.stride * p->units;
    bool any = false;
    const uint32_t *weights = panel_at(p, group);
    for (size_t a = 0; a < k->time_taps; a++)
        for (size_t d = 0; d < k->rows.taps && source_of(b, a); d++) {
            const uint32_t *line =
                b->input + (a * p->height + row * k->rows.stride + d) * p->pitch * p->units;
            const uint32_t *w = weights + (a * k->rows.taps + d) * p->run * t->columns;
            for (size_t u = 0; u < p->run; u += p->chunk, any = true)
                for (size_t i = 0; i * t->rows < n; i++)
                    t->run(b->sums + i * area, any, line + i * t->rows * stride + u, stride,
                           w + u * t->columns, size_min(p->chunk, p->run - u),
                           size_min(t->rows, n - i * t->rows));
        }
    if (!any) memset(b->sums, 0, size_ceil_div(n, t->rows) * area * sizeof *b->sums);
    for (size_t i = 0; i * t->rows < n; i++)
        finish_line(b, b->sums + i * area, group, row, i * t->rows,
                    size_min(t->rows, n - i * t->rows));
}

static void block_task(void *ctx, size_t i, int worker)
{
    const Plan *p = ctx;
    const ConvCore *k = p->core;
    size_t area = p->down * p->across, inside = i % area;
    Block b = { .p = p, .frame = i / area };
    if (!k->y[b.frame]) return;
    b.row = inside / p->across * p->rows;
    b.column = inside % p->across * p->columns;
    b.rows = size_min(p->rows, k->height - b.row);
    b.columns = size_min(p->columns, k->width - b.column);
    b.sums = compute_scratch(k->compute, worker);
    b.input = (uint32_t *)((char *)b.sums + SUMS_BYTES);
    for (size_t a = 0; a < k->time_taps; a++)
        if (source_of(&b, a))
            pack_frame(p, source_of(&b, a), (ptrdiff_t)(b.row * k->rows.stride) + k->rows.origin,
                       (ptrdiff_t)(b.column * k->columns.stride) + k->columns.origin,
                       b.input + a * p->height * p->pitch * p->units);
    gemm_tile_begin(p->tile);
    for (size_t g = 0; g < p->span_groups; g++) {
        if (p->flat)
            multiply_line(&b, p->span + g, 0, (b.rows - 1) * p->pitch + b.columns);
        else
            for (size_t r = 0; r < b.rows; r++) multiply_line(&b, p->span + g, r, b.columns);
    }
    gemm_tile_end(p->tile);
}

/* ---- the plan ---------------------------------------------------------------------------- */

static void measure_input(Plan *p)
{
    const ConvCore *k = p->core;
    p->height = (p->rows - 1) * k->rows.stride + size_max(k->rows.taps, 1);
    p->pitch = (p->columns - 1) * k->columns.stride + size_max(k->columns.taps, 1);
}

static bool fits(Plan *p, size_t bytes)
{
    const ConvCore *k = p->core;
    measure_input(p);
    size_t line = p->flat ? p->rows * p->pitch : p->columns;
    size_t sums = size_round_up(line + p->tile->rows, 4) * p->tile->columns * sizeof(float);
    return k->time_taps * p->height * p->pitch * p->units * 4 <= bytes && sums <= SUMS_BYTES;
}

/* As many rows and columns as fit and pay, fewer where the threads would have nothing to do. */
static void choose_block(Plan *p)
{
    const ConvCore *k = p->core;
    size_t threads = (size_t)pool_threads(k->compute->pool);
    size_t wanted = threads > 1 ? size_ceil_div(threads * TASKS_PER_THREAD, k->frames) : 1;
    size_t columns = size_min(k->width, WIDTH_BEST), position = k->time_taps * p->units * 4;
    size_t bytes = size_min(INPUT_BYTES, POSITIONS_BEST * position);
    p->rows = 1;
    for (;;) {
        p->across = size_ceil_div(k->width, columns);
        p->columns = size_ceil_div(k->width, p->across);
        if (fits(p, bytes) || columns == 1) break;
        columns = size_ceil_div(columns, 2);
    }
    while (p->rows < k->height) {
        p->rows++;
        if (fits(p, bytes) && size_ceil_div(k->height, p->rows) * p->across >= wanted) continue;
        p->rows--;
        break;
    }
    p->down = size_ceil_div(k->height, p->rows);
    p->rows = size_ceil_div(k->height, p->down);
    measure_input(p);
}

static Plan plan_new(const ConvCore *k)
{
    const GemmKernels *kernels = &k->compute->kernels.gemm;
    bool bf16 = k->finish.precision == GEMM_BF16;
    const GemmTile *t = bf16 ? &kernels->bf16 : &kernels->f32;
    Plan p = { .core = k, .tile = t, .kernels = kernels, .rounded = bf16 && t->pair == 1 };
    p.units = size_round_up(size_ceil_div(k->in, t->pair), t->unit_step);
    if (p.units * 4 % WAY_BYTES == 0) p.units += size_max(t->unit_step, 64 / 4);
    p.weight_taps = k->weight_kernel[0] * k->weight_kernel[1] * k->weight_kernel[2];
    p.packed_channels = p.weight_taps > TAPS_PACKED ? CHANNELS_PACKED_MIN : CHANNELS_PACKED;
    p.run = k->columns.taps * p.units;
    p.depth = k->time_taps * k->rows.taps * p.run;
    size_t chunks = size_max(size_ceil_div(p.run, t->units_best), 1);
    p.chunk = size_round_up(size_ceil_div(p.run, chunks), t->unit_step);
    p.groups = size_ceil_div(k->out, t->columns);
    p.flat = k->rows.stride == 1 && k->columns.stride == 1;
    size_t fit = k->compute->shared_size / sizeof(uint32_t) / t->columns / size_max(p.depth, 1);
    assert(p.depth <= DEPTH_UNITS_MAX && fit);
    p.span_groups = size_ceil_div(p.groups, size_ceil_div(p.groups, fit));
    choose_block(&p);
    return p;
}

void conv_core(const ConvCore *core)
{
    if (!core->frames || !core->height || !core->width || !core->out) return;
    Plan p = plan_new(core);
    Pool *pool = core->compute->pool;
    size_t channels = p.units * p.tile->pair;
    for (size_t span = p.span_groups; p.span < p.groups; p.span += span) {
        p.span_groups = size_min(span, p.groups - p.span);
        parallel_for(pool, p.span_groups * size_ceil_div(channels, p.packed_channels), pack_task,
                     &p);
        parallel_for(pool, core->frames * p.down * p.across, block_task, &p);
    }
}
