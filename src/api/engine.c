#include <stdio.h>

#include "api/clip.h"
#include "api/version.h"
#include "model/bundle.h"
#include "pipeline/generate.h"

struct SoraEngine {
    SoraEngineOptions options;
    Pool *pool;
    Compute *compute;
    Bundle bundle;
    Arena *arena; /* of the engine itself */
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
    TRY(bundle_open(o->model, o->text_encoder, NULL, e->compute, &e->bundle));
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
    if (s->frames < 1 || s->height < 1 || s->width < 1 || s->frames > CLIP_FRAMES_MAX ||
        s->height > CLIP_SIDE_MAX || s->width > CLIP_SIDE_MAX)
        return err_set(SORA_E_ARGUMENT, "a shot of %d frames of %dx%d", s->frames, s->width,
                       s->height);
    if (s->steps < 1) return err_set(SORA_E_ARGUMENT, "a shot of %d steps", s->steps);
    if (s->sampler < SORA_EULER || s->sampler > SORA_UNIPC)
        return err_set(SORA_E_ARGUMENT, "there is no sampler %d", (int)s->sampler);
    if (s->given && !s->source)
        return err_set(SORA_E_ARGUMENT, "the shot says which frames are given, but has no source");
    return SORA_OK;
}

static GenerateOptions options_of(const SoraShot *s)
{
    GenerateOptions g = generate_options_default();
    g.prompt = s->prompt;
    g.negative = s->negative;
    g.seed = s->seed;
    g.frames = (size_t)s->frames, g.height = (size_t)s->height, g.width = (size_t)s->width;
    g.fps = s->fps;
    g.steps = (size_t)s->steps;
    g.cfg_scale = s->cfg_scale;
    g.shift = s->shift;
    g.sampler = (SamplerKind)s->sampler;
    return g;
}

SoraStatus sora_generate(SoraEngine *engine, const SoraShot *theirs, SoraClip **out)
{
    SoraShot shot;
    sora_shot_init(&shot);
    TRY(version_copy(&shot, sizeof shot, theirs, "SoraShot"));
    TRY(check_shot(&shot));
    GenerateOptions g = options_of(&shot);
    Condition condition = { .given = shot.given, .strength = shot.strength };
    if (shot.source) {
        condition.source = &shot.source->clip;
        g.condition = &condition;
    }
    if (shot.progress) {
        g.progress = on_step;
        g.progress_self = &shot;
        g.wants_preview = shot.wants_preview;
    }
    SoraClip *c = NULL;
    TRY(clip_begin(&c));
    SoraStatus s = generate_clip(&engine->bundle, engine->compute, &g, c->arena, &c->clip);
    if (s == SORA_OK)
        *out = c;
    else
        sora_clip_free(c);
    return s;
}
