/* The second stage: what it adds to, and how it hangs together. Its training: tests/train. */
#include "check.h"

#include "base/rng.h"
#include "model/upscale.h"

static Upscale *fresh(Arena *a, UpscaleConfig config)
{
    Upscale *u;
    CHECK_OK(upscale_new(&config, params_new_train(a, 3, NULL, NULL), a, &u));
    return u;
}

static void enlargement_is_exact_where_it_can_be(void **state)
{
    (void)state;
    enum { H = 5, W = 7, F = 4 };
    Arena *a = arena_new("test", 0);
    float *x = arena_alloc(a, H * W * 3 * sizeof *x);
    float *y = arena_alloc(a, H * W * 3 * F * F * sizeof *y);
    for (int i = 0; i < H * W * 3; i++) x[i] = 0.3f;
    upscale_base(x, H, W, F, y);
    for (int i = 0; i < H * W * 3 * F * F; i++) CHECK_CLOSE((double)y[i], 0.3, 1e-6);
    /* A ramp along a row: Catmull-Rom keeps straight lines, away from the repeated edge. */
    for (int i = 0; i < H * W * 3; i++) x[i] = 0.1f * (float)(i / 3 % W);
    upscale_base(x, H, W, F, y);
    for (int row = 0; row < H; row++)
        for (int column = 2; column < W - 2; column++)
            for (int sub = 0; sub < F * F; sub++) {
                double want = 0.1 * (column + (sub % F + 0.5) / F - 0.5);
                CHECK_CLOSE((double)y[((row * W + column) * F * F + sub) * 3], want, 1e-5);
            }
    arena_free(a);
}

static void rows_and_pixels_are_each_other(void **state)
{
    (void)state;
    enum { H = 3, W = 4, F = 2 };
    Arena *a = arena_new("test", 0);
    uint8_t rgb[H * W * F * F * 3], back[sizeof rgb];
    float y[H * W * F * F * 3];
    for (size_t i = 0; i < sizeof rgb; i++) rgb[i] = (uint8_t)rng_u64(1, i);
    upscale_rows(rgb, H, W, F, y);
    upscale_unpack(y, H, W, F, back);
    assert_memory_equal(rgb, back, sizeof rgb);
    /* Sub 1 of pixel (0, 0) is the large pixel to the right. */
    CHECK_CLOSE((double)y[3], rgb[3] / 127.5 - 1, 1e-6);
    CHECK_CLOSE((double)y[6], rgb[W * F * 3] / 127.5 - 1, 1e-6);
    y[0] = 7, y[1] = -7;
    upscale_unpack(y, H, W, F, back);
    assert_int_equal(back[0], 255);
    assert_int_equal(back[1], 0);
    arena_free(a);
}

/* The last layer starts at nothing: an untrained upscaler is the bicubic enlargement. */
static void starts_as_the_enlargement(void **state)
{
    (void)state;
    enum { H = 8, W = 6 };
    Arena *a = arena_new("test", 0), *step = arena_new("step", 0);
    Compute *c;
    CHECK_OK(compute_new(NULL, NULL, &c));
    UpscaleConfig config = { 4, 16, 2, 0 };
    Upscale *u = fresh(a, config);
    uint8_t rgb[H * W * 3], *out = arena_alloc(a, H * W * 16 * 3),
                            *want = arena_alloc(a, H * W * 48);
    float *x = arena_alloc(a, H * W * 3 * sizeof *x), *y = arena_alloc(a, H * W * 48 * sizeof *y);
    for (size_t i = 0; i < sizeof rgb; i++) rgb[i] = (uint8_t)(i * 3);
    upscale_frame(u, c, rgb, H, W, step, out);
    upscale_pack(rgb, H * W, x);
    upscale_base(x, H, W, 4, y);
    upscale_unpack(y, H, W, 4, want);
    assert_memory_equal(out, want, H * W * 48);
    compute_free(c);
    arena_free(step);
    arena_free(a);
}

/* The picture moved by a patch is enlarged alike, moved by less it is not. */
static void knows_patches(void **state)
{
    (void)state;
    enum { H = 16, W = 16, P = 4, VALUES = 12 };
    Arena *a = arena_new("test", 0);
    Compute *c;
    CHECK_OK(compute_new(NULL, NULL, &c));
    UpscaleConfig config = { 2, 8, 1, P };
    ParamSet *set = params_new_train(a, 3, NULL, NULL);
    Upscale *u;
    CHECK_OK(upscale_new(&config, set, a, &u));
    Param *last = params_at(set, params_count(set) - 2);
    assert_string_equal(last->name, "last.weight");
    rng_fill_normal(last->value->data, 0, tensor_count(last->value), 1);
    params_refresh(set, c);
    const float *y[3];
    for (size_t moved = 0; moved < 3; moved++) { /* by 0, 1 and P pixels */
        size_t by = moved == 2 ? P : moved;
        Tensor *x = tensor_new_2d(a, TYPE_F32, H * W, 3);
        for (size_t i = 0; i < H * W * 3; i++)
            ((float *)x->data)[i] = (i / 3 % W == by + 6 && i / 3 / W == 6) ? 1.0f : 0.0f;
        y[moved] = upscale_forward(u, tape_new(a, c, GEMM_F32, false), x, 1, H, W)->data;
    }
    double by_one = 0, by_patch = 0;
    for (size_t i = 0; i < VALUES; i++) {
        const size_t at = (6 * W + 6) * VALUES + i;
        by_one += fabs((double)(y[1][at + VALUES] - y[0][at]));
        by_patch += fabs((double)(y[2][at + P * VALUES] - y[0][at]));
    }
    assert_true(by_patch < 1e-4);
    assert_true(by_one > 1e-2);
    compute_free(c);
    arena_free(a);
}

static void configuration_round_trips(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    UpscaleConfig c = { 2, 24, 5, 8, 1 }, d;
    const char *text = upscale_config_write(&c, a);
    CHECK_OK(upscale_config_parse(text, strlen(text), &d));
    assert_memory_equal(&c, &d, sizeof c);
    const char *older = "{\"factor\":4,\"width\":48,\"blocks\":3}";
    CHECK_OK(upscale_config_parse(older, strlen(older), &d));
    assert_int_equal(d.patch, 0);
    assert_int_equal(d.crisp, 0);
    CHECK_FAILS(upscale_config_parse("{\"factor\":99}", 13, &d), SORA_E_FORMAT, "\"factor\"");
    CHECK_FAILS(upscale_config_parse("[", 1, &d), SORA_E_FORMAT, "upscaler's configuration");
    UpscaleFile f;
    CHECK_FAILS(upscale_open("/nowhere/u.safetensors", &f), SORA_E_IO, "/nowhere");
    upscale_close(&f);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enlargement_is_exact_where_it_can_be),
        cmocka_unit_test(rows_and_pixels_are_each_other),
        cmocka_unit_test(starts_as_the_enlargement),
        cmocka_unit_test(knows_patches),
        cmocka_unit_test(configuration_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
