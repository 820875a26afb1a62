#include "train/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/convert.h"
#include "tensor/safetensors.h"

typedef struct Meta {
    SafetensorsMeta *pair;
    size_t count;
} Meta;

static void meta_add(Meta *m, const char *key, const char *value)
{
    m->pair[m->count++] = (SafetensorsMeta){ key, value };
}

static Meta run_meta(const CheckpointKind *kind, const RunState *run, const CheckpointFacts *facts,
                     bool whole, Arena *a)
{
    enum { OWN = 6 };
    size_t more = facts ? facts->count : 0;
    Meta m = { arena_alloc(a, (OWN + more) * sizeof *m.pair), 0 };
    meta_add(&m, "sora.kind", whole ? "checkpoint" : kind->kind);
    meta_add(&m, arena_printf(a, "sora.%s", kind->kind), kind->config);
    meta_add(&m, "sora.step", arena_printf(a, "%" PRIu64, run->step));
    meta_add(&m, "sora.examples", arena_printf(a, "%" PRIu64, run->examples));
    meta_add(&m, "sora.seconds", arena_printf(a, "%.3f", run->seconds));
    meta_add(&m, "sora.seed", arena_printf(a, "%" PRIu64, run->seed));
    for (size_t i = 0; i < more; i++) m.pair[m.count++] = facts->pair[i];
    return m;
}

SoraStatus checkpoint_save(const char *dir, const CheckpointKind *kind, const ParamSet *set,
                           const Optim *o, const RunState *run, const CheckpointFacts *facts,
                           Arena *step)
{
    ArenaMark mark = arena_mark(step);
    size_t params = params_count(set), states = optim_state_count(o), n = 0;
    SafetensorsEntry *e = arena_zero(step, (params + states) * sizeof *e);
    for (size_t i = 0; i < params; i++) {
        const Param *p = params_at(set, i);
        e[n++] = (SafetensorsEntry){ arena_printf(step, "value.%s", p->name), *p->value };
    }
    for (size_t i = 0; i < states; i++) {
        OptimState s = optim_state_at(o, i);
        e[n++] = (SafetensorsEntry){ s.name, *s.tensor };
    }
    Meta m = run_meta(kind, run, facts, true, step);
    char *path = arena_printf(step, "%s/checkpoint.safetensors", dir);
    SoraStatus s = safetensors_write(path, e, n, m.pair, m.count);
    arena_rewind(step, mark);
    return err_while(s, "saving the checkpoint");
}

static SoraStatus copy_tensor(const Safetensors *st, const char *name, Tensor *to)
{
    const Tensor *from = safetensors_find(st, name);
    char want[96], got[96];
    if (!from) return err_set(SORA_E_FORMAT, "the checkpoint has no tensor %s", name);
    tensor_describe(to, want, sizeof want);
    tensor_describe(from, got, sizeof got);
    if (strcmp(want, got) != 0)
        return err_set(SORA_E_FORMAT, "%s is %s in the checkpoint, the model has %s", name, got,
                       want);
    memcpy(to->data, from->data, tensor_count(to) * sizeof(float));
    return SORA_OK;
}

static SoraStatus not_a_number(const char *key, const char *text)
{
    if (!text) return err_set(SORA_E_FORMAT, "the checkpoint does not say its %s", key);
    return err_set(SORA_E_FORMAT, "%s of the checkpoint is \"%s\", a number is needed", key, text);
}

static SoraStatus read_count(const Safetensors *st, const char *key, uint64_t *out)
{
    const char *text = safetensors_metadata(st, key);
    char *end = NULL;
    if (text && *text >= '0' && *text <= '9') *out = strtoull(text, &end, 10);
    return end && !*end ? SORA_OK : not_a_number(key, text);
}

static SoraStatus read_seconds(const Safetensors *st, const char *key, double *out)
{
    const char *text = safetensors_metadata(st, key);
    char *end = NULL;
    if (text) *out = strtod(text, &end);
    return end && end != text && !*end && *out >= 0 && *out < 1e9 ? SORA_OK
                                                                  : not_a_number(key, text);
}

static SoraStatus load_all(const Safetensors *st, ParamSet *set, Optim *o, RunState *run, Arena *a)
{
    for (size_t i = 0; i < params_count(set); i++) {
        Param *p = params_at(set, i);
        TRY(copy_tensor(st, arena_printf(a, "value.%s", p->name), p->value));
    }
    for (size_t i = 0; i < optim_state_count(o); i++) {
        OptimState s = optim_state_at(o, i);
        TRY(copy_tensor(st, s.name, s.tensor));
    }
    TRY(read_count(st, "sora.step", &run->step));
    TRY(read_count(st, "sora.examples", &run->examples));
    TRY(read_seconds(st, "sora.seconds", &run->seconds));
    TRY(read_count(st, "sora.seed", &run->seed));
    optim_set_steps(o, run->step);
    return SORA_OK;
}

SoraStatus checkpoint_load(const char *dir, ParamSet *set, Optim *o, RunState *run, Arena *step)
{
    ArenaMark mark = arena_mark(step);
    char *path = arena_printf(step, "%s/checkpoint.safetensors", dir);
    Safetensors st;
    SoraStatus s = safetensors_open(path, step, &st);
    if (s == SORA_OK) {
        s = load_all(&st, set, o, run, step);
        safetensors_close(&st);
    }
    arena_rewind(step, mark);
    return err_while(s, "resuming from %s", dir);
}

SoraStatus checkpoint_export(const char *dir, const CheckpointKind *kind, const ParamSet *set,
                             const Optim *o, const RunState *run, const CheckpointFacts *facts,
                             Arena *step)
{
    ArenaMark mark = arena_mark(step);
    size_t params = params_count(set);
    SafetensorsEntry *e = arena_zero(step, params * sizeof *e);
    for (size_t i = 0; i < params; i++) {
        const Tensor *ema = optim_ema(o, i);
        Tensor *half = tensor_new(step, TYPE_BF16, ema->rank, ema->shape);
        convert_row(half->data, TYPE_BF16, ema->data, TYPE_F32, tensor_count(ema));
        e[i] = (SafetensorsEntry){ params_at(set, i)->name, *half };
    }
    Meta m = run_meta(kind, run, facts, false, step);
    char *path = arena_printf(step, "%s/%s", dir, kind->file);
    SoraStatus s = safetensors_write(path, e, params, m.pair, m.count);
    arena_rewind(step, mark);
    return err_while(s, "writing the model");
}
