/* The kernels of attention over vectors of any length; each level's file includes this. */
#include "tensor/attention_kernels.h"
#include "tensor/simd.h"

SIMD void *row_at(const AttentionRows *x, size_t i)
{
    return (char *)x->data + i * x->stride * (x->bf16 ? 2 : 4);
}

/* Where vector j of row i of the sums is. */
SIMD float *sum_at(const AttentionSums *x, size_t i, size_t panel, size_t j)
{
    return x->sums + panel * x->panel_stride + i * x->columns + j;
}

SIMD size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

SIMD Vec score(const AttentionSoften *s, const float *bias, const float *x, size_t at, size_t n)
{
    Vec t = vec_mul(vec_load(x), vec_set(s->scale));
    if (bias) t = vec_add(t, vec_get_n(bias, false, at, n, 0));
    return n < LANES ? vec_first(t, n, -__builtin_inff()) : t;
}

static void soften_row(const AttentionSoften *s, size_t i)
{
    const AttentionSums *x = &s->x;
    const float *bias = s->bias ? s->bias - i : NULL;
    Vec most = vec_set(s->top[i]), sum = vec_set(0);
    for (size_t at = 0, panel = 0; at < x->width; panel++)
        for (size_t j = 0; j < x->columns && at < x->width; j += LANES, at += LANES)
            most = vec_max(score(s, bias, sum_at(x, i, panel, j), at, x->width - at), most);
    float before = s->top[i], top = vec_top(most), base = top > -__builtin_inff() ? top : 0;
    void *p = row_at(&s->p, i);
    for (size_t at = 0, panel = 0; at < s->padded; panel++)
        for (size_t j = 0; j < x->columns && at < s->padded; j += LANES, at += LANES) {
            Vec e = vec_set(0);
            if (at < x->width) {
                e = score(s, bias, sum_at(x, i, panel, j), at, x->width - at);
                e = vec_exp(vec_sub(e, vec_set(base)));
                sum = vec_add(sum, e);
            }
            vec_put_n(p, s->p.bf16, at, e, s->padded - at);
        }
    float fade[LANES];
    vec_store(fade, vec_exp(vec_set(before - base)));
    s->fade[i] = fade[0];
    s->top[i] = top;
    s->total[i] = s->total[i] * fade[0] + vec_sum(sum);
}

static void soften(const AttentionSoften *s)
{
    for (size_t i = 0; i < s->x.rows; i++) soften_row(s, i);
}

static void fade(const AttentionSums *x, const float *by)
{
    for (size_t i = 0; i < x->rows; i++) {
        if (by[i] == 1.0f) continue;
        Vec factor = vec_set(by[i]);
        for (size_t at = 0, panel = 0; at < x->width; panel++)
            for (size_t j = 0; j < x->columns && at < x->width; j += LANES, at += LANES) {
                float *y = sum_at(x, i, panel, j);
                vec_store(y, vec_mul(vec_load(y), factor));
            }
    }
}

static void settle(const AttentionSums *x, const float *factor, float scale, const AttentionRows *y,
                   bool add)
{
    for (size_t i = 0; i < x->rows; i++) {
        void *to = row_at(y, i);
        Vec by = vec_set(factor ? factor[i] * scale : scale);
        bool nothing = factor && factor[i] == 0;
        for (size_t at = 0, panel = 0; at < x->width; panel++)
            for (size_t j = 0; j < x->columns && at < x->width; j += LANES, at += LANES) {
                Vec v = vec_mul(vec_load(sum_at(x, i, panel, j)), by);
                if (nothing) v = vec_set(0);
                if (add) v = vec_add(v, vec_get_n(to, y->bf16, at, x->width - at, 0));
                vec_put_n(to, y->bf16, at, v, x->width - at);
            }
    }
}

static void slopes(const AttentionSlopes *s)
{
    const AttentionSums *x = &s->x;
    Vec scale = vec_set(s->scale);
    for (size_t j = 0; j < s->padded; j += LANES) {
        size_t n = j < x->width ? x->width - j : 0, stored = s->padded - j;
        Vec lse = vec_get_n(s->lse, false, j, n, __builtin_inff());
        Vec dot = vec_get_n(s->dot, false, j, n, 0);
        for (size_t i = 0; i < x->rows; i++) {
            size_t at = i * x->columns + j;
            Vec p = vec_exp(vec_fma(vec_load(x->sums + at), scale, vec_sub(vec_set(0), lse)));
            Vec ds = vec_mul(p, vec_sub(vec_load(s->dp + at), dot));
            vec_put_n(row_at(&s->p, i), s->p.bf16, j, vec_first(p, n, 0), stored);
            vec_put_n(row_at(&s->ds, i), s->ds.bf16, j, vec_first(ds, n, 0), stored);
        }
    }
}

static void dots(float *y, const AttentionRows *a, const AttentionRows *b, size_t rows,
                 size_t width)
{
    for (size_t i = 0; i < rows; i++) {
        const void *left = row_at(a, i), *right = row_at(b, i);
        Vec sum = vec_set(0);
        for (size_t j = 0; j < width; j += LANES)
            sum = vec_fma(vec_get_n(left, a->bf16, j, width - j, 0),
                          vec_get_n(right, b->bf16, j, width - j, 0), sum);
        y[i] = vec_sum(sum);
    }
}
