/* What a model has learned of what it was taught, as `sora eval --suite text` found it: a table
 * beside the model, LEARNED_FILE, of how often each actor, scene, camera ... came out right. */
#ifndef API_LEARNED_H
#define API_LEARNED_H

#include "tensor/safetensors.h"
#include "words/lexicon.h"

#define LEARNED_FILE "learned.tsv"

/* Fewer right than this, and the word is not claimed. */
#define LEARNED_ENOUGH 0.8

typedef struct LearnedRow {
    WordKind kind;
    int index; /* as the lexicon counts */
    size_t asked, right;
} LearnedRow;

/* Writes the table beside `model` (a file or a folder), whole or not at all; *path is where it is,
 * in `a`. `file` is the opened model: the table holds for these weights and those of its layouts
 * alone. */
SoraStatus learned_write(const char *model, const Safetensors *file, const Lexicon *lex,
                         const LearnedRow *row, size_t rows, Arena *a, const char **path);

/* share[kind] [entries of the kind]: how often each comes out right, 0 .. 1; of what nobody asked
 * for, as of all where there is no table, or one of other weights, it stays what it was.
 * SORA_E_FORMAT when the table is not one. */
SoraStatus learned_read(const char *model, const Safetensors *file, const Lexicon *lex, Arena *a,
                        float *const share[WORD_KIND_COUNT]);

#endif
