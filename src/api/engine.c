#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/clip.h"
#include "api/version.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "config.h"
#include "model/bundle.h"
#include "pipeline/shot.h"
#include "pipeline/wan_generate.h"

struct SoraEngine {
    SoraEngineOptions options;
    Pool *pool;
    Compute *compute;
    Bundle bundle;
    Arena *arena; /* of the engine itself */
    UpscaleFile upscaler;
    const char *id;
};

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
    if (!e->bundle.wan)
        return err_set(SORA_E_UNSUPPORTED, "LoRA files change Wan models; %s is none", o->model);
    LoraSpec *spec = arena_zero(e->arena, o->lora_count * sizeof *spec);
    for (size_t i = 0; i < o->lora_count; i++) TRY(lora_parse(o->lora[i], e->arena, &spec[i]));
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

/* The second stage is upscale.safetensors beside the model; it need not be there. */
static SoraStatus open_upscaler(SoraEngine *e)
{
    struct stat st;
    const char *path = e->options.model, *slash = strrchr(path, '/');
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    if (e->bundle.wan) return SORA_OK;
    if (folder)
        path = arena_printf(e->arena, "%s/upscale.safetensors", path);
    else
        path = arena_printf(e->arena, "%.*supscale.safetensors", slash ? (int)(slash + 1 - path) : 0,
                            path);
    if (!file_exists(path)) return SORA_OK;
    TRY(upscale_open(path, &e->upscaler));
    e->bundle.upscale = e->upscaler.upscale;
    return SORA_OK;
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
    TRY(open_bundle(e));
    TRY(add_loras(e));
    TRY(open_upscaler(e));
    e->id = arena_printf(e->arena, "sora %s %s %016llx", SORA_VERSION,
                         cpu_level_name(e->compute->level),
                         (unsigned long long)hash_model(e->bundle.file.map));
    for (size_t i = 0; i < o->lora_count; i++)
        e->id = arena_printf(e->arena, "%s + %s", e->id, o->lora[i]);
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

/* ---- generating ---- */

void sora_shot_init(SoraShot *shot)
{
    GenerateOptions g = generate_options_default();
    *shot = (SoraShot){ .size = sizeof *shot,
                        .prompt = "",
                        .seed = g.seed,
                        .frames = (int)g.frames,
                        .height = (int)g.height,
                        .width = (int)g.width,
                        .fps = g.fps,
                        .steps = (int)g.steps,
                        .cfg_scale = g.cfg_scale,
                        .shift = g.shift,
                        .sampler = (SoraSampler)g.sampler,
                        .strength = 1 };
}

void sora_shot_init_for(const SoraEngine *e, SoraShot *shot)
{
    sora_shot_init(shot);
    GenerateOptions g = { 0 };
    if (!e->bundle.wan) {
        shot->frames = 48, shot->height = shot->width = 256;
        return;
    }
    wan_generate_default(e->bundle.wan, &g);
    shot->frames = (int)g.frames, shot->height = (int)g.height, shot->width = (int)g.width;
    shot->fps = g.fps;
    shot->steps = (int)g.steps;
    shot->cfg_scale = g.cfg_scale;
    shot->shift = g.shift;
    shot->sampler = (SoraSampler)g.sampler;
}

static SoraStatus on_step(void *self, size_t step, size_t steps, const Clip *preview)
{
    const SoraShot *shot = self;
    SoraClip lent = { 0 };
    if (preview) lent.clip = *preview;
    int stop = shot->progress(shot->progress_self, (int)step, (int)steps, preview ? &lent : NULL);
    return stop ? SORA_CANCELLED : SORA_OK;
}

static SoraStatus check_shot(const SoraShot *s)
{
    if (!s->prompt) return err_set(SORA_E_ARGUMENT, "the shot has no prompt");
    TRY(err_while(utf8_check(s->prompt, strlen(s->prompt)), "reading the prompt"));
    if (s->negative)
        TRY(err_while(utf8_check(s->negative, strlen(s->negative)), "reading the negative prompt"));
    if (s->frames < 1 || s->height < 1 || s->width < 1 || s->frames > CLIP_FRAMES_MAX ||
        s->height > CLIP_SIDE_MAX || s->width > CLIP_SIDE_MAX)
        return err_set(SORA_E_ARGUMENT, "a shot of %d frames of %dx%d", s->frames, s->width,
                       s->height);
    if (s->steps < 1) return err_set(SORA_E_ARGUMENT, "a shot of %d steps", s->steps);
    if (s->sampler < SORA_EULER || s->sampler > SORA_UNIPC)
        return err_set(SORA_E_ARGUMENT, "there is no sampler %d", (int)s->sampler);
    if ((s->given || s->mask) && !s->source)
        return err_set(SORA_E_ARGUMENT, "the shot says what is given, but has no source");
    if (!(s->strength >= 0 && s->strength <= 1))
        return err_set(SORA_E_ARGUMENT, "a strength of %g, it must be 0 to 1", s->strength);
    const Clip *c = s->source ? &s->source->clip : NULL;
    if (c && (c->frames != (size_t)s->frames || c->height != (size_t)s->height ||
              c->width != (size_t)s->width))
        return err_set(SORA_E_ARGUMENT, "a source of %zu frames of %zux%zu for a shot of %d of %dx%d",
                       c->frames, c->width, c->height, s->frames, s->width, s->height);
    return SORA_OK;
}

static GenerateOptions options_of(const SoraEngine *e, SoraShot *s)
{
    GenerateOptions g = generate_options_default();
    if (e->bundle.wan) wan_generate_default(e->bundle.wan, &g);
    g.prompt = s->prompt;
    g.negative = s->negative;
    g.seed = s->seed;
    g.steps = (size_t)s->steps;
    g.cfg_scale = s->cfg_scale;
    g.shift = s->shift;
    g.sampler = (SamplerKind)s->sampler;
    g.memory = s->memory ? s->memory : memory_available();
    g.cache = s->cache;
    g.latents_path = s->latents;
    if (s->progress) {
        g.progress = on_step;
        g.progress_self = s;
        g.wants_preview = s->wants_preview;
    }
    return g;
}

/* Copies their shot over the defaults, checks it, and plans it. */
static SoraStatus plan_shot(SoraEngine *e, const SoraShot *theirs, SoraShot *shot, Plan *plan)
{
    sora_shot_init(shot);
    TRY(version_copy(shot, sizeof *shot, theirs, "SoraShot"));
    TRY(check_shot(shot));
    PlanRequest want = { .frames = (size_t)shot->frames,
                         .height = (size_t)shot->height,
                         .width = (size_t)shot->width,
                         .fps = shot->fps,
                         .steps = (size_t)shot->steps,
                         .cfg_scale = shot->cfg_scale,
                         .given = shot->source != NULL };
    uint64_t room = shot->memory ? shot->memory : memory_available();
    want.memory = (size_t)room;
    TRY(plan_make(&e->bundle, e->compute, &want, plan));
    if (plan->bytes <= room) return SORA_OK;
    return err_set(SORA_E_MEMORY, "this takes about %.0f MB of memory, %.0f MB are %s",
                   (double)plan->bytes / 1e6, (double)room / 1e6,
                   shot->memory ? "allowed" : "free");
}

SoraStatus sora_plan(SoraEngine *engine, const SoraShot *theirs, SoraPlan *out)
{
    SoraShot shot;
    Plan p;
    TRY(plan_shot(engine, theirs, &shot, &p));
    *out = (SoraPlan){ .size = sizeof *out,
                       .frames = (int)p.frames,
                       .height = (int)p.height,
                       .width = (int)p.width,
                       .fps = p.fps,
                       .tokens = (int)p.tokens,
                       .bytes = p.bytes,
                       .seconds = p.seconds,
                       .retimed = p.retimed,
                       .resized = p.resized };
    return SORA_OK;
}

SoraStatus sora_generate(SoraEngine *engine, const SoraShot *theirs, SoraClip **out)
{
    SoraShot shot;
    Plan plan;
    TRY(plan_shot(engine, theirs, &shot, &plan));
    GenerateOptions g = options_of(engine, &shot);
    Condition given = { .source = shot.source ? &shot.source->clip : NULL,
                        .given = shot.given,
                        .mask = shot.mask,
                        .strength = shot.strength };
    SoraClip *c = NULL;
    TRY(clip_begin(&c));
    SoraStatus s = shot_make(&engine->bundle, engine->compute, &plan, &given, &g, c->arena, &c->clip);
    if (s == SORA_OK)
        *out = c;
    else
        sora_clip_free(c);
    return s;
}
