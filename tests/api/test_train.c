/* sora_train_*: a run that is stopped, killed and gone on with ends in the same bytes. */
#include "check.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "media/write.h"
#include "tensor/safetensors.h"

static char folder[] = "/tmp/sora-train-XXXXXX";
static char data[64], other[64], encoder[4096], lines[4096];

static const char *run_dir(const char *name)
{
    static char path[4][128];
    static int k;
    char *p = path[k++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

/* Twelve flat clips with captions; `flip`: in the opposite colours. */
static void make_data(const char *dir, uint8_t flip)
{
    Arena *a = arena_new("test", 0);
    assert_int_equal(mkdir(dir, 0777), 0);
    for (int i = 0; i < 12; i++) {
        Clip c;
        char path[128], caption[64];
        CHECK_OK(clip_new(a, 7, 16, 16, 12, &c));
        for (size_t k = 0; k < 7 * 16 * 16 * 3; k++)
            c.rgb[k] = (uint8_t)(i * 20 + k % 3 * 30) ^ flip;
        snprintf(path, sizeof path, "%s/%d.gif", dir, i);
        CHECK_OK(write_clip(path, &c, &(WriteOptions){ 0 }));
        snprintf(path, sizeof path, "%s/%d.txt", dir, i);
        snprintf(caption, sizeof caption, "colour number %d", i);
        CHECK_OK(file_write(path, caption, strlen(caption)));
    }
    arena_free(a);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    snprintf(encoder, sizeof encoder, "%s/models/default/text.safetensors", getenv("SORA_SOURCE"));
    make_data(data, 0);
    make_data(other, 0xFF);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void on_log(void *self, const char *line)
{
    (void)self;
    size_t n = strlen(lines);
    snprintf(lines + n, sizeof lines - n, "%s\n", line);
}

static SoraTrainOptions small(const char *name)
{
    SoraTrainOptions o;
    sora_train_options_init(&o);
    o.dir = run_dir(name);
    o.data = data;
    o.sizes = "16x16,16x16x5@12";
    o.text_encoder = encoder;
    o.width = 32, o.heads = 2, o.layers = 2, o.hidden = 48;
    o.batch_tokens = 48;
    o.steps = 12;
    o.samples = 2;
    o.validation = 0.25;
    o.threads = 2;
    o.log = on_log;
    return o;
}

/* Only where it is: everything else has to come from the checkpoint. */
static SoraTrainOptions again(const char *name)
{
    SoraTrainOptions o;
    sora_train_options_init(&o);
    o.dir = run_dir(name);
    o.text_encoder = encoder;
    o.threads = 1;
    return o;
}

static SoraTrainReport steps(const SoraTrainOptions *o, uint64_t until)
{
    SoraTrainer *t;
    SoraTrainReport r;
    CHECK_OK(sora_train_open(o, &t));
    sora_train_state(t, &r);
    while (r.step < until) CHECK_OK(sora_train_step(t, &r));
    CHECK_OK(sora_train_save(t));
    sora_train_close(t);
    return r;
}

static void same_tensors(const char *x, const char *y, const char *file)
{
    Arena *a = arena_new("test", 0);
    Safetensors s, t;
    CHECK_OK(safetensors_open(arena_printf(a, "%s/%s", x, file), a, &s));
    CHECK_OK(safetensors_open(arena_printf(a, "%s/%s", y, file), a, &t));
    assert_int_equal(s.count, t.count);
    for (size_t i = 0; i < s.count; i++) {
        size_t bytes;
        const Tensor *p = &s.entry[i].tensor, *q = safetensors_find(&t, s.entry[i].name);
        assert_non_null(q);
        CHECK_OK(tensor_bytes(p->type, p->rank, p->shape, &bytes));
        if (memcmp(p->data, q->data, bytes) != 0) fail_msg("%s differs", s.entry[i].name);
    }
    safetensors_close(&s);
    safetensors_close(&t);
    arena_free(a);
}

static void resumes_to_the_same_bytes(void **state)
{
    (void)state;
    SoraTrainOptions whole = small("whole"), part = small("part"), rest = again("part");
    SoraTrainReport r = steps(&whole, 12);
    CHECK_CLOSE(r.progress, 1, 0);
    steps(&part, 5);
    assert_int_equal(steps(&rest, 12).examples, r.examples);
    same_tensors(run_dir("whole"), run_dir("part"), "checkpoint.safetensors");
    same_tensors(run_dir("whole"), run_dir("part"), "model.safetensors");
}

/* Until the first checkpoint is there; a busy machine takes its time. */
static void wait_for(const char *path)
{
    for (int i = 0; i < 600 && !file_exists(path); i++) usleep(100000);
    assert_true(file_exists(path));
}

/* Killed at any moment, also while it saves: what is there can be gone on with. */
static void survives_kill(void **state)
{
    (void)state;
    SoraTrainOptions o = small("killed");
    o.steps = 100000;
    for (int k = 0; k < 4; k++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            SoraTrainer *t;
            SoraTrainReport r;
            if (sora_train_open(&o, &t) != SORA_OK) _exit(1);
            while (sora_train_step(t, &r) == SORA_OK && sora_train_save(t) == SORA_OK) {
            }
            _exit(1);
        }
        wait_for(run_dir("killed/checkpoint.safetensors"));
        usleep(100000 + 130000 * (useconds_t)k);
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status)); /* it did not end by itself with an error */
    }
    SoraTrainer *t;
    SoraTrainReport before, after;
    SoraTrainOptions rest = again("killed");
    CHECK_OK(sora_train_open(&rest, &t));
    sora_train_state(t, &before);
    assert_true(before.step > 0);
    CHECK_OK(sora_train_step(t, &after));
    assert_int_equal(after.step, before.step + 1);
    sora_train_close(t);
    /* The log has every step once, up to where it stands. */
    char path[160], line[256];
    snprintf(path, sizeof path, "%s/log.csv", run_dir("killed"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(line, "step,examples,seconds,loss,norm,rate\n");
    uint64_t want = 1;
    while (fgets(line, sizeof line, f)) assert_int_equal(strtoull(line, NULL, 10), want++);
    assert_int_equal(want, after.step + 1);
    fclose(f);
}

static void learns_validates_and_samples(void **state)
{
    (void)state;
    SoraTrainOptions o = small("learns");
    SoraTrainer *t;
    SoraTrainReport r;
    double before, after, same;
    o.steps = 60;
    o.lr = 4e-3;
    o.ema = 0.9;
    CHECK_OK(sora_train_open(&o, &t));
    CHECK_OK(sora_train_validate(t, &before));
    CHECK_OK(sora_train_validate(t, &same));
    assert_true(before == same);
    do CHECK_OK(sora_train_step(t, &r));
    while (r.progress < 1);
    CHECK_OK(sora_train_validate(t, &after));
    if (!(after < 0.8 * before)) fail_msg("validation went from %g to %g", before, after);
    CHECK_OK(sora_train_sample(t));
    CHECK_OK(sora_train_save(t));
    sora_train_close(t);
    static const char *const made[] = { "samples/0000060-16x16.png", "samples/0000060-16x16x5.png",
                                        "samples/real-16x16x5.png", "samples/prompts-16x16.txt",
                                        "validation.csv" };
    char path[256];
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", run_dir("learns"), made[i]);
        if (!file_exists(path)) fail_msg("%s is missing", path);
    }
    /* What came out is a model, and can be started from. */
    SoraTrainOptions next = small("next");
    next.width = next.heads = next.layers = next.hidden = 0;
    next.init = run_dir("learns");
    next.steps = 1;
    steps(&next, 1);
    next = small("other");
    next.init = run_dir("learns");
    next.width = 64;
    CHECK_FAILS(sora_train_open(&next, &t), SORA_E_ARGUMENT,
                "width 64 was asked for, the model has 32");
}

static SoraTrainOptions lora_of(const char *base, const char *name)
{
    SoraTrainOptions o = small(name);
    o.width = o.heads = o.layers = o.hidden = 0;
    o.init = base;
    o.data = other;
    o.lora_rank = 2;
    o.lr = 2e-2;
    o.ema = 0.9;
    o.steps = 60;
    return o;
}

static SoraStatus open_engine(const char *model, const char *lora, SoraEngine **out)
{
    SoraEngineOptions e;
    sora_engine_options_init(&e);
    e.model = model, e.text_encoder = encoder, e.threads = 2;
    if (lora) e.lora = &lora, e.lora_count = 1;
    return sora_engine_open(&e, out);
}

/* Frames of a shot; `lora` may be NULL. */
static SoraClip *frames_of(const char *path, const char *lora)
{
    SoraEngine *engine;
    SoraShot shot;
    SoraClip *clip;
    CHECK_OK(open_engine(path, lora, &engine));
    sora_shot_init(&shot);
    shot.prompt = "colour number 3";
    shot.frames = 1, shot.height = 16, shot.width = 16, shot.steps = 2;
    CHECK_OK(sora_generate(engine, &shot, &clip));
    SoraPromptCheck said;
    CHECK_OK(sora_prompt_check(engine, "a submarine in the snow", &said));
    assert_int_equal(said.unknowns, lora ? 0 : 1); /* who knows what a LoRA was shown */
    sora_engine_close(engine);
    return clip;
}

/* Learned beside a model, gone on with to the same bytes, used, and merged into the model. */
static void learns_a_lora(void **state)
{
    (void)state;
    char base[128], file[160], lora[160], merged[160];
    double before, after;
    SoraTrainer *t;
    SoraTrainReport r;
    snprintf(base, sizeof base, "%s", run_dir("base"));
    SoraTrainOptions o = small("base"), rest = again("lora-part");
    o.steps = 60;
    o.lr = 4e-3;
    o.ema = 0.9;
    steps(&o, 60);
    o = lora_of(base, "lora");
    CHECK_OK(sora_train_open(&o, &t));
    CHECK_OK(sora_train_validate(t, &before));
    do CHECK_OK(sora_train_step(t, &r));
    while (r.progress < 1);
    CHECK_OK(sora_train_validate(t, &after));
    if (!(after < 0.98 * before)) fail_msg("validation went from %g to %g", before, after);
    CHECK_OK(sora_train_sample(t));
    CHECK_OK(sora_train_save(t));
    sora_train_close(t);

    o = lora_of(base, "lora-part");
    steps(&o, 7);
    steps(&rest, 60);
    same_tensors(run_dir("lora"), run_dir("lora-part"), "checkpoint.safetensors");
    same_tensors(run_dir("lora"), run_dir("lora-part"), "lora.safetensors");

    snprintf(file, sizeof file, "%s/model.safetensors", base);
    snprintf(lora, sizeof lora, "%s/lora.safetensors", run_dir("lora"));
    snprintf(merged, sizeof merged, "%s", run_dir("merged.safetensors"));
    SoraConvertOptions c;
    const char *one = lora;
    sora_convert_options_init(&c);
    c.lora = &one;
    c.lora_count = 1;
    CHECK_OK(sora_convert(file, merged, &c));
    SoraClip *plain = frames_of(file, NULL), *with = frames_of(file, lora);
    SoraClip *whole = frames_of(merged, NULL);
    size_t bytes = 16 * 16 * 3;
    assert_memory_equal(sora_clip_pixels(with, 0), sora_clip_pixels(whole, 0), bytes);
    assert_memory_not_equal(sora_clip_pixels(with, 0), sora_clip_pixels(plain, 0), bytes);
    sora_clip_free(plain);
    sora_clip_free(with);
    sora_clip_free(whole);

    o = lora_of(base, "bad");
    o.lora_rank = 32;
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_ARGUMENT, "a rank of 32 is not below");
    o = lora_of(NULL, "bad");
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_ARGUMENT, "name it with init");
    o = lora_of(base, "bad");
    o.network = "reader";
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_ARGUMENT, "not for the reader");
}

