/* What an edit leaves in place although all of it starts from noise: large shapes, or movement.
 * While a frame is still noisy the mean colour of each of its patches is brought to that of the
 * source at the same level (as ILVR does, arXiv 2108.02938); what is smaller is free. */
#ifndef PIPELINE_KEEP_H
#define PIPELINE_KEEP_H

#include <stdint.h>

#include "model/patch.h"

typedef enum KeepKind {
    KEEP_NOTHING,
    KEEP_LAYOUT, /* each patch's mean in each frame */
    KEEP_MOTION  /* only how that changes over time: the mean picture is free */
} KeepKind;

typedef struct KeepCall {
    KeepKind kind;
    PatchGrid grid; /* of what z holds */
    size_t per;     /* tokens of a latent frame: its grid's, and others behind them */
    size_t patch;
    size_t first; /* z's first token is this one of the whole clip's, which its noise is drawn by */
    uint64_t seed;
    const double *sigma;  /* [grid.frames] levels of z; frames at KEEP_UNTIL and below are let go */
    const float *clean;   /* [tokens, values] the source */
    const uint8_t *given; /* [tokens, PATCH_FRAMES] 1: not to be touched */
} KeepCall;

#define KEEP_UNTIL 0.25

/* Changes z [tokens, values] in place. */
void keep_low(const KeepCall *k, float *z);

#endif
