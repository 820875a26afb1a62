/* Shots of sora.h: planned, made, written. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/clip.h"
#include "api/engine.h"
#include "api/version.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "pipeline/shot.h"
#include "pipeline/wan_generate.h"

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
                        .strength = 1,
                        .cfg_min = g.cfg_min,
                        .cfg_max = g.cfg_max,
                        .skip_scale = g.skip_scale,
                        .skip_start = g.skip_start,
                        .skip_end = g.skip_end,
                        .control_scale = g.control_scale };
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
    shot->cfg_min = g.cfg_min, shot->cfg_max = g.cfg_max;
    shot->skip_scale = g.skip_scale, shot->skip_start = g.skip_start, shot->skip_end = g.skip_end;
}

static SoraStatus on_step(void *self, size_t step, size_t steps, const Clip *preview)
{
    const SoraShot *shot = self;
    SoraClip lent = { 0 };
    if (preview) lent.clip = *preview;
    int stop = shot->progress(shot->progress_self, (int)step, (int)steps, preview ? &lent : NULL);
    return stop ? SORA_CANCELLED : SORA_OK;
}

static SoraStatus check_parts(const SoraShot *s)
{
    if (s->part_count && (s->source || s->given || s->mask))
        return err_set(SORA_E_ARGUMENT, "the shot has parts and a source: one of the two");
    for (size_t i = 0; i < s->part_count; i++) {
        const SoraPart *p = &s->part[i];
        const Clip *c = &p->clip->clip;
        if (c->height != (size_t)s->height || c->width != (size_t)s->width)
            return err_set(SORA_E_ARGUMENT, "a part of %zux%zu for a shot of %dx%d", c->width,
                           c->height, s->width, s->height);
        if (p->first < 0 || p->count < 1 || p->at < 0 || p->count > (int)c->frames - p->first ||
            p->count > s->frames - p->at)
            return err_set(SORA_E_ARGUMENT,
                           "a part of %d frames from %d of %zu at %d of a shot of %d", p->count,
                           p->first, c->frames, p->at, s->frames);
    }
    return SORA_OK;
}

static SoraStatus check_later(const SoraShot *s)
{
    for (size_t i = 0; i < s->later_count; i++) {
        const SoraPrompt *p = &s->later[i];
        if (!p->text) return err_set(SORA_E_ARGUMENT, "a later prompt is missing");
        TRY(err_while(utf8_check(p->text, strlen(p->text)), "reading a later prompt"));
        if (!(p->from_s >= (i ? s->later[i - 1].from_s : 0)))
            return err_set(SORA_E_ARGUMENT, "later prompts are not in order of time");
    }
    return SORA_OK;
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
    if (s->sampler < SORA_EULER || s->sampler > SORA_DPMPP_2M_SDE)
        return err_set(SORA_E_ARGUMENT, "there is no sampler %d", (int)s->sampler);
    if ((s->given || s->mask) && !s->source)
        return err_set(SORA_E_ARGUMENT, "the shot says what is given, but has no source");
    if (!(s->strength >= 0 && s->strength <= 1))
        return err_set(SORA_E_ARGUMENT, "a strength of %g, it must be 0 to 1", s->strength);
    if (!(s->cfg_min >= 0 && s->cfg_max <= 1))
        return err_set(SORA_E_ARGUMENT, "guidance at noise levels %g to %g, they are 0 to 1",
                       s->cfg_min, s->cfg_max);
    if (s->keep < 0 || s->keep > SORA_KEEP_MOTION)
        return err_set(SORA_E_ARGUMENT, "there is nothing to keep of kind %d", s->keep);
    if (s->keep && !s->source)
        return err_set(SORA_E_ARGUMENT, "the shot keeps something of its source, but has none");
    if (s->drop < 0 || s->drop >= s->frames)
        return err_set(SORA_E_ARGUMENT, "%d of %d frames are to be left out", s->drop, s->frames);
    TRY(check_later(s));
    TRY(check_parts(s));
    const Clip *c = s->source ? &s->source->clip : NULL;
    if (c && (c->frames != (size_t)s->frames || c->height != (size_t)s->height ||
              c->width != (size_t)s->width))
        return err_set(SORA_E_ARGUMENT,
                       "a source of %zu frames of %zux%zu for a shot of %d of %dx%d", c->frames,
                       c->width, c->height, s->frames, s->width, s->height);
    return SORA_OK;
}

/* What the model is told; `before` of the prompt it takes over from. */
static SoraStatus tell(SoraEngine *e, const SoraShot *s, const char *before, const char *prompt,
                       Arena *a, Told *told)
{
    *told = (Told){ .text = prompt };
    if (s->verbatim || e->bundle.wan) return SORA_OK;
    TRY(engine_words(e));
    return prompt_told(e->words, before, prompt, a, told);
}

