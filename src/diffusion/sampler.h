/* Samplers: from noise to clean, one step of a Schedule at a time, over anything that predicts a
 * velocity. They see no network. */
#ifndef DIFFUSION_SAMPLER_H
#define DIFFUSION_SAMPLER_H

#include <stdbool.h>

#include "diffusion/schedule.h"

/* Where the frames are in a latent: element (o, f, i) is at (o * frames + f) * inner + i.
 * Wan's [C,F,H,W] has outer C and inner H*W; our tokens [F, H*W*values] have outer 1. */
typedef struct LatentShape {
    size_t outer, frames, inner;
} LatentShape;

size_t latent_count(LatentShape s);

/* Predicts v = dz/dsigma = e - x of the latent z at the given levels ([frames] each). */
typedef struct Denoiser {
    SoraStatus (*fn)(void *self, const float *z, const double *sigma, const double *timestep,
                     float *v);
    void *self;
} Denoiser;

typedef enum SamplerKind {
    SAMPLER_EULER,
    SAMPLER_DPMPP_2M,
    SAMPLER_UNIPC,
    SAMPLER_DPMPP_2M_SDE
} SamplerKind;

/* A sampler between two of its steps: what it remembers of each frame. */
typedef struct Sampler Sampler;

/* The levels around one step. */
typedef struct SamplerStep {
    const double *sigma[4]; /* [frames] each: two steps before, one before, now, after it */
    const double *timestep; /* [frames] of now */
    size_t number, count;   /* for messages: step `number` (from 0) of `count` */
} SamplerStep;

/* Memory from `a`, of no frame any history yet. `seed` is of the noise that the SDE's steps add. */
Sampler *sampler_new(SamplerKind kind, uint64_t seed, LatentShape shape, Arena *a);

/* One step of z, in place. SORA_E_NUMBER when a prediction is not finite. */
SoraStatus sampler_step(Sampler *m, Denoiser d, const SamplerStep *step, float *z);

/* The first `frames` frames leave, the others move to the front, new ones come in behind. */
void sampler_shift(Sampler *m, size_t frames);

/* What a sampler remembers, to be saved and put back; valid until its next step. */
enum { SAMPLER_BUFFERS = 4 };
typedef struct SamplerMemory {
    float *buffer[SAMPLER_BUFFERS]; /* latent_count each */
    int *order;                     /* [frames] */
} SamplerMemory;
SamplerMemory sampler_memory(Sampler *m);

/* Called after every step with the latent as it is then; may change it (given frames put back).
 * Anything but SORA_OK ends the run with that status. */
typedef struct StepHook {
    SoraStatus (*fn)(void *self, size_t step, size_t steps, float *z);
    void *self;
    /* NULL, or called after fn, also when that stops: all that a run needs to go on when `done`
     * steps are done. */
    SoraStatus (*keep)(void *self, size_t done, const SamplerMemory *m, const float *z);
    size_t from; /* steps that are done: z and `memory` are as `keep` saw them */
    const SamplerMemory *memory;
} StepHook;

/* Takes z from the schedule's first level to its last, in place. Coefficients are per frame: a
 * frame whose level does not change keeps its values and its history. Euler; DPM-Solver++ 2M
 * (arXiv 2211.01095, midpoint form of Wan2.1 fm_solvers.py); UniPC order 2, bh2, with corrector
 * (arXiv 2302.04867, Wan2.1 fm_solvers_unipc.py); SDE-DPM-Solver++ 2M (arXiv 2211.01095), which
 * draws part of the noise anew in every step. SORA_E_NUMBER when a prediction is not finite. */
SoraStatus sampler_run(SamplerKind kind, uint64_t seed, Denoiser d, const Schedule *s,
                       LatentShape shape, float *z, Arena *a, const StepHook *hook);

#endif
