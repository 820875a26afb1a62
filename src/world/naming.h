/* Facts between the world, which numbers actors and props as its cast file has them, and words,
 * which number them as the lexicon does. With the whole cast both are the same. */
#ifndef WORLD_NAMING_H
#define WORLD_NAMING_H

#include "words/lexicon.h"
#include "world/world.h"

/* SORA_E_ARGUMENT names the first actor or prop that the other side lacks. */
SoraStatus naming_to_words(const World *w, const Lexicon *lex, const Facts *f, Facts *out);
SoraStatus naming_to_world(const World *w, const Lexicon *lex, const Facts *f, Facts *out);

#endif
