/* The row loops over vectors of any length; each level's file includes this. Statistics and sums
 * within a row are f32, in vectors; long sums pass into double. */
#include "tensor/rows.h"
#include "tensor/simd.h"

/* One row of a Rows, as an input or as an output. */
typedef struct Row {
    char *at;
    bool bf16, add;
} Row;

SIMD Row row_of(const Rows *x, size_t i)
{
    bool bf16 = x->type == TYPE_BF16;
    return (Row){ (char *)x->data + i * x->stride * (bf16 ? 2 : 4), bf16, x->add };
}

/* Calls ahead for what the next row will read: several matrices at once are more streams than the
 * processor foresees by itself. */
SIMD void fetch(Row x, size_t j)
{
    __builtin_prefetch(x.at + j * (x.bf16 ? 2 : 4));
}

SIMD size_t row_after(RowSet s, size_t r)
{
    return row_set_at(s, r + 1 < s.count ? r + 1 : r);
}

/* n values from j on; what is beyond counts as 0. */
SIMD Vec get(Row x, size_t j, size_t n)
{
    return vec_get_n(x.at, x.bf16, j, n, 0);
}

SIMD Vec get_f32(const float *x, size_t j, size_t n)
{
    return vec_get_n(x, false, j, n, 0);
}

SIMD void put(Row y, size_t j, size_t n, Vec v)
{
    if (y.add) v = vec_add(v, get(y, j, n));
    vec_put_n(y.at, y.bf16, j, v, n);
}

SIMD void add_f32(float *y, size_t j, size_t n, Vec v)
{
    vec_put_n(y, false, j, vec_add(v, get_f32(y, j, n)), n);
}

/* j over vectors, n how many values are left. */
#define EACH(j, n, from, to) \
    for (size_t j = (from), n = (to)-j; j<(to); j += LANES, n = (to)> j ? (to)-j : 0)

/* ---- element by element ---------------------------------------------------------------- */

SIMD Vec silu(Vec x)
{
    Vec e = vec_exp(vec_sub(vec_set(0), x));
    return vec_div(x, vec_add(vec_set(1), e));
}

SIMD Vec silu_slope(Vec x)
{
    Vec s = vec_sigmoid(x);
    return vec_mul(s, vec_fma(x, vec_sub(vec_set(1), s), vec_set(1)));
}

/* (1 + tanh z) / 2 = 1 / (1 + e^-2z), with 2 z = 2 sqrt(2 / pi) (x + 0.044715 x^3) */
SIMD Vec gelu_tanh_gate(Vec x)
{
    Vec cubic = vec_fma(vec_mul(vec_set(0.044715f), x), x, vec_set(1));
    return vec_sigmoid(vec_mul(vec_mul(vec_set(1.59576912f), x), cubic));
}

SIMD Vec gelu_tanh_slope(Vec x)
{
    Vec s = gelu_tanh_gate(x), rest = vec_mul(s, vec_sub(vec_set(1), s));
    Vec inner = vec_fma(vec_mul(vec_set(0.134145f), x), x, vec_set(1));
    return vec_fma(vec_mul(vec_mul(vec_set(1.59576912f), x), rest), inner, s);
}

/* The normal distribution up to x: erf by Abramowitz and Stegun 7.1.26, within 1.5e-7. */
SIMD Vec normal_below(Vec x)
{
    Vec z = vec_mul(vec_abs(x), vec_set(0.70710678f));
    Vec t = vec_div(vec_set(1), vec_fma(vec_set(0.3275911f), z, vec_set(1)));
    Vec p = vec_fma(vec_set(1.061405429f), t, vec_set(-1.453152027f));
    p = vec_fma(p, t, vec_set(1.421413741f));
    p = vec_fma(p, t, vec_set(-0.284496736f));
    p = vec_fma(p, t, vec_set(0.254829592f));
    Vec tail =
        vec_mul(vec_mul(vec_set(0.5f), vec_mul(p, t)), vec_exp(vec_sub(vec_set(0), vec_mul(z, z))));
    return vec_below(x, vec_set(0), tail, vec_sub(vec_set(1), tail));
}

