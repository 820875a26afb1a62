/* Wan models, from a prompt and what is given to frames: text encoder, transformer(s) under a
 * sampler, autoencoder; each part is in memory while it works. */
#ifndef PIPELINE_WAN_H
#define PIPELINE_WAN_H

#include "pipeline/wan_condition.h"

typedef struct WanStats {
    size_t passes, reused; /* of the transformer; reused: from the cache */
} WanStats;

/* Where the state after every finished step is kept (pipeline/wan_resume.h). */
typedef struct WanResume {
    const char *path;   /* NULL: nowhere */
    const char *engine; /* what decides the result beside the job: model, library, level */
    const char *note;   /* kept with it for whoever reads it; NULL: none */
    bool go_on;         /* begin from what is there, where there is something */
} WanResume;

typedef struct WanJob {
    const char *prompt, *negative; /* UTF-8; negative NULL: the model's own; "": none */
    size_t frames, height, width;  /* frames are rounded up to 4n + 1; sides: wan_side */
    double fps;                    /* for the latents' file */
    size_t steps;
    double shift;
    Grid grid;
    SamplerKind sampler;
    double cfg_scale, cfg_high; /* of the (low-noise) transformer and of the high-noise expert */
    double cfg_min, cfg_max;    /* guidance while sigma is in between */
    const bool *skip_layers;    /* [layers] skip-layer guidance leaves these out; NULL: none */
    size_t layers;              /* of skip_layers */
    double skip_scale, skip_start, skip_end; /* of the steps, as shares of them: 0.01 to 0.2 */
    double cache_threshold;                  /* step caching (model/dit_cache.h); 0: none */
    uint64_t seed;
    bool torch_noise;   /* as torch.randn of a CPU generator draws it */
    const float *noise; /* or this: [channels, latent frames, h, w] */
    WanGiven given;
    double strength; /* of a video to start from: 1 is all noise */
    GemmPrecision precision, vae_precision;
    size_t tile;           /* of the autoencoder; 0: none */
    bool stream;           /* blocks' weights leave memory after use */
    size_t working_memory; /* bytes of a step as planned (wan_plan.h), taken in one piece: arenas
                              that grow leave gaps; 0: as it comes */
    SoraStatus (*change)(void *self, Weights *w, Arena *a); /* LoRA */
    void *change_self[WAN_EXPERTS];
    const char *latents_path; /* the finished latent is saved there before it is decoded; or NULL */
    WanResume resume;
    const WanTrace *trace; /* or NULL */
    /* Called after every step, may be NULL; anything but SORA_OK stops. */
    SoraStatus (*progress)(void *self, size_t step, size_t steps);
    void *progress_self;
    WanStats *stats; /* filled at the end, or NULL */
} WanJob;

/* The original's settings for a model: steps, shift, guidance, frames, size, fps. */
WanJob wan_job_default(const WanBundle *b);

/* A side must be a multiple of this many pixels: 16, of TI2V 32. */
size_t wan_side(const WanBundle *b);

/* Latent of a job, references not counted. SORA_E_ARGUMENT for sizes that cannot be. */
SoraStatus wan_latent_size(const WanBundle *b, const WanJob *j, LatentSize *out);

/* Everything but decoding: z [channels, T, h, w] in `a`. */
SoraStatus wan_sample(const WanBundle *b, const Compute *c, const WanJob *j, Arena *a, float **z);

/* Decodes frame by frame: [height, width, 3] in [-1, 1]. */
SoraStatus wan_decode(const WanBundle *b, const Compute *c, const WanJob *j, const float *z,
                      VaeWriteFn write, void *self);

#endif
