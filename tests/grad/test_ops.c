/* Every operation of the table against finite differences in f32. A case builds one operation on
 * a few small parameters; its result is compared with random targets, so that the loss sees every
 * element of it, and every number of every parameter is moved. */
#include "check.h"

#include "base/rng.h"
#include "grad/op.h"
#include "grad/ops.h"

enum { PARAMS_MAX = 4 };

typedef struct Shape {
    size_t rows, columns;
} Shape;

typedef Tensor *(*BuildFn)(Tape *t, const Param *p);

typedef struct Case {
    const OpDef *def;
    const char *name;
    Shape shape[PARAMS_MAX]; /* of the parameters, to the first without rows */
    BuildFn build;           /* a result of any shape, or a loss */
} Case;

static const uint32_t row5[5] = { 0, 2, 1, 2, 0 };
static const float turn_cos[5 * 2] = { 1, 0.8f, 0.6f, 0, -0.28f, 1, 0.8f, -0.6f, 0.96f, 0 };
static const float turn_sin[5 * 2] = { 0, 0.6f, 0.8f, 1, 0.96f, 0, -0.6f, 0.8f, 0.28f, -1 };

static Tensor *linear(Tape *t, const Param *p)
{
    return op_linear(t, op_param(t, &p[0]), &p[1], &p[2], GEMM_NONE, false);
}

static Tensor *linear_plain(Tape *t, const Param *p)
{
    return op_linear(t, op_param(t, &p[0]), &p[1], NULL, GEMM_NONE, true);
}

static Tensor *linear_silu(Tape *t, const Param *p)
{
    return op_linear(t, op_param(t, &p[0]), &p[1], &p[2], GEMM_SILU, false);
}

static Tensor *linear_gelu_tanh(Tape *t, const Param *p)
{
    return op_linear(t, op_param(t, &p[0]), &p[1], &p[2], GEMM_GELU_TANH, false);
}

static Tensor *linear_gelu_erf(Tape *t, const Param *p)
{
    return op_linear(t, op_param(t, &p[0]), &p[1], &p[2], GEMM_GELU_ERF, true);
}

static Tensor *linear_residual(Tape *t, const Param *p)
{
    Tensor *x = op_param(t, &p[0]);
    return op_linear_residual(t, x, &p[1], NULL, op_param(t, &p[2]), NULL, NULL);
}

static Tensor *linear_residual_gated(Tape *t, const Param *p)
{
    Tensor *x = op_param(t, &p[0]), *gate = op_param(t, &p[3]);
    return op_linear_residual(t, x, &p[1], NULL, op_param(t, &p[2]), gate, row5);
}

/* The stream is read by the product and carried on, as in a block. */
static Tensor *linear_residual_itself(Tape *t, const Param *p)
{
    Tensor *x = op_scale(t, op_param(t, &p[0]), 1.5f);
    return op_linear_residual(t, x, &p[1], &p[2], x, NULL, NULL);
}

static Tensor *swiglu(Tape *t, const Param *p)
{
    return op_swiglu(t, op_param(t, &p[0]), &p[1]);
}

static Tensor *modulated_norm(Tape *t, const Param *p)
{
    Tensor *shift = op_param(t, &p[1]), *scale = op_param(t, &p[2]);
    return op_modulated_norm(t, op_param(t, &p[0]), shift, scale, row5, 1e-5f);
}

static Tensor *plain_norm(Tape *t, const Param *p)
{
    return op_modulated_norm(t, op_param(t, &p[0]), NULL, NULL, NULL, 1e-5f);
}

static Tensor *layer_norm(Tape *t, const Param *p)
{
    return op_layer_norm(t, op_param(t, &p[0]), &p[1], &p[2], 1e-5f, true);
}

static Tensor *rms_norm_row(Tape *t, const Param *p)
{
    return op_rms_norm(t, op_param(t, &p[0]), &p[1], 8, 1e-5f, true);
}

