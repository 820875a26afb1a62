#include "check.h"

#include <dirent.h>
#include <unistd.h>

#include "base/rng.h"
#include "model/repack.h"
#include "model/weights_kinds.h"
#include "tensor/quant.h"
#include "tensor/safetensors.h"

enum { ROWS = 70, WIDTH = 256 };

typedef struct Fixture {
    Arena *a;
    Pool *pool;
    Compute *c;
    char folder[64];
} Fixture;

static const char *path_of(Fixture *f, const char *name)
{
    return arena_printf(f->a, "%s/%s", f->folder, name);
}

static Tensor *drawn(Fixture *f, int rank, const size_t *shape, uint64_t seed)
{
    Tensor *x = tensor_new(f->a, TYPE_F32, rank, shape);
    rng_fill_normal(x->data, 0, tensor_count(x), seed);
    return x;
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    f->a = arena_new("test", 0);
    snprintf(f->folder, sizeof f->folder, "/tmp/sora-repack-XXXXXX");
    if (!mkdtemp(f->folder)) return -1;
    CHECK_OK(pool_new(2, &f->pool));
    CHECK_OK(compute_new(f->pool, NULL, &f->c));
    SafetensorsEntry e[] = {
        { "blocks.0.ffn.0.weight", *drawn(f, 2, (size_t[]){ ROWS, WIDTH }, 1) },
        { "blocks.0.ffn.2.weight", *drawn(f, 2, (size_t[]){ ROWS, 96 }, 2) },
        { "blocks.0.ffn.0.bias", *drawn(f, 1, (size_t[]){ ROWS }, 3) },
        { "blocks.0.modulation", *drawn(f, 3, (size_t[]){ 1, 6, 32 }, 4) },
        { "patch_embedding.weight", *drawn(f, 5, (size_t[]){ 8, 4, 1, 2, 2 }, 5) },
        { "odd.weight", *drawn(f, 2, (size_t[]){ 3, 5 }, 6) },
    };
    CHECK_OK(safetensors_write(path_of(f, "in.safetensors"), e, 6, NULL, 0));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    compute_free(f->c);
    pool_free(f->pool);
    arena_free(f->a);
    free(f);
    return system(command);
}

static SoraStatus convert(Fixture *f, const char *from, const char *to, const char *type)
{
    Weights *w;
    RepackReport report;
    RepackOptions o = { .typed = type != NULL };
    if (type) assert_true(quant_type_named(type, &o.type));
    CHECK_OK(weights_open(path_of(f, from), f->a, &w));
    SoraStatus s = repack(w, path_of(f, to), &o, f->c, &report);
    weights_close(w);
    return s;
}

/* Root of mean square difference of one tensor in two files, over that of the first. */
static double distance(Fixture *f, const char *one, const char *two, const char *name)
{
    Weights *a, *b;
    CHECK_OK(weights_open(path_of(f, one), f->a, &a));
    CHECK_OK(weights_open(path_of(f, two), f->a, &b));
    const Tensor *x = weights_find(a, name), *y = weights_find(b, name);
    assert_non_null(x);
    assert_non_null(y);
    assert_int_equal(x->rank, y->rank);
    assert_memory_equal(x->shape, y->shape, sizeof x->shape);
    size_t n = tensor_count(x);
    float *p = arena_alloc(f->a, n * 4), *q = arena_alloc(f->a, n * 4);
    quant_read_rows(x, 0, x->shape[0], p);
    quant_read_rows(y, 0, y->shape[0], q);
    double off = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        off += ((double)p[i] - q[i]) * ((double)p[i] - q[i]);
        all += (double)p[i] * p[i];
    }
    weights_close(a);
    weights_close(b);
    return sqrt(off / all);
}

static Type type_of(Fixture *f, const char *file, const char *name)
{
    Weights *w;
    CHECK_OK(weights_open(path_of(f, file), f->a, &w));
    Type t = weights_find(w, name)->type;
    weights_close(w);
    return t;
}

static void makes_every_type(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *type, *file;
        double loss;
        Type matrix, odd_width; /* rows of 256 and of 96 */
    } rows[] = {
        { "q8_0", "o.gguf", 0.006, TYPE_Q8_0, TYPE_Q8_0 },
        { "q4_0", "o.gguf", 0.1, TYPE_Q4_0, TYPE_Q4_0 },
        { "q4_k", "o.gguf", 0.08, TYPE_Q4_K, TYPE_Q5_0 },
        { "q6_k", "o.gguf", 0.02, TYPE_Q6_K, TYPE_Q8_0 },
        { "q2_k", "o.gguf", 0.33, TYPE_Q2_K, TYPE_Q4_0 },
        { "bf16", "o.gguf", 0.002, TYPE_BF16, TYPE_BF16 },
        { "f16", "o.gguf", 0.0003, TYPE_F16, TYPE_F16 },
        { "fp8", "o.safetensors", 0.03, TYPE_F8_E4M3, TYPE_F8_E4M3 },
        { "int8", "o.safetensors", 0.01, TYPE_I8, TYPE_I8 },
        { "bf16", "o.safetensors", 0.002, TYPE_BF16, TYPE_BF16 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_OK(convert(f, "in.safetensors", rows[i].file, rows[i].type));
        double off = distance(f, "in.safetensors", rows[i].file, "blocks.0.ffn.0.weight");
        if (!(off < rows[i].loss && off > rows[i].loss / 10))
            fail_msg("%s: %.4f, expected about %.4f", rows[i].type, off, rows[i].loss);
        assert_int_equal(type_of(f, rows[i].file, "blocks.0.ffn.0.weight"), rows[i].matrix);
        assert_int_equal(type_of(f, rows[i].file, "blocks.0.ffn.2.weight"), rows[i].odd_width);
        static const char *const kept[] = { "blocks.0.ffn.0.bias", "blocks.0.modulation",
                                            "patch_embedding.weight" };
        for (int k = 0; k < 3; k++) {
            assert_int_equal(type_of(f, rows[i].file, kept[k]), TYPE_F32);
            CHECK_CLOSE(distance(f, "in.safetensors", rows[i].file, kept[k]), 0, 0);
        }
    }
}

