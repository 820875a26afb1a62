/* umT5-XXL's encoder as Wan uses it: pre-norm layers without biases, RMS norms, gated GELU, and a
 * table of relative positions in every layer (Wan-Video/Wan2.1 wan/modules/t5.py). Sizes come from
 * the tensors, names may be Wan's own, Hugging Face's or GGUF's. */
#ifndef MODEL_UMT5_H
#define MODEL_UMT5_H

#include "model/encoder.h"

typedef struct Umt5 Umt5;

enum { UMT5_TOKENS_MAX = 512 }; /* of a prompt in Wan, its end included */

bool umt5_fits(const EncoderFile *f);

/* Matrices are used where they lie, which must outlive the encoder. */
SoraStatus umt5_load(const EncoderFile *f, Umt5 **out);

size_t umt5_width(const Umt5 *e);
size_t umt5_layers(const Umt5 *e);
size_t umt5_words(const Umt5 *e); /* rows of the embedding: every id is below */

/* states[M,D] of `count` packed texts, as e5_forward. block (may be NULL): [layers] buffers of
 * [M,D] for the residual stream after each layer. Working memory from `step` is given back. */
void umt5_forward(const Umt5 *e, const Compute *c, GemmPrecision precision, const uint32_t *id,
                  const size_t *start, size_t count, Arena *step, float *states,
                  float *const *block);

/* The row of a table of `buckets` for a key `distance` after (or before) the query. */
size_t umt5_bucket(ptrdiff_t distance, size_t buckets);

#endif
