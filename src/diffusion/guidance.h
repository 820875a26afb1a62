/* Guidance: Denoisers made of Denoisers. */
#ifndef DIFFUSION_GUIDANCE_H
#define DIFFUSION_GUIDANCE_H

#include "diffusion/sampler.h"

/* Classifier-free guidance (arXiv 2207.12598): v = v_u + scale (v_c - v_u), only while the
 * highest level of any frame is in [sigma_min, sigma_max] (arXiv 2404.07724); outside, and for
 * scale 1, v_c alone, at half the cost. `count` values; memory in `a` for as long as it is used. */
Denoiser guidance_cfg(Arena *a, Denoiser cond, Denoiser uncond, double scale, double sigma_min,
                      double sigma_max, LatentShape shape);

#endif
