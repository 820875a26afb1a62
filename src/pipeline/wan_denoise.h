/* Wan transformers as Denoisers: what a family makes of a condition goes in beside the latent, and
 * of two experts the one whose turn it is is open. */
#ifndef PIPELINE_WAN_DENOISE_H
#define PIPELINE_WAN_DENOISE_H

#include "diffusion/sampler.h"
#include "model/dit_cache.h"
#include "model/latent.h"
#include "model/wan_model.h"

enum { WAN_LOW, WAN_HIGH, WAN_EXPERTS };  /* a model without experts is WAN_LOW alone */
enum { WAN_CALLS_MAX = 3 * WAN_EXPERTS }; /* denoisers of a net: prompt, negative one, skipping */

/* What a condition became (pipeline/wan_condition.h). All may be NULL. */
typedef struct WanInputs {
    const float *beside; /* channels behind the latent's own: mask and images (I2V, FLF2V) */
    size_t beside_channels;
    Tensor *image;        /* [K, image_width] CLIP states */
    const float *control; /* [control channels, frames, height, width] (VACE) */
    float control_scale;
} WanInputs;

typedef struct WanNet WanNet;

typedef struct WanNetOptions {
    const char *path[WAN_EXPERTS];                          /* [WAN_HIGH] NULL: no experts */
    SoraStatus (*change)(void *self, Weights *w, Arena *a); /* wan_model_open */
    void *change_self[WAN_EXPERTS];
    const Compute *compute;
    GemmPrecision precision;
    LatentSize size; /* of the latent that is sampled */
    WanInputs inputs;
    bool stream; /* weights of a block leave memory when it has run */
    Arena *step; /* working memory of a pass, given back */
} WanNetOptions;

/* Nothing is opened yet. Memory from `a`. */
WanNet *wan_net_new(const WanNetOptions *o, Arena *a);
void wan_net_close(WanNet *net); /* NULL is fine */

/* Opens expert e, closing the other. SORA_E_FORMAT when it does not fit the inputs. */
SoraStatus wan_net_use(WanNet *net, int e, const WanModel **out);

/* The prediction of expert e under one prompt: text [n, text_width] f32. `skip` [layers] or NULL:
 * blocks left out. `cache_threshold` 0: every step is computed. */
typedef struct WanPrompted {
    int expert;
    Tensor *text;
    const bool *skip;
    double cache_threshold;
} WanPrompted;

Denoiser wan_net_denoiser(WanNet *net, const WanPrompted *p, Arena *a);

/* The cache of the i-th denoiser that was made, NULL while it has none; and what it shall hold when
 * it is first used, [tokens, width] each, kept by the caller (dit_cache.h). */
const DitCache *wan_net_cache(const WanNet *net, size_t i);
void wan_net_fill_cache(WanNet *net, size_t i, const float *first, const float *rest);

/* Before a step that must not come from a cache (the first and the last). */
void wan_net_always(WanNet *net, bool always);

/* Passes that came from caches, and all. */
void wan_net_counts(const WanNet *net, size_t *reused, size_t *passes);

#endif