SIMD Vec gelu_erf_slope(Vec x)
{
    Vec density = vec_exp(vec_mul(vec_mul(vec_set(-0.5f), x), x));
    return vec_fma(vec_mul(x, vec_set(0.39894228f)), density, normal_below(x));
}

SIMD Vec map_value(RowsOp op, Vec factor, Vec a, Vec b)
{
    switch (op) {
    case ROWS_SCALE: return vec_mul(factor, a);
    case ROWS_ADD: return vec_add(a, b);
    case ROWS_MUL: return vec_mul(a, b);
    case ROWS_SILU: return silu(a);
    case ROWS_GELU_TANH: return vec_mul(a, gelu_tanh_gate(a));
    case ROWS_GELU_ERF: return vec_mul(a, normal_below(a));
    case ROWS_SILU_BACK: return vec_mul(b, silu_slope(a));
    case ROWS_GELU_TANH_BACK: return vec_mul(b, gelu_tanh_slope(a));
    case ROWS_GELU_ERF_BACK: return vec_mul(b, gelu_erf_slope(a));
    case ROWS_SWIGLU: return vec_mul(silu(a), b);
    case ROWS_OPS: break;
    }
    return vec_set(__builtin_nanf(""));
}

/* `op` is a constant where this is inlined. */
SIMD void map_rows(const RowsMap *call, RowSet rows, const RowsOp op, const bool two)
{
    Vec factor = vec_set(call->factor), none = vec_set(0);
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r), next = row_after(rows, r);
        Row y = row_of(&call->y, i), a = row_of(&call->a, i), b = row_of(&call->b, i);
        Row next_a = row_of(&call->a, next), next_b = row_of(&call->b, next);
        EACH(j, n, 0, call->width)
        {
            fetch(next_a, j);
            if (two) fetch(next_b, j);
            put(y, j, n, map_value(op, factor, get(a, j, n), two ? get(b, j, n) : none));
        }
    }
}

static void map(const RowsMap *call, RowSet rows)
{
    switch (call->op) {
    case ROWS_SCALE: map_rows(call, rows, ROWS_SCALE, false); return;
    case ROWS_ADD: map_rows(call, rows, ROWS_ADD, true); return;
    case ROWS_MUL: map_rows(call, rows, ROWS_MUL, true); return;
    case ROWS_SILU: map_rows(call, rows, ROWS_SILU, false); return;
    case ROWS_GELU_TANH: map_rows(call, rows, ROWS_GELU_TANH, false); return;
    case ROWS_GELU_ERF: map_rows(call, rows, ROWS_GELU_ERF, false); return;
    case ROWS_SILU_BACK: map_rows(call, rows, ROWS_SILU_BACK, true); return;
    case ROWS_GELU_TANH_BACK: map_rows(call, rows, ROWS_GELU_TANH_BACK, true); return;
    case ROWS_GELU_ERF_BACK: map_rows(call, rows, ROWS_GELU_ERF_BACK, true); return;
    case ROWS_SWIGLU: map_rows(call, rows, ROWS_SWIGLU, true); return;
    case ROWS_OPS: return;
    }
}

static void swiglu_back(const RowsSwigluBack *call, RowSet rows)
{
    Vec one = vec_set(1);
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r), next = row_after(rows, r);
        Row a = row_of(&call->a, i), b = row_of(&call->b, i), dy = row_of(&call->dy, i);
        Row da = row_of(&call->da, i), db = row_of(&call->db, i);
        Row next_a = row_of(&call->a, next), next_b = row_of(&call->b, next);
        Row next_dy = row_of(&call->dy, next);
        EACH(j, n, 0, call->width)
        {
            fetch(next_a, j);
            fetch(next_b, j);
            fetch(next_dy, j);
            Vec x = get(a, j, n), u = get(b, j, n), g = get(dy, j, n), s = vec_sigmoid(x);
            Vec slope = vec_mul(s, vec_fma(x, vec_sub(one, s), one));
            put(da, j, n, vec_mul(vec_mul(g, u), slope));
            put(db, j, n, vec_mul(g, vec_mul(x, s)));
        }
    }
}

