/* Step caching: where a step's first block does nearly what it did the step before, the others are
 * taken to do so too, and what they added is added again (first-block cache: diffusers
 * hooks/first_block_cache.py, after TeaCache, arXiv 2411.19108). One cache serves one prompt and
 * one network over the steps of one run. */
#ifndef MODEL_DIT_CACHE_H
#define MODEL_DIT_CACHE_H

#include "tensor/tensor.h"

typedef struct DitCache {
    double threshold; /* mean |change| of block 0's part, relative to its mean size; 0.05 to 0.2 */
    bool always;      /* set by the caller before a step that must be computed */
    size_t used, computed; /* steps so far */
    size_t count;
    float *before;       /* x before block 0, then after it */
    float *first, *rest; /* what block 0, and what the others, added when last computed */
    bool filled;
} DitCache;

/* For `tokens` x `width` values, in `a`: 12 bytes each. */
DitCache *dit_cache_new(Arena *a, size_t tokens, size_t width, double threshold);

/* As a run left it that was stopped: what block 0 and the others added, [tokens, width] each. */
void dit_cache_fill(DitCache *c, const float *first, const float *rest);

/* Called by dit_forward with the residual stream before block 0, after it, and after the last.
 * reuse: true when x is now what the last block would have made of it. */
void dit_cache_begin(DitCache *c, const Tensor *x);
bool dit_cache_reuse(DitCache *c, Tensor *x);
void dit_cache_end(DitCache *c, const Tensor *x);

#endif
