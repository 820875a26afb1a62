/* What is given of a clip, where, and how clean: the one mechanism behind every verb. A still is
 * one given frame, an extension given frames on one side, an edit a start at less than full
 * noise, a mask a choice per pixel. */
#ifndef PIPELINE_CONDITION_H
#define PIPELINE_CONDITION_H

#include <stdbool.h>

#include "media/clip.h"
#include "model/patch.h"

typedef struct Condition {
    const Clip *source;   /* frames, height, width of the clip to be made; NULL: nothing is given */
    const uint8_t *given; /* [frames] 1: this frame of the source is kept */
    const uint8_t *mask;  /* [frames, height, width] 0: kept, else: to be made; NULL: all of it.
                             Patches that are kept whole are given to the network */
    double strength;      /* of what is not given: 1 starts from noise alone, 0.6 from a source
                             that is mostly noise (SDEdit, arXiv 2108.01073) */
} Condition;

/* A condition in the shape of the network's input. */
typedef struct ConditionTokens {
    float *clean;   /* [tokens, values] of the source */
    uint8_t *given; /* [tokens, PATCH_FRAMES] */
    bool *frame;    /* [grid.frames] every token of the latent frame is wholly given */
} ConditionTokens;

/* NULL is a condition that gives nothing. Results in `a`. */
SoraStatus condition_tokens(const Condition *c, PatchGrid grid, size_t patch, Arena *a,
                            ConditionTokens *out);

/* Puts the given pixels of the source back into a made clip, exactly. */
void condition_restore(const Condition *c, Clip *made);

#endif
