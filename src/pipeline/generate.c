#include "pipeline/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "diffusion/guidance.h"
#include "pipeline/generate_parts.h"
#include "pipeline/wan_generate.h"

/* Every other step is taken aside once the first frame is no noisier than this: the layout is
 * decided on the grid that was trained. The last one looks at both, as do so few that they cannot
 * take turns. */
static const double ASIDE_BELOW = 0.8;
/* What a shot that rolls has made is seen with so much noise, so that the network does not trust
 * every error in it and make it larger (diffusion forcing, arXiv 2407.01392, section 3.3). */
static const double PAST_NOISE = 0.1;
enum { FEW_STEPS = 10, DRAW_PAST = 0x70617374 };

GenerateOptions generate_options_default(void)
{
    return (GenerateOptions){ .prompt = "",
                              .seed = 1,
                              .frames = 25,
                              .height = 64,
                              .width = 64,
                              .fps = 24,
                              .steps = 30,
                              .cfg_scale = 4,
                              .cfg_min = 0.1,
                              .cfg_max = 0.95,
                              .shift = 1,
                              .sampler = SAMPLER_DPMPP_2M,
                              .skip_scale = 3,
                              .skip_end = 0.9,
                              .control_scale = 1,
                              .precision = GEMM_BF16 };
}

bool generate_knows_fast(const Bundle *b)
{
    const char *share = b->wan ? NULL : safetensors_metadata(&b->file, "sora.shortcut");
    return b->config.step_input && share && strtod(share, NULL) > 0;
}

void generate_beside_given(GenerateOptions *o)
{
    o->cfg_scale = 1.5;
    o->skip_scale = 0;
}

bool generate_go_fast(const Bundle *b, GenerateOptions *o)
{
    enum { FEW = 4 };
    if (b->wan) return false;
    o->steps = FEW;
    o->fast = generate_knows_fast(b);
    o->sampler = o->fast ? SAMPLER_EULER : SAMPLER_UNIPC;
    o->shift = o->fast ? 1 : 3;
    if (!o->fast) o->cfg_scale = 2.5;
    return true;
}

static size_t tokens_of(const Bundle *b, PatchGrid grid)
{
    DitSequence sequence = { grid, grid.frames > 1, 0 };
    return grid.frames * dit_frame_tokens(&b->config, &sequence);
}

double generate_tokens(const Bundle *b, PatchGrid grid, size_t steps, size_t *most)
{
    PatchGrid moved = { grid.frames, grid.height + 1, grid.width + 1 };
    double straight = (double)tokens_of(b, grid), aside = (double)tokens_of(b, moved);
    bool moves = generate_can_step_aside(b->config.patch, grid);
    *most = tokens_of(b, moves ? moved : grid);
    if (!moves) return straight;
    if (steps <= FEW_STEPS) return straight + ASIDE_BELOW * aside;
    return (1 - ASIDE_BELOW / 2) * straight + ASIDE_BELOW / 2 * aside;
}

SoraStatus generate_skip_layers(const GenerateOptions *o, const int *usual, size_t usual_count,
                                size_t layers, Arena *a, const bool **skip)
{
    const int middle = (int)(layers / 2), *list = o->skip_layers;
    size_t count = o->skip_layer_count;
    *skip = NULL;
    if (o->skip_scale == 0 || layers < 2) return SORA_OK;
    if (!count) {
        bool fits = usual_count && (size_t)usual[usual_count - 1] < layers;
        list = fits ? usual : &middle;
        count = fits ? usual_count : 1;
    }
    bool *out = arena_zero(a, layers * sizeof *out);
    for (size_t i = 0; i < count; i++) {
        if (list[i] < 0 || (size_t)list[i] >= layers)
            return err_set(SORA_E_ARGUMENT, "there is no layer %d to skip: the model has 0 to %zu",
                           list[i], layers - 1);
        out[list[i]] = true;
    }
    *skip = out;
    return SORA_OK;
}

