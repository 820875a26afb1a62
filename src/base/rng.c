#include "base/rng.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define INLINED static inline __attribute__((always_inline))

static const uint64_t LOW = 0xFFFFFFFF;

/* Words of 32 bits stand in 64, and nothing branches: so a loop over blocks becomes vectors. */
INLINED void philox(uint64_t seed, uint64_t counter, uint64_t out[4])
{
    uint64_t k0 = seed & LOW, k1 = seed >> 32;
    uint64_t c0 = counter & LOW, c1 = counter >> 32, c2 = 0, c3 = 0;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = 0xD2511F53u * c0, p1 = 0xCD9E8D57u * c2;
        c0 = p1 >> 32 ^ c1 ^ k0;
        c1 = p1 & LOW;
        c2 = p0 >> 32 ^ c3 ^ k1;
        c3 = p0 & LOW;
        k0 = (k0 + 0x9E3779B9u) & LOW;
        k1 = (k1 + 0xBB67AE85u) & LOW;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint64_t rng_u64(uint64_t seed, uint64_t i)
{
    uint64_t r[4];
    philox(seed, i, r);
    return r[1] << 32 | r[0];
}

double rng_uniform(uint64_t seed, uint64_t i)
{
    return (double)(rng_u64(seed, i) >> 11) * 0x1p-53;
}

size_t rng_below(uint64_t seed, uint64_t i, size_t n)
{
    assert(n > 0);
    return (size_t)(((unsigned __int128)rng_u64(seed, i) * n) >> 64);
}

uint64_t rng_split(uint64_t seed, uint64_t purpose)
{
    uint64_t r[4];
    philox(seed ^ 0x5851F42D4C957F2DULL, purpose, r);
    return r[3] << 32 | r[2];
}

/* ---- normal numbers ---------------------------------------------------------------------
 * Logarithm, sine and cosine are fdlibm's polynomials (e_log.c, k_sin.c, k_cos.c), within 1 ulp,
 * made of operations that IEEE 754 rounds correctly: one lane and many give the same bytes. */

INLINED uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INLINED double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* A whole number below 2^52: as the fraction of a number in [2^52, 2^53). */
INLINED double double_whole(uint64_t x)
{
    return double_of(x | 0x4330000000000000) - 0x1p52;
}

/* The upper 53 of 64 bits as a whole number. */
INLINED double double_53(uint64_t low, uint64_t high)
{
    return double_whole(high) * 0x1p21 + double_whole(low >> 11);
}

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)); x is normal and positive. */
INLINED double log_normal(double x)
{
    const uint64_t root_half = 0x3FE6A09E667F3BCD, one = 0x3FF0000000000000;
    uint64_t up = bits_of(x) + (one - root_half);
    double k = double_whole(up >> 52) - 1023;
    double f = double_of((up & 0x000FFFFFFFFFFFFF) + root_half) - 1;
    double s = f / (2 + f), z = s * s, w = z * z, half = 0.5 * f * f;
    double even = 1.531383769920937332e-01 * w + 2.222219843214978396e-01;
    double odd = 1.479819860511658591e-01 * w + 1.818357216161805012e-01;
    even = w * (even * w + 3.999999999940941908e-01);
    odd = z * ((odd * w + 2.857142874366239149e-01) * w + 6.666666666666735130e-01);
    double low = s * (half + (even + odd)) + k * 1.90821492927058770002e-10;
    return k * 6.93147180369123816490e-01 - ((half - low) - f);
}

/* Both for |x| <= pi / 4. */
INLINED double sin_small(double x)
{
    double z = x * x, p = 1.58969099521155010221e-10 * z - 2.50507602534068634195e-08;
    p = (p * z + 2.75573137070700676789e-06) * z - 1.98412698298579493134e-04;
    p = (p * z + 8.33333333332248946124e-03) * z - 1.66666666666666324348e-01;
    return x + x * z * p;
}

INLINED double cos_small(double x)
{
    double z = x * x, p = -1.13596475577881948265e-11 * z + 2.08757232129817482790e-09;
    p = (p * z - 2.75573143513906633035e-07) * z + 2.48015872894767294178e-05;
    p = (p * z - 1.38888888888741095749e-03) * z + 4.16666666666666019037e-02;
    return 1 - (0.5 * z - z * z * p);
}

/* Two normals from one Philox block; both are needed often, so the block is the unit. */
INLINED void normal_pair(uint64_t seed, uint64_t block, double *first, double *second)
{
    uint64_t r[4];
    philox(seed, block, r);
    double u = (double_53(r[0], r[1]) + 0.5) * 0x1p-53; /* never 0 */
    double turns = double_53(r[2], r[3]) * 0x1p-53;
    double radius = sqrt(-2.0 * log_normal(u));
    double nearest = 4 * turns + 0x1.8p52; /* quarter of a turn */
    double angle = (turns - (nearest - 0x1.8p52) * 0.25) * 6.283185307179586;
    uint64_t quarter = bits_of(nearest), odd = 0 - (quarter & 1);
    uint64_t c = bits_of(cos_small(angle)), s = bits_of(sin_small(angle)), swap = (c ^ s) & odd;
    *first = radius * double_of(c ^ swap ^ ((quarter ^ quarter >> 1) & 1) << 63);
    *second = radius * double_of(s ^ swap ^ (quarter >> 1 & 1) << 63);
}

double rng_normal(uint64_t seed, uint64_t i)
{
    double pair[2];
    normal_pair(seed, i >> 1, &pair[0], &pair[1]);
    return pair[i & 1];
}

enum { LANES = 16, GROUP = 2 * LANES };

INLINED void fill_groups(float *x, uint64_t block, size_t groups, uint64_t seed)
{
    for (; groups > 0; groups--, block += LANES, x += GROUP) {
        double first[LANES], second[LANES];
        for (uint64_t l = 0; l < LANES; l++) normal_pair(seed, block + l, &first[l], &second[l]);
        for (int l = 0; l < LANES; l++) {
            x[2 * l] = (float)first[l];
            x[2 * l + 1] = (float)second[l];
        }
    }
}

typedef void (*FillFn)(float *x, uint64_t block, size_t groups, uint64_t seed);

static void fill_plain(float *x, uint64_t block, size_t groups, uint64_t seed)
{
    fill_groups(x, block, groups, seed);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void fill_avx2(float *x, uint64_t block, size_t groups,
                                                      uint64_t seed)
{
    fill_groups(x, block, groups, seed);
}

__attribute__((target("avx512f,avx512dq,avx512vl,prefer-vector-width=512"))) static void
fill_avx512(float *x, uint64_t block, size_t groups, uint64_t seed)
{
    fill_groups(x, block, groups, seed);
}

static FillFn fill_best(void)
{
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl");
    if (wide) return fill_avx512;
    return __builtin_cpu_supports("avx2") ? fill_avx2 : fill_plain;
}
#else
static FillFn fill_best(void)
{
    return fill_plain;
}
#endif

void rng_fill_normal(float *x, size_t first, size_t count, uint64_t seed)
{
    FillFn fill = fill_best();
    if (first % 2 && count) {
        *x++ = (float)rng_normal(seed, first++);
        count--;
    }
    fill(x, first / 2, count / GROUP, seed);
    size_t done = count / GROUP * GROUP;
    if (done == count) return;
    float rest[GROUP];
    fill(rest, (first + done) / 2, 1, seed);
    memcpy(x + done, rest, (count - done) * sizeof *x);
}
