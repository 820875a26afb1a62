#include <stdio.h>
#include <string.h>

#include "api/engine.h"
#include "api/version.h"
#include "base/file.h"
#include "config.h"
#include "model/bundle.h"

void sora_engine_options_init(SoraEngineOptions *o)
{
    *o = (SoraEngineOptions){ .size = sizeof *o };
}

static void tell(const SoraEngine *e)
{
    if (!e->options.log) return;
    char line[512];
    const DitConfig *d = &e->bundle.config;
    snprintf(line, sizeof line, "%s: %zu layers of width %zu, %d threads, %s", e->options.model,
             d->layers, d->width, pool_threads(e->pool), cpu_level_name(e->compute->level));
    e->options.log(e->options.log_self, line);
    if (e->compute->note) e->options.log(e->options.log_self, e->compute->note);
}

/* Names and shapes, and some of the numbers of every megabyte: enough to tell models apart, and
 * quick where they are large. */
static uint64_t hash_model(Slice file)
{
    enum { EVERY = 1 << 20, PART = 1 << 14 };
    uint64_t h = 0xcbf29ce484222325 ^ file.size;
    for (size_t at = 0; at < file.size; at += EVERY)
        for (size_t i = at; i < file.size && i < at + PART; i++)
            h = (h ^ file.bytes[i]) * 0x100000001b3;
    return h;
}

const char *sora_engine_id(const SoraEngine *engine)
{
    return engine->id;
}

static SoraStatus add_loras(SoraEngine *e)
{
    const SoraEngineOptions *o = &e->options;
    if (!o->lora_count) return SORA_OK;
    LoraSpec *spec = arena_zero(e->arena, o->lora_count * sizeof *spec);
    for (size_t i = 0; i < o->lora_count; i++) TRY(lora_parse(o->lora[i], e->arena, &spec[i]));
    if (!e->bundle.wan)
        return bundle_lora(&e->bundle, spec, o->lora_count, e->compute, o->log, o->log_self);
    return wan_bundle_lora(e->bundle.wan, spec, o->lora_count, e->arena, o->log, o->log_self);
}

/* Parts named one by one make it a Wan model. */
static SoraStatus open_bundle(SoraEngine *e)
{
    const SoraEngineOptions *o = &e->options;
    WanParts parts = {
        .vae = o->vae, .clip = o->clip_image, .high = o->high_noise, .text = o->text_encoder
    };
    if (o->vae || o->clip_image || o->high_noise)
        return bundle_open_wan(o->model, &parts, &e->bundle);
    return bundle_open(o->model, o->text_encoder, o->home, e->compute, &e->bundle);
}

static SoraStatus open_upscaler(SoraEngine *e)
{
    if (e->bundle.wan) return SORA_OK;
    TRY(upscale_open_beside(e->options.model, &e->upscaler));
    e->bundle.upscale = e->upscaler.upscale;
    return SORA_OK;
}

static SoraStatus read_precision(SoraEngine *e)
{
    static const char *const known[] = { "bf16", "f32", "int8" };
    static const GemmPrecision precision[] = { GEMM_BF16, GEMM_F32, GEMM_BF16 };
    const char *name = e->options.precision ? e->options.precision : known[0];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i]) == 0) {
            e->precision = precision[i];
            e->compute->int8 = i == 2;
            return SORA_OK;
        }
    return err_set(SORA_E_ARGUMENT, "there is no precision \"%s\", it is bf16, f32 or int8", name);
}

static SoraStatus open_parts(SoraEngine *e)
{
    const SoraEngineOptions *o = &e->options;
    if (!o->model) return err_set(SORA_E_ARGUMENT, "the engine's options name no model");
    if (o->threads < 0 || o->threads > POOL_THREADS_MAX)
        return err_set(SORA_E_ARGUMENT, "%d threads, it must be 0 to %d", o->threads,
                       POOL_THREADS_MAX);
    TRY(pool_new(o->threads, &e->pool));
    TRY(compute_new(e->pool, o->cpu, &e->compute));
    TRY(read_precision(e));
    TRY(open_bundle(e));
    TRY(add_loras(e));
    TRY(open_upscaler(e));
    uint64_t model = hash_model(e->bundle.file.map);
    if (e->bundle.wan) TRY(wan_bundle_hash(e->bundle.wan, &model));
    e->id = arena_printf(e->arena, "sora %s %s %016llx", SORA_VERSION,
                         cpu_level_name(e->compute->level), (unsigned long long)model);
    if (e->bundle.layout)
        e->id = arena_printf(e->arena, "%s + layouts %016llx", e->id,
                             (unsigned long long)hash_model(e->bundle.layout->file.map));
    for (size_t i = 0; i < o->lora_count; i++)
        e->id = arena_printf(e->arena, "%s + %s", e->id, o->lora[i]);
    if (o->precision && strcmp(o->precision, "bf16") != 0)
        e->id = arena_printf(e->arena, "%s + %s", e->id, o->precision);
    if (e->bundle.upscale)
        e->id = arena_printf(e->arena, "%s + upscaler %016llx", e->id,
                             (unsigned long long)hash_model(e->upscaler.file.map));
    tell(e);
    return SORA_OK;
}

SoraStatus sora_engine_open(const SoraEngineOptions *o, SoraEngine **out)
{
    Arena *a = arena_new("engine", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for an engine");
    SoraEngine *e = arena_zero(a, sizeof *e);
    e->arena = a;
    sora_engine_options_init(&e->options);
    SoraStatus s = version_copy(&e->options, sizeof e->options, o, "SoraEngineOptions");
    if (s == SORA_OK) s = open_parts(e);
    if (s == SORA_OK)
        *out = e;
    else
        sora_engine_close(e);
    return s;
}

void sora_engine_close(SoraEngine *e)
{
    if (!e) return;
    upscale_close(&e->upscaler);
    bundle_close(&e->bundle);
    compute_free(e->compute);
    pool_free(e->pool);
    arena_free(e->arena);
}