/* ---- levels ---------------------------------------------------------------------------- */

static size_t step_of(const Run *r, size_t f, size_t i)
{
    size_t step = i < r->begin[f] ? 0 : i - r->begin[f];
    return r->held[f] ? r->one.steps : size_min(step, r->one.steps);
}

double generate_level(const Run *r, size_t f, size_t i)
{
    return fmin(r->one.sigma[step_of(r, f, i)], condition_start(r->o->condition, f));
}

/* What the network is told, which for levels of the schedule is what the grid says. */
static double timestep(const Run *r, size_t f, size_t i)
{
    size_t step = step_of(r, f, i);
    if (step == r->one.steps) return 0;
    double from = condition_start(r->o->condition, f);
    return r->one.sigma[step] > from ? 1000 * from : r->one.timestep[step];
}

/* Frames that are given take no step; the others start where the strength says. */
static SoraStatus make_levels(Run *r)
{
    const GenerateOptions *o = r->o;
    const Condition *c = o->condition;
    size_t frames = r->grid.frames;
    TRY(schedule_grid(GRID_LINEAR, o->steps, o->shift, 1, r->a, &r->one));
    r->begin = arena_zero(r->a, frames * sizeof *r->begin);
    r->held = arena_zero(r->a, frames * sizeof *r->held);
    for (size_t f = 0; f < frames; f++)
        r->held[f] = condition_holds(c, r->b->config.patch, f) || !(condition_start(c, f) > 0);
    r->total = o->steps;
    if (r->window < frames)
        r->total = schedule_begin(o->steps, frames, r->window - r->past, r->held, r->begin);
    return SORA_OK;
}

/* ---- the window ------------------------------------------------------------------------ */

/* Given frames of a token are clean whatever the sampler made of them. */
static void put_given(const Run *r, size_t first, size_t count)
{
    size_t one = r->values / PATCH_FRAMES;
    for (size_t i = first * r->per; i < (first + count) * r->per; i++)
        for (size_t k = 0; k < PATCH_FRAMES; k++)
            if (r->given[i * PATCH_FRAMES + k]) {
                size_t at = i * r->values + k * one;
                memcpy(r->z + at, r->clean + at, one * sizeof *r->z);
            }
}

void generate_give(const Run *r, size_t slot)
{
    const Condition *c = r->o->condition;
    size_t patch = r->b->config.patch, at = slot * r->per, f = r->base + slot;
    condition_latent(c, r->grid, patch, f, r->clean + at * r->values, r->given + at * PATCH_FRAMES);
    at += r->pixels;
    if (r->per > r->pixels)
        condition_motion(c, patch, f, r->o->fps, r->step, r->clean + at * r->values,
                         r->given + at * PATCH_FRAMES);
}

/* The frame of a slot as it begins: z = (1 - sigma) x + sigma e. */
static void load(const Run *r, size_t slot)
{
    size_t f = r->base + slot, count = r->per * r->values;
    float *z = r->z + slot * count;
    const float *clean = r->clean + slot * count;
    float sigma = (float)generate_level(r, f, r->step_number);
    generate_give(r, slot);
    rng_fill_normal(z, f * count, count, r->o->seed);
    for (size_t i = 0; i < count; i++) z[i] = (1 - sigma) * clean[i] + sigma * z[i];
    put_given(r, slot, 1);
}

size_t generate_window_start(const Run *r)
{
    return size_min(r->emitted - size_min(r->emitted, r->past), r->grid.frames - r->window);
}

static void load_window(Run *r)
{
    r->base = generate_window_start(r);
    for (size_t s = 0; s < r->window; s++) load(r, s);
}

