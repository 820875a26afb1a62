#include "check.h"

#include "media/clip.h"

static void test_sizes(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip c;
    CHECK_OK(clip_new(a, 3, 5, 7, 12, &c));
    assert_ptr_equal(clip_frame(&c, 2), c.rgb + 2 * 5 * 7 * 3);
    CHECK_FAILS(clip_new(a, 0, 5, 7, 12, &c), SORA_E_ARGUMENT, "0 frames");
    CHECK_FAILS(clip_new(a, 1, 0, 7, 12, &c), SORA_E_ARGUMENT, "7x0");
    CHECK_FAILS(clip_new(a, 1, 5, CLIP_SIDE_MAX + 1, 12, &c), SORA_E_ARGUMENT, "8193x5");
    CHECK_FAILS(clip_new(a, CLIP_FRAMES_MAX + 1, 5, 5, 12, &c), SORA_E_ARGUMENT, "100001 frames");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_sizes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
