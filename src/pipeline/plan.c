#include "pipeline/plan.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "media/clip.h"
#include "pipeline/show.h"
#include "pipeline/wan_generate.h"
#include "tensor/gemm.h"

SoraStatus native_read(const Bundle *b, Native *out)
{
    if (b->wan) {
        GenerateOptions g = { 0 };
        wan_generate_default(b->wan, &g);
        *out = (Native){ .size = { { g.frames, g.height, g.width, g.fps, 1 } }, .count = 1 };
        return SORA_OK;
    }
    const char *text = safetensors_metadata(&b->file, "sora.sizes");
    return sizes_parse(text ? text : "64x64,64x64x25@24", out->size, &out->count);
}

/* ---- length and rate ------------------------------------------------------------------- */

/* Frames at `fps` so that the wanted ones lie between the first and the last, and so many that
 * retime_clip, which rounds, makes enough of them. */
static size_t frames_at(const PlanRequest *w, double fps)
{
    double between = ceil((double)(w->frames - 1) * fps / w->fps - 1e-6) + 1;
    return (size_t)fmax(between, ceil(((double)w->frames - 0.5) * fps / w->fps - 1e-6));
}

/* Kinds that hold the whole length before those that do not; then the wanted rate, the higher
 * rate, and the longer kind. */
static double worth(const PlanRequest *w, const ClipSize *s)
{
    double fits = frames_at(w, s->fps) <= s->frames + PATCH_FRAMES ? 1e6 : 0;
    double length = (double)s->frames / s->fps;
    return fits ? fits + (s->fps == w->fps ? 1e5 : 0) + s->fps * 100 : length;
}

static const ClipSize *pick_kind(const Native *n, const PlanRequest *w)
{
    const ClipSize *best = NULL;
    for (size_t i = 0; i < n->count; i++) {
        const ClipSize *s = &n->size[i];
        if (s->frames < 2) continue;
        if (!best || worth(w, s) > worth(w, best)) best = s;
    }
    return best;
}

static SoraStatus plan_time(const Native *n, Plan *p)
{
    if (p->want.frames == 1) {
        p->frames = p->window = 1;
        return SORA_OK;
    }
    const ClipSize *kind = pick_kind(n, &p->want);
    if (!kind)
        return err_set(SORA_E_UNSUPPORTED,
                       "this model makes pictures only; ask for 1 frame instead of %zu",
                       p->want.frames);
    p->fps = kind->fps;
    p->frames = frames_at(&p->want, kind->fps);
    p->window = size_min(patch_latent_frames(p->frames), patch_latent_frames(kind->frames));
    if (p->frames <= kind->frames + PATCH_FRAMES) p->window = patch_latent_frames(p->frames);
    p->retimed = fabs(p->fps - p->want.fps) > 1e-6;
    p->rolled = patch_latent_frames(p->frames) > p->window;
    return SORA_OK;
}

/* ---- size ------------------------------------------------------------------------------ */

static double native_area(const Native *n, bool moves)
{
    double area = 0;
    for (size_t i = 0; i < n->count; i++)
        if ((n->size[i].frames > 1) == moves)
            area = fmax(area, (double)(n->size[i].height * n->size[i].width));
    return area > 0 ? area : native_area(n, !moves);
}

/* Whole patches near the native area, in the wanted shape as nearly as they can be. */
static void plan_size(const Native *n, size_t patch, Plan *p)
{
    const PlanRequest *w = &p->want;
    double area = native_area(n, w->frames > 1), side = (double)patch, best = 1e9;
    double shape = (double)w->width / (double)w->height;
    p->height = w->height, p->width = w->width;
    if ((double)(w->height * w->width) <= area * 1.01) return;
    double rows = sqrt(area / shape) / side, columns = sqrt(area * shape) / side;
    for (int i = 0; i < 4; i++) {
        double h = fmax(1, floor(rows) + (i & 1)), v = fmax(1, floor(columns) + (i >> 1));
        double off = fabs(log(v / h / shape)) + 0.3 * fabs(log(h * v * side * side / area));
        if (off >= best) continue;
        best = off;
        p->height = (size_t)(h * side), p->width = (size_t)(v * side);
    }
    p->resized = p->height != w->height || p->width != w->width;
}