static void slide(Run *r)
{
    size_t by = generate_window_start(r) - r->base, count = r->per * r->values;
    if (by >= r->window) {
        sampler_shift(r->sampler, r->window);
        load_window(r);
        return;
    }
    size_t stay = r->window - by;
    memmove(r->z, r->z + by * count, stay * count * sizeof *r->z);
    memmove(r->clean, r->clean + by * count, stay * count * sizeof *r->clean);
    memmove(r->given, r->given + by * r->per * PATCH_FRAMES, stay * r->per * PATCH_FRAMES);
    sampler_shift(r->sampler, by);
    r->base += by;
    for (size_t s = stay; s < r->window; s++) load(r, s);
}

/* ---- what is done ---------------------------------------------------------------------- */

size_t generate_frames(const Run *r, size_t latents)
{
    return latents ? size_min(patch_video_frames(latents), r->o->frames) : 0;
}

static SoraStatus emit(Run *r, uint8_t *rgb, FrameSink sink)
{
    const GenerateOptions *o = r->o;
    size_t f = r->emitted, first = generate_frames(r, f), count = generate_frames(r, f + 1) - first;
    size_t bytes = o->height * o->width * 3;
    if (!r->held[f])
        patch_unpack_latent(r->z + (f - r->base) * r->per * r->values, f == 0, count, o->height,
                            o->width, r->b->config.patch, rgb);
    for (size_t k = 0; k < count; k++) {
        uint8_t *frame = rgb + k * bytes;
        if (r->held[f]) memcpy(frame, condition_frame(o->condition, first + k), bytes);
        condition_restore(o->condition, first + k, frame);
        TRY(generate_state_frame(r, frame));
        TRY(sink.fn(sink.self, first + k, frame));
    }
    r->emitted++;
    return SORA_OK;
}

/* Frames leave in order, as soon as they are clean. */
static SoraStatus emit_all(Run *r, FrameSink sink)
{
    ArenaMark mark = arena_mark(r->step);
    uint8_t *rgb = arena_alloc(r->step, PATCH_FRAMES * r->o->height * r->o->width * 3);
    SoraStatus s = SORA_OK;
    while (s == SORA_OK && r->emitted < r->grid.frames &&
           generate_level(r, r->emitted, r->step_number) <= 0)
        s = emit(r, rgb, sink);
    arena_rewind(r->step, mark);
    return s;
}

/* ---- the run --------------------------------------------------------------------------- */

static SoraStatus tell(const Run *r, size_t step)
{
    const GenerateOptions *o = r->o;
    if (!o->progress) return SORA_OK;
    Clip preview = { 0 };
    ArenaMark mark = arena_mark(r->step);
    if (o->wants_preview) {
        bool all = r->window == r->grid.frames;
        size_t frames = all ? o->frames : patch_video_frames(r->window);
        TRY(clip_new(r->step, frames, o->height, o->width, o->fps, &preview));
        patch_unpack_clip(r->z, r->per * r->values, frames, o->height, o->width, r->b->config.patch,
                          preview.rgb);
    }
    SoraStatus s = o->progress(o->progress_self, step, r->total, preview.rgb ? &preview : NULL);
    arena_rewind(r->step, mark);
    return s;
}

static double *row_of(const Run *r, size_t i)
{
    double *row = arena_alloc(r->step, r->window * sizeof *row);
    for (size_t f = 0; f < r->window; f++) row[f] = generate_level(r, r->base + f, i);
    return row;
}

/* After a step: what an edit keeps of its source. */
static void keep(const Run *r, const double *sigma)
{
    if (!r->o->keep || !r->o->condition || !r->o->condition->source) return;
    KeepCall k = { .kind = r->o->keep,
                   .grid = { r->window, r->grid.height, r->grid.width },
                   .per = r->per,
                   .patch = r->b->config.patch,
                   .first = r->base * r->per,
                   .seed = r->o->seed,
                   .sigma = sigma,
                   .clean = r->clean,
                   .given = r->given };
    keep_low(&k, r->z);
}

/* Does the step go straight or aside by turns? */
static bool takes_turns(const Run *r, size_t i)
{
    return r->aside && generate_level(r, r->base, i) <= ASIDE_BELOW;
}

