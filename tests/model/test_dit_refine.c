/* The convolutional head: nothing at first, the same for a picture alone and in company, and blind
 * to where one patch ends. */
#include "check.h"

#include <string.h>

#include "base/rng.h"
#include "model/dit.h"

enum { PATCH = 4, REFINE = 8, SEQUENCES = 4 };

static const PatchGrid grids[SEQUENCES] = { { 1, 2, 3 }, { 2, 3, 2 }, { 3, 2, 3 }, { 1, 1, 1 } };

typedef struct World {
    Arena *a;
    Compute *c;
    ParamSet *set;
    Dit *d;
} World;

static World world_new(size_t refine)
{
    World w = { .a = arena_new("test", 0) };
    CHECK_OK(compute_new(NULL, NULL, &w.c));
    DitConfig config = dit_config_default();
    config.patch = PATCH, config.out_values = patch_values(PATCH);
    config.in_values = config.out_values + PATCH_FRAMES;
    config.width = 16, config.heads = 1, config.layers = 1, config.hidden = 16;
    config.bottleneck = 8, config.text_width = 0, config.text_pooled = config.text_norm = false;
    config.refine = refine;
    w.set = params_new_train(w.a, 1, NULL, NULL);
    CHECK_OK(dit_new(&config, w.set, w.a, &w.d));
    return w;
}

static void world_free(World *w)
{
    compute_free(w->c);
    arena_free(w->a);
}

/* The last layers of both heads begin as zeros. */
static void draw(World *w, const char *name)
{
    for (size_t i = 0; i < params_count(w->set); i++) {
        Param *p = params_at(w->set, i);
        if (strcmp(p->name, name) != 0) continue;
        rng_fill_normal(p->value->data, 0, tensor_count(p->value), i);
        params_refresh(w->set, w->c);
        return;
    }
    fail_msg("there is no %s", name);
}

static float moved; /* added to what the first token holds */

/* The prediction for sequences [first, first + n), whose tokens are the same wherever they are. */
static const float *predict(World *w, size_t first, size_t n)
{
    const DitConfig *c = dit_config(w->d);
    DitSequence sequence[SEQUENCES];
    for (size_t i = 0; i < n; i++) sequence[i] = (DitSequence){ grids[first + i], 0.25f };
    const DitLayout *l = dit_layout(c, sequence, n, w->a);
    Tensor *x = tensor_new_2d(w->a, TYPE_F32, l->tokens, c->in_values);
    uint32_t *row = arena_alloc(w->a, l->tokens * sizeof *row), of[SEQUENCES];
    float time[SEQUENCES];
    for (uint32_t i = 0; i < n; i++) {
        size_t own = l->start[i + 1] - l->start[i];
        rng_fill_normal((float *)x->data + l->start[i] * c->in_values, 0, own * c->in_values,
                        first + i);
        for (size_t k = 0; i == 0 && k < c->out_values; k++) ((float *)x->data)[k] += moved;
        for (size_t k = l->start[i]; k < l->start[i + 1]; k++) row[k] = i;
        time[i] = 500, of[i] = i;
    }
    Tape *t = tape_new(w->a, w->c, GEMM_F32, false);
    return dit_forward(w->d, t,
                       &(DitInput){ .layout = l,
                                    .tokens = x,
                                    .rows = n,
                                    .timestep = time,
                                    .row_sequence = of,
                                    .token_row = row })
        ->data;
}

static void test_begins_as_nothing(void **state)
{
    (void)state;
    World with = world_new(REFINE), without = world_new(0);
    draw(&with, "head.head.weight");
    draw(&without, "head.head.weight");
    const float *x = predict(&with, 0, 1), *y = predict(&without, 0, 1);
    size_t n = patch_tokens(grids[0]) * patch_values(PATCH);
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += fabs((double)x[i]);
    assert_true(sum > 1);
    assert_memory_equal(x, y, n * sizeof *x);
    world_free(&with);
    world_free(&without);
}

static void test_alone_and_in_company(void **state)
{
    (void)state;
    World w = world_new(REFINE);
    draw(&w, "head.head.weight");
    draw(&w, "refine.out.weight");
    const float *all = predict(&w, 0, SEQUENCES);
    for (size_t s = 0; s < SEQUENCES; s++) {
        const float *alone = predict(&w, s, 1);
        size_t n = patch_tokens(grids[s]) * patch_values(PATCH);
        for (size_t i = 0; i < n; i++) CHECK_CLOSE(all[i], alone[i], 1e-4);
        all += n;
    }
    world_free(&w);
}

/* What a token predicts changes its neighbour's pixels at their border, and not those behind. */
static void test_sees_across_borders(void **state)
{
    (void)state;
    World w = world_new(REFINE);
    draw(&w, "refine.out.weight");
    size_t row = PATCH * PATCH_CHANNELS, second = patch_values(PATCH);
    float before[2 * PATCH * PATCH_CHANNELS], after[2 * PATCH * PATCH_CHANNELS];
    moved = 0;
    for (int i = 0; i < 2; i++, moved = 1) {
        const float *y = predict(&w, 0, 1);
        memcpy(i ? after : before, y, row * sizeof *y);
        memcpy((i ? after : before) + row, y + second, row * sizeof *y);
    }
    moved = 0;
    for (size_t i = 0; i < 2 * row; i++) { /* the first token changed: both see it, two deep */
        bool near = i < row || i < row + 2 * PATCH_CHANNELS;
        if (near)
            assert_true(before[i] != after[i]);
        else
            assert_true(before[i] == after[i]);
    }
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begins_as_nothing),
        cmocka_unit_test(test_alone_and_in_company),
        cmocka_unit_test(test_sees_across_borders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
