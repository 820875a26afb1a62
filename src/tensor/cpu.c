#include "tensor/cpu.h"

const char *cpu_level_name(CpuLevel level)
{
    static const char *const names[CPU_LEVELS] = { "ref", "avx2", "avx512", "avx512bf16", "amx" };
    return names[level];
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct CpuId {
    unsigned eax, ebx, ecx, edx;
} CpuId;

static CpuId cpu_id(unsigned leaf, unsigned sub)
{
    CpuId r = { 0 };
    if (!__get_cpuid_count(leaf, sub, &r.eax, &r.ebx, &r.ecx, &r.edx)) r = (CpuId){ 0 };
    return r;
}

static bool has(unsigned bits, unsigned mask)
{
    return (bits & mask) == mask;
}

/* Which registers the system saves when it switches threads (XCR0, Intel SDM vol. 1, 13.3). */
static unsigned saved_state(void)
{
    if (!has(cpu_id(1, 0).ecx, bit_OSXSAVE)) return 0;
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* Linux hands out the 8 KiB of tile registers on request only (5.16 and later), to all threads of a
 * process or, where one of them has a signal stack too small for them, to none. Asking again for
 * what was granted costs nothing. */
static bool tiles_granted(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

/* The processor has tiles, and the system would save them. */
static bool has_tiles(void)
{
    enum { SAVED_TILES = 0x60000, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
    return has(saved_state(), SAVED_TILES) && has(cpu_id(7, 0).edx, AMX_BF16 | AMX_TILE);
}

bool cpu_tiles_refused(void)
{
    return has_tiles() && !tiles_granted();
}

CpuLevel cpu_level_best(void)
{
    enum { SAVED_YMM = 0x6, SAVED_ZMM = 0xE6, AVX512_BF16 = 1 << 5 };
    unsigned saved = saved_state();
    CpuId one = cpu_id(1, 0), seven = cpu_id(7, 0), seven1 = cpu_id(7, 1);
    if (!has(saved, SAVED_YMM) || !has(one.ecx, bit_FMA | bit_F16C) || !has(seven.ebx, bit_AVX2))
        return CPU_REF;
    unsigned wide = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    if (!has(saved, SAVED_ZMM) || !has(seven.ebx, wide)) return CPU_AVX2;
    if (!has(seven1.eax, AVX512_BF16)) return CPU_AVX512;
    return has_tiles() && tiles_granted() ? CPU_AMX : CPU_AVX512BF16;
}

static bool made_by_intel(void)
{
    CpuId zero = cpu_id(0, 0);
    return zero.ebx == signature_INTEL_ebx && zero.ecx == signature_INTEL_ecx &&
           zero.edx == signature_INTEL_edx;
}

CpuLevel cpu_level_usual(void)
{
    CpuLevel best = cpu_level_best();
    return best == CPU_AVX512BF16 && made_by_intel() ? CPU_AVX512 : best;
}

#else

CpuLevel cpu_level_best(void)
{
    return CPU_REF;
}

CpuLevel cpu_level_usual(void)
{
    return CPU_REF;
}

bool cpu_tiles_refused(void)
{
    return false;
}

#endif