static Look look_of(const Run *r, size_t i)
{
    if (!takes_turns(r, i)) return LOOK_STRAIGHT;
    if (r->o->steps <= FEW_STEPS || i + 1 == r->total) return LOOK_BOTH;
    return i % 2 ? LOOK_ASIDE : LOOK_STRAIGHT;
}

/* Every other step, or of those that take turns at going aside every other pair. */
static bool in_mirror(const Run *r, size_t i)
{
    if (r->o->steps <= FEW_STEPS || !generate_can_mirror(r->o)) return false;
    return (takes_turns(r, i) ? i / 2 : i) % 2;
}

/* So many of the window's first frames are done, made or given. */
static size_t made_before(const Run *r)
{
    return r->window < r->grid.frames && r->emitted > r->base ? r->emitted - r->base : 0;
}

/* Noise over what is made, for one step; returns what was there. */
static float *noise_past(const Run *r, size_t count, double *const row[4], double *told)
{
    size_t values = r->per * r->values;
    uint64_t seed = rng_split(rng_split(r->o->seed, DRAW_PAST), r->step_number);
    float *noise = arena_alloc(r->step, values * sizeof *noise);
    float *clean = arena_alloc(r->step, count * values * sizeof *clean);
    memcpy(clean, r->z, count * values * sizeof *clean);
    for (size_t f = 0; f < count; f++) {
        if (r->held[r->base + f]) continue;
        float *z = r->z + f * values;
        rng_fill_normal(noise, (r->base + f) * values, values, seed);
        for (size_t i = 0; i < values; i++)
            z[i] = (float)(1 - PAST_NOISE) * z[i] + (float)PAST_NOISE * noise[i];
        for (size_t k = 0; k < 4; k++) row[k][f] = PAST_NOISE;
        told[f] = 1000 * PAST_NOISE;
    }
    return clean;
}

static SoraStatus step_once(Run *r, Denoiser d)
{
    size_t i = r->step_number;
    ArenaMark mark = arena_mark(r->step);
    double *told = arena_alloc(r->step, r->window * sizeof *told);
    bool moves = false;
    double *row[4] = { row_of(r, i > 1 ? i - 2 : 0), row_of(r, i > 0 ? i - 1 : 0), row_of(r, i),
                       row_of(r, i + 1) };
    SamplerStep s = { .sigma = { row[0], row[1], row[2], row[3] },
                      .timestep = told,
                      .number = i,
                      .count = r->total };
    for (size_t f = 0; f < r->window; f++) {
        told[f] = timestep(r, r->base + f, i);
        moves = moves || s.sigma[2][f] != s.sigma[3][f];
    }
    r->look = look_of(r, i);
    r->mirror = in_mirror(r, i);
    size_t made = made_before(r);
    float *clean = made ? noise_past(r, made, row, told) : NULL;
    SoraStatus status = moves ? sampler_step(r->sampler, d, &s, r->z) : SORA_OK;
    if (status == SORA_OK && moves) keep(r, s.sigma[3]);
    if (made) memcpy(r->z, clean, made * r->per * r->values * sizeof *clean);
    if (status == SORA_OK) put_given(r, 0, r->window);
    arena_rewind(r->step, mark);
    return status;
}

static SoraStatus run(Run *r, Denoiser d, FrameSink sink)
{
    bool resumed = false;
    TRY(generate_state_open(r, sink, &resumed));
    if (!resumed) {
        TRY(emit_all(r, sink)); /* what is given at the beginning */
        load_window(r);
    }
    while (r->step_number < r->total) {
        size_t before = r->emitted;
        TRY(step_once(r, d));
        TRY(tell(r, r->step_number++));
        TRY(emit_all(r, sink));
        slide(r);
        if (r->emitted != before && r->emitted < r->grid.frames) TRY(generate_state_save(r));
    }
    return emit_all(r, sink);
}

