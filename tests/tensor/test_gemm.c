#include "check.h"

#include "tensor/amx_emulated.h"
#include "tensor/convert.h"
#include "tensor/gemm.h"

/* The definition, in double: every level has to come close to it. */
static double activation(GemmActivation act, double x)
{
    switch (act) {
    case GEMM_GELU_TANH:
        return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    case GEMM_GELU_ERF: return 0.5 * x * (1 + erf(x * M_SQRT1_2));
    case GEMM_SILU:
    case GEMM_SWIGLU: return x / (1 + exp(-x));
    default: return x;
    }
}

static float value(const void *data, Type type, size_t at)
{
    float y;
    size_t width = type == TYPE_F32 ? 4 : 2;
    convert_row(&y, TYPE_F32, (const char *)data + at * width, type, 1);
    return y;
}

static double entry(const GemmCall *g, const GemmMatrix *x, size_t row, size_t column)
{
    float v = value(x->data, x->type,
                    x->transposed ? column * x->stride + row : row * x->stride + column);
    return g->precision == GEMM_BF16 ? bf16_round(v) : v;
}

static double sum_at(const GemmCall *g, size_t row, size_t column)
{
    double s = g->bias ? g->bias[column] : 0;
    for (size_t k = 0; k < g->k; k++) s += entry(g, &g->a, row, k) * entry(g, &g->b, k, column);
    return s;
}

static double wanted_at(const GemmCall *g, const float *c_before, size_t row, size_t column)
{
    double s = activation(g->act, sum_at(g, row, column));
    if (g->act == GEMM_SWIGLU) s *= sum_at(g, row, g->n / 2 + column);
    if (g->gate) s *= g->gate[(g->gate_row ? g->gate_row[row] : 0) * g->gate_stride + column];
    if (g->residual) s += g->residual[row * g->residual_stride + column];
    if (g->accumulate) s += c_before[row * g->c_stride + column];
    return s;
}

/* Numbers in [-1, 1) that do not depend on the library's generator. */
static float draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)((double)(*state >> 40) / (1 << 23) - 1.0);
}

static void *drawn(uint64_t *state, Type type, size_t n)
{
    void *p = malloc(n * 4 + 4);
    for (size_t i = 0; i < n; i++) {
        float x = draw(state);
        convert_row((char *)p + i * (type == TYPE_F32 ? 4 : 2), type, &x, TYPE_F32, 1);
    }
    return p;
}

typedef struct Case {
    size_t m, n, k;
    bool a_transposed, b_transposed;
    Type a_type, b_type, c_type;
    GemmPrecision precision;
    GemmActivation act;
    bool bias, pre, residual, gate, gate_rows, accumulate, padded;
} Case;

static const char *describe(const Case *t)
{
    static char text[160];
    snprintf(text, sizeof text,
             "%zux%zux%zu %c%c a %d b %d c %d prec %d act %d epilogue %d%d%d%d%d%d", t->m, t->n,
             t->k, t->a_transposed ? 'T' : 'N', t->b_transposed ? 'T' : 'N', t->a_type, t->b_type,
             t->c_type, t->precision, t->act, t->bias, t->pre, t->residual, t->gate, t->gate_rows,
             t->accumulate);
    return text;
}

enum { SENTINEL = 0x5A };

/* Sanitizers look at every access; for the values fewer places will do. */
#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1, ROWS_APART = 29, COLUMNS_APART = 13 };
#else
enum { SANITIZED = 0, ROWS_APART = 7, COLUMNS_APART = 5 };
#endif