static uint64_t room_of(const SoraShot *s)
{
    return s->memory ? s->memory : memory_available();
}

/* Of that, what the model may take. */
static size_t room_of_model(const SoraShot *s)
{
    uint64_t room = room_of(s);
    return room > s->besides ? (size_t)(room - s->besides) : 1;
}

/* `told`: in place of the shot's prompt. */
static SoraStatus options_of(SoraEngine *e, SoraShot *s, const Told *told, Arena *a,
                             GenerateOptions *out)
{
    GenerateOptions g = generate_options_default();
    const Clip **reference = arena_alloc(a, (s->reference_count + 1) * sizeof *reference);
    for (size_t i = 0; i < s->reference_count; i++) reference[i] = &s->references[i]->clip;
    g.references = reference;
    g.reference_count = s->reference_count;
    g.control_scale = s->control_scale;
    g.skip_layers = s->skip_layers;
    g.skip_layer_count = s->skip_layer_count;
    g.skip_scale = s->skip_scale, g.skip_start = s->skip_start, g.skip_end = s->skip_end;
    g.cfg_min = s->cfg_min, g.cfg_max = s->cfg_max;
    g.prompt = told->text;
    if (!s->source && !s->part_count) g.mirrored = told->mirrored;
    GeneratePrompt *later = arena_alloc(a, (s->later_count + 1) * sizeof *later);
    for (size_t i = 0; i < s->later_count; i++) {
        Told next;
        TRY(tell(e, s, i ? later[i - 1].text : g.prompt, s->later[i].text, a, &next));
        later[i] = (GeneratePrompt){ s->later[i].from_s, next.text };
    }
    g.later = later;
    g.later_count = s->later_count;
    g.negative = s->negative;
    g.seed = s->seed;
    g.steps = (size_t)s->steps;
    g.cfg_scale = s->cfg_scale;
    g.shift = s->fast ? 1 : s->shift;
    g.sampler = (SamplerKind)s->sampler;
    g.fast = s->fast;
    g.keep = (KeepKind)s->keep;
    g.recolour = s->recolour;
    g.memory = room_of_model(s);
    g.cache = s->cache;
    g.precision = e->precision;
    g.latents_path = s->latents;
    if (s->progress) {
        g.progress = on_step;
        g.progress_self = s;
        g.wants_preview = s->wants_preview;
    }
    *out = g;
    if (!s->fast || generate_knows_fast(&e->bundle)) return SORA_OK;
    return err_set(
        SORA_E_UNSUPPORTED,
        "this model was not trained to take few large steps: use more, smaller steps, or "
        "one trained with sora train --shortcut");
}

void sora_shot_for_given(const SoraEngine *e, SoraShot *s)
{
    GenerateOptions g = generate_options_default();
    if (e->bundle.wan) return;
    generate_beside_given(&g);
    s->cfg_scale = g.cfg_scale;
    s->skip_scale = g.skip_scale;
}

SoraStatus sora_shot_fast(const SoraEngine *e, SoraShot *s)
{
    GenerateOptions few = generate_options_default();
    if (!generate_go_fast(&e->bundle, &few))
        return err_set(SORA_E_UNSUPPORTED, "Wan models take few steps with a LoRA that was made "
                                           "for it, not by a setting");
    s->steps = (int)few.steps;
    s->sampler = (int)few.sampler;
    s->shift = few.shift;
    s->fast = few.fast;
    s->cfg_scale = few.cfg_scale;
    return SORA_OK;
}

/* ---- what is given --------------------------------------------------------------------- */

