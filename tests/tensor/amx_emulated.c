/* tensor/amx.h in plain C, and gemm_amx.c compiled on top of it. Does what Intel's pseudocode says
 * (SDM vol. 2, TDPBF16PS): even and odd products are summed apart, subnormals are 0. Using tiles
 * that are not configured aborts: threads of a pool cannot fail a test of cmocka. */
#include "tensor/amx_emulated.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct AmxConfig {
    uint8_t palette, start_row, zero[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} AmxConfig;

static _Thread_local struct AmxThread {
    AmxConfig config; /* palette 0: none */
    uint8_t tile[8][16][64];
} amx;
bool amx_emulated_forgets;

static inline void amx_must(bool holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "emulated AMX: %s\n", what);
    abort();
}

static inline void amx_configure(const AmxConfig *c)
{
    amx_must(c->palette == 1 && c->start_row == 0, "palette and start row");
    for (int i = 0; i < 8; i++)
        amx_must(c->rows[i] <= 16 && c->row_bytes[i] <= 64 && c->row_bytes[i] % 4 == 0, "sizes");
    memset(&amx, 0, sizeof amx);
    amx.config = *c;
}

static inline void amx_release(void)
{
    memset(&amx, 0, sizeof amx);
}

static inline void amx_load(int t, const void *from, size_t stride)
{
    amx_must(amx.config.palette == 1, "a tile is loaded that is not configured");
    memset(amx.tile[t], 0, sizeof amx.tile[t]);
    for (size_t i = 0; i < amx.config.rows[t]; i++)
        memcpy(amx.tile[t][i], (const char *)from + i * stride, amx.config.row_bytes[t]);
}

static inline void amx_store(int t, void *to, size_t stride)
{
    amx_must(amx.config.palette == 1, "a tile is stored that is not configured");
    if (amx_emulated_forgets) memset(amx.tile[t], 0, sizeof amx.tile[t]);
    for (size_t i = 0; i < amx.config.rows[t]; i++)
        memcpy((char *)to + i * stride, amx.tile[t][i], amx.config.row_bytes[t]);
}

static inline float amx_flushed(float x)
{
    return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x;
}

static inline float amx_half(const uint8_t *at)
{
    uint32_t bits = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 24;
    float x;
    memcpy(&x, &bits, sizeof x);
    return amx_flushed(x);
}

static inline void amx_multiply(int sums, int a, int b)
{
    const AmxConfig *c = &amx.config;
    amx_must(c->palette == 1, "tiles are multiplied that are not configured");
    amx_must(c->rows[sums] == c->rows[a] && c->row_bytes[sums] == c->row_bytes[b] &&
                 c->row_bytes[a] == 4 * c->rows[b],
             "tiles are multiplied that do not fit");
    for (size_t i = 0; i < c->rows[a]; i++)
        for (size_t j = 0; j < c->row_bytes[b]; j += 4) {
            float even = 0, odd = 0, sum;
            for (size_t u = 0; u < c->rows[b]; u++) {
                const uint8_t *x = amx.tile[a][i] + 4 * u, *y = amx.tile[b][u] + j;
                even = amx_flushed(fmaf(amx_half(x), amx_half(y), even));
                odd = amx_flushed(fmaf(amx_half(x + 2), amx_half(y + 2), odd));
            }
            memcpy(&sum, amx.tile[sums][i] + j, sizeof sum);
            sum = amx_flushed(amx_flushed(sum) + amx_flushed(even + odd));
            memcpy(amx.tile[sums][i] + j, &sum, sizeof sum);
        }
}

#define AMX_LOAD(tile, from, stride) amx_load(tile, from, stride)
#define AMX_STORE(tile, to, stride)  amx_store(tile, to, stride)
#define AMX_ZERO(t)                                                 \
    (amx_must(amx.config.palette == 1, "a tile is not configured"), \
     (void)memset(amx.tile[t], 0, sizeof amx.tile[t]))
#define AMX_MULTIPLY(sums, a, b) amx_multiply(sums, a, b)

#define AMX_LAYER      "tensor/amx_emulated.h" /* all of it is above */
#define gemm_amx_fill  gemm_amx_emulated_fill
#define gemm_amx_works gemm_amx_emulated_works
#include "../../src/tensor/gemm_amx.c"
