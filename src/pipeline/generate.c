#include "pipeline/generate.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "diffusion/guidance.h"
#include "pipeline/wan_generate.h"

GenerateOptions generate_options_default(void)
{
    return (GenerateOptions){ .prompt = "",
                              .seed = 1,
                              .frames = 25,
                              .height = 64,
                              .width = 64,
                              .fps = 24,
                              .steps = 30,
                              .cfg_scale = 2.5,
                              .cfg_min = 0.1,
                              .cfg_max = 0.95,
                              .shift = 1,
                              .sampler = SAMPLER_DPMPP_2M,
                              .precision = GEMM_BF16 };
}

/* The past of a rolling window is shown with a little noise, as the network was trained to see
 * frames at levels of their own; so errors of one frame are not taken for truth in the next. */
static const float PAST_SIGMA = 0.04f;

enum { DRAW_PAST = 0x70617374 };

/* One clip on its way. */
typedef struct Run {
    const Bundle *b;
    const Compute *c;
    const GenerateOptions *o;
    PatchGrid grid;
    size_t window, past; /* latent frames seen at once; of those, done ones while it rolls */
    DitLayout *layout;   /* of the window */
    ConditionTokens given;
    Arena *a, *step;
} Run;

/* The network under the prompts of one kind. */
typedef struct Prompted {
    const Run *run;
    TextStates *text; /* [later_count + 1], or [1] that holds throughout */
    size_t count;
} Prompted;

static size_t frame_tokens(const Run *r)
{
    return r->grid.height * r->grid.width;
}

/* ---- what the network sees ------------------------------------------------------------- */

/* The window's first frame: `past` before the first that is not clean. */
static size_t window_start(const Run *r, const double *sigma)
{
    size_t first = 0;
    while (first < r->grid.frames && sigma[first] <= 0) first++;
    first -= size_min(first, r->past);
    return size_min(first, r->grid.frames - r->window);
}

/* The prompt of the frame in the middle of those that are under way. */
static const TextStates *text_now(const Prompted *p, size_t start)
{
    const GenerateOptions *o = p->run->o;
    size_t middle = start + (p->run->past + p->run->window) / 2, k = 0;
    double now = (double)(middle * PATCH_FRAMES) / o->fps;
    while (k + 1 < p->count && o->later[k].from_s <= now) k++;
    return &p->text[k];
}

/* What one latent frame of the window is: its place in the clip, and how clean it is. */
typedef struct Seen {
    size_t frame;
    float sigma;
    bool past;   /* made in this run and done: shown with a little noise */
    bool anchor; /* the window's first: stands for the last of its four frames alone */
} Seen;

static Seen see(const Run *r, size_t start, size_t f, const double *sigma)
{
    size_t frame = start + f;
    bool past = r->window < r->grid.frames && sigma[frame] <= 0 && !r->given.frame[frame];
    return (Seen){ frame, past ? PAST_SIGMA : (float)sigma[frame], past, f == 0 && start > 0 };
}

static void see_token(const Run *r, const Seen *s, size_t at, const float *z, float *token,
                      uint8_t *given)
{
    size_t values = r->b->config.out_values, one = values / PATCH_FRAMES;
    size_t i = s->frame * frame_tokens(r) + at;
    memcpy(token, z + i * values, values * sizeof *z);
    memcpy(given, r->given.given + i * PATCH_FRAMES, PATCH_FRAMES);
    if (s->anchor)
        for (size_t k = 0; k < PATCH_FRAMES; k++) {
            memcpy(token + k * one, z + (i + 1) * values - one, one * sizeof *z);
            given[k] = given[PATCH_FRAMES - 1];
        }
    if (s->past) {
        uint64_t seed = rng_split(r->o->seed, DRAW_PAST);
        for (size_t j = 0; j < values; j++) {
            float noise = (float)rng_normal(seed, i * values + j);
            if (!given[j / one]) token[j] += s->sigma * (noise - token[j]);
        }
    }
    for (size_t k = 0; k < PATCH_FRAMES; k++) token[values + k] = given[k];
}

/* Rows of conditioning: one a latent frame, and a last one, level 0, for what is given whole. */
static void fill_input(const Run *r, size_t start, const float *z, const double *sigma,
                       const double *timestep, DitInput *in, float *row, uint32_t *token_row)
{
    size_t per = frame_tokens(r), width = r->b->config.in_values;
    row[r->window] = 0;
    for (size_t f = 0; f < r->window; f++) {
        Seen s = see(r, start, f, sigma);
        row[f] = s.past ? 1000 * PAST_SIGMA : (float)timestep[s.frame];
        for (size_t i = 0; i < per; i++) {
            uint8_t given[PATCH_FRAMES];
            size_t n = f * per + i;
            see_token(r, &s, i, z, (float *)in->tokens->data + n * width, given);
            bool whole = !memchr(given, 0, PATCH_FRAMES);
            token_row[n] = (uint32_t)(whole ? r->window : f);
        }
    }
}

