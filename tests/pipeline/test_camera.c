/* What a moving camera shows of a frame: it goes as far as it is told, and never beyond the edges.
 */
#include "check.h"

#include "pipeline/camera.h"

static const ResizeWindow STILL = { 16, 0, 64, 64 }; /* the middle of 96x64 */

static ResizeWindow at(const CameraMove *m, double share)
{
    return camera_window(m, 7, share, 2 * share, STILL, 64000);
}

static void pans_to_both_sides(void **state)
{
    (void)state;
    CameraMove right = { .pan = 0.38, .held = "a fox" }, left = { .pan = -0.38, .held = "a fox" };
    double before = -1;
    for (int i = 0; i <= 20; i++) {
        ResizeWindow r = at(&right, i / 20.0), l = at(&left, i / 20.0);
        assert_true(r.x > before);
        assert_float_equal(r.x + l.x, 2 * STILL.x, 2e-3);
        assert_true(r.width == 64 && r.height == 64 && r.y == 0);
        before = r.x;
    }
    assert_float_equal(at(&right, 1).x - at(&right, 0).x, 0.38 * 64, 2e-3);
    assert_float_equal(at(&right, 0.5).x, STILL.x, 2e-3);
}

static void a_hand_shakes(void **state)
{
    (void)state;
    CameraMove m = { .shake = 0.0145, .held = "a fox" };
    double most = 0, sum = 0;
    for (int i = 0; i < 480; i++) {
        ResizeWindow w = camera_window(&m, 7, 0, i / 24.0, STILL, 64000), same = w;
        double x = w.x + w.width / 2 - (STILL.x + STILL.width / 2);
        assert_true(w.width < 64 && w.width > 60 && w.width == w.height);
        most = fmax(most, fabs(x)), sum += x;
        w = camera_window(&m, 7, 0, i / 24.0, STILL, 64000);
        assert_memory_equal(&w, &same, sizeof w);
    }
    assert_true(most > 0.0145 * 64 && most <= 1.6 * 0.0145 * 64 + 1e-9);
    assert_true(fabs(sum / 480) < 0.1);
    ResizeWindow one = camera_window(&m, 7, 0, 1, STILL, 64000),
                 other = camera_window(&m, 8, 0, 1, STILL, 64000);
    assert_true(one.x != other.x && one.y != other.y);
}

/* As a still picture is shown the same in every frame, what it moves by is whole pixels. */
static void moves_by_whole_pixels(void **state)
{
    (void)state;
    CameraMove m = { .pan = 0.38, .shake = 0.0145, .held = "a fox" };
    ResizeWindow first = camera_window(&m, 7, 0, 0, STILL, 256);
    bool moved = false;
    for (int i = 1; i < 48; i++) {
        ResizeWindow w = camera_window(&m, 7, i / 47.0, i / 24.0, STILL, 256);
        double x = (w.x - first.x) / (w.width / 256), y = (w.y - first.y) / (w.width / 256);
        assert_true(fabs(x - rint(x)) < 1e-6 && fabs(y - rint(y)) < 1e-6);
        moved = moved || (x != 0 && y != 0);
    }
    assert_true(moved);
}

/* Pictures of all shapes, ways that are longer than the room for them, both moves at once. */
static void stays_inside(void **state)
{
    (void)state;
    const double SIZE[] = { 8, 40, 64, 512 };
    for (int i = 0; i < 4 * 4 * 3 * 50; i++) {
        double h = SIZE[i % 4], w = SIZE[i / 4 % 4], room = w * (i / 16 % 3) / 8;
        CameraMove m = { .pan = i % 2 ? 0.5 : -0.5, .shake = i % 3 * 0.01, .held = "a fox" };
        ResizeWindow still = { room, 0, w, h };
        ResizeWindow s = camera_window(&m, (uint64_t)i, i / 48 / 49.0, i / 30.0, still, (size_t)w);
        assert_true(s.width > 0 && s.height > 0 && s.x >= -1e-9 && s.y >= -1e-9);
        assert_true(s.x + s.width <= w + 2 * room + 1e-9 && s.y + s.height <= h + 1e-9);
    }
}

static void stands_still(void **state)
{
    (void)state;
    CameraMove none = { .pan = 0.38, .shake = 0.02 }; /* but nobody says what it holds */
    ResizeWindow w = at(&none, 0.9);
    assert_memory_equal(&w, &STILL, sizeof w);
    assert_int_equal(camera_wide(&none, 64, 16), 64);
}

static void leaves_room_in_whole_patches(void **state)
{
    (void)state;
    CameraMove left = { .pan = -0.38, .held = "a fox" }, hand = { .shake = 0.01, .held = "a fox" };
    assert_int_equal(camera_wide(&left, 64, 16), 96);
    assert_int_equal(camera_wide(&left, 100, 16), 144);
    assert_int_equal(camera_wide(&hand, 72, 16), 72);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pans_to_both_sides), cmocka_unit_test(a_hand_shakes),
        cmocka_unit_test(stays_inside),       cmocka_unit_test(moves_by_whole_pixels),
        cmocka_unit_test(stands_still),       cmocka_unit_test(leaves_room_in_whole_patches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
