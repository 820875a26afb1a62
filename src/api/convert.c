#include "sora.h"

#include <string.h>

#include "api/version.h"
#include "model/repack.h"
#include "tensor/quant.h"

void sora_convert_options_init(SoraConvertOptions *o)
{
    *o = (SoraConvertOptions){ .size = sizeof *o };
}

/* One conversion and all that it holds. */
typedef struct Convert {
    SoraConvertOptions o;
    const char *from, *to;
    Arena *a;
    Pool *pool;
    Compute *compute;
    Weights *weights;
    Lora *lora;
} Convert;

static int on_progress(void *self, size_t done, size_t total)
{
    const Convert *c = self;
    return c->o.progress ? c->o.progress(c->o.progress_self, (double)done, (double)total) : 0;
}

static void tell(const Convert *c, const char *line)
{
    if (c->o.log) c->o.log(c->o.log_self, line);
}

static SoraStatus open_loras(Convert *c)
{
    LoraReport report;
    LoraSpec *spec = arena_zero(c->a, (c->o.lora_count + 1) * sizeof *spec);
    if (!c->o.lora_count) return SORA_OK;
    for (size_t i = 0; i < c->o.lora_count; i++) {
        TRY(lora_parse(c->o.lora[i], c->a, &spec[i]));
        spec[i].second = c->o.second_expert != 0;
    }
    TRY(lora_open(spec, c->o.lora_count, c->weights, &c->lora, &report));
    for (size_t i = 0; i < report.unmatched; i++)
        tell(c, arena_printf(c->a, "the model has no %s, which a LoRA changes: left out",
                             report.unmatched_name[i]));
    return SORA_OK;
}

static SoraStatus run(Convert *c)
{
    RepackReport report;
    RepackOptions o = { .typed = c->o.type != NULL, .progress = on_progress, .self = c };
    if (c->o.type && !quant_type_named(c->o.type, &o.type))
        return err_set(SORA_E_ARGUMENT, "there is no type %s", c->o.type);
    if (!c->o.overwrite && file_exists(c->to)) return err_set(SORA_E_ARGUMENT, "%s exists", c->to);
    TRY(pool_new(c->o.threads, &c->pool));
    TRY(compute_new(c->pool, c->o.cpu, &c->compute));
    TRY(weights_open(c->from, c->a, &c->weights));
    TRY(open_loras(c));
    o.lora = c->lora;
    TRY(repack(c->weights, c->to, &o, c->compute, &report));
    tell(c, arena_printf(c->a, "%s: %zu tensors, %zu of them changed, %.1f MB", c->to,
                         report.tensors, report.changed, (double)report.bytes / 1e6));
    return SORA_OK;
}

SoraStatus sora_convert(const char *from, const char *to, const SoraConvertOptions *o)
{
    Convert c = { .from = from, .to = to };
    sora_convert_options_init(&c.o);
    if (!from || !to) return err_set(SORA_E_ARGUMENT, "a conversion needs two files");
    if (o) TRY(version_copy(&c.o, sizeof c.o, o, "SoraConvertOptions"));
    if (c.o.threads < 0 || c.o.threads > POOL_THREADS_MAX)
        return err_set(SORA_E_ARGUMENT, "%d threads, it must be 0 to %d", c.o.threads,
                       POOL_THREADS_MAX);
    c.a = arena_new("convert", 0);
    if (!c.a) return err_set(SORA_E_MEMORY, "no memory left");
    SoraStatus s = run(&c);
    lora_close(c.lora);
    weights_close(c.weights);
    compute_free(c.compute);
    pool_free(c.pool);
    arena_free(c.a);
    return s;
}