static Tensor *rms_norm_heads(Tape *t, const Param *p)
{
    return op_rms_norm(t, op_param(t, &p[0]), &p[1], 4, 1e-5f, true);
}

static Tensor *qk_norm_rope(Tape *t, const Param *p)
{
    return op_qk_norm_rope(t, op_param(t, &p[0]), &p[1], 4, 1e-5f, 4, turn_cos, turn_sin);
}

static Tensor *qk_norm_rope_row(Tape *t, const Param *p)
{
    return op_qk_norm_rope(t, op_param(t, &p[0]), &p[1], 8, 1e-5f, 4, turn_cos, turn_sin);
}

static Tensor *attention(Tape *t, const Param *p)
{
    static const size_t q_start[3] = { 0, 2, 5 }, k_start[3] = { 0, 4, 7 };
    Tensor *q = op_param(t, &p[0]), *k = op_param(t, &p[1]), *v = op_param(t, &p[2]);
    return op_attention(t, q, k, v, 2, 0.5f, 2, q_start, k_start);
}

/* One tensor as q, k and v: three gradients into one place. */
static Tensor *attention_shared(Tape *t, const Param *p)
{
    static const size_t start[3] = { 0, 2, 5 };
    Tensor *x = op_scale(t, op_param(t, &p[0]), 1);
    return op_attention(t, x, x, x, 2, 0.5f, 2, start, start);
}

static Tensor *add(Tape *t, const Param *p)
{
    return op_add(t, op_param(t, &p[0]), op_param(t, &p[1]));
}

static Tensor *add_itself(Tape *t, const Param *p)
{
    Tensor *x = op_silu(t, op_param(t, &p[0]));
    return op_add(t, x, x);
}

static Tensor *reshape(Tape *t, const Param *p)
{
    Tensor *x = op_reshape(t, op_scale(t, op_param(t, &p[0]), 2), 6, 2);
    return op_add(t, op_reshape(t, x, 4, 3), op_reshape(t, op_silu(t, x), 4, 3));
}

static Tensor *scale(Tape *t, const Param *p)
{
    return op_scale(t, op_param(t, &p[0]), -1.5f);
}

static Tensor *silu(Tape *t, const Param *p)
{
    return op_silu(t, op_param(t, &p[0]));
}

static Tensor *gelu_tanh(Tape *t, const Param *p)
{
    return op_gelu(t, op_param(t, &p[0]), true);
}

static Tensor *gelu_erf(Tape *t, const Param *p)
{
    return op_gelu(t, op_param(t, &p[0]), false);
}

static Tensor *columns(Tape *t, const Param *p)
{
    Tensor *x = op_scale(t, op_param(t, &p[0]), 1);
    return op_add(t, op_columns(t, x, 1, 4), op_columns(t, x, 3, 4));
}

static Tensor *gather(Tape *t, const Param *p)
{
    return op_gather(t, op_param(t, &p[0]), row5, 5);
}

static Tensor *scatter(Tape *t, const Param *p)
{
    static const uint32_t row[2] = { 3, 1 };
    return op_scatter(t, op_param(t, &p[0]), op_param(t, &p[1]), row);
}

static Tensor *embedding(Tape *t, const Param *p)
{
    return op_embedding(t, &p[0], row5, 5);
}

static Tensor *add_table(Tape *t, const Param *p)
{
    return op_add_table(t, op_param(t, &p[0]), &p[1]);
}

static Tensor *mse(Tape *t, const Param *p)
{
    static const float target[6] = { 1, -1, 0.5f, 0, 2, -0.25f }, weight[3] = { 0.5f, 0, 2 };
    return op_mse(t, op_param(t, &p[0]), target, weight);
}

static Tensor *charbonnier(Tape *t, const Param *p)
{
    static const float target[] = { 0.5f, -0.5f, 1, 0, 0.2f, -1 };
    return op_charbonnier(t, op_param(t, &p[0]), target, 0.3f);
}

