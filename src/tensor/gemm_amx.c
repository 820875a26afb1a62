/* Matrix products of bf16 pairs on AMX: 32 x 32 sums in four tiles, two tiles each of A and B
 * beside them, so that every tile that is loaded is multiplied twice. */
#include "tensor/gemm_amx.h"

#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "tensor/convert.h"

#ifndef AMX_LAYER /* tests put plain C in the place of the instructions */
#define AMX_LAYER "tensor/amx.h"
#endif
#include AMX_LAYER

#define INLINED static inline __attribute__((always_inline))

/* A tile: 16 rows of 16 units. */
enum { SIDE = 16, ROWS = 2 * SIDE, COLUMNS = 2 * SIDE, UNIT_BYTES = 4, ROW_BYTES = SIDE * 4 };

/* Panels of 128 units of B take 16 of the 48 KiB of first-level cache, and leave room for the rows
 * of A that pass by: with 256 units the two drive each other out (64% of peak, not 75%). */
enum { UNITS_BEST = 128 };

/* Of 2 MiB of second-level cache. */
enum { B_STAYS = 3 << 19 };

/* Rows of A that are fewer than a tile has are copied, so many units at a time: tiles of another
 * size would have to be configured, and these again after them. */
enum { UNITS_COPIED = 128 };

static void begin(void)
{
    AmxConfig c = { .palette = 1 };
    for (int i = 0; i < 8; i++) {
        c.row_bytes[i] = ROW_BYTES;
        c.rows[i] = SIDE;
    }
    amx_configure(&c);
}

static void end(void)
{
    amx_release();
}

INLINED void load_sums(const float *sums, bool add, const bool lower)
{
    const size_t stride = COLUMNS * sizeof *sums;
    if (!add) {
        AMX_ZERO(0);
        AMX_ZERO(1);
        if (lower) AMX_ZERO(2);
        if (lower) AMX_ZERO(3);
        return;
    }
    AMX_LOAD(0, sums, stride);
    AMX_LOAD(1, sums + SIDE, stride);
    if (lower) AMX_LOAD(2, sums + SIDE * COLUMNS, stride);
    if (lower) AMX_LOAD(3, sums + SIDE * COLUMNS + SIDE, stride);
}

INLINED void store_sums(float *sums, const bool lower)
{
    const size_t stride = COLUMNS * sizeof *sums;
    AMX_STORE(0, sums, stride);
    AMX_STORE(1, sums + SIDE, stride);
    if (lower) AMX_STORE(2, sums + SIDE * COLUMNS, stride);
    if (lower) AMX_STORE(3, sums + SIDE * COLUMNS + SIDE, stride);
}

/* All 32 rows of sums, or without `lower` the first 16. */
INLINED void multiply(float *sums, bool add, const uint32_t *a, size_t a_stride, const uint32_t *b,
                      size_t units, const bool lower)
{
    load_sums(sums, add, lower);
    for (size_t u = 0; u < units; u += SIDE, a += SIDE, b += SIDE * COLUMNS) {
        AMX_LOAD(4, a, a_stride * UNIT_BYTES);
        AMX_LOAD(6, b, COLUMNS * UNIT_BYTES);
        AMX_MULTIPLY(0, 4, 6);
        AMX_LOAD(7, b + SIDE, COLUMNS * UNIT_BYTES);
        AMX_MULTIPLY(1, 4, 7);
        if (!lower) continue;
        AMX_LOAD(5, a + SIDE * a_stride, a_stride * UNIT_BYTES);
        AMX_MULTIPLY(2, 5, 6);
        AMX_MULTIPLY(3, 5, 7);
    }
    store_sums(sums, lower);
}

/* Fewer rows than the tiles have: behind the last one there may be no memory. */
static void multiply_few(float *sums, bool add, const uint32_t *a, size_t a_stride,
                         const uint32_t *b, size_t units, size_t rows)
{
    _Alignas(64) uint32_t copy[ROWS * UNITS_COPIED];
    size_t whole = size_round_up(rows, SIDE);
    memset(copy + rows * UNITS_COPIED, 0, (whole - rows) * UNITS_COPIED * sizeof *copy);
    for (size_t u = 0; u < units || u == 0; u += UNITS_COPIED, b += UNITS_COPIED * COLUMNS) {
        size_t n = size_min(UNITS_COPIED, units - u);
        for (size_t i = 0; i < rows; i++)
            memcpy(copy + i * UNITS_COPIED, a + i * a_stride + u, n * sizeof *copy);
        if (whole > SIDE)
            multiply(sums, add || u, copy, UNITS_COPIED, b, n, true);
        else
            multiply(sums, add || u, copy, UNITS_COPIED, b, n, false);
    }
}

static void tile(float *sums, bool add, const uint32_t *a, size_t a_stride, const uint32_t *b,
                 size_t units, size_t rows_used)
{
    if (rows_used == ROWS)
        multiply(sums, add, a, a_stride, b, units, true);
    else if (rows_used == SIDE)
        multiply(sums, add, a, a_stride, b, units, false);
    else
        multiply_few(sums, add, a, a_stride, b, units, rows_used);
}

void gemm_amx_fill(GemmKernels *k)
{
    k->bf16 = (GemmTile){ .rows = ROWS,
                          .columns = COLUMNS,
                          .pair = 2,
                          .unit_step = SIDE,
                          .units_best = UNITS_BEST,
                          .run = tile,
                          .begin = begin,
                          .end = end,
                          .row_step = SIDE,
                          .b_stays = B_STAYS };
}

/* ---- can the tiles be trusted? ----------------------------------------------------------- */

static uint32_t pair_of(int even, int odd)
{
    return bf16_from_f32((float)even) | (uint32_t)bf16_from_f32((float)odd) << 16;
}

/* Small whole numbers, whose sums are exact. */
static bool multiplies(void)
{
    enum { UNITS = 2 * SIDE };
    _Alignas(64) uint32_t a[ROWS * UNITS], b[UNITS * COLUMNS];
    _Alignas(64) float sums[ROWS * COLUMNS];
    for (int i = 0; i < ROWS * UNITS; i++) a[i] = pair_of(i % 7 - 3, i % 5 - 2);
    for (int i = 0; i < UNITS * COLUMNS; i++) b[i] = pair_of(i % 11 - 5, i % 3 - 1);
    begin();
    tile(sums, false, a, UNITS, b, UNITS, ROWS);
    end();
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) {
            int want = 0;
            for (int u = 0; u < UNITS; u++) {
                int l = i * UNITS + u, r = u * COLUMNS + j;
                want += (l % 7 - 3) * (r % 11 - 5) + (l % 5 - 2) * (r % 3 - 1);
            }
            if (sums[i * COLUMNS + j] != (float)want) return false;
        }
    return true;
}

/* Does a tile keep what it holds while other threads run? */
static bool keeps(double seconds)
{
    enum { CHECK_EVERY = 20000 };
    _Alignas(64) uint32_t put[SIDE * SIDE], got[SIDE * SIDE];
    for (uint32_t i = 0; i < SIDE * SIDE; i++) put[i] = 0x01000193u * (i + 1);
    double stop = clock_now_s() + seconds;
    bool kept = true;
    begin();
    AMX_LOAD(0, put, ROW_BYTES);
    do {
        for (volatile int i = 0; i < CHECK_EVERY; i++) continue;
        AMX_STORE(0, got, ROW_BYTES);
        kept = memcmp(put, got, sizeof put) == 0;
    } while (kept && clock_now_s() < stop);
    end();
    return kept;
}

bool gemm_amx_works(double seconds)
{
    return multiplies() && keeps(seconds);
}
