/* Words that nothing is known of: what they seem to be, and how many belong together. */
#include <string.h>

#include "words/parse_walk.h"

static bool latin_unknown(const Walk *w, size_t i)
{
    return walk_kind_at(w, i) == PH_UNKNOWN && !walk_is_han(w, walk_item_at(w, i));
}

static bool token_ends(const Walk *w, size_t i, const char *with)
{
    const Token *t = &w->tokens->token[w->items->item[i].first];
    size_t n = strlen(with);
    return t->size > n + 1 && memcmp(w->tokens->text + t->at + t->size - n, with, n) == 0;
}

/* Looks like a verb that is not known: its -s is none of a plural's. */
static bool looks_done(const Walk *w, size_t i, bool plural)
{
    if (token_ends(w, i, "ing") || token_ends(w, i, "ed")) return true;
    return !plural && token_ends(w, i, "s") && !token_ends(w, i, "ss") && !token_ends(w, i, "us");
}

static bool before_noun(const Walk *w, size_t i)
{
    while (walk_kind_at(w, i) == PH_OF || walk_kind_at(w, i) == PH_SIZE ||
           walk_kind_at(w, i) == PH_QUALITY)
        i++;
    return walk_kind_at(w, i) == PH_ACTOR || walk_kind_at(w, i) == PH_PROP;
}

void walk_read_unknown(Walk *w)
{
    size_t first = w->at, n = 1;
    PhraseKind before = first ? walk_kind_at(w, first - 1) : PH_PERIOD;
    bool after_subject = before == PH_ACTOR || before == PH_PROP || before == PH_IS ||
                         before == PH_ARE || before == PH_PRONOUN || before == PH_THEN;
    UnknownKind kind = UNKNOWN_THING;
    if (walk_is_han(w, walk_item_at(w, first))) {
        if (before == PH_ACTOR || before == PH_FAST)
            kind = UNKNOWN_DEED;
        else if (before_noun(w, first + 1))
            kind = UNKNOWN_QUALITY;
    } else {
        if (token_ends(w, first, "ly") && !latin_unknown(w, first + 1)) return; /* an adverb */
        bool plural = w->mods.count != 1 && !w->mods.the && !w->mods.fresh;
        if (after_subject && looks_done(w, first, false)) {
            kind = UNKNOWN_DEED;
        } else {
            while (latin_unknown(w, first + n) && !looks_done(w, first + n, plural)) n++;
            if (before_noun(w, first + n))
                kind = UNKNOWN_QUALITY;
            else if (first + n < w->items->count && latin_unknown(w, first + n)) {
                walk_unknown(w, first, n, kind);
                first += n, n = 1, kind = UNKNOWN_DEED;
            }
        }
    }
    if (kind == UNKNOWN_DEED) {
        walk_flush(w);
        w->used = true;
    } else if (kind == UNKNOWN_THING) {
        w->object_next = w->relation_open = false;
    }
    walk_unknown(w, first, n, kind);
    w->at = first + n - 1;
}

void walk_read_quality(Walk *w)
{
    PhraseKind before = w->at ? walk_kind_at(w, w->at - 1) : PH_PERIOD;
    if (before_noun(w, w->at + 1) || before == PH_IS || before == PH_ARE ||
        (w->at == 0 && w->items->count == 1))
        walk_unknown(w, w->at, 1, UNKNOWN_QUALITY);
}
