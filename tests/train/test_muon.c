/* Muon's update: what Newton-Schulz makes of a matrix, and on which threads. */
#include "check.h"

#include "base/rng.h"
#include "tensor/convert.h"
#include "train/muon.h"

enum { SMALL = 72, LARGE = 200 };

/* |x v|^2 of a matrix [m,n] along its smaller side, for a random unit vector v. */
static double stretch(const uint16_t *x, size_t m, size_t n, uint64_t seed)
{
    size_t side = m < n ? m : n, other = m < n ? n : m;
    float v[SMALL];
    double length = 0, sum = 0;
    rng_fill_normal(v, 0, side, seed);
    for (size_t i = 0; i < side; i++) length += (double)(v[i] * v[i]);
    for (size_t j = 0; j < other; j++) {
        double along = 0;
        for (size_t i = 0; i < side; i++)
            along += (double)(v[i] * bf16_to_f32(m < n ? x[i * n + j] : x[j * n + i]));
        sum += along * along;
    }
    return sum / length;
}

static void check_shape(const Compute *c, size_t m, size_t n)
{
    Arena *a = arena_new("muon", 0);
    float *x = arena_alloc(a, m * n * sizeof *x);
    double norm = 0, along = 0;
    rng_fill_normal(x, 0, m * n, 3);
    for (size_t i = 0; i < m * n; i++) norm += (double)(x[i] * x[i]);
    norm = sqrt(norm);
    const uint16_t *y = muon_orthogonal(c, x, norm, m, n, arena_alloc(a, muon_scratch(m, n)));
    for (uint64_t seed = 0; seed < 20; seed++) { /* singular values between 0.68 and 1.21 */
        double s = stretch(y, m, n, seed);
        if (!(s > 0.45 && s < 1.5)) fail_msg("[%zu,%zu] stretches by %g", m, n, s);
    }
    for (size_t i = 0; i < m * n; i++) along += (double)(x[i] * bf16_to_f32(y[i]));
    /* of the sum of its singular values, which is at most norm * sqrt(side) */
    assert_true(along > 0.6 * norm * sqrt((double)(m < n ? m : n)));
    Compute alone = compute_alone(c, pool_threads(c->pool) - 1);
    const uint16_t *z = muon_orthogonal(&alone, x, norm, m, n, arena_alloc(a, muon_scratch(m, n)));
    assert_memory_equal(y, z, m * n * sizeof *y);
    arena_free(a);
}

static void singular_values_come_near_1_on_any_thread(void **state)
{
    (void)state;
    Pool *pool;
    CHECK_OK(pool_new(2, &pool));
    for (CpuLevel l = CPU_REF; l <= cpu_level_best(); l++) {
        Compute *c;
        CHECK_OK(compute_new(pool, cpu_level_name(l), &c));
        check_shape(c, SMALL, LARGE);
        check_shape(c, LARGE, SMALL);
        check_shape(c, SMALL, SMALL);
        compute_free(c);
    }
    pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(singular_values_come_near_1_on_any_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
