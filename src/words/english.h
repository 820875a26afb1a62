/* English word forms. */
#ifndef WORDS_ENGLISH_H
#define WORDS_ENGLISH_H

#include <stdbool.h>
#include <stddef.h>

typedef enum EnglishForm { EN_BASE, EN_THIRD, EN_ING, EN_PAST } EnglishForm;

enum { EN_WORD_SIZE = 48 };

/* "run", EN_ING -> "running". Only the first word of a phrase changes ("come in" -> "coming in").
 */
void english_verb(const char *base, EnglishForm form, char out[EN_WORD_SIZE]);

/* "butterfly" -> "butterflies"; irregular plurals stand in the lexicon. */
void english_plural(const char *noun, char out[EN_WORD_SIZE]);

/* "a" or "an" for the word that follows, by its first letter. */
const char *english_article(const char *next);

#endif
