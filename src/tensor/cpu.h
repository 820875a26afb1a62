/* What this machine can run: the levels that kernels are written for. */
#ifndef TENSOR_CPU_H
#define TENSOR_CPU_H

#include <stdbool.h>

/* Each level contains the ones before it. avx512bf16 is AVX-512 with vdpbf16ps (Zen 4, Cooper
 * Lake); amx is Sapphire Rapids and later. */
typedef enum CpuLevel {
    CPU_REF,
    CPU_AVX2,
    CPU_AVX512,
    CPU_AVX512BF16,
    CPU_AMX,
    CPU_LEVELS
} CpuLevel;

/* "ref", "avx2", "avx512", "avx512bf16", "amx" */
const char *cpu_level_name(CpuLevel level);

/* The highest level that the processor has and the system saves the registers of. For amx this
 * asks the kernel for the tiles (arch_prctl), once granted for the whole process. */
CpuLevel cpu_level_best(void);

/* The level to use where nobody asks for one: cpu_level_best, but avx512 on Intel's processors
 * without AMX (or where AMX is hidden or refused), which do one vdpbf16ps in the time of four
 * vfmadd231ps: 104 against 212 Gop/s a core (docs/speed.md). */
CpuLevel cpu_level_usual(void);

/* The processor has AMX, but the system did not hand out its tiles. */
bool cpu_tiles_refused(void);

#endif