/* ---- norms ----------------------------------------------------------------------------- */

/* One group of one row: everything that a vector of its features needs. */
typedef struct Group {
    const RowsNorm *n;
    Row x;
    size_t first, end;          /* features of the row */
    const float *scale, *shift; /* of the row's first feature; NULL: 1 and 0 */
    size_t scale_at;            /* scale of feature j stands at scale[j - scale_at] */
    const float *cos, *sin;     /* of the row, or NULL */
    float mean, rstd;
} Group;

SIMD size_t group_of(const RowsNorm *n)
{
    return n->group ? n->group : n->width;
}

SIMD Group group_at(const RowsNorm *n, size_t row, size_t first)
{
    size_t table = (n->row ? n->row[row] : 0) * n->table_stride, group = group_of(n);
    bool each_group = n->scale_width && n->scale_width != n->width;
    return (Group){ .n = n,
                    .x = row_of(&n->x, row),
                    .first = first,
                    .end = first + group,
                    .scale = n->scale ? n->scale + table : NULL,
                    .shift = n->shift ? n->shift + table : NULL,
                    .scale_at = each_group ? first : 0,
                    .cos = n->cos ? n->cos + row * (n->head_dim / 2) : NULL,
                    .sin = n->cos ? n->sin + row * (n->head_dim / 2) : NULL };
}

SIMD Vec scale_of(const Group *g, size_t j, size_t n)
{
    if (!g->scale) return vec_set(1);
    return vec_add(vec_set(g->n->scale_base), get_f32(g->scale, j - g->scale_at, n));
}

SIMD Vec unit_of(const Group *g, size_t j, size_t n)
{
    return vec_mul(vec_sub(get(g->x, j, n), vec_set(g->mean)), vec_set(g->rstd));
}

/* Turns pairs by their angles: (v0 cos - v1 sin, v1 cos + v0 sin), or back. */
SIMD Vec turned_by(const float *cos_of, const float *sin_of, Vec v, bool back)
{
    Vec cos = vec_double_pairs(cos_of), sin = vec_double_pairs(sin_of);
    sin = vec_mul(sin, vec_signs(back ? 1 : -1, back ? -1 : 1));
    return vec_fma(v, cos, vec_mul(vec_swap_pairs(v), sin));
}

SIMD Vec turned(const Group *g, size_t j, Vec v, bool back)
{
    size_t at = j % g->n->head_dim / 2;
    return turned_by(g->cos + at, g->sin + at, v, back);
}

static void measure(Group *g, size_t index, Row next)
{
    const RowsNorm *n = g->n;
    float count = (float)(g->end - g->first);
    Vec sum = vec_set(0), squares = vec_set(0);
    if (!n->rms) EACH(j, left, g->first, g->end) sum = vec_add(sum, get(g->x, j, left));
    g->mean = vec_sum(sum) / count;
    Vec mean = vec_set(g->mean);
    EACH(j, left, g->first, g->end)
    {
        fetch(next, j);
        Vec d = vec_first(vec_sub(get(g->x, j, left), mean), left, 0);
        squares = vec_fma(d, d, squares);
    }
    float size = vec_sum(squares) / count;
    g->rstd = 1.0f / __builtin_sqrtf((size < n->least ? n->least : size) + n->eps);
    if (n->mean && !n->rms) n->mean[index] = g->mean;
    if (n->rstd) n->rstd[index] = g->rstd;
}