static Tensor *cross_entropy(Tape *t, const Param *p)
{
    static const uint32_t label[3] = { 3, UINT32_MAX, 0 };
    static const float weight[3] = { 0.5f, 0, 2 };
    return op_cross_entropy(t, op_param(t, &p[0]), label, weight);
}

static Tensor *conv3d_causal(Tape *t, const Param *p)
{
    static const Conv3dShape s = {
        2, 3, { 3, 3, 3 }, { 1, 1, 1 }, { { 2, 0 }, { 1, 1 }, { 1, 1 } }, { 2, 3, 4 }
    };
    return op_conv3d(t, op_param(t, &p[0]), &p[1], &p[2], &s, false);
}

static Tensor *conv3d_down(Tape *t, const Param *p)
{
    static const Conv3dShape s = {
        2, 3, { 1, 3, 3 }, { 1, 2, 2 }, { { 0, 0 }, { 0, 1 }, { 0, 1 } }, { 1, 4, 6 }
    };
    Tensor *x = op_silu(t, op_param(t, &p[0]));
    return op_conv3d(t, op_add(t, x, x), &p[1], NULL, &s, true);
}

/* Twice as large; x is read by another operation too. */
static Tensor *conv3d_enlarged(Tape *t, const Param *p)
{
    static const Conv3dShape s = { 2,
                                   2,
                                   { 1, 3, 3 },
                                   { 1, 1, 1 },
                                   { { 0, 0 }, { 1, 1 }, { 1, 1 } },
                                   { 1, 2, 3 },
                                   .enlarge = true };
    Tensor *x = op_scale(t, op_param(t, &p[0]), 1);
    Tensor *y = op_conv3d(t, x, &p[1], &p[2], &s, true);
    static const uint32_t row[6] = { 0, 7, 9, 12, 20, 23 };
    return op_add(t, op_gather(t, y, row, 6), x);
}

static Tensor *two_linears(void *ctx, Tape *t, Tensor *x)
{
    const Param *p = ctx;
    Tensor *h = op_add_table(t, op_linear(t, x, &p[1], NULL, GEMM_SILU, false), &p[3]);
    return op_linear_residual(t, op_add(t, h, op_param(t, &p[2])), &p[1], NULL, x, NULL, NULL);
}

/* A segment inside a segment, and a tensor from outside that both read. */
static Tensor *outer(void *ctx, Tape *t, Tensor *x)
{
    return two_linears(ctx, t, tape_segment(t, two_linears, ctx, x, true));
}

static Tensor *segment(Tape *t, const Param *p)
{
    return tape_segment(t, outer, (void *)p, op_scale(t, op_param(t, &p[0]), 0.5f), true);
}

#define LINEAR              \
    {                       \
        { 5, 6 }, { 7, 6 }, \
        {                   \
            1, 7            \
        }                   \
    }

