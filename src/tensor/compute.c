#define _GNU_SOURCE
#include "tensor/compute.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

static SoraStatus level_wanted(const char *name, CpuLevel *out)
{
    if (name) return level_named(name, out);
    name = getenv("SORA_CPU");
    if (name && *name) return err_while(level_named(name, out), "reading SORA_CPU");
    *out = cpu_level_best();
    return SORA_OK;
}

static char *pages(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return NULL;
    madvise(p, size, MADV_HUGEPAGE); /* fewer TLB misses; a kernel without them may refuse */
    return p;
}

SoraStatus compute_new(Pool *pool, const char *level, Compute **out)
{
    CpuLevel l = CPU_REF;
    TRY(level_wanted(level, &l));
    Compute *c = calloc(1, sizeof *c);
    if (!c) return err_set(SORA_E_MEMORY, "no memory for the kernel table");
    c->level = l;
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
