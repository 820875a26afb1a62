/* Seams, loops and fills of clips that are made up so that the answer is known. */
#include "check.h"

#include "base/rng.h"
#include "eval/minterpolate.h"
#include "eval/shape_suite.h"

enum { SIDE = 32, FRAMES = 16 };

/* A bright bar that is at x = at(f) in frame f, with soft edges. */
static Clip bar(Arena *a, size_t frames, double (*at)(size_t f), int lift_from)
{
    Clip c;
    CHECK_OK(clip_new(a, frames, SIDE, SIDE, 12, &c));
    for (size_t f = 0; f < frames; f++)
        for (size_t i = 0; i < SIDE * SIDE; i++) {
            double d = fabs((double)(i % SIDE) - at(f)), v = d < 5 ? 200 - 20 * d : 100;
            if ((int)f >= lift_from) v += 20;
            memset(clip_frame(&c, f) + i * 3, (int)v, 3);
        }
    return c;
}

static double steady(size_t f)
{
    return 6 + (double)f;
}

static double jumps(size_t f)
{
    return 6 + (double)f + (f >= 8 ? 5 : 0);
}

static double turns(size_t f)
{
    return f < 8 ? 6 + (double)f : 14 - (double)(f - 7);
}

static double swings(size_t f)
{
    return 16 + 4 * sin(6.283185307 * (double)f / FRAMES);
}

static void seams_show(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip fine = bar(a, FRAMES, steady, 99), jump = bar(a, FRAMES, jumps, 99);
    Clip turn = bar(a, FRAMES, turns, 99), lift = bar(a, FRAMES, steady, 8);
    ShapeSeam s = shape_seam(&fine, 8);
    CHECK_CLOSE(s.position, 1, 0.01);
    CHECK_CLOSE(s.velocity, 1, 0.01);
    CHECK_CLOSE(s.colour, 1, 0.01);
    assert_true(shape_seam(&jump, 8).position > 2);
    CHECK_CLOSE(shape_seam(&jump, 5).position, 1, 0.01); /* elsewhere it is fine */
    assert_true(shape_seam(&turn, 8).velocity > 1.5);
    assert_true(shape_seam(&turn, 8).position < 1.1);
    s = shape_seam(&lift, 8);
    assert_true(s.colour > 20);
    arena_free(a);
}

static void loops_close_or_not(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip closed = bar(a, FRAMES, swings, 99), open = bar(a, FRAMES, steady, 99);
    assert_true(shape_loop(&closed) < 1.8);
    assert_true(shape_loop(&open) > 3);
    arena_free(a);
}

static void fills_and_compares(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip truth = bar(a, FRAMES, steady, 99), blend = bar(a, FRAMES, steady, 99);
    Clip nearest = bar(a, FRAMES, steady, 99);
    LooksBox all = { 0 };
    CHECK_CLOSE(shape_psnr(&truth, 3, &blend, 3, all), 99, 0);
    shape_blend(&blend, 5, 4);
    shape_nearest(&nearest, 5, 4);
    CHECK_CLOSE(shape_psnr(&truth, 4, &blend, 4, all), 99, 0);
    CHECK_CLOSE(shape_psnr(&truth, 9, &blend, 9, all), 99, 0);
    assert_memory_equal(clip_frame(&nearest, 5), clip_frame(&truth, 4), SIDE * SIDE * 3);
    assert_memory_equal(clip_frame(&nearest, 8), clip_frame(&truth, 9), SIDE * SIDE * 3);
    double b = shape_psnr(&truth, 6, &blend, 6, all), n = shape_psnr(&truth, 6, &nearest, 6, all);
    assert_true(b > n && b < 60);
    assert_true(shape_psnr(&truth, 6, &nearest, 6, (LooksBox){ 0, 0, SIDE, 3 }) >
                n); /* no bar there */
    /* One grey level everywhere is 48.13 dB. */
    Clip up = bar(a, FRAMES, steady, 99);
    for (size_t i = 0; i < SIDE * SIDE * 3; i++) up.rgb[i]++;
    CHECK_CLOSE(shape_psnr(&truth, 0, &up, 0, all), 48.1308, 1e-4);
    arena_free(a);
}

static void what_stands_still_does_not_move(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip c = bar(a, FRAMES, steady, 99);
    double moving = shape_dynamic(&c, 0, FRAMES);
    assert_true(moving > 5);
    CHECK_CLOSE(shape_dynamic(&c, 3, 6), moving, 0.01);
    shape_nearest(&c, 1, FRAMES - 2);
    assert_true(shape_dynamic(&c, 0, 6) == 0);
    CHECK_CLOSE(shape_dynamic(&c, 0, 1), 0, 0);
    arena_free(a);
}

static void edges_are_compared(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip c = bar(a, FRAMES, steady, 99), lifted = bar(a, FRAMES, steady, 0);
    Clip flat = bar(a, FRAMES, steady, 99);
    memset(flat.rgb, 7, FRAMES * SIDE * SIDE * 3);
    CHECK_CLOSE(shape_edges(&c, 3, &c, 3), 1, 1e-9);
    CHECK_CLOSE(shape_edges(&c, 3, &lifted, 3), 1, 0.02); /* brighter, but of the same shape */
    assert_true(shape_edges(&c, 0, &c, 15) < 0.3);
    CHECK_CLOSE(shape_edges(&c, 3, &flat, 3), 0, 1e-9);
    CHECK_CLOSE(shape_edges(&flat, 3, &flat, 4), 1, 1e-9);
    arena_free(a);
}

