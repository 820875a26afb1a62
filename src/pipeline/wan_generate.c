#include "pipeline/wan_generate.h"

#include <string.h>

void wan_generate_default(const WanBundle *b, GenerateOptions *o)
{
    WanJob j = wan_job_default(b);
    o->frames = j.frames, o->height = j.height, o->width = j.width, o->fps = j.fps;
    o->steps = j.steps, o->shift = j.shift, o->sampler = j.sampler;
    o->cfg_scale = j.cfg_scale, o->cfg_min = j.cfg_min, o->cfg_max = j.cfg_max;
    o->skip_scale = 0, o->skip_start = j.skip_start, o->skip_end = j.skip_end;
}

static SoraStatus cannot(const WanBundle *b, const char *what, const char *who)
{
    return err_set(SORA_E_ARGUMENT, "%s (%s) cannot %s; %s can", b->parts.transformer,
                   wan_family_name(b->family), what, who);
}

SoraStatus wan_generate_check(const WanBundle *b, const WanAsk *ask)
{
    static const char *const own = "sora's own models", *const vace = "VACE models and sora's own";
    WanFamily f = b->family;
    bool ends = ask->first || ask->last, begins = f == WAN_I2V || f == WAN_I2V_2 || f == WAN_TI2V;
    if (ask->later) return cannot(b, "follow words that change along the way", own);
    if (ask->keep) return cannot(b, "keep the layout or motion of a video", own);
    if (f == WAN_VACE) return SORA_OK;
    if (ask->mask) return cannot(b, "keep part of a frame", vace);
    if (ask->middle)
        return cannot(b,
                      "be given frames between the first and the last (as extend, fill, join, loop "
                      "and recut do)",
                      vace);
    if (ask->last && !(f == WAN_FLF2V || f == WAN_I2V_2))
        return cannot(b, "be given a last frame",
                      "FLF2V and VACE models, Wan 2.2 I2V and sora's own");
    if (ask->first && !begins && f != WAN_FLF2V)
        return cannot(b, "begin with a given picture", "I2V, TI2V and VACE models and sora's own");
    if (ask->starts && f != WAN_T2V && f != WAN_TI2V)
        return cannot(b, "change a video", "T2V and VACE models and sora's own");
    if (f == WAN_FLF2V && !(ask->first && ask->last))
        return cannot(b, "do without a first and a last picture",
                      ends ? "I2V, TI2V and VACE models and sora's own"
                           : "T2V models and sora's own");
    if (!ends && !ask->starts && (f == WAN_I2V || f == WAN_I2V_2))
        return cannot(b, "do without a picture to begin with", "T2V models and sora's own");
    return SORA_OK;
}

/* ---- what is given -----------------------------------------------------------------------------
 */

static float to_float(uint8_t byte)
{
    return (float)byte / 127.5f - 1;
}

static const WanPicture *picture(const Clip *clip, size_t frame, Arena *a)
{
    size_t pixels = clip->height * clip->width;
    float *rgb = arena_alloc(a, 3 * pixels * sizeof *rgb);
    const uint8_t *from = clip_frame(clip, frame);
    for (size_t i = 0; i < 3 * pixels; i++) rgb[i % 3 * pixels + i / 3] = to_float(from[i]);
    WanPicture *p = arena_alloc(a, sizeof *p);
    *p = (WanPicture){ rgb, clip->height, clip->width };
    return p;
}

/* The source and where it is kept; frames beyond its end repeat the last. */
static const WanVideo *video(const Condition *c, size_t frames, Arena *a)
{
    const Clip *s = c->source;
    size_t pixels = s->height * s->width;
    float *rgb = arena_alloc(a, frames * pixels * 3 * sizeof *rgb);
    uint8_t *mask = c->given || c->mask ? arena_alloc(a, frames * pixels) : NULL;
    for (size_t f = 0; f < frames; f++) {
        size_t from = f < s->frames ? f : s->frames - 1;
        bool beyond = f >= s->frames, kept = c->given && c->given[from] && !beyond;
        const uint8_t *bytes = clip_frame(s, from);
        for (size_t i = 0; i < 3 * pixels; i++) rgb[f * pixels * 3 + i] = to_float(bytes[i]);
        for (size_t i = 0; mask && i < pixels; i++)
            mask[f * pixels + i] = !kept && (beyond || !c->mask || c->mask[from * pixels + i] != 0);
    }
    WanVideo *v = arena_alloc(a, sizeof *v);
    *v = (WanVideo){ rgb, mask };
    return v;
}

/* Frames that are given whole: only the ends can be told to these families. */
static SoraStatus give_ends(const WanBundle *b, const Condition *c, Arena *a, WanGiven *out)
{
    const Clip *s = c->source;
    if (c->mask)
        return err_set(SORA_E_ARGUMENT, "%s cannot keep part of a frame; VACE models can",
                       wan_family_name(b->family));
    for (size_t f = 0; c->given && f < s->frames; f++) {
        if (!c->given[f]) continue;
        if (f == 0)
            out->first = picture(s, f, a);
        else if (f + 1 == s->frames)
            out->last = picture(s, f, a);
        else
            return err_set(SORA_E_ARGUMENT,
                           "%s can be given a first and a last frame, not frame %zu of %zu; VACE "
                           "models can",
                           wan_family_name(b->family), f + 1, s->frames);
    }
    return SORA_OK;
}

