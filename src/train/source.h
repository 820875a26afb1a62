/* Where examples come from: the world, or a folder of clips with captions. Example i is a function
 * of (source, i) alone, so a resumed run sees what an unbroken one would have seen. */
#ifndef TRAIN_SOURCE_H
#define TRAIN_SOURCE_H

#include "media/sizes.h"
#include "train/batch.h"

typedef ClipSize SourceSize;
enum { SOURCE_SIZES_MAX = SIZES_MAX };

typedef struct Source {
    /* The size of example i, known before it is made. */
    void (*size)(const void *self, uint64_t i, SourceSize *out);
    /* Makes example i in `a`; called from several threads at once. */
    SoraStatus (*make)(const void *self, uint64_t i, Arena *a, Example *out);
    void *self;
} Source;

#endif
