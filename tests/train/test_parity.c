/* A tiny transformer against PyTorch: its loss, all gradients, and ten steps of training, as
 * scripts/make-parity computed them in float64 from the same weights and inputs. */
#include "check.h"

#include "grad/ops.h"
#include "model/dit.h"
#include "tensor/safetensors.h"
#include "train/adapter.h"
#include "train/optim.h"

enum { SEQUENCES = 3, TEXT_STARTS = SEQUENCES + 1, STEPS = 10 };

typedef struct Net {
    Arena *weights, *step;
    Safetensors st;
    Compute *c;
    ParamSet *set;
    Dit *dit;
    DitInput in;
    const float *target;
    float weight[64], scale; /* the loss over velocities is scale * that of op_mse */
} Net;

static const size_t text_start[TEXT_STARTS] = { 0, 3, 8, 9 };

static const Tensor *lookup(void *self, const char *name)
{
    return safetensors_find(&((Net *)self)->st, name);
}

static Tensor *stored(const Net *n, const char *name)
{
    const Tensor *x = lookup((void *)n, name);
    if (!x) fail_msg("tiny.safetensors has no %s", name);
    return (Tensor *)x;
}

/* As in a training batch: 1 / max(1 - t, 0.05)^2 for tokens that are not given, else 0; also 0 for
 * those beside [first, last). */
static void weigh(Net *n, size_t first, size_t last)
{
    const Tensor *tokens = n->in.tokens;
    const float *level = stored(n, "in.level")->data, *row = tokens->data;
    size_t width = tensor_width(tokens), predicted = 0;
    float sum = 0;
    assert_true(tokens->shape[0] <= sizeof n->weight / sizeof *n->weight);
    for (size_t i = 0; i < tokens->shape[0]; i++, row += width) {
        const float *mask = row + width - PATCH_FRAMES;
        bool out = i < first || i >= last;
        out |= mask[0] > 0 && mask[1] > 0 && mask[2] > 0 && mask[3] > 0;
        float left = fmaxf(1 - level[i], 0.05f);
        n->weight[i] = out ? 0 : 1 / (left * left);
        sum += n->weight[i];
        predicted += !out;
    }
    n->scale = sum / (float)predicted;
}

static Net *open_net(const char *level)
{
    Arena *a = arena_new("weights", 0);
    Net *n = arena_zero(a, sizeof *n);
    n->weights = a;
    n->step = arena_new("step", 0);
    DitConfig config;
    CHECK_OK(safetensors_open(test_data("parity/tiny.safetensors"), a, &n->st));
    const char *json = safetensors_metadata(&n->st, "sora.dit");
    CHECK_OK(dit_config_parse(json, strlen(json), &config));
    CHECK_OK(compute_new(NULL, level, &n->c));
    n->set = params_new_train(a, 1, lookup, n);
    CHECK_OK(dit_new(&config, n->set, a, &n->dit));
    static const DitSequence sequence[SEQUENCES] = { { { 3, 2, 3 }, 4 / 24.0f },
                                                     { { 1, 4, 2 }, 0 },
                                                     { { 2, 3, 2 }, 4 / 12.0f } };
    Tensor *timestep = stored(n, "in.timestep");
    n->in = (DitInput){ .layout = dit_layout(&config, sequence, SEQUENCES, a),
                        .tokens = stored(n, "in.tokens"),
                        .rows = tensor_count(timestep),
                        .timestep = timestep->data,
                        .step = stored(n, "in.step")->data,
                        .row_sequence = stored(n, "in.row_sequence")->data,
                        .token_row = stored(n, "in.token_row")->data,
                        .text = stored(n, "in.text"),
                        .text_start = text_start,
                        .pooled = stored(n, "in.pooled") };
    n->target = stored(n, "in.clean")->data;
    weigh(n, 0, n->in.layout->tokens);
    return n;
}

static void close_net(Net *n)
{
    compute_free(n->c);
    safetensors_close(&n->st);
    arena_free(n->step);
    arena_free(n->weights);
}

/* The loss; its gradients are added to those of the set. */
static float run(Net *n, GemmPrecision precision, bool recompute)
{
    n->in.recompute = recompute;
    Tape *t = tape_new(n->step, n->c, precision, true);
    Tensor *loss = op_mse(t, dit_forward(n->dit, t, &n->in), n->target, n->weight);
    tape_backward(t, loss, n->scale);
    return n->scale * *(float *)loss->data;
}

/* Largest difference from what is stored, as a share of the largest number there. */
static double gradient_error(const Net *n, const Param *p)
{
    char name[160];
    snprintf(name, sizeof name, "grad.%s", p->name);
    const Tensor *want = stored(n, name);
    const float *w = want->data, *got = p->value->grad;
    double most = 0, error = 0;
    assert_int_equal(tensor_count(want), tensor_count(p->value));
    for (size_t i = 0; i < tensor_count(want); i++) {
        most = fmax(most, fabs((double)w[i]));
        double off = fabs((double)got[i] - (double)w[i]);
        if (!(off <= error)) error = off; /* NaN stays */
    }
    return error / most;
}

static void check_gradients(const char *level, GemmPrecision precision, bool recompute,
                            double loss_error, double error)
{
    Net *n = open_net(level);
    CHECK_CLOSE(run(n, precision, recompute), *(float *)stored(n, "out.loss")->data, loss_error);
    for (size_t i = 0; i < params_count(n->set); i++) {
        const Param *p = params_at(n->set, i);
        double e = gradient_error(n, p);
        if (!(e <= error))
            fail_msg("%s, %s: the gradient of %s is off by %g of its largest", level,
                     precision == GEMM_F32 ? "f32" : "bf16", p->name, e);
    }
    close_net(n);
}