static SoraStatus read_condition(const WanBundle *b, const Condition *c, size_t frames, Arena *a,
                                 WanJob *j)
{
    if (!c || !c->source) return SORA_OK;
    j->strength = c->strength;
    if (b->family == WAN_VACE) {
        j->given.video = video(c, frames, a);
        return SORA_OK;
    }
    TRY(give_ends(b, c, a, &j->given));
    bool starts = !j->given.first && !j->given.last && c->strength < 1;
    if (starts) j->given.video = video(c, frames, a);
    return SORA_OK;
}

static SoraStatus give_references(const WanBundle *b, const GenerateOptions *o, Arena *a, WanJob *j)
{
    if (!o->reference_count) return SORA_OK;
    if (b->family != WAN_VACE)
        return err_set(SORA_E_ARGUMENT, "%s reads no reference pictures; VACE models do",
                       wan_family_name(b->family));
    WanPicture *list = arena_alloc(a, o->reference_count * sizeof *list);
    for (size_t i = 0; i < o->reference_count; i++) list[i] = *picture(o->references[i], 0, a);
    j->given.references = list;
    j->given.reference_count = o->reference_count;
    return SORA_OK;
}

SoraStatus wan_generate_job(const WanBundle *b, const GenerateOptions *o, Arena *a, WanJob *out)
{
    static const int usual[] = { 7, 8, 9 }; /* stable-diffusion.cpp's */
    WanJob j = wan_job_default(b);
    double low = j.cfg_scale;
    j.prompt = o->prompt, j.negative = o->negative;
    j.frames = o->frames, j.height = o->height, j.width = o->width, j.fps = o->fps;
    j.steps = o->steps, j.shift = o->shift, j.seed = o->seed, j.sampler = o->sampler;
    bool dpmpp = o->sampler == SAMPLER_DPMPP_2M || o->sampler == SAMPLER_DPMPP_2M_SDE;
    /* the solver's own grid, as each original has it */
    j.grid = dpmpp ? GRID_DPMPP : GRID_UNIPC;
    j.cfg_scale = o->cfg_scale;
    if (o->cfg_scale != low) j.cfg_high = o->cfg_scale;
    j.cfg_min = o->cfg_min, j.cfg_max = o->cfg_max;
    j.precision = j.vae_precision = o->precision;
    const Condition *c = o->condition;
    if (c && c->source && (c->source->height != o->height || c->source->width != o->width))
        return err_set(SORA_E_ARGUMENT, "what is given is %zux%zu, the clip %zux%zu",
                       c->source->width, c->source->height, o->width, o->height);
    TRY(read_condition(b, c, patch_video_frames(patch_latent_frames(o->frames)), a, &j));
    TRY(give_references(b, o, a, &j));
    TRY(generate_skip_layers(o, usual, sizeof usual / sizeof *usual, b->config.layers, a,
                             &j.skip_layers));
    j.layers = b->config.layers;
    j.skip_scale = o->skip_scale, j.skip_start = o->skip_start, j.skip_end = o->skip_end;
    j.given.control_scale = (float)o->control_scale;
    j.cache_threshold = o->cache;
    *out = j;
    return SORA_OK;
}

/* ---- the clip
 * ------------------------------------------------------------------------------------ */

/* The original's bytes: cut, not rounded (Wan2.1 wan/utils/utils.py). */
static SoraStatus write_frame(void *self, size_t frame, const float *rgb)
{
    const Clip *clip = self;
    uint8_t *to = clip_frame(clip, frame);
    for (size_t i = 0; i < clip->height * clip->width * 3; i++)
        to[i] = (uint8_t)((rgb[i] + 1) / 2 * 255);
    return SORA_OK;
}

static SoraStatus after_step(void *self, size_t step, size_t steps)
{
    const GenerateOptions *o = self;
    return o->progress ? o->progress(o->progress_self, step, steps, NULL) : SORA_OK;
}

/* How one transformer is changed as it is opened. */
typedef struct Change {
    const WanBundle *b;
    const Compute *c;
    bool high, exact;
} Change;

static SoraStatus merge_lora(void *self, Weights *w, Arena *a)
{
    const Change *k = self;
    (void)a;
    return wan_bundle_merge(k->b, k->high, k->c, k->exact, w);
}

SoraStatus wan_generate_clip(const WanBundle *b, const Compute *c, const GenerateOptions *o,
                             Arena *a, Clip *out)
{
    WanJob j;
    WanPlan plan;
    float *z;
    TRY(clip_new(a, o->frames, o->height, o->width, o->frames > 1 ? o->fps : 0, out));
    ArenaMark mark = arena_mark(a);
    TRY(wan_generate_job(b, o, a, &j));
    TRY(wan_plan_make(b, c, &j, o->memory, &plan));
    wan_plan_apply(&plan, &j);
    Change low = { b, c, false, o->precision == GEMM_F32 }, high = low;
    high.high = true;
    if (b->lora_count) j.change = merge_lora;
    j.change_self[WAN_LOW] = &low;
    j.change_self[WAN_HIGH] = &high;
    j.latents_path = o->latents_path;
    const GenerateState *state = o->state;
    if (state)
        j.resume = (WanResume){ generate_state_roll(state->path, a), state->engine, state->comment,
                                state->resume };
    j.progress = after_step;
    j.progress_self = (void *)o;
    TRY(wan_sample(b, c, &j, a, &z));
    TRY(wan_decode(b, c, &j, z, write_frame, out));
    arena_rewind(a, mark);
    return SORA_OK;
}
