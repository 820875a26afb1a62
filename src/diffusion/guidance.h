/* Guidance: Denoisers made of Denoisers. */
#ifndef DIFFUSION_GUIDANCE_H
#define DIFFUSION_GUIDANCE_H

#include "diffusion/sampler.h"

/* Several predictions of one latent, mixed. */
typedef struct Guidance {
    Denoiser cond;
    Denoiser uncond;             /* classifier-free guidance (arXiv 2207.12598) ... */
    double scale;                /* v = v_u + scale (v_c - v_u); 1: none, uncond is not run */
    double sigma_min, sigma_max; /* ... of frames whose level lies in between (arXiv 2404.07724);
                                    the others have v_c, and uncond is run only for some */
    Denoiser skipped;  /* skip-layer guidance (SD 3.5; arXiv 2411.18664): the network under the
                          same prompt with blocks left out ... */
    double skip_scale; /* v += skip_scale (v_c - v_s); 0: none */
    double skip_min, skip_max; /* ... in its own interval */
} Guidance;

/* `g` is copied; memory in `a` for as long as the result is used. */
Denoiser guidance_new(Arena *a, const Guidance *g, LatentShape shape);

/* Skip-layer guidance in steps [start, end), as shares of them: sets the interval, or skip_scale to
 * 0 where it is empty. */
void guidance_skip_range(Guidance *g, const Schedule *s, double start, double end);

/* One of two denoisers by the network's time: `high` while any frame's timestep is at least
 * `boundary` (Wan 2.2's experts), else `low`. */
Denoiser guidance_switch(Arena *a, Denoiser high, Denoiser low, double boundary, size_t frames);

#endif