/* Few frames of a long shot need not become a whole clip, unless the model reads it whole. */
static SoraStatus parts_whole(const SoraShot *s, Arena *a, Condition *c)
{
    Clip *whole = arena_alloc(a, sizeof *whole);
    uint8_t *given = arena_zero(a, (size_t)s->frames);
    TRY(clip_new(a, (size_t)s->frames, (size_t)s->height, (size_t)s->width, s->fps, whole));
    size_t bytes = whole->height * whole->width * 3;
    memset(whole->rgb, 0, whole->frames * bytes);
    for (size_t i = 0; i < s->part_count; i++) {
        const SoraPart *p = &s->part[i];
        memcpy(clip_frame(whole, (size_t)p->at), clip_frame(&p->clip->clip, (size_t)p->first),
               (size_t)p->count * bytes);
        memset(given + p->at, 1, (size_t)p->count);
    }
    *c = (Condition){ .source = whole, .given = given, .strength = 1 };
    return SORA_OK;
}

static void parts_few(const SoraShot *s, Arena *a, Condition *c)
{
    Clip *size = arena_alloc(a, sizeof *size);
    uint8_t *given = arena_zero(a, (size_t)s->frames);
    const uint8_t **frame = arena_zero(a, (size_t)s->frames * sizeof *frame);
    *size = (Clip){ (size_t)s->frames, (size_t)s->height, (size_t)s->width, s->fps, NULL };
    for (size_t i = 0; i < s->part_count; i++) {
        const SoraPart *p = &s->part[i];
        for (int f = 0; f < p->count; f++) {
            frame[p->at + f] = clip_frame(&p->clip->clip, (size_t)(p->first + f));
            given[p->at + f] = 1;
        }
    }
    *c = (Condition){ .source = size, .frame = frame, .given = given, .strength = 1 };
}

static SoraStatus condition_of(const SoraEngine *e, const SoraShot *s, Arena *a, Condition *out)
{
    *out = (Condition){ .source = s->source ? &s->source->clip : NULL,
                        .given = s->given,
                        .mask = s->mask,
                        .strength = s->strength };
    if (!s->part_count) return SORA_OK;
    if (e->bundle.wan) return parts_whole(s, a, out);
    parts_few(s, a, out);
    return SORA_OK;
}

/* ---- plans ----------------------------------------------------------------------------- */

/* A Wan model is asked before any work for what it cannot do. */
static SoraStatus check_wan(const SoraEngine *e, const SoraShot *s)
{
    WanAsk ask = { .mask = s->mask != NULL,
                   .keep = s->keep != 0,
                   .later = s->later_count > 0,
                   .starts = s->source && !s->given && !s->mask && s->strength < 1 };
    for (int f = 0; f < s->frames; f++) {
        bool given = s->given && s->given[f];
        for (size_t i = 0; i < s->part_count && !given; i++)
            given = f >= s->part[i].at && f < s->part[i].at + s->part[i].count;
        if (!given) continue;
        if (f == 0)
            ask.first = true;
        else if (f + 1 == s->frames)
            ask.last = true;
        else
            ask.middle = true;
    }
    return wan_generate_check(e->bundle.wan, &ask);
}

static double skipped_share(const SoraShot *s)
{
    if (s->skip_scale == 0) return 0;
    return fmax(0, fmin(1, s->skip_end) - fmax(0, s->skip_start));
}

/* Copies their shot over the defaults, checks it, and plans it, as `told` says. Memory from `a`. */
static SoraStatus plan_shot(SoraEngine *e, const SoraShot *theirs, bool streamed, Arena *a,
                            SoraShot *shot, Plan *plan, Told *told)
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
                         .skipped = skipped_share(shot),
                         .given = shot->source || shot->part_count,
                         .streamed = streamed };
    if (e->bundle.wan) TRY(check_wan(e, shot));
    TRY(tell(e, shot, NULL, shot->prompt, a, told));
    if (!shot->later_count) want.camera = told->camera;
    uint64_t room = room_of(shot);
    want.memory = room_of_model(shot);
    TRY(plan_make(&e->bundle, e->compute, &want, plan));
    plan->bytes += shot->besides;
    if (plan->bytes <= room) return SORA_OK;
    return err_set(SORA_E_MEMORY, "this takes about %.0f MB of memory, %.0f MB are %s",
                   (double)plan->bytes / 1e6, (double)room / 1e6,
                   shot->memory ? "allowed" : "free");
}

