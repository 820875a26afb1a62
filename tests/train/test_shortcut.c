/* Targets of large steps are what two steps of half the size come to. */
#include "check.h"

#include "base/rng.h"
#include "train/shortcut.h"

enum { CLIPS = 6, TEXT_WIDTH = 16 };

typedef struct School {
    Arena *a;
    Pool *pool;
    Compute *c;
    DitConfig config;
    Dit *dit;
    Example example[CLIPS];
    TextStates text;
} School;

/* A network whose head is not zero, so that it predicts something. */
static void open_school(School *s)
{
    s->a = arena_new("test", 0);
    CHECK_OK(pool_new(2, &s->pool));
    CHECK_OK(compute_new(s->pool, NULL, &s->c));
    s->config = dit_config_default();
    s->config.width = 64, s->config.heads = 2, s->config.layers = 2, s->config.hidden = 96;
    s->config.bottleneck = 32, s->config.text_width = TEXT_WIDTH;
    ParamSet *set = params_new_train(s->a, 3, NULL, NULL);
    CHECK_OK(dit_new(&s->config, set, s->a, &s->dit));
    for (size_t i = 0; i < params_count(set); i++) {
        Param *p = params_at(set, i);
        if (strcmp(p->name, "head.head.weight") != 0) continue;
        size_t n = tensor_count(p->value);
        rng_fill_normal(p->value->data, 0, n, 5);
        for (size_t j = 0; j < n; j++) ((float *)p->value->data)[j] *= 0.1f;
    }
    params_refresh(set, s->c);
    for (size_t i = 0; i < CLIPS; i++) {
        Clip *clip = &s->example[i].clip;
        CHECK_OK(clip_new(s->a, i % 2 ? 9 : 1, 16, 24, i % 2 ? 24 : 0, clip));
        for (size_t k = 0; k < clip->frames * 16 * 24 * 3; k++)
            clip->rgb[k] = (uint8_t)(k * (i + 3) % 251);
        s->example[i].caption = "";
    }
    s->text.states = tensor_new_2d(s->a, TYPE_F32, CLIPS * 2, TEXT_WIDTH);
    s->text.pooled = tensor_new_2d(s->a, TYPE_F32, CLIPS, TEXT_WIDTH);
    s->text.start = arena_zero(s->a, (CLIPS + 1) * sizeof(size_t));
    for (size_t i = 0; i < CLIPS; i++) s->text.start[i + 1] = (i + 1) * 2;
    rng_fill_normal(s->text.states->data, 0, CLIPS * 2 * TEXT_WIDTH, 1);
    rng_fill_normal(s->text.pooled->data, 0, CLIPS * TEXT_WIDTH, 2);
}

static void close_school(School *s)
{
    compute_free(s->c);
    pool_free(s->pool);
    arena_free(s->a);
}

static void make(School *s, float share, uint64_t seed, Batch *b)
{
    BatchOptions o = { .seed = seed,
                       .images = levels_for_images(),
                       .clips = levels_for_clips(),
                       .keep = 1,
                       .shortcut = share };
    o.clips.given = 0.5f; /* of which some frames are given */
    batch_make(&s->config, s->c, s->example, CLIPS, &s->text, &o, s->a, b);
}

/* The velocity of one value, and where it is. */
static double velocity(const Batch *b, const float *x, const float *tokens, const float *timestep,
                       size_t n, size_t j, const DitConfig *c)
{
    double left = fmax((double)timestep[b->input.token_row[n]] / 1000, 0.05);
    return ((double)x[n * c->out_values + j] - (double)tokens[n * c->in_values + j]) / left;
}