static uint64_t hash_of_clip(const char *model, const char *lora)
{
    SoraEngine *engine;
    SoraShot shot;
    SoraClip *clip;
    uint64_t h = 0xcbf29ce484222325;
    CHECK_OK(open_engine(model, lora, &engine));
    sora_shot_init(&shot);
    shot.prompt = "colour number 3";
    shot.frames = 5, shot.fps = 12, shot.height = shot.width = 32, shot.steps = 4;
    CHECK_OK(sora_generate(engine, &shot, &clip));
    for (int f = 0; f < 5; f++)
        for (size_t i = 0; i < 32 * 32 * 3; i++)
            h = (h ^ sora_clip_pixels(clip, f)[i]) * 0x100000001b3;
    sora_clip_free(clip);
    sora_engine_close(engine);
    return h;
}

/* A network for layouts, learned from the model and gone on with to the same bytes, works where it
 * lies beside the model, but not for a LoRA, which it does not know, nor for a file of another
 * name. */
static void learns_layouts(void **state)
{
    (void)state;
    char base[128], file[160], other_file[160], layout[160], lora[160], from[160];
    SoraTrainer *t;
    SoraEngine *engine;
    snprintf(base, sizeof base, "%s", run_dir("for-layouts"));
    snprintf(file, sizeof file, "%s/model.safetensors", base);
    snprintf(other_file, sizeof other_file, "%s/other.safetensors", base);
    snprintf(layout, sizeof layout, "%s/layout.safetensors", base);
    SoraTrainOptions o = small("for-layouts"), rest = again("layout");
    o.sizes = "32x32x5@12", o.steps = 6, o.ema = 0.5;
    steps(&o, 6);
    o = lora_of(base, "lora-there");
    o.steps = 3;
    steps(&o, 3);
    snprintf(lora, sizeof lora, "%s/lora.safetensors", o.dir);

    o = small("layout");
    o.width = o.heads = o.layers = o.hidden = 0;
    o.network = "layout", o.sizes = "16x16x5@12", o.steps = 20, o.ema = 0.5;
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_ARGUMENT, "name it with init");
    o.init = base;
    steps(&o, 9);
    steps(&rest, 20);
    o.dir = run_dir("layout-whole");
    steps(&o, 20);
    same_tensors(run_dir("layout"), run_dir("layout-whole"), "layout.safetensors");

    uint64_t plain = hash_of_clip(base, NULL), changed = hash_of_clip(base, lora);
    assert_true(plain != changed);
    assert_int_equal(link(file, other_file), 0);
    snprintf(from, sizeof from, "%s/layout.safetensors", run_dir("layout"));
    assert_int_equal(link(from, layout), 0);
    assert_true(hash_of_clip(base, NULL) != plain);
    assert_int_equal(hash_of_clip(file, NULL), hash_of_clip(base, NULL));
    assert_int_equal(hash_of_clip(base, lora), changed);
    assert_int_equal(hash_of_clip(other_file, NULL), plain);

    CHECK_OK(open_engine(base, NULL, &engine));
    assert_non_null(strstr(sora_engine_id(engine), " + layouts "));
    sora_engine_close(engine);
    assert_int_equal(unlink(layout), 0);
    CHECK_OK(file_write(layout, "no weights", 10));
    CHECK_FAILS(open_engine(base, NULL, &engine), SORA_E_FORMAT, "layout.safetensors");
    assert_int_equal(unlink(layout), 0);
    assert_int_equal(link(lora, layout), 0);
    CHECK_FAILS(open_engine(base, NULL, &engine), SORA_E_FORMAT, "is no sora model");
}

