/* What the walk leaves behind: unknown words, and facts in order. */
#include <string.h>

#include "words/parse_walk.h"

void walk_unknown(Walk *w, size_t first, size_t count, UnknownKind kind)
{
    ParseReport *r = w->report;
    const Item *from = &w->items->item[first], *to = &w->items->item[first + count - 1];
    const Token *a = &w->tokens->token[from->first];
    const Token *b = &w->tokens->token[to->first + to->count - 1];
    UnknownWord word = { .kind = kind, .at = a->source };
    size_t n = b->past - a->source;
    if (n >= sizeof word.text) {
        n = sizeof word.text - 1;
        while (n && (w->source[a->source + n] & 0xC0) == 0x80) n--;
    }
    memcpy(word.text, w->source + a->source, n);
    for (int i = 0; i < r->unknowns; i++)
        if (strcmp(r->unknown[i].text, word.text) == 0) return;
    if (r->unknowns < PARSE_UNKNOWN_MAX) r->unknown[r->unknowns++] = word;
}

static uint8_t moved_bits(uint8_t bits, const int from[FACTS_ACTORS_MAX])
{
    uint8_t out = 0;
    for (int i = 0; i < FACTS_ACTORS_MAX; i++)
        if (bits >> from[i] & 1) out |= (uint8_t)(1 << i);
    return out;
}

/* Actor from[i] becomes actor i. */
static void reorder(Facts *f, CaptionView *said, const int from[FACTS_ACTORS_MAX])
{
    Facts old = *f;
    CaptionView was = *said;
    for (int i = 0; i < FACTS_ACTORS_MAX; i++) {
        f->actor[i] = old.actor[from[i]];
        said->event[i] = was.event[from[i]];
        said->heading[i] = was.heading[from[i]];
        said->fast[i] = was.fast[from[i]];
    }
    said->actor = moved_bits(was.actor, from);
    said->size = moved_bits(was.size, from);
}

static Relation mirrored(Relation r)
{
    switch (r) {
    case REL_LEFT_OF: return REL_RIGHT_OF;
    case REL_RIGHT_OF: return REL_LEFT_OF;
    case REL_IN_FRONT_OF: return REL_BEHIND;
    case REL_BEHIND: return REL_IN_FRONT_OF;
    default: return REL_NONE;
    }
}

/* "On the left a cat, on the right a dog." */
static void relate_sides(Walk *w)
{
    for (int i = 0; i < w->facts->actors; i++)
        for (int j = 0; j < w->facts->actors && !w->related; j++) {
            if (w->side[i] != REL_LEFT_OF || w->side[j] != REL_RIGHT_OF) continue;
            w->related = true;
            w->relation = i < j ? REL_LEFT_OF : REL_RIGHT_OF;
            w->relation_first = i < j ? i : j;
            w->relation_second = i < j ? j : i;
        }
}

/* Facts relate actor 0 to actor 1. */
static void settle_relation(Walk *w)
{
    if (!w->related) return;
    int a = w->relation_first, b = w->relation_second;
    if (a == 1 && b == 0 && mirrored(w->relation)) {
        w->facts->relation = mirrored(w->relation);
    } else {
        int from[FACTS_ACTORS_MAX] = { a, b, 3 - a - b };
        reorder(w->facts, &w->report->said, from);
        w->facts->relation = w->relation;
    }
    w->report->said.relation = true;
}

void walk_finish(Walk *w)
{
    Facts *f = w->facts;
    relate_sides(w);
    settle_relation(w);
    for (int i = 0; i < f->actors; i++) {
        ActorFacts *a = &f->actor[i];
        if (!a->events) a->event[a->events++] = (Event){ .action = ACT_STAND };
        for (int e = 0; e < a->events; e++) {
            a->event[e].start = (float)e / a->events;
            a->event[e].end = (float)(e + 1) / a->events;
        }
    }
    facts_tidy(f);
    if (f->weather == WEATHER_CLEAR && (f->scene == SCENE_ROOM || f->scene == SCENE_STAGE ||
                                        f->scene == SCENE_SPACE || f->scene == SCENE_SEA_FLOOR))
        w->report->said.weather = false;
    if (f->scene == SCENE_SPACE) w->report->said.time = false;
    w->report->actor_missing = f->actors == 0;
}
