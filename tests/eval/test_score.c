/* Counting answers, and honest temperatures. */
#include "check.h"

#include "base/rng.h"
#include "eval/score.h"

static void confidence_and_accuracy(void **state)
{
    (void)state;
    Score honest = { 0 }, boastful = { 0 }, none = { 0 };
    for (uint64_t i = 0; i < 20000; i++) {
        double p = 0.3 + 0.7 * rng_uniform(1, i);
        bool right = rng_uniform(2, i) < p;
        score_add(&honest, right, p);
        score_add(&boastful, right, 1);
    }
    assert_true(score_ece(&honest) < 0.02);
    CHECK_CLOSE(score_accuracy(&honest), 0.65, 0.02);
    CHECK_CLOSE(score_ece(&boastful), 1 - score_accuracy(&boastful), 1e-9);
    assert_true(isnan(score_accuracy(&none)));
}

/* Labels are drawn from the softmax of `logit`; what is seen are sharper probabilities. */
static void finds_the_temperature(void **state)
{
    (void)state;
    enum { ROWS = 4000, CLASSES = 5 };
    float *p = malloc(ROWS * CLASSES * sizeof *p), *weight = malloc(ROWS * sizeof *weight);
    uint32_t *label = malloc(ROWS * sizeof *label);
    const double sharper = 3;
    for (size_t i = 0; i < ROWS; i++) {
        double true_p[CLASSES], sum = 0, seen = 0, u = rng_uniform(7, i);
        for (size_t k = 0; k < CLASSES; k++) sum += true_p[k] = exp(rng_normal(8, i * CLASSES + k));
        for (size_t k = 0; k < CLASSES; k++) seen += pow(true_p[k] / sum, sharper);
        label[i] = CLASSES - 1;
        for (size_t k = 0; k < CLASSES; k++) {
            p[i * CLASSES + k] = (float)(pow(true_p[k] / sum, sharper) / seen);
            u -= true_p[k] / sum;
            if (u < 0 && label[i] == CLASSES - 1) label[i] = (uint32_t)k, u = 9;
        }
        weight[i] = i % 2 ? 1 : 0;
        if (!weight[i]) label[i] = 0; /* must not count */
    }
    CHECK_CLOSE((double)score_temperature(p, ROWS, CLASSES, label, weight), sharper, 0.08);
    memset(weight, 0, ROWS * sizeof *weight);
    CHECK_CLOSE((double)score_temperature(p, ROWS, CLASSES, label, weight), 1, 0);
    free(p), free(weight), free(label);
}

/* Answers are right as often as another line says. */
static void finds_platts_line(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    float *p = malloc(COUNT * sizeof *p), line[2];
    bool *right = malloc(COUNT * sizeof *right);
    for (size_t i = 0; i < COUNT; i++) {
        double x = 2 * rng_normal(3, i);
        p[i] = (float)(1 / (1 + exp(-x)));
        right[i] = rng_uniform(4, i) < 1 / (1 + exp(-(1.5 * x + 0.7)));
    }
    score_platt(p, right, COUNT, line);
    CHECK_CLOSE((double)line[0], 1.5, 0.08);
    CHECK_CLOSE((double)line[1], 0.7, 0.08);
    for (size_t i = 0; i < COUNT; i++) right[i] = true;
    score_platt(p, right, COUNT, line); /* ends, and means that it is sure */
    assert_true(line[0] > 0 && line[1] > 3 && isfinite(line[1]));
    score_platt(p, right, 0, line);
    CHECK_CLOSE((double)line[0], 1, 1e-6);
    free(p), free(right);
}

static void counts_actors(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Reader *r;
    ReaderConfig c = reader_config_default(4);
    c.eye = (EyeConfig){ { 4, 4 } };
    c.width = 8, c.heads = 1, c.layers = 1, c.hidden = 8;
    CHECK_OK(reader_new(&c, params_new_train(a, 1, NULL, NULL), a, &r));
    Reading x;
    for (int h = 0; h < READ_HEADS; h++) {
        x.head[h] = arena_zero(a, c.answers[h] * sizeof(float));
        x.head[h][0] = 1;
    }
    float actor[4] = { 0.45f, 0.05f, 0.5f, 0 };
    x.actor = actor;
    x.head[READ_COUNT][0] = 0, x.head[READ_COUNT][1] = 1;
    ReadingLabels l = { .actors = { 0, 2 }, .seen = { true, true }, .actor_count = 2 };
    l.weight[READ_SCENE] = l.weight[READ_TIME] = 1;
    l.answer[READ_TIME] = 1;
    ReadScores s = { 0 };
    bool all;
    read_scores_add(&s, r, &l, &x, &all);
    assert_true(all);
    assert_int_equal(s.actor.asked, 2);
    assert_int_equal(s.actor.right, 2);
    assert_int_equal(s.head[READ_SCENE].right, 1);
    assert_int_equal(s.head[READ_TIME].asked, 1);
    assert_int_equal(s.head[READ_TIME].right, 0);
    assert_int_equal(s.head[READ_CAMERA].asked, 0);
    l.actors[1] = 3;
    read_scores_add(&s, r, &l, &x, &all);
    assert_false(all);
    assert_int_equal(s.actor.right, 3);
    assert_int_equal(s.actor.asked, 4);
    l.seen[0] = l.seen[1] = false; /* nobody to be seen: nobody is asked for */
    read_scores_add(&s, r, &l, &x, &all);
    assert_false(all);
    assert_int_equal(s.actor.asked, 4);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(confidence_and_accuracy),
        cmocka_unit_test(finds_the_temperature),
        cmocka_unit_test(finds_platts_line),
        cmocka_unit_test(counts_actors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
