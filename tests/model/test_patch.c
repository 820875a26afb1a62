#include "check.h"

#include "base/arena.h"
#include "base/rng.h"
#include "model/patch.h"

static void test_frames_and_latent_frames(void **state)
{
    (void)state;
    size_t frames[] = { 1, 2, 5, 6, 24, 25, 49 }, want[] = { 1, 2, 2, 3, 7, 7, 13 };
    for (int i = 0; i < 7; i++) assert_int_equal(patch_latent_frames(frames[i]), want[i]);
    for (size_t f = 1; f < 50; f++) assert_int_equal(patch_latent_frames(patch_video_frames(f)), f);
    size_t place;
    assert_int_equal(patch_latent_of(0, &place), 0);
    assert_int_equal(patch_latent_of(1, &place), 1);
    assert_int_equal(place, 0);
    assert_int_equal(patch_latent_of(8, &place), 2);
    assert_int_equal(place, 3);
}

/* Any size and length comes back to the byte, also where sides are no multiple of the patch. */
static void test_round_trip(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    size_t sizes[][3] = { { 1, 8, 8 }, { 5, 16, 24 }, { 7, 13, 9 }, { 24, 17, 40 }, { 2, 1, 1 } };
    for (size_t s = 0; s < 5; s++)
        for (size_t patch = 4; patch <= 8; patch += 4) {
            size_t f = sizes[s][0], h = sizes[s][1], w = sizes[s][2], n = f * h * w * 3;
            PatchGrid g = patch_grid(f, h, w, patch);
            uint8_t *rgb = arena_alloc(a, n), *back = arena_zero(a, n);
            for (size_t i = 0; i < n; i++) rgb[i] = (uint8_t)rng_u64(s, i);
            float *tokens = arena_alloc(a, patch_tokens(g) * patch_values(patch) * sizeof *tokens);
            patch_pack(rgb, f, h, w, patch, tokens);
            patch_unpack(tokens, f, h, w, patch, back);
            assert_memory_equal(rgb, back, n);
        }
    arena_free(a);
}

/* What a mirror shows of the tokens are the tokens of what it shows. */
static void test_mirror(void **state)
{
    (void)state;
    enum { HEIGHT = 13, WIDTH = 24, PATCH = 8, TOKENS = 2 * 3, VALUES = 4 * PATCH * PATCH * 3 };
    static uint8_t rgb[HEIGHT * WIDTH * 3], other[HEIGHT * WIDTH * 3];
    static float tokens[TOKENS * VALUES], want[TOKENS * VALUES], got[TOKENS * VALUES];
    for (size_t i = 0; i < sizeof rgb; i++) rgb[i] = (uint8_t)rng_u64(9, i);
    for (size_t i = 0; i < HEIGHT * WIDTH; i++)
        memcpy(other + 3 * i, rgb + 3 * (i / WIDTH * WIDTH + WIDTH - 1 - i % WIDTH), 3);
    patch_pack(rgb, 1, HEIGHT, WIDTH, PATCH, tokens);
    patch_pack(other, 1, HEIGHT, WIDTH, PATCH, want);
    patch_mirror(tokens, patch_grid(1, HEIGHT, WIDTH, PATCH), PATCH, got);
    assert_memory_equal(got, want, sizeof want);
}

static void test_values_out_of_range_are_clamped(void **state)
{
    (void)state;
    float tokens[4 * 4 * 4 * 3];
    uint8_t rgb[4 * 4 * 3];
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) tokens[i] = i % 2 ? 3.0f : -3.0f;
    patch_unpack(tokens, 1, 4, 4, 4, rgb);
    for (size_t i = 0; i < sizeof rgb; i++) assert_int_equal(rgb[i], i % 2 ? 255 : 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_and_latent_frames),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_mirror),
        cmocka_unit_test(test_values_out_of_range_are_clamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
