/* The part of the kernel table that attention uses beside the tiles of matrix products: what
 * happens to a tile of scores, on one thread. Sums of a tile stand as GemmTile.run leaves them,
 * panel by panel: [panel][row][columns]; columns is a multiple of every vector's length. */
#ifndef TENSOR_ATTENTION_KERNELS_H
#define TENSOR_ATTENTION_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "tensor/cpu.h"

/* Sums of `rows` rows, `width` used columns in all. */
typedef struct AttentionSums {
    float *sums;
    size_t panel_stride, columns; /* floats from panel to panel; columns of one */
    size_t rows, width;
} AttentionSums;

/* A row-major matrix in memory, f32 or bf16. */
typedef struct AttentionRows {
    void *data;
    size_t stride; /* elements */
    bool bf16;
} AttentionRows;

/* Scores s = scale * x + bias to p = e^(s - top), top being the largest so far: top, total (of p)
 * and fade (e^(old top - top), what earlier sums must be multiplied by) are those of each row.
 * A row that has seen nothing but -inf gives zeros. p is filled up with zeros to `padded`. */
typedef struct AttentionSoften {
    AttentionSums x;
    float scale;
    const float *bias; /* of row 0; row i's begins i earlier; or NULL */
    float *top, *total, *fade;
    AttentionRows p;
    size_t padded;
} AttentionSoften;

/* From scores x = k q and slopes dp = v dout of rows (keys) by columns (queries), one panel:
 * p = e^(scale * x - lse), ds = p (dp - dot). lse infinity: p = 0. */
typedef struct AttentionSlopes {
    AttentionSums x;
    const float *dp; /* laid out as x */
    float scale;
    const float *lse, *dot; /* of each column */
    AttentionRows p, ds;
    size_t padded;
} AttentionSlopes;

/* Structs go by address: copies of what has just been written wait for all stores before it. */
typedef struct AttentionKernels {
    void (*soften)(const AttentionSoften *s);
    void (*fade)(const AttentionSums *x, const float *fade); /* row i *= fade[i] */
    /* y = factor[i] * scale * x (+ y); a factor of 0 gives 0 whatever x is; factor NULL: 1 */
    void (*settle)(const AttentionSums *x, const float *factor, float scale, const AttentionRows *y,
                   bool add);
    void (*slopes)(const AttentionSlopes *s);
    /* y[i] = a[i] . b[i] over `width` */
    void (*dots)(float *y, const AttentionRows *a, const AttentionRows *b, size_t rows,
                 size_t width);
} AttentionKernels;

/* On CPU_REF the slots are NULL: attention_ref.c does without them. */
void attention_kernels_fill(AttentionKernels *k, CpuLevel level);

void attention_avx2_fill(AttentionKernels *k);
void attention_avx512_fill(AttentionKernels *k);
void attention_avx512bf16_fill(AttentionKernels *k);

#endif
