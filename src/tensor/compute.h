/* What computes: the kernels this machine runs best and the threads to run them on.
 * Everything that does arithmetic takes a Compute; two of them share nothing. */
#ifndef TENSOR_COMPUTE_H
#define TENSOR_COMPUTE_H

#include "base/pool.h"
#include "tensor/kernels.h"

/* Each level contains the ones before it. avx512bf16 is AVX-512 with vdpbf16ps (Zen 4, Cooper
 * Lake); amx is Sapphire Rapids and later. */
typedef enum CpuLevel { CPU_REF, CPU_AVX2, CPU_AVX512, CPU_AVX512BF16, CPU_AMX, CPU_LEVELS } CpuLevel;

typedef struct Compute {
    CpuLevel level;
    Kernels kernels;
    Pool *pool;      /* borrowed */
    char *scratch;   /* one block of scratch_size bytes a thread, ARENA_ALIGN aligned */
    size_t scratch_size;
} Compute;

const char *cpu_level_name(CpuLevel level);

/* The highest level this machine and its kernel can run. */
CpuLevel cpu_level_best(void);

/* `level` NULL: the value of SORA_CPU, else the best. SORA_E_UNSUPPORTED names a level that the
 * machine cannot run, or an unknown name with the list of known ones. Free with compute_free. */
SoraStatus compute_new(Pool *pool, const char *level, Compute **out);
void compute_free(Compute *c);

static inline void *compute_scratch(const Compute *c, int worker)
{
    return c->scratch + (size_t)worker * c->scratch_size;
}

#endif
