/* What a Wan family makes of given pictures and videos: channels beside the latent and CLIP states
 * (I2V, FLF2V), a first latent frame that is held (TI2V), a control video (VACE), or a start that
 * is not all noise (video to video). */
#ifndef PIPELINE_WAN_CONDITION_H
#define PIPELINE_WAN_CONDITION_H

#include "pipeline/wan_denoise.h"
#include "model/bundle_wan.h"

/* A picture of any size, [3, height, width] in [-1, 1]. */
typedef struct WanPicture {
    const float *rgb;
    size_t height, width;
} WanPicture;

/* A video of the size and length to be made, [frames, height, width, 3] in [-1, 1]. */
typedef struct WanVideo {
    const float *rgb;
    const uint8_t
        *mask; /* [frames, height, width] 0: kept, else to be made; NULL: all to be made */
} WanVideo;

/* What is given. All may be NULL or 0. */
typedef struct WanGiven {
    const WanPicture *first, *last;
    const WanVideo *video;        /* VACE: to be kept in part, or to steer by; T2V: to start from */
    const WanPicture *references; /* VACE: things that shall appear */
    size_t reference_count;
    float control_scale; /* VACE: 0 counts as 1 */
} WanGiven;

typedef struct WanTrace { /* shows results on the way, named as in ../shared/golden/README.md */
    void (*fn)(void *self, const char *name, const float *x, size_t count);
    void *self;
} WanTrace;

typedef struct WanConditionCall {
    const WanBundle *b;
    const Compute *compute;
    GemmPrecision precision, vae_precision;
    size_t tile;                  /* of the autoencoder, 0: none */
    size_t frames, height, width; /* of the video, frames 4n + 1 */
    LatentSize size;              /* of the latent, references not counted */
    const WanGiven *given;
    const WanTrace *trace; /* or NULL */
    Arena *step;           /* working memory, given back */
} WanConditionCall;

typedef struct WanCondition {
    WanInputs inputs;
    const float *held;  /* [channels, 1, h, w]: latent frame 0 is this and takes no step */
    const float *start; /* a whole latent to start from, noised */
    size_t extra;       /* latent frames in front that are dropped at the end (references) */
} WanCondition;

/* Results in `a`. SORA_E_ARGUMENT when the family has no use for what is given, or needs more. */
SoraStatus wan_condition_make(const WanConditionCall *k, Arena *a, WanCondition *out);

#endif
