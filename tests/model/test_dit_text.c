/* What a network makes of its prompt: features come out standardised, whatever they were before,
 * and words join at 0. */
#include "check.h"

#include <string.h>

#include "base/rng.h"
#include "grad/ops.h"
#include "model/dit.h"

enum { ROWS = 200, WIDTH = 24 };

static const Param *param(const ParamSet *set, const char *name)
{
    for (size_t i = 0; i < params_count(set); i++)
        if (strcmp(params_at((ParamSet *)set, i)->name, name) == 0)
            return params_at((ParamSet *)set, i);
    fail_msg("there is no %s", name);
    return NULL;
}

/* One large common vector and a small part that differs, as a sentence encoder gives. */
static Tensor *draw_states(Arena *a)
{
    Tensor *x = tensor_new_2d(a, TYPE_F32, ROWS, WIDTH);
    float *data = x->data;
    for (size_t i = 0; i < ROWS * WIDTH; i++)
        data[i] = (float)(rng_normal(1, i % WIDTH) + 0.05 * rng_normal(2, i));
    return x;
}

static void check_standard(const float *y)
{
    for (size_t j = 0; j < WIDTH; j++) {
        double mean = 0, square = 0;
        for (size_t i = 0; i < ROWS; i++) mean += (double)y[i * WIDTH + j] / ROWS;
        for (size_t i = 0; i < ROWS; i++) square += pow((double)y[i * WIDTH + j] - mean, 2) / ROWS;
        CHECK_CLOSE(mean, 0, 1e-3);
        CHECK_CLOSE(square, 1, 0.06); /* the floor under the deviation takes a little */
    }
}

/* A small network with weights drawn anew. */
static Dit *small_net(bool words, Arena *a, ParamSet **set)
{
    DitConfig config = dit_config_default();
    Dit *d;
    config.width = 32, config.heads = 1, config.layers = 1, config.hidden = 32;
    config.text_width = WIDTH, config.words = words;
    *set = params_new_train(a, 1, NULL, NULL);
    CHECK_OK(dit_new(&config, *set, a, &d));
    return d;
}

static void test_features_come_out_standardised(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Compute *c;
    CHECK_OK(compute_new(NULL, NULL, &c));
    ParamSet *set;
    Dit *d = small_net(false, a, &set);
    Tensor *x = draw_states(a);
    dit_fit_text(d, x, x);
    Tape *t = tape_new(a, c, GEMM_F32, false);
    const char *norm[2][2] = { { "text_norm.weight", "text_norm.bias" },
                               { "pooled_norm.weight", "pooled_norm.bias" } };
    for (int i = 0; i < 2; i++) {
        Tensor *y =
            op_layer_norm(t, x, param(set, norm[i][0]), param(set, norm[i][1]), 1e-6f, true);
        check_standard(y->data);
    }
    compute_free(c);
    arena_free(a);
}

/* What the network makes of two tokens under a text of three, with words or without. */
static const float *run(const Dit *d, const Compute *c, Tensor *states, Tensor *words, Arena *a)
{
    const DitConfig *config = dit_config(d);
    DitSequence sequence = { { 1, 1, 2 }, 0, 0 };
    Tensor *tokens = tensor_new_2d(a, TYPE_F32, 2, config->in_values);
    rng_fill_normal(tokens->data, 0, 2 * config->in_values, 9);
    DitInput in = { .layout = dit_layout(config, &sequence, 1, a),
                    .tokens = tokens,
                    .rows = 1,
                    .timestep = (float[]){ 700 },
                    .row_sequence = (uint32_t[]){ 0 },
                    .token_row = (uint32_t[]){ 0, 0 },
                    .text = states,
                    .words = words,
                    .text_start = (size_t[]){ 0, 3 },
                    .pooled = tensor_new_2d(a, TYPE_F32, 1, WIDTH) };
    memset(in.pooled->data, 0, WIDTH * sizeof(float));
    return dit_forward(d, tape_new(a, c, GEMM_F32, false), &in)->data;
}

/* The weights of a model that did not read words are a start for one that does: it says the same
 * until they have learned. */
static void test_words_begin_at_nothing(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Compute *c;
    CHECK_OK(compute_new(NULL, NULL, &c));
    Dit *d[2];
    ParamSet *set[2];
    for (int i = 0; i < 2; i++) {
        d[i] = small_net(i, a, &set[i]);
        const Param *head = param(set[i], "head.head.weight"); /* drawn as 0 */
        rng_fill_normal(head->value->data, 0, tensor_count(head->value), 6);
        params_refresh(set[i], c);
    }
    Tensor *x = draw_states(a), *words = tensor_new_2d(a, TYPE_F32, ROWS, WIDTH);
    rng_fill_normal(words->data, 0, ROWS * WIDTH, 5);
    size_t n = 2 * dit_config(d[0])->out_values;
    const float *without = run(d[0], c, x, NULL, a), *with = run(d[1], c, x, words, a);
    for (size_t i = 0; i < n; i++) CHECK_CLOSE((double)with[i], (double)without[i], 1e-4);
    const Param *p = param(set[1], "word_embedding.weight");
    rng_fill_normal(p->value->data, 0, tensor_count(p->value), 7);
    params_refresh(set[1], c);
    const float *taught = run(d[1], c, x, words, a);
    double off = 0;
    for (size_t i = 0; i < n; i++) off = fmax(off, fabs((double)taught[i] - (double)with[i]));
    assert_true(off > 0.01);
    compute_free(c);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features_come_out_standardised),
        cmocka_unit_test(test_words_begin_at_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
