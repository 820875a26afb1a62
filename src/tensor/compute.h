/* What computes: the kernels this machine runs best and the threads to run them on.
 * Everything that does arithmetic takes a Compute; two of them share nothing. */
#ifndef TENSOR_COMPUTE_H
#define TENSOR_COMPUTE_H

#include "base/arena.h"
#include "base/pool.h"
#include "tensor/cpu.h"
#include "tensor/kernels.h"

typedef struct Compute {
    CpuLevel level;
    const char *note; /* why the level is not the one that the processor has; NULL: it is */
    Kernels kernels;
    Pool *pool;    /* borrowed */
    char *scratch; /* one block of scratch_size bytes a thread, ARENA_ALIGN aligned */
    size_t scratch_size;
    Arena *gradients; /* memory of the way back, kept from step to step; tape_backward's alone */
    char *shared;     /* one block for all threads: what a driver packs once for everybody */
    size_t shared_size;
    bool int8; /* products with 8-bit weights round their other operand to 8 bits as well; false
                  until somebody sets it (tensor/gemm_int8.h) */
} Compute;

/* A block of scratch holds COMPUTE_SCRATCH bytes, the shared one COMPUTE_SHARED; pages that are
 * never touched cost nothing. Contents last as long as one call of a driver. */
enum { COMPUTE_SCRATCH = 4 << 20, COMPUTE_SHARED = 16 << 20 };

/* `level` NULL: the value of SORA_CPU, else the best. SORA_E_UNSUPPORTED names a level that the
 * machine cannot run, or an unknown name with the list of known ones. AMX is tried before it is
 * trusted: where its tiles lose what they hold, the level below is taken, and `note` says so, or,
 * where AMX was asked for, that is the error. Free with compute_free. */
SoraStatus compute_new(Pool *pool, const char *level, Compute **out);
void compute_free(Compute *c); /* NULL is fine */

/* Does this processor multiply bf16? Where it does not, bf16 operands only cost conversions: then
 * products that may round their operands run in f32, and so does everything between them. */
static inline bool compute_has_bf16(const Compute *c)
{
    return c->kernels.gemm.bf16.pair == 2;
}

/* What is worker `worker`'s own of `c`: for calls from within a region of its pool, each of which
 * then runs on its thread alone. It holds as long as the region. */
Compute compute_alone(const Compute *c, int worker);

static inline void *compute_scratch(const Compute *c, int worker)
{
    return c->scratch + (size_t)worker * c->scratch_size;
}

#endif
