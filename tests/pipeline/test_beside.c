/* Frames beside given ones: given ones come out exactly, made ones begin like them and end as the
 * model made them. */
#include "check.h"

#include "base/rng.h"
#include "pipeline/beside.h"

enum { SIDE = 32, BYTES = SIDE * SIDE * 3, FRAMES = 20, REACH = 6 };

#include "kept.h"

static uint64_t scene;

static double knot(size_t x, size_t y)
{
    return 40 + 170 * rng_uniform(scene, y * 1000 + x);
}

/* Soft blotches that move a pixel to the right in every frame, `off` levels too bright. */
static void blotches(uint8_t *rgb, size_t f, int off)
{
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        size_t x = i % SIDE + 64 - f, y = i / SIDE, kx = x / 5, ky = y / 5;
        double ax = (double)(x % 5) / 5, ay = (double)(y % 5) / 5;
        double top = knot(kx, ky) + ax * (knot(kx + 1, ky) - knot(kx, ky));
        double low = knot(kx, ky + 1) + ax * (knot(kx + 1, ky + 1) - knot(kx, ky + 1));
        memset(rgb + 3 * i, (int)(top + ay * (low - top)) + off, 3);
    }
}

static uint8_t source[FRAMES * BYTES], made[FRAMES][BYTES], given[FRAMES];
static Kept out;

/* The model makes `scene_made`, the source has scene 7. */
static void through(uint64_t scene_made, int off)
{
    Clip clip = { FRAMES, SIDE, SIDE, 12, source };
    Condition c = { .source = &clip, .given = given, .strength = 1 };
    Arena *a = arena_new("test", 0);
    Pool *pool;
    Beside *b;
    CHECK_OK(pool_new(2, &pool));
    for (size_t f = 0; f < FRAMES; f++) {
        scene = 7;
        blotches(source + f * BYTES, f, 0);
        scene = scene_made;
        blotches(made[f], f, off);
    }
    out.count = 0;
    CHECK_OK(beside_new(&c, 12, pool, (FrameSink){ keep, &out }, a, &b));
    for (size_t f = 0; f < FRAMES; f++) CHECK_OK(beside_take(b, made[f]));
    assert_true(out.count >= FRAMES - REACH);
    CHECK_OK(beside_end(b));
    assert_int_equal(out.count, FRAMES);
    for (size_t f = 0; f < FRAMES; f++)
        if (given[f]) assert_memory_equal(out.rgb[f], source + f * BYTES, BYTES);
    pool_free(pool);
    arena_free(a);
}

/* How far frame f is from a picture, in levels, its borders left out. */
static double differs(size_t f, const uint8_t *from)
{
    double sum = 0;
    for (size_t y = 6; y < SIDE - 6; y++)
        for (size_t x = 6; x < SIDE - 6; x++)
            sum += abs(out.rgb[f][(y * SIDE + x) * 3] - from[(y * SIDE + x) * 3]);
    return sum / ((SIDE - 12) * (SIDE - 12));
}

static double away(size_t f)
{
    return differs(f, source + f * BYTES);
}

static void goes_on_from_what_is_given(void **state)
{
    (void)state;
    memset(given, 0, FRAMES);
    memset(given, 1, 8);
    through(7, 6);
    if (!(away(8) < 3)) fail_msg("the first is off by %g", away(8));
    for (size_t f = 9; f < 7 + REACH; f++) assert_true(away(f) > away(f - 1) - 0.5);
    for (size_t f = 7 + REACH; f < FRAMES; f++) assert_true(differs(f, made[f]) < 1.5);
}

static void leads_to_what_is_given(void **state)
{
    (void)state;
    memset(given, 1, FRAMES);
    memset(given, 0, 12);
    through(7, 6);
    if (!(away(11) < 3)) fail_msg("the last is off by %g", away(11));
    for (size_t f = 0; f <= 12 - REACH; f++) assert_true(differs(f, made[f]) < 1.5);
}

static void fills_a_gap_from_both_ends(void **state)
{
    (void)state;
    memset(given, 1, FRAMES);
    memset(given + 8, 0, 4);
    through(7, 60); /* nothing like it: but the ends agree with one another */
    for (size_t f = 8; f < 12; f++)
        if (!(away(f) < 6)) fail_msg("frame %zu is off by %g", f, away(f));
}

static void leaves_alone_what_is_new(void **state)
{
    (void)state;
    memset(given, 0, FRAMES);
    memset(given, 1, 8);
    through(8, 0);
    for (size_t f = 8; f < FRAMES; f++)
        if (!(differs(f, made[f]) < away(f) * (f < 7 + REACH / 2 ? 1 : 0.5)))
            fail_msg("frame %zu: %g, %g", f, differs(f, made[f]), away(f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_from_what_is_given),
        cmocka_unit_test(leads_to_what_is_given),
        cmocka_unit_test(fills_a_gap_from_both_ends),
        cmocka_unit_test(leaves_alone_what_is_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
