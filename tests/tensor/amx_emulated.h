/* The AMX level on any machine: gemm_amx.c on top of tiles in plain C (amx_emulated.c), and the
 * list of levels that the tests of kernels walk. */
#ifndef TESTS_TENSOR_AMX_EMULATED_H
#define TESTS_TENSOR_AMX_EMULATED_H

#include <stdbool.h>

#include "tensor/compute.h"

void gemm_amx_emulated_fill(GemmKernels *k);
bool gemm_amx_emulated_works(double seconds);
extern bool amx_emulated_forgets; /* be a machine that loses its tiles */

/* Levels of this machine from ref on, and one more: AMX as it is emulated, everything else being
 * the best that the machine has. */
static inline int levels_count(void)
{
    return cpu_level_best() + 2;
}

static inline SoraStatus levels_open(int i, Pool *pool, Compute **out)
{
    bool emulated = i == levels_count() - 1;
    CpuLevel level = emulated ? cpu_level_best() : (CpuLevel)i;
    TRY(compute_new(pool, cpu_level_name(level), out));
    if (!emulated) return SORA_OK;
    gemm_amx_emulated_fill(&(*out)->kernels.gemm);
    (*out)->level = CPU_AMX;
    return SORA_OK;
}

#endif
