/* The picture of how things move: pans, things that go, zooms, and what does not move. */
#include "check.h"

#include "model/motion.h"

enum { HEIGHT = 64, WIDTH = 80, BYTES = HEIGHT * WIDTH * 3, CELLS = 8, VALUES = CELLS * CELLS * 3 };

/* A texture that is seen shifted by (x, y), magnified around the middle. */
static void texture(uint8_t *rgb, double x, double y, double zoom)
{
    for (int i = 0; i < HEIGHT; i++)
        for (int j = 0; j < WIDTH; j++, rgb += 3) {
            double v = (i - HEIGHT / 2.0) / zoom + y, u = (j - WIDTH / 2.0) / zoom + x;
            double l = 120 + 50 * sin(u * 0.37) * cos(v * 0.29) + 30 * sin(u * 0.11 + v * 0.17);
            rgb[0] = rgb[1] = rgb[2] = (uint8_t)l;
        }
}

/* The value of a velocity, in heights a second. */
static float value(double v)
{
    return (float)copysign(2 * sqrt(fabs(v)), v);
}

static void map(const uint8_t *before, const uint8_t *now, double seconds, float *out)
{
    uint8_t *room = malloc(motion_room(HEIGHT, WIDTH));
    motion_map(before, now, HEIGHT, WIDTH, seconds, CELLS, room, out);
    free(room);
}

static void test_pan(void **state)
{
    (void)state;
    static uint8_t before[BYTES], now[BYTES];
    static const double move[][2] = { { 2, 0 }, { 0, -3 }, { 1.5, 0 }, { -6, 4 }, { 0, 0 } };
    float out[VALUES];
    texture(before, 0, 0, 1);
    for (size_t k = 0; k < sizeof move / sizeof *move; k++) {
        texture(now, -move[k][0], -move[k][1], 1); /* what is seen goes right and down */
        map(before, now, 1.0 / 6, out);
        for (size_t c = 0; c < 2; c++) {
            double sum = 0;
            for (size_t i = 0; i < 16; i++) /* cells in the middle, that come from inside */
                sum += (double)out[((2 + i / 4) * CELLS + 2 + i % 4) * 3 + c];
            CHECK_CLOSE(sum / 16, (double)value(move[k][c] * 6 / HEIGHT), 0.12);
        }
    }
    for (size_t i = 0; i < VALUES; i++) assert_true(out[i] == 0); /* the last stood still */
}

static void test_zoom_and_thing(void **state)
{
    (void)state;
    static uint8_t before[BYTES], now[BYTES];
    float out[VALUES];
    texture(before, 0, 0, 1), texture(now, 0, 0, 1.1);
    map(before, now, 1.0 / 6, out);
    for (size_t row = 1; row < CELLS; row += 5) /* outwards on both sides */
        for (size_t i = 0; i < CELLS; i++) {
            assert_true(i < 2 ? out[(row * CELLS + i) * 3] < -0.3f
                              : i < 6 || out[(row * CELLS + i) * 3] > 0.3f);
        }
    /* A square on a plain ground: only where it is, or was, anything moves. */
    memset(before, 90, BYTES), memset(now, 90, BYTES);
    for (size_t y = 24; y < 40; y++) {
        memset(before + (y * WIDTH + 20) * 3, 220, 16 * 3);
        memset(now + (y * WIDTH + 23) * 3, 220, 16 * 3);
    }
    map(before, now, 1.0 / 6, out);
    CHECK_CLOSE(out[(3 * CELLS + 3) * 3], value(3.0 * 6 / HEIGHT), 0.15);
    for (size_t i = 0; i < CELLS; i++) assert_true(out[i * 3] == 0 && out[i * 3 + 2] == 0);
}

/* A token holds its frame's four places; the first latent frame nothing. Any size works. */
static void test_pack(void **state)
{
    (void)state;
    static uint8_t rgb[6 * BYTES];
    static uint8_t room[3 * BYTES];
    static float token[4 * VALUES], one[VALUES];
    for (size_t f = 0; f < 6; f++) texture(rgb + f * BYTES, -1.5 * (double)f, 0, 1);
    motion_pack(rgb, 6, HEIGHT, WIDTH, 12, CELLS, 0, room, token);
    for (size_t i = 0; i < 4 * VALUES; i++) assert_true(token[i] == 0);
    motion_pack(rgb, 6, HEIGHT, WIDTH, 12, CELLS, 1, room, token);
    map(rgb, rgb + BYTES, 1.0 / 12, one); /* place 0 has one frame before it */
    assert_memory_equal(token, one, sizeof one);
    map(rgb + 2 * BYTES, rgb + 4 * BYTES, 2.0 / 12, one);
    assert_memory_equal(token + 3 * VALUES, one, sizeof one);
    motion_pack(rgb, 6, HEIGHT, WIDTH, 12, CELLS, 2, room, token);
    map(rgb + 3 * BYTES, rgb + 5 * BYTES, 2.0 / 12, one);
    for (size_t k = 0; k < 4; k++) /* the clip's last frame stands for those that are missing */
        assert_memory_equal(token + k * VALUES, one, sizeof one);
    for (size_t side = 1; side < 30; side += 4)
        motion_pack(rgb, 6, side, 31 - side, 12, CELLS, 1, room, token);
}

/* In a mirror what goes to the right goes to the left, on the other side, and as far down. */
static void test_mirror(void **state)
{
    (void)state;
    static uint8_t rgb[5 * BYTES], other[5 * BYTES], room[3 * BYTES];
    static float token[4 * VALUES], want[4 * VALUES], got[4 * VALUES];
    memset(rgb, 90, sizeof rgb);
    for (size_t f = 0; f < 5; f++)
        for (size_t y = 8 + 2 * f; y < 24 + 2 * f; y++)
            memset(rgb + f * BYTES + (y * WIDTH + 10 + 3 * f) * 3, 220, 16 * 3);
    for (size_t i = 0; i < 5 * HEIGHT * WIDTH; i++)
        memcpy(other + 3 * i, rgb + 3 * (i / WIDTH * WIDTH + WIDTH - 1 - i % WIDTH), 3);
    motion_pack(rgb, 5, HEIGHT, WIDTH, 12, CELLS, 1, room, token);
    motion_pack(other, 5, HEIGHT, WIDTH, 12, CELLS, 1, room, want);
    motion_mirror(token, CELLS, got);
    double far = 0;
    for (size_t i = 0; i < 4 * VALUES; i++) {
        CHECK_CLOSE(got[i], want[i], 0.1);
        far = fmax(far, fabs((double)want[i]));
    }
    assert_true(far > 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pan),
        cmocka_unit_test(test_zoom_and_thing),
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_mirror),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
