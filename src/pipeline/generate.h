/* Generation: a prompt and a Condition in, a clip out. */
#ifndef PIPELINE_GENERATE_H
#define PIPELINE_GENERATE_H

#include "diffusion/sampler.h"
#include "model/bundle.h"
#include "pipeline/condition.h"

/* From this time on the shot follows other words. */
typedef struct GeneratePrompt {
    double from_s;
    const char *text;
} GeneratePrompt;

typedef struct GenerateOptions {
    const char *prompt, *negative; /* UTF-8; negative NULL: "" */
    uint64_t seed;
    size_t frames, height, width; /* frames are rounded up inside to 4n + 1 and trimmed after */
    double fps;                   /* what the motion is told; not read for one frame */
    size_t steps;
    double cfg_scale;        /* 1: no guidance */
    double cfg_min, cfg_max; /* guidance while sigma is in between */
    double shift;            /* flow shift of the schedule */
    SamplerKind sampler;
    const GeneratePrompt *later; /* [later_count] prompts that take over, in order of time */
    size_t later_count;
    size_t window; /* latent frames the network sees at once; a longer clip, or one with later
                      prompts, is rolled through such a window. 0: all of them */
    const Condition *condition; /* NULL: nothing is given */
    size_t memory;              /* bytes that may be used, 0: no limit. Wan models then work on
                                   tiles and read their weights again in every step */
    double cache;               /* Wan models: step caching (model/dit_cache.h), 0: none */
    const char *latents_path;   /* Wan models save the finished latent there; NULL: nowhere */
    GemmPrecision precision;
    /* Called after every step; anything but SORA_OK stops. `preview` is the clip as it would be if
     * this were the last step, valid during the call; made only if `wants_preview`. */
    SoraStatus (*progress)(void *self, size_t step, size_t steps, const Clip *preview);
    void *progress_self;
    bool wants_preview;
} GenerateOptions;

GenerateOptions generate_options_default(void);

/* The clip, frames x height x width, in `a`, which also lends working memory. Same options, build
 * and CPU level: same bytes. */
SoraStatus generate_clip(const Bundle *b, const Compute *c, const GenerateOptions *o, Arena *a,
                         Clip *out);

#endif
