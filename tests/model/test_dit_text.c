/* The text norms of a new network: features come out standardised, whatever they were before. */
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

static void test_features_come_out_standardised(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Compute *c;
    CHECK_OK(compute_new(NULL, NULL, &c));
    DitConfig config = dit_config_default();
    config.width = 32, config.heads = 1, config.layers = 1, config.hidden = 32;
    config.text_width = WIDTH;
    ParamSet *set = params_new_train(a, 1, NULL, NULL);
    Dit *d;
    CHECK_OK(dit_new(&config, set, a, &d));
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

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_features_come_out_standardised) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
