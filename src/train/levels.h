/* Noise levels of training (Diffusion Forcing, arXiv 2407.01392): every latent frame has its own,
 * some frames or a region are given, so that one network learns every verb. t = 1 is clean. */
#ifndef TRAIN_LEVELS_H
#define TRAIN_LEVELS_H

#include <stdint.h>

#include "model/patch.h"

/* t = sigmoid(mean + std * normal), and a share of the clips at t < 0.1, where layout is decided.
 * Shares of the other kinds of clip; what is left has one level for all frames. */
typedef struct LevelMix {
    float mean, std;
    float low;    /* one level below 0.1 */
    float free;   /* every frame its own level */
    float given;  /* some frames are clean: a start, an end, both, or scattered ones */
    float region; /* a rectangle, or all but it, is clean in every frame */
    float rising; /* levels fall from the first frame to the last: the rolling window */
} LevelMix;

LevelMix levels_for_images(void);
LevelMix levels_for_clips(void);

typedef struct Levels {
    float *t;       /* [grid.frames]: of what is not given */
    uint8_t *given; /* [tokens, PATCH_FRAMES]: 1 where a token's frame is given */
} Levels;

/* Fills the caller's arrays for clip `seed`. At least one token stays to be predicted. */
void levels_draw(const LevelMix *mix, uint64_t seed, PatchGrid grid, Levels *out);

#endif
