#include "diffusion/guidance.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

typedef struct Mixer {
    Guidance g;
    LatentShape shape;
    float *cond, *other;
} Mixer;

static double highest(const double *x, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        if (x[i] > most) most = x[i];
    return most;
}

/* Is any frame's level in the range? Frames may be at different ones. */
static bool any_within(const double *sigma, size_t count, double min, double max)
{
    for (size_t f = 0; f < count; f++)
        if (sigma[f] >= min && sigma[f] <= max) return true;
    return false;
}

/* A difference, how strongly it counts, and at which levels. */
typedef struct Pull {
    const float *base, *to, *from; /* v = base + scale (to - from) */
    double scale, sigma_min, sigma_max;
} Pull;

/* In the frames whose level is in the range; the rest of v stays. */
static void pull(LatentShape s, const double *sigma, const Pull *p, float *v)
{
    float scale = (float)p->scale;
    for (size_t o = 0; o < s.outer; o++)
        for (size_t f = 0; f < s.frames; f++) {
            if (!(sigma[f] >= p->sigma_min && sigma[f] <= p->sigma_max)) continue;
            size_t at = (o * s.frames + f) * s.inner;
            for (size_t i = at; i < at + s.inner; i++)
                v[i] = p->base[i] + scale * (p->to[i] - p->from[i]);
        }
}

static SoraStatus mixed_velocity(void *self, const float *z, const double *sigma,
                                 const double *timestep, float *v)
{
    Mixer *m = self;
    const Guidance *g = &m->g;
    size_t n = latent_count(m->shape);
    size_t frames = m->shape.frames;
    bool cfg = g->scale != 1 && any_within(sigma, frames, g->sigma_min, g->sigma_max);
    bool skip = g->skip_scale != 0 && any_within(sigma, frames, g->skip_min, g->skip_max);
    TRY(g->cond.fn(g->cond.self, z, sigma, timestep, v));
    if (skip) memcpy(m->cond, v, n * sizeof *v);
    if (cfg) {
        TRY(g->uncond.fn(g->uncond.self, z, sigma, timestep, m->other));
        Pull words = { m->other, v, m->other, g->scale, g->sigma_min, g->sigma_max };
        pull(m->shape, sigma, &words, v);
    }
    if (!skip) return SORA_OK;
    TRY(g->skipped.fn(g->skipped.self, z, sigma, timestep, m->other));
    Pull layers = { v, m->cond, m->other, g->skip_scale, g->skip_min, g->skip_max };
    pull(m->shape, sigma, &layers, v);
    return SORA_OK;
}

/* The level of the last step is within, of the next not. */
void guidance_skip_range(Guidance *g, const Schedule *s, double start, double end)
{
    g->skip_max = schedule_level(s, start);
    g->skip_min = nextafter(schedule_level(s, end), 2);
    if (g->skip_max < g->skip_min) g->skip_scale = 0;
}

Denoiser guidance_new(Arena *a, const Guidance *g, LatentShape shape)
{
    if (g->scale == 1 && g->skip_scale == 0) return g->cond;
    Mixer *m = arena_zero(a, sizeof *m);
    m->g = *g;
    m->shape = shape;
    m->other = arena_alloc(a, latent_count(shape) * sizeof(float));
    if (g->skip_scale != 0) m->cond = arena_alloc(a, latent_count(shape) * sizeof(float));
    return (Denoiser){ mixed_velocity, m };
}

/* ---- two networks -------------------------------------------------------------------------- */

typedef struct Switch {
    Denoiser high, low;
    double boundary;
    size_t frames;
} Switch;

static SoraStatus switched_velocity(void *self, const float *z, const double *sigma,
                                    const double *timestep, float *v)
{
    const Switch *s = self;
    const Denoiser *d = highest(timestep, s->frames) >= s->boundary ? &s->high : &s->low;
    return d->fn(d->self, z, sigma, timestep, v);
}

Denoiser guidance_switch(Arena *a, Denoiser high, Denoiser low, double boundary, size_t frames)
{
    Switch *s = arena_alloc(a, sizeof *s);
    *s = (Switch){ high, low, boundary, frames };
    return (Denoiser){ switched_velocity, s };
}