/* What a model was taught comes back among a folder's clips, unless that is not wanted. */
static void replays_what_was_taught(void **state)
{
    (void)state;
    char base[128], cast[160];
    SoraTrainer *t;
    snprintf(base, sizeof base, "%s", run_dir("taught"));
    snprintf(cast, sizeof cast, "%s/cast/cast.bin", getenv("SORA_TEST_DATA"));
    SoraTrainOptions o = small("taught"), rest = again("replay-part");
    o.data = "world", o.cast = cast, o.actors = "cat,duck";
    steps(&o, 2);

    lines[0] = 0;
    o = lora_of(base, "replay");
    o.cast = cast, o.steps = 9;
    double with = steps(&o, 9).loss;
    assert_non_null(strstr(lines, "50% of the examples come from the world"));
    o = lora_of(base, "replay-part");
    o.cast = cast, o.steps = 9;
    steps(&o, 4);
    steps(&rest, 9);
    same_tensors(run_dir("replay"), run_dir("replay-part"), "lora.safetensors");

    o = lora_of(base, "replay-none");
    o.cast = cast, o.steps = 9, o.replay = 0;
    assert_true(steps(&o, 9).loss != with);
    lines[0] = 0;
    o = lora_of(base, "replay-no-cast");
    o.cast = "/nowhere/cast.bin";
    CHECK_OK(sora_train_open(&o, &t));
    sora_train_close(t);
    assert_non_null(strstr(lines, "there is no cast /nowhere/cast.bin"));
    o.replay = 0.5;
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_IO, "/nowhere/cast.bin");
    o = small("replay-world");
    o.data = "world", o.cast = cast, o.replay = 0.5;
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_ARGUMENT, "the data are the world themselves");
}

