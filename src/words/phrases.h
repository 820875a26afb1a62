/* The phrases that prompts are made of: the lexicon's words in all their forms, and grammar. */
#ifndef WORDS_PHRASES_H
#define WORDS_PHRASES_H

#include "words/english.h"
#include "words/entry.h"
#include "words/tokens.h"

typedef enum PhraseKind {
    PH_UNKNOWN,
    PH_ACTOR,
    PH_PROP,
    PH_SCENE,
    PH_TIME,
    PH_WEATHER,
    PH_SIZE,   /* value: index in the lexicon */
    PH_CAMERA, /* value: Camera; says by itself that it is one ("zoom in") */
    PH_LENS,   /* the word "camera" */
    PH_MOTION, /* a verb of motion; what it amounts to depends on the direction */
    PH_ACT,    /* value: Action */
    PH_DIR,    /* value: Direction */
    PH_FAST,
    PH_PLACE,   /* value: Relation; "to the left of", 左边 */
    PH_SIDE,    /* value: Relation; "on the left", of the picture */
    PH_DEED,    /* value: Relation; "chases" */
    PH_COUNT,   /* value: how many */
    PH_NEW,     /* another */
    PH_NTH,     /* value: which of its kind, from 1 */
    PH_THE,     /* this one, the one spoken of */
    PH_PRONOUN, /* value: 1 it, 2 they */
    PH_ALL,     /* together, both */
    PH_AND,
    PH_WHILE,
    PH_THEN,
    PH_AFTER,
    PH_EXIST, /* there is */
    PH_IS,
    PH_ARE,
    PH_NEAR,    /* next to: a thing follows that does nothing */
    PH_AT,      /* 在, 从: a thing follows that something stands by */
    PH_THAN,    /* 比 */
    PH_BY,      /* 被 */
    PH_OF,      /* 的 */
    PH_STOP,    /* means nothing here */
    PH_VERB,    /* a verb that no actor of the world can do */
    PH_QUALITY, /* a colour and the like, which cannot be asked for */
    PH_COMMAND, /* value: Command; in a description a verb that no actor can do */
    PH_COMMA,
    PH_LIST,
    PH_PERIOD
} PhraseKind;

typedef enum Command {
    COMMAND_TURN,    /* change ... to */
    COMMAND_INTO,    /* 变成 */
    COMMAND_TAKE,    /* 把 */
    COMMAND_INSTEAD, /* 代替: what it becomes stands first, 用猫代替狗 */
    COMMAND_REMOVE,
    COMMAND_ADD
} Command;

typedef enum Direction {
    DIR_NONE,
    DIR_LEFT,
    DIR_RIGHT,
    DIR_NEAR,
    DIR_AWAY,
    DIR_ROUND,
    DIR_IN,
    DIR_OUT,
    DIR_UP,
    DIR_DOWN,
    DIR_ALONG
} Direction;

enum {
    PHRASE_PLURAL = 1,       /* more than one: "dogs" */
    PHRASE_FAST = 2,         /* the verb itself is fast: "dash" */
    PHRASE_TURNED = 4,       /* the other way round: "chased by" */
    PHRASE_SUFFIX = 8,       /* stands after its verb: 进画面 */
    PHRASE_LOOSE = 16,       /* gaps do not matter: "rain bow" */
    PHRASE_SNOW = 32,        /* the scene that may be meant as the weather */
    PHRASE_MEASURE = 64,     /* a noun must follow: 一只 */
    PHRASE_CAMERA_ONLY = 128 /* only after the word "camera" */
};

typedef struct Phrase {
    const char *key; /* tokens without gaps */
    uint32_t gaps;   /* bit i: a gap before byte i + 1 of the key, of its first 32 bytes */
    uint8_t kind, flags, form; /* PhraseKind; EnglishForm of verbs */
    uint8_t tokens;
    uint16_t value;
} Phrase;

/* Built with the lexicon, which keeps them. */
SoraStatus phrases_new(const Lexicon *lex, Arena *a, const Phrases **out);

/* The phrase that tokens first .. first + count - 1 are, or NULL; `camera` asks for what is said of
 * cameras alone. */
const Phrase *phrases_find(const Phrases *p, const Tokens *t, size_t first, size_t count,
                           bool camera);

enum { PHRASE_TOKENS_MAX = 10 };

/* Rows of grammar: alternatives separated by '|'. */
typedef struct GrammarRow {
    uint8_t kind, value, flags;
    bool verb; /* all forms of its first word */
    const char *words;
} GrammarRow;

extern const GrammarRow grammar_en[], grammar_zh[]; /* end with words NULL */
extern const char *const grammar_zh_counts, *const grammar_zh_measures;

#endif
