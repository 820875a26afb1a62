/* A small transformer learns four clips by heart: everything between examples and optimizer. */
#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "grad/ops.h"
#include "train/batch.h"
#include "train/checkpoint.h"
#include "train/optim.h"

enum { CLIPS = 4, TEXT_WIDTH = 16, TEXT_TOKENS = 3 };

typedef struct School {
    Arena *weights, *step;
    Compute *c;
    DitConfig config;
    ParamSet *set;
    Dit *dit;
    Optim *optim;
    Example example[CLIPS];
    TextStates text;
} School;

static DitConfig small_config(void)
{
    DitConfig c = dit_config_default();
    c.width = 64;
    c.heads = 2;
    c.layers = 4;
    c.hidden = 96;
    c.bottleneck = 32;
    c.text_width = TEXT_WIDTH;
    return c;
}

/* Flat pictures of different colours, one of them a moving clip. */
static void make_examples(School *s)
{
    for (size_t i = 0; i < CLIPS; i++) {
        Clip *clip = &s->example[i].clip;
        CHECK_OK(clip_new(s->weights, i == 3 ? 5 : 1, 16, 24, i == 3 ? 24 : 0, clip));
        for (size_t k = 0; k < clip->frames * 16 * 24 * 3; k++)
            clip->rgb[k] = (uint8_t)(k % 3 == i % 3 ? 220 : 20 + 10 * (k / (16 * 24 * 3)));
        s->example[i].caption = "";
    }
    s->text.states = tensor_new_2d(s->weights, TYPE_F32, CLIPS * TEXT_TOKENS, TEXT_WIDTH);
    s->text.pooled = tensor_new_2d(s->weights, TYPE_F32, CLIPS, TEXT_WIDTH);
    s->text.start = arena_zero(s->weights, (CLIPS + 1) * sizeof(size_t));
    for (size_t i = 0; i < CLIPS; i++) s->text.start[i + 1] = (i + 1) * TEXT_TOKENS;
    rng_fill_normal(s->text.states->data, 0, CLIPS * TEXT_TOKENS * TEXT_WIDTH, 1);
    rng_fill_normal(s->text.pooled->data, 0, CLIPS * TEXT_WIDTH, 2);
}

static School *open_school(Pool *pool)
{
    Arena *a = arena_new("weights", 0);
    School *s = arena_zero(a, sizeof *s);
    s->weights = a;
    s->step = arena_new("step", 0);
    CHECK_OK(compute_new(pool, NULL, &s->c));
    s->config = small_config();
    s->set = params_new_train(a, 3, NULL, NULL);
    CHECK_OK(dit_new(&s->config, s->set, a, &s->dit));
    OptimConfig o = optim_config_default();
    o.weight_decay = 0;
    o.lr_other = 4e-3f;
    s->optim = optim_new(s->set, &o, a);
    make_examples(s);
    return s;
}

static void close_school(School *s)
{
    compute_free(s->c);
    arena_free(s->step);
    arena_free(s->weights);
}

static float learn(School *s, size_t steps, float keep, bool recompute)
{
    float loss = 0, sum = 0;
    size_t last = 0;
    for (size_t i = 0; i < steps; i++) {
        ArenaMark mark = arena_mark(s->step);
        BatchOptions o = { .seed = rng_split(9, optim_steps(s->optim)),
                           .images = levels_for_images(),
                           .clips = levels_for_clips(),
                           .keep = keep,
                           .recompute = recompute };
        Batch b;
        batch_make(&s->config, s->c, s->example, CLIPS, &s->text, &o, s->step, &b);
        Tape *t = tape_new(s->step, s->c, GEMM_BF16, true);
        Tensor *l = op_mse(t, dit_forward(s->dit, t, &b.input), b.target, b.weight);
        loss = *(float *)l->data;
        tape_backward(t, l, 1);
        CHECK_OK(optim_step(s->optim, s->c, 1, s->step, NULL));
        arena_rewind(s->step, mark);
        if (i + 10 >= steps) sum += loss, last++;
    }
    return sum / (float)last;
}

static void learns_by_heart(void **state)
{
    (void)state;
    School *s = open_school(NULL);
    float first = learn(s, 1, 1, false), last = learn(s, 150, 1, false);
    if (!(last < first / 20)) fail_msg("the loss went from %g to %g", first, last);
    close_school(s);
}

/* Recomputed blocks, two threads and a routed batch: the same numbers, or at least learning. */
static void gives_the_same_in_every_way(void **state)
{
    (void)state;
    Pool *pool;
    CHECK_OK(pool_new(2, &pool));
    School *one = open_school(NULL), *two = open_school(pool);
    float a = learn(one, 3, 0.5f, false), b = learn(two, 3, 0.5f, true);
    assert_memory_equal(&a, &b, sizeof a);
    for (size_t i = 0; i < params_count(one->set); i++) {
        const Tensor *x = params_at(one->set, i)->value, *y = params_at(two->set, i)->value;
        if (memcmp(x->data, y->data, tensor_count(x) * sizeof(float)) != 0)
            fail_msg("%s differs", params_at(one->set, i)->name);
    }
    close_school(one);
    close_school(two);
    pool_free(pool);
}

static void resumes_to_the_same_bytes(void **state)
{
    (void)state;
    char dir[] = "/tmp/sora_test_XXXXXX";
    assert_non_null(mkdtemp(dir));
    School *through = open_school(NULL), *before = open_school(NULL), *after = open_school(NULL);
    RunState run = { .step = 3, .examples = 12, .seconds = 1.5, .seed = 9 }, back;
    float want = (learn(through, 3, 1, false), learn(through, 2, 1, false));
    learn(before, 3, 1, false);
    CheckpointKind kind = { "dit", "{}", "model.safetensors" };
    CHECK_OK(checkpoint_save(dir, &kind, before->set, before->optim, &run, NULL, before->step));
    CHECK_OK(checkpoint_load(dir, after->set, after->optim, &back, after->step));
    params_refresh(after->set, after->c);
    assert_int_equal(back.examples, 12);
    float got = learn(after, 2, 1, false);
    assert_memory_equal(&want, &got, sizeof want);
    close_school(through);
    close_school(before);
    close_school(after);
    char path[64];
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", dir);
    assert_int_equal(unlink(path), 0);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_by_heart),
        cmocka_unit_test(gives_the_same_in_every_way),
        cmocka_unit_test(resumes_to_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