SIMD void norm_row(const RowsNorm *n, size_t i, size_t next, const bool rotated)
{
    size_t count = group_of(n);
    Row y = row_of(&n->y, i), next_x = row_of(&n->x, next);
    for (size_t first = 0; first < n->width; first += count) {
        Group g = group_at(n, i, first);
        measure(&g, i * (n->width / count) + first / count, next_x);
        EACH(j, left, first, g.end)
        {
            Vec v = vec_mul(unit_of(&g, j, left), scale_of(&g, j, left));
            if (g.shift) v = vec_add(v, get_f32(g.shift, j, left));
            if (rotated) v = turned(&g, j, v, false);
            put(y, j, left, v);
        }
    }
}

/* ---- norms of heads ---------------------------------------------------------------------
 * As queries and keys have them: every head by its root mean square, bf16, in whole vectors. The
 * same sums as above in half the time, as nothing is asked about within a row. */

SIMD bool plain_bf16(const Rows *x)
{
    return x->type == TYPE_BF16 && !x->add;
}

SIMD bool of_heads(const RowsNorm *n)
{
    return n->rms && !n->shift && n->x.type == TYPE_BF16 && group_of(n) % LANES == 0 &&
           (!n->cos || n->head_dim == group_of(n));
}

SIMD uint16_t *values_at(const Rows *x, size_t row, size_t column)
{
    return (uint16_t *)x->data + row * x->stride + column;
}

/* One head of one row. */
typedef struct HeadNorm {
    size_t width;
    const uint16_t *x, *next; /* next: of the row after this one */
    const float *scale;       /* or NULL: 1 */
    const float *cos, *sin;
} HeadNorm;

SIMD HeadNorm head_at(const RowsNorm *n, size_t row, size_t next, size_t first)
{
    Group g = group_at(n, row, first);
    return (HeadNorm){ .width = g.end - first,
                       .x = values_at(&n->x, row, first),
                       .next = values_at(&n->x, next, first),
                       .scale = g.scale ? g.scale + first - g.scale_at : NULL,
                       .cos = g.cos,
                       .sin = g.sin };
}

SIMD Vec head_scale(const HeadNorm *h, float base, size_t j)
{
    return h->scale ? vec_add(vec_set(base), vec_load(h->scale + j)) : vec_set(1);
}

SIMD void heads_row(const RowsNorm *n, size_t i, size_t next, const bool rotated)
{
    size_t heads = n->width / group_of(n);
    for (size_t k = 0; k < heads; k++) {
        HeadNorm h = head_at(n, i, next, k * group_of(n));
        uint16_t *y = values_at(&n->y, i, k * h.width);
        Vec squares = vec_set(0);
        for (size_t j = 0; j < h.width; j += LANES) {
            __builtin_prefetch(h.next + j);
            Vec v = vec_load_bf16(h.x + j);
            squares = vec_fma(v, v, squares);
        }
        float size = vec_sum(squares) / (float)h.width;
        float rstd = 1.0f / __builtin_sqrtf((size < n->least ? n->least : size) + n->eps);
        if (n->rstd) n->rstd[i * heads + k] = rstd;
        for (size_t j = 0; j < h.width; j += LANES) {
            Vec v = vec_mul(vec_load_bf16(h.x + j), vec_set(rstd));
            v = vec_mul(v, head_scale(&h, n->scale_base, j));
            if (rotated) v = turned_by(h.cos + j / 2, h.sin + j / 2, v, false);
            vec_store_bf16(y + j, v);
        }
    }
}

static void norm_heads(const RowsNorm *n, RowSet rows)
{
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r), next = row_after(rows, r);
        if (n->cos)
            heads_row(n, i, next, true);
        else
            heads_row(n, i, next, false);
    }
}

