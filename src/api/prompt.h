/* Prompts before a model is given them: which of their words it knows, and what it is told. */
#ifndef API_PROMPT_H
#define API_PROMPT_H

#include "model/bundle.h"
#include "pipeline/told.h"

typedef struct PromptWords PromptWords;

/* What the bundle's model (its file's name is `name`) was taught. Borrows the bundle, which must
 * be no Wan model's, and `c`; memory from `a`. `lora`: with one it knows words that
 * its file does not tell of. */
SoraStatus prompt_words_open(const Bundle *b, const Compute *c, const char *name, bool lora,
                             Arena *a, PromptWords **out);

/* What the model is told in place of the prompt: what is understood of it (words/recaption.h),
 * nouns that it was never shown by the nearest that it was. The prompt itself when no actor is
 * found in it, or when the model does not say what it was taught. `before`: what was told until
 * this prompt takes over: "it starts to rain" is said of its actors, and its scene goes on; NULL:
 * nothing. One actor is told of in English, and in a mirror, if he has a side, in Chinese.
 * Memory from `a`. */
SoraStatus prompt_told(PromptWords *p, const char *before, const char *prompt, Arena *a, Told *out);

#endif