static void what_moves_is_found(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip truth = bar(a, FRAMES, steady, 99), late = bar(a, FRAMES, steady, 99);
    Clip blend = bar(a, FRAMES, steady, 99), nearest = bar(a, FRAMES, steady, 99);
    const size_t first = 5, count = 8, ends[2] = { 4, 13 }, reach = 12, middle = 9;
    const size_t bytes = SIDE * SIDE * 3;
    shape_blend(&blend, first, count);
    shape_nearest(&nearest, first, count);
    for (size_t f = first; f < first + count; f++) /* three frames late: three pixels */
        memcpy(clip_frame(&late, f), clip_frame(&truth, f - 3), bytes);
    LooksBox box = { 8, 8, 16, 16 };
    CHECK_CLOSE(shape_offset(&truth, &truth, middle, ends, box, reach), 0, 0);
    CHECK_CLOSE(shape_offset(&late, &truth, middle, ends, box, reach), 3, 0);
    assert_true(shape_offset(&nearest, &truth, middle, ends, box, reach) >= 4);
    assert_true(
        isnan(shape_offset(&truth, &truth, middle, ends, (LooksBox){ 8, 25, 8, 5 }, reach)));
    assert_true(isnan(shape_offset(&truth, &truth, middle, ends, (LooksBox){ 0 }, reach)));
    double b = shape_gradient_error(&blend, &truth, middle, box);
    CHECK_CLOSE(shape_gradient_error(&truth, &truth, middle, box), 0, 0);
    assert_true(b > 0.5 && b < 1.5);
    assert_true(shape_gradient_error(&nearest, &truth, middle, box) > b);
    memset(clip_frame(&blend, middle), 90, bytes);
    CHECK_CLOSE(shape_gradient_error(&blend, &truth, middle, box), 1, 1e-9);
    arena_free(a);
}

static void around_a_box(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip c = bar(a, FRAMES, steady, 99), d = bar(a, FRAMES, steady, 99);
    double rgb[3];
    for (size_t y = 4; y < 8; y++) memset(clip_frame(&d, 2) + (y * SIDE + 4) * 3, 255, 4 * 3);
    CHECK_CLOSE(shape_psnr_outside(&c, 2, &d, 2, (LooksBox){ 4, 4, 4, 4 }), 99, 0);
    assert_true(shape_psnr_outside(&c, 2, &d, 2, (LooksBox){ 4, 4, 4, 3 }) < 50);
    CHECK_CLOSE(shape_psnr_outside(&c, 2, &d, 2, (LooksBox){ 0 }),
                shape_psnr(&c, 2, &d, 2, (LooksBox){ 0 }), 1e-9);
    memset(c.rgb, 0, SIDE * SIDE * 3);
    for (size_t i = 0; i < SIDE * SIDE; i++) clip_frame(&c, 1)[3 * i + 2] = 80;
    memset(clip_frame(&c, 2), 40, SIDE * SIDE * 3);
    shape_colour(&c, 2, 1, rgb);
    CHECK_CLOSE(rgb[0], 40, 0);
    for (size_t i = 0; i < SIDE * SIDE; i++) memset(clip_frame(&c, 1) + 3 * i, 0, 2);
    shape_colour(&c, 1, 2, rgb);
    CHECK_CLOSE(rgb[0], 20, 0);
    CHECK_CLOSE(rgb[2], 60, 0);
    arena_free(a);
}

/* FFmpeg's frames stand where they belong. */
static void ffmpeg_fills(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip truth = bar(a, FRAMES, steady, 99), made = bar(a, FRAMES, steady, 99);
    bool ran;
    memset(clip_frame(&made, 7), 0, SIDE * SIDE * 3);
    CHECK_OK(minterpolate_fill(&made, 7, 1, a, &ran));
    if (!ran) skip();
    double f = shape_psnr(&truth, 7, &made, 7, (LooksBox){ 0 });
    assert_true(f > shape_psnr(&truth, 6, &made, 7, (LooksBox){ 0 }));
    assert_true(f > shape_psnr(&truth, 8, &made, 7, (LooksBox){ 0 }));
    assert_true(f > 30);
    assert_memory_equal(clip_frame(&made, 6), clip_frame(&truth, 6), SIDE * SIDE * 3);
    assert_memory_equal(clip_frame(&made, 8), clip_frame(&truth, 8), SIDE * SIDE * 3);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seams_show),         cmocka_unit_test(loops_close_or_not),
        cmocka_unit_test(fills_and_compares), cmocka_unit_test(what_stands_still_does_not_move),
        cmocka_unit_test(edges_are_compared), cmocka_unit_test(what_moves_is_found),
        cmocka_unit_test(around_a_box),       cmocka_unit_test(ffmpeg_fills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
