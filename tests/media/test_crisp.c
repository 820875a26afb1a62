/* Soft outlines get crisp, nothing else changes. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/crisp.h"

enum { HEIGHT = 96, WIDTH = 128, RADIUS = 4 };

static uint8_t at(const uint8_t *rgb, size_t y, size_t x, size_t c)
{
    return rgb[(y * WIDTH + x) * 3 + c];
}

/* A disc on a slope of brightness; its border is `soft` pixels wide. */
static void disc(double soft, uint8_t *rgb)
{
    for (size_t y = 0; y < HEIGHT; y++)
        for (size_t x = 0; x < WIDTH; x++) {
            double far = hypot((double)y - 48, (double)x - 70) - 25;
            double in = fmin(1, fmax(0, 0.5 - far / soft));
            double ground[3] = { 60 + 0.5 * (double)x, 140, 200 - 0.5 * (double)y };
            double ball[3] = { 230, 60, 40 };
            for (size_t c = 0; c < 3; c++)
                rgb[(y * WIDTH + x) * 3 + c] =
                    (uint8_t)(ground[c] + in * (ball[c] - ground[c]) + 0.5);
        }
}

static double differ(const uint8_t *a, const uint8_t *b)
{
    double sum = 0;
    for (size_t i = 0; i < (size_t)HEIGHT * WIDTH * 3; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum / (HEIGHT * WIDTH * 3);
}

static void test_outlines(void **state)
{
    static uint8_t soft[HEIGHT * WIDTH * 3], hard[sizeof soft], made[sizeof soft];
    Arena *a = *state;
    disc(9, soft);
    disc(1, hard);
    memcpy(made, soft, sizeof soft);
    crisp_frame(made, HEIGHT, WIDTH, RADIUS, NULL, a);
    assert_true(differ(made, hard) < differ(soft, hard) / 4);
    int steepest = 0;
    for (size_t x = 71; x + 1 < WIDTH; x++) {
        steepest = (int)fmax(steepest, abs(at(made, 48, x + 1, 0) - at(made, 48, x, 0)));
        assert_in_range(at(made, 48, x, 0), 96, 230); /* no halos */
    }
    assert_in_range(steepest, 60, 255); /* of 100 or so; 13 before */
    for (size_t x = 2; x < 36; x++)     /* the slope stays one */
        assert_in_range(at(made, 48, x, 0), at(soft, 48, x, 0) - 1, at(soft, 48, x, 0) + 1);
}

static void test_any_size_and_threads(void **state)
{
    static const size_t size[][2] = { { 1, 1 }, { 1, 7 }, { 5, 1 }, { 2, 2 }, { 33, 70 } };
    Arena *a = *state;
    Pool *pool;
    CHECK_OK(pool_new(3, &pool));
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        size_t bytes = size[i][0] * size[i][1] * 3;
        uint8_t *one = malloc(bytes), *three = malloc(bytes); /* their ends are watched */
        assert_true(one && three);
        for (size_t k = 0; k < bytes; k++) one[k] = three[k] = (uint8_t)(k * k * 7 + k / 5);
        crisp_frame(one, size[i][0], size[i][1], RADIUS, NULL, a);
        crisp_frame(three, size[i][0], size[i][1], RADIUS, pool, a);
        assert_memory_equal(one, three, bytes);
        free(one), free(three);
    }
    pool_free(pool);
}

static int setup(void **state)
{
    *state = arena_new("test", 0);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_outlines),
                                        cmocka_unit_test(test_any_size_and_threads) };
    return cmocka_run_group_tests(tests, setup, teardown);
}
