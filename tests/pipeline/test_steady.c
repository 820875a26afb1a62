/* Shivering outlines are held; what moves or happens is left alone; every frame comes out. */
#include "check.h"

#include "pipeline/steady.h"

enum { SIDE = 32, BYTES = SIDE * SIDE * 3, FRAMES = 9 };

#include "kept.h"

static void through(uint8_t in[][BYTES], size_t frames, Kept *out)
{
    Arena *a = arena_new("test", 0);
    Pool *pool;
    Steady *s;
    out->count = 0;
    CHECK_OK(pool_new(1, &pool));
    CHECK_OK(
        steady_new(SIDE, SIDE, (SteadyHold){ 0.7F, 32 }, pool, (FrameSink){ keep, out }, a, &s));
    for (size_t f = 0; f < frames; f++) CHECK_OK(steady_take(s, in[f]));
    CHECK_OK(steady_end(s));
    assert_int_equal(out->count, frames);
    pool_free(pool);
    arena_free(a);
}

/* A bright square on a shaded ground, its left edge at x. */
static void square(uint8_t *rgb, double x)
{
    for (int i = 0; i < SIDE * SIDE; i++) {
        double cover = fmin(fmax(i % SIDE + 1 - x, 0), 1) * fmin(fmax(x + 10 - i % SIDE, 0), 1);
        if (i / SIDE < 10 || i / SIDE >= 22) cover = 0;
        memset(rgb + 3 * i, (int)lrint(60 + i / SIDE + cover * 100), 3);
    }
}

static double change(uint8_t frame[][BYTES], size_t frames)
{
    double sum = 0;
    for (size_t f = 1; f < frames; f++)
        for (size_t i = 0; i < BYTES; i++) sum += abs(frame[f][i] - frame[f - 1][i]);
    return sum / (double)(frames - 1);
}

static uint8_t in[FRAMES][BYTES];
static Kept out;

static void every_frame_comes_out(void **state)
{
    (void)state;
    for (size_t f = 0; f < FRAMES; f++) square(in[f], 5 + (double)f);
    for (size_t frames = 0; frames <= FRAMES; frames++) {
        through(in, frames, &out);
        if (!frames) continue;
        assert_memory_equal(out.rgb[0], in[0], BYTES);
        assert_memory_equal(out.rgb[frames - 1], in[frames - 1], BYTES);
    }
}

static void shivers_are_held(void **state)
{
    (void)state;
    for (size_t f = 0; f < FRAMES; f++) square(in[f], 11 + (f % 2 ? 0.15 : -0.15));
    through(in, FRAMES, &out);
    double before = change(in + 1, FRAMES - 2), after = change(out.rgb + 1, FRAMES - 2);
    if (!(after < 0.5 * before)) fail_msg("from %g to %g", before, after);
}

static void motion_goes_on(void **state)
{
    (void)state;
    for (size_t f = 0; f < FRAMES; f++) square(in[f], 3 + 1.5 * (double)f);
    through(in, FRAMES, &out);
    for (size_t f = 0; f < FRAMES; f++) {
        double sum = 0;
        for (size_t i = 0; i < BYTES; i++) sum += abs(out.rgb[f][i] - in[f][i]);
        if (!(sum / BYTES < 1)) fail_msg("frame %zu is off by %g levels", f, sum / BYTES);
    }
}

static void what_happens_stays(void **state)
{
    (void)state;
    for (size_t f = 0; f < FRAMES; f++) square(in[f], 11);
    memset(in[4], 255, BYTES);
    through(in, FRAMES, &out);
    assert_memory_equal(out.rgb[4], in[4], BYTES);
    assert_memory_equal(out.rgb[1], in[1], BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_comes_out),
        cmocka_unit_test(shivers_are_held),
        cmocka_unit_test(motion_goes_on),
        cmocka_unit_test(what_happens_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
