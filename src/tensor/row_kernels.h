/* The part of the kernel table that works on rows: norms, rope, softmax, activations. */
#ifndef TENSOR_ROW_KERNELS_H
#define TENSOR_ROW_KERNELS_H

#include "tensor/cpu.h"

typedef struct RowKernels {
    CpuLevel level;
} RowKernels;

static inline void row_kernels_fill(RowKernels *k, CpuLevel level)
{
    k->level = level;
}

#endif
