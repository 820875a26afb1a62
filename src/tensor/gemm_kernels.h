/* The part of the kernel table that matrix products use. */
#ifndef TENSOR_GEMM_KERNELS_H
#define TENSOR_GEMM_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "tensor/cpu.h"

typedef struct GemmKernels {
    CpuLevel level;
} GemmKernels;

void gemm_kernels_fill(GemmKernels *k, CpuLevel level);

#endif
