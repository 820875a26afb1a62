/* Prompts: sentences into facts. The inverse of caption.h, and lenient about everything else. */
#ifndef WORDS_PARSE_H
#define WORDS_PARSE_H

#include "words/caption.h"

enum { PARSE_UNKNOWN_MAX = 8, PARSE_WORD_SIZE = 64, PARSE_PROMPT_MAX = 16384 };

/* What a word that could not be used seems to be. */
typedef enum UnknownKind {
    UNKNOWN_THING,   /* submarine */
    UNKNOWN_DEED,    /* eats */
    UNKNOWN_QUALITY, /* purple */
    UNKNOWN_SURPLUS  /* known, but more than facts can hold: a fourth actor, a second scene */
} UnknownKind;

typedef struct UnknownWord {
    char text[PARSE_WORD_SIZE]; /* as the prompt wrote it; cut where it is longer */
    UnknownKind kind;
    uint32_t at; /* byte of the prompt */
} UnknownWord;

typedef struct ParseReport {
    CaptionView said;  /* what the prompt asked for; the rest of the facts are defaults */
    Language language; /* of the prompt: the one most of it is in */
    int unknowns;      /* kept; a word that comes twice counts once */
    UnknownWord unknown[PARSE_UNKNOWN_MAX]; /* content words only, in the order they are written */
    char actor_word[FACTS_ACTORS_MAX][PARSE_WORD_SIZE]; /* what the prompt first called them */
    bool actor_missing; /* no known actor was named; facts then hold no actor */
} ParseReport;

/* Reads `prompt` (English, Chinese simplified or traditional, full-width forms, or mixed). What it
 * does not say is filled in: a meadow by day, clear, a camera that stands still, actors that stand;
 * the facts are sound and tidy. Actors are in the order they are named in, unless a relation wants
 * another. SORA_E_ARGUMENT: empty, longer than PARSE_PROMPT_MAX bytes, or not UTF-8. */
SoraStatus prompt_parse(const Lexicon *lex, const char *prompt, Facts *out, ParseReport *report);

#endif