static SoraStatus check_fast(const Bundle *b, const GenerateOptions *o)
{
    bool power = o->steps && !(o->steps & (o->steps - 1)) && o->steps <= SHORTCUT_STEPS;
    if (!o->fast) return SORA_OK;
    if (!b->config.step_input)
        return err_set(SORA_E_UNSUPPORTED,
                       "this model cannot be told how large its steps are: it has no step input");
    if (!power)
        return err_set(SORA_E_ARGUMENT, "%zu fast steps: expected 1, 2, 4 ... %d", o->steps,
                       SHORTCUT_STEPS);
    return SORA_OK;
}

static SoraStatus check(const Bundle *b, const GenerateOptions *o)
{
    if (!b->config.patch)
        return err_set(SORA_E_UNSUPPORTED, "this model makes latents; it needs its VAE");
    if (o->frames < 1 || o->frames > CLIP_FRAMES_MAX)
        return err_set(SORA_E_ARGUMENT, "%zu frames: expected 1 to %d", o->frames, CLIP_FRAMES_MAX);
    if (!(o->fps > 0 && o->fps <= 240))
        return err_set(SORA_E_ARGUMENT, "%g frames a second: expected 1 to 240", o->fps);
    for (size_t i = 1; i < o->later_count; i++)
        if (!(o->later[i].from_s >= o->later[i - 1].from_s))
            return err_set(SORA_E_ARGUMENT, "prompts that take over are not in order of time");
    TRY(check_fast(b, o));
    return condition_check(o->condition, o->frames, o->height, o->width);
}

static SoraStatus sample(Run *r, FrameSink sink)
{
    const GenerateOptions *o = r->o;
    size_t values = r->per * r->values;
    Prompted cond, uncond, skipped;
    LatentShape shape = { 1, r->window, values };
    TRY(make_levels(r));
    TRY(generate_prompted(r, o->prompt, false, &cond));
    Guidance g = { .cond = { generate_predict, &cond },
                   .uncond = { generate_predict, &uncond },
                   .scale = o->cfg_scale,
                   .sigma_min = o->fast ? 0 : o->cfg_min,
                   .sigma_max = o->fast ? 1 : o->cfg_max,
                   .skipped = { generate_predict, &skipped } };
    if (g.scale != 1) TRY(generate_prompted(r, o->negative ? o->negative : "", true, &uncond));
    skipped = cond;
    TRY(generate_skip_layers(o, NULL, 0, r->b->config.layers, r->a, &skipped.skip));
    if (skipped.skip) g.skip_scale = o->skip_scale;
    guidance_skip_range(&g, &r->one, o->skip_start, o->skip_end);
    Denoiser d = guidance_new(r->a, &g, shape);
    r->z = arena_zero(r->a, r->window * values * sizeof *r->z);
    r->clean = arena_zero(r->a, r->window * values * sizeof *r->clean);
    r->given = arena_zero(r->a, r->window * r->per * PATCH_FRAMES);
    generate_aside(r);
    r->sampler = sampler_new(o->fast ? SAMPLER_EULER : o->sampler, o->seed, shape, r->a);
    SoraStatus s = run(r, d, sink);
    generate_state_close(r);
    return s;
}

/* A window that rolls keeps about a quarter of itself as past, at least the frame it starts from.
 */
static void set_window(Run *r)
{
    const GenerateOptions *o = r->o;
    r->window = o->window ? size_min(o->window, r->grid.frames) : r->grid.frames;
    if (r->window < r->grid.frames) r->past = r->window > 1 ? size_max(1, (r->window + 1) / 4) : 0;
}

