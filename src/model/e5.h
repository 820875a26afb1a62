/* multilingual-e5-small (intfloat, MIT): BERT with 12 post-norm layers of width 384 over an XLM-R
 * vocabulary, pruned and in 4-bit blocks by scripts/make-text; plain types are read as well.
 * Source of the arithmetic: transformers' modeling_bert.py. */
#ifndef MODEL_E5_H
#define MODEL_E5_H

#include "model/tokenizer.h"
#include "tensor/compute.h"
#include "tensor/safetensors.h"

typedef struct E5 E5;

enum { E5_TOKENS_MAX = 128 }; /* what positions are kept for */

/* Does the file hold such an encoder? */
bool e5_fits(const Safetensors *file);

/* Matrices become bf16 in `weights`; embeddings stay in the file, which must stay open.
 * SORA_E_FORMAT names the tensor that is missing or of another shape. `name` is the file's. */
SoraStatus e5_load(const Safetensors *file, const char *name, Arena *weights, E5 **out);

size_t e5_width(const E5 *e);

/* "query: " and the prompt, with the ids that begin and end a text around it; *cut tells whether
 * tokens were left out to stay within E5_TOKENS_MAX. Everything comes from `a`. */
SoraStatus e5_tokens(const E5 *e, const char *prompt, Arena *a, TokenizerIds *out, bool *cut);

/* states[M,D]: the last layer's output for `count` packed texts; text s has the tokens
 * id[start[s]] ... id[start[s + 1] - 1]. Working memory from `step` is given back. */
void e5_forward(const E5 *e, const Compute *c, const uint32_t *id, const size_t *start,
                size_t count, Arena *step, float *states);

/* words[M,D]: of every token its own embedding, whatever stands around it, normed. */
void e5_words(const E5 *e, const Compute *c, const uint32_t *id, size_t tokens, float *words);

#endif
