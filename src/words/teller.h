/* What the writers of captions share: the draw of words and of what is said, and growing text. */
#ifndef WORDS_TELLER_H
#define WORDS_TELLER_H

#include <string.h>

#include "words/caption.h"
#include "words/entry.h"

typedef struct Text {
    char s[CAPTION_SIZE_MAX];
    size_t n;
} Text;

/* Cut where it is full, which the captions' own sizes do not reach. */
void text_put(Text *t, const char *s);
void text_puts(Text *t, const char *a, const char *b, const char *c); /* NULL: nothing */

typedef struct Teller {
    const Lexicon *lex;
    const Facts *facts;
    const CaptionStyle *style;
    CaptionView say; /* what this caption is going to say, a part of what can be seen */
    CaptionView said;
    uint64_t seed, draws;
    const Word *actor_word[FACTS_ACTORS_MAX];
    const Word *prop_word[FACTS_PROPS_MAX];
    int shown, actor[FACTS_ACTORS_MAX]; /* the actors that are spoken of, in order */
} Teller;

/* Draws the words and what will be said. */
void teller_start(Teller *t, const Lexicon *lex, const Facts *facts, const CaptionView *view,
                  const CaptionStyle *style);

size_t teller_draw(Teller *t, size_t n); /* 0 .. n - 1 */
bool teller_chance(Teller *t, double p);

/* One of the given strings. */
const char *teller_one(Teller *t, const char *const *of, size_t n);
#define ONE(t, ...)                                     \
    teller_one(t, (const char *const[]){ __VA_ARGS__ }, \
               sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

/* A word of the entry that may be written; `held_out` asks for one that training never saw. */
const Word *teller_word(Teller *t, WordKind kind, int index, bool held_out);
/* The phrase of such a word: "in a meadow", 草地上. */
const char *teller_phrase(Teller *t, WordKind kind, int index);

const Entry *teller_entry(const Teller *t, int actor);

/* Events of actor i that are said: their numbers to `event`, the count returned. */
int teller_events(const Teller *t, int i, int event[FACTS_EVENTS_MAX]);

/* Marks events, heading and speed as said. */
void teller_said_event(Teller *t, int i, int e, bool heading, bool fast);

bool facts_has_heading(Action a);
bool facts_has_speed(Action a);

/* Whether two shown actors do the same, said in the same detail. */
bool teller_same_doings(const Teller *t, int i, int j);
/* Whether all shown actors do one and the same thing, and nothing else is said of any of them. */
bool teller_all_same(const Teller *t);
/* Whether all shown actors are of one kind and size. */
bool teller_all_alike(const Teller *t);

/* Which of the shown actors of its kind actor i is, from 1; *kin: how many there are. */
int teller_rank(const Teller *t, int i, int *kin);

bool relation_is_deed(Relation r); /* follows, chases, meets, passes behind */

void caption_en(Teller *t, Text *out);
void caption_zh(Teller *t, Text *out);

#endif
