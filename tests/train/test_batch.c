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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(subjects_weigh_more, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_have_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
