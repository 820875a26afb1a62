/* The world in JSON: the list of what there is, and the exact state of a clip. */
#ifndef API_WORLD_TEXT_H
#define API_WORLD_TEXT_H

#include "api/words.h"
#include "base/json.h"
#include "words/caption.h"
#include "world/world.h"

/* Everything that can be asked for; an actor or prop this world lacks is left out. */
const char *world_text_list(const World *w, const Lexicon *lex, Arena *a);

/* The same without a world: the words of a model, actors it was not taught left out. */
const char *world_text_words(const ModelWords *words, Arena *a);

typedef struct WorldTextClip {
    const World *world;
    const Lexicon *lexicon;
    const Facts *facts; /* numbered as the lexicon does */
    const CaptionView *view;
    const WorldState *state;
    const char *split; /* NULL: shown after a prompt */
    uint64_t seed;
    size_t height, width;
} WorldTextClip;

const char *world_text_clip(const WorldTextClip *c, Arena *a);

#endif
