/* Tokens cut into known phrases and what is between them. */
#ifndef WORDS_ITEMS_H
#define WORDS_ITEMS_H

#include "words/phrases.h"

typedef struct Item {
    const Phrase *phrase; /* NULL: unknown, or punctuation */
    PhraseKind kind;
    uint32_t first, count; /* its tokens */
} Item;

typedef struct Items {
    Item *item;
    size_t count;
} Items;

/* The cut with the fewest unknown tokens, then the fewest phrases. What a camera does is found
 * where one is named. Memory from `a`. */
SoraStatus items_cut(const Phrases *p, const Tokens *t, Arena *a, Items *out);

#endif