/* Velocities of the window's frames; the others stand still. */
static void put_velocity(const Run *r, size_t start, const float *z, const float *x,
                         const double *sigma, float *v)
{
    const DitConfig *config = &r->b->config;
    size_t per = frame_tokens(r) * config->out_values;
    memset(v, 0, r->grid.frames * per * sizeof *v);
    for (size_t f = start; f < start + r->window; f++) {
        float scale = 1 / fmaxf((float)sigma[f], 0.05f); /* the clamp of training */
        const float *made = x + (f - start) * per;
        for (size_t j = 0; j < per; j++)
            v[f * per + j] = config->predicts_clean ? (z[f * per + j] - made[j]) * scale : made[j];
    }
}

static SoraStatus predict(void *self, const float *z, const double *sigma, const double *timestep,
                          float *v)
{
    const Prompted *p = self;
    const Run *r = p->run;
    size_t rows = r->window + 1, tokens = r->layout->tokens, start = window_start(r, sigma);
    const TextStates *text = text_now(p, start);
    ArenaMark mark = arena_mark(r->step);
    float *row = arena_alloc(r->step, rows * sizeof *row);
    uint32_t *token_row = arena_alloc(r->step, tokens * sizeof *token_row);
    DitInput in = { .layout = r->layout,
                    .tokens = tensor_new_2d(r->step, TYPE_F32, tokens, r->b->config.in_values),
                    .rows = rows,
                    .timestep = row,
                    .row_sequence = arena_zero(r->step, rows * sizeof(uint32_t)),
                    .token_row = token_row,
                    .text = text->states,
                    .text_start = text->start,
                    .pooled = text->pooled };
    fill_input(r, start, z, sigma, timestep, &in, row, token_row);
    Tape *tape = tape_new(r->step, r->c, r->o->precision, false);
    put_velocity(r, start, z, dit_forward(r->b->dit, tape, &in)->data, sigma, v);
    arena_rewind(r->step, mark);
    return SORA_OK;
}

static SoraStatus new_prompted(const Run *r, const char *prompt, bool alone, Prompted *out,
                               Denoiser *d)
{
    const GenerateOptions *o = r->o;
    *out = (Prompted){ r, NULL, alone ? 1 : o->later_count + 1 };
    out->text = arena_alloc(r->a, out->count * sizeof *out->text);
    *d = (Denoiser){ predict, out };
    for (size_t k = 0; k < out->count; k++) {
        const char *list[1] = { k ? o->later[k - 1].text : prompt };
        TRY(text_encode(r->b->text, r->c, list, 1, r->step, r->a, &out->text[k]));
    }
    return SORA_OK;
}

/* ---- the run --------------------------------------------------------------------------- */

/* Given frames of a token are clean whatever the sampler made of them. */
static void put_given(const Run *r, float *z)
{
    size_t values = r->b->config.out_values, frame = values / PATCH_FRAMES;
    for (size_t i = 0; i < r->layout->tokens; i++)
        for (size_t k = 0; k < PATCH_FRAMES; k++)
            if (r->given.given[i * PATCH_FRAMES + k]) {
                size_t at = i * values + k * frame;
                memcpy(z + at, r->given.clean + at, frame * sizeof *z);
            }
}

static void unpack(const Run *r, const float *z, Clip *out)
{
    patch_unpack(z, out->frames, out->height, out->width, r->b->config.patch, out->rgb);
}

static SoraStatus after_step(void *self, size_t step, size_t steps, float *z)
{
    const Run *r = self;
    put_given(r, z);
    if (!r->o->progress) return SORA_OK;
    Clip preview = { 0 };
    ArenaMark mark = arena_mark(r->step);
    if (r->o->wants_preview) {
        TRY(clip_new(r->step, r->o->frames, r->o->height, r->o->width, r->o->fps, &preview));
        unpack(r, z, &preview);
    }
    SoraStatus s = r->o->progress(r->o->progress_self, step, steps, preview.rgb ? &preview : NULL);
    arena_rewind(r->step, mark);
    return s;
}

