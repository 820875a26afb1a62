/* sora.h as a program of others sees it: a tiny model of random weights, clips, examples. */
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "model/bundle.h"

static char folder[] = "/tmp/sora-api-XXXXXX";
static char model[256], text[4096];

/* Everything a model file needs, and nothing learned. */
static void write_model(const char *path)
{
    Arena *a = arena_new("test", 0);
    DitConfig config = dit_config_default();
    config.width = 64, config.heads = 2, config.layers = 2, config.hidden = 128;
    ParamSet *set = params_new_train(a, 3, NULL, NULL);
    Dit *dit;
    CHECK_OK(dit_new(&config, set, a, &dit));
    size_t count = params_count(set);
    SafetensorsEntry *entry = arena_zero(a, count * sizeof *entry);
    for (size_t i = 0; i < count; i++)
        entry[i] = (SafetensorsEntry){ params_at(set, i)->name, *params_at(set, i)->value };
    SafetensorsMeta meta[] = { { "sora.kind", "dit" },
                               { "sora.dit", dit_config_write(&config, a) } };
    CHECK_OK(safetensors_write(path, entry, count, meta, 2));
    arena_free(a);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(model, sizeof model, "%s/model.safetensors", folder);
    snprintf(text, sizeof text, "%s/models/default/text.safetensors", getenv("SORA_SOURCE"));
    write_model(model);
    char beside[300];
    snprintf(beside, sizeof beside, "%s/text.safetensors", folder);
    return symlink(text, beside);
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static SoraEngine *open_engine(int threads)
{
    SoraEngineOptions o;
    SoraEngine *engine;
    sora_engine_options_init(&o);
    o.model = model;
    o.threads = threads;
    CHECK_OK(sora_engine_open(&o, &engine));
    return engine;
}

static SoraShot small_shot(void)
{
    SoraShot shot;
    sora_shot_init(&shot);
    shot.prompt = "a fox runs in the snow";
    shot.frames = 5, shot.height = 32, shot.width = 48, shot.steps = 3;
    return shot;
}

static void test_generate(void **state)
{
    (void)state;
    SoraClip *clip[2];
    SoraShot shot = small_shot();
    for (int i = 0; i < 2; i++) { /* on one thread and on three: the same bytes */
        SoraEngine *engine = open_engine(1 + 2 * i);
        CHECK_OK(sora_generate(engine, &shot, &clip[i]));
        sora_engine_close(engine);
    }
    assert_int_equal(sora_clip_frames(clip[0]), 5);
    assert_int_equal(sora_clip_width(clip[0]), 48);
    CHECK_CLOSE(sora_clip_fps(clip[0]), 24, 0);
    for (int f = 0; f < 5; f++)
        assert_memory_equal(sora_clip_pixels(clip[0], f), sora_clip_pixels(clip[1], f),
                            32 * 48 * 3);
    assert_null(sora_clip_pixels(clip[0], 5));
    sora_clip_free(clip[0]);
    sora_clip_free(clip[1]);
}

typedef struct Watch {
    int calls, stop_at, previews;
} Watch;

static int watch(void *self, int step, int steps, const SoraClip *preview)
{
    Watch *w = self;
    assert_int_equal(steps, 3);
    assert_true(step >= w->calls);
    w->calls++;
    if (preview) w->previews += sora_clip_height(preview) == 32;
    return w->calls == w->stop_at;
}

static void test_callbacks(void **state)
{
    (void)state;
    SoraEngine *engine = open_engine(2);
    SoraShot shot = small_shot();
    Watch w = { 0 };
    SoraClip *clip;
    shot.progress = watch, shot.progress_self = &w, shot.wants_preview = 1;
    CHECK_OK(sora_generate(engine, &shot, &clip));
    assert_int_equal(w.calls, 3);
    assert_int_equal(w.previews, 3);
    sora_clip_free(clip);
    w = (Watch){ .stop_at = 2 };
    assert_int_equal(sora_generate(engine, &shot, &clip), SORA_CANCELLED);
    assert_int_equal(w.calls, 2);
    sora_engine_close(engine);
}

/* A given frame comes out as it went in. */
static void test_given(void **state)
{
    (void)state;
    SoraEngine *engine = open_engine(2);
    SoraShot shot = small_shot();
    SoraClip *source, *clip;
    uint8_t given[5] = { 1 };
    CHECK_OK(sora_clip_new(5, 32, 48, 24, &source));
    for (int i = 0; i < 32 * 48 * 3; i++) sora_clip_pixels(source, 0)[i] = (uint8_t)(i * 7);
    shot.source = source, shot.given = given;
    CHECK_OK(sora_generate(engine, &shot, &clip));
    assert_memory_equal(sora_clip_pixels(clip, 0), sora_clip_pixels(source, 0), 32 * 48 * 3);
    sora_clip_free(clip);
    sora_clip_free(source);
    sora_engine_close(engine);
}

static void test_mistakes(void **state)
{
    (void)state;
    SoraEngine *engine;
    SoraEngineOptions o = { 0 };
    CHECK_FAILS(sora_engine_open(&o, &engine), SORA_E_ARGUMENT, "init function");
    sora_engine_options_init(&o);
    CHECK_FAILS(sora_engine_open(&o, &engine), SORA_E_ARGUMENT, "no model");
    o.model = "/nowhere/model";
    CHECK_FAILS(sora_engine_open(&o, &engine), SORA_E_IO, "/nowhere/model");
    assert_string_equal(sora_error(), err_text());
    o.model = model, o.cpu = "pentium";
    CHECK_FAILS(sora_engine_open(&o, &engine), SORA_E_UNSUPPORTED, "pentium");
    o.cpu = NULL, o.precision = "f16";
    CHECK_FAILS(sora_engine_open(&o, &engine), SORA_E_ARGUMENT, "bf16, f32 or int8");
    o.precision = "f32"; /* other bytes than another precision makes, and it says so */
    CHECK_OK(sora_engine_open(&o, &engine));
    assert_non_null(strstr(sora_engine_id(engine), "f32"));
    sora_engine_close(engine);
    engine = open_engine(1);
    SoraClip *clip;
    SoraShot shot = small_shot();
    shot.frames = 0;
    CHECK_FAILS(sora_generate(engine, &shot, &clip), SORA_E_ARGUMENT, "0 frames");
    shot = small_shot();
    shot.steps = 0;
    CHECK_FAILS(sora_generate(engine, &shot, &clip), SORA_E_ARGUMENT, "0 steps");
    shot = small_shot();
    shot.size += 8;
    CHECK_FAILS(sora_generate(engine, &shot, &clip), SORA_E_ARGUMENT, "SoraShot");
    sora_engine_close(engine);
    CHECK_FAILS(sora_clip_new(1, -1, 3, 0, &clip), SORA_E_ARGUMENT, "3x-1");
    CHECK_FAILS(sora_clip_read("/nowhere.mp4", 0, 0, &clip), SORA_E_IO, "nowhere.mp4");
}

/* An older program's shorter struct: what it does not have takes its default. */
static void test_older_caller(void **state)
{
    (void)state;
    SoraEngine *engine = open_engine(2);
    SoraShot shot = small_shot();
    shot.size = offsetof(SoraShot, source);
    memset((char *)&shot + shot.size, 0xee, sizeof shot - shot.size);
    SoraClip *clip;
    CHECK_OK(sora_generate(engine, &shot, &clip));
    sora_clip_free(clip);
    sora_engine_close(engine);
}

static int run(const char *command)
{
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_examples(void **state)
{
    (void)state;
    const char *bin = getenv("SORA_EXAMPLES");
    char command[4096];
    if (!bin) skip();
    snprintf(command, sizeof command, "cd %s && %s/example_generate . 'a fox' fox.webp 2 2>log",
             folder, bin);
    assert_int_equal(run(command), 0);
    snprintf(command, sizeof command, "cd %s && %s/example_frames fox.webp back.png 2>log", folder,
             bin);
    assert_int_equal(run(command), 0);
    snprintf(command, sizeof command,
             "cd %s && %s/example_frames fox.webp frames/ && %s/example_still . "
             "frames/0001.png 'a fox' still.gif 2>log",
             folder, bin, bin);
    assert_int_equal(run(command), 0);
    snprintf(command, sizeof command, "cd %s && %s/example_frames none.mp4 x.gif 2>log", folder,
             bin);
    assert_int_equal(run(command), 1);
    SoraClip *clip;
    snprintf(command, sizeof command, "%s/still.gif", folder);
    CHECK_OK(sora_clip_read(command, 0, 0, &clip));
    assert_int_equal(sora_clip_frames(clip), 9);
    sora_clip_free(clip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generate),     cmocka_unit_test(test_callbacks),
        cmocka_unit_test(test_given),        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_older_caller), cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