static SoraStatus stream(const Bundle *b, const Compute *c, const GenerateOptions *o, Arena *a,
                         FrameSink sink)
{
    PatchGrid grid = patch_grid(o->frames, o->height, o->width, b->config.patch);
    Run r = { .b = b, .c = c, .o = o, .grid = grid, .values = b->config.out_values, .a = a };
    set_window(&r);
    PatchGrid seen = { r.window, grid.height, grid.width };
    DitSequence sequence = { seen, patch_frame_s(o->frames > 1 ? o->fps : 0), 0 };
    r.pixels = grid.height * grid.width;
    r.per = dit_frame_tokens(&b->config, &sequence);
    r.layout = dit_layout(&b->config, &sequence, 1, a);
    r.step = arena_new("step", 0);
    if (!r.step) return err_set(SORA_E_MEMORY, "no memory for a step");
    SoraStatus s = sample(&r, sink);
    arena_free(r.step);
    return s;
}

/* The other families make a clip whole. */
static SoraStatus stream_wan(const Bundle *b, const Compute *c, const GenerateOptions *o, Arena *a,
                             FrameSink sink)
{
    Clip clip;
    if (o->later_count)
        return err_set(SORA_E_UNSUPPORTED, "a Wan model follows one prompt from beginning to end; "
                                           "models of sora's own follow several");
    TRY(wan_generate_clip(b->wan, c, o, a, &clip));
    for (size_t f = 0; f < clip.frames; f++) TRY(sink.fn(sink.self, f, clip_frame(&clip, f)));
    return SORA_OK;
}

static SoraStatus keep_frame(void *self, size_t f, const uint8_t *rgb)
{
    const Clip *clip = self;
    memcpy(clip_frame(clip, f), rgb, clip->height * clip->width * 3);
    return SORA_OK;
}

/* ---- in two stages --------------------------------------------------------------------- */

/* One of the stages of a clip, for who watches the whole. */
typedef struct Stage {
    const GenerateOptions *o;
    size_t before, total; /* steps */
} Stage;

static SoraStatus tell_whole(void *self, size_t step, size_t steps, const Clip *preview)
{
    const Stage *s = self;
    (void)steps;
    return s->o->progress(s->o->progress_self, s->before + step, s->total, preview);
}

static GenerateOptions stage_options(const GenerateOptions *o, Stage *s)
{
    GenerateOptions g = *o;
    if (!o->progress) return g;
    g.progress = tell_whole;
    g.progress_self = s;
    return g;
}

static SoraStatus stream_laid_out(const Bundle *b, const Compute *c, const GenerateOptions *o,
                                  Arena *a, FrameSink sink)
{
    if (!generate_lays_out(b, o)) return stream(b, c, o, a, sink);
    Stage coarse = { o, 0, 2 * o->steps }, fine = { o, o->steps, 2 * o->steps };
    GenerateOptions first = stage_options(o, &coarse), second = stage_options(o, &fine);
    Condition laid;
    Clip layout;
    generate_coarse_options(&first, b->config.patch);
    TRY(clip_new(a, first.frames, first.height, first.width, first.fps, &layout));
    TRY(generate_coarse_condition(&first, a));
    TRY(stream(generate_layouter(b), c, &first, a, (FrameSink){ keep_frame, &layout }));
    TRY(generate_coarse_enlarge(o, &layout, a, &laid));
    second.condition = &laid;
    return stream(b, c, &second, a, sink);
}

/* What is made is what goes on, so whatever guidance adds it would add again and again: in half a
 * minute edges became three times as strong. */
static void guide_gently(GenerateOptions *o)
{
    enum { LESS = 3 };
    o->cfg_scale = 1 + (o->cfg_scale - 1) / LESS;
    o->skip_scale = 0;
}

/* Has the shot a beginning that is made as a clip is, from which it can then roll on? */
static bool begins(const GenerateOptions *o, size_t frames)
{
    const Condition *c = o->condition;
    if (frames >= o->frames || o->keep) return false;
    if (!c || !c->source) return true;
    return !c->mask && c->strength == 1 && (!c->given || memchr(c->given, 0, frames));
}