SoraStatus sora_plan(SoraEngine *engine, const SoraShot *theirs, SoraPlan *out)
{
    SoraShot shot;
    Plan p;
    Told told;
    Arena *a = arena_new("plan", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a plan");
    SoraStatus s = plan_shot(engine, theirs, true, a, &shot, &p, &told);
    arena_free(a);
    TRY(s);
    *out = (SoraPlan){ .size = sizeof *out,
                       .frames = (int)p.frames,
                       .height = (int)p.height,
                       .width = (int)p.width,
                       .fps = p.fps,
                       .tokens = (int)p.tokens,
                       .bytes = p.bytes,
                       .seconds = p.seconds,
                       .retimed = p.retimed,
                       .resized = p.resized,
                       .rolled = p.rolled };
    snprintf(out->parts, sizeof out->parts, "%s", p.parts);
    return SORA_OK;
}

static bool wants_stop(void *self)
{
    const SoraShot *shot = self;
    return shot->stop(shot->stop_self) != 0;
}

static void watch(SoraEngine *e, SoraShot *s)
{
    pool_watch(e->pool, s->stop ? wants_stop : NULL, s);
}

/* ---- making ---------------------------------------------------------------------------- */

SoraStatus sora_generate(SoraEngine *engine, const SoraShot *theirs, SoraClip **out)
{
    SoraShot shot;
    Plan plan;
    GenerateOptions g;
    Condition given;
    Told told;
    SoraClip *c = NULL;
    Arena *a = arena_new("shot", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a shot");
    SoraStatus s = plan_shot(engine, theirs, false, a, &shot, &plan, &told);
    if (s == SORA_OK) s = options_of(engine, &shot, &told, a, &g);
    if (s == SORA_OK) s = condition_of(engine, &shot, a, &given);
    if (s == SORA_OK) s = clip_begin(&c);
    watch(engine, &shot);
    if (s == SORA_OK)
        s = shot_make(&engine->bundle, engine->compute, &plan, &given, &g, (size_t)shot.drop,
                      c->arena, &c->clip);
    s = pool_unwatch(engine->pool, s);
    arena_free(a);
    if (s == SORA_OK)
        *out = c;
    else
        sora_clip_free(c);
    return s;
}

/* ---- into a file ----------------------------------------------------------------------- */

static uint64_t hash_bytes(uint64_t h, const void *bytes, size_t count)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < count; i++) h = (h ^ b[i]) * 0x100000001b3;
    return h;
}

static uint64_t hash_condition(const Condition *c)
{
    uint64_t h = 0xcbf29ce484222325;
    if (!c->source) return h;
    size_t pixels = c->source->height * c->source->width;
    for (size_t f = 0; f < c->source->frames; f++) {
        const uint8_t *rgb = condition_frame(c, f);
        uint8_t kind = (uint8_t)((rgb != NULL) + 2 * (c->given && c->given[f]));
        h = hash_bytes(h, &kind, 1);
        if (rgb) h = hash_bytes(h, rgb, pixels * 3);
    }
    if (c->mask) h = hash_bytes(h, c->mask, c->source->frames * pixels);
    return h;
}

/* Everything that decides the bytes of the frames. */
static const char *key_of(const SoraEngine *e, const SoraShot *s, const Condition *c, Arena *a)
{
    const char *key = arena_printf(
        a, "%s | %llu | %d %dx%d %.17g %d | %d %.17g %.17g %d %d %d %.17g | %016llx | %s | %s",
        e->id, (unsigned long long)s->seed, s->frames, s->width, s->height, s->fps, s->drop,
        s->steps, s->cfg_scale, s->shift, (int)s->sampler, s->fast, s->keep, s->strength,
        (unsigned long long)hash_condition(c), s->prompt, s->negative ? s->negative : "");
    for (size_t i = 0; i < s->later_count; i++)
        key = arena_printf(a, "%s | %.17g %s", key, s->later[i].from_s, s->later[i].text);
    if (s->recolour) key = arena_printf(a, "%s | recoloured", key);
    for (size_t i = 0; i < s->skip_layer_count; i++)
        key = arena_printf(a, "%s | -%d", key, s->skip_layers[i]);
    return arena_printf(a, "%s | %.17g %.17g | %.17g %.17g %.17g%s", key, s->cfg_min, s->cfg_max,
                        s->skip_scale, s->skip_start, s->skip_end, s->verbatim ? " | =" : "");
}

typedef struct FileSink {
    Writer *writer;
    const Pool *pool; /* frames that came of loops which were stopped are not written */
    size_t frames;
} FileSink;

static SoraStatus write_one(void *self, size_t f, const uint8_t *rgb)
{
    const FileSink *s = self;
    TRY(pool_status(s->pool));
    return f < s->frames ? write_frame(s->writer, rgb) : SORA_OK;
}

