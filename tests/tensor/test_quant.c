#include "check.h"

#include "base/rng.h"
#include "tensor/compute.h"
#include "tensor/gemm.h"
#include "tensor/quant.h"
#include "tensor/safetensors.h"

/* What is lost by coding 1,024 normal numbers, as root of mean square: a little above what each
 * type gives at best, far below the next coarser one. */
static const struct {
    Type type;
    double loss;
} losses[] = {
    { TYPE_Q8_0, 0.006 }, { TYPE_Q6_K, 0.02 },  { TYPE_Q5_K, 0.04 },    { TYPE_Q5_1, 0.042 },
    { TYPE_Q5_0, 0.046 }, { TYPE_Q4_K, 0.079 }, { TYPE_Q4_1, 0.085 },   { TYPE_Q4_0, 0.092 },
    { TYPE_Q3_K, 0.168 }, { TYPE_Q2_K, 0.32 },  { TYPE_F8_E4M3, 0.03 }, { TYPE_F8_E5M2, 0.06 },
    { TYPE_BF16, 0.002 }, { TYPE_F16, 0.0003 }, { TYPE_IQ4_NL, 0.085 },
};
enum { LOSSES = sizeof losses / sizeof losses[0], N = 1024 };

static void coding_loses_little(void **state)
{
    (void)state;
    float x[N], y[N];
    unsigned char blocks[N * 4];
    for (uint64_t seed = 1; seed <= 3; seed++) {
        rng_fill_normal(x, 0, N, seed);
        for (int i = 0; i < LOSSES; i++) {
            quant_encode(blocks, losses[i].type, x, N);
            quant_decode(y, blocks, losses[i].type, N);
            double sum = 0;
            for (int k = 0; k < N; k++) sum += ((double)y[k] - x[k]) * ((double)y[k] - x[k]);
            double loss = sqrt(sum / N);
            if (!(loss < losses[i].loss && loss > losses[i].loss / 5))
                fail_msg("%s loses %.4f, expected about %.4f", type_name(losses[i].type), loss,
                         losses[i].loss);
        }
    }
}

/* Zeros, one value, subnormals and large values survive every coder; decoded values stay within
 * the range of what went in (and a step). */
static void codes_odd_blocks(void **state)
{
    (void)state;
    enum { K = 256 };
    float x[6][K] = { { 0 } }, y[K];
    unsigned char blocks[K * 4];
    for (int i = 0; i < K; i++) {
        x[1][i] = 3;
        x[2][i] = -5;
        x[3][i] = i == 77 ? 1000.0f : 0;
        x[4][i] = 1e-9f * (float)i;
        x[5][i] = (float)(i - 128) * 100;
    }
    for (int i = 0; i < LOSSES; i++)
        for (int k = 0; k < 6; k++) {
            float most = 0;
            for (int j = 0; j < K; j++) most = fmaxf(most, fabsf(x[k][j]));
            quant_encode(blocks, losses[i].type, x[k], K);
            quant_decode(y, blocks, losses[i].type, K);
            for (int j = 0; j < K; j++)
                if (!(fabsf(y[j]) <= 1.35f * most + 1e-6f))
                    fail_msg("%s, block %d: %g of at most %g", type_name(losses[i].type), k,
                             (double)y[j], (double)most);
        }
}

/* Every code of an 8-bit float is its own nearest; between two neighbours the even one wins. */
static void rounds_small_floats(void **state)
{
    (void)state;
    static const Type types[] = { TYPE_F8_E4M3, TYPE_F8_E5M2 };
    for (int t = 0; t < 2; t++) {
        unsigned char code, largest = t ? 0x7B : 0x7E;
        float now, next;
        for (unsigned char c = 0; c < largest; c++) {
            unsigned char up = (unsigned char)(c + 1);
            quant_decode(&now, &c, types[t], 1);
            quant_decode(&next, &up, types[t], 1);
            assert_true(next > now);
            quant_encode(&code, types[t], &now, 1);
            assert_int_equal(code, c);
            float middle = (now + next) / 2, above = nextafterf(middle, INFINITY);
            quant_encode(&code, types[t], &middle, 1);
            assert_int_equal(code, c % 2 ? c + 1 : c);
            quant_encode(&code, types[t], &above, 1);
            assert_int_equal(code, c + 1);
            above = -above;
            quant_encode(&code, types[t], &above, 1);
            assert_int_equal(code, 0x80 | (c + 1));
        }
        quant_encode(&code, types[t], &(float){ 1e9f }, 1);
        assert_int_equal(code, largest);
    }
}

