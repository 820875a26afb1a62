/* The world as training data. */
#ifndef API_TRAIN_WORLD_H
#define API_TRAIN_WORLD_H

#include "sora.h"
#include "train/source_world.h"

typedef struct TrainWorld {
    World *world;
    const Lexicon *lexicon;
    uint64_t *actors; /* bit set, or NULL: all */
    WorldSource training, validation;
} TrainWorld;

/* From the options' cast, actors, scenes, sizes and seed. SORA_E_ARGUMENT names an actor or a
 * scene that is not there. Memory from `a`; `out` must not move. */
SoraStatus train_world_open(const SoraTrainOptions *o, const SourceSize *sizes, size_t size_count,
                            Arena *a, TrainWorld *out);
/* Lists as options have them: "40": the first forty actors of the cast, else ids. */
SoraStatus train_world_actors(const World *w, const char *list, Arena *a, uint64_t **out);
SoraStatus train_world_scenes(const Lexicon *lex, const char *list, Arena *a, uint32_t *out);

/* "cat,dog,bus": the ids of the actors that appear; NULL: all. */
const char *train_world_taught(const TrainWorld *w, Arena *a);

void train_world_close(TrainWorld *w); /* a zeroed one is fine */

#endif
