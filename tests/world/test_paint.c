/* The painter: whole pictures at every size, the same bytes each time, no scrap of memory shown,
 * and nothing left in the arena. */
#include "check.h"

#include "base/rng.h"
#include "world/paint.h"
#include "world/paint_canvas.h"
#include "world/stage.h"
#include "world/world.h"

static World *open_world(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/cast/cast.bin", getenv("SORA_TEST_DATA"));
    World *w = NULL;
    CHECK_OK(world_open(path, &w));
    return w;
}

static Facts sampled(const World *w, uint64_t seed)
{
    Facts f;
    WorldOptions o = { .split = SPLIT_TRAIN, .seconds = 2 };
    world_sample(w, seed, &o, &f);
    return f;
}

static void render(const World *w, const Facts *f, uint64_t seed, WorldFrames size, Arena *a,
                   Clip *out)
{
    CHECK_OK(world_render(w, f, seed, &size, a, out, NULL));
}

static void test_same_seed_same_bytes(void **state)
{
    enum { SCRAPS = 900000 };
    (void)state;
    World *w = open_world();
    Arena *a = arena_new("a", 0), *b = arena_new("b", 0);
    for (uint64_t seed = 0; seed < 24; seed++) {
        Facts f = sampled(w, seed);
        f.scene = seed % SCENE_COUNT;
        Clip one, two;
        WorldFrames size = { .frames = 5, .height = 48, .width = 64, .fps = 12 };
        render(w, &f, seed, size, a, &one);
        ArenaMark mark = arena_mark(b);
        memset(arena_alloc(b, SCRAPS), seed % 2 ? 255 : 1, SCRAPS); /* what memory held before */
        arena_rewind(b, mark);
        render(w, &f, seed, size, b, &two);
        arena_rewind(b, mark);
        assert_memory_equal(one.rgb, two.rgb, 5 * 48 * 64 * 3);
    }
    arena_free(a);
    arena_free(b);
    world_close(w);
}

/* Plates are laid on what memory held before: a hole of 1 in 255 would show it. */
static void test_what_is_opaque_stays_so(void **state)
{
    (void)state;
    for (uint32_t alpha = 0; alpha < 256; alpha++)
        for (uint32_t level = 0; level <= alpha; level++) {
            uint32_t out = canvas_over(alpha << 24 | level << 8, 0xffffffff);
            assert_int_equal(out >> 24, 255);
            assert_int_equal(out & 255, 255 - alpha);
            assert_int_equal(out >> 8 & 255, 255 - alpha + level);
        }
}

static void test_other_seed_other_picture(void **state)
{
    (void)state;
    World *w = open_world();
    Arena *a = arena_new("a", 0);
    for (int scene = 0; scene < SCENE_COUNT; scene++) {
        Facts f = sampled(w, 3);
        f.scene = scene;
        Clip one, two;
        WorldFrames size = { .frames = 1, .height = 64, .width = 64 };
        render(w, &f, 1, size, a, &one);
        render(w, &f, 2, size, a, &two);
        long differ = 0;
        for (size_t i = 0; i < 64 * 64 * 3; i++) differ += abs(one.rgb[i] - two.rgb[i]) > 2;
        assert_true(differ > 400);
    }
    arena_free(a);
    world_close(w);
}

static void test_every_size(void **state)
{
    (void)state;
    World *w = open_world();
    const size_t size[][2] = { { 16, 16 },   { 17, 33 },  { 33, 17 },  { 16, 1000 },
                               { 1000, 16 }, { 128, 72 }, { 72, 128 }, { 168, 72 } };
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        for (int scene = 0; scene < SCENE_COUNT; scene++) {
            Arena *a = arena_new("a", 0);
            Facts f = sampled(w, i * 100 + (uint64_t)scene);
            f.scene = scene;
            Clip c;
            WorldFrames frames = {
                .frames = 3, .width = size[i][0], .height = size[i][1], .fps = 24
            };
            render(w, &f, i, frames, a, &c);
            assert_int_equal(c.width, size[i][0]);
            assert_int_equal(c.height, size[i][1]);
            arena_free(a);
        }
    world_close(w);
}

/* Mean of R + G + B over the clip. */
static double brightness(const Clip *c)
{
    size_t n = c->frames * c->height * c->width * 3;
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += c->rgb[i];
    return sum / (double)n;
}