static const Case cases[] = {
    { &op_def_segment, "segment", { { 3, 4 }, { 4, 4 }, { 3, 4 }, { 1, 4 } }, segment },
    { &op_def_linear, "linear", LINEAR, linear },
    { &op_def_linear, "linear without bias", { { 5, 6 }, { 7, 6 } }, linear_plain },
    { &op_def_linear, "linear silu", LINEAR, linear_silu },
    { &op_def_linear, "linear gelu tanh", LINEAR, linear_gelu_tanh },
    { &op_def_linear, "linear gelu erf", LINEAR, linear_gelu_erf },
    { &op_def_linear_residual,
      "linear residual",
      { { 5, 6 }, { 7, 6 }, { 5, 7 } },
      linear_residual },
    { &op_def_linear_residual,
      "linear residual, gated",
      { { 5, 6 }, { 7, 6 }, { 5, 7 }, { 3, 7 } },
      linear_residual_gated },
    { &op_def_linear_residual,
      "linear residual of itself",
      { { 5, 6 }, { 6, 6 }, { 1, 6 } },
      linear_residual_itself },
    { &op_def_swiglu, "swiglu", { { 5, 6 }, { 8, 6 } }, swiglu },
    { &op_def_norm, "modulated norm", { { 5, 8 }, { 3, 8 }, { 3, 8 } }, modulated_norm },
    { &op_def_norm, "norm", { { 5, 8 } }, plain_norm },
    { &op_def_norm, "layer norm", { { 5, 8 }, { 1, 8 }, { 1, 8 } }, layer_norm },
    { &op_def_norm, "rms norm of rows", { { 5, 8 }, { 1, 8 } }, rms_norm_row },
    { &op_def_norm, "rms norm of heads", { { 5, 8 }, { 1, 4 } }, rms_norm_heads },
    { &op_def_norm, "norm of heads, turned", { { 5, 8 }, { 1, 4 } }, qk_norm_rope },
    { &op_def_norm, "norm of rows, turned", { { 5, 8 }, { 1, 8 } }, qk_norm_rope_row },
    { &op_def_attention, "attention", { { 5, 8 }, { 7, 8 }, { 7, 8 } }, attention },
    { &op_def_attention, "attention to itself", { { 5, 8 } }, attention_shared },
    { &op_def_add, "add", { { 3, 4 }, { 3, 4 } }, add },
    { &op_def_add, "add to itself", { { 3, 4 } }, add_itself },
    { &op_def_scale, "scale", { { 3, 4 } }, scale },
    { &op_def_reshape, "reshape", { { 3, 4 } }, reshape },
    { &op_def_activation, "silu", { { 3, 4 } }, silu },
    { &op_def_activation, "gelu tanh", { { 3, 4 } }, gelu_tanh },
    { &op_def_activation, "gelu erf", { { 3, 4 } }, gelu_erf },
    { &op_def_columns, "columns", { { 3, 8 } }, columns },
    { &op_def_gather, "gather", { { 4, 3 } }, gather },
    { &op_def_scatter, "scatter", { { 4, 3 }, { 2, 3 } }, scatter },
    { &op_def_embedding, "embedding", { { 4, 3 } }, embedding },
    { &op_def_add_table, "add table", { { 3, 4 }, { 1, 8 } }, add_table },
    { &op_def_mse, "mse", { { 3, 2 } }, mse },
    { &op_def_charbonnier, "charbonnier", { { 3, 2 } }, charbonnier },
    { &op_def_conv3d, "conv3d, causal", { { 24, 2 }, { 3, 54 }, { 1, 3 } }, conv3d_causal },
    { &op_def_conv3d, "conv3d, down", { { 24, 2 }, { 3, 18 } }, conv3d_down },
    { &op_def_conv3d, "conv3d, enlarged", { { 6, 2 }, { 2, 18 }, { 1, 2 } }, conv3d_enlarged },
    { &op_def_cross_entropy, "cross-entropy", { { 3, 5 } }, cross_entropy },
};
enum { CASES = sizeof cases / sizeof *cases };

/* ---- the check ------------------------------------------------------------------------- */

typedef struct Bench {
    Arena *weights, *step;
    Compute *c;
    const Case *of;
    Param param[PARAMS_MAX];
    size_t params;
} Bench;

static Bench bench_new(const Case *of)
{
    Bench b = { .weights = arena_new("weights", 0), .step = arena_new("step", 0), .of = of };
    CHECK_OK(compute_new(NULL, NULL, &b.c));
    for (; b.params < PARAMS_MAX && of->shape[b.params].rows; b.params++) {
        size_t rows = of->shape[b.params].rows, columns = of->shape[b.params].columns;
        Tensor *v = tensor_new_2d(b.weights, TYPE_F32, rows, columns);
        rng_fill_normal(v->data, 0, rows * columns, 11 + b.params);
        v->grad = arena_zero(b.weights, rows * columns * sizeof(float));
        b.param[b.params] = (Param){ "p", PARAM_OTHER, v, v };
    }
    return b;
}

