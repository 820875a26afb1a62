/* Where a subject is, errors weigh more: in its tokens by as much as it covers, nowhere else. */
#include "check.h"

#include <stdlib.h>

#include "train/batch.h"

enum { SIDE = 32, FRAMES = 9, TEXT_WIDTH = 16 };

typedef struct Fixture {
    Arena *a;
    Compute *c;
    DitConfig config;
    TextStates text;
    Example example;
} Fixture;

/* A pattern that goes to the left. */
static void paint(Fixture *f)
{
    Clip *c = &f->example.clip;
    for (size_t i = 0; i < c->frames * SIDE * SIDE; i++) {
        size_t frame = i / (SIDE * SIDE), x = i % SIDE + 2 * frame, y = i / SIDE % SIDE;
        memset(c->rgb + 3 * i, (int)(x * 7 % 64 + y * 5 % 48 + 60), 3);
    }
}

static void make(Fixture *f, float subject, Batch *b)
{
    BatchOptions o = { .seed = 7, .keep = 1, .subject = subject };
    batch_make(&f->config, f->c, &f->example, 1, &f->text, &o, f->a, b);
}

/* Two boxes: one that moves from the left half of the first token to the whole of the last one of
 * the top row, and one that cannot be seen. */
static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    f->a = arena_new("test", 0);
    CHECK_OK(compute_new(NULL, NULL, &f->c));
    f->config = dit_config_default();
    f->config.text_width = TEXT_WIDTH;
    f->text.states = tensor_new_2d(f->a, TYPE_F32, 1, TEXT_WIDTH);
    f->text.pooled = tensor_new_2d(f->a, TYPE_F32, 1, TEXT_WIDTH);
    f->text.start = arena_zero(f->a, 2 * sizeof(size_t));
    f->text.start[1] = 1;
    memset(f->text.states->data, 0, TEXT_WIDTH * sizeof(float));
    memset(f->text.pooled->data, 0, TEXT_WIDTH * sizeof(float));
    CHECK_OK(clip_new(f->a, FRAMES, SIDE, SIDE, 12, &f->example.clip));
    memset(f->example.clip.rgb, 90, (size_t)FRAMES * SIDE * SIDE * 3);
    Box *box = arena_zero(f->a, 2 * FRAMES * sizeof *box);
    for (size_t i = 0; i < FRAMES; i++)
        box[2 * i] = i < 5 ? (Box){ -0.5f, -0.2f, 0.125f, 0.25f } : (Box){ 0.75f, 0, 1.5f, 0.25f };
    f->example.subject = box;
    f->example.subjects = 2;
    f->example.caption = "";
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    compute_free(f->c);
    arena_free(f->a);
    free(f);
    return 0;
}

static void subjects_weigh_more(void **state)
{
    Fixture *f = *state;
    Batch plain, heavy;
    make(f, 0, &plain);
    make(f, 3, &heavy);
    size_t tokens = heavy.input.layout->tokens;
    assert_int_equal(tokens, 3 * 16);
    double sum = 0;
    for (size_t i = 0; i < tokens; i++) {
        size_t latent = i / 16, place = i % 16;
        double more = place == 0 && latent < 2 ? 1.5 : place == 3 && latent == 2 ? 3 : 0;
        CHECK_CLOSE((double)heavy.weight[i], (1 + more) * (double)plain.weight[i], 1e-5);
        sum += (double)heavy.weight[i];
    }
    CHECK_CLOSE((double)heavy.weight_sum, sum, 1e-5);
}

static void strangers_have_none(void **state)
{
    Fixture *f = *state;
    Batch plain, heavy;
    f->example.subject = NULL;
    f->example.subjects = 0;
    make(f, 0, &plain);
    make(f, 3, &heavy);
    assert_memory_equal(plain.weight, heavy.weight,
                        plain.input.layout->tokens * sizeof *plain.weight);
}

/* Every latent frame has a token of motion behind its own, that weighs as an eighth of them do and
 * is given where both frames that tell it are; a picture has none. */
static void motion_comes_behind(void **state)
{
    Fixture *f = *state;
    Batch plain, moving;
    size_t values = f->config.out_values, one = values / PATCH_FRAMES;
    paint(f);
    make(f, 0, &plain);
    f->config.motion = true;
    make(f, 0, &moving);
    assert_int_equal(moving.input.layout->tokens, 3 * 17);
    const float *pixels = plain.target, *own = moving.target;
    for (size_t l = 0; l < 3; l++, pixels += 16 * values, own += 17 * values) {
        assert_memory_equal(own, pixels, 16 * values * sizeof *own);
        CHECK_CLOSE((double)moving.weight[17 * l + 16], 2 * (double)moving.weight[17 * l], 1e-6);
        double sum = 0;
        for (size_t i = 0; i < values; i++) sum += fabs((double)own[16 * values + i]);
        assert_true(l ? sum > 1 : sum == 0);
    }
    /* Given frames, of any kind: the flags stand behind the values of a token. */
    BatchOptions o = { .keep = 1, .clips = { .given = 1 } };
    size_t seen[2] = { 0 };
    for (o.seed = 1; o.seed < 40; o.seed++) {
        Batch b;
        batch_make(&f->config, f->c, &f->example, 1, &f->text, &o, f->a, &b);
        const float *in = b.input.tokens->data;
        size_t wide = f->config.in_values;
        for (size_t frame = 0; frame < FRAMES; frame++) {
            size_t k, m, l = patch_latent_of(frame, &k);
            size_t before = patch_latent_of(frame < 2 ? 0 : frame - 2, &m);
            bool both =
                in[l * 17 * wide + values + k] > 0 && in[before * 17 * wide + values + m] > 0;
            const float *token = in + (l * 17 + 16) * wide;
            assert_true((token[values + k] > 0) == both);
            seen[both]++;
            if (both)
                assert_memory_equal(token + k * one, b.target + (l * 17 + 16) * values + k * one,
                                    one * sizeof *token);
        }
    }
    assert_true(seen[0] > 20 && seen[1] > 20);
    f->example.clip.frames = 1;
    make(f, 0, &moving);
    assert_int_equal(moving.input.layout->tokens, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(subjects_weigh_more, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_have_none, setup, teardown),
        cmocka_unit_test_setup_teardown(motion_comes_behind, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