static void goes_there_and_back(void **state)
{
    Fixture *f = *state;
    static const char *const names[] = { "blocks.0.ffn.0.weight", "blocks.0.ffn.0.bias",
                                         "blocks.0.modulation", "patch_embedding.weight",
                                         "odd.weight" };
    CHECK_OK(convert(f, "in.safetensors", "a.gguf", NULL));
    CHECK_OK(convert(f, "a.gguf", "b.safetensors", NULL));
    for (int i = 0; i < 5; i++)
        CHECK_CLOSE(distance(f, "in.safetensors", "b.safetensors", names[i]), 0, 0);
    CHECK_OK(convert(f, "in.safetensors", "c.gguf", "q8_0"));
    CHECK_OK(convert(f, "c.gguf", "d.gguf", NULL)); /* blocks are copied, not coded again */
    CHECK_CLOSE(distance(f, "c.gguf", "d.gguf", "blocks.0.ffn.0.weight"), 0, 0);
    CHECK_OK(convert(f, "in.safetensors", "e.safetensors", "fp8"));
    CHECK_OK(convert(f, "e.safetensors", "f.gguf", NULL)); /* scaled fp8 becomes bf16 */
    assert_int_equal(type_of(f, "f.gguf", "blocks.0.ffn.0.weight"), TYPE_BF16);
    assert_true(distance(f, "e.safetensors", "f.gguf", "blocks.0.ffn.0.weight") < 0.003);
}

static void merges_lora(void **state)
{
    Fixture *f = *state;
    SafetensorsEntry e[] = {
        { "blocks.0.ffn.0.lora_A.weight", *drawn(f, 2, (size_t[]){ 4, WIDTH }, 8) },
        { "blocks.0.ffn.0.lora_B.weight", *drawn(f, 2, (size_t[]){ ROWS, 4 }, 9) },
    };
    CHECK_OK(safetensors_write(path_of(f, "lora.safetensors"), e, 2, NULL, 0));
    Weights *w, *merged;
    Lora *lora;
    LoraReport lr;
    RepackReport report;
    LoraSpec spec = { path_of(f, "lora.safetensors"), 0.3f, false };
    CHECK_OK(weights_open(path_of(f, "in.safetensors"), f->a, &w));
    CHECK_OK(lora_open(&spec, 1, w, &lora, &lr));
    CHECK_OK(
        repack(w, path_of(f, "m.safetensors"), &(RepackOptions){ .lora = lora }, f->c, &report));
    lora_close(lora);
    assert_int_equal(report.changed, 1);
    CHECK_OK(lora_merge(&spec, 1, f->c, true, w, &lr));
    CHECK_OK(weights_open(path_of(f, "m.safetensors"), f->a, &merged));
    for (size_t i = 0; i < weights_count(w); i++)
        assert_memory_equal(weights_at(w, i)->data, weights_at(merged, i)->data,
                            tensor_count(weights_at(w, i)) * 4);
    weights_close(w);
    weights_close(merged);
}

static size_t files_in(const char *folder)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return n;
}

static int stop_half_way(void *self, size_t done, size_t total)
{
    (void)self;
    return total > 1 && done > total / 2;
}

static void leaves_nothing_half_written(void **state)
{
    Fixture *f = *state;
    Weights *w;
    RepackReport report;
    CHECK_FAILS(convert(f, "in.safetensors", "o.bin", "q8_0"), SORA_E_ARGUMENT, ".gguf");
    CHECK_FAILS(convert(f, "in.safetensors", "o.safetensors", "q8_0"), SORA_E_UNSUPPORTED, ".gguf");
    CHECK_FAILS(convert(f, "in.safetensors", "o.gguf", "fp8"), SORA_E_UNSUPPORTED, ".safetensors");
    CHECK_FAILS(convert(f, "in.safetensors", "o.gguf", "iq4_xs"), SORA_E_UNSUPPORTED, "not made");
    Tensor *bad = drawn(f, 2, (size_t[]){ ROWS, WIDTH }, 1);
    ((float *)bad->data)[5000] = NAN;
    CHECK_OK(safetensors_write(path_of(f, "nan.safetensors"),
                               &(SafetensorsEntry){ "x.weight", *bad }, 1, NULL, 0));
    CHECK_FAILS(convert(f, "nan.safetensors", "o.gguf", "q4_k"), SORA_E_NUMBER, "x.weight");
    CHECK_FAILS(convert(f, "nan.safetensors", "o.safetensors", "fp8"), SORA_E_NUMBER, "x.weight");
    CHECK_OK(weights_open(path_of(f, "in.safetensors"), f->a, &w));
    assert_int_equal(repack(w, path_of(f, "o.gguf"), &(RepackOptions){ .progress = stop_half_way },
                            f->c, &report),
                     SORA_CANCELLED);
    weights_close(w);
    assert_int_equal(files_in(f->folder), 2); /* in and nan */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(makes_every_type, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_there_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(merges_lora, setup, teardown),
        cmocka_unit_test_setup_teardown(leaves_nothing_half_written, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
