/* From made frames to shown ones: all of them come out, at the rate and the size that were asked
 * for; shivers of the second stage are held; given frames are exact. */
#include "check.h"

#include "base/rng.h"
#include "pipeline/show.h"

enum { SIDE = 32, BYTES = SIDE * SIDE * 3, FRAMES = 9 };

#include "kept.h"

/* A small model's part: none, or a second stage of random weights. */
typedef struct Fixture {
    Arena *a;
    Pool *pool;
    Compute *compute;
    Bundle bundle;
    Plan plan;
} Fixture;

static Fixture fixture(size_t side, double fps, bool upscaler)
{
    Fixture f = { .a = arena_new("test", 0) };
    CHECK_OK(pool_new(2, &f.pool));
    CHECK_OK(compute_new(f.pool, NULL, &f.compute));
    f.plan = (Plan){ .frames = FRAMES, .height = side, .width = side, .fps = fps };
    f.plan.want = (PlanRequest){ .frames = FRAMES, .height = SIDE, .width = SIDE, .fps = 12 };
    f.plan.retimed = fps != 12;
    f.plan.resized = side != SIDE;
    UpscaleConfig config = { .factor = 4, .width = 8, .blocks = 1, .crisp = 1 };
    if (upscaler)
        CHECK_OK(upscale_new(&config, params_new_train(f.a, 3, NULL, NULL), f.a,
                             (Upscale **)&f.bundle.upscale));
    return f;
}

static void done(Fixture *f)
{
    compute_free(f->compute);
    pool_free(f->pool);
    arena_free(f->a);
}

/* A bright square, its left edge at x, in a picture of `side`. */
static void square(uint8_t *rgb, size_t side, double x)
{
    for (size_t i = 0; i < side * side; i++) {
        double at = (double)(i % side), wide = (double)side / 3;
        double cover = fmin(fmax(at + 1 - x, 0), 1) * fmin(fmax(x + wide - at, 0), 1);
        if (i / side < side / 4 || i / side >= side - side / 4) cover = 0;
        memset(rgb + 3 * i, (int)lrint(60 + cover * 120), 3);
    }
}

static uint8_t in[FRAMES][BYTES];
static Kept out;

static void through(Fixture *f, const Condition *given, size_t frames)
{
    Show *s;
    out.count = 0;
    CHECK_OK(
        show_new(&f->bundle, f->compute, &f->plan, given, 5, (FrameSink){ keep, &out }, f->a, &s));
    for (size_t k = 0; k < frames; k++) CHECK_OK(show_take(s, in[k]));
    CHECK_OK(show_end(s));
    assert_int_equal(out.count, f->plan.want.frames);
}

static double change(uint8_t frame[][BYTES], size_t frames)
{
    double sum = 0;
    for (size_t f = 1; f < frames; f++)
        for (size_t i = 0; i < BYTES; i++) sum += abs(frame[f][i] - frame[f - 1][i]);
    return sum / (double)(frames - 1);
}

static void same_size_same_rate(void **state)
{
    (void)state;
    Fixture f = fixture(SIDE, 12, true);
    for (size_t k = 0; k < FRAMES; k++) square(in[k], SIDE, 4 + 1.5 * (double)k);
    through(&f, NULL, FRAMES);
    assert_memory_equal(out.rgb[0], in[0], BYTES);
    for (size_t k = 0; k < FRAMES; k++)
        for (size_t i = 0; i < BYTES; i++) assert_in_range(abs(out.rgb[k][i] - in[k][i]), 0, 40);
    done(&f);
}

/* Nine frames at twelve a second are the same nine of five made at six. */
static void frames_between_are_found(void **state)
{
    (void)state;
    Fixture f = fixture(SIDE, 6, false);
    f.plan.frames = 5;
    for (size_t k = 0; k < 5; k++) square(in[k], SIDE, 3 + 3 * (double)k);
    through(&f, NULL, 5);
    assert_memory_equal(out.rgb[0], in[0], BYTES);
    assert_memory_equal(out.rgb[8], in[4], BYTES);
    for (size_t k = 0; k < FRAMES; k++) {
        uint8_t want[BYTES];
        double sum = 0;
        square(want, SIDE, 3 + 1.5 * (double)k);
        for (size_t i = 0; i < BYTES; i++) sum += abs(out.rgb[k][i] - want[i]);
        if (!(sum / BYTES < 2)) fail_msg("frame %zu is off by %g levels", k, sum / BYTES);
    }
    done(&f);
}

static void the_last_frame_stays(void **state)
{
    (void)state;
    Fixture f = fixture(SIDE, 6, false);
    f.plan.frames = 4;
    for (size_t k = 0; k < 4; k++) square(in[k], SIDE, 3 + 3 * (double)k);
    through(&f, NULL, 4);
    assert_memory_equal(out.rgb[7], in[3], BYTES);
    assert_memory_equal(out.rgb[8], in[3], BYTES);
    done(&f);
}

/* An untrained second stage is the bicubic enlargement; the outlines that are then made crisp
 * shiver again. */
