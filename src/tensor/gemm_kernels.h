/* The part of the kernel table that matrix products use. Packed operands are made of units of 32
 * bits: one f32, or two bf16 that follow each other along k (the even one in the lower half). */
#ifndef TENSOR_GEMM_KERNELS_H
#define TENSOR_GEMM_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/cpu.h"
#include "tensor/tensor.h"

struct GemmCall;

enum { GEMM_TILE_ROWS_MAX = 32, GEMM_TILE_COLUMNS_MAX = 32 };

/* The innermost product: rows x columns sums that stay in registers.
 * sums[i * columns + j] = (add ? sums[i * columns + j] : 0) + sum_u a[i * a_stride + u] . b[u *
 * columns + j] for i < rows_used <= rows, all j, u < units, where . multiplies f32, or pairs of
 * bf16 (and then subnormals may count as 0). Every sum runs over u in order, whatever rows_used is.
 * Of a, rows_used rows are read; of sums, all rows may be written. */
typedef struct GemmTile {
    unsigned rows, columns;
    unsigned pair;       /* values of k in a unit: 1 for f32, 2 for bf16 */
    unsigned unit_step;  /* units comes in multiples of this; what is missing is packed as 0 */
    unsigned units_best; /* so many units of b, times columns, fit the first-level cache */
    void (*run)(float *sums, bool add, const uint32_t *a, size_t a_stride, const uint32_t *b,
                size_t units, size_t rows_used);
    /* Around the calls of `run` of a task, on its thread; NULL: nothing to do. */
    void (*begin)(void);
    void (*end)(void);
    unsigned row_step; /* other numbers of rows_used cost more; 0: any is fine */
    size_t b_stays;    /* B of so many bytes may pass by for every row of tiles; 0: never */
} GemmTile;

/* What rows_used should be for so many rows where memory behind them can be read. */
static inline size_t gemm_tile_rows(const GemmTile *t, size_t rows)
{
    size_t step = t->row_step ? t->row_step : 1;
    return rows < t->rows ? (rows + step - 1) / step * step : t->rows;
}

static inline void gemm_tile_begin(const GemmTile *t)
{
    if (t->begin) t->begin();
}

static inline void gemm_tile_end(const GemmTile *t)
{
    if (t->end) t->end();
}

typedef struct GemmKernels {
    GemmTile f32, bf16; /* by precision; bf16.pair is 1 where bf16 values are computed as f32 */

    void (*f32_to_bf16)(uint16_t *y, const float *x, size_t n);
    void (*bf16_to_f32)(float *y, const uint16_t *x, size_t n);
    void (*f32_round)(float *y, const float *x, size_t n); /* to the nearest bf16; y may be x */
    void (*decode)(float *y, const void *x, Type type, size_t n); /* quant_decode */

    /* y[c * y_stride + r] = x[r][c], r < rows, c < columns; rows of x are x_bytes apart. */
    void (*turn)(uint32_t *y, size_t y_stride, const void *x, size_t x_bytes, size_t rows,
                 size_t columns);
    /* y[c / wide * panel + u * wide + c % wide] = the pair x[2u][c], x[2u + 1][c], u < units,
     * c < columns; wide is a multiple of 16. */
    void (*zip)(uint32_t *y, size_t wide, size_t panel, const uint16_t *x, size_t x_stride,
                size_t units, size_t columns);
    /* Both: y[c * y_stride + u] = the pair x[2u][c], x[2u + 1][c]. */
    void (*turn_pairs)(uint32_t *y, size_t y_stride, const uint16_t *x, size_t x_stride,
                       size_t units, size_t columns);

    /* The epilogue of `g` for sums of C[row + i, column + j], i < rows, j < columns, sums being
     * sums_stride apart; under GEMM_SWIGLU the sums of the other half stand at sums + up. */
    void (*finish)(const struct GemmCall *g, float *sums, size_t sums_stride, size_t up, size_t row,
                   size_t rows, size_t column, size_t columns);
} GemmKernels;

void gemm_kernels_fill(GemmKernels *k, CpuLevel level);

/* Each overrides what its level does better; compiled in files and with flags of its own. */
void gemm_ref_fill(GemmKernels *k);
void gemm_avx2_fill(GemmKernels *k);
void gemm_avx512_fill(GemmKernels *k);
void gemm_avx512bf16_fill(GemmKernels *k);
void gemm_amx_fill(GemmKernels *k);

#endif
