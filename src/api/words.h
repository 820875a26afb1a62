/* The words of a model: its lexicon, and the actors it was taught. */
#ifndef API_WORDS_H
#define API_WORDS_H

#include "tensor/safetensors.h"
#include "words/lexicon.h"

typedef struct ModelWords {
    const Lexicon *lexicon;
    bool listed;                   /* the file says which actors were taught; else all */
    bool *taught;                  /* [actors] of the lexicon */
    float *share[WORD_KIND_COUNT]; /* [entries of the kind] how often each comes out right; NAN: not
                                      known (api/learned.h) */
} ModelWords;

/* From a model file's metadata and the table beside it; where it has none, the library's own words,
 * all of them. Memory from `a`. `name` is the file's. */
SoraStatus model_words(const Safetensors *file, const char *name, Arena *a, ModelWords *out);

#endif
