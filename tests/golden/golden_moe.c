/* Wan 2.2's two experts: whole sampling loops with guidance. */
#include <string.h>

#include "golden_kinds.h"

#include "diffusion/guidance.h"
#include "pipeline/wan_denoise.h"

typedef struct Loop {
    Golden *g;
    WanNet *net;
    size_t count;
    Denoiser guided;
    bool first; /* step 0's prediction is still to come */
} Loop;

/* What the sampler sees, looked at once. */
static SoraStatus watched(void *self, const float *z, const double *sigma, const double *timestep,
                          float *v)
{
    Loop *l = self;
    TRY(l->guided.fn(l->guided.self, z, sigma, timestep, v));
    if (!l->first) return SORA_OK;
    l->first = false;
    return golden_check(l->g, "v0", v, l->count);
}

static SoraStatus after_step(void *self, size_t step, size_t steps, float *z)
{
    const Loop *l = self;
    char name[32];
    (void)steps;
    snprintf(name, sizeof name, "step%zu", step);
    return golden_check(l->g, name, z, l->count);
}

static Denoiser guided(Golden *g, WanNet *net, int expert, Tensor *text[2], double scale,
                       LatentShape shape)
{
    Denoiser d[2];
    for (int i = 0; i < 2; i++)
        d[i] = wan_net_denoiser(net, &(WanPrompted){ .expert = expert, .text = text[i] }, g->a);
    Guidance guide = { .cond = d[0], .uncond = d[1], .scale = scale, .sigma_max = 1 };
    return guidance_new(g->a, &guide, shape);
}

static SoraStatus sample(Golden *g, Loop *l, LatentShape shape, const float *noise)
{
    Schedule s;
    TRY(schedule_grid(GRID_UNIPC, (size_t)golden_number(g, "steps", 0),
                      golden_number(g, "shift", 1), shape.frames, g->a, &s));
    const Json *times = golden_scalar(g, "timesteps");
    for (size_t i = 0; times && i < times->count && i < s.steps; i++)
        golden_expect(g, s.timestep[i * shape.frames] == times->item[i].number,
                      "timestep %zu is %g", i, s.timestep[i * shape.frames]);
    float *z = arena_alloc(g->a, l->count * sizeof *z);
    memcpy(z, noise, l->count * sizeof *z);
    return sampler_run(SAMPLER_UNIPC, 0, (Denoiser){ watched, l }, &s, shape, z, g->a,
                       &(StepHook){ after_step, l });
}

static SoraStatus run(Golden *g)
{
    WanNetOptions o = { .compute = g->compute, .precision = g->precision, .step = g->step };
    const Tensor *noise, *context[2];
    TRY(golden_weights(g, "low", &o.path[WAN_LOW]));
    TRY(golden_weights(g, "high", &o.path[WAN_HIGH]));
    TRY(golden_input(g, "noise", &noise));
    TRY(golden_input(g, "context", &context[0]));
    TRY(golden_input(g, "context_null", &context[1]));
    if (!noise || noise->rank != 4 || !context[0] || !context[1])
        return err_set(SORA_E_FORMAT, "the case lacks noise or contexts");
    o.size = (LatentSize){ noise->shape[0], noise->shape[1], noise->shape[2], noise->shape[3] };
    LatentShape shape = { o.size.channels, o.size.frames, o.size.height * o.size.width };
    Tensor *text[2] = { (Tensor *)context[0], (Tensor *)context[1] };
    Loop l = {
        .g = g, .net = wan_net_new(&o, g->a), .count = latent_values(o.size), .first = true
    };
    Denoiser high = guided(g, l.net, WAN_HIGH, text, golden_number(g, "guidance_high", 1), shape);
    Denoiser low = guided(g, l.net, WAN_LOW, text, golden_number(g, "guidance_low", 1), shape);
    l.guided =
        guidance_switch(g->a, high, low, 1000 * golden_number(g, "boundary", 1), shape.frames);
    SoraStatus s = sample(g, &l, shape, noise->data);
    wan_net_close(l.net);
    return s;
}

const GoldenKind golden_sample_moe = { "sample-moe", run, false, true };
