/* What the AMX level has beside its kernels. */
#ifndef TENSOR_GEMM_AMX_H
#define TENSOR_GEMM_AMX_H

#include "tensor/gemm_kernels.h"

/* Tries the tiles on this thread for so many seconds: do they multiply right, and is what they hold
 * still there afterwards? Some virtual machines lose it when they switch threads. Only where the
 * system has granted them (cpu_level_best says CPU_AMX). */
bool gemm_amx_works(double seconds);

#endif
