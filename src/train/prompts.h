/* Encoded prompts, remembered: a caption comes back with other renders of its facts, and "" comes
 * with every tenth example; encoding costs about as much as a training step of an image. */
#ifndef TRAIN_PROMPTS_H
#define TRAIN_PROMPTS_H

#include "model/text_encoder.h"

typedef struct Prompts Prompts;

/* Borrows the encoder. Remembers at least the last `capacity` different prompts. */
Prompts *prompts_new(const TextEncoder *encoder, size_t capacity);
void prompts_free(Prompts *p); /* NULL is fine */

/* As text_encode(): the states of `count` prompts, packed, in `out_arena`. What is not remembered
 * is encoded in one batch with memory from `step`. */
SoraStatus prompts_encode(Prompts *p, const Compute *c, const char *const *prompts, size_t count,
                          Arena *step, Arena *out_arena, TextStates *out);

/* Of all prompts asked for, how many had to be encoded. */
double prompts_miss_share(const Prompts *p);

#endif
