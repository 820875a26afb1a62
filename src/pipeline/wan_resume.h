/* The state of a run after its last finished step, in a file, so that a run that was stopped goes
 * on from there to the same bytes. A safetensors file with "sora.kind" "wan": the latent, what the
 * sampler remembers, the step caches, and in the metadata everything that decides the result. */
#ifndef PIPELINE_WAN_RESUME_H
#define PIPELINE_WAN_RESUME_H

#include "pipeline/wan.h"
#include "tensor/safetensors.h"

/* What a run is, for saving and for comparing. */
typedef struct WanResumeRun {
    const WanJob *job;
    LatentSize size; /* of what is sampled, references counted */
    size_t cached;   /* values of a step cache */
    WanNet *net;
} WanResumeRun;

/* Replaces the file of job->resume.path; complete or unchanged. */
SoraStatus wan_resume_save(const WanResumeRun *r, size_t done, const SamplerMemory *m,
                           const float *z, Arena *step);

/* A file that is mapped while the run goes on. */
typedef struct WanResumed {
    Safetensors st;
    size_t done; /* steps; 0: the run begins */
    SamplerMemory memory;
    const float *z;
} WanResumed;

/* Opens it where the job wants to go on; step caches are handed to the net. SORA_E_IO when there is
 * no such file, SORA_E_ARGUMENT names the setting in which it is of another run. */
SoraStatus wan_resume_open(const WanResumeRun *r, Arena *a, WanResumed *out);
void wan_resume_close(WanResumed *r);

#endif
