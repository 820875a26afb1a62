/* Products in whole numbers against their definition in double, on all levels that have them:
 * sizes that fill no tile, both kinds of weights, epilogues, numbers that are not finite. */
#include "check.h"

#include "tensor/amx_emulated.h"
#include "tensor/convert.h"
#include "tensor/gemm.h"
#include "tensor/quant.h"

enum { COMPUTES = 3, BLOCK = 32 };

typedef struct Case {
    size_t m, n, k;
    Type weight, a, c;
    bool epilogue;
} Case;

static const Case cases[] = {
    { 1, 1, 32, TYPE_Q8_0, TYPE_F32, TYPE_F32, false },
    { 7, 33, 64, TYPE_Q8_0, TYPE_F32, TYPE_F32, true },
    { 13, 70, 256, TYPE_I8, TYPE_F32, TYPE_F32, true },
    { 64, 32, 96, TYPE_I8, TYPE_BF16, TYPE_BF16, false },
    { 131, 100, 1056, TYPE_Q8_0, TYPE_BF16, TYPE_F32, true },
    { 5, 64, 13824, TYPE_Q8_0, TYPE_F32, TYPE_BF16, false },
};

static float draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)((double)(*state >> 40) / (1 << 23) - 1.0);
}

typedef struct Data {
    const Case *of;
    float *a, *w, *scale, *bias, *residual;
    void *stored, *a_stored;
} Data;

static float *drawn(uint64_t *seed, size_t n, float by)
{
    float *x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = by * draw(seed);
    return x;
}

/* a and w become what their stored forms stand for. */
static Data data_new(const Case *t)
{
    uint64_t seed = t->m * 1000 + t->n;
    Data d = { .of = t, .a = drawn(&seed, t->m * t->k, 3), .w = drawn(&seed, t->n * t->k, 1) };
    d.scale = drawn(&seed, t->n, 1);
    d.bias = drawn(&seed, t->n, 1);
    d.residual = drawn(&seed, t->m * t->n, 1);
    for (size_t i = 0; i < t->n * t->k && t->weight == TYPE_I8; i++)
        d.w[i] = i % 50 ? d.w[i] * 127 : -128;
    for (size_t i = 0; i < BLOCK && t->m > 2; i++) d.a[t->k + i] = 0; /* a block of zeros */
    d.stored = malloc(t->n * t->k * 2);
    quant_encode(d.stored, t->weight, d.w, t->n * t->k);
    if (t->weight == TYPE_I8) ((int8_t *)d.stored)[0] = -128; /* files may have it */
    quant_decode(d.w, d.stored, t->weight, t->n * t->k);
    d.a_stored = malloc(t->m * t->k * 4);
    convert_row(d.a_stored, t->a, d.a, TYPE_F32, t->m * t->k);
    convert_row(d.a, TYPE_F32, d.a_stored, t->a, t->m * t->k);
    return d;
}

static void data_free(Data *d)
{
    free(d->a);
    free(d->w);
    free(d->scale);
    free(d->bias);
    free(d->residual);
    free(d->stored);
    free(d->a_stored);
}

/* The block as it is rounded: 8 bits and a factor. */
static void round_block(const float *a, double y[BLOCK])
{
    float most = 0;
    for (size_t k = 0; k < BLOCK; k++) most = fmaxf(most, fabsf(a[k]));
    float by = most > 1e-30f ? 127 / most : 0;
    for (size_t k = 0; k < BLOCK; k++) y[k] = (double)(most / 127) * (double)lrintf(a[k] * by);
}

typedef struct Sum {
    double value, size, exact; /* size: of the numbers added; exact: without rounding a */
} Sum;

static Sum sum_of(const Data *d, size_t i, size_t j)
{
    const Case *t = d->of;
    double by = t->weight == TYPE_I8 ? (double)d->scale[j] : 1, y[BLOCK];
    Sum s = { 0, 0, 0 };
    for (size_t k = 0; k < t->k; k++) {
        const float *a = d->a + i * t->k + k, *w = d->w + j * t->k + k;
        if (k % BLOCK == 0) round_block(a, y);
        s.value += y[k % BLOCK] * (double)*w * by;
        s.size += fabs(y[k % BLOCK] * (double)*w * by);
        s.exact += (double)*a * (double)*w * by;
    }
    if (!t->epilogue) return s;
    double more = (double)d->bias[j] + (double)d->residual[i * t->n + j];
    s.value += more, s.exact += more;
    return s;
}

static void multiply(const Data *d, Compute *c, void *y)
{
    const Case *t = d->of;
    GemmCall g = { .m = t->m, .n = t->n, .k = t->k, .c = y, .c_type = t->c, .c_stride = t->n };
    g.a = (GemmMatrix){ .data = d->a_stored, .type = t->a, .stride = t->k };
    g.b = (GemmMatrix){ d->stored, t->weight, t->k, true, NULL };
    if (t->weight == TYPE_I8) g.b.scale = d->scale;
    if (t->epilogue) g.bias = d->bias, g.residual = d->residual, g.residual_stride = t->n;
    c->int8 = true;
    gemm(c, &g);
}

