/* The kernels of attention where probabilities are bf16 pairs: two vectors of scores become one of
 * probabilities. What is rarer (f32 probabilities, a bias) takes the way of all vectors. */
#include "tensor/attention_simd.h"

#define UNROLLED _Pragma("GCC unroll 16")

enum { WIDE = 32, ROWS = 16 };

static const float LOG2_E = 1.44269504f;

/* 2^x to 2e-7, 0 for -infinity: a polynomial of what is beyond the whole number below x. */
SIMD __m512 exp2_of(__m512 x)
{
    __m512 f = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(1.8775767e-3f), f, _mm512_set1_ps(8.9893406e-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.5826318e-2f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.4015361e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.9315308e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(9.9999994e-1f));
    return _mm512_scalef_ps(p, x);
}

/* The first n of 32. */
SIMD __mmask32 first_of(size_t n)
{
    return n >= WIDE ? 0xFFFFFFFF : (1u << n) - 1;
}

SIMD void put_pairs(void *row, size_t j, __m512 left, __m512 right, __mmask32 m)
{
    _mm512_mask_storeu_epi16((uint16_t *)row + j, m, (__m512i)_mm512_cvtne2ps_pbh(right, left));
}

SIMD __m512 larger(__m512 a, __m512 b) /* b if one is NaN */
{
    return _mm512_max_ps(a, b);
}

SIMD __m512 together(__m512 a, __m512 b)
{
    return _mm512_add_ps(a, b);
}

/* The largest value, or the sum, of each of 16 vectors, in their order. */
#define OF_EACH(name, f)                                                                         \
    SIMD __m512 name(__m512 v[ROWS])                                                             \
    {                                                                                            \
        UNROLLED for (int i = 0; i < ROWS; i += 2) v[i / 2] =                                    \
            f(_mm512_unpacklo_ps(v[i], v[i + 1]), _mm512_unpackhi_ps(v[i], v[i + 1]));           \
        UNROLLED for (int i = 0; i < ROWS / 2; i += 2)                                           \
        {                                                                                        \
            __m512d a = _mm512_castps_pd(v[i]), b = _mm512_castps_pd(v[i + 1]);                  \
            v[i / 2] = f(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)),                             \
                         _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));                            \
        }                                                                                        \
        UNROLLED for (int n = ROWS / 4; n > 1; n /= 2) for (int i = 0; i < n; i += 2) v[i / 2] = \
            f(_mm512_shuffle_f32x4(v[i], v[i + 1], 0x88),                                        \
              _mm512_shuffle_f32x4(v[i], v[i + 1], 0xDD));                                       \
        return v[0];                                                                             \
    }
OF_EACH(largest_of_each, larger)
OF_EACH(sum_of_each, together)

/* 16 rows from `first` on; rows that do not exist repeat the last one and are not stored. */
static void soften_rows(const AttentionSoften *s, size_t first)
{
    const AttentionSums *x = &s->x;
    size_t rows = smaller(x->rows - first, ROWS);
    const __m512 none = _mm512_set1_ps(-__builtin_inff());
    __m512 v[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        const float *row = sum_at(x, first + smaller(i, rows - 1), 0, 0);
        __m512 left = none, right = none;
        for (size_t j = 0; j < x->width; j += WIDE, row += x->panel_stride) {
            __mmask32 m = first_of(x->width - j);
            left = larger(_mm512_mask_loadu_ps(none, (__mmask16)m, row), left);
            right = larger(_mm512_mask_loadu_ps(none, (__mmask16)(m >> 16), row + 16), right);
        }
        v[i] = larger(left, right);
    }
    __mmask16 used = (__mmask16)first_of(rows);
    __m512 before = _mm512_maskz_loadu_ps(used, s->top + first);
    __m512 top = larger(_mm512_mul_ps(largest_of_each(v), _mm512_set1_ps(s->scale)), before);
    __m512 base = _mm512_mask_mov_ps(top, _mm512_cmp_ps_mask(top, none, _CMP_EQ_OQ), vec_set(0));
    __m512 fade = exp2_of(_mm512_mul_ps(_mm512_sub_ps(before, base), _mm512_set1_ps(LOG2_E)));
    float bases[ROWS];
    _mm512_storeu_ps(bases, _mm512_mul_ps(base, _mm512_set1_ps(LOG2_E)));
    const __m512 scale = _mm512_set1_ps(s->scale * LOG2_E);
    for (size_t i = 0; i < rows; i++) {
        const float *row = sum_at(x, first + i, 0, 0);
        void *p = row_at(&s->p, first + i);
        __m512 left = vec_set(0), right = left, down = _mm512_set1_ps(bases[i]);
        for (size_t j = 0; j < s->padded; j += WIDE, row += x->panel_stride) {
            __m512 a = vec_set(0), b = a;
            if (j < x->width) {
                __mmask32 m = first_of(x->width - j);
                a = exp2_of(_mm512_fmsub_ps(_mm512_load_ps(row), scale, down));
                b = exp2_of(_mm512_fmsub_ps(_mm512_load_ps(row + 16), scale, down));
                a = _mm512_maskz_mov_ps((__mmask16)m, a);
                b = _mm512_maskz_mov_ps((__mmask16)(m >> 16), b);
                left = _mm512_add_ps(left, a), right = _mm512_add_ps(right, b);
            }
            put_pairs(p, j, a, b, first_of(s->padded - j));
        }
        v[i] = _mm512_add_ps(left, right);
    }
    for (size_t i = rows; i < ROWS; i++) v[i] = vec_set(0);
    __m512 total = _mm512_maskz_loadu_ps(used, s->total + first);
    total = _mm512_fmadd_ps(total, fade, sum_of_each(v));
    _mm512_mask_storeu_ps(s->total + first, used, total);
    _mm512_mask_storeu_ps(s->top + first, used, top);
    _mm512_mask_storeu_ps(s->fade + first, used, fade);
}

