/* Scenery of given frames stays where it is, moved things and new pictures do not. */
#include "check.h"

#include <string.h>

#include "pipeline/carry.h"

enum { SIDE = 64, PIXELS = SIDE * SIDE };

/* Stripes one pixel wide, which a model of this size cannot draw. */
static void scenery(uint8_t *rgb, int bright)
{
    for (size_t i = 0; i < PIXELS * 3; i++)
        rgb[i] = (uint8_t)(bright + (i / 3 % SIDE % 2 ? 12 : -12));
}

static void square(uint8_t *rgb, size_t left, uint8_t value)
{
    for (size_t y = 24; y < 40; y++) memset(rgb + (y * SIDE + left) * 3, value, 16 * 3);
}

/* The same without detail, a little off. */
static void as_made(uint8_t *rgb, int bright)
{
    memset(rgb, bright + 3, PIXELS * 3);
}

static size_t pixel(size_t y, size_t x)
{
    return (y * SIDE + x) * 3;
}

static void test_scenery_stays(void **state)
{
    (void)state;
    static uint8_t given[PIXELS * 3], made[PIXELS * 3];
    Arena *a = arena_new("test", 0);
    scenery(given, 100), square(given, 4, 250);
    as_made(made, 100), square(made, 40, 250);
    CarryFrom from[2] = { { given, NULL, 1 }, { NULL, NULL, 0 } };
    carry_still(made, from, SIDE, SIDE, a);
    for (size_t x = 0; x < SIDE; x++)
        assert_int_equal(made[pixel(4, x)], given[pixel(4, x)]); /* far from both squares */
    assert_true(made[pixel(28, 48)] > 240);                      /* it is here now */
    assert_true(made[pixel(28, 12)] < 120);                      /* and there no more */
    arena_free(a);
}

static void test_another_picture_is_left_alone(void **state)
{
    (void)state;
    static uint8_t given[PIXELS * 3], made[PIXELS * 3], was[PIXELS * 3];
    Arena *a = arena_new("test", 0);
    scenery(given, 100);
    as_made(made, 160);
    memcpy(was, made, sizeof was);
    CarryFrom from[2] = { { given, NULL, 1 }, { given, NULL, 0 } };
    carry_still(made, from, SIDE, SIDE, a);
    assert_memory_equal(made, was, sizeof was);
    from[0].rgb = from[1].rgb = NULL;
    carry_still(made, from, SIDE, SIDE, a);
    assert_memory_equal(made, was, sizeof was);
    arena_free(a);
}

/* What moves in the given frames is not held. */
static void test_what_moves(void **state)
{
    (void)state;
    static uint8_t given[PIXELS * 3], other[PIXELS * 3], made[PIXELS * 3];
    Arena *a = arena_new("test", 0);
    scenery(given, 100), scenery(other, 100);
    for (size_t i = PIXELS * 3 / 2; i < sizeof other; i++) other[i] ^= 16; /* rain, below */
    as_made(made, 100);
    CarryFrom from[2] = { { given, other, 1 }, { NULL, NULL, 0 } };
    carry_still(made, from, SIDE, SIDE, a);
    for (size_t x = 0; x < SIDE; x++) {
        assert_int_equal(made[pixel(8, x)], given[pixel(8, x)]);
        assert_int_equal(made[pixel(56, x)], 103);
    }
    arena_free(a);
}

static void test_between_two(void **state)
{
    (void)state;
    static uint8_t before[PIXELS * 3], after[PIXELS * 3], made[PIXELS * 3];
    Arena *a = arena_new("test", 0);
    memset(before, 100, sizeof before), memset(after, 108, sizeof after);
    memset(made, 105, sizeof made);
    CarryFrom from[2] = { { before, NULL, 0.75 }, { after, NULL, 0.25 } };
    carry_still(made, from, SIDE, SIDE, a);
    for (size_t i = 0; i < sizeof made; i++) assert_int_equal(made[i], 102);
    memset(after, 200, sizeof after); /* that side shows something else: the other one counts */
    carry_still(made, from, SIDE, SIDE, a);
    for (size_t i = 0; i < sizeof made; i++) assert_int_equal(made[i], 100);
    arena_free(a);
}

/* What is followed stays where the ends agree, whatever the model made there; what the model made
 * where they do not. */
static void test_along(void **state)
{
    (void)state;
    static uint8_t followed[PIXELS * 3], agree[PIXELS], made[PIXELS * 3];
    Arena *a = arena_new("test", 0);
    scenery(followed, 100), square(followed, 40, 250);
    as_made(made, 100), square(made, 4, 250);
    memset(agree, 255, sizeof agree);
    memset(agree + PIXELS / 2, 0, PIXELS / 2); /* rows 32 and below */
    carry_along(made, followed, agree, SIDE, SIDE, a);
    for (size_t x = 0; x < SIDE; x++) {
        assert_int_equal(made[pixel(8, x)], followed[pixel(8, x)]);
        assert_int_equal(made[pixel(56, x)], 103);
    }
    assert_true(made[pixel(28, 12)] < 120); /* the square that was followed, */
    assert_true(made[pixel(28, 48)] > 240); /* not the model's */
    assert_true(made[pixel(36, 12)] > 240); /* below, where nothing agrees, the other way round */
    assert_true(made[pixel(36, 48)] < 120);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenery_stays), cmocka_unit_test(test_another_picture_is_left_alone),
        cmocka_unit_test(test_what_moves),    cmocka_unit_test(test_between_two),
        cmocka_unit_test(test_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
