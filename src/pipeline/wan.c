#include "pipeline/wan.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "diffusion/guidance.h"
#include "diffusion/noise.h"
#include "pipeline/wan_resume.h"
#include "pipeline/wan_text.h"

/* Wan2.1 generate.py, Wan2.2 wan/configs; TI2V: shared_config of the 5B. */
WanJob wan_job_default(const WanBundle *b)
{
    bool experts = b->parts.high != NULL, image = b->family == WAN_I2V || b->family == WAN_I2V_2;
    WanJob j = { .prompt = "",
                 .frames = 81,
                 .height = 480,
                 .width = 832,
                 .fps = 16,
                 .steps = 50,
                 .shift = 5,
                 .grid = GRID_UNIPC,
                 .sampler = SAMPLER_UNIPC,
                 .cfg_scale = 5,
                 .cfg_high = 5,
                 .cfg_max = 1,
                 .skip_start = 0.01,
                 .skip_end = 0.2,
                 .seed = 1,
                 .strength = 1 };
    if (image) j.steps = 40, j.shift = 3;
    if (b->family == WAN_FLF2V || b->family == WAN_VACE) j.shift = 16;
    if (b->family == WAN_TI2V) j.frames = 121, j.fps = 24, j.width = 1280, j.height = 704;
    if (experts) {
        j.steps = 40;
        j.shift = b->family == WAN_T2V ? 12 : 5;
        j.cfg_scale = b->family == WAN_T2V ? 3 : 3.5;
        j.cfg_high = b->family == WAN_T2V ? 4 : 3.5;
    }
    return j;
}

size_t wan_side(const WanBundle *b)
{
    return LATENT_PATCH * (b->vae.space ? b->vae.space : b->family == WAN_TI2V ? 16 : 8);
}

SoraStatus wan_latent_size(const WanBundle *b, const WanJob *j, LatentSize *out)
{
    enum { SIDE_MAX = 8192, FRAMES_MAX = 4096 };
    size_t side = wan_side(b), space = side / LATENT_PATCH;
    if (!j->height || !j->width || j->height % side || j->width % side || j->height > SIDE_MAX ||
        j->width > SIDE_MAX)
        return err_set(SORA_E_ARGUMENT, "%zux%zu: %s makes sides that are multiples of %zu",
                       j->width, j->height, wan_family_name(b->family), side);
    if (!j->frames || j->frames > FRAMES_MAX)
        return err_set(SORA_E_ARGUMENT, "%zu frames: expected 1 to %d", j->frames, FRAMES_MAX);
    *out = (LatentSize){ b->config.out_values / LATENT_PATCH_VALUES, patch_latent_frames(j->frames),
                         j->height / space, j->width / space };
    return SORA_OK;
}

/* ---- sampling ----------------------------------------------------------------------------------
 */

typedef struct Run {
    const WanBundle *b;
    const Compute *c;
    const WanJob *j;
    LatentSize size, whole; /* whole: with the frames of references in front */
    WanCondition condition;
    Tensor *text[2]; /* the prompt's and the negative one's */
    WanNet *net;
    Arena *a, *step;
} Run;

static void show(const Run *r, const char *name, const float *x, size_t count)
{
    if (r->j->trace) r->j->trace->fn(r->j->trace->self, name, x, count);
}

static bool is_guided(const WanJob *j, const WanBundle *b)
{
    return j->cfg_scale != 1 || (b->parts.high && j->cfg_high != 1);
}

static SoraStatus encode_text(Run *r)
{
    const WanJob *j = r->j;
    const char *prompt[2] = { j->prompt, j->negative };
    size_t cut, count = is_guided(j, r->b) ? 2 : 1;
    if (!prompt[1]) prompt[1] = wan_text_negative(r->b->family);
    TRY(err_while(wan_text_encode(r->b, r->c, j->precision, prompt, count, r->a, r->text, &cut),
                  "encoding the prompt"));
    for (size_t i = 0; i < count; i++)
        show(r, i ? "context_null" : "context", r->text[i]->data, tensor_count(r->text[i]));
    return SORA_OK;
}

static SoraStatus make_condition(Run *r)
{
    const WanJob *j = r->j;
    WanConditionCall k = { .b = r->b,
                           .compute = r->c,
                           .precision = j->precision,
                           .vae_precision = j->vae_precision,
                           .tile = j->tile,
                           .frames = patch_video_frames(r->size.frames),
                           .height = j->height,
                           .width = j->width,
                           .size = r->size,
                           .given = &j->given,
                           .trace = j->trace,
                           .step = r->step };
    TRY(wan_condition_make(&k, r->a, &r->condition));
    r->whole = r->size;
    r->whole.frames += r->condition.extra;
    return SORA_OK;
}

/* A denoiser whose first prediction is shown. */
typedef struct Shown {
    const Run *run;
    const char *name;
    Denoiser d;
    bool done;
} Shown;