static void bench_free(Bench *b)
{
    arena_free(b->step);
    arena_free(b->weights);
    compute_free(b->c);
}

/* The loss, 8 elements' worth of scale; with `back` the gradients are added up too. */
static double loss(Bench *b, bool back)
{
    arena_rewind(b->step, (ArenaMark){ 0 });
    Tape *t = tape_new(b->step, b->c, GEMM_F32, back);
    Tensor *y = b->of->build(t, b->param);
    if (tensor_count(y) > 1) {
        float *target = arena_alloc(b->step, tensor_count(y) * sizeof *target);
        rng_fill_normal(target, 0, tensor_count(y), 99);
        y = op_mse(t, y, target, NULL);
    }
    if (back) tape_backward(t, y, 8);
    return 8 * (double)*(float *)y->data;
}

/* Fourth-order central difference: its own error is far below the rounding of the loss. */
static double slope(Bench *b, float *x)
{
    const float h = 0.03f, x0 = *x;
    double d[4];
    const float at[4] = { -2 * h, -h, h, 2 * h };
    for (int i = 0; i < 4; i++) {
        *x = x0 + at[i];
        d[i] = loss(b, false);
    }
    *x = x0;
    return (d[0] - 8 * d[1] + 8 * d[2] - d[3]) / (12 * (double)h);
}

static void agrees_with_finite_differences(void **state)
{
    Bench b = bench_new(*state);
    loss(&b, true);
    for (size_t k = 0; k < b.params; k++) {
        double error = 0, size = 0;
        Tensor *v = b.param[k].value;
        for (size_t i = 0; i < tensor_count(v); i++) {
            double want = slope(&b, (float *)v->data + i), d = v->grad[i] - want;
            error += d * d;
            size += want * want;
        }
        if (!(sqrt(error) <= 2e-3 * sqrt(size)) || size == 0)
            fail_msg("%s: gradient of parameter %zu is off by %g of %g", b.of->name, k, sqrt(error),
                     sqrt(size));
    }
    bench_free(&b);
}

/* Gradients are added to what is there. */
static void adds_up(void **state)
{
    Bench b = bench_new(*state);
    loss(&b, true);
    float first[64], *grad = b.param[0].value->grad;
    size_t n = tensor_count(b.param[0].value);
    assert_true(n <= 64);
    memcpy(first, grad, n * sizeof *first);
    loss(&b, true);
    for (size_t i = 0; i < n; i++) CHECK_CLOSE(grad[i], 2.0 * first[i], 1e-5);
    bench_free(&b);
}

static void every_operation_has_a_case(void **state)
{
    (void)state;
    for (size_t i = 0; op_table[i]; i++) {
        size_t k = 0;
        while (k < CASES && cases[k].def != op_table[i]) k++;
        if (k == CASES) fail_msg("no case checks the operation '%s'", op_table[i]->name);
    }
}

/* What nobody trains costs nothing: without a gradient to come, nothing is written down. */
static void skips_what_is_frozen(void **state)
{
    (void)state;
    Bench b = bench_new(&cases[1]);
    for (size_t k = 0; k < b.params; k++) b.param[k].value->grad = NULL;
    Tape *t = tape_new(b.step, b.c, GEMM_F32, true);
    assert_null(linear(t, b.param)->slot);
    b.param[1].value->grad = arena_zero(b.weights, 42 * sizeof(float));
    assert_non_null(linear(t, b.param)->slot);
    loss(&b, true);
    bench_free(&b);
}

int main(void)
{
    struct CMUnitTest tests[2 * CASES + 2];
    size_t n = 0;
    for (size_t i = 0; i < CASES; i++) {
        tests[n++] = (struct CMUnitTest){ cases[i].name, agrees_with_finite_differences, NULL, NULL,
                                          (void *)&cases[i] };
        tests[n++] = (struct CMUnitTest){ cases[i].name, adds_up, NULL, NULL, (void *)&cases[i] };
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_operation_has_a_case);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(skips_what_is_frozen);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
