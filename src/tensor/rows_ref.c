/* The row loops in plain C: the definition of right. Statistics and sums within a row are double,
 * so that the faster levels are measured against the true value and not against another rounding.
 */
#include "tensor/rows.h"

#include <math.h>

#include "tensor/convert.h"

/* One row of a Rows, as an input or as an output. */
typedef struct Row {
    char *at;
    bool bf16, add;
} Row;

static Row row_of(const Rows *x, size_t i)
{
    size_t bytes = x->type == TYPE_BF16 ? 2 : 4;
    return (Row){ (char *)x->data + i * x->stride * bytes, x->type == TYPE_BF16, x->add };
}

static float get(Row x, size_t j)
{
    return x.bf16 ? bf16_to_f32(((const uint16_t *)x.at)[j]) : ((const float *)x.at)[j];
}

static void put(Row y, size_t j, float value)
{
    if (y.add) value += get(y, j);
    if (y.bf16)
        ((uint16_t *)y.at)[j] = bf16_from_f32(value);
    else
        ((float *)y.at)[j] = value;
}

static float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

static float silu(float x)
{
    return x * sigmoid(x);
}

static float silu_slope(float x)
{
    float s = sigmoid(x);
    return s * (1.0f + x * (1.0f - s));
}

static const float GELU_A = 0.7978845608028654f; /* sqrt(2 / pi) */
static const float GELU_B = 0.044715f;

static float gelu_tanh(float x)
{
    return 0.5f * x * (1.0f + tanhf(GELU_A * (x + GELU_B * x * x * x)));
}

static float gelu_tanh_slope(float x)
{
    float t = tanhf(GELU_A * (x + GELU_B * x * x * x));
    return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * GELU_A * (1.0f + 3.0f * GELU_B * x * x);
}

static float gelu_erf(float x)
{
    return 0.5f * x * (1.0f + erff(x * 0.70710678f));
}

static float gelu_erf_slope(float x) /* the normal distribution, plus x times its density */
{
    return 0.5f * (1.0f + erff(x * 0.70710678f)) + x * 0.39894228f * expf(-0.5f * x * x);
}

static float map_value(const RowsMap *call, Row a, Row b, size_t j)
{
    switch (call->op) {
    case ROWS_SCALE: return call->factor * get(a, j);
    case ROWS_ADD: return get(a, j) + get(b, j);
    case ROWS_MUL: return get(a, j) * get(b, j);
    case ROWS_SILU: return silu(get(a, j));
    case ROWS_GELU_TANH: return gelu_tanh(get(a, j));
    case ROWS_GELU_ERF: return gelu_erf(get(a, j));
    case ROWS_SILU_BACK: return get(b, j) * silu_slope(get(a, j));
    case ROWS_GELU_TANH_BACK: return get(b, j) * gelu_tanh_slope(get(a, j));
    case ROWS_GELU_ERF_BACK: return get(b, j) * gelu_erf_slope(get(a, j));
    case ROWS_SWIGLU: return silu(get(a, j)) * get(b, j);
    case ROWS_OPS: break;
    }
    return NAN;
}

static void map(const RowsMap *call, RowSet rows)
{
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r);
        Row y = row_of(&call->y, i), a = row_of(&call->a, i), b = row_of(&call->b, i);
        for (size_t j = 0; j < call->width; j++) put(y, j, map_value(call, a, b, j));
    }
}

static void swiglu_back(const RowsSwigluBack *call, RowSet rows)
{
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r);
        Row a = row_of(&call->a, i), b = row_of(&call->b, i), dy = row_of(&call->dy, i);
        Row da = row_of(&call->da, i), db = row_of(&call->db, i);
        for (size_t j = 0; j < call->width; j++) {
            float x = get(a, j), u = get(b, j), g = get(dy, j);
            put(da, j, g * u * silu_slope(x));
            put(db, j, g * silu(x));
        }
    }
}

static size_t group_of(const RowsNorm *n)
{
    return n->group ? n->group : n->width;
}

/* One group of one row on its way through a norm: everything that feature j of it needs. Features
 * go in steps: pairs where they are rotated together, else one by one. */
typedef struct Group {
    const RowsNorm *n;
    Row x;
    size_t row, step, index; /* index: into mean and rstd */
    float mean, rstd;
} Group;