static SoraStatus shown_velocity(void *self, const float *z, const double *sigma,
                                 const double *timestep, float *v)
{
    Shown *s = self;
    TRY(s->d.fn(s->d.self, z, sigma, timestep, v));
    if (!s->done) show(s->run, s->name, v, latent_values(s->run->whole));
    s->done = true;
    return SORA_OK;
}

static Denoiser predict(const Run *r, int expert, int text, bool skipping)
{
    WanPrompted p = { .expert = expert,
                      .text = r->text[text],
                      .skip = skipping ? r->j->skip_layers : NULL,
                      .cache_threshold = r->j->cache_threshold };
    Denoiser d = wan_net_denoiser(r->net, &p, r->a);
    if (!r->j->trace || skipping) return d;
    Shown *s = arena_zero(r->a, sizeof *s);
    *s = (Shown){ r, text ? "v_uncond0" : "v_cond0", d, false };
    return (Denoiser){ shown_velocity, s };
}

static Denoiser guide(const Run *r, int expert, const Schedule *s, LatentShape shape)
{
    const WanJob *j = r->j;
    Guidance g = { .cond = predict(r, expert, 0, false),
                   .scale = expert == WAN_HIGH ? j->cfg_high : j->cfg_scale,
                   .sigma_min = j->cfg_min,
                   .sigma_max = j->cfg_max,
                   .skip_scale = j->skip_layers ? j->skip_scale : 0 };
    guidance_skip_range(&g, s, j->skip_start, j->skip_end);
    if (g.scale != 1) g.uncond = predict(r, expert, 1, false);
    if (g.skip_scale != 0) g.skipped = predict(r, expert, 0, true);
    return guidance_new(r->a, &g, shape);
}

static SoraStatus make_schedule(const Run *r, Schedule *s)
{
    const WanJob *j = r->j;
    TRY(schedule_grid(j->grid, j->steps, j->shift, r->whole.frames, r->a, s));
    if (r->condition.held) schedule_hold(s, 0, 0);
    for (size_t f = 0; r->condition.start && j->strength < 1 && f < r->whole.frames; f++)
        schedule_start(s, f, j->strength);
    return SORA_OK;
}

/* z = (1 - sigma) x + sigma e; e alone where nothing is given. */
static float *start(const Run *r, const Schedule *s)
{
    const WanJob *j = r->j;
    size_t n = latent_values(r->whole), plane = r->whole.height * r->whole.width;
    float *z = arena_alloc(r->a, n * sizeof *z);
    if (j->noise) {
        memcpy(z, j->noise, n * sizeof *z);
    } else if (j->torch_noise) {
        NoiseTorch g;
        noise_torch_start(&g, j->seed);
        noise_torch_draw(&g, z, n);
    } else {
        rng_fill_normal(z, 0, n, j->seed);
    }
    for (size_t i = 0; i < n; i++) {
        size_t f = i / plane % r->whole.frames;
        float sigma = (float)s->sigma[f];
        if (r->condition.held && f == 0)
            z[i] = r->condition.held[i / (plane * r->whole.frames) * plane + i % plane];
        else if (r->condition.start && j->strength < 1)
            z[i] = (1 - sigma) * r->condition.start[i] + sigma * z[i];
    }
    return z;
}

static SoraStatus after_step(void *self, size_t step, size_t steps, float *z)
{
    const Run *r = self;
    char name[32];
    snprintf(name, sizeof name, "step%zu", step);
    show(r, name, z, latent_values(r->whole));
    wan_net_always(r->net, step + 2 >= steps);
    return r->j->progress ? r->j->progress(r->j->progress_self, step, steps) : SORA_OK;
}

static WanResumeRun resume_run(const Run *r)
{
    size_t tokens = patch_tokens(latent_grid(r->whole));
    return (WanResumeRun){ r->j, r->whole, tokens * r->b->config.width, r->net };
}

static SoraStatus keep_state(void *self, size_t done, const SamplerMemory *m, const float *z)
{
    const Run *r = self;
    WanResumeRun run = resume_run(r);
    return wan_resume_save(&run, done, m, z, r->step);
}

/* From the beginning, or from where it was stopped. */
static SoraStatus run_sampler(Run *r, Denoiser d, const Schedule *s, LatentShape shape, float *z)
{
    const WanJob *j = r->j;
    WanResumeRun run = resume_run(r);
    WanResumed from;
    StepHook hook = { .fn = after_step, .self = r };
    if (j->resume.path) hook.keep = keep_state;
    TRY(wan_resume_open(&run, r->a, &from));
    SoraStatus status = SORA_OK;
    wan_net_always(r->net, true);
    if (from.done) {
        memcpy(z, from.z, latent_count(shape) * sizeof *z);
        hook.from = from.done;
        hook.memory = &from.memory;
        wan_net_always(r->net, from.done + 1 >= j->steps);
        if (j->progress) status = j->progress(j->progress_self, from.done - 1, j->steps);
    }
    if (status == SORA_OK)
        status = sampler_run(j->sampler, j->seed, d, s, shape, z, r->step, &hook);
    wan_resume_close(&from);
    return status;
}

