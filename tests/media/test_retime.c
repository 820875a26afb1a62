#include "check.h"

#include "base/clock.h"
#include "media/retime.h"

enum { SIDE = 96 };

/* A textured ball crosses a still, textured ground; `t` in frames of 12 a second. */
static void paint(uint8_t *rgb, double t)
{
    double cx = 20 + 5.5 * t, cy = 40 + 2 * t;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++, rgb += 3) {
            double dx = x - cx, dy = y - cy, edge = 14 - sqrt(dx * dx + dy * dy);
            double in = edge < -0.5 ? 0 : edge > 0.5 ? 1 : edge + 0.5;
            double ground = 110 + 40 * sin(x * 0.31) * cos(y * 0.23);
            double ball = 190 + 40 * sin(dx * 0.5) * cos(dy * 0.4);
            rgb[0] = (uint8_t)(in * ball + (1 - in) * ground * 0.6 + 0.5);
            rgb[1] = (uint8_t)(in * ball * 0.5 + (1 - in) * ground + 0.5);
            rgb[2] = (uint8_t)(in * 60 + (1 - in) * ground * 0.8 + 0.5);
        }
}

static double error_db(const uint8_t *a, const uint8_t *b)
{
    double sum = 0;
    for (int i = 0; i < SIDE * SIDE * 3; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return 10 * log10(255.0 * 255 * SIDE * SIDE * 3 / (sum + 1e-9));
}

static void test_between(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip in, out, again;
    Pool *pool;
    CHECK_OK(pool_new(3, &pool));
    CHECK_OK(clip_new(a, 7, SIDE, SIDE, 12, &in));
    for (size_t f = 0; f < 7; f++) paint(clip_frame(&in, f), (double)f);
    CHECK_OK(retime_clip(&in, 24, NULL, a, &out));
    assert_int_equal(out.frames, 14);
    CHECK_CLOSE(out.fps, 24, 0);
    double least = 99, naive = 0;
    uint8_t *want = malloc(SIDE * SIDE * 3), *mean = malloc(SIDE * SIDE * 3);
    for (size_t f = 0; f < 6; f++) {
        assert_memory_equal(clip_frame(&out, 2 * f), clip_frame(&in, f), SIDE * SIDE * 3);
        paint(want, (double)f + 0.5);
        for (int i = 0; i < SIDE * SIDE * 3; i++)
            mean[i] = (uint8_t)((clip_frame(&in, f)[i] + clip_frame(&in, f + 1)[i]) / 2);
        least = fmin(least, error_db(want, clip_frame(&out, 2 * f + 1)));
        naive = fmax(naive, error_db(want, mean));
    }
    print_message("between frames: %.1f dB followed, %.1f dB averaged\n", least, naive);
    if (!(least > naive + 5)) fail_msg("followed %.1f dB, averaged %.1f dB", least, naive);
    assert_memory_equal(clip_frame(&out, 13), clip_frame(&in, 6), SIDE * SIDE * 3);
    CHECK_OK(retime_clip(&in, 24, pool, a, &again));
    assert_memory_equal(out.rgb, again.rgb, 14 * SIDE * SIDE * 3);
    free(want), free(mean);
    pool_free(pool);
    arena_free(a);
}

/* The frames agree where the ball went and where the ground is seen in both, not on what it hid. */
static void test_agree(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip in;
    const double at[2] = { 0.5, 1 };
    CHECK_OK(clip_new(a, 2, SIDE, SIDE, 12, &in));
    paint(clip_frame(&in, 0), 0), paint(clip_frame(&in, 1), 6);
    memset(clip_frame(&in, 1) + 70 * SIDE * 3, 200, 20 * SIDE * 3); /* something new below */
    uint8_t *rgb = arena_alloc(a, sizeof at / sizeof *at * SIDE * SIDE * 3);
    uint8_t *agree = arena_alloc(a, sizeof at / sizeof *at * SIDE * SIDE);
    CHECK_OK(retime_at(&in, at, 2, NULL, a, rgb, agree));
    assert_true(agree[10 * SIDE + 80] > 240);      /* still ground */
    assert_true(agree[46 * SIDE + 36] > 128);      /* the ball on its way */
    assert_true(agree[80 * SIDE + 48] < 64);       /* new */
    assert_int_equal(agree[SIDE * SIDE + 5], 255); /* a frame of the source agrees with itself */
    assert_memory_equal(rgb + SIDE * SIDE * 3, clip_frame(&in, 1), SIDE * SIDE * 3);
    arena_free(a);
}

/* What stands still stays as it is, and any size and rate works. */
static void test_still_and_sizes(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    for (size_t side = 1; side < 40; side += 3) {
        Clip in, out;
        CHECK_OK(clip_new(a, 3, side, 41 - side, 10, &in));
        for (size_t i = 0; i < 3 * side * (41 - side) * 3; i++)
            in.rgb[i] = (uint8_t)(i % (side * (41 - side) * 3) * 37);
        CHECK_OK(retime_clip(&in, 27, NULL, a, &out));
        assert_int_equal(out.frames, 8);
        for (size_t f = 0; f < out.frames; f++)
            assert_memory_equal(clip_frame(&out, f), in.rgb, side * (41 - side) * 3);
        CHECK_OK(retime_clip(&in, 5, NULL, a, &out));
        assert_int_equal(out.frames, 2);
        CHECK_FAILS(retime_clip(&in, 1e6, NULL, a, &out), SORA_E_ARGUMENT, "1e+06 frames");
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_between),
        cmocka_unit_test(test_agree),
        cmocka_unit_test(test_still_and_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
