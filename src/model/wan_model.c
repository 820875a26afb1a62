#define _GNU_SOURCE
#include "model/wan_model.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static SoraStatus open_all(const char *path, SoraStatus (*change)(void *, Weights *, Arena *),
                           void *self, WanModel *m)
{
    TRY(weights_open(path, m->arena, &m->weights));
    if (!wan_fits(m->weights)) return err_set(SORA_E_FORMAT, "%s holds no Wan transformer", path);
    if (change) TRY(change(self, m->weights, m->arena));
    TRY(wan_open(m->weights, NULL, m->arena, &m->file));
    ParamSet *set = params_new_load(m->arena, wan_lookup, &m->file);
    TRY(err_while(dit_new(&m->file.config, set, m->arena, &m->dit), "reading %s", path));
    return wan_check_rest(&m->file, set);
}

SoraStatus wan_model_open(const char *path, SoraStatus (*change)(void *self, Weights *w, Arena *a),
                          void *self, WanModel *out)
{
    memset(out, 0, sizeof *out);
    out->arena = arena_new("transformer", 0);
    if (!out->arena) return err_set(SORA_E_MEMORY, "no memory for %s", path);
    SoraStatus s = open_all(path, change, self, out);
    if (s != SORA_OK) wan_model_close(out);
    return s;
}

void wan_model_close(WanModel *m)
{
    weights_close(m->weights);
    arena_free(m->arena);
    memset(m, 0, sizeof *m);
}

/* Whole pages inside a tensor; its neighbours keep theirs. Data that was copied or changed (not
 * mapped from the file) must stay: MADV_DONTNEED would clear it. */
static void drop_tensor(const WanModel *m, const Tensor *x)
{
    size_t bytes, page = (size_t)sysconf(_SC_PAGESIZE);
    if (!weights_is_mapped(m->weights, x->data)) return;
    if (tensor_bytes(x->type, x->rank, x->shape, &bytes) != SORA_OK) return;
    uintptr_t first = ((uintptr_t)x->data + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)x->data + bytes) / page * page;
    if (first < end) madvise((void *)first, end - first, MADV_DONTNEED);
}

void wan_model_drop_block(const WanModel *m, size_t layer)
{
    char prefix[32];
    size_t n = (size_t)snprintf(prefix, sizeof prefix, "blocks.%zu.", layer);
    for (size_t i = 0; i < weights_count(m->weights); i++) {
        char name[WAN_NAME_MAX];
        if (wan_name(weights_name(m->weights, i), name) && strncmp(name, prefix, n) == 0)
            drop_tensor(m, weights_at(m->weights, i));
    }
}

void wan_model_drop(const WanModel *m)
{
    for (size_t i = 0; i < weights_count(m->weights); i++)
        drop_tensor(m, weights_at(m->weights, i));
}
