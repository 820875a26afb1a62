#include "tensor/gemm_pack.h"

#include <assert.h>
#include <string.h>

#include "base/size.h"

/* A piece is at most so many units of k by lines of the edge: it fits the scratch. */
enum { PIECE_UNITS = 128, PIECE_LINES = 64, VALUES_MAX = 512, BLOCK_MAX = 256 };

/* The same of a piece that is zipped. */
enum { ZIPPED_UNITS = 8, ZIPPED_LINES = 1024 };

static GemmSource source(const Compute *c, const GemmCall *g, const GemmMatrix *x, size_t edge)
{
    bool bf16 = g->precision == GEMM_BF16;
    const GemmTile *tile = bf16 ? &c->kernels.gemm.bf16 : &c->kernels.gemm.f32;
    return (GemmSource){ .kernels = &c->kernels.gemm,
                         .tile = tile,
                         .matrix = x,
                         .rounded = bf16 && tile->pair == 1 && (x->type != TYPE_BF16 || x->scale),
                         .edge = edge,
                         .depth = g->k };
}

GemmSource gemm_source_a(const Compute *c, const GemmCall *g)
{
    GemmSource s = source(c, g, &g->a, g->m);
    s.along_k = !g->a.transposed;
    return s;
}

GemmSource gemm_source_b(const Compute *c, const GemmCall *g)
{
    GemmSource s = source(c, g, &g->b, g->n);
    s.along_k = g->b.transposed;
    return s;
}

/* The type that the tile computes with. */
static Type packed_type(const GemmSource *s)
{
    return s->tile->pair == 2 ? TYPE_BF16 : TYPE_F32;
}

static bool as_is(const GemmSource *s)
{
    return s->matrix->type == packed_type(s) && !s->rounded && !s->matrix->scale;
}

static const char *value_at(const GemmMatrix *x, size_t row, size_t column)
{
    size_t block = type_block(x->type), at = row * x->stride + column;
    assert(at % block == 0);
    return (const char *)x->data + at / block * type_block_bytes(x->type);
}

void gemm_source_span(const GemmSource *s, size_t first, size_t lines, size_t first_unit,
                      size_t units, GemmSpan *out)
{
    const GemmMatrix *x = s->matrix;
    size_t k = size_min(first_unit * s->tile->pair, s->depth), block = type_block(x->type);
    size_t count = size_min(units * s->tile->pair, s->depth - k), bytes = type_block_bytes(x->type);
    size_t row = s->along_k ? first : k, column = s->along_k ? k : first;
    out->data = (const char *)x->data + (row * x->stride + column) / block * bytes;
    out->stride = x->stride / block * bytes;
    out->bytes = size_ceil_div(s->along_k ? count : lines, block) * bytes;
    out->rows = s->along_k ? lines : count;
}

/* Values of a row as f32, whatever they are stored as. Blocks that reach beyond them are decoded
 * aside. */
static void read_f32(const GemmSource *s, size_t row, size_t column, size_t n, float *y)
{
    const GemmMatrix *x = s->matrix;
    size_t block = type_block(x->type);
    float one[BLOCK_MAX];
    for (size_t done = 0, count; done < n; done += count) {
        size_t before = (row * x->stride + column + done) % block;
        const char *from = value_at(x, row, column + done - before);
        count = (n - done) / block * block;
        if (before || !count) {
            count = size_min(block - before, n - done);
            s->kernels->decode(one, from, x->type, block);
            memcpy(y + done, one + before, count * sizeof *y);
        } else {
            s->kernels->decode(y + done, from, x->type, count);
        }
    }
    for (size_t i = 0; x->scale && i < n; i++) y[i] *= x->scale[row];
}

/* Values [column, column + n) of a row of the matrix as the tile's type. */
static void read_values(const GemmSource *s, size_t row, size_t column, size_t n, void *y)
{
    const GemmMatrix *x = s->matrix;
    const GemmKernels *k = s->kernels;
    if (!n) return;
    if (as_is(s)) {
        memcpy(y, value_at(x, row, column), n * (s->tile->pair == 2 ? 2 : 4));
    } else if (x->type == TYPE_F32 && !x->scale) {
        const float *from = (const float *)value_at(x, row, column);
        if (s->tile->pair == 2)
            k->f32_to_bf16(y, from, n);
        else
            k->f32_round(y, from, n);
    } else if (x->type == TYPE_BF16 && !x->scale) {
        k->bf16_to_f32(y, (const uint16_t *)value_at(x, row, column), n);
    } else {
        float piece[VALUES_MAX];
        for (size_t i = 0; i < n; i += VALUES_MAX) {
            size_t count = size_min(VALUES_MAX, n - i);
            float *f = s->tile->pair == 2 ? piece : (float *)y + i;
            read_f32(s, row, column + i, count, f);
            if (s->rounded) k->f32_round(f, f, count);
            if (s->tile->pair == 2) k->f32_to_bf16((uint16_t *)y + i, f, count);
        }
    }
}

typedef struct View {
    const char *data;
    size_t stride; /* bytes */
} View;

/* Rows [row, row + rows) by values [column, column + n) in the tile's type: the matrix itself
 * where it already is, a copy in `scratch` where it has to be converted or ends too early (then
 * filled up with 0 to rows_padded by n_padded). */