static void names_broken_files_once(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/x.mp4", data);
    CHECK_OK(file_write(path, "no video", 8));
    snprintf(path, sizeof path, "%s/x.txt", data);
    CHECK_OK(file_write(path, "x", 1));
    SoraTrainOptions o = small("broken");
    SoraFolderCount n;
    lines[0] = 0;
    CHECK_OK(sora_train_check(&o, &n));
    assert_int_equal(n.training + n.validation, 12);
    assert_int_equal(n.dropped, 1);
    assert_non_null(strstr(lines, "x.mp4"));
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/x.mp4", data);
    assert_int_equal(unlink(path), 0);
}

static void refuses(void **state)
{
    (void)state;
    SoraTrainer *t;
    SoraTrainOptions o = small("bad");
    o.lr = 7;
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_ARGUMENT, "lr is 7, it must be ");
    o = small("bad");
    o.sizes = "64";
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_ARGUMENT, "\"64\" is no size");
    o = small("bad");
    o.data = "/nowhere";
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_IO, "/nowhere");
    o = small("bad");
    o.heads = 3;
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_ARGUMENT, "width 32 is not 3 heads");
    o = small("bad");
    o.dir = "/proc/none";
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_IO, "/proc/none");
    o = small("whole");
    o.fresh = 1;
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_ARGUMENT, "holds a run already");
    o = small("whole");
    o.width = 64;
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_ARGUMENT,
                "width 64 was asked for, the model has 32");
    char path[160];
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", run_dir("whole"));
    assert_int_equal(truncate(path, 1000), 0);
    o = again("whole");
    CHECK_FAILS(sora_train_open(&o, &t), SORA_E_FORMAT, "checkpoint.safetensors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumes_to_the_same_bytes),
        cmocka_unit_test(survives_kill),
        cmocka_unit_test(learns_validates_and_samples),
        cmocka_unit_test(learns_a_lora),
        cmocka_unit_test(learns_layouts),
        cmocka_unit_test(replays_what_was_taught),
        cmocka_unit_test(names_broken_files_once),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
