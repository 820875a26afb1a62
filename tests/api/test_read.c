/* sora_read: a reader that `sora train --network reader` made, opened by others. */
#include "check.h"

#include <unistd.h>

#include "base/json.h"
#include "base/utf8.h"

static char folder[] = "/tmp/sora-read-XXXXXX";
static char file[128], encoder[4096];

/* A small reader of the tests' cast, hardly trained. */
static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(file, sizeof file, "%s/reader.safetensors", folder);
    snprintf(encoder, sizeof encoder, "%s/models/default/text.safetensors", getenv("SORA_SOURCE"));
    SoraTrainOptions o;
    SoraTrainer *t;
    SoraTrainReport r;
    sora_train_options_init(&o);
    o.dir = folder, o.data = "world", o.network = "reader", o.text_encoder = encoder;
    o.cast = test_data("cast/cast.bin");
    o.sizes = "48x48,48x48x13@6";
    o.width = 32, o.heads = 2, o.layers = 1, o.hidden = 32;
    o.batch_tokens = 60, o.steps = 3, o.threads = 2;
    o.actors = "4", o.scenes = "meadow,snow";
    CHECK_OK(sora_train_open(&o, &t));
    do CHECK_OK(sora_train_step(t, &r));
    while (r.progress < 1);
    CHECK_OK(sora_train_save(t));
    sora_train_close(t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static SoraReader *opened(void)
{
    SoraReaderOptions o;
    SoraReader *r;
    sora_reader_options_init(&o);
    o.file = file;
    o.threads = 1;
    CHECK_OK(sora_reader_open(&o, &r));
    return r;
}

static SoraClip *picture(int frames, int height, int width)
{
    SoraClip *c;
    CHECK_OK(sora_clip_new(frames, height, width, frames > 1 ? 24 : 0, &c));
    for (int f = 0; f < frames; f++) {
        uint8_t *p = sora_clip_pixels(c, f);
        for (int i = 0; i < height * width * 3; i++) p[i] = (uint8_t)(i / 7 * (f + 3));
    }
    return c;
}

static void check_sure(const Json *facts, const char *name)
{
    const Json *x = json_get(facts, name);
    assert_non_null(x);
    assert_non_null(json_text(x, "id"));
    assert_non_null(json_text(x, "name"));
    double p = json_get(x, "confidence")->number;
    assert_true(p > 0 && p <= 1);
}

static void reads_any_clip(void **state)
{
    (void)state;
    SoraReader *r = opened();
    static const int size[][3] = {
        { 1, 64, 64 }, { 1, 500, 33 }, { 60, 90, 160 }, { 2, 16, 16 }, { 200, 24, 400 }
    };
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        Arena *a = arena_new("test", 0);
        SoraClip *c = picture(size[i][0], size[i][1], size[i][2]);
        SoraReading x;
        const Json *facts;
        CHECK_OK(sora_read(r, c, i % 2 ? "zh" : "en", &x));
        CHECK_OK(json_parse(x.facts, strlen(x.facts), "facts", a, &facts));
        static const char *const asked[] = {
            "scene", "time", "weather", "action", "size", "count"
        };
        for (size_t k = 0; k + 1 < sizeof asked / sizeof asked[0]; k++) check_sure(facts, asked[k]);
        assert_int_equal(json_get(facts, "camera") != NULL, size[i][0] > 1);
        assert_true(x.likeness >= 0 && x.likeness <= 1);
        CHECK_OK(utf8_check(x.caption, strlen(x.caption)));
        assert_string_equal(json_text(facts, "caption"), x.caption);
        sora_clip_free(c);
        arena_free(a);
    }
    sora_reader_close(r);
}

static void reads_the_same_every_time(void **state)
{
    (void)state;
    SoraReader *r = opened(), *s = opened();
    SoraClip *c = picture(13, 64, 64);
    SoraReading x, y;
    CHECK_OK(sora_read(r, c, NULL, &x));
    CHECK_OK(sora_read(s, c, NULL, &y));
    assert_string_equal(x.facts, y.facts);
    sora_clip_free(c);
    sora_reader_close(r);
    sora_reader_close(s);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    SoraReaderOptions o;
    SoraReader *r;
    SoraReading x;
    sora_reader_options_init(&o);
    CHECK_FAILS(sora_reader_open(&o, &r), SORA_E_ARGUMENT, "name no reader");
    o.file = "/nowhere/reader.safetensors";
    CHECK_FAILS(sora_reader_open(&o, &r), SORA_E_IO, "sora train DIR --network reader");
    o.file = encoder;
    CHECK_FAILS(sora_reader_open(&o, &r), SORA_E_FORMAT, "is no reader");
    r = opened();
    SoraClip *c = picture(1, 16, 16);
    CHECK_FAILS(sora_read(r, c, "tlh", &x), SORA_E_ARGUMENT, "\"tlh\" is no language");
    sora_clip_free(c);
    sora_reader_close(r);
}

/* What --actors said stays with the run, as do the sizes of its network. */
static void goes_on_with_its_own_sizes(void **state)
{
    (void)state;
    SoraTrainOptions o;
    SoraTrainer *t;
    SoraTrainReport r;
    sora_train_options_init(&o);
    o.dir = folder, o.text_encoder = encoder, o.threads = 1, o.steps = 4;
    CHECK_OK(sora_train_open(&o, &t));
    CHECK_OK(sora_train_step(t, &r));
    assert_int_equal(r.step, 4);
    double loss;
    CHECK_OK(sora_train_validate(t, &loss));
    assert_true(isfinite(loss) && loss > 0);
    sora_train_close(t);
}

/* An instruction changes what it speaks of; the result is a caption in its language. */
static void follows_instructions(void **state)
{
    (void)state;
    SoraReader *r = opened();
    SoraClip *clip = picture(13, 48, 64);
    SoraInstruction x;
    assert_true(sora_is_instruction("make it night") && sora_is_instruction("让它下雨"));
    assert_false(sora_is_instruction("a fox in the snow at night"));
    CHECK_OK(sora_instruct(r, clip, "make it night", &x));
    if (!strstr(x.caption, "night") && !strstr(x.caption, "moon")) fail_msg("%s", x.caption);
    assert_true(*x.before && *x.unknown == 0);
    CHECK_OK(sora_instruct(r, clip, "让它下雨", &x));
    if (!strstr(x.caption, "雨")) fail_msg("%s", x.caption);
    assert_int_equal(sora_instruct(r, clip, "make it zzzz", &x), SORA_E_ARGUMENT);
    sora_clip_free(clip);
    sora_reader_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_instructions),       cmocka_unit_test(reads_any_clip),
        cmocka_unit_test(reads_the_same_every_time),  cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(goes_on_with_its_own_sizes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
