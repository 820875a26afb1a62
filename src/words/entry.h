/* What a row of the lexicon holds; for the rooms' own files only. */
#ifndef WORDS_ENTRY_H
#define WORDS_ENTRY_H

#include "words/lexicon.h"

enum { ENTRY_VERBS_MAX = 4, ENTRY_WORDS_MAX = 12 };

/* `text` is the word. English nouns: `second` is the plural, `third` the article ("a", "an", "" for
 * none). Scenes, times, weather: `second` and `third` are phrases ("in a meadow"); third may be
 * NULL. Cameras: `second` is the predicate ("pans left"). Else NULL. */
typedef struct Word {
    const char *text, *second, *third;
    bool held_out;    /* "~": never in captions for training */
    bool prompt_only; /* "?": understood, never written */
} Word;

typedef struct Entry {
    const char *id;
    Way way;
    const char *verb[ENTRY_VERBS_MAX]; /* English verbs of its own, base form */
    int verbs;
    bool own_verbs_only;
    const char *who;     /* "it", "he", "she", or "" where the noun is repeated */
    const char *measure; /* 只 */
    Word word[LANG_COUNT][ENTRY_WORDS_MAX];
    int words[LANG_COUNT];
} Entry;

const Entry *lexicon_entry(const Lexicon *lex, WordKind kind, int index);

/* The phrases prompts are looked up in, made from the words once; see phrases.h. */
typedef struct Phrases Phrases;
const Phrases *lexicon_phrases(const Lexicon *lex);

extern const unsigned char lexicon_builtin_table[]; /* data/lexicon.tsv */
extern const size_t lexicon_builtin_table_size;

#endif