static float scale_at(const Group *g, size_t j)
{
    const RowsNorm *n = g->n;
    size_t width = n->scale_width ? n->scale_width : n->width;
    size_t table = (n->row ? n->row[g->row] : 0) * n->table_stride;
    return n->scale ? n->scale_base + n->scale[table + j % width] : 1.0f;
}

static float shift_at(const Group *g, size_t j)
{
    const RowsNorm *n = g->n;
    return n->shift ? n->shift[(n->row ? n->row[g->row] : 0) * n->table_stride + j] : 0.0f;
}

static float unit_at(const Group *g, size_t j)
{
    return (get(g->x, j) - g->mean) * g->rstd;
}

/* Turns the pair v at features j and j + 1 by its angle, or back with direction -1. */
static void turn(const Group *g, size_t j, float direction, float *v)
{
    const RowsNorm *n = g->n;
    size_t at = g->row * (n->head_dim / 2) + j % n->head_dim / 2;
    float c = n->cos[at], s = direction * n->sin[at], first = v[0];
    v[0] = first * c - v[1] * s;
    v[1] = v[1] * c + first * s;
}

static Group group_at(const RowsNorm *n, size_t row, size_t group)
{
    size_t index = row * (n->width / group_of(n)) + group;
    return (Group){ n, row_of(&n->x, row), row, n->cos ? 2 : 1, index, 0, 0 };
}

static void measure(Group *g, size_t first)
{
    size_t count = group_of(g->n);
    double sum = 0, squares = 0;
    if (!g->n->rms)
        for (size_t j = first; j < first + count; j++) sum += get(g->x, j);
    g->mean = (float)(sum / (double)count);
    for (size_t j = first; j < first + count; j++) {
        double d = get(g->x, j) - g->mean;
        squares += d * d;
    }
    double size = squares / (double)count, least = g->n->least;
    g->rstd = (float)(1.0 / sqrt((size < least ? least : size) + g->n->eps));
    if (g->n->mean && !g->n->rms) g->n->mean[g->index] = g->mean;
    if (g->n->rstd) g->n->rstd[g->index] = g->rstd;
}

static void norm(const RowsNorm *n, RowSet rows)
{
    size_t count = group_of(n);
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r);
        Row y = row_of(&n->y, i);
        for (size_t first = 0; first < n->width; first += count) {
            Group g = group_at(n, i, first / count);
            measure(&g, first);
            for (size_t j = first; j < first + count; j += g.step) {
                float v[2];
                for (size_t p = 0; p < g.step; p++)
                    v[p] = unit_at(&g, j + p) * scale_at(&g, j + p) + shift_at(&g, j + p);
                if (n->cos) turn(&g, j, 1.0f, v);
                for (size_t p = 0; p < g.step; p++) put(y, j + p, v[p]);
            }
        }
    }
}

/* dv at features j .. j + step - 1: the upstream gradient turned back. */
static void upstream(const Group *g, Row dy, size_t j, float *dv)
{
    for (size_t p = 0; p < g->step; p++) dv[p] = get(dy, j + p);
    if (g->n->cos) turn(g, j, -1.0f, dv);
}

static void group_back(const Group *g, size_t first, Row dy, Row dx, float *dscale, float *dshift)
{
    const RowsNorm *n = g->n;
    size_t count = group_of(n), width = n->scale_width ? n->scale_width : n->width;
    double sum = 0, along = 0; /* of g = dv * scale, and of g * u */
    float dv[2];
    for (size_t j = first; j < first + count; j += g->step) {
        upstream(g, dy, j, dv);
        for (size_t p = 0; p < g->step; p++) {
            float s = dv[p] * scale_at(g, j + p), u = unit_at(g, j + p);
            sum += s;
            along += (double)s * u;
            if (dscale) dscale[(j + p) % width] += dv[p] * u;
            if (dshift) dshift[j + p] += dv[p];
        }
    }
    float mean = n->rms ? 0.0f : (float)(sum / (double)count);
    float slope = (float)(along / (double)count);
    for (size_t j = first; j < first + count; j += g->step) {
        float u[2];
        upstream(g, dy, j, dv);
        for (size_t p = 0; p < g->step; p++) u[p] = unit_at(g, j + p);
        for (size_t p = 0; p < g->step; p++)
            put(dx, j + p, g->rstd * (dv[p] * scale_at(g, j + p) - mean - u[p] * slope));
    }
}

