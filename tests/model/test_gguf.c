#include "check.h"

#include "model/gguf.h"
#include "model/weights.h"
#include "tensor/compute.h"
#include "tensor/quant.h"

static bool same(float a, float b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

/* Every tensor of `file`, decoded, is that of `expected`, bit for bit (NaN: some NaN). */
static void check_decoding(const char *file, const char *expected, size_t tensors)
{
    Arena *a = arena_new("test", 0);
    Weights *w, *want;
    Compute *c;
    CHECK_OK(compute_new(NULL, NULL, &c));
    CHECK_OK(weights_open(test_data(file), a, &w));
    CHECK_OK(weights_open(test_data(expected), a, &want));
    assert_int_equal(weights_count(w), tensors);
    for (size_t i = 0; i < weights_count(w); i++) {
        const char *name = weights_name(w, i);
        const Tensor *x = weights_at(w, i), *y = weights_find(want, name);
        assert_non_null(y);
        assert_int_equal(y->type, TYPE_F32);
        size_t n = tensor_count(x);
        assert_int_equal(n, tensor_count(y));
        float *ref = arena_alloc(a, n * sizeof *ref), *fast = arena_alloc(a, n * sizeof *fast);
        quant_decode(ref, x->data, x->type, n);
        c->kernels.gemm.decode(fast, x->data, x->type, n);
        for (size_t k = 0; k < n; k++) {
            float v = ((const float *)y->data)[k];
            if (!same(ref[k], v) || !same(fast[k], v))
                fail_msg("%s[%zu]: %.9g and %.9g, expected %.9g", name, k, (double)ref[k],
                         (double)fast[k], (double)v);
        }
    }
    weights_close(w);
    weights_close(want);
    compute_free(c);
    arena_free(a);
}

static void decodes_block_types_exactly(void **state)
{
    (void)state;
    check_decoding("quant/blocktypes.gguf", "quant/blocktypes-expected.safetensors", 14);
}

static void decodes_plain_types_exactly(void **state)
{
    (void)state;
    check_decoding("quant/dtypes.safetensors", "quant/dtypes-expected.safetensors", 12);
}

static void tells_values(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Slice map;
    Gguf g;
    CHECK_OK(file_map(test_data("broken/gguf/ok-all-kv-types.gguf"), &map));
    CHECK_OK(gguf_read(map, "file", a, &g));
    assert_true(g.value_count > 12);
    size_t kinds[GGUF_KINDS] = { 0 };
    for (size_t i = 0; i < g.value_count; i++) {
        const char *text = gguf_value_text(&g.value[i], a);
        kinds[g.value[i].kind]++;
        if (g.value[i].kind != GGUF_ARRAY) assert_non_null(text);
        assert_ptr_equal(gguf_find(&g, g.value[i].key), &g.value[i]);
    }
    for (int k = 0; k < GGUF_KINDS; k++) assert_true(kinds[k] > 0);
    assert_null(gguf_find(&g, "no such key"));
    file_unmap(map);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_block_types_exactly),
        cmocka_unit_test(decodes_plain_types_exactly),
        cmocka_unit_test(tells_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