static GemmCall call_of(const Case *t, uint64_t *seed)
{
    size_t pad = t->padded ? 3 : 0, width = t->act == GEMM_SWIGLU ? t->n / 2 : t->n;
    GemmCall g = { .m = t->m,
                   .n = t->n,
                   .k = t->k,
                   .precision = t->precision,
                   .act = t->act,
                   .c_type = t->c_type,
                   .accumulate = t->accumulate };
    g.a = (GemmMatrix){ NULL, t->a_type, (t->a_transposed ? t->m : t->k) + pad, t->a_transposed };
    g.b = (GemmMatrix){ NULL, t->b_type, (t->b_transposed ? t->k : t->n) + pad, t->b_transposed };
    g.a.data = drawn(seed, t->a_type, g.a.stride * (t->a_transposed ? t->k : t->m));
    g.b.data = drawn(seed, t->b_type, g.b.stride * (t->b_transposed ? t->n : t->k));
    g.c_stride = width + pad;
    if (t->bias) g.bias = drawn(seed, TYPE_F32, t->n);
    if (t->pre) g.pre = calloc(t->m * (t->n + pad), 4);
    g.pre_stride = t->n + pad;
    g.residual_stride = width + pad;
    if (t->residual) g.residual = drawn(seed, TYPE_F32, t->m * g.residual_stride);
    g.gate_stride = width + pad;
    if (t->gate) g.gate = drawn(seed, TYPE_F32, 3 * g.gate_stride);
    if (t->gate_rows) {
        uint32_t *rows = malloc(t->m * sizeof *rows);
        for (size_t i = 0; i < t->m; i++) rows[i] = (uint32_t)(i * 7 % 3);
        g.gate_row = rows;
    }
    return g;
}

static void call_free(GemmCall *g)
{
    free((void *)g->a.data);
    free((void *)g->b.data);
    free((void *)g->bias);
    free(g->pre);
    free((void *)g->residual);
    free((void *)g->gate);
    free((void *)g->gate_row);
}

static void check_values(const Case *t, const GemmCall *g, const float *before)
{
    size_t width = t->act == GEMM_SWIGLU ? t->n / 2 : t->n;
    double tolerance = (t->c_type == TYPE_BF16 ? 5e-3 : 0) + 3e-6 * (8 + (double)t->k);
    for (size_t i = 0; i<t->m; i += t->m> 64 ? ROWS_APART : 1)
        for (size_t j = 0; j<width; j += t->n> 64 ? COLUMNS_APART : 1) {
            double want = wanted_at(g, before, i, j),
                   got = value(g->c, g->c_type, i * g->c_stride + j);
            if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
                fail_msg("%s: C[%zu,%zu] is %.9g, expected %.9g", describe(t), i, j, got, want);
            for (size_t h = 0; g->pre && h < t->n; h += width) {
                want = sum_at(g, i, j + h),
                got = value(g->pre, g->c_type, i * g->pre_stride + j + h);
                if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
                    fail_msg("%s: pre[%zu,%zu] is %.9g, expected %.9g", describe(t), i, j + h, got,
                             want);
            }
        }
}

/* Every pool computes the same bytes, close to the definition, and nothing beside C. */
static void check_case(Compute *const *computes, size_t count, const Case *t)
{
    uint64_t seed = t->m * 31 + t->n * 17 + t->k;
    GemmCall g = call_of(t, &seed);
    size_t values = t->m * g.c_stride, width = t->act == GEMM_SWIGLU ? t->n / 2 : t->n;
    size_t bytes = t->c_type == TYPE_F32 ? 4 : 2;
    float *before = drawn(&seed, TYPE_F32, values);
    char *first = malloc(values * 4), *c = malloc(values * 4);
    for (size_t i = 0; i < count; i++) {
        memset(c, SENTINEL, values * 4);
        if (t->accumulate) memcpy(c, before, values * 4);
        g.c = c;
        gemm(computes[i], &g);
        if (i == 0) {
            check_values(t, &g, before);
            memcpy(first, c, values * 4);
        } else if (memcmp(first, c, values * bytes) != 0) {
            fail_msg("%s: other bytes with %d threads", describe(t),
                     pool_threads(computes[i]->pool));
        }
        for (size_t r = 0; r < t->m && !t->accumulate; r++)
            for (size_t b = width * bytes; b < g.c_stride * bytes; b++)
                if (c[r * g.c_stride * bytes + b] != SENTINEL)
                    fail_msg("%s: wrote beyond row %zu", describe(t), r);
    }
    free(before);
    free(first);
    free(c);
    call_free(&g);
}