static View view(const GemmSource *s, size_t row, size_t rows, size_t rows_padded, size_t column,
                 size_t n, size_t n_padded, void *scratch)
{
    size_t width = s->tile->pair == 2 ? 2 : 4;
    if (as_is(s) && rows == rows_padded && n == n_padded)
        return (View){ value_at(s->matrix, row, column), s->matrix->stride * width };
    size_t stride = size_round_up(n_padded * width, 64);
    for (size_t r = 0; r < rows_padded; r++) {
        char *y = (char *)scratch + r * stride;
        size_t have = r < rows ? n : 0;
        if (have) read_values(s, row + r, column, have, y);
        memset(y + have * width, 0, (n_padded - have) * width);
    }
    return (View){ scratch, stride };
}

void gemm_pack_lines(const GemmSource *s, size_t first, size_t lines, size_t first_unit,
                     size_t units, uint32_t *y, size_t y_stride, void *scratch)
{
    size_t pair = s->tile->pair, k = first_unit * pair;
    size_t have = size_min(units * pair, s->depth - k), width = pair == 2 ? 2 : 4;
    if (s->along_k) {
        for (size_t i = 0; i < lines; i++) {
            char *to = (char *)(y + i * y_stride);
            read_values(s, first + i, k, have, to);
            memset(to + have * width, 0, units * 4 - have * width);
        }
        return;
    }
    for (size_t u = 0; u < units; u += PIECE_UNITS)
        for (size_t i = 0; i < lines; i += PIECE_LINES) {
            size_t count = size_min(PIECE_UNITS, units - u),
                   wide = size_min(PIECE_LINES, lines - i);
            size_t rows = size_min(count * pair, have - size_min(have, u * pair));
            View v = view(s, k + u * pair, rows, count * pair, first + i, wide, wide, scratch);
            uint32_t *to = y + i * y_stride + u;
            if (pair == 2)
                s->kernels->turn_pairs(to, y_stride, (const uint16_t *)v.data, v.stride / 2, count,
                                       wide);
            else
                s->kernels->turn(to, y_stride, v.data, v.stride, count, wide);
        }
}

const uint32_t *gemm_lines_in_place(const GemmSource *s, size_t first, size_t unit, size_t units,
                                    size_t *stride)
{
    size_t pair = s->tile->pair;
    if (!s->along_k || !as_is(s) || units * pair != s->depth || s->matrix->stride % pair)
        return NULL;
    const char *x = value_at(s->matrix, first, unit * pair);
    if ((uintptr_t)x % sizeof(uint32_t)) return NULL;
    *stride = s->matrix->stride / pair;
    return (const uint32_t *)x;
}

/* `lines` is mostly one of two constants. */
static void copy_rows(uint32_t *y, size_t y_stride, View x, size_t rows, size_t lines)
{
    for (size_t i = 0; i < rows; i++, y += y_stride, x.data += x.stride) {
        if (lines == 16)
            memcpy(y, x.data, 16 * sizeof *y);
        else if (lines == 32)
            memcpy(y, x.data, 32 * sizeof *y);
        else
            memcpy(y, x.data, lines * sizeof *y);
    }
}

/* Lines of one panel, neighbours along k being neighbours in memory. */
static void turn_panel(const GemmSource *s, size_t first, size_t lines, size_t first_unit,
                       size_t units, uint32_t *y, size_t columns, void *scratch)
{
    size_t pair = s->tile->pair;
    /* with few lines a piece may be a whole block of K-quants long */
    size_t piece = size_max(PIECE_UNITS, type_block(s->matrix->type) / pair);
    for (size_t u = 0; u < units; u += piece, y += piece * columns) {
        size_t count = size_min(piece, units - u), k = (first_unit + u) * pair;
        size_t have = k < s->depth ? size_min(count * pair, s->depth - k) : 0;
        View v = view(s, first, lines, lines, k, have, count * pair, scratch);
        s->kernels->turn(y, columns, v.data, v.stride, lines, count);
    }
}

/* Neighbours among the lines are neighbours in memory, and are read along whole rows, as the
 * processor fetches those ahead. */
static void zip_panels(const GemmSource *s, size_t first, size_t lines, size_t first_unit,
                       size_t units, uint32_t *y, size_t columns, size_t panel, void *scratch)
{
    size_t pair = s->tile->pair, most = size_max(ZIPPED_LINES / columns, 1) * columns;
    for (size_t u = 0; u < units; u += ZIPPED_UNITS) {
        size_t count = size_min(ZIPPED_UNITS, units - u), k = (first_unit + u) * pair;
        size_t have = k < s->depth ? size_min(count * pair, s->depth - k) : 0;
        for (size_t i = 0; i < lines; i += most) {
            size_t wide = size_min(most, lines - i);
            uint32_t *to = y + i / columns * panel + u * columns;
            View v = view(s, k, have, count * pair, first + i, wide, wide, scratch);
            if (pair == 2)
                s->kernels->zip(to, columns, panel, (const uint16_t *)v.data, v.stride / 2, count,
                                wide);
            else
                for (size_t c = 0; c < wide; c += columns, to += panel, v.data += columns * 4)
                    copy_rows(to, columns, v, count, size_min(columns, wide - c));
        }
    }
}

void gemm_pack_panels(const GemmSource *s, size_t first, size_t lines, size_t first_unit,
                      size_t units, uint32_t *y, size_t columns, size_t panel, void *scratch)
{
    if (!s->along_k) {
        zip_panels(s, first, lines, first_unit, units, y, columns, panel, scratch);
        return;
    }
    for (size_t i = 0; i < lines; i += columns, y += panel)
        turn_panel(s, first + i, size_min(columns, lines - i), first_unit, units, y, columns,
                   scratch);
}
