/* The kernel table: what a CPU level can do better than plain C, and nothing else. The blocking,
 * packing and threading are done once for all levels, by gemm.c, attention.c and rows.c.
 * kernels_ref fills every slot and is the definition of right; each faster level overrides some. */
#ifndef TENSOR_KERNELS_H
#define TENSOR_KERNELS_H

#include "tensor/attention_kernels.h"
#include "tensor/gemm_int8.h"
#include "tensor/gemm_kernels.h"
#include "tensor/row_kernels.h"

typedef struct Kernels {
    GemmKernels gemm;
    RowKernels rows;
    AttentionKernels attention;
    GemmInt8Kernels int8;
} Kernels;

#endif
