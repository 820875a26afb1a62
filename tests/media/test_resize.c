#include "check.h"

#include "base/rng.h"
#include "media/resize.h"
#include "media/sheet.h"

static Clip noise(Arena *a, size_t frames, size_t height, size_t width)
{
    Clip c;
    CHECK_OK(clip_new(a, frames, height, width, 12, &c));
    for (size_t i = 0; i < frames * height * width * 3; i++) c.rgb[i] = (uint8_t)rng_u64(7, i);
    return c;
}

static void test_area_is_the_mean(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip in = noise(a, 2, 12, 20), out;
    CHECK_OK(resize_clip(&in, &(ResizeOptions){ .height = 3, .width = 5 }, a, &out));
    for (size_t f = 0; f < 2; f++)
        for (size_t y = 0; y < 3; y++)
            for (size_t x = 0; x < 5; x++)
                for (size_t c = 0; c < 3; c++) {
                    int sum = 0;
                    for (size_t k = 0; k < 16; k++)
                        sum += clip_frame(&in, f)[((4 * y + k / 4) * 20 + 4 * x + k % 4) * 3 + c];
                    int got = clip_frame(&out, f)[(y * 5 + x) * 3 + c];
                    assert_true(abs(got * 16 - sum) <= 9); /* rounding: half of 16, and 1 */
                }
    arena_free(a);
}

/* To its own size: every filter gives the picture back. A flat one stays flat at any size. */
static void test_identity_and_flat(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip in = noise(a, 1, 9, 7), flat, out;
    CHECK_OK(clip_new(a, 1, 9, 7, 0, &flat));
    memset(flat.rgb, 143, 9 * 7 * 3);
    for (ResizeFilter filter = RESIZE_AREA; filter <= RESIZE_LANCZOS; filter++) {
        ResizeOptions o = { .height = 9, .width = 7, .filter = filter };
        CHECK_OK(resize_clip(&in, &o, a, &out));
        assert_memory_equal(in.rgb, out.rgb, 9 * 7 * 3);
        for (size_t side = 1; side < 30; side++) {
            o = (ResizeOptions){ .height = side, .width = 31 - side, .filter = filter };
            CHECK_OK(resize_clip(&flat, &o, a, &out));
            for (size_t i = 0; i < side * (31 - side) * 3; i++) assert_int_equal(out.rgb[i], 143);
        }
    }
    arena_free(a);
}

static void test_threads_and_window(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Pool *pool;
    CHECK_OK(pool_new(3, &pool));
    Clip in = noise(a, 6, 40, 64), one, three;
    ResizeOptions o = { .height = 16, .width = 16, .filter = RESIZE_LANCZOS };
    o.window = resize_cover(&in, 16, 16);
    CHECK_CLOSE(o.window.x, 12, 1e-12);
    CHECK_CLOSE(o.window.width, 40, 1e-12);
    CHECK_OK(resize_clip(&in, &o, a, &one));
    o.pool = pool;
    CHECK_OK(resize_clip(&in, &o, a, &three));
    assert_memory_equal(one.rgb, three.rgb, 6 * 16 * 16 * 3);
    o.window.x = 30;
    CHECK_FAILS(resize_clip(&in, &o, a, &three), SORA_E_ARGUMENT, "not inside 64x40");
    pool_free(pool);
    arena_free(a);
}

static void test_sheet(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip clips[3] = { noise(a, 5, 8, 6), noise(a, 5, 8, 6), noise(a, 1, 8, 6) }, out;
    SheetOptions o = { .frames = 3, .columns = 2, .gap = 2 };
    CHECK_OK(sheet_draw(clips, 3, &o, a, &out));
    assert_int_equal(out.width, 2 * 3 * 6 + 2);
    assert_int_equal(out.height, 2 * 8 + 2);
    /* the last of the three frames of clip 1 is its frame 4 */
    assert_memory_equal(out.rgb + (20 + 12) * 3, clip_frame(&clips[1], 4), 6 * 3);
    assert_int_equal(out.rgb[18 * 3], 255);
    clips[2].width = 5;
    CHECK_FAILS(sheet_draw(clips, 3, &o, a, &out), SORA_E_ARGUMENT, "clip 3 of the sheet is 5x8");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_area_is_the_mean),
        cmocka_unit_test(test_identity_and_flat),
        cmocka_unit_test(test_threads_and_window),
        cmocka_unit_test(test_sheet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