static void test_night_is_darker_than_day(void **state)
{
    (void)state;
    World *w = open_world();
    Arena *a = arena_new("a", 0);
    for (int scene = 0; scene < SCENE_COUNT; scene++) {
        if (scene == SCENE_NIGHT_CITY || scene == SCENE_SPACE) continue; /* night by nature */
        Facts f = sampled(w, 7);
        f.scene = scene, f.weather = WEATHER_CLEAR;
        Clip day, night;
        WorldFrames size = { .frames = 1, .height = 64, .width = 64 };
        f.time = TIME_DAY;
        render(w, &f, 5, size, a, &day);
        f.time = TIME_NIGHT;
        render(w, &f, 5, size, a, &night);
        assert_true(brightness(&night) < 0.85 * brightness(&day));
    }
    arena_free(a);
    world_close(w);
}

static void test_the_actor_moves_the_pixels(void **state)
{
    (void)state;
    World *w = open_world();
    Arena *a = arena_new("a", 0);
    Facts f = sampled(w, 11);
    f.actors = 1, f.props = 0, f.relation = REL_NONE, f.scene = SCENE_MEADOW;
    f.camera = CAMERA_STILL, f.weather = WEATHER_CLEAR;
    f.actor[0].events = 1;
    f.actor[0].event[0] = (Event){ .action = ACT_MOVE_LEFT, .start = 0, .end = 1 };
    Clip c;
    WorldFrames size = { .frames = 9, .height = 64, .width = 64, .fps = 12 };
    render(w, &f, 5, size, a, &c);
    long moved = 0;
    for (size_t i = 0; i < 64 * 64 * 3; i++)
        moved += abs(clip_frame(&c, 0)[i] - clip_frame(&c, 8)[i]) > 24;
    assert_true(moved > 300);
    arena_free(a);
    world_close(w);
}

/* What is painted once is painted as the first frame's camera sees it, and moved from there: the
 * same frames in the reverse order must look the same, up to the resampling. */
static void check_reversed(const Cast *cast, Facts f, Camera camera, uint64_t seed)
{
    Arena *a = arena_new("a", 0);
    WorldFrames size = { .frames = 9, .height = 96, .width = 128, .fps = 12 };
    Stage stage, back;
    Clip one, two;
    f.camera = camera;
    stage_make(cast, &f, seed, &size, a, &stage);
    back = stage;
    back.frame = arena_alloc(a, 9 * sizeof *back.frame);
    for (int k = 0; k < 9; k++) back.frame[k] = stage.frame[8 - k];
    CHECK_OK(clip_new(a, 9, 96, 128, 12, &one));
    CHECK_OK(clip_new(a, 9, 96, 128, 12, &two));
    paint_clip(cast, &stage, a, &one);
    paint_clip(cast, &back, a, &two);
    for (size_t k = 0; k < 9; k++) {
        double sum = 0;
        for (size_t i = 0; i < 96 * 128 * 3; i++)
            sum += abs(clip_frame(&one, k)[i] - clip_frame(&two, 8 - k)[i]);
        if (!(sum / (96 * 128 * 3) < 3.5))
            fail_msg("scene %d camera %d frame %zu: %g", f.scene, camera, k, sum / (96 * 128 * 3));
    }
    arena_free(a);
}

static void test_moving_cameras_show_one_place(void **state)
{
    (void)state;
    World *w = open_world();
    char path[4096];
    snprintf(path, sizeof path, "%s/cast/cast.bin", getenv("SORA_TEST_DATA"));
    Cast *cast = NULL;
    CHECK_OK(cast_open(path, &cast));
    static const Camera CAMERA[] = { CAMERA_PAN_LEFT, CAMERA_TILT_UP, CAMERA_ZOOM_IN,
                                     CAMERA_SHAKE };
    for (int scene = 0; scene < SCENE_COUNT; scene++)
        for (int i = 0; i < 4; i++) {
            Facts f = sampled(w, 40 + (uint64_t)scene);
            f.scene = scene, f.weather = WEATHER_CLEAR;
            check_reversed(cast, f, CAMERA[i], (uint64_t)(scene * 4 + i));
        }
    cast_close(cast);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bytes),
        cmocka_unit_test(test_what_is_opaque_stays_so),
        cmocka_unit_test(test_other_seed_other_picture),
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_night_is_darker_than_day),
        cmocka_unit_test(test_the_actor_moves_the_pixels),
        cmocka_unit_test(test_moving_cameras_show_one_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