static void drop_extra(const Run *r, float *z)
{
    size_t plane = r->size.height * r->size.width, kept = r->size.frames * plane;
    for (size_t c = 0; c < r->size.channels && r->condition.extra; c++)
        memmove(z + c * kept, z + (c * r->whole.frames + r->condition.extra) * plane,
                kept * sizeof *z);
}

static SoraStatus sample(Run *r, float **out)
{
    const WanJob *j = r->j;
    Schedule s;
    TRY(make_schedule(r, &s));
    LatentShape shape = { r->whole.channels, r->whole.frames, r->whole.height * r->whole.width };
    Denoiser d = guide(r, WAN_LOW, &s, shape);
    if (r->b->parts.high)
        d = guidance_switch(r->a, guide(r, WAN_HIGH, &s, shape), d, 1000 * r->b->boundary,
                            shape.frames);
    float *z = start(r, &s);
    TRY(run_sampler(r, d, &s, shape, z));
    if (j->stats) wan_net_counts(r->net, &j->stats->reused, &j->stats->passes);
    drop_extra(r, z);
    *out = z;
    return SORA_OK;
}

static SoraStatus open_net(Run *r)
{
    const WanJob *j = r->j;
    WanNetOptions o = { .path = { r->b->parts.transformer, r->b->parts.high },
                        .change = j->change,
                        .change_self = { j->change_self[WAN_LOW], j->change_self[WAN_HIGH] },
                        .compute = r->c,
                        .precision = j->precision,
                        .size = r->whole,
                        .inputs = r->condition.inputs,
                        .stream = j->stream,
                        .step = r->step };
    r->net = wan_net_new(&o, r->a);
    return SORA_OK;
}

static SoraStatus run_parts(Run *r, float **z)
{
    TRY(wan_latent_size(r->b, r->j, &r->size));
    TRY(make_condition(r));
    TRY(encode_text(r));
    TRY(open_net(r));
    return sample(r, z);
}

/* One block that holds it all; pages that are never touched cost nothing. */
static SoraStatus reserve(Arena *step, size_t bytes)
{
    void *whole;
    ArenaMark mark = arena_mark(step);
    if (bytes) TRY(arena_try(step, bytes, &whole));
    arena_rewind(step, mark);
    return SORA_OK;
}

SoraStatus wan_sample(const WanBundle *b, const Compute *c, const WanJob *j, Arena *a, float **z)
{
    Run r = { .b = b, .c = c, .j = j, .a = a, .step = arena_new("step", 0) };
    if (!r.step) return err_set(SORA_E_MEMORY, "no memory for a step");
    SoraStatus s = reserve(r.step, j->working_memory);
    if (s == SORA_OK) s = run_parts(&r, z);
    wan_net_close(r.net);
    arena_free(r.step);
    if (s != SORA_OK || !j->latents_path) return s;
    VaeLatents latents = { .family = b->family == WAN_TI2V ? "wan2.2" : "wan2.1",
                           .size = { r.size.channels, r.size.frames, r.size.height, r.size.width },
                           .z = *z,
                           .frames = j->frames,
                           .height = j->height,
                           .width = j->width,
                           .fps = j->fps,
                           .note = j->prompt };
    return vae_save_latents(j->latents_path, &latents);
}

/* ---- decoding -----------------------------------------------------------------------------------
 */

typedef struct Decoded {
    size_t frames; /* that are wanted */
    VaeWriteFn write;
    void *self;
} Decoded;

static SoraStatus write_wanted(void *self, size_t frame, const float *rgb)
{
    const Decoded *d = self;
    return frame < d->frames ? d->write(d->self, frame, rgb) : SORA_OK;
}

SoraStatus wan_decode(const WanBundle *b, const Compute *c, const WanJob *j, const float *z,
                      VaeWriteFn write, void *self)
{
    WanPart part;
    Vae *vae;
    LatentSize s = { 0 };
    TRY(wan_latent_size(b, j, &s));
    TRY(wan_open_vae(b, &part, &vae));
    Arena *step = arena_new("decode", 0);
    VaeRun run = { .compute = c, .precision = j->vae_precision, .step = step, .tile = j->tile };
    Decoded d = { j->frames, write, self };
    size_t size[3] = { s.frames, s.height, s.width };
    SoraStatus status = step ? vae_decode(vae, &run, size, z, write_wanted, &d)
                             : err_set(SORA_E_MEMORY, "no memory to decode");
    arena_free(step);
    wan_part_close(&part);
    return err_while(status, "decoding");
}
