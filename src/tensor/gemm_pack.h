/* Operands of matrix products in the order in which the kernels of a level read them. */
#ifndef TENSOR_GEMM_PACK_H
#define TENSOR_GEMM_PACK_H

#include "tensor/gemm.h"

/* One operand on its way into tiles of kind `tile`. `edge` is how many lines of it there are (m
 * of a, n of b), `depth` is k. */
typedef struct GemmSource {
    const GemmKernels *kernels;
    const GemmTile *tile;
    const GemmMatrix *matrix;
    bool rounded; /* to bf16 on the way, where the tile computes in f32 */
    size_t edge, depth;
    bool along_k; /* neighbours in memory are neighbours along k */
} GemmSource;

GemmSource gemm_source_a(const Compute *c, const GemmCall *g);
GemmSource gemm_source_b(const Compute *c, const GemmCall *g);

/* `rows` pieces of memory of `bytes` bytes, `stride` bytes apart. */
typedef struct GemmSpan {
    const char *data;
    size_t stride, bytes, rows;
} GemmSpan;

/* Where those units of those lines lie in the matrix. */
void gemm_source_span(const GemmSource *s, size_t first, size_t lines, size_t first_unit,
                      size_t units, GemmSpan *out);

/* Bytes of scratch that packing needs. */
enum { GEMM_PACK_SCRATCH = 96 << 10 };

/* y[line * y_stride + u] = unit `first_unit` + u of k of line `first` + line; beyond depth: 0. */
void gemm_pack_lines(const GemmSource *s, size_t first, size_t lines, size_t first_unit,
                     size_t units, uint32_t *y, size_t y_stride, void *scratch);

/* Where gemm_pack_lines would only copy: unit `unit` of line `first` in the matrix itself, lines
 * being *stride units apart. NULL where it must pack. `units`: of all k. */
const uint32_t *gemm_lines_in_place(const GemmSource *s, size_t first, size_t unit, size_t units,
                                    size_t *stride);

/* The same turned, in panels of so many columns that are `panel` units apart:
 * y[line / columns * panel + u * columns + line % columns]. Of the last panel's columns, those that
 * have no line are left as they are. */
void gemm_pack_panels(const GemmSource *s, size_t first, size_t lines, size_t first_unit,
                      size_t units, uint32_t *y, size_t columns, size_t panel, void *scratch);

#endif
