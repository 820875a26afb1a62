/* The row loops of one CPU level: each does some rows of a call of rows.h on one thread. */
#ifndef TENSOR_ROW_KERNELS_H
#define TENSOR_ROW_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "tensor/cpu.h"

struct RowsMap;
struct RowsSwigluBack;
struct RowsNorm;
struct RowsNormBack;
struct RowsGate;
struct RowsSums;
struct RowsMse;
struct Rows;

/* Which rows of the call: order[0..count), or first .. first + count - 1 where order is NULL. */
typedef struct RowSet {
    const uint32_t *order;
    size_t first, count;
} RowSet;

static inline size_t row_set_at(RowSet s, size_t i)
{
    return s.order ? s.order[i] : s.first + i;
}

typedef struct RowKernels {
    void (*map)(const struct RowsMap *call, RowSet rows);
    void (*swiglu_back)(const struct RowsSwigluBack *call, RowSet rows);
    void (*norm)(const struct RowsNorm *call, RowSet rows);
    /* dscale, dshift: sums of these rows, added to, one table row each; NULL: not wanted. */
    void (*norm_back)(const struct RowsNorm *norm, const struct RowsNormBack *back, RowSet rows,
                      float *dscale, float *dshift);
    void (*gate)(const struct RowsGate *call, RowSet rows);
    void (*gate_back)(const struct RowsGate *call, const struct Rows *dy, const struct Rows *dx,
                      RowSet rows, float *dgate);
    void (*sums)(const struct RowsSums *call, RowSet rows, float *sums); /* sums[j] += x[i,j] */
    void (*softmax)(const struct Rows *y, const struct Rows *x, RowSet rows, size_t width);
    double (*squares)(const struct Rows *x, RowSet rows, size_t width);
    double (*mse)(const struct RowsMse *call, RowSet rows); /* sum of weight * mean square */
    void (*mse_back)(const struct RowsMse *call, float factor, const struct Rows *dx, RowSet rows);
} RowKernels;

void row_kernels_ref(RowKernels *k); /* every slot */
void row_kernels_avx2(RowKernels *k);
void row_kernels_avx512(RowKernels *k);

void row_kernels_fill(RowKernels *k, CpuLevel level);

#endif