/* The condition of the first `frames` frames. */
static Condition *beginning_of(const Condition *c, size_t frames, Arena *a)
{
    if (!c || !c->source) return NULL;
    Condition *out = arena_alloc(a, sizeof *out);
    Clip *size = arena_alloc(a, sizeof *size);
    *out = *c, *size = *c->source;
    size->frames = frames;
    out->source = size;
    return out;
}

/* That of the whole, of which `clip` is the beginning. */
static Condition *gone_on(const Condition *c, const Clip *clip, size_t frames, Arena *a)
{
    bool has = c && c->source;
    Condition *out = arena_alloc(a, sizeof *out);
    Clip *size = arena_alloc(a, sizeof *size);
    const uint8_t **frame = arena_zero(a, frames * sizeof *frame);
    uint8_t *given = arena_zero(a, frames);
    for (size_t f = 0; f < frames; f++) {
        frame[f] = f < clip->frames ? clip_frame(clip, f) : has ? condition_frame(c, f) : NULL;
        given[f] = f < clip->frames || (has && c->given && c->given[f]);
    }
    *size = (Clip){ frames, clip->height, clip->width, clip->fps, NULL };
    *out = (Condition){ .source = size,
                        .frame = frame,
                        .given = given,
                        .strength = 1,
                        .guess = has ? c->guess : NULL };
    return out;
}

static SoraStatus steps_in_all(const Bundle *b, const GenerateOptions *o, Arena *a, size_t *steps)
{
    Run r = { .b = b, .o = o, .a = a };
    r.grid = patch_grid(o->frames, o->height, o->width, b->config.patch);
    set_window(&r);
    ArenaMark mark = arena_mark(a);
    TRY(make_levels(&r));
    arena_rewind(a, mark);
    *steps = r.total;
    return SORA_OK;
}

static SoraStatus stream_stages(const Bundle *b, const Compute *c, const GenerateOptions *o,
                                Arena *a, FrameSink sink)
{
    Clip clip;
    TRY(check(b, o));
    TRY(generate_state_check(o->state, a));
    size_t frames = o->window ? patch_video_frames(o->window) : o->frames, steps;
    if (!begins(o, frames)) return stream_laid_out(b, c, o, a, sink);
    GenerateOptions first = *o, rest = *o;
    first.frames = frames, first.window = 0, first.state = NULL;
    first.condition = beginning_of(o->condition, frames, a);
    guide_gently(&rest);
    TRY(clip_new(a, frames, o->height, o->width, o->fps, &clip));
    rest.condition = gone_on(o->condition, &clip, o->frames, a);
    TRY(steps_in_all(b, &rest, a, &steps));
    size_t before = (generate_lays_out(b, &first) ? 2 : 1) * o->steps;
    Stage stage[2] = { { o, 0, before + steps }, { o, before, before + steps } };
    first = stage_options(&first, &stage[0]), rest = stage_options(&rest, &stage[1]);
    TRY(stream_laid_out(b, c, &first, a, (FrameSink){ keep_frame, &clip }));
    return stream(b, c, &rest, a, sink);
}

SoraStatus generate_stream(const Bundle *b, const Compute *c, const GenerateOptions *o, Arena *a,
                           FrameSink sink)
{
    ArenaMark mark = arena_mark(a);
    SoraStatus s = b->wan ? stream_wan(b, c, o, a, sink) : stream_stages(b, c, o, a, sink);
    arena_rewind(a, mark);
    return s;
}

SoraStatus generate_clip(const Bundle *b, const Compute *c, const GenerateOptions *o, Arena *a,
                         Clip *out)
{
    if (b->wan) return wan_generate_clip(b->wan, c, o, a, out);
    TRY(check(b, o));
    TRY(clip_new(a, o->frames, o->height, o->width, o->frames > 1 ? o->fps : 0, out));
    return generate_stream(b, c, o, a, (FrameSink){ keep_frame, out });
}
