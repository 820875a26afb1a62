/* The looks of clips that are made up so that the answer is known. */
#include "check.h"

#include <stdbool.h>

#include "base/rng.h"
#include "eval/looks.h"

enum { SIDE = 48, PATCH = 8, FRAMES = 6 };

static Clip flat(Arena *a, size_t frames, uint8_t level)
{
    Clip c;
    CHECK_OK(clip_new(a, frames, SIDE, SIDE, 12, &c));
    memset(c.rgb, level, frames * SIDE * SIDE * 3);
    return c;
}

static void put(Clip *c, size_t f, size_t y, size_t x, int level)
{
    memset(clip_frame(c, f) + (y * c->width + x) * 3, level, 3);
}

static void gradient_of_stripes(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip c = flat(a, 1, 100);
    CHECK_CLOSE(looks_gradient(&c, 0, (LooksBox){ 0, 0, SIDE, SIDE }), 0, 0);
    /* Stripes of 10 levels, one pixel wide, in the right half. */
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = SIDE / 2; x < SIDE; x++) put(&c, 0, y, x, 100 + 10 * (int)(x % 2));
    CHECK_CLOSE(looks_gradient(&c, 0, (LooksBox){ 5, SIDE / 2, 10, 10 }), 100, 1e-9);
    CHECK_CLOSE(looks_gradient(&c, 0, (LooksBox){ 5, 2, 10, 10 }), 0, 0);
    CHECK_CLOSE(looks_gradient(&c, 0, (LooksBox){ SIDE, 0, 4, 4 }), 0, 0);
    CHECK_CLOSE(looks_sharpest(&c, 0, 12, 10), 100, 1e-9);
    assert_true(looks_sharpest(&c, 0, SIDE, SIDE) < 60);
    arena_free(a);
}

static void borders_of_patches(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip c = flat(a, 2, 100);
    CHECK_CLOSE(looks_borders(&c, PATCH), 1, 0);
    for (size_t i = 0; i < 2 * SIDE * SIDE; i++)
        put(&c, i / SIDE / SIDE, i / SIDE % SIDE, i % SIDE, 60 + (int)(rng_u64(1, i) % 80));
    double even = looks_borders(&c, PATCH);
    CHECK_CLOSE(even, 1, 0.05);
    for (size_t i = 0; i < 2 * SIDE * SIDE; i++) { /* each patch gets a level of its own */
        size_t y = i / SIDE % SIDE, x = i % SIDE;
        int more = (int)(rng_u64(2, y / PATCH * 100 + x / PATCH) % 80);
        put(&c, i / SIDE / SIDE, y, x, clip_frame(&c, i / SIDE / SIDE)[(y * SIDE + x) * 3] + more);
    }
    assert_true(looks_borders(&c, PATCH) > 1.2);
    CHECK_CLOSE(looks_borders(&c, 7), 1, 0.12); /* not there */
    arena_free(a);
}

/* A textured square that moves by two pixels a frame, on a textured ground. */
static Clip moving(Arena *a, int noise)
{
    Clip c = flat(a, FRAMES, 0);
    for (size_t f = 0; f < FRAMES; f++)
        for (size_t y = 0; y < SIDE; y++)
            for (size_t x = 0; x < SIDE; x++) {
                size_t from = 8 + 2 * f;
                bool in = y >= 16 && y < 32 && x >= from && x < from + 16;
                int level = in ? 150 + (int)(rng_u64(3, y * 100 + x - from) % 90)
                               : 40 + (int)(rng_u64(4, y * 100 + x) % 60);
                put(&c, f, y, x,
                    level + (noise ? (int)(rng_u64(5, (f * SIDE + y) * SIDE + x) % (unsigned)noise)
                                   : 0));
            }
    return c;
}

static void residual_ignores_motion(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip still = flat(a, FRAMES, 9), move = moving(a, 0), flicker = moving(a, 12);
    CHECK_CLOSE(looks_residual(&still, 4), 0, 0);
    double stopped = looks_residual(&move, 0), followed = looks_residual(&move, 4);
    assert_true(followed < 0.7 * stopped);
    assert_true(looks_residual(&flicker, 4) > followed + 2);
    Clip one = flat(a, 1, 9);
    CHECK_CLOSE(looks_residual(&one, 4), 0, 0);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_of_stripes),
        cmocka_unit_test(borders_of_patches),
        cmocka_unit_test(residual_ignores_motion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
