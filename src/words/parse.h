/* Prompts: sentences into facts. The inverse of caption.h, and lenient about everything else. */
#ifndef WORDS_PARSE_H
#define WORDS_PARSE_H

#include "words/caption.h"

enum { PARSE_UNKNOWN_MAX = 8, PARSE_WORD_SIZE = 64, PARSE_PROMPT_MAX = 16384 };

typedef struct ParseReport {
    CaptionView said;   /* what the prompt asked for; the rest of the facts are defaults */
    Language language;  /* of the prompt: the one most of it is in */
    int unknowns;       /* how many words it could not use, at most PARSE_UNKNOWN_MAX are kept */
    char unknown[PARSE_UNKNOWN_MAX][PARSE_WORD_SIZE]; /* as the prompt wrote them */
    bool actor_missing; /* no known actor was named; facts then hold no actor */
} ParseReport;

/* Reads `prompt` (English, Chinese simplified or traditional, full-width forms, or mixed). What it
 * does not say is filled in: a meadow by day, clear, a camera that stands still, actors that stand.
 * SORA_E_ARGUMENT: empty, longer than PARSE_PROMPT_MAX bytes, or not UTF-8. */
SoraStatus prompt_parse(const Lexicon *lex, const char *prompt, Facts *out, ParseReport *report);

#endif