static void shivers_are_held_behind_the_second_stage(void **state)
{
    (void)state;
    enum { SMALL = SIDE / 4, TO_THE_RIGHT = 0x1A6 }; /* a bit a frame */
    Fixture f = fixture(SMALL, 12, true);
    double moved[2];
    for (size_t k = 0; k < FRAMES; k++)
        square(in[k], SMALL, 3 + (TO_THE_RIGHT >> k & 1 ? 0.1 : -0.1));
    through(&f, NULL, FRAMES);
    moved[0] = change(out.rgb + 1, FRAMES - 2);
    Clip size = { FRAMES, SIDE, SIDE, 12, NULL };
    Condition none = { .source = &size, .strength = 1 }; /* from something given: nothing is held */
    f.plan.want.given = true;
    through(&f, &none, FRAMES);
    moved[1] = change(out.rgb + 1, FRAMES - 2);
    /* 0.21; held before the second stage alone, 0.33 */
    if (!(moved[0] < 0.26 * moved[1])) fail_msg("%g of %g are left", moved[0], moved[1]);
    done(&f);
}

static void given_frames_are_exact(void **state)
{
    (void)state;
    Fixture f = fixture(SIDE / 4, 6, true);
    static uint8_t source[FRAMES * BYTES], given[FRAMES] = { [0] = 1, [5] = 1, [8] = 1 };
    Clip clip = { FRAMES, SIDE, SIDE, 12, source };
    Condition c = { .source = &clip, .given = given, .strength = 1 };
    for (size_t i = 0; i < sizeof source; i++) source[i] = (uint8_t)rng_u64(5, i);
    for (size_t k = 0; k < 5; k++) square(in[k], SIDE / 4, 1 + (double)k / 2);
    f.plan.frames = 5, f.plan.want.given = true;
    through(&f, &c, 5);
    for (size_t k = 0; k < FRAMES; k++)
        assert_int_equal(memcmp(out.rgb[k], source + k * BYTES, BYTES) == 0, given[k]);
    done(&f);
}

/* Left of its middle a still and wide frame is white: how many columns of white are shown. */
static void pans_over_wide_frames(void **state)
{
    (void)state;
    enum { WIDE = SIDE + SIDE / 2 };
    Fixture f = fixture(SIDE, 12, false);
    static uint8_t wide[SIDE * WIDE * 3];
    Show *s;
    size_t before = SIDE;
    f.plan.width = WIDE;
    f.plan.want.camera = (CameraMove){ .pan = 0.375, .held = "a fox" };
    for (size_t i = 0; i < SIDE * WIDE; i++) memset(wide + 3 * i, i % WIDE < WIDE / 2 ? 250 : 5, 3);
    out.count = 0;
    CHECK_OK(show_new(&f.bundle, f.compute, &f.plan, NULL, 5, (FrameSink){ keep, &out }, f.a, &s));
    for (size_t k = 0; k < FRAMES; k++) CHECK_OK(show_take(s, wide));
    CHECK_OK(show_end(s));
    assert_int_equal(out.count, FRAMES);
    for (size_t k = 0; k < FRAMES; k++) {
        size_t white = 0;
        for (size_t x = 0; x < SIDE; x++) white += out.rgb[k][3 * x] > 127;
        assert_true(white < before);
        if (k == 0) assert_int_equal(white, SIDE / 2 + 6);
        if (k + 1 == FRAMES) assert_int_equal(white, SIDE / 2 - 6);
        before = white;
    }
    done(&f);
}

static void a_hand_shakes_what_stands_still(void **state)
{
    (void)state;
    Fixture f = fixture(SIDE, 12, false);
    for (size_t k = 0; k < FRAMES; k++) square(in[k], SIDE, 10);
    through(&f, NULL, FRAMES);
    assert_true(change(out.rgb, FRAMES) == 0);
    f.plan.want.camera = (CameraMove){ .shake = 0.05, .held = "a fox" };
    through(&f, NULL, FRAMES);
    size_t moved = 0; /* by whole pixels, so not in every frame */
    for (size_t k = 1; k < FRAMES; k++) moved += change(out.rgb + k - 1, 2) > 0;
    assert_true(moved >= FRAMES / 2);
    done(&f);
}

static void a_plan_counts_it(void **state)
{
    (void)state;
    Fixture f = fixture(SIDE / 4, 6, true), g = fixture(SIDE / 4, 12, false);
    assert_true(show_bytes(&f.bundle, &f.plan) > show_bytes(&g.bundle, &g.plan));
    assert_true(show_seconds(&f.bundle, f.compute, &f.plan, 1e9) >
                show_seconds(&g.bundle, g.compute, &g.plan, 1e9));
    done(&f);
    done(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_size_same_rate),
        cmocka_unit_test(frames_between_are_found),
        cmocka_unit_test(the_last_frame_stays),
        cmocka_unit_test(shivers_are_held_behind_the_second_stage),
        cmocka_unit_test(given_frames_are_exact),
        cmocka_unit_test(pans_over_wide_frames),
        cmocka_unit_test(a_hand_shakes_what_stands_still),
        cmocka_unit_test(a_plan_counts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