static void norm_back(const RowsNorm *n, const RowsNormBack *back, RowSet rows, float *dscale,
                      float *dshift)
{
    size_t count = group_of(n);
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r);
        for (size_t first = 0; first < n->width; first += count) {
            Group g = group_at(n, i, first / count);
            g.mean = n->rms ? 0.0f : n->mean[g.index];
            g.rstd = n->rstd[g.index];
            group_back(&g, first, row_of(&back->dy, i), row_of(&back->dx, i), dscale, dshift);
        }
    }
}

static void gate(const RowsGate *call, RowSet rows)
{
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r);
        const float *gate =
            call->gate ? call->gate + (call->row ? call->row[i] : 0) * call->gate_stride : NULL;
        Row x = row_of(&call->x, i), y = row_of(&call->y, i), residual = row_of(&call->residual, i);
        for (size_t j = 0; j < call->width; j++)
            put(y, j, get(residual, j) + (gate ? gate[j] : 1.0f) * get(x, j));
    }
}

static void gate_back(const RowsGate *call, const Rows *dy, const Rows *dx, RowSet rows,
                      float *dgate)
{
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r);
        const float *gate =
            call->gate ? call->gate + (call->row ? call->row[i] : 0) * call->gate_stride : NULL;
        Row x = row_of(&call->x, i), up = row_of(dy, i), down = row_of(dx, i);
        for (size_t j = 0; j < call->width; j++) {
            float g = get(up, j);
            if (dgate) dgate[j] += g * get(x, j);
            put(down, j, (gate ? gate[j] : 1.0f) * g);
        }
    }
}

static void sums(const RowsSums *call, RowSet rows, float *sums)
{
    for (size_t r = 0; r < rows.count; r++) {
        Row x = row_of(&call->x, row_set_at(rows, r));
        for (size_t j = 0; j < call->width; j++) sums[j] += get(x, j);
    }
}

static void softmax_row(Row y, Row x, size_t width)
{
    float max = -INFINITY;
    double sum = 0;
    for (size_t j = 0; j < width; j++) max = fmaxf(max, get(x, j));
    if (max == -INFINITY) max = 0.0f; /* all masked (or NaN): the differences stay what they are */
    for (size_t j = 0; j < width; j++) sum += expf(get(x, j) - max);
    float scale = sum == 0 ? 0.0f : (float)(1.0 / sum);
    for (size_t j = 0; j < width; j++) put(y, j, expf(get(x, j) - max) * scale);
}

static void softmax(const Rows *y, const Rows *x, RowSet rows, size_t width)
{
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r);
        softmax_row(row_of(y, i), row_of(x, i), width);
    }
}

static double squares(const Rows *x, RowSet rows, size_t width)
{
    double sum = 0;
    for (size_t r = 0; r < rows.count; r++) {
        Row row = row_of(x, row_set_at(rows, r));
        for (size_t j = 0; j < width; j++) sum += (double)get(row, j) * get(row, j);
    }
    return sum;
}

static double mse(const RowsMse *call, RowSet rows)
{
    double sum = 0;
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r);
        Row x = row_of(&call->x, i), target = row_of(&call->target, i);
        double row = 0, weight = call->weight ? call->weight[i] : 1.0;
        if (weight == 0) continue; /* a row that does not count may hold anything, NaN too */
        for (size_t j = 0; j < call->width; j++) {
            double d = get(x, j) - get(target, j);
            row += d * d;
        }
        sum += weight * row / (double)call->width;
    }
    return sum;
}

static void mse_back(const RowsMse *call, float factor, const Rows *dx, RowSet rows)
{
    for (size_t r = 0; r < rows.count; r++) {
        size_t i = row_set_at(rows, r);
        Row x = row_of(&call->x, i), target = row_of(&call->target, i), down = row_of(dx, i);
        float weight = factor * (call->weight ? call->weight[i] : 1.0f);
        for (size_t j = 0; j < call->width; j++)
            put(down, j, weight == 0 ? 0.0f : weight * (get(x, j) - get(target, j)));
    }
}

void row_kernels_ref(RowKernels *k)
{
    *k = (RowKernels){
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
}