static void check_level(const Data *d, const Sum *want, int level)
{
    const Case *t = d->of;
    size_t bytes = t->m * t->n * (t->c == TYPE_F32 ? 4 : 2);
    char *y[COMPUTES];
    bool whole = false;
    for (size_t i = 0; i < COMPUTES; i++) {
        Pool *pool;
        Compute *c;
        CHECK_OK(pool_new((int)i + 1, &pool));
        CHECK_OK(levels_open(level, pool, &c));
        whole = c->kernels.int8.rows > 0;
        y[i] = malloc(bytes);
        multiply(d, c, y[i]);
        assert_memory_equal(y[i], y[0], bytes);
        compute_free(c);
        pool_free(pool);
    }
    double error = 0, norm = 0;
    for (size_t i = 0; i < t->m * t->n; i++) {
        float got;
        convert_row(&got, TYPE_F32, y[0] + i * (t->c == TYPE_F32 ? 4 : 2), t->c, 1);
        double room = 2e-6 * (1 + want[i].size) + (t->c == TYPE_BF16) * 4e-3 * fabs(want[i].value);
        if (whole && !(fabs((double)got - want[i].value) <= room))
            fail_msg("level %d, %zux%zux%zu: [%zu] is %.9g, expected %.9g", level, t->m, t->n, t->k,
                     i, (double)got, want[i].value);
        error += pow((double)got - want[i].exact, 2);
        norm += pow(want[i].exact, 2);
    }
    if (!(sqrt(error / norm) < 8e-3)) /* what 8 bits a number cost */
        fail_msg("level %d: %.3g of the product is lost", level, sqrt(error / norm));
    for (size_t i = 0; i < COMPUTES; i++) free(y[i]);
}

static void equals_the_definition(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Case *t = &cases[i];
        Data d = data_new(t);
        Sum *want = malloc(t->m * t->n * sizeof *want);
        for (size_t k = 0; k < t->m * t->n; k++) want[k] = sum_of(&d, k / t->n, k % t->n);
        for (int l = 0; l < levels_count(); l++) check_level(&d, want, l);
        free(want);
        data_free(&d);
    }
}

/* What is not finite stays so, in its own row only. */
static void keeps_nan(void **state)
{
    (void)state;
    static const Case t = { 8, 33, 96, TYPE_Q8_0, TYPE_F32, TYPE_F32, false };
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    float y[8 * 33];
    for (int l = 0; l < levels_count(); l++) {
        Pool *pool;
        Compute *c;
        CHECK_OK(pool_new(1, &pool));
        CHECK_OK(levels_open(l, pool, &c));
        for (size_t i = 0; i < 3; i++) {
            Data d = data_new(&t);
            ((float *)d.a_stored)[3 * t.k + 40] = bad[i];
            multiply(&d, c, y);
            for (size_t k = 0; k < t.m * t.n; k++) {
                if (c->kernels.int8.rows && k / t.n == 3) assert_false(isfinite(y[k]));
                if (k / t.n != 3) assert_true(isfinite(y[k]));
            }
            data_free(&d);
        }
        compute_free(c);
        pool_free(pool);
    }
}

/* Weights of all columns do not fit the shared block, other products are none of its business. */
static void goes_span_by_span(void **state)
{
    (void)state;
    static const Case t = { 9, 150, 64, TYPE_Q8_0, TYPE_F32, TYPE_F32, false };
    float whole[9 * 150], parts[9 * 150];
    Pool *pool;
    Compute *c;
    CHECK_OK(pool_new(2, &pool));
    CHECK_OK(compute_new(pool, "ref", &c));
    Data d = data_new(&t);
    multiply(&d, c, whole);
    c->shared_size = 2 * 2 * sizeof(GemmInt8Block); /* two groups of columns */
    multiply(&d, c, parts);
    assert_memory_equal(whole, parts, sizeof whole);
    GemmCall g = { .m = 9, .n = 150, .k = 64, .precision = GEMM_F32 };
    g.b = (GemmMatrix){ d.stored, TYPE_Q8_0, 64, true, NULL };
    assert_false(gemm_int8_takes(c, &g));
    g.precision = GEMM_BF16;
    assert_true(gemm_int8_takes(c, &g));
    c->int8 = false;
    assert_false(gemm_int8_takes(c, &g));
    data_free(&d);
    compute_free(c);
    pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(equals_the_definition),
                                        cmocka_unit_test(keeps_nan),
                                        cmocka_unit_test(goes_span_by_span) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