static void soften_pairs(const AttentionSoften *s)
{
    if (!s->p.bf16 || s->bias || !(s->scale > 0)) {
        soften(s);
        return;
    }
    for (size_t i = 0; i < s->x.rows; i += ROWS) soften_rows(s, i);
}

static void settle_pairs(const AttentionSums *x, const float *factor, float scale,
                         const AttentionRows *y, bool add)
{
    if (!y->bf16 || add) {
        settle(x, factor, scale, y, add);
        return;
    }
    for (size_t i = 0; i < x->rows; i++) {
        const float *row = sum_at(x, i, 0, 0);
        __m512 by = _mm512_set1_ps(factor ? factor[i] * scale : scale);
        __mmask16 some = factor && factor[i] == 0 ? 0 : 0xFFFF;
        for (size_t j = 0; j < x->width; j += WIDE, row += x->panel_stride)
            put_pairs(row_at(y, i), j, _mm512_maskz_mul_ps(some, _mm512_load_ps(row), by),
                      _mm512_maskz_mul_ps(some, _mm512_load_ps(row + 16), by),
                      first_of(x->width - j));
    }
}

static void slopes_pairs(const AttentionSlopes *s)
{
    const AttentionSums *x = &s->x;
    if (!s->p.bf16) {
        slopes(s);
        return;
    }
    const __m512 scale = _mm512_set1_ps(s->scale * LOG2_E);
    for (size_t j = 0; j < s->padded; j += WIDE) {
        size_t n = j < x->width ? x->width - j : 0;
        __mmask16 m[2] = { (__mmask16)first_of(n), (__mmask16)(first_of(n) >> 16) };
        __mmask32 stored = first_of(s->padded - j);
        __m512 lse[2], dot[2], p[2], ds[2];
        for (int h = 0; h < 2; h++) {
            lse[h] = _mm512_maskz_loadu_ps(m[h], s->lse + j + 16 * h);
            lse[h] = _mm512_mul_ps(lse[h], _mm512_set1_ps(LOG2_E));
            dot[h] = _mm512_maskz_loadu_ps(m[h], s->dot + j + 16 * h);
        }
        for (size_t i = 0; i < x->rows; i++) {
            size_t at = i * x->columns + j;
            UNROLLED for (int h = 0; h < 2; h++)
            {
                __m512 t = _mm512_load_ps(x->sums + at + 16 * h);
                p[h] = _mm512_maskz_mov_ps(m[h], exp2_of(_mm512_fmsub_ps(t, scale, lse[h])));
                t = _mm512_sub_ps(_mm512_load_ps(s->dp + at + 16 * h), dot[h]);
                ds[h] = _mm512_maskz_mul_ps(m[h], p[h], t);
            }
            put_pairs(row_at(&s->p, i), j, p[0], p[1], stored);
            put_pairs(row_at(&s->ds, i), j, ds[0], ds[1], stored);
        }
    }
}

/* Products of bf16 are exact in f32; the instruction adds them up in it. */
static void dots_pairs(float *y, const AttentionRows *a, const AttentionRows *b, size_t rows,
                       size_t width)
{
    if (!a->bf16 || !b->bf16) {
        dots(y, a, b, rows, width);
        return;
    }
    for (size_t i = 0; i < rows; i++) {
        const uint16_t *left = row_at(a, i), *right = row_at(b, i);
        __m512 sum = vec_set(0);
        for (size_t j = 0; j < width; j += WIDE) {
            __mmask32 m = first_of(width - j);
            sum = _mm512_dpbf16_ps(sum, (__m512bh)_mm512_maskz_loadu_epi16(m, left + j),
                                   (__m512bh)_mm512_maskz_loadu_epi16(m, right + j));
        }
        y[i] = vec_sum(sum);
    }
}

void attention_avx512bf16_fill(AttentionKernels *k)
{
    *k = (AttentionKernels){ soften_pairs, fade, settle_pairs, slopes_pairs, dots_pairs };
}
