#include "golden.h"

#include "model/clip_image.h"

enum { TOKENS = 17, WIDTH = 32, SIDE = 56 };

typedef struct Limits {
    GemmPrecision precision;
    Limit pixels, normed, out;
} Limits;

/* The smaller of both cases in the manifest. */
static const Limits F32 = { GEMM_F32, { 1e-5, 2.9e-5 }, { 1e-5, 3.1e-5 }, { 1e-5, 3.6e-5 } },
                    BF16 = { GEMM_BF16, { 1e-5, 2.9e-5 }, { 0.0047, 0.026 }, { 0.0083, 0.049 } };

static void run_case(const ClipImage *e, const Compute *c, const Safetensors *io, const char *name,
                     const Limits *limits)
{
    Arena *step = arena_new("step", 0);
    char key[64];
    snprintf(key, sizeof key, "%s.image", name);
    const Tensor *image = safetensors_find(io, key);
    size_t size[] = { image->shape[1], image->shape[2] };
    float out[TOKENS * WIDTH], pixels[3 * SIDE * SIDE], normed[TOKENS * WIDTH];
    float block0[TOKENS * WIDTH], *block[] = { block0 };
    ClipImageTrace trace = { pixels, normed, block };
    clip_image_encode(e, c, limits->precision, image->data, size, step, out, &trace);
    snprintf(key, sizeof key, "%s.pixel_values", name);
    check_tensor(io, key, pixels, limits->pixels);
    snprintf(key, sizeof key, "%s.pre_norm", name);
    check_tensor(io, key, normed, limits->normed);
    snprintf(key, sizeof key, "%s.block0", name);
    check_tensor(io, key, block0, limits->out);
    snprintf(key, sizeof key, "%s.out", name);
    check_tensor(io, key, out, limits->out);
    assert_int_equal(arena_used(step), 0);
    arena_free(step);
}

static void run_file(const char *file, const Limits *limits)
{
    Arena *a = arena_new("test", 0);
    Pool *pool;
    Compute *c;
    Safetensors io, weights;
    ClipImage *e;
    CHECK_OK(pool_new(2, &pool));
    CHECK_OK(compute_new(pool, NULL, &c));
    CHECK_OK(safetensors_open(test_data("clip/io.safetensors"), a, &io));
    CHECK_OK(safetensors_open(test_data(file), a, &weights));
    EncoderFile from = { golden_lookup, &weights, file, a };
    assert_true(clip_image_fits(&from));
    CHECK_OK(clip_image_load(&from, 2, &e));
    assert_int_equal(clip_image_tokens(e), TOKENS);
    assert_int_equal(clip_image_size(e), SIDE);
    run_case(e, c, &io, "a", limits);
    run_case(e, c, &io, "down", limits);
    safetensors_close(&weights);
    safetensors_close(&io);
    compute_free(c);
    pool_free(pool);
    arena_free(a);
}

static void equals_the_original_in_f32(void **state)
{
    (void)state;
    run_file("clip/original.safetensors", &F32);
}

static void stays_near_the_original_in_bf16(void **state)
{
    (void)state;
    run_file("clip/original.safetensors", &BF16);
}

static void reads_hugging_face_names(void **state)
{
    (void)state;
    run_file("clip/hf.safetensors", &F32);
}

static void refuses_other_sizes(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Safetensors weights;
    ClipImage *e;
    CHECK_OK(safetensors_open(test_data("clip/original.safetensors"), a, &weights));
    EncoderFile from = { golden_lookup, &weights, "some file", a };
    CHECK_FAILS(clip_image_load(&from, 0, &e), SORA_E_FORMAT, "cannot be run"); /* no head fits */
    CHECK_FAILS(clip_image_load(&from, 5, &e), SORA_E_FORMAT, "5 heads");
    safetensors_close(&weights);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_original_in_f32),
        cmocka_unit_test(stays_near_the_original_in_bf16),
        cmocka_unit_test(reads_hugging_face_names),
        cmocka_unit_test(refuses_other_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
