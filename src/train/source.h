/* Where examples come from: the world, or a folder of clips with captions. Example i is a function
 * of (source, i) alone, so a resumed run sees what an unbroken one would have seen. */
#ifndef TRAIN_SOURCE_H
#define TRAIN_SOURCE_H

#include "train/batch.h"

/* One size of example and how often it comes. */
typedef struct SourceSize {
    size_t frames, height, width;
    double fps;
    double share;
} SourceSize;

enum { SOURCE_SIZES_MAX = 16 };

/* "64x64" (images), "64x64x25@24", "96x56x25@12*0.5" (width x height x frames @ fps * share),
 * joined by commas. SORA_E_ARGUMENT names the part that is wrong. */
SoraStatus source_parse_sizes(const char *text, SourceSize *out, size_t *count);

typedef struct Source {
    /* The size of example i, known before it is made. */
    void (*size)(const void *self, uint64_t i, SourceSize *out);
    /* Makes example i in `a`; called from several threads at once. */
    SoraStatus (*make)(const void *self, uint64_t i, Arena *a, Example *out);
    void *self;
} Source;

#endif