/* No camera moves over a picture, or over what is given. */
static void plan_camera(const Bundle *b, Plan *p)
{
    CameraMove *m = &p->want.camera;
    if (p->want.given || p->want.frames == 1) *m = (CameraMove){ 0 };
    if (!m->held) return;
    p->width = camera_wide(m, p->width, 2 * b->config.patch); /* whole patches of a layout, too */
    p->resized = true;
}

/* ---- what it takes --------------------------------------------------------------------- */

/* The program without a model, and the libraries that it loads (`sora info` of a video). */
enum { PROGRAM_BYTES = 40000000 };

static size_t weight_bytes(const Bundle *b)
{
    size_t files = b->file.map.size + (b->text ? text_encoder_bytes(b->text) : 0);
    return files + (b->layout ? b->layout->file.map.size : 0) + arena_used(b->weights);
}

/* Measured on peaks of the step arena for widths 64 to 512 and 64 to 7,000 tokens: a block holds
 * about fourteen rows of the width and three of the MLP in bf16 or f32 at once. */
static size_t activation_bytes(const DitConfig *c, size_t tokens)
{
    size_t row = 4 * (2 * c->in_values + c->out_values + 8 * c->width) + 2 * 3 * c->hidden;
    return tokens * row;
}

/* Of what is made only the window is held where it is rolled. */
static size_t clip_bytes(const Bundle *b, const Plan *p)
{
    size_t frames = p->rolled ? patch_video_frames(p->window) : p->frames;
    size_t made = frames * p->height * p->width * 3, one = p->want.height * p->want.width * 3;
    return made + (p->want.streamed ? 4 : p->want.frames + 2) * one + show_bytes(b, p);
}

/* Multiplications and additions of one pass over all tokens. */
static double pass_flop(const DitConfig *c, double tokens, double text)
{
    double d = (double)c->width,
           layer = 2 * (6 * d * d + (c->gated ? 3 : 2) * d * (double)c->hidden);
    double mix = 4 * tokens * d + 4 * text * d,
           patch = 2 * d * (double)(c->in_values + c->out_values);
    return tokens * ((double)c->layers * (layer + mix) + patch);
}

/* Operations a second of a product as the model has them, the best of a few. */
static double measure_speed(const Compute *c, const DitConfig *config, Arena *a)
{
    enum { ROWS = 512, TRIES = 4 };
    size_t d = config->width;
    ArenaMark mark = arena_mark(a);
    float *y = arena_alloc(a, ROWS * d * sizeof *y);
    double best = 1e9;
    GemmCall call = { .m = ROWS,
                      .n = d,
                      .k = d,
                      .a = { arena_zero(a, ROWS * d * 2), TYPE_BF16, d, false, NULL },
                      .b = { arena_zero(a, d * d * 2), TYPE_BF16, d, true, NULL },
                      .c = y,
                      .c_type = TYPE_F32,
                      .c_stride = d };
    for (int i = 0; i < TRIES; i++) {
        double begun = clock_now_s();
        gemm(c, &call);
        best = fmin(best, clock_now_s() - begun);
    }
    arena_rewind(a, mark);
    return 2.0 * ROWS * (double)(d * d) / fmax(best, 1e-7);
}

