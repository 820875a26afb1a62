/* The instructions of AMX that matrix products need (Intel SDM vol. 2, LDTILECFG .. TILEZERO), for
 * gemm_amx.c alone. In assembly: the intrinsics of gcc 12 do not tell the compiler which memory
 * they read, so that it drops stores before them. Tiles are numbered 0 to 7, by constants. */
#ifndef TENSOR_AMX_H
#define TENSOR_AMX_H

#include <stdint.h>

typedef struct AmxConfig {
    uint8_t palette, start_row, zero[14];
    uint16_t row_bytes[16]; /* of tile i; 64 at most */
    uint8_t rows[16];       /* of tile i; 16 at most */
} AmxConfig;

_Static_assert(sizeof(AmxConfig) == 64, "the processor reads 64 bytes");

/* From here to amx_release this thread has tiles of these sizes, all 0. */
static inline void amx_configure(const AmxConfig *c)
{
    __asm__ volatile("ldtilecfg %0" : : "m"(*c));
}

static inline void amx_release(void)
{
    __asm__ volatile("tilerelease");
}

/* Rows are `stride` bytes apart. */
#define AMX_LOAD(tile, from, stride)                                       \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #tile                    \
                     :                                                     \
                     : "r"((const void *)(from)), "r"((uintptr_t)(stride)) \
                     : "memory")
#define AMX_STORE(tile, to, stride)                                \
    __asm__ volatile("tilestored %%tmm" #tile ", (%0,%1,1)"        \
                     :                                             \
                     : "r"((void *)(to)), "r"((uintptr_t)(stride)) \
                     : "memory")
#define AMX_ZERO(tile) __asm__ volatile("tilezero %tmm" #tile)

/* sums[i][j] += the products of all pairs a[i][u] . b[u][j] */
#define AMX_MULTIPLY(sums, a, b) __asm__ volatile("tdpbf16ps %tmm" #b ", %tmm" #a ", %tmm" #sums)

#endif