/* Frames that are given take no step; the others start where the strength says. */
static SoraStatus make_schedule(const Run *r, Schedule *s)
{
    const GenerateOptions *o = r->o;
    const Condition *c = o->condition;
    bool rolls = r->window < r->grid.frames || o->later_count;
    if (rolls)
        TRY(schedule_rolling(o->steps, o->shift, r->grid.frames, r->window - r->past,
                             r->given.frame, r->a, s));
    else
        TRY(schedule_grid(GRID_LINEAR, o->steps, o->shift, r->grid.frames, r->a, s));
    for (size_t f = 0; f < r->grid.frames; f++) {
        if (r->given.frame[f])
            schedule_hold(s, f, 0);
        else if (c && c->source && c->strength < 1)
            schedule_start(s, f, c->strength);
    }
    return SORA_OK;
}

/* z = (1 - sigma) x + sigma e at the schedule's first level. */
static float *start(const Run *r, const Schedule *s)
{
    size_t frame = r->grid.height * r->grid.width * r->b->config.out_values;
    float *z = arena_alloc(r->a, r->grid.frames * frame * sizeof *z);
    rng_fill_normal(z, 0, r->grid.frames * frame, r->o->seed);
    for (size_t f = 0; f < r->grid.frames; f++) {
        float sigma = (float)s->sigma[f];
        for (size_t i = f * frame; i < (f + 1) * frame; i++)
            z[i] = (1 - sigma) * r->given.clean[i] + sigma * z[i];
    }
    put_given(r, z);
    return z;
}

static SoraStatus check(const Bundle *b, const GenerateOptions *o)
{
    if (!b->config.patch)
        return err_set(SORA_E_UNSUPPORTED, "this model makes latents; it needs its VAE");
    if (o->frames < 1 || o->frames > CLIP_FRAMES_MAX)
        return err_set(SORA_E_ARGUMENT, "%zu frames: expected 1 to %d", o->frames, CLIP_FRAMES_MAX);
    if (!(o->fps > 0 && o->fps <= 240))
        return err_set(SORA_E_ARGUMENT, "%g frames a second: expected 1 to 240", o->fps);
    return SORA_OK;
}

static SoraStatus sample(Run *r, Clip *out)
{
    const GenerateOptions *o = r->o;
    Schedule s;
    Prompted cond, uncond;
    Denoiser with, without;
    TRY(condition_tokens(o->condition, r->grid, r->b->config.patch, r->a, &r->given));
    TRY(make_schedule(r, &s));
    TRY(new_prompted(r, o->prompt, false, &cond, &with));
    LatentShape shape = { 1, r->grid.frames,
                          r->grid.height * r->grid.width * r->b->config.out_values };
    if (o->cfg_scale != 1) {
        TRY(new_prompted(r, o->negative ? o->negative : "", true, &uncond, &without));
        with = guidance_cfg(r->a, with, without, o->cfg_scale, o->cfg_min, o->cfg_max, shape);
    }
    float *z = start(r, &s);
    StepHook hook = { after_step, r };
    TRY(sampler_run(o->sampler, with, &s, shape, z, r->a, &hook));
    unpack(r, z, out);
    condition_restore(o->condition, out);
    return SORA_OK;
}

/* A window that rolls keeps about a quarter of itself as past, at least the frame it starts from. */
static void set_window(Run *r)
{
    const GenerateOptions *o = r->o;
    r->window = o->window ? size_min(o->window, r->grid.frames) : r->grid.frames;
    if (r->window < r->grid.frames)
        r->past = r->window > 1 ? size_max(1, (r->window + 1) / 4) : 0;
}

SoraStatus generate_clip(const Bundle *b, const Compute *c, const GenerateOptions *o, Arena *a,
                         Clip *out)
{
    if (b->wan) return wan_generate_clip(b->wan, c, o, a, out);
    TRY(check(b, o));
    TRY(clip_new(a, o->frames, o->height, o->width, o->frames > 1 ? o->fps : 0, out));
    ArenaMark mark = arena_mark(a);
    PatchGrid grid = patch_grid(o->frames, o->height, o->width, b->config.patch);
    Run r = { .b = b, .c = c, .o = o, .grid = grid, .a = a };
    set_window(&r);
    PatchGrid seen = { r.window, grid.height, grid.width };
    DitSequence sequence = { seen, o->frames > 1 ? PATCH_FRAMES / (float)o->fps : 0 };
    r.layout = dit_layout(&b->config, &sequence, 1, a);
    r.step = arena_new("step", 0);
    if (!r.step) return err_set(SORA_E_MEMORY, "no memory for a step");
    SoraStatus s = sample(&r, out);
    arena_free(r.step);
    arena_rewind(a, mark);
    return s;
}
