/* The lexicon: words in English and Chinese for everything facts can say. It is read from one
 * table (data/lexicon.tsv, built into the library; a model file carries the one it was taught
 * with). Read-only once made, so threads may share it. The table's columns: docs/formats.md. */
#ifndef WORDS_LEXICON_H
#define WORDS_LEXICON_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/file.h"
#include "words/facts.h"

typedef enum Language { LANG_EN, LANG_ZH_HANS, LANG_ZH_HANT, LANG_COUNT } Language;

/* What has an entry of its own. For all but actors and props the index is the value of the enum
 * in facts.h; actors and props are numbered in the order of the table, which only grows. */
typedef enum WordKind {
    WORD_ACTOR,
    WORD_PROP,
    WORD_SCENE,
    WORD_TIME,
    WORD_WEATHER,
    WORD_CAMERA,
    WORD_ACTION,
    WORD_SIZE,
    WORD_RELATION,
    WORD_KIND_COUNT
} WordKind;

/* How an actor gets about, which decides its verbs. */
typedef enum Way {
    WAY_WALK,
    WAY_HOP,
    WAY_CRAWL,
    WAY_SLITHER,
    WAY_DRIVE,
    WAY_RIDE,
    WAY_TRAIN,
    WAY_FLY,
    WAY_FLUTTER,
    WAY_SWIM,
    WAY_SAIL,
    WAY_FLOAT,
    WAY_SLIDE,
    WAY_COUNT
} Way;

typedef struct Lexicon Lexicon;

/* The table built into the library; it is sound (tests/words), so only memory can fail. */
SoraStatus lexicon_builtin(Arena *a, const Lexicon **out);

/* Any table, for example a model's. `name` goes into messages. SORA_E_FORMAT names the line. */
SoraStatus lexicon_read(Slice table, const char *name, Arena *a, const Lexicon **out);

/* The table the lexicon was read from, for a model file to carry. */
Slice lexicon_table(const Lexicon *lex);

const char *lexicon_kind_name(WordKind kind); /* "actor", "prop" ... as in the table */

int lexicon_count(const Lexicon *lex, WordKind kind);

/* Index of the entry called `id` ("fire_engine", "meadow"), or -1. */
int lexicon_find(const Lexicon *lex, WordKind kind, const char *id);

/* "fire_engine" */
const char *lexicon_id(const Lexicon *lex, WordKind kind, int index);

/* "fire engine", 消防车, 消防車: what to call it in a list or a message. */
const char *lexicon_name(const Lexicon *lex, WordKind kind, int index, Language language);

Way lexicon_way(const Lexicon *lex, int actor);

/* The entry's words in a language, the name first: words 0 .. lexicon_words - 1. */
int lexicon_words(const Lexicon *lex, WordKind kind, int index, Language language);
const char *lexicon_word(const Lexicon *lex, WordKind kind, int index, Language language, int word);

/* A word that captions for training never use, kept for measuring paraphrases ("hound"). */
bool lexicon_held_out(const Lexicon *lex, WordKind kind, int index, Language language, int word);

#endif
