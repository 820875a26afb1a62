#include "check.h"

#include "base/json.h"
#include "model/e5.h"
#include "model/text_encoder.h"
#include "tensor/safetensors.h"

/* The shipped encoder against what scripts/make-text --golden wrote: an f32 forward over the same
 * weights and the vectors of the package they came from. */
typedef struct Fixture {
    Arena *a, *step;
    Pool *pool;
    Compute *c;
    TextEncoder *encoder;
    Safetensors golden;
    const Json *prompts;
} Fixture;

static const char *model_path(void)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/models/default/text.safetensors", getenv("SORA_SOURCE"));
    return path;
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    f->a = arena_new("test", 0);
    f->step = arena_new("step", 0);
    CHECK_OK(pool_new(2, &f->pool));
    CHECK_OK(compute_new(f->pool, NULL, &f->c));
    CHECK_OK(text_encoder_open(model_path(), f->c, f->a, &f->encoder));
    CHECK_OK(safetensors_open(test_data("text/e5.safetensors"), f->a, &f->golden));
    const char *prompts = safetensors_metadata(&f->golden, "prompts");
    CHECK_OK(json_parse(prompts, strlen(prompts), "prompts", f->a, &f->prompts));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    safetensors_close(&f->golden);
    text_encoder_close(f->encoder);
    compute_free(f->c);
    pool_free(f->pool);
    arena_free(f->step);
    arena_free(f->a);
    free(f);
    return 0;
}

static const Tensor *golden(const Fixture *f, size_t i, const char *what)
{
    char name[32];
    snprintf(name, sizeof name, "%02zu.%s", i, what);
    return safetensors_find(&f->golden, name);
}

static const char **all_prompts(const Fixture *f)
{
    const char **text = arena_alloc(f->a, f->prompts->count * sizeof *text);
    for (size_t i = 0; i < f->prompts->count; i++) text[i] = f->prompts->item[i].string;
    return text;
}

static double cosine(const float *x, const float *y, size_t n)
{
    double xy = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < n; i++) {
        xy += (double)x[i] * y[i];
        xx += (double)x[i] * x[i];
        yy += (double)y[i] * y[i];
    }
    return xy / sqrt(xx * yy);
}

static double distance(const float *x, const float *y, size_t n)
{
    double off = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        off += ((double)x[i] - y[i]) * ((double)x[i] - y[i]);
        all += (double)y[i] * y[i];
    }
    return sqrt(off / all);
}

static void finds_the_packages_tokens(void **state)
{
    Fixture *f = *state;
    Safetensors file;
    E5 *e5;
    CHECK_OK(safetensors_open(model_path(), f->a, &file));
    CHECK_OK(e5_load(&file, "text.safetensors", f->a, &e5));
    for (size_t i = 0; i < f->prompts->count; i++) {
        const Tensor *want = golden(f, i, "ids");
        const int32_t *id = want->data;
        TokenizerIds got;
        bool cut;
        CHECK_OK(e5_tokens(e5, f->prompts->item[i].string, f->a, &got, &cut));
        assert_int_equal(got.count, tensor_count(want));
        for (size_t k = 0; k < got.count; k++) assert_int_equal(got.id[k], id[k]);
        assert_false(cut);
    }
    safetensors_close(&file);
}

static void gives_the_states_of_an_f32_forward(void **state)
{
    Fixture *f = *state;
    TextStates got;
    size_t count = f->prompts->count, compared = 0;
    CHECK_OK(text_encode(f->encoder, f->c, all_prompts(f), count, f->step, f->a, &got));
    size_t width = text_encoder_width(f->encoder);
    assert_int_equal(tensor_width(got.states), width);
    assert_int_equal(tensor_row_count(got.states), got.start[count]);
    for (size_t i = 0; i < count; i++) {
        const Tensor *states = golden(f, i, "states"), *package = golden(f, i, "package");
        const float *pooled = (const float *)got.pooled->data + i * width;
        double off = distance(pooled, golden(f, i, "pooled")->data, width);
        if (!(off < 0.01)) fail_msg("prompt %zu: pooled is off by %g", i, off);
        if (package) assert_true(cosine(pooled, package->data, width) > 0.999);
        if (!states) continue;
        assert_int_equal(got.start[i + 1] - got.start[i], tensor_row_count(states));
        off = distance((const float *)got.states->data + got.start[i] * width, states->data,
                       tensor_count(states));
        if (!(off < 0.02)) fail_msg("prompt %zu: states are off by %g", i, off);
        compared++;
    }
    assert_int_equal(compared, 4);
}