SIMD void head_back(const RowsNorm *n, const HeadNorm *h, float rstd, const uint16_t *dy,
                    const uint16_t *next_dy, uint16_t *dx, float *dscale, const bool rotated)
{
    Vec along = vec_set(0), by = vec_set(rstd);
    for (size_t j = 0; j < h->width; j += LANES) {
        __builtin_prefetch(h->next + j);
        __builtin_prefetch(next_dy + j);
        Vec dv = vec_load_bf16(dy + j), u = vec_mul(vec_load_bf16(h->x + j), by);
        if (rotated) dv = turned_by(h->cos + j / 2, h->sin + j / 2, dv, true);
        along = vec_fma(vec_mul(dv, head_scale(h, n->scale_base, j)), u, along);
        if (dscale) vec_store(dscale + j, vec_add(vec_mul(dv, u), vec_load(dscale + j)));
    }
    Vec slope = vec_set(vec_sum(along) / (float)h->width);
    for (size_t j = 0; j < h->width; j += LANES) {
        Vec dv = vec_load_bf16(dy + j), u = vec_mul(vec_load_bf16(h->x + j), by);
        if (rotated) dv = turned_by(h->cos + j / 2, h->sin + j / 2, dv, true);
        Vec s = vec_mul(dv, head_scale(h, n->scale_base, j));
        vec_store_bf16(dx + j, vec_mul(by, vec_sub(s, vec_mul(u, slope))));
    }
}

static void norm_heads_back(const RowsNorm *n, const RowsNormBack *back, RowSet rows, float *dscale)
{
    size_t width = group_of(n), heads = n->width / width;
    bool shared = n->scale_width == width; /* one scale for all heads */
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r), next = row_after(rows, r);
        for (size_t k = 0; k < heads; k++) {
            size_t first = k * width;
            HeadNorm h = head_at(n, i, next, first);
            float rstd = n->rstd[i * heads + k], *ds = NULL;
            if (dscale) ds = dscale + (shared ? 0 : first);
            const uint16_t *dy = values_at(&back->dy, i, first);
            const uint16_t *next_dy = values_at(&back->dy, next, first);
            uint16_t *dx = values_at(&back->dx, i, first);
            if (n->cos)
                head_back(n, &h, rstd, dy, next_dy, dx, ds, true);
            else
                head_back(n, &h, rstd, dy, next_dy, dx, ds, false);
        }
    }
}

/* Vectors that would lie across two heads, or two groups, are left to the plain loops. */
SIMD bool crosses(const RowsNorm *n)
{
    return n->cos && (n->head_dim % LANES != 0 || group_of(n) % LANES != 0);
}

static void norm(const RowsNorm *n, RowSet rows)
{
    if (crosses(n)) {
        RowKernels ref;
        row_kernels_ref(&ref);
        ref.norm(n, rows);
        return;
    }
    if (of_heads(n) && plain_bf16(&n->y)) {
        norm_heads(n, rows);
        return;
    }
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r), next = row_after(rows, r);
        if (n->cos)
            norm_row(n, i, next, true);
        else
            norm_row(n, i, next, false);
    }
}

/* One row of what norm_back reads and writes. */
typedef struct BackRow {
    Row x, dy, dx;
} BackRow;

SIMD BackRow back_row(const RowsNorm *n, const RowsNormBack *back, size_t i)
{
    return (BackRow){ row_of(&n->x, i), row_of(&back->dy, i), row_of(&back->dx, i) };
}

