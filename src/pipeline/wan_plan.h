/* What a Wan job takes, said before anything starts: tokens, memory of every part, time. */
#ifndef PIPELINE_WAN_PLAN_H
#define PIPELINE_WAN_PLAN_H

#include "pipeline/wan.h"

/* Bytes at the worst moment of each part; parts follow each other, what one took the next has. */
typedef struct WanPlan {
    LatentSize size;
    size_t tokens;
    size_t text;        /* encoder and its working memory; freed before the rest */
    size_t condition;   /* autoencoder (and CLIP) while they encode what is given; freed */
    size_t transformer; /* weights, of one expert; streamed: what stays of them */
    size_t activations; /* latents, caches and everything of a step */
    size_t vae;         /* autoencoder, its working memory and the frames */
    size_t peak;        /* the most at any time, the program itself included */
    double seconds;     /* in all, from the speed of this machine now */
    size_t tile;        /* of the autoencoder, 0: none; chosen where memory asks for it */
    bool stream;        /* weights are read from disk again in every step */
} WanPlan;

/* Fits the job into `limit` bytes (0: no limit) by tiling and streaming; SORA_E_MEMORY says what
 * it would take at least. The job's tile and stream are taken as they are where they are set. */
SoraStatus wan_plan_make(const WanBundle *b, const Compute *c, const WanJob *j, size_t limit,
                         WanPlan *out);

/* "needs 9.8 GB: text 0 (freed), transformer 2.9, activations 1.6, VAE 0.9; about 12 minutes";
 * in the caller's buffer, returns it. */
const char *wan_plan_describe(const WanPlan *p, char *text, size_t size);

/* Puts what the plan chose into the job. */
void wan_plan_apply(const WanPlan *p, WanJob *j);

#endif
