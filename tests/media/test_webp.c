#include "check.h"

#include "media/webp.h"

#include "base/rng.h"

#include <webp/encode.h>
#include <webp/mux.h>

enum { SIDE = 24, FRAMES = 3 };

static void paint(uint8_t *rgba, int f)
{
    for (int i = 0; i < SIDE * SIDE; i++) {
        rgba[i * 4] = (uint8_t)(i + 40 * f);
        rgba[i * 4 + 1] = (uint8_t)(3 * i);
        rgba[i * 4 + 2] = (uint8_t)(80 * f);
        rgba[i * 4 + 3] = i % SIDE < 4 ? 0 : 255;
    }
}

/* A lossless animation of FRAMES frames, 100 ms each, made with libwebpmux. */
static WebPData make_animation(void)
{
    WebPAnimEncoder *encoder = WebPAnimEncoderNew(SIDE, SIDE, NULL);
    WebPConfig config;
    WebPConfigInit(&config);
    config.lossless = config.exact = 1;
    for (int f = 0; f < FRAMES; f++) {
        uint8_t rgba[SIDE * SIDE * 4];
        paint(rgba, f);
        WebPPicture p;
        WebPPictureInit(&p);
        p.use_argb = 1, p.width = p.height = SIDE;
        WebPPictureImportRGBA(&p, rgba, SIDE * 4);
        assert_true(WebPAnimEncoderAdd(encoder, &p, f * 100, &config));
        WebPPictureFree(&p);
    }
    WebPAnimEncoderAdd(encoder, NULL, FRAMES * 100, NULL);
    WebPData out;
    assert_true(WebPAnimEncoderAssemble(encoder, &out));
    WebPAnimEncoderDelete(encoder);
    return out;
}

/* Frame f of the file is picture `picture` of paint(). */
static void check_pixels(const WebpAnim *anim, size_t f, int picture)
{
    uint8_t want[SIDE * SIDE * 4];
    paint(want, picture);
    const uint8_t *got = webp_frame(anim, f);
    for (int i = 0; i < SIDE * SIDE; i++) {
        assert_int_equal(got[i * 4 + 3], want[i * 4 + 3]);
        if (want[i * 4 + 3]) assert_memory_equal(got + i * 4, want + i * 4, 3);
    }
}

static void test_animation(void **state)
{
    (void)state;
    WebPData data = make_animation();
    Arena *a = arena_new("test", 0);
    WebpAnim anim;
    CHECK_OK(webp_anim_decode((Slice){ data.bytes, data.size }, "a.webp", a, &anim));
    assert_int_equal(anim.frames, FRAMES);
    assert_int_equal(anim.width, SIDE);
    assert_int_equal(anim.height, SIDE);
    for (size_t f = 0; f < FRAMES; f++) {
        assert_int_equal(anim.end_ms[f], 100 * (f + 1));
        check_pixels(&anim, f, (int)f);
    }
    arena_free(a);
    WebPDataClear(&data);
}

static void test_still(void **state)
{
    (void)state;
    uint8_t rgba[SIDE * SIDE * 4], *bytes;
    paint(rgba, 1);
    size_t size = WebPEncodeLosslessRGBA(rgba, SIDE, SIDE, SIDE * 4, &bytes);
    Arena *a = arena_new("test", 0);
    WebpAnim anim;
    CHECK_OK(webp_anim_decode((Slice){ bytes, size }, "still.webp", a, &anim));
    assert_int_equal(anim.frames, 1);
    check_pixels(&anim, 0, 1);
    arena_free(a);
    WebPFree(bytes);
}

static void test_foreign_bytes(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    WebpAnim anim;
    const unsigned char text[] = "this is a text, not a picture";
    CHECK_FAILS(webp_anim_decode((Slice){ text, sizeof text }, "t.webp", a, &anim), SORA_E_FORMAT,
                "t.webp is not a WebP file");
    CHECK_FAILS(webp_anim_decode((Slice){ NULL, 0 }, "e.webp", a, &anim), SORA_E_FORMAT,
                "e.webp is not a WebP file");
    /* VP8X header: the canvas claims to be 16384x16384. */
    const unsigned char bomb[30] = { 'R', 'I', 'F', 'F', 22,   0,    0,  0,    'W',  'E',
                                     'B', 'P', 'V', 'P', '8',  'X',  10, 0,    0,    0,
                                     2,   0,   0,   0,   0xff, 0x3f, 0,  0xff, 0x3f, 0 };
    assert_int_not_equal(webp_anim_decode((Slice){ bomb, 30 }, "b.webp", a, &anim), SORA_OK);
    assert_non_null(strstr(err_text(), "b.webp"));
    arena_free(a);
}

/* Cut at every length and with bytes changed: never a crash, never silence about the name. */
static void test_damage(void **state)
{
    (void)state;
    WebPData data = make_animation();
    uint8_t *copy = malloc(data.size);
    for (size_t cut = 0; cut < data.size; cut++) {
        Arena *a = arena_new("test", 0);
        memcpy(copy, data.bytes, data.size);
        WebpAnim anim;
        CHECK_FAILS(webp_anim_decode((Slice){ copy, cut }, "cut.webp", a, &anim), SORA_E_FORMAT,
                    "cut.webp");
        arena_free(a);
    }
    for (size_t i = 0; i < 1000; i++) {
        Arena *a = arena_new("test", 0);
        memcpy(copy, data.bytes, data.size);
        for (size_t k = 0; k < 3; k++)
            copy[rng_below(i, 2 * k, data.size)] = (uint8_t)rng_u64(i, 2 * k + 1);
        WebpAnim anim;
        if (webp_anim_decode((Slice){ copy, data.size }, "bad.webp", a, &anim) != SORA_OK)
            assert_non_null(strstr(err_text(), "bad.webp"));
        arena_free(a);
    }
    free(copy);
    WebPDataClear(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_animation),
        cmocka_unit_test(test_still),
        cmocka_unit_test(test_foreign_bytes),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
