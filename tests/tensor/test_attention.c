/* Every level's attention against the plain loops: every length of head and sequence, types, bias,
 * NaN and -inf; and the gradients of the plain loops against finite differences. */
#include "check.h"

#include "base/rng.h"
#include "tensor/amx_emulated.h"
#include "tensor/attention.h"
#include "tensor/convert.h"

enum { SEQUENCES_MAX = 4 };

typedef struct Shape {
    size_t heads, head_dim, sequences;
    size_t queries[SEQUENCES_MAX], keys[SEQUENCES_MAX];
    Type type, grad_type;
    bool exact, bias, add;
} Shape;

/* One call's memory: inputs drawn from a seed, results apart. */
typedef struct Case {
    Arena *a;
    AttentionCall call;
    AttentionGrad grad;
    size_t q_start[SEQUENCES_MAX + 1], k_start[SEQUENCES_MAX + 1];
} Case;

static void *drawn(Arena *a, Type type, size_t n, uint64_t seed)
{
    float *x = arena_alloc(a, n * sizeof *x);
    rng_fill_normal(x, 0, n, seed);
    void *y = arena_alloc(a, n * type_block_bytes(type));
    convert_row(y, type, x, TYPE_F32, n);
    return y;
}

static Case make(const Shape *s)
{
    Case k = { .a = arena_new("case", 0) };
    for (size_t i = 0; i < s->sequences; i++) {
        k.q_start[i + 1] = k.q_start[i] + s->queries[i];
        k.k_start[i + 1] = k.k_start[i] + s->keys[i];
    }
    size_t width = s->heads * s->head_dim, stride = width + 3;
    size_t q = k.q_start[s->sequences] * stride, n = k.k_start[s->sequences] * stride;
    size_t reach = 0;
    for (size_t i = 0; i < s->sequences; i++)
        reach = s->queries[i] + s->keys[i] > reach ? s->queries[i] + s->keys[i] : reach;
    k.call = (AttentionCall){ .heads = s->heads,
                              .head_dim = s->head_dim,
                              .scale = 1.5f / sqrtf((float)s->head_dim),
                              .sequences = s->sequences,
                              .type = s->type,
                              .q = drawn(k.a, s->type, q + 1, 1),
                              .k = drawn(k.a, s->type, n + 1, 2),
                              .v = drawn(k.a, s->type, n + 1, 3),
                              .q_stride = stride,
                              .k_stride = stride,
                              .v_stride = stride,
                              .out = drawn(k.a, s->type, q + 1, 4),
                              .out_stride = stride,
                              .lse = arena_zero(k.a, s->heads * q * sizeof(float) + 4),
                              .exact = s->exact };
    if (s->bias) {
        k.call.bias = drawn(k.a, TYPE_F32, s->heads * (2 * reach + 1), 5);
        k.call.bias_reach = reach;
    }
    k.grad = (AttentionGrad){ .dout = drawn(k.a, s->grad_type, q + 1, 6),
                              .dq = drawn(k.a, s->grad_type, q + 1, 7),
                              .dk = drawn(k.a, s->grad_type, n + 1, 8),
                              .dv = drawn(k.a, s->grad_type, n + 1, 9),
                              .type = s->grad_type,
                              .add = s->add,
                              .scratch = k.a };
    return k;
}

static void run(const Compute *c, Case *k)
{
    k->call.q_start = k->q_start;
    k->call.k_start = k->k_start;
    attention_forward(c, &k->call);
    if (!k->call.bias) attention_backward(c, &k->call, &k->grad);
}

static float at(const void *x, Type type, size_t i)
{
    float y;
    convert_row(&y, TYPE_F32, (const char *)x + i * type_block_bytes(type), type, 1);
    return y;
}

/* Both NaN, both the same infinity, or within tolerance of the largest value around. */
static void compare(const char *what, const void *got, const void *want, Type type, size_t n,
                    double tolerance)
{
    double size = 1e-3;
    for (size_t i = 0; i < n; i++) {
        double x = fabs(at(want, type, i));
        if (isfinite(x)) size = fmax(size, x);
    }
    for (size_t i = 0; i < n; i++) {
        float g = at(got, type, i), w = at(want, type, i);
        if (isnan(w) ? isnan(g) : isinf(w) ? g == w : fabs((double)g - w) <= tolerance * size)
            continue;
        fail_msg("%s[%zu] is %.9g, expected %.9g", what, i, g, w);
    }
}

