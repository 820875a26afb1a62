#define _GNU_SOURCE
#include "tensor/compute.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tensor/gemm_amx.h"

/* Long enough for a machine that loses tiles whenever it switches threads. */
static const double TILES_TRIED_S = 0.002;

static SoraStatus level_named(const char *name, CpuLevel *out)
{
    for (CpuLevel l = CPU_REF; l < CPU_LEVELS; l++) {
        if (strcmp(name, cpu_level_name(l)) != 0) continue;
        CpuLevel best = cpu_level_best();
        if (l > best)
            return err_set(SORA_E_UNSUPPORTED,
                           "this machine cannot run %s kernels, its best are %s", name,
                           cpu_level_name(best));
        *out = l;
        return SORA_OK;
    }
    return err_set(SORA_E_UNSUPPORTED,
                   "'%s' is no kernel level: expected ref, avx2, avx512, avx512bf16 or amx", name);
}

static bool tiles_work(void)
{
#if defined(__x86_64__)
    return gemm_amx_works(TILES_TRIED_S);
#else
    return false;
#endif
}

static SoraStatus tried(CpuLevel level)
{
    if (level < CPU_AMX || tiles_work()) return SORA_OK;
    return err_set(SORA_E_UNSUPPORTED, "AMX does not keep its tiles on this machine, the best "
                                       "kernels to be trusted are avx512");
}

static CpuLevel level_usual(const char **note)
{
    CpuLevel usual = cpu_level_usual();
    if (cpu_tiles_refused()) *note = "the system does not hand out the tiles of AMX: avx512";
    if (usual < CPU_AMX || tiles_work()) return usual;
    *note = "AMX does not keep its tiles on this machine: avx512";
    return CPU_AVX512;
}

static SoraStatus level_wanted(const char *name, CpuLevel *out, const char **note)
{
    bool asked = name != NULL;
    if (!asked) name = getenv("SORA_CPU");
    if (!name || !*name) {
        *out = level_usual(note);
        return SORA_OK;
    }
    SoraStatus s = level_named(name, out);
    if (s == SORA_OK) s = tried(*out);
    return asked ? s : err_while(s, "reading SORA_CPU");
}

/* In huge pages, which begin at multiples of their size: fewer TLB misses. A kernel without them
 * may refuse. */
static char *pages(size_t size)
{
    const size_t huge = (size_t)2 << 20;
    char *p = mmap(NULL, size + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return NULL;
    size_t before = (huge - (uintptr_t)p % huge) % huge;
    if (before) munmap(p, before);
    if (before < huge) munmap(p + before + size, huge - before);
    madvise(p + before, size, MADV_HUGEPAGE);
    return p + before;
}

SoraStatus compute_new(Pool *pool, const char *level, Compute **out)
{
    CpuLevel l = CPU_REF;
    const char *note = NULL;
    TRY(level_wanted(level, &l, &note));
    Compute *c = calloc(1, sizeof *c);
    if (!c) return err_set(SORA_E_MEMORY, "no memory for the kernel table");
    c->level = l;
    c->note = note;
    c->pool = pool;
    c->scratch_size = COMPUTE_SCRATCH;
    c->shared_size = COMPUTE_SHARED;
    size_t threads = (size_t)pool_threads(pool);
    c->scratch = pages(threads * c->scratch_size);
    c->shared = pages(c->shared_size);
    c->gradients = arena_new("gradients", 0);
    if (!c->scratch || !c->shared || !c->gradients) {
        compute_free(c);
        return err_set(SORA_E_MEMORY, "no memory for the scratch of %zu threads", threads);
    }
    gemm_kernels_fill(&c->kernels.gemm, l);
    row_kernels_fill(&c->kernels.rows, l);
    attention_kernels_fill(&c->kernels.attention, l);
    gemm_int8_fill(&c->kernels.int8, l);
    *out = c;
    return SORA_OK;
}

void compute_free(Compute *c)
{
    if (!c) return;
    if (c->scratch) munmap(c->scratch, (size_t)pool_threads(c->pool) * c->scratch_size);
    arena_free(c->gradients);
    if (c->shared) munmap(c->shared, c->shared_size);
    free(c);
}

Compute compute_alone(const Compute *c, int worker)
{
    Compute own = *c;
    own.pool = NULL;
    own.scratch = compute_scratch(c, worker);
    own.shared_size = c->shared_size / (size_t)pool_threads(c->pool) / ARENA_ALIGN * ARENA_ALIGN;
    own.shared = c->shared + (size_t)worker * own.shared_size;
    own.gradients = NULL;
    return own;
}
