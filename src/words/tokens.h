/* Text cut into tokens, in a form that does not care how it was written: lower case, half-width,
 * simplified characters, hyphens and apostrophes as gaps. */
#ifndef WORDS_TOKENS_H
#define WORDS_TOKENS_H

#include "base/arena.h"
#include "words/lexicon.h"

typedef enum TokenKind {
    TOKEN_WORD,  /* letters and digits of any script but Han; one sign that is no punctuation */
    TOKEN_HAN,   /* one character */
    TOKEN_COMMA, /* , ; : and what looks like them */
    TOKEN_LIST,  /* the mark between things of a list, U+3001 */
    TOKEN_STOP   /* . ! ? and ends of lines */
} TokenKind;

typedef struct Token {
    TokenKind kind;
    uint32_t at, size;     /* in Tokens.text */
    uint32_t source, past; /* from where to where in the source */
} Token;

typedef struct Tokens {
    char *text; /* all tokens after each other without gaps */
    Token *token;
    size_t count;
    Language language; /* the one most of the text is in; traditional by its characters */
} Tokens;

/* `size` bytes of sound UTF-8, memory from `a`. */
SoraStatus tokens_cut(const char *source, size_t size, Arena *a, Tokens *out);

#endif
