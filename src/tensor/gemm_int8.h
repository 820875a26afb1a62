/* Products of activations and 8-bit weights in whole numbers: both in blocks of 32 along k with a
 * factor each (Q8_0; int8 weights have one factor a row), 32 products summed exactly, the blocks in
 * f32. A Compute with `int8` set uses it for products that may round their operands. */
#ifndef TENSOR_GEMM_INT8_H
#define TENSOR_GEMM_INT8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/cpu.h"

struct Compute;
struct GemmCall;

enum { GEMM_INT8_BLOCK = 32, GEMM_INT8_COLUMNS = 32, GEMM_INT8_ROWS_MAX = 6 };

/* 32 values along k of 32 columns, four neighbours along k together. */
typedef struct GemmInt8Block {
    _Alignas(64) int8_t w[GEMM_INT8_BLOCK / 4][GEMM_INT8_COLUMNS][4];
    float scale[GEMM_INT8_COLUMNS];
    int32_t offset[GEMM_INT8_COLUMNS]; /* -128 times the column's sum */
} GemmInt8Block;

/* Rows of the other operand: 128 + a whole number from -127 to 127, and a factor a block. */
typedef struct GemmInt8Rows {
    const uint8_t *a;
    const float *scale;
    size_t blocks; /* of a row; rows follow each other */
} GemmInt8Rows;

typedef struct GemmInt8Kernels {
    unsigned rows; /* of a tile, at most GEMM_INT8_ROWS_MAX; 0: this level has something better */

    /* y = 128 + the nearest whole number to x / scale, scale = the block's largest / 127. A block
     * that is not finite gets a NaN for a factor. */
    void (*quantise)(uint8_t *y, float *scale, const float *x, size_t blocks);

    /* sums[i][j] = sum over blocks u of rows.scale[i][u] * b[u].scale[j] * (a - 128) . w */
    void (*run)(float *sums, const GemmInt8Rows *rows, const GemmInt8Block *b, size_t count);
} GemmInt8Kernels;

void gemm_int8_fill(GemmInt8Kernels *k, CpuLevel level);
void gemm_int8_avxvnni_fill(GemmInt8Kernels *k);
void gemm_int8_vnni_fill(GemmInt8Kernels *k);

/* Is this a product that gemm_int8 computes, and may it? */
bool gemm_int8_takes(const struct Compute *c, const struct GemmCall *g);

/* The product with its epilogue. Results do not depend on the number of threads. */
void gemm_int8(const struct Compute *c, const struct GemmCall *g);

#endif
