/* Text encoders: prompts in, token states out. The default model reads multilingual-e5-small
 * (model/e5.c), Wan reads umT5-XXL (model/umt5.c); which one a file holds is found by looking. */
#ifndef MODEL_TEXT_ENCODER_H
#define MODEL_TEXT_ENCODER_H

#include "tensor/compute.h"
#include "tensor/tensor.h"

typedef struct TextEncoder TextEncoder;

/* Opens the encoder and its tokenizer from a file (or folder); it keeps the file mapped until
 * text_encoder_close. Memory beyond the mapping comes from `weights`. */
SoraStatus text_encoder_open(const char *path, const Compute *c, Arena *weights, TextEncoder **out);
void text_encoder_close(TextEncoder *e);

size_t text_encoder_bytes(const TextEncoder *e);      /* of its file, which stays mapped */
size_t text_encoder_width(const TextEncoder *e);      /* D */
size_t text_encoder_tokens_max(const TextEncoder *e); /* longer prompts are cut: 128 for e5 */

/* Bytes of the prompt that are read: all, or as many whole characters as fit tokens_max. Working
 * memory from `step` is given back. */
SoraStatus text_encoder_reads(const TextEncoder *e, const char *prompt, Arena *step, size_t *bytes);

/* Several prompts in one packed batch. */
typedef struct TextStates {
    Tensor *states; /* [M, D] f32, the tokens of all prompts after each other */
    Tensor *words;  /* [M, D] f32: of each its embedding alone. Sentences that differ in "left" and
                       "right" have nearly the same states, the two words have not; NULL for
                       encoders without */
    size_t *start;  /* [count + 1] */
    Tensor *pooled; /* [count, D] f32: mean over tokens, unit length; NULL for encoders without */
    size_t cut;     /* prompts that were longer than tokens_max */
} TextStates;

/* Results in `out_arena`; working memory is taken from `step` and given back. Prompts are UTF-8;
 * "" is a prompt too (the unconditional one). */
SoraStatus text_encode(const TextEncoder *e, const Compute *c, const char *const *prompts,
                       size_t count, Arena *step, Arena *out_arena, TextStates *out);

#endif