/* A word's own embedding does not depend on the sentence, and tells "left" from "right" better than
 * the states do. */
static void words_stand_alone(void **state)
{
    Fixture *f = *state;
    const char *two[] = { "the camera pans to the left", "the camera pans to the right" };
    TextStates t;
    CHECK_OK(text_encode(f->encoder, f->c, two, 2, f->step, f->a, &t));
    size_t n = t.start[1], width = text_encoder_width(f->encoder), other = 0;
    assert_int_equal(t.start[2], 2 * n);
    assert_int_equal(tensor_row_count(t.words), 2 * n);
    const float *w = t.words->data, *s = t.states->data;
    for (size_t i = 0; i < n; i++) {
        const float *left = w + i * width, *right = left + n * width;
        double mean = 0, square = 0;
        for (size_t j = 0; j < width; j++) {
            mean += (double)left[j] / (double)width;
            square += (double)(left[j] * left[j]) / (double)width;
        }
        CHECK_CLOSE(mean, 0, 1e-4);
        CHECK_CLOSE(square, 1, 1e-3);
        if (!memcmp(left, right, width * sizeof *left)) continue;
        other++;
        double apart = distance(left, right, width);
        assert_true(apart > 1.5 * distance(s + i * width, s + (n + i) * width, width));
    }
    assert_int_equal(other, 1);
}

/* A prompt's states do not depend on what else is in the batch. */
static void prompts_do_not_see_each_other(void **state)
{
    Fixture *f = *state;
    const char *two[] = { "a cat", "一只小狗在草地上奔跑" };
    TextStates both, alone;
    CHECK_OK(text_encode(f->encoder, f->c, two, 2, f->step, f->a, &both));
    CHECK_OK(text_encode(f->encoder, f->c, two + 1, 1, f->step, f->a, &alone));
    size_t n = tensor_count(alone.states);
    const float *second = (const float *)both.states->data + tensor_count(both.states) - n;
    assert_true(distance(second, alone.states->data, n) < 1e-3);
}

static void cuts_long_prompts_and_says_so(void **state)
{
    Fixture *f = *state;
    char text[4000] = "";
    for (int i = 0; i < 300; i++) strcat(text, "dog ");
    const char *prompts[] = { text, "a dog" };
    TextStates got;
    CHECK_OK(text_encode(f->encoder, f->c, prompts, 2, f->step, f->a, &got));
    assert_int_equal(got.cut, 1);
    assert_int_equal(got.start[1], text_encoder_tokens_max(f->encoder));
    assert_true(got.start[2] < got.start[1] + 12);
}

static const float *pooled_of(const TextStates *s, size_t i)
{
    return (const float *)s->pooled->data + i * tensor_width(s->pooled);
}

static void near_meanings_are_near(void **state)
{
    Fixture *f = *state;
    const char *prompts[] = { "a puppy", "a dog", "a train", "小狗", "火车" };
    TextStates s;
    CHECK_OK(text_encode(f->encoder, f->c, prompts, 5, f->step, f->a, &s));
    size_t n = tensor_width(s.pooled);
    for (size_t i = 0; i < 5; i++)
        CHECK_CLOSE(cosine(pooled_of(&s, i), pooled_of(&s, i), n), 1, 1e-6);
    assert_true(cosine(pooled_of(&s, 0), pooled_of(&s, 1), n) >
                cosine(pooled_of(&s, 0), pooled_of(&s, 2), n));
    assert_true(cosine(pooled_of(&s, 3), pooled_of(&s, 1), n) >
                cosine(pooled_of(&s, 3), pooled_of(&s, 2), n));
    assert_true(cosine(pooled_of(&s, 4), pooled_of(&s, 2), n) >
                cosine(pooled_of(&s, 4), pooled_of(&s, 1), n));
}

static void says_what_a_file_lacks(void **state)
{
    Fixture *f = *state;
    TextEncoder *e;
    CHECK_FAILS(text_encoder_open(test_data("text/e5.safetensors"), f->c, f->a, &e), SORA_E_FORMAT,
                "no text encoder");
    CHECK_FAILS(text_encoder_open("/nowhere/text.safetensors", f->c, f->a, &e), SORA_E_IO,
                "/nowhere/text.safetensors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_packages_tokens),
        cmocka_unit_test(gives_the_states_of_an_f32_forward),
        cmocka_unit_test(words_stand_alone),
        cmocka_unit_test(prompts_do_not_see_each_other),
        cmocka_unit_test(cuts_long_prompts_and_says_so),
        cmocka_unit_test(near_meanings_are_near),
        cmocka_unit_test(says_what_a_file_lacks),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