/* A folder/ has its state beside it. */
static char *state_path(const char *path, Arena *a)
{
    char *own = arena_strdup(a, path);
    for (size_t n = strlen(own); n > 1 && own[n - 1] == '/'; n--) own[n - 1] = 0;
    return own;
}

static void forget(const char *path, Arena *a)
{
    remove(generate_state_roll(path, a));
    remove(generate_state_frames(path, a));
}

/* A shot that was not finished is not thrown away unasked. */
static SoraStatus check_state(const char *path, bool overwrite, Arena *a)
{
    const char *roll = generate_state_roll(path, a);
    if (overwrite || !file_exists(roll)) return SORA_OK;
    return err_set(SORA_E_IO,
                   "%s is of a shot that was not finished: go on with it, or allow it to "
                   "be overwritten",
                   roll);
}

static SoraStatus to_writer(SoraEngine *e, SoraShot *shot, const Plan *plan, const Condition *given,
                            const GenerateOptions *g, Writer *w, Arena *a)
{
    FileSink to = { w, e->pool, (size_t)(shot->frames - shot->drop) };
    watch(e, shot);
    SoraStatus s =
        shot_stream(&e->bundle, e->compute, plan, given, g, a, (FrameSink){ write_one, &to });
    s = pool_unwatch(e->pool, s);
    if (s == SORA_OK) return write_commit(w);
    write_abort(w);
    return s;
}

static SoraStatus generate_file(SoraEngine *e, const SoraShot *theirs, const char *path,
                                const SoraWriteOptions *o, bool resume, Arena *a)
{
    SoraShot shot;
    Plan plan;
    GenerateOptions g;
    Condition given;
    Told told;
    WriteOptions w;
    Writer *writer;
    TRY(plan_shot(e, theirs, true, a, &shot, &plan, &told));
    TRY(options_of(e, &shot, &told, a, &g));
    TRY(condition_of(e, &shot, a, &given));
    TRY(clip_write_options(o, &w));
    const char *beside = state_path(path, a);
    GenerateState state = { beside, key_of(e, &shot, &given, a), e->id, w.comment, resume };
    bool pipe = strcmp(path, "-") == 0;
    if (resume && pipe) return err_set(SORA_E_ARGUMENT, "what went through a pipe is gone");
    if (!pipe && (plan.rolled || e->bundle.wan || resume)) g.state = &state;
    if (g.state && !resume) TRY(check_state(beside, w.overwrite, a));
    if (resume && path[strlen(path) - 1] == '/') w.overwrite = true; /* its own pictures */
    w.height = plan.want.height, w.width = plan.want.width;
    w.fps = shot.frames > 1 ? shot.fps : 0;
    w.frames = (size_t)(shot.frames - shot.drop);
    TRY(write_open(path, &w, &writer));
    SoraStatus s = to_writer(e, &shot, &plan, &given, &g, writer, a);
    bool useful = s != SORA_OK && file_exists(generate_state_roll(beside, a));
    if (g.state && !useful) forget(beside, a);
    return s;
}

SoraStatus sora_generate_file(SoraEngine *engine, const SoraShot *shot, const char *path,
                              const SoraWriteOptions *o, int resume)
{
    Arena *a = arena_new("shot", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a shot");
    SoraStatus s = generate_file(engine, shot, path, o, resume != 0, a);
    arena_free(a);
    return s;
}

SoraStatus sora_resume_comment(const char *path, char *out, size_t room)
{
    Arena *a = arena_new("state", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a state");
    Safetensors st;
    const char *roll = generate_state_roll(state_path(path, a), a);
    SoraStatus s = SORA_OK;
    if (!file_exists(roll))
        s = err_set(SORA_E_IO,
                    "there is nothing to go on with: no %s (short videos are made in one piece: "
                    "begin anew)",
                    roll);
    if (s == SORA_OK) s = safetensors_open(roll, a, &st);
    if (s == SORA_OK) {
        const char *comment = safetensors_metadata(&st, "sora.comment");
        if (!comment || strlen(comment) >= room)
            s = err_set(SORA_E_FORMAT, "%s does not say how it was made", roll);
        else
            memcpy(out, comment, strlen(comment) + 1);
        safetensors_close(&st);
    }
    arena_free(a);
    return s;
}
