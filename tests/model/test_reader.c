/* The reader: what one clip reads as does not depend on what lies beside it, and its file. */
#include "check.h"

#include <unistd.h>

#include "base/rng.h"
#include "model/reader.h"

enum { ACTORS = 6 };

static char folder[] = "/tmp/sora-reader-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static ReaderConfig small(void)
{
    ReaderConfig c = reader_config_default(ACTORS);
    c.eye = (EyeConfig){ { 8, 16 } };
    c.width = 32, c.heads = 2, c.layers = 2, c.hidden = 48;
    return c;
}

static ReaderClip noise_clip(Arena *a, size_t frames, size_t height, size_t width, uint64_t seed)
{
    uint8_t *rgb = arena_alloc(a, frames * height * width * 3);
    for (size_t i = 0; i < frames * height * width * 3; i++)
        rgb[i] = (uint8_t)rng_u64(seed, i / 40);
    return (ReaderClip){ rgb, frames, height, width, frames > 1 ? 6 : 0 };
}

/* Weights drawn, those that start at nothing too. */
static Reader *drawn(Arena *a, const Compute *c, ParamSet **set)
{
    Reader *r;
    ReaderConfig config = small();
    *set = params_new_train(a, 5, NULL, NULL);
    CHECK_OK(reader_new(&config, *set, a, &r));
    for (size_t i = 0; i < params_count(*set); i++) {
        Tensor *x = params_at(*set, i)->value;
        for (size_t j = 0; j < tensor_count(x); j++)
            ((float *)x->data)[j] += 0.1f * (float)rng_normal(i, j);
    }
    params_refresh(*set, c);
    return r;
}

typedef struct Bench {
    Arena *a, *step;
    Compute *c;
    ParamSet *set;
    Reader *r;
} Bench;

static Bench open_bench(void)
{
    Bench b = { arena_new("test", 0), arena_new("step", 0), NULL, NULL, NULL };
    CHECK_OK(compute_new(NULL, NULL, &b.c));
    b.r = drawn(b.a, b.c, &b.set);
    return b;
}

static void close_bench(Bench *b)
{
    compute_free(b->c);
    arena_free(b->step);
    arena_free(b->a);
}

static void read_clips(const Bench *b, const Reader *r, const ReaderClip *clips, size_t n,
                       Reading *out)
{
    ReaderInput in;
    reader_pack(clips, n, b->a, &in);
    reader_read(r, b->c, &in, b->step, b->a, out);
}

static void same_reading(const ReaderConfig *c, const Reading *x, const Reading *y, double within)
{
    for (int h = 0; h < READ_HEADS; h++)
        for (size_t i = 0; i < c->answers[h]; i++)
            CHECK_CLOSE((double)x->head[h][i], (double)y->head[h][i], within);
    for (size_t i = 0; i < c->actors; i++)
        CHECK_CLOSE((double)x->actor[i], (double)y->actor[i], within);
}

static void reads_a_clip_alone_as_among_others(void **state)
{
    (void)state;
    Bench b = open_bench();
    ReaderClip clips[4] = { noise_clip(b.a, 1, 64, 64, 1), noise_clip(b.a, 13, 64, 100, 2),
                            noise_clip(b.a, 1, 70, 64, 3), noise_clip(b.a, 6, 33, 17, 4) };
    Reading all[4], one;
    read_clips(&b, b.r, clips, 4, all);
    for (int i = 0; i < 4; i++) {
        read_clips(&b, b.r, &clips[i], 1, &one);
        same_reading(reader_config(b.r), &all[i], &one, 2e-3); /* bf16 products in other blocks */
        float sum = 0;
        for (int k = 0; k < SCENE_COUNT; k++) sum += one.head[READ_SCENE][k];
        CHECK_CLOSE((double)sum, 1, 1e-5);
    }
    /* ... and clips are told apart. */
    assert_true(fabsf(all[0].head[READ_SCENE][0] - all[2].head[READ_SCENE][0]) > 1e-4f);
    close_bench(&b);
}

static void frames_in_another_order_are_another_clip(void **state)
{
    (void)state;
    Bench b = open_bench();
    ReaderClip x = noise_clip(b.a, 13, 64, 64, 9), y = x;
    size_t frame = 64 * 64 * 3;
    uint8_t *back = arena_alloc(b.a, 13 * frame);
    for (size_t f = 0; f < 13; f++) memcpy(back + f * frame, x.rgb + (12 - f) * frame, frame);
    y.rgb = back;
    Reading r[2];
    ReaderClip both[2] = { x, y };
    read_clips(&b, b.r, both, 2, r);
    float apart = 0;
    for (int k = 0; k < ACT_COUNT; k++)
        apart = fmaxf(apart, fabsf(r[0].head[READ_ACTION][k] - r[1].head[READ_ACTION][k]));
    assert_true(apart > 1e-3f);
    close_bench(&b);
}

