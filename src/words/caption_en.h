/* Parts of English captions. */
#ifndef WORDS_CAPTION_EN_H
#define WORDS_CAPTION_EN_H

#include "words/english.h"
#include "words/teller.h"

/* A predicate: a verb in its base form that is bent when it is put, and what follows it. */
typedef struct EnVp {
    char head[EN_WORD_SIZE], tail[96];
} EnVp;

/* What actor i does in event e; `actors` > 1: one predicate for all that are shown. Marks it said.
 */
EnVp en_event(Teller *t, int i, int e, int actors);
void en_put_vp(Text *out, const EnVp *vp, EnglishForm form);

/* "a small dog", "another dog"; counted is the number of alike ones: "two dogs". */
void en_put_actor(Teller *t, Text *out, int i);
void en_put_actor_again(Teller *t, Text *out, int i); /* "the dog" */
void en_put_bare_actor(Teller *t, Text *out, int i);  /* "small dog" */
/* All shown actors: "a dog, a cat and a bird", "two dogs". */
void en_put_actors(Teller *t, Text *out);
/* "it", or the noun again where a pronoun could mean another. */
void en_put_pronoun(Teller *t, Text *out, int i);

/* What is said of place, time and weather as one phrase: "in a meadow at night", "" for nothing. */
void en_setting(Teller *t, char *out, size_t size);

/* " next to a red apple", with a space before it; "" for nothing. */
void en_props(Teller *t, char *out, size_t size);
void en_put_prop_list(Teller *t, Text *out);

/* "the camera pans left" */
void en_put_camera(Teller *t, Text *out);

/* "to the left of" */
const char *en_relation_place(Teller *t);
/* The verb of a deed: "chase", "pass behind" */
const char *en_relation_verb(Teller *t);

#endif