typedef struct Fixture {
    Pool *pools[3];
    Compute *computes[3];
    size_t count;
} Fixture;

static void with_level(int level, void (*check)(Compute *const *, size_t))
{
    Fixture f = { .count = SANITIZED ? 2 : 3 };
    for (size_t i = 0; i < f.count; i++) {
        CHECK_OK(pool_new(SANITIZED ? 3 - 2 * (int)i : (int)i + 1, &f.pools[i]));
        CHECK_OK(levels_open(level, f.pools[i], &f.computes[i]));
    }
    check(f.computes, f.count);
    for (size_t i = 0; i < f.count; i++) {
        compute_free(f.computes[i]);
        pool_free(f.pools[i]);
    }
}

static void each_level(void (*check)(Compute *const *, size_t))
{
    for (int l = 0; l < levels_count(); l++) with_level(l, check);
}

static void check_sizes(Compute *const *c, size_t count)
{
    static const size_t sizes[][3] = { { 1, 1, 1 },      { 1, 70, 33 },    { 2, 16, 0 },
                                       { 3, 5, 7 },      { 6, 16, 16 },    { 12, 32, 2 },
                                       { 13, 33, 65 },   { 31, 100, 17 },  { 64, 64, 64 },
                                       { 97, 130, 129 }, { 1, 4, 900 },    { 40, 4, 771 },
                                       { 208, 40, 34 },  { 300, 290, 390 } };
    size_t last = sizeof sizes / sizeof *sizes - 1;
    for (size_t i = 0; i <= last; i++)
        for (int form = 0; form < 4; form++)
            for (int precision = GEMM_BF16; precision <= GEMM_F32; precision++) {
                bool half = precision == (form & 1 ? GEMM_F32 : GEMM_BF16);
                if (SANITIZED && i == last && !half) continue;
                check_case(c, count,
                           &(Case){ .m = sizes[i][0],
                                    .n = sizes[i][1],
                                    .k = sizes[i][2],
                                    .a_transposed = form & 1,
                                    .b_transposed = form & 2,
                                    .precision = (GemmPrecision)precision,
                                    .padded = form == 2 });
            }
}

static void check_types(Compute *const *c, size_t count)
{
    for (int i = 0; i < 8 * 4 * 2; i++) {
        static const Type types[] = { TYPE_F32, TYPE_BF16, TYPE_F16, TYPE_BF16 };
        check_case(c, count,
                   &(Case){ .m = 29,
                            .n = 45,
                            .k = 51,
                            .a_transposed = i & 1,
                            .b_transposed = i & 2,
                            .c_type = i & 4 ? TYPE_BF16 : TYPE_F32,
                            .a_type = types[i >> 3 & 3],
                            .b_type = types[(i >> 3 & 3) ^ 1],
                            .precision = i & 32 ? GEMM_F32 : GEMM_BF16,
                            .padded = i % 3 == 0 });
    }
}

static void check_epilogues(Compute *const *c, size_t count)
{
    for (int act = GEMM_NONE; act <= GEMM_SWIGLU; act++)
        for (int i = 0; i < 32; i++)
            check_case(c, count,
                       &(Case){ .m = 27,
                                .n = i & 1 ? 134 : 64,
                                .k = 19,
                                .b_transposed = true,
                                .act = (GemmActivation)act,
                                .bias = i & 1,
                                .pre = i & 2,
                                .residual = i & 4,
                                .gate = i & 8,
                                .gate_rows = i & 16,
                                .c_type = i % 3 == 1 ? TYPE_BF16 : TYPE_F32,
                                .accumulate = i % 3 == 2,
                                .padded = i % 5 == 0 });
}