typedef struct Levels {
    Compute *ref, *fast[CPU_LEVELS + 1];
    size_t count;
    Pool *pool;
} Levels;

static Levels open_all(void)
{
    Levels l = { 0 };
    CHECK_OK(pool_new(2, &l.pool));
    CHECK_OK(compute_new(l.pool, "ref", &l.ref));
    for (int v = CPU_AVX2; v < levels_count(); v++)
        CHECK_OK(levels_open(v, l.pool, &l.fast[l.count++]));
    return l;
}

static void close_all(Levels *l)
{
    for (size_t i = 0; i < l->count; i++) compute_free(l->fast[i]);
    compute_free(l->ref);
    pool_free(l->pool);
}

/* Something in the inputs that is not a number, or no number at all. */
typedef void (*SpoilFn)(Case *k);

/* Without `exact` levels may round operands, probabilities and slopes to bf16. */
static void check(const Levels *l, const Shape *s, SpoilFn spoil)
{
    Case want = make(s);
    if (spoil) spoil(&want);
    run(l->ref, &want);
    size_t q = want.q_start[s->sequences] * want.call.q_stride;
    size_t n = want.k_start[s->sequences] * want.call.k_stride;
    size_t lse = s->heads * want.q_start[s->sequences];
    for (size_t i = 0; i < l->count; i++) {
        Case got = make(s);
        if (spoil) spoil(&got);
        run(l->fast[i], &got);
        bool rounds = !s->exact && compute_has_bf16(l->fast[i]);
        double t = rounds ? 2e-2 : s->type == TYPE_BF16 ? 8e-3 : 1e-5;
        double tg = rounds ? 2e-2 : s->grad_type == TYPE_BF16 || s->type == TYPE_BF16 ? 8e-3 : 2e-5;
        compare("out", got.call.out, want.call.out, s->type, q, t);
        compare("lse", got.call.lse, want.call.lse, TYPE_F32, lse, rounds ? 1e-2 : 1e-5);
        if (!s->bias) {
            compare("dq", got.grad.dq, want.grad.dq, s->grad_type, q, tg);
            compare("dk", got.grad.dk, want.grad.dk, s->grad_type, n, tg);
            compare("dv", got.grad.dv, want.grad.dv, s->grad_type, n, tg);
        }
        arena_free(got.a);
    }
    arena_free(want.a);
}

static Shape square(size_t head_dim, size_t queries, size_t keys)
{
    return (Shape){ .heads = 2,
                    .head_dim = head_dim,
                    .sequences = 1,
                    .queries = { queries },
                    .keys = { keys },
                    .exact = true };
}

static void every_head_length(void **state)
{
    (void)state;
    Levels l = open_all();
    for (size_t d = 1; d <= 70; d++) {
        Shape s = square(d, 13, 19);
        check(&l, &s, NULL);
    }
    Shape widest = square(ATTENTION_HEAD_DIM_MAX, 150, 300);
    check(&l, &widest, NULL);
    close_all(&l);
}

static void every_length(void **state)
{
    (void)state;
    Levels l = open_all();
    for (size_t n = 1; n <= 70; n++) {
        Shape keys = square(16, 7, n), queries = square(16, n, 5);
        check(&l, &keys, NULL);
        check(&l, &queries, NULL);
    }
    static const size_t long_ones[][2] = { { 64, 64 },  { 448, 448 }, { 256, 257 }, { 257, 256 },
                                           { 600, 25 }, { 3, 700 },   { 97, 145 },  { 145, 97 } };
    for (size_t i = 0; i < sizeof long_ones / sizeof *long_ones; i++) {
        Shape s = square(20, long_ones[i][0], long_ones[i][1]);
        check(&l, &s, NULL);
    }
    close_all(&l);
}

static void packed_batches_of_every_type(void **state)
{
    (void)state;
    Levels l = open_all();
    for (int i = 0; i < 16; i++) {
        Shape s = { .heads = 3,
                    .head_dim = 24,
                    .sequences = 4,
                    .queries = { 30, 0, 300, 5 },
                    .keys = { 31, 4, 12, 0 },
                    .type = i & 1 ? TYPE_BF16 : TYPE_F32,
                    .grad_type = i & 2 ? TYPE_BF16 : TYPE_F32,
                    .exact = (i & 4) != 0,
                    .add = (i & 8) != 0 };
        check(&l, &s, NULL);
        s.bias = true;
        check(&l, &s, NULL);
    }
    close_all(&l);
}

