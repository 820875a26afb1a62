#include "diffusion/guidance.h"

#include "base/size.h"

typedef struct Cfg {
    Denoiser cond, uncond;
    double scale, sigma_min, sigma_max;
    LatentShape shape;
    float *v_uncond;
} Cfg;

static SoraStatus cfg_velocity(void *self, const float *z, const double *sigma,
                               const double *timestep, float *v)
{
    Cfg *g = self;
    TRY(g->cond.fn(g->cond.self, z, sigma, timestep, v));
    double level = 0;
    for (size_t f = 0; f < g->shape.frames; f++)
        if (sigma[f] > level) level = sigma[f];
    if (level < g->sigma_min || level > g->sigma_max) return SORA_OK;
    TRY(g->uncond.fn(g->uncond.self, z, sigma, timestep, g->v_uncond));
    float scale = (float)g->scale;
    for (size_t i = 0; i < latent_count(g->shape); i++)
        v[i] = g->v_uncond[i] + scale * (v[i] - g->v_uncond[i]);
    return SORA_OK;
}

Denoiser guidance_cfg(Arena *a, Denoiser cond, Denoiser uncond, double scale, double sigma_min,
                      double sigma_max, LatentShape shape)
{
    if (scale == 1) return cond;
    Cfg *g = arena_alloc(a, sizeof *g);
    *g = (Cfg){ cond,
                uncond,
                scale,
                sigma_min,
                sigma_max,
                shape,
                arena_alloc(a, latent_count(shape) * sizeof(float)) };
    return (Denoiser){ cfg_velocity, g };
}
