#include "base/rng.h"

#include <assert.h>
#include <math.h>

static void philox(uint64_t seed, uint64_t counter, uint32_t out[4])
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = 0, c3 = 0;
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c0 = n0;
        c1 = (uint32_t)p1;
        c2 = n2;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint64_t rng_u64(uint64_t seed, uint64_t i)
{
    uint32_t r[4];
    philox(seed, i, r);
    return (uint64_t)r[1] << 32 | r[0];
}

double rng_uniform(uint64_t seed, uint64_t i)
{
    return (double)(rng_u64(seed, i) >> 11) * 0x1p-53;
}

/* Two normals from one Philox block; both are needed often, so the block is the unit. */
static void normal_pair(uint64_t seed, uint64_t block, double out[2])
{
    uint32_t r[4];
    philox(seed, block, r);
    double u = ((double)(((uint64_t)r[1] << 32 | r[0]) >> 11) + 0.5) * 0x1p-53; /* never 0 */
    double v = (double)(((uint64_t)r[3] << 32 | r[2]) >> 11) * 0x1p-53;
    double radius = sqrt(-2.0 * log(u)), angle = 6.283185307179586 * v;
    out[0] = radius * cos(angle);
    out[1] = radius * sin(angle);
}

double rng_normal(uint64_t seed, uint64_t i)
{
    double pair[2];
    normal_pair(seed, i >> 1, pair);
    return pair[i & 1];
}

size_t rng_below(uint64_t seed, uint64_t i, size_t n)
{
    assert(n > 0);
    return (size_t)(((unsigned __int128)rng_u64(seed, i) * n) >> 64);
}

uint64_t rng_split(uint64_t seed, uint64_t purpose)
{
    uint32_t r[4];
    philox(seed ^ 0x5851F42D4C957F2DULL, purpose, r);
    return (uint64_t)r[3] << 32 | r[2];
}

void rng_fill_normal(float *x, size_t first, size_t count, uint64_t seed)
{
    double pair[2];
    for (size_t j = 0; j < count; j++) {
        size_t i = first + j;
        if (j == 0 || !(i & 1)) normal_pair(seed, i >> 1, pair);
        x[j] = (float)pair[i & 1];
    }
}