static void spoil_query(Case *k) /* row 2 of head 0 */
{
    ((float *)k->call.q)[2 * k->call.q_stride + 1] = NAN;
}

static void spoil_key(Case *k)
{
    ((float *)k->call.k)[4 * k->call.k_stride] = INFINITY;
}

static void spoil_value(Case *k)
{
    ((float *)k->call.v)[3 * k->call.v_stride + 2] = NAN;
}

/* Keys that nobody may see, some of them or all. */
static void mask_some(Case *k)
{
    float *bias = (float *)k->call.bias;
    for (size_t i = 0; i < k->call.bias_reach; i++) bias[i] = -INFINITY;
}

static void mask_all(Case *k)
{
    float *bias = (float *)k->call.bias;
    for (size_t i = 0; i < 2 * k->call.bias_reach + 1; i++) bias[i] = -INFINITY;
}

static void not_a_number(void **state)
{
    (void)state;
    Levels l = open_all();
    Shape s = square(8, 9, 11);
    check(&l, &s, spoil_query);
    check(&l, &s, spoil_key);
    check(&l, &s, spoil_value);
    Shape biased = square(8, 40, 300);
    biased.bias = true;
    check(&l, &biased, mask_some);
    check(&l, &biased, mask_all);
    close_all(&l);
}

static double loss(const Compute *c, Case *k, size_t n)
{
    attention_forward(c, &k->call);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (i % k->call.out_stride < k->call.heads * k->call.head_dim)
            sum += (double)((float *)k->call.out)[i] * ((const float *)k->grad.dout)[i];
    return sum;
}

static void gradients_agree_with_finite_differences(void **state)
{
    (void)state;
    Compute *c;
    CHECK_OK(compute_new(NULL, "ref", &c));
    Shape s = square(4, 5, 6);
    Case k = make(&s);
    run(c, &k);
    const size_t q = 5 * k.call.q_stride, n = 6 * k.call.k_stride;
    float *x[3] = { (float *)k.call.q, (float *)k.call.k, (float *)k.call.v };
    float *dx[3] = { k.grad.dq, k.grad.dk, k.grad.dv };
    for (int i = 0; i < 3; i++)
        for (size_t j = 0; j < (i ? n : q); j++) {
            if (j % k.call.q_stride >= 8) continue;
            const float kept = x[i][j], h = 0.01f;
            x[i][j] = kept + h;
            double up = loss(c, &k, q);
            x[i][j] = kept - h;
            double slope = (up - loss(c, &k, q)) / (2 * (double)h);
            x[i][j] = kept;
            CHECK_CLOSE(dx[i][j], slope, 2e-3);
        }
    arena_free(k.a);
    compute_free(c);
}

/* The same bytes on 1 and 2 threads. */
static void threads_do_not_show(void **state)
{
    (void)state;
    Pool *two;
    CHECK_OK(pool_new(2, &two));
    Compute *c[2];
    CHECK_OK(compute_new(NULL, NULL, &c[0]));
    CHECK_OK(compute_new(two, NULL, &c[1]));
    Shape s = { .heads = 3,
                .head_dim = 24,
                .sequences = 3,
                .queries = { 300, 70, 9 },
                .keys = { 300, 40, 9 },
                .type = TYPE_BF16 };
    Case k[2];
    for (int i = 0; i < 2; i++) {
        k[i] = make(&s);
        run(c[i], &k[i]);
    }
    size_t q = 379 * k[0].call.q_stride, n = 349 * k[0].call.k_stride;
    assert_memory_equal(k[0].call.out, k[1].call.out, q * 2);
    assert_memory_equal(k[0].call.lse, k[1].call.lse, 3 * 379 * 4);
    assert_memory_equal(k[0].grad.dq, k[1].grad.dq, q * 4);
    assert_memory_equal(k[0].grad.dk, k[1].grad.dk, n * 4);
    assert_memory_equal(k[0].grad.dv, k[1].grad.dv, n * 4);
    for (int i = 0; i < 2; i++) {
        arena_free(k[i].a);
        compute_free(c[i]);
    }
    pool_free(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_agree_with_finite_differences),
        cmocka_unit_test(every_head_length),
        cmocka_unit_test(every_length),
        cmocka_unit_test(packed_batches_of_every_type),
        cmocka_unit_test(not_a_number),
        cmocka_unit_test(threads_do_not_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
