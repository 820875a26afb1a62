#include "check.h"

#include "tensor/compute.h"

static void test_every_level_up_to_the_best(void **state)
{
    (void)state;
    for (CpuLevel l = CPU_REF; l < CPU_LEVELS; l++) {
        Compute *c = NULL;
        if (l <= cpu_level_best()) {
            CHECK_OK(compute_new(NULL, cpu_level_name(l), &c));
            assert_int_equal(c->level, l);
            compute_free(c);
        } else {
            CHECK_FAILS(compute_new(NULL, cpu_level_name(l), &c), SORA_E_UNSUPPORTED,
                        cpu_level_name(l));
        }
    }
}

static void test_unknown_level(void **state)
{
    (void)state;
    Compute *c = NULL;
    CHECK_FAILS(compute_new(NULL, "sse9", &c), SORA_E_UNSUPPORTED, "'sse9'");
    setenv("SORA_CPU", "fast", 1);
    CHECK_FAILS(compute_new(NULL, NULL, &c), SORA_E_UNSUPPORTED, "SORA_CPU");
    setenv("SORA_CPU", "ref", 1);
    CHECK_OK(compute_new(NULL, NULL, &c));
    assert_int_equal(c->level, CPU_REF);
    compute_free(c);
    unsetenv("SORA_CPU");
    CHECK_OK(compute_new(NULL, NULL, &c));
    assert_int_equal(c->level, cpu_level_usual());
    compute_free(c);
}

static void test_scratch_is_apart(void **state)
{
    (void)state;
    Pool *pool = NULL;
    Compute *c = NULL;
    CHECK_OK(pool_new(3, &pool));
    CHECK_OK(compute_new(pool, NULL, &c));
    for (int w = 0; w < 3; w++) memset(compute_scratch(c, w), w + 1, c->scratch_size);
    for (int w = 0; w < 3; w++) {
        const char *s = compute_scratch(c, w);
        assert_int_equal((uintptr_t)s % ARENA_ALIGN, 0);
        assert_int_equal(s[0], w + 1);
        assert_int_equal(s[c->scratch_size - 1], w + 1);
    }
    compute_free(c);
    pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_level_up_to_the_best),
        cmocka_unit_test(test_unknown_level),
        cmocka_unit_test(test_scratch_is_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
