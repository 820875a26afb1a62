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

/* One clip on its way. */
typedef struct Run {
    const Bundle *b;
    const Compute *c;
    const GenerateOptions *o;
    PatchGrid grid;
    DitLayout *layout;
    ConditionTokens given;
    float *noise; /* [tokens, values]; what the run started from */
    Arena *a, *step;
} Run;

/* The network under one prompt. */
typedef struct Prompted {
    const Run *run;
    TextStates text;
} Prompted;

/* The last conditioning row is of tokens that are given whole; its level is 0. */
static void fill_rows(const Run *r, const double *timestep, float *row, uint32_t *token_row)
{
    size_t frames = r->grid.frames, per = r->grid.height * r->grid.width;
    for (size_t f = 0; f < frames; f++) row[f] = (float)timestep[f];
    row[frames] = 0;
    for (size_t i = 0; i < frames * per; i++) {
        bool whole = !memchr(r->given.given + i * PATCH_FRAMES, 0, PATCH_FRAMES);
        token_row[i] = (uint32_t)(whole ? frames : i / per);
    }
}

static void fill_tokens(const Run *r, const float *z, Tensor *tokens)
{
    size_t values = r->b->config.out_values, in = r->b->config.in_values;
    for (size_t i = 0; i < r->layout->tokens; i++) {
        float *token = (float *)tokens->data + i * in;
        memcpy(token, z + i * values, values * sizeof *z);
        for (size_t k = 0; k < PATCH_FRAMES; k++)
            token[values + k] = r->given.given[i * PATCH_FRAMES + k];
    }
}

static SoraStatus predict(void *self, const float *z, const double *sigma, const double *timestep,
                          float *v)
{
    const Prompted *p = self;
    const Run *r = p->run;
    const DitConfig *config = &r->b->config;
    size_t rows = r->grid.frames + 1, tokens = r->layout->tokens, values = config->out_values;
    size_t per = r->grid.height * r->grid.width;
    ArenaMark mark = arena_mark(r->step);
    float *row = arena_alloc(r->step, rows * sizeof *row);
    uint32_t *token_row = arena_alloc(r->step, tokens * sizeof *token_row);
    fill_rows(r, timestep, row, token_row);
    DitInput in = { .layout = r->layout,
                    .tokens = tensor_new_2d(r->step, TYPE_F32, tokens, config->in_values),
                    .rows = rows,
                    .timestep = row,
                    .row_sequence = arena_zero(r->step, rows * sizeof(uint32_t)),
                    .token_row = token_row,
                    .text = p->text.states,
                    .text_start = p->text.start,
                    .pooled = p->text.pooled };
    fill_tokens(r, z, in.tokens);
    Tape *tape = tape_new(r->step, r->c, r->o->precision, false);
    const float *x = dit_forward(r->b->dit, tape, &in)->data;
    for (size_t i = 0; i < tokens; i++) {
        float scale = 1 / fmaxf((float)sigma[i / per], 0.05f); /* the clamp of training */
        for (size_t j = i * values; j < (i + 1) * values; j++)
            v[j] = config->predicts_clean ? (z[j] - x[j]) * scale : x[j];
    }
    arena_rewind(r->step, mark);
    return SORA_OK;
}

static SoraStatus new_prompted(const Run *r, const char *prompt, Prompted *out, Denoiser *d)
{
    const char *list[1] = { prompt };
    out->run = r;
    *d = (Denoiser){ predict, out };
    return text_encode(r->b->text, r->c, list, 1, r->step, r->a, &out->text);
}

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
    const Condition *c = r->o->condition;
    TRY(schedule_grid(GRID_LINEAR, r->o->steps, r->o->shift, r->grid.frames, r->a, s));
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
    TRY(new_prompted(r, o->prompt, &cond, &with));
    LatentShape shape = { 1, r->grid.frames,
                          r->grid.height * r->grid.width * r->b->config.out_values };
    if (o->cfg_scale != 1) {
        TRY(new_prompted(r, o->negative ? o->negative : "", &uncond, &without));
        with = guidance_cfg(r->a, with, without, o->cfg_scale, o->cfg_min, o->cfg_max, shape);
    }
    float *z = start(r, &s);
    StepHook hook = { after_step, r };
    TRY(sampler_run(o->sampler, with, &s, shape, z, r->a, &hook));
    unpack(r, z, out);
    condition_restore(o->condition, out);
    return SORA_OK;
}

SoraStatus generate_clip(const Bundle *b, const Compute *c, const GenerateOptions *o, Arena *a,
                         Clip *out)
{
    if (b->wan) return wan_generate_clip(b->wan, c, o, a, out);
    TRY(check(b, o));
    TRY(clip_new(a, o->frames, o->height, o->width, o->frames > 1 ? o->fps : 0, out));
    ArenaMark mark = arena_mark(a);
    PatchGrid grid = patch_grid(o->frames, o->height, o->width, b->config.patch);
    DitSequence sequence = { grid, o->frames > 1 ? PATCH_FRAMES / (float)o->fps : 0 };
    Run r = { .b = b, .c = c, .o = o, .grid = grid, .a = a };
    r.layout = dit_layout(&b->config, &sequence, 1, a);
    r.step = arena_new("step", 0);
    if (!r.step) return err_set(SORA_E_MEMORY, "no memory for a step");
    SoraStatus s = sample(&r, out);
    arena_free(r.step);
    arena_rewind(a, mark);
    return s;
}
