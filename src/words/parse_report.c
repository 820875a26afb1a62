/* What the walk leaves behind: unknown words, and facts in order. */
#include <string.h>

#include "words/parse_walk.h"

void walk_copy(const Walk *w, size_t first, size_t count, char out[PARSE_WORD_SIZE])
{
    const Item *from = &w->items->item[first], *to = &w->items->item[first + count - 1];
    uint32_t at = w->tokens->token[from->first].source;
    size_t n = w->tokens->token[to->first + to->count - 1].past - at;
    if (n >= PARSE_WORD_SIZE) {
        n = PARSE_WORD_SIZE - 1;
        while (n && (w->source[at + n] & 0xC0) == 0x80) n--;
    }
    memcpy(out, w->source + at, n);
    out[n] = 0;
}

void walk_unknown(Walk *w, size_t first, size_t count, UnknownKind kind)
{
    ParseReport *r = w->report;
    UnknownWord word = { .kind = kind };
    word.at = w->tokens->token[w->items->item[first].first].source;
    walk_copy(w, first, count, word.text);
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
static void reorder(Facts *f, ParseReport *r, const int from[FACTS_ACTORS_MAX])
{
    Facts old = *f;
    ParseReport named = *r;
    CaptionView *said = &r->said, was = *said;
    for (int i = 0; i < FACTS_ACTORS_MAX; i++) {
        f->actor[i] = old.actor[from[i]];
        memcpy(r->actor_word[i], named.actor_word[from[i]], PARSE_WORD_SIZE);
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

void parse_relate(Facts *f, ParseReport *r, Relation relation, int first, int second)
{
    if (first == 1 && second == 0 && mirrored(relation)) {
        relation = mirrored(relation);
    } else {
        int from[FACTS_ACTORS_MAX] = { first, second, 3 - first - second };
        reorder(f, r, from);
    }
    f->relation = relation;
    r->said.relation = true;
}

void parse_time_events(ActorFacts *a)
{
    if (!a->events) a->event[a->events++] = (Event){ .action = ACT_STAND };
    for (int e = 0; e < a->events; e++) {
        a->event[e].start = (float)e / a->events;
        a->event[e].end = (float)(e + 1) / a->events;
    }
}

void walk_finish(Walk *w)
{
    Facts *f = w->facts;
    relate_sides(w);
    if (w->related) parse_relate(f, w->report, w->relation, w->relation_first, w->relation_second);
    for (int i = 0; i < f->actors; i++) parse_time_events(&f->actor[i]);
    facts_tidy(f);
    caption_view_tidy(f, &w->report->said);
    w->report->actor_missing = f->actors == 0;
}
