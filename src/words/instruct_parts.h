/* Parts of instructions: a clause that has been read as if it described a clip, and what it does to
 * the facts. */
#ifndef WORDS_INSTRUCT_PARTS_H
#define WORDS_INSTRUCT_PARTS_H

#include "words/instruct.h"
#include "words/parse_walk.h"

/* A part of a clause, read by itself. */
typedef struct Reading {
    Facts facts;
    ParseReport report;
    Walk walk;
    bool it;         /* "it", "them": whoever is there */
    bool plain_snow; /* "snow", not "in the snow": the weather */
} Reading;

typedef struct Change {
    const Lexicon *lex;
    Facts *facts;
    ParseReport *report; /* what was changed so far */
} Change;

/* Facts become as the reading says; whom it names and there is not comes in. */
void change_set(Change *c, const Reading *r);
void change_remove(Change *c, const Reading *r);
void change_replace(Change *c, const Reading *from, const Reading *to);

/* Passes on the words that the reading could not use. */
void change_unknown(Change *c, const ParseReport *r);

#endif
