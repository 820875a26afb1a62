#include "check.h"

#include "diffusion/noise.h"
#include "tensor/safetensors.h"

/* torch 2.13.0's own numbers; the tensors are called seed<seed>.<shape>. */
static void draws_what_torch_draws(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Safetensors file;
    CHECK_OK(safetensors_open(test_data("noise/torch-cpu.safetensors"), a, &file));
    assert_true(file.count >= 8);
    for (size_t t = 0; t < file.count; t++) {
        const Tensor *want = &file.entry[t].tensor;
        const float *w = want->data;
        size_t n = tensor_count(want);
        float *got = arena_alloc(a, n * sizeof *got);
        NoiseTorch g;
        noise_torch_start(&g, strtoull(file.entry[t].name + strlen("seed"), NULL, 10));
        noise_torch_draw(&g, got, n);
        for (size_t i = 0; i < n; i++)
            if (!(fabs(got[i] - w[i]) <= 3e-6))
                fail_msg("%s[%zu] is %.9g, expected %.9g", file.entry[t].name, i, got[i], w[i]);
    }
    safetensors_close(&file);
    arena_free(a);
}

/* What is left of a pair is the first of the next draw. */
static void goes_on_where_it_stopped(void **state)
{
    (void)state;
    NoiseTorch one, two;
    float whole[5], parts[5];
    noise_torch_start(&one, 9);
    noise_torch_draw(&one, whole, 5);
    noise_torch_start(&two, 9);
    noise_torch_draw(&two, parts, 3);
    noise_torch_draw(&two, parts + 3, 2);
    assert_memory_equal(whole, parts, sizeof whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_what_torch_draws),
        cmocka_unit_test(goes_on_where_it_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
