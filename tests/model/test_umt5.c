#include "golden.h"

#include "model/umt5.h"

/* The smallest limits of all cases in the manifest. */
static const Limit F32 = { 1e-5, 2.6e-5 }, BF16 = { 0.0104, 0.0675 };
static const char *const cases[] = { "short", "eos-only", "len130", "full", "prompt", "negative" };
enum { CASES = 6 };

typedef struct Fixture {
    Arena *a, *step;
    Pool *pool;
    Compute *c;
    Safetensors io;
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    f->a = arena_new("test", 0);
    f->step = arena_new("step", 0);
    CHECK_OK(pool_new(2, &f->pool));
    CHECK_OK(compute_new(f->pool, NULL, &f->c));
    CHECK_OK(safetensors_open(test_data("umt5/io.safetensors"), f->a, &f->io));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    safetensors_close(&f->io);
    compute_free(f->c);
    pool_free(f->pool);
    arena_free(f->step);
    arena_free(f->a);
    free(f);
    return 0;
}

/* Appends the ids of a case that are not padding. */
static size_t read_ids(const Fixture *f, const char *name, uint32_t *id)
{
    char key[64];
    snprintf(key, sizeof key, "%s.ids", name);
    const int64_t *from = safetensors_find(&f->io, key)->data;
    snprintf(key, sizeof key, "%s.mask", name);
    const Tensor *mask = safetensors_find(&f->io, key);
    const int64_t *kept = mask->data;
    size_t n = 0;
    for (size_t i = 0; i < tensor_count(mask) && kept[i]; i++) id[n++] = (uint32_t)from[i];
    return n;
}

/* All cases in one packed batch. */
static void run_all(Fixture *f, const char *file, GemmPrecision p, Limit limit)
{
    Safetensors weights;
    CHECK_OK(safetensors_open(test_data(file), f->a, &weights));
    EncoderFile from = { golden_lookup, &weights, file, f->a };
    Umt5 *e;
    assert_true(umt5_fits(&from));
    CHECK_OK(umt5_load(&from, &e));
    assert_int_equal(umt5_layers(e), 2);
    uint32_t id[1024];
    size_t start[CASES + 1] = { 0 }, d = umt5_width(e);
    for (int i = 0; i < CASES; i++) start[i + 1] = start[i] + read_ids(f, cases[i], id + start[i]);
    size_t n = start[CASES] * d;
    float *out = arena_alloc(f->a, n * sizeof *out), *block[2];
    for (int i = 0; i < 2; i++) block[i] = arena_alloc(f->a, n * sizeof *out);
    umt5_forward(e, f->c, p, id, start, CASES, f->step, out, block);
    for (int i = 0; i < CASES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.block0", cases[i]);
        check_tensor(&f->io, name, block[0] + start[i] * d, limit);
        snprintf(name, sizeof name, "%s.block1", cases[i]);
        check_tensor(&f->io, name, block[1] + start[i] * d, limit);
        snprintf(name, sizeof name, "%s.out", cases[i]);
        check_tensor(&f->io, name, out + start[i] * d, limit);
    }
    safetensors_close(&weights);
}

static void equals_the_original_in_f32(void **state)
{
    run_all(*state, "umt5/original.safetensors", GEMM_F32, F32);
}

static void stays_near_the_original_in_bf16(void **state)
{
    run_all(*state, "umt5/original.safetensors", GEMM_BF16, BF16);
}

static void reads_hugging_face_names_and_f16(void **state)
{
    run_all(*state, "umt5/comfy.safetensors", GEMM_F32, F32);
}

/* The edges that follow from the logarithm (shared/wan.md, section 4). */
static void buckets_grow_with_distance(void **state)
{
    (void)state;
    static const int first[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91 };
    for (int b = 0; b < 16; b++) {
        assert_int_equal(umt5_bucket(-first[b], 32), b);
        if (b) assert_int_equal(umt5_bucket(first[b], 32), b + 16);
        if (b) assert_int_equal(umt5_bucket(1 - first[b], 32), b - 1);
    }
    assert_int_equal(umt5_bucket(-520, 32), 15);
    assert_int_equal(umt5_bucket(520, 32), 31);
}

static const Tensor *without_one(void *file, const char *name)
{
    return strcmp(name, "blocks.1.ffn.fc2.weight") ? safetensors_find(file, name) : NULL;
}

static const Tensor *with_another_shape(void *file, const char *name)
{
    bool other = strcmp(name, "blocks.0.attn.o.weight") == 0;
    return safetensors_find(file, other ? "blocks.0.ffn.fc1.weight" : name);
}

static void names_what_is_wrong(void **state)
{
    Fixture *f = *state;
    Safetensors weights;
    Umt5 *e;
    CHECK_OK(safetensors_open(test_data("umt5/original.safetensors"), f->a, &weights));
    EncoderFile from = { without_one, &weights, "some file", f->a };
    CHECK_FAILS(umt5_load(&from, &e), SORA_E_FORMAT, "no tensor blocks.1.ffn.fc2.weight");
    from.lookup = with_another_shape;
    CHECK_FAILS(umt5_load(&from, &e), SORA_E_FORMAT, "blocks.0.attn.o.weight is [160,64]");
    safetensors_close(&weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_original_in_f32),
        cmocka_unit_test(stays_near_the_original_in_bf16),
        cmocka_unit_test(reads_hugging_face_names_and_f16),
        cmocka_unit_test(buckets_grow_with_distance),
        cmocka_unit_test(names_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