/* Every level decodes any bytes to the same floats (NaN to some NaN). */
static void levels_decode_alike(void **state)
{
    (void)state;
    unsigned char bytes[4 * 256 * 8];
    float want[4 * 256], got[4 * 256];
    Compute *c;
    CHECK_OK(compute_new(NULL, NULL, &c));
    for (uint64_t seed = 0; seed < 20; seed++)
        for (int t = 0; t < TYPE_COUNT; t++) {
            for (size_t i = 0; i < sizeof bytes; i++)
                bytes[i] = (unsigned char)rng_u64(seed * TYPE_COUNT + (uint64_t)t, i);
            for (size_t n = 256; n <= 1024; n += 256) {
                quant_decode(want, bytes, (Type)t, n);
                c->kernels.gemm.decode(got, bytes, (Type)t, n);
                for (size_t i = 0; i < n; i++)
                    if (!(got[i] == want[i] || (isnan(got[i]) && isnan(want[i]))))
                        fail_msg("%s[%zu] is %.9g, ref says %.9g", type_name((Type)t), i,
                                 (double)got[i], (double)want[i]);
            }
        }
    compute_free(c);
}

static void names_types(void **state)
{
    (void)state;
    Type t;
    assert_true(quant_type_named("Q4_K", &t) && t == TYPE_Q4_K);
    assert_true(quant_type_named("fp8", &t) && t == TYPE_F8_E4M3);
    assert_true(quant_type_named("BF16", &t) && t == TYPE_BF16);
    assert_false(quant_type_named("q9_9", &t));
    assert_false(quant_type_named("q4_kq4_kq4_kq4_kq4_kq4_kq4_kq4_kq4_k", &t));
}

/* A product with a stored weight is exactly the product with the decoded one. */
static void multiplies(void **state)
{
    (void)state;
    static const size_t ks[] = { 32, 256, 768, 1280 }, ms[] = { 1, 7, 250 };
    Pool *pool;
    Compute *c;
    Arena *a = arena_new("test", 0);
    CHECK_OK(pool_new(2, &pool));
    CHECK_OK(compute_new(pool, NULL, &c));
    for (int t = 0; t < TYPE_COUNT; t++)
        for (size_t i = 0; i < 4 * 3 * 2; i++) {
            size_t k = ks[i % 4], m = ms[i / 4 % 3], n = 45;
            if (!quant_encodes((Type)t) || k % type_block((Type)t)) continue;
            ArenaMark mark = arena_mark(a);
            Tensor *w = tensor_new_2d(a, (Type)t, n, k), *f = tensor_new_2d(a, TYPE_F32, n, k);
            float *x = arena_alloc(a, m * k * 4), *want = arena_zero(a, m * n * 4);
            float *got = arena_zero(a, m * n * 4), *scale = arena_alloc(a, n * 4);
            rng_fill_normal(x, 0, m * k, 5 + i);
            rng_fill_normal(f->data, 0, n * k, 6 + i);
            rng_fill_normal(scale, 0, n, 7 + i);
            quant_encode(w->data, (Type)t, f->data, n * k);
            w->scale = i % 2 ? scale : NULL;
            quant_read_rows(w, 0, n, f->data);
            GemmCall g = { .m = m, .n = n, .k = k, .a = { x, TYPE_F32, k, false } };
            g.c_stride = n;
            g.precision = i / 12 ? GEMM_F32 : GEMM_BF16;
            g.b = gemm_weight(f);
            g.c = want;
            gemm(c, &g);
            g.b = gemm_weight(w);
            g.c = got;
            gemm(c, &g);
            if (memcmp(got, want, m * n * 4) != 0)
                fail_msg("%s: %zu x %zu x %zu differs", type_name((Type)t), m, n, k);
            arena_rewind(a, mark);
        }
    arena_free(a);
    compute_free(c);
    pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coding_loses_little), cmocka_unit_test(codes_odd_blocks),
        cmocka_unit_test(rounds_small_floats), cmocka_unit_test(levels_decode_alike),
        cmocka_unit_test(names_types),         cmocka_unit_test(multiplies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