/* SwiGLU over several steps along k, weight gradients, and rows too few for a shared B. */
static void check_shapes(Compute *const *c, size_t count)
{
    check_case(c, count,
               &(Case){ 250, 180, 800, .b_transposed = true, .act = GEMM_SWIGLU, .bias = true,
                        .pre = true });
    check_case(
        c, count,
        &(Case){ 20, 260, 800, .b_transposed = true, .act = GEMM_SWIGLU, .c_type = TYPE_BF16 });
    check_case(
        c, count,
        &(Case){ 257, 65, 3001, .a_transposed = true, .accumulate = true, .b_type = TYPE_BF16 });
    check_case(c, count, &(Case){ 16, 256, 2000, .a_transposed = true, .accumulate = true });
}

/* More of B than stays in the second-level cache, shared and packed by the tasks; and the product
 * that is computed as its transpose. */
static void check_large(Compute *const *c, size_t count)
{
    Case t = { 400, 230, 3700, .a_type = TYPE_BF16, .b_type = TYPE_BF16, .b_transposed = true };
    check_case(c, count, &t);
    check_case(c, count, &(Case){ 70, 230, 3700, .a_transposed = true, .c_type = TYPE_BF16 });
    check_case(c, count, &(Case){ 230, 70, 3700, .a_transposed = true, .accumulate = true });
}

/* B of all columns does not fit the shared block: spans of columns, and packing by the tasks. */
static void check_spans(Compute *const *c, size_t count)
{
    for (size_t i = 0; i < count; i++) c[i]->shared_size = 400 << 10;
    check_case(c, count, &(Case){ 230, 700, 200, .b_transposed = true, .bias = true });
    check_case(c, count, &(Case){ 230, 1100, 100, .act = GEMM_SWIGLU, .b_transposed = true });
    check_case(c, count, &(Case){ 230, 300, 1700, .a_transposed = true });
    for (size_t i = 0; i < count; i++) c[i]->shared_size = COMPUTE_SHARED;
}

static void check_residual_in_place(Compute *const *c, size_t count)
{
    (void)count;
    float a[6] = { 1, 2, 3, 4, 5, 6 }, b[3] = { 1, 10, 100 }, x[2] = { 0.5f, -0.5f };
    gemm(c[0], &(GemmCall){ .m = 2,
                            .n = 1,
                            .k = 3,
                            .a = { a, TYPE_F32, 3, false },
                            .b = { b, TYPE_F32, 1, false },
                            .c = x,
                            .c_stride = 1,
                            .precision = GEMM_F32,
                            .residual = x,
                            .residual_stride = 1 });
    assert_float_equal(x[0], 321.5, 0);
    assert_float_equal(x[1], 653.5, 0);
}

/* Infinity and NaN come out as they should; silu(-100) * 1 is not NaN. */
static void check_extremes(Compute *const *c, size_t count)
{
    (void)count;
    float a[5] = { INFINITY, -100, -3e4f, 1e30f, NAN }, one[2] = { 1, 1 };
    for (int act = GEMM_NONE; act <= GEMM_SILU; act++) {
        float y[5];
        gemm(c[0], &(GemmCall){ .m = 5,
                                .n = 1,
                                .k = 1,
                                .a = { a, TYPE_F32, 1, false },
                                .b = { one, TYPE_F32, 1, false },
                                .c = y,
                                .c_stride = 1,
                                .precision = GEMM_F32,
                                .act = (GemmActivation)act });
        assert_true(isinf(y[0]) && y[0] > 0);
        assert_true(isnan(y[4]));
        assert_float_equal(y[1], act ? 0 : -100, 1e-30);
        assert_float_equal(y[2], act ? 0 : -3e4f, 1e-30);
        assert_float_equal(y[3] / 1e30f, 1, 1e-6);
    }
}

#define TEST(name)                        \
    static void test_##name(void **state) \
    {                                     \
        (void)state;                      \
        each_level(check_##name);         \
    }
TEST(sizes)
TEST(types)
TEST(epilogues)
TEST(shapes)
TEST(large)
TEST(spans)
TEST(residual_in_place)
TEST(extremes)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),     cmocka_unit_test(test_types),
        cmocka_unit_test(test_epilogues), cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_large),     cmocka_unit_test(test_spans),
        cmocka_unit_test(test_extremes),  cmocka_unit_test(test_residual_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
