/* The walk over a prompt's items that gathers facts; what parse.c and instruct.c share. */
#ifndef WORDS_PARSE_WALK_H
#define WORDS_PARSE_WALK_H

#include "words/items.h"
#include "words/parse.h"

/* What stands before a noun. */
typedef struct Mods {
    int count;       /* 0: nothing said */
    int nth;         /* the first, the other; 0: nothing said */
    bool fresh, the; /* another; the one spoken of */
    Size size;
    uint32_t count_item;
} Mods;

/* What an actor does, as far as it has been read. */
typedef struct Doing {
    bool verb, motion, hop, fast;
    bool for_next; /* it belongs to the noun that follows: 跳舞的狗 */
    bool singular;
    Action action;
    Direction dir;
    uint32_t item;
} Doing;

typedef struct Walk {
    const Lexicon *lex;
    const char *source;
    const Tokens *tokens;
    const Items *items;
    size_t at; /* the item that is being read */
    Facts *facts;
    ParseReport *report;
    bool zh; /* the script of what is being read */

    uint8_t subject;    /* the actors that predicates are about */
    uint8_t tail;       /* those after ", and": a verb in the singular is theirs alone */
    uint8_t sentence;   /* the subjects of this sentence */
    bool used;          /* the subject has its predicate: the next noun begins anew */
    bool comma, joined; /* since the last noun */
    bool is;            /* "is", for what follows */
    int last;           /* the actor that was named last; -1: none */

    Mods mods;
    bool object_next; /* the next noun does nothing: next to a cat */
    int object;       /* the noun after 在, 从, 比, 被; -1: none */
    bool than, by;

    bool relation_open; /* its second actor follows */
    Relation relation;
    bool turned;
    int relation_first, relation_second;        /* -1: not known yet */
    bool related;                               /* the relation is complete */
    Relation side[FACTS_ACTORS_MAX], side_next; /* of the picture; REL_NONE: nothing said */

    Doing doing, waiting[FACTS_EVENTS_MAX]; /* waiting: for their noun */
    int waitings;
    bool snow_scene, event_before_last;
} Walk;

void walk_start(Walk *w, const Lexicon *lex, const char *source, const Tokens *t, const Items *x,
                Facts *facts, ParseReport *report);

/* Reads item `at` and moves on, past all that belongs to it. */
void walk_item(Walk *w);

/* Ends what is open. */
void walk_close(Walk *w);

/* What was said of nobody ("jump", "bigger") is of a new actor. */
void walk_take_waiting(Walk *w, uint16_t actor);

/* The source of items first .. first + count - 1, cut where it does not fit. */
void walk_copy(const Walk *w, size_t first, size_t count, char out[PARSE_WORD_SIZE]);

/* The event that was being read is complete. */
void walk_flush(Walk *w);

/* What is known to be unknown (parse_unknown.c): a run of words; a colour and the like. */
void walk_read_unknown(Walk *w);
void walk_read_quality(Walk *w);

static inline const Item *walk_item_at(const Walk *w, size_t i)
{
    return i < w->items->count ? &w->items->item[i] : NULL;
}

/* Past the end there is a full stop. */
static inline PhraseKind walk_kind_at(const Walk *w, size_t i)
{
    return i < w->items->count ? w->items->item[i].kind : PH_PERIOD;
}

static inline bool walk_is_han(const Walk *w, const Item *x)
{
    return w->tokens->token[x->first].kind == TOKEN_HAN;
}

/* Puts the relation into facts, and what was not said: events, times of events. */
void walk_finish(Walk *w);

/* Facts relate actor 0 to actor 1: turns the relation round or changes the order of actors. */
void parse_relate(Facts *f, ParseReport *r, Relation relation, int first, int second);

/* The events share the clip; an actor without any stands. */
void parse_time_events(ActorFacts *a);

/* Notes that items first .. first + count - 1 could not be used. */
void walk_unknown(Walk *w, size_t first, size_t count, UnknownKind kind);

#endif