static void facts_follow_the_probabilities(void **state)
{
    (void)state;
    Bench b = open_bench();
    float scene[SCENE_COUNT] = { [SCENE_SNOW] = 1 }, time[TIME_COUNT] = { [TIME_NIGHT] = 1 };
    float weather[WEATHER_COUNT] = { [WEATHER_RAIN] = 1 }, camera[CAMERA_COUNT] = { 1 };
    float count[FACTS_ACTORS_MAX] = { 0, 1, 0 }, action[ACT_COUNT] = { [ACT_JUMP] = 1 };
    float size[SIZE_COUNT] = { [SIZE_BIG] = 1 }, likeness[2] = { 0, 1 };
    float actor[ACTORS] = { 0.1f, 0.9f, 0, 0.2f, 0.95f, 0 };
    Reading x = { { scene, time, weather, camera, count, action, size, likeness }, actor };
    Facts f;
    reading_facts(b.r, &x, &f);
    assert_int_equal(f.actors, 2);
    assert_int_equal(f.actor[0].actor, 4);
    assert_int_equal(f.actor[1].actor, 1);
    assert_int_equal(f.scene, SCENE_SNOW);
    assert_int_equal(f.time, TIME_NIGHT);
    assert_int_equal(f.weather, WEATHER_RAIN);
    assert_int_equal(f.actor[0].event[0].action, ACT_JUMP);
    assert_int_equal(f.actor[0].size, SIZE_NORMAL); /* beside another sizes speak for themselves */
    uint16_t all[ACTORS + 2];
    assert_int_equal(reading_actors(b.r, &x, ACTORS + 2, all), ACTORS);
    assert_int_equal(all[2], 3);
    close_bench(&b);
}

/* ---- the file -------------------------------------------------------------------------- */

static void write_file(const Bench *b, const char *path, const char *kind, const char *config)
{
    size_t n = params_count(b->set);
    SafetensorsEntry *e = arena_alloc(b->a, n * sizeof *e);
    for (size_t i = 0; i < n; i++)
        e[i] = (SafetensorsEntry){ params_at(b->set, i)->name, *params_at(b->set, i)->value };
    SafetensorsMeta meta[] = { { "sora.kind", kind },
                               { "sora.reader", config },
                               { "sora.train", "{\"actors\":\"cat,dog\",\"steps\":7}" } };
    CHECK_OK(safetensors_write(path, e, n, meta, 3));
}

static void comes_back_from_its_file(void **state)
{
    (void)state;
    Bench b = open_bench();
    ReaderClip clip = noise_clip(b.a, 13, 64, 64, 9);
    Reading before, after, cool;
    char path[128];
    snprintf(path, sizeof path, "%s", in_folder("r.safetensors"));
    write_file(&b, path, "reader", reader_config_write(reader_config(b.r), b.a));
    ReaderFile f;
    CHECK_OK(reader_open(path, &f));
    assert_string_equal(f.actors, "cat,dog");
    assert_null(f.scenes);
    read_clips(&b, b.r, &clip, 1, &before);
    read_clips(&b, f.reader, &clip, 1, &after);
    same_reading(reader_config(b.r), &before, &after, 2e-3);

    ReaderTemperature t = reader_temperature(f.reader);
    CHECK_CLOSE((double)t.presence[0], 1, 0);
    t.presence[0] = 3, t.presence[1] = -0.5f, t.head[READ_SCENE] = 0.5f;
    CHECK_OK(reader_write_temperature(&f, path, &t)); /* over the file that is mapped */
    reader_close(&f);
    CHECK_OK(reader_open(path, &f));
    CHECK_CLOSE((double)reader_temperature(f.reader).presence[0], 3, 0);
    CHECK_CLOSE((double)reader_temperature(f.reader).presence[1], -0.5, 0);
    assert_string_equal(f.actors, "cat,dog");
    read_clips(&b, f.reader, &clip, 1, &cool);
    size_t best = reading_best(f.reader, &cool, READ_SCENE);
    assert_int_equal(best, reading_best(b.r, &before, READ_SCENE));
    assert_true(cool.head[READ_SCENE][best] > before.head[READ_SCENE][best]);
    reader_close(&f);
    close_bench(&b);
}

static void refuses_what_is_no_reader(void **state)
{
    (void)state;
    Bench b = open_bench();
    ReaderFile f;
    ReaderConfig c = small();
    char path[128];
    snprintf(path, sizeof path, "%s", in_folder("bad.safetensors"));
    CHECK_FAILS(reader_open("/nowhere/r.safetensors", &f), SORA_E_IO, "/nowhere/r.safetensors");
    write_file(&b, path, "dit", "{}");
    CHECK_FAILS(reader_open(path, &f), SORA_E_FORMAT, "it says it is a \"dit\"");
    write_file(&b, path, "reader", "{}");
    CHECK_FAILS(reader_open(path, &f), SORA_E_FORMAT, "\"eye_0\" is not a count");
    c.width = 40, c.heads = 3;
    write_file(&b, path, "reader", reader_config_write(&c, b.a));
    CHECK_FAILS(reader_open(path, &f), SORA_E_FORMAT, "40 features do not make 3 heads");
    c = small();
    c.answers[READ_SCENE] = SCENE_COUNT + 1; /* that have no name */
    write_file(&b, path, "reader", reader_config_write(&c, b.a));
    CHECK_FAILS(reader_open(path, &f), SORA_E_FORMAT, "\"scene\" is not a count");
    c = small();
    c.answers[READ_LIKENESS] = 1;
    write_file(&b, path, "reader", reader_config_write(&c, b.a));
    CHECK_FAILS(reader_open(path, &f), SORA_E_FORMAT, "\"likeness\"");
    c = small();
    c.layers = 3;
    write_file(&b, path, "reader", reader_config_write(&c, b.a));
    CHECK_FAILS(reader_open(path, &f), SORA_E_FORMAT, "blocks.2.");
    close_bench(&b);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_clip_alone_as_among_others),
        cmocka_unit_test(frames_in_another_order_are_another_clip),
        cmocka_unit_test(facts_follow_the_probabilities),
        cmocka_unit_test(comes_back_from_its_file),
        cmocka_unit_test(refuses_what_is_no_reader),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
