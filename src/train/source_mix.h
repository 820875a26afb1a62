/* Two sources as one: what is to be learned, and among it what is not to be forgotten. */
#ifndef TRAIN_SOURCE_MIX_H
#define TRAIN_SOURCE_MIX_H

#include "train/source.h"

typedef struct SourceMix {
    Source most, some;
    double share; /* of `some`, 0 to 1, spread evenly; either keeps its own order */
} SourceMix;

/* `m` must outlive the source. */
Source source_mix(const SourceMix *m);

#endif