SIMD void group_back(const Group *g, BackRow row, BackRow next, float *dscale, float *dshift,
                     const bool rotated)
{
    Row dy = row.dy, dx = row.dx;
    Vec sum = vec_set(0), along = vec_set(0); /* of s = dv * scale, and of s * u */
    float count = (float)(g->end - g->first);
    EACH(j, left, g->first, g->end)
    {
        fetch(next.x, j);
        fetch(next.dy, j);
        if (dx.add) fetch(next.dx, j);
        Vec dv = get(dy, j, left), u = vec_first(unit_of(g, j, left), left, 0);
        if (rotated) dv = turned(g, j, dv, true);
        Vec s = vec_mul(dv, scale_of(g, j, left));
        sum = vec_add(sum, s);
        along = vec_fma(s, u, along);
        if (dscale) add_f32(dscale, j - g->scale_at, left, vec_mul(dv, u));
        if (dshift) add_f32(dshift, j, left, dv);
    }
    Vec mean = vec_set(g->n->rms ? 0 : vec_sum(sum) / count), rstd = vec_set(g->rstd);
    Vec slope = vec_set(vec_sum(along) / count);
    EACH(j, left, g->first, g->end)
    {
        Vec dv = get(dy, j, left), u = unit_of(g, j, left);
        if (rotated) dv = turned(g, j, dv, true);
        Vec s = vec_sub(vec_mul(dv, scale_of(g, j, left)), mean);
        put(dx, j, left, vec_mul(rstd, vec_sub(s, vec_mul(u, slope))));
    }
}

static void norm_back(const RowsNorm *n, const RowsNormBack *back, RowSet rows, float *dscale,
                      float *dshift)
{
    size_t count = group_of(n);
    if (crosses(n)) {
        RowKernels ref;
        row_kernels_ref(&ref);
        ref.norm_back(n, back, rows, dscale, dshift);
        return;
    }
    if (of_heads(n) && back->dy.type == TYPE_BF16 && plain_bf16(&back->dx) && !dshift) {
        norm_heads_back(n, back, rows, dscale);
        return;
    }
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r);
        BackRow row = back_row(n, back, i), next = back_row(n, back, row_after(rows, r));
        for (size_t first = 0; first < n->width; first += count) {
            Group g = group_at(n, i, first);
            size_t index = i * (n->width / count) + first / count;
            g.mean = n->rms ? 0 : n->mean[index];
            g.rstd = n->rstd[index];
            if (n->cos)
                group_back(&g, row, next, dscale, dshift, true);
            else
                group_back(&g, row, next, dscale, dshift, false);
        }
    }
}

/* ---- gates and sums -------------------------------------------------------------------- */

SIMD const float *gate_of(const RowsGate *call, size_t i)
{
    if (!call->gate) return NULL;
    return call->gate + (call->row ? call->row[i] : 0) * call->gate_stride;
}

static void gate(const RowsGate *call, RowSet rows)
{
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r), next = row_after(rows, r);
        const float *by = gate_of(call, i);
        Row x = row_of(&call->x, i), y = row_of(&call->y, i), residual = row_of(&call->residual, i);
        Row next_x = row_of(&call->x, next), next_residual = row_of(&call->residual, next);
        EACH(j, n, 0, call->width)
        {
            fetch(next_x, j);
            fetch(next_residual, j);
            Vec v = get(x, j, n);
            if (by) v = vec_mul(v, get_f32(by, j, n));
            put(y, j, n, vec_add(get(residual, j, n), v));
        }
    }
}

static void gate_back(const RowsGate *call, const Rows *dy, const Rows *dx, RowSet rows,
                      float *dgate)
{
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r), next = row_after(rows, r);
        const float *by = gate_of(call, i);
        Row x = row_of(&call->x, i), up = row_of(dy, i), down = row_of(dx, i);
        Row next_x = row_of(&call->x, next), next_up = row_of(dy, next);
        EACH(j, n, 0, call->width)
        {
            if (dgate) fetch(next_x, j);
            fetch(next_up, j);
            Vec g = get(up, j, n);
            if (dgate) add_f32(dgate, j, n, vec_mul(g, get(x, j, n)));
            put(down, j, n, by ? vec_mul(get_f32(by, j, n), g) : g);
        }
    }
}

static void sums(const RowsSums *call, RowSet rows, float *sum)
{
    for (size_t r = 0; r < rows.count; r++) {
        Row x = row_of(&call->x, row_set_at(rows, r));
        Row next_x = row_of(&call->x, row_after(rows, r));
        EACH(j, n, 0, call->width)
        {
            fetch(next_x, j);
            add_f32(sum, j, n, get(x, j, n));
        }
    }
}