/* A pass reaches about half of the speed of a product alone: attention, norms, memory. */
static SoraStatus plan_cost(const Bundle *b, const Compute *c, Plan *p)
{
    const double share = 0.5, text_tokens = 32;
    const DitConfig *config = &b->config;
    Arena *a = arena_new("plan", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a plan");
    double latents = (double)patch_latent_frames(p->frames), window = (double)p->window;
    double steps = (double)p->want.steps; /* a window that rolls takes them again as it moves on */
    if (latents > window) steps *= 1 + (latents - 1) / (0.75 * window);
    double skipped = p->rolled ? 0 : p->want.skipped; /* but for its first window */
    double passes = steps * ((p->want.cfg_scale != 1 ? 2 : 1) + skipped);
    PatchGrid grid = patch_grid(p->frames, p->height, p->width, config->patch);
    grid.frames = p->window;
    size_t most;
    double flop =
        passes * pass_flop(config, generate_tokens(b, grid, p->want.steps, &most), text_tokens);
    GenerateOptions o = { .frames = p->frames, .height = p->height, .width = p->width };
    if (p->rolled) o.window = p->window;
    if (generate_lays_out(b, &o)) {
        size_t few, patch = config->patch;
        PatchGrid small = { grid.frames, generate_coarse_side(p->height, patch) / patch,
                            generate_coarse_side(p->width, patch) / patch };
        const Bundle *lays = generate_layouter(b);
        double tokens = generate_tokens(lays, small, p->want.steps, &few);
        flop = GENERATE_HAND_OVER * flop + passes * pass_flop(&lays->config, tokens, text_tokens);
    }
    double speed = share * measure_speed(c, config, a);
    p->seconds = flop / speed + show_seconds(b, c, p, speed);
    p->bytes = PROGRAM_BYTES + weight_bytes(b) + activation_bytes(config, most) + clip_bytes(b, p);
    arena_free(a);
    return SORA_OK;
}

/* ---- the plan -------------------------------------------------------------------------- */

static SoraStatus check(const PlanRequest *w)
{
    enum { STEPS_MAX = 1000 };
    if (w->frames < 1 || w->frames > CLIP_FRAMES_MAX)
        return err_set(SORA_E_ARGUMENT, "%zu frames: expected 1 to %d", w->frames, CLIP_FRAMES_MAX);
    if (w->height < 8 || w->width < 8 || w->height > CLIP_SIDE_MAX || w->width > CLIP_SIDE_MAX)
        return err_set(SORA_E_ARGUMENT, "a size of %zux%zu: each side must be 8 to %d", w->width,
                       w->height, CLIP_SIDE_MAX);
    if (w->frames > 1 && !(w->fps >= 1 && w->fps <= 240))
        return err_set(SORA_E_ARGUMENT, "%g frames a second: expected 1 to 240", w->fps);
    if (w->steps < 1 || w->steps > STEPS_MAX)
        return err_set(SORA_E_ARGUMENT, "%zu steps: expected 1 to %d", w->steps, STEPS_MAX);
    if (!(w->cfg_scale >= 0 && w->cfg_scale <= 100))
        return err_set(SORA_E_ARGUMENT, "a guidance of %g: expected 0 to 100", w->cfg_scale);
    return SORA_OK;
}

/* Wan models make any size of whole patches; memory and time are known part by part. */
static SoraStatus plan_wan(const Bundle *b, const Compute *c, Plan *p)
{
    size_t side = wan_side(b->wan);
    const PlanRequest *w = &p->want;
    WanJob j = wan_job_default(b->wan);
    WanPlan plan;
    WanPicture still = { NULL, 0, 0 };
    j.height = p->height = size_max(1, (w->height + side / 2) / side) * side;
    j.width = p->width = size_max(1, (w->width + side / 2) / side) * side;
    p->resized = p->height != w->height || p->width != w->width;
    j.frames = p->frames, j.steps = w->steps, j.cfg_scale = j.cfg_high = w->cfg_scale;
    if (w->given) j.given.first = &still;
    TRY(wan_plan_make(b->wan, c, &j, w->memory, &plan));
    p->tokens = plan.tokens;
    p->bytes = plan.peak + clip_bytes(b, p);
    p->seconds = plan.seconds;
    wan_plan_describe(&plan, p->parts, sizeof p->parts);
    return SORA_OK;
}

PlanRequest plan_request(const GenerateOptions *g)
{
    return (PlanRequest){ .frames = g->frames,
                          .height = g->height,
                          .width = g->width,
                          .fps = g->fps,
                          .steps = g->steps,
                          .cfg_scale = g->cfg_scale };
}

SoraStatus plan_make(const Bundle *b, const Compute *c, const PlanRequest *want, Plan *out)
{
    Native n;
    if (!b->config.patch && !b->wan)
        return err_set(SORA_E_UNSUPPORTED, "this model makes latents; it needs its VAE");
    TRY(check(want));
    TRY(native_read(b, &n));
    *out = (Plan){ .want = *want };
    TRY(plan_time(&n, out));
    if (b->wan) {
        out->want.camera = (CameraMove){ 0 };
        out->rolled = false; /* made whole, at any length */
        out->want.streamed = false;
        return plan_wan(b, c, out);
    }
    plan_size(&n, b->config.patch, out);
    plan_camera(b, out);
    PatchGrid grid = patch_grid(out->frames, out->height, out->width, b->config.patch);
    grid.frames = out->window;
    DitSequence sequence = { grid, patch_frame_s(out->fps), 0 };
    out->tokens = grid.frames * dit_frame_tokens(&b->config, &sequence);
    return plan_cost(b, c, out);
}
