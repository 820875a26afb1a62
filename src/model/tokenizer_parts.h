/* What the files of the tokenizer share. */
#ifndef MODEL_TOKENIZER_PARTS_H
#define MODEL_TOKENIZER_PARTS_H

#include "model/tokenizer.h"

/* SentencePiece's own numbers (ModelProto.SentencePiece.Type). */
typedef enum PieceKind {
    PIECE_NORMAL = 1,
    PIECE_UNKNOWN,
    PIECE_CONTROL,
    PIECE_USER, /* always matched as written, never normalised */
    PIECE_UNUSED,
    PIECE_BYTE /* "<0x0A>": stands for a byte of a character without piece */
} PieceKind;

typedef struct Piece {
    const char *text;
    uint32_t size;
    PieceKind kind;
    float score;
} Piece;

/* A precompiled charsmap: a double array (s-yata/darts-clone) of source strings, and the pool of
 * zero-terminated replacements that its values point into. */
typedef struct Charsmap {
    const uint32_t *unit;
    size_t units;
    const char *pool;
    size_t pool_size;
} Charsmap;

/* A token that tokenizer.json takes out of the text before anything else. */
typedef struct AddedToken {
    const char *text;
    size_t size;
    uint32_t id;
    bool strip_left, strip_right; /* takes the white space beside it along */
    bool single_word;             /* not within a word */
} AddedToken;

/* One step of tokenizer.json's normalizer. */
typedef struct HfStep {
    enum { HF_CHARSMAP, HF_STRIP, HF_REPLACE, HF_SPACES } kind;
    bool left, right;      /* of HF_STRIP */
    const char *from, *to; /* of HF_REPLACE; HF_SPACES turns two spaces or more into `to` */
} HfStep;

enum { HF_STEPS_MAX = 16 };

/* What tokenizer.json says beyond the pieces (huggingface/tokenizers 0.15 to 0.21). */
typedef struct HfRules {
    bool on;
    AddedToken *added;
    size_t added_count;
    HfStep step[HF_STEPS_MAX];
    size_t steps;
    bool split_spaces; /* words are what stands between white space */
    const char *space; /* Metaspace: what a space becomes */
    enum { HF_PREPEND_ALWAYS, HF_PREPEND_FIRST, HF_PREPEND_NEVER } prepend;
    bool split; /* at every `space` */
} HfRules;

struct Tokenizer {
    Piece *piece;
    size_t count;
    uint32_t *table; /* open addressing over the pieces' texts: id + 1, 0 is free */
    size_t mask;
    size_t longest, longest_user; /* bytes; longest_user 0: there are no user pieces */
    float score_min, score_max;   /* of the normal pieces */
    uint32_t unknown;
    bool byte_fallback;
    uint32_t byte_id[256];
    Charsmap charsmap;
    bool add_space, trim_spaces, escape_spaces;
    HfRules hf;
};

/* Text that grows in an arena. */
typedef struct TokenText {
    Arena *a;
    char *bytes;
    size_t size, room;
} TokenText;

void token_text_put(TokenText *t, const char *bytes, size_t size);

/* Builds the table and everything else that follows from the pieces. */
SoraStatus tokenizer_index(Tokenizer *t, const char *name, Arena *a);

/* The piece of exactly this text, or -1. */
int64_t tokenizer_lookup(const Tokenizer *t, const char *text, size_t size);

/* Checks and copies a charsmap blob; an empty one maps nothing. */
SoraStatus charsmap_read(Slice blob, const char *name, Arena *a, Charsmap *out);

/* The longest (or, with `shortest`, the shortest) source string that `s` starts with: its length,
 * 0 when there is none, and its replacement in *to. */
size_t charsmap_match(const Charsmap *c, const char *s, const char *end, bool shortest,
                      const char **to);

/* Appends the ids of the best segmentation of a normalised text; `out` has room for one a byte. */
void tokenizer_segment(const Tokenizer *t, const char *text, size_t size, Arena *a,
                       TokenizerIds *out);

/* tokenizer_encode by the rules of tokenizer.json. */
SoraStatus tokenizer_encode_hf(const Tokenizer *t, const char *text, size_t size, Arena *a,
                               TokenizerIds *out);

/* Appends the normalised text, spaces escaped. */
void tokenizer_normalize(const Tokenizer *t, const char *text, size_t size, TokenText *out);

#endif
