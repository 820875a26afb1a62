/* The world's own clip of a prompt. */
#ifndef API_WORLD_SHOW_H
#define API_WORLD_SHOW_H

#include "words/parse.h"
#include "world/world.h"

/* Facts of the world (its cast's numbers) for a prompt. What the prompt leaves open is drawn from
 * the seed so that it suits: a scene the actors live in, a way to go. SORA_E_ARGUMENT names the
 * words that are not known when the prompt names no actor, and an actor the cast lacks. */
SoraStatus world_show_facts(const World *w, const Lexicon *lex, const char *prompt, uint64_t seed,
                            Facts *out, ParseReport *report);

/* The words that could not be used, a comma between them: "submarine, purple"; "" for none. */
const char *world_show_unknown(const ParseReport *r, Arena *a);

#endif
