/* Examples from the world: drawn, rendered and captioned as they are asked for. */
#ifndef TRAIN_SOURCE_WORLD_H
#define TRAIN_SOURCE_WORLD_H

#include "train/source.h"
#include "words/lexicon.h"
#include "world/world.h"

typedef struct WorldSource {
    const World *world;
    const Lexicon *lexicon;
    uint64_t seed;
    Split split;
    SourceSize sizes[SOURCE_SIZES_MAX];
    size_t size_count;
    int actors_max;         /* 0: as the world has it */
    const uint64_t *actors; /* as WorldOptions has them: a bit set, NULL: all */
    uint32_t scenes;        /* 0: all */
    size_t period;          /* facts come back after so many examples, with other pixels ... */
    size_t repeats; /* ... so many times in all: the encoder has less to read. 1: always new */
} WorldSource;

/* `w` must outlive the source. */
Source source_world(const WorldSource *w);

#endif