static void softmax(const Rows *y, const Rows *x, RowSet rows, size_t width)
{
    const float nothing = -__builtin_inff();
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r);
        Row from = row_of(x, i), to = row_of(y, i);
        Vec most = vec_set(nothing), sum = vec_set(0);
        EACH(j, n, 0, width)
        most = vec_max(vec_get_n(from.at, from.bf16, j, n, nothing), most);
        float top = vec_top(most);
        Vec base = vec_set(top == nothing ? 0 : top);
        EACH(j, n, 0, width)
        sum = vec_add(sum, vec_exp(vec_sub(vec_get_n(from.at, from.bf16, j, n, nothing), base)));
        float total = vec_sum(sum);
        Vec scale = vec_set(total == 0 ? 0 : 1 / total);
        EACH(j, n, 0, width) put(to, j, n, vec_mul(vec_exp(vec_sub(get(from, j, n), base)), scale));
    }
}

/* ---- sums of everything ---------------------------------------------------------------- */

enum { SUM_PIECE = 32 * LANES }; /* so many values are added in f32 */

static double squares(const Rows *x, RowSet rows, size_t width)
{
    double total = 0;
    for (size_t r = 0; r < rows.count; r++) {
        Row row = row_of(x, row_set_at(rows, r));
        for (size_t first = 0; first < width; first += SUM_PIECE) {
            size_t end = first + SUM_PIECE < width ? first + SUM_PIECE : width;
            Vec sum = vec_set(0);
            EACH(j, n, first, end)
            {
                Vec v = get(row, j, n);
                sum = vec_fma(v, v, sum);
            }
            total += vec_sum_double(sum);
        }
    }
    return total;
}

static double mse(const RowsMse *call, RowSet rows)
{
    double total = 0;
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r), next = row_after(rows, r);
        Row x = row_of(&call->x, i), target = row_of(&call->target, i);
        Row next_x = row_of(&call->x, next), next_target = row_of(&call->target, next);
        double row = 0, weight = call->weight ? call->weight[i] : 1.0;
        if (weight == 0) continue; /* a row that does not count may hold anything, NaN too */
        for (size_t first = 0; first < call->width; first += SUM_PIECE) {
            size_t end = first + SUM_PIECE < call->width ? first + SUM_PIECE : call->width;
            Vec sum = vec_set(0);
            EACH(j, n, first, end)
            {
                fetch(next_x, j);
                fetch(next_target, j);
                Vec d = vec_sub(get(x, j, n), get(target, j, n));
                sum = vec_fma(d, d, sum);
            }
            row += vec_sum_double(sum);
        }
        total += weight * row / (double)call->width;
    }
    return total;
}

static void mse_back(const RowsMse *call, float factor, const Rows *dx, RowSet rows)
{
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r), next = row_after(rows, r);
        Row x = row_of(&call->x, i), target = row_of(&call->target, i), down = row_of(dx, i);
        Row next_x = row_of(&call->x, next), next_target = row_of(&call->target, next);
        float weight = factor * (call->weight ? call->weight[i] : 1.0f);
        Vec by = vec_set(weight);
        EACH(j, n, 0, call->width)
        {
            fetch(next_x, j);
            fetch(next_target, j);
            Vec d = vec_mul(by, vec_sub(get(x, j, n), get(target, j, n)));
            put(down, j, n, weight == 0 ? vec_set(0) : d);
        }
    }
}

static const RowKernels kernels = {
    .map = map,
    .swiglu_back = swiglu_back,
    .norm = norm,
    .norm_back = norm_back,
    .gate = gate,
    .gate_back = gate_back,
    .sums = sums,
    .softmax = softmax,
    .squares = squares,
    .mse = mse,
    .mse_back = mse_back,
};
