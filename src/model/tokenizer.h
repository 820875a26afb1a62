/* Unigram tokenizers as SentencePiece defines them (google/sentencepiece, src/unigram_model.cc and
 * normalizer.cc, 0.2.x): text is normalised by the model's own table, spaces become U+2581, and the
 * segmentation with the highest sum of scores is found. Used by multilingual-e5 and umT5. */
#ifndef MODEL_TOKENIZER_H
#define MODEL_TOKENIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/file.h"

typedef struct Tokenizer Tokenizer;

/* From the bytes of a spiece.model (protobuf ModelProto), which must outlive the tokenizer.
 * `name` goes into messages. */
SoraStatus tokenizer_read_spiece(Slice model, const char *name, Arena *a, Tokenizer **out);

/* From the bytes of a Hugging Face tokenizer.json with a Unigram model. It differs from the
 * SentencePiece it was made of: special tokens written out in the text are taken as such, and the
 * table is applied to whole graphemes. */
SoraStatus tokenizer_read_json(Slice text, const char *name, Arena *a, Tokenizer **out);

size_t tokenizer_count(const Tokenizer *t);

/* The id of a piece, control pieces included; false when there is none. */
bool tokenizer_find(const Tokenizer *t, const char *piece, uint32_t *id);

enum { TOKENIZER_TEXT_MAX = 1 << 20 }; /* bytes of one text */

typedef struct TokenizerIds {
    uint32_t *id;
    size_t count;
} TokenizerIds;

/* The ids of a text, without any special ones around them. Bytes that are not UTF-8 count as
 * U+FFFD. Result and working memory come from `a`. SORA_E_ARGUMENT for texts that are too long. */
SoraStatus tokenizer_encode(const Tokenizer *t, const char *text, size_t size, Arena *a,
                            TokenizerIds *out);

#endif