/* The equation written down once more, over the whole batch at once. */
static void check_targets(School *s, Batch *b)
{
    const DitConfig *c = &s->config;
    size_t tokens = b->input.layout->tokens, rows = b->input.rows;
    DitInput in = b->input;
    float *step = arena_alloc(s->a, rows * sizeof *step),
          *time = arena_alloc(s->a, rows * sizeof *time);
    for (size_t r = 0; r < rows; r++) {
        step[r] = in.step[r] > 0 ? in.step[r] - 1 : 0;
        time[r] = in.timestep[r];
    }
    in.step = step;
    Tape *t = tape_new(s->a, s->c, GEMM_BF16, false);
    const float *z = b->input.tokens->data, *x1 = dit_forward(s->dit, t, &in)->data;
    Tensor *moved = tensor_new_2d(s->a, TYPE_F32, tokens, c->in_values);
    float *z2 = moved->data, *clean = arena_alloc(s->a, tokens * c->out_values * sizeof *clean);
    memcpy(z2, z, tokens * c->in_values * sizeof *z2);
    memcpy(clean, b->target, tokens * c->out_values * sizeof *clean);
    size_t one = c->out_values / PATCH_FRAMES;
    for (size_t n = 0; n < tokens; n++) {
        double d = pow(2, (double)step[in.token_row[n]]) / SHORTCUT_STEPS;
        for (size_t j = 0; j < c->out_values; j++)
            if (z[n * c->in_values + c->out_values + j / one] == 0)
                z2[n * c->in_values + j] += (float)(d * velocity(b, x1, z, time, n, j, c));
    }
    float *later = arena_alloc(s->a, rows * sizeof *later);
    for (size_t r = 0; r < rows; r++)
        later[r] = in.step && b->input.step[r] > 0
                       ? time[r] - 1000 * powf(2, step[r]) / SHORTCUT_STEPS
                       : time[r];
    in.timestep = later, in.tokens = moved;
    const float *x2 = dit_forward(s->dit, t, &in)->data;
    shortcut_targets(s->dit, s->c, &s->text, s->a, b);
    size_t seen = 0, given = 0;
    for (size_t n = 0; n < tokens; n++)
        for (size_t j = 0; j < c->out_values; j++) {
            size_t i = n * c->out_values + j, at = n * c->in_values + j;
            if (z[n * c->in_values + c->out_values + j / one] != 0) {
                assert_true(b->target[i] == clean[i]);
                given++;
                continue;
            }
            double left = fmax((double)time[in.token_row[n]] / 1000, 0.05);
            double v =
                0.5 * (velocity(b, x1, z, time, n, j, c) + velocity(b, x2, z2, later, n, j, c));
            CHECK_CLOSE((double)b->target[i], (double)z[at] + left * v, 2e-4);
            seen++;
        }
    assert_true(seen > 0 && given > 0);
}

static void test_targets(void **state)
{
    (void)state;
    School s = { 0 };
    Batch b;
    open_school(&s);
    make(&s, 1, 11, &b);
    for (size_t i = 0; i < CLIPS;
         i++) { /* a step begins on the grid of its own size, and ends by 1 */
        double size = pow(2, b.shortcut[i]) / SHORTCUT_STEPS;
        assert_true(b.shortcut[i] >= 1 && b.shortcut[i] <= SHORTCUT_LEVELS);
        double t = 1 - (double)b.input.timestep[b.row_start[i]] / 1000;
        CHECK_CLOSE(t / size, rint(t / size), 1e-4);
        assert_true(t + size < 1 + 1e-5);
        assert_true(b.input.step[b.row_start[i]] == (float)b.shortcut[i]);
    }
    check_targets(&s, &b);
    close_school(&s);
}

/* A share takes large steps; the others learn what they learn without. */
static void test_share(void **state)
{
    (void)state;
    School s = { 0 };
    open_school(&s);
    size_t some = 0, all = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        Batch none, part;
        make(&s, 0, seed, &none);
        make(&s, 0.25f, seed, &part);
        assert_null(none.input.step);
        shortcut_targets(s.dit, s.c, &s.text, s.a, &part);
        for (size_t i = 0; i < CLIPS; i++, all++) {
            size_t first = part.input.layout->start[i], n = part.input.layout->start[i + 1] - first;
            some += part.shortcut[i] > 0;
            if (part.shortcut[i]) continue;
            assert_memory_equal(part.target + first * s.config.out_values,
                                none.target + first * s.config.out_values,
                                n * s.config.out_values * sizeof(float));
            assert_true(part.input.step[part.row_start[i]] == 0);
        }
    }
    CHECK_CLOSE((double)some / (double)all, 0.25, 0.08);
    close_school(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_targets),
                                        cmocka_unit_test(test_share) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