static void loss_and_gradients_are_pytorchs(void **state)
{
    (void)state;
    for (CpuLevel l = CPU_REF; l <= cpu_level_best(); l++) {
        check_gradients(cpu_level_name(l), GEMM_F32, false, 1e-6, 2e-5);
        check_gradients(cpu_level_name(l), GEMM_F32, true, 1e-6, 2e-5);
        check_gradients(cpu_level_name(l), GEMM_BF16, false, 4e-3, 8e-2);
    }
}

/* Newton-Schulz runs in bf16 here and in float64 there: that is what the tolerance is for. */
static void check_training(const char *level, GemmPrecision precision, double loss_error,
                           double norm_error)
{
    Net *n = open_net(level);
    OptimConfig o = optim_config_default();
    o.clip = 20;
    Optim *optim = optim_new(n->set, &o, n->weights);
    const float *losses = stored(n, "out.losses")->data, *norms = stored(n, "out.norms")->data;
    assert_int_equal(tensor_count(stored(n, "out.losses")), STEPS);
    for (size_t i = 0; i < STEPS; i++) {
        ArenaMark mark = arena_mark(n->step);
        const size_t *start = n->in.layout->start + i % SEQUENCES; /* one clip a step */
        weigh(n, start[0], start[1]);
        float norm = 0, loss = run(n, precision, false);
        if (!(fabs((double)loss / (double)losses[i] - 1) <= loss_error))
            fail_msg("%s: loss %zu is %g, PyTorch's %g", level, i, (double)loss, (double)losses[i]);
        CHECK_OK(optim_step(optim, n->c, 1, n->step, &norm));
        if (!(fabs((double)norm / (double)norms[i] - 1) <= norm_error))
            fail_msg("%s: norm %zu is %g, PyTorch's %g", level, i, (double)norm, (double)norms[i]);
        arena_rewind(n->step, mark);
    }
    close_net(n);
}

static void ten_steps_are_pytorchs(void **state)
{
    (void)state;
    for (CpuLevel l = CPU_REF; l <= cpu_level_best(); l++) {
        check_training(cpu_level_name(l), GEMM_F32, 1e-3, 5e-3);
        check_training(cpu_level_name(l), GEMM_BF16, 1e-2, 0.1);
    }
}

/* The loss after A or B has moved by `by` at element i. */
static double loss_at(Net *n, const Adapter *a, Param *p, size_t i, float by)
{
    float *x = (float *)p->value->data + i, before = *x;
    ArenaMark mark = arena_mark(n->step);
    *x += by;
    adapter_apply(a, n->c);
    double loss = run(n, GEMM_F32, false);
    params_zero_grad(n->set, n->c);
    *x = before;
    arena_rewind(n->step, mark);
    return loss;
}

/* A LoRA of the same network: it starts as nothing, its gradients are slopes, and it learns. */
static void an_adapter_learns(void **state)
{
    (void)state;
    Net *n = open_net(NULL);
    Adapter *a;
    CHECK_OK(adapter_new(n->set, 3, 7, n->weights, &a));
    ParamSet *learned = adapter_params(a);
    float first = run(n, GEMM_F32, false);
    CHECK_CLOSE(first, *(float *)stored(n, "out.loss")->data, 1e-6);
    assert_int_equal(params_count(learned), 2 * 2 * 10); /* of two blocks */
    for (size_t i = 0; i < params_count(learned); i++) { /* B too must be something to see A */
        float *x = params_at(learned, i)->value->data;
        for (size_t k = 0; k < tensor_count(params_at(learned, i)->value); k++)
            x[k] += 0.01f * (float)(k % 5);
    }
    params_zero_grad(n->set, n->c);
    adapter_apply(a, n->c);
    run(n, GEMM_F32, false);
    adapter_backward(a, n->c);
    for (size_t i = 0; i < params_count(learned); i++) {
        Param *p = params_at(learned, i);
        size_t at = tensor_count(p->value) / 2;
        double step = 2e-3, slope = (loss_at(n, a, p, at, 2e-3f) - loss_at(n, a, p, at, -2e-3f));
        double got = p->value->grad[at], want = slope / (2 * step);
        if (!(fabs(got - want) <= 0.02 * (1 + fabs(want))))
            fail_msg("%s[%zu]: the gradient is %g, the slope %g", p->name, at, got, want);
    }
    params_zero_grad(learned, n->c);
    OptimConfig config = optim_config_default();
    config.lr_other = 1e-2f;
    Optim *optim = optim_new(learned, &config, n->weights);
    float loss = 0;
    for (int i = 0; i < 60; i++) {
        ArenaMark mark = arena_mark(n->step);
        adapter_apply(a, n->c);
        loss = run(n, GEMM_BF16, false);
        adapter_backward(a, n->c);
        CHECK_OK(optim_step(optim, n->c, 1, n->step, NULL));
        arena_rewind(n->step, mark);
    }
    if (!(loss < first / 2)) fail_msg("the loss went from %g to %g", (double)first, (double)loss);
    close_net(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_and_gradients_are_pytorchs),
        cmocka_unit_test(ten_steps_are_pytorchs),
        cmocka_unit_test(an_adapter_learns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
