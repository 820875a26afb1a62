#include "words/instruct.h"

#include <string.h>

#include "words/instruct_parts.h"

typedef struct Script {
    const Lexicon *lex;
    const char *source;
    Tokens tokens;
    Items items;
    Arena *arena;
} Script;

static bool item_is(const Script *s, size_t i, const char *const *words)
{
    const Item *x = &s->items.item[i];
    const Token *t = &s->tokens.token[x->first];
    for (; *words; words++)
        if (x->count == 1 && t->size == strlen(*words) &&
            memcmp(s->tokens.text + t->at, *words, t->size) == 0)
            return true;
    return false;
}

static const char *const makes[] = {
    "make", "let", "turn", "have", "set", "give", "使", "让", NULL
};
static const char *const intos[] = { "into", "to", "with", "by", "for", NULL };
static const char *const inside[] = { "in", "into", "to", "on", "onto", "在", "到", NULL };
static const char *const rather[] = { "instead", "should", "must", NULL };
static const char *const polite[] = { "please", "now", "then", "请", "now", NULL };

static PhraseKind kind_at(const Script *s, size_t i)
{
    return i < s->items.count ? s->items.item[i].kind : PH_PERIOD;
}

static bool is_command(const Script *s, size_t i, Command c)
{
    return kind_at(s, i) == PH_COMMAND && s->items.item[i].phrase->value == c;
}

static bool starts_command(const Script *s, size_t i)
{
    if (kind_at(s, i) == PH_COMMAND) return true;
    if (i >= s->items.count || !item_is(s, i, makes)) return false;
    return kind_at(s, i + 1) != PH_COUNT; /* "make a video of" describes */
}

/* ---- reading --------------------------------------------------------------------------- */

/* "snow" that nothing is in: make it snow, add snow, 加雪. */
static bool plain_snow(const Script *s, size_t first, size_t past)
{
    for (size_t i = first; i < past; i++) {
        const Item *x = &s->items.item[i];
        if (x->kind != PH_SCENE || x->count != 1 || !(x->phrase->flags & PHRASE_SNOW)) continue;
        size_t before = i;
        while (before > first && kind_at(s, before - 1) == PH_THE) before--;
        return before == first || !item_is(s, before - 1, inside);
    }
    return false;
}

/* Items first .. past - 1 without their commands, as a description. */
static SoraStatus read_part(const Script *s, size_t first, size_t past, Reading *out)
{
    void *memory;
    TRY(arena_try(s->arena, (past - first + 1) * sizeof(Item) + sizeof(Items), &memory));
    Items *part = memory;
    *part = (Items){ .item = (Item *)(part + 1) };
    memset(out, 0, sizeof *out);
    out->report.language = s->tokens.language;
    for (size_t i = first; i < past; i++) {
        const Item *x = &s->items.item[i];
        bool make = item_is(s, i, makes) && kind_at(s, i) != PH_MOTION;
        out->it |= x->kind == PH_PRONOUN;
        if (x->kind != PH_COMMAND && !make && x->kind != PH_PRONOUN) part->item[part->count++] = *x;
    }
    Walk *w = &out->walk;
    walk_start(w, s->lex, s->source, &s->tokens, part, &out->facts, &out->report);
    while (w->at < part->count) walk_item(w);
    walk_close(w);
    out->plain_snow = plain_snow(s, first, past);
    return SORA_OK;
}

/* ---- clauses --------------------------------------------------------------------------- */

static SoraStatus replace(const Script *s, Change *c, const size_t from[2], const size_t to[2])
{
    Reading *a = arena_alloc(s->arena, sizeof *a), *b = arena_alloc(s->arena, sizeof *b);
    TRY(read_part(s, from[0], from[1], a));
    TRY(read_part(s, to[0], to[1], b));
    change_unknown(c, &a->report);
    change_unknown(c, &b->report);
    change_replace(c, a, b);
    return SORA_OK;
}

/* Where the thing it becomes begins; 0: the clause replaces nothing. */
static size_t find_into(const Script *s, size_t first, size_t past)
{
    bool turns = item_is(s, first, makes);
    for (size_t i = first; i < past; i++) {
        if (is_command(s, i, COMMAND_TURN)) turns = true;
        if (is_command(s, i, COMMAND_INTO)) return i + 1;
        bool into = turns && i > first && item_is(s, i, intos);
        if (into && i + 1 < past && kind_at(s, i) != PH_DIR) return i + 1;
    }
    return 0;
}

static SoraStatus clause(const Script *s, Change *c, size_t first, size_t past)
{
    size_t into = find_into(s, first, past), remove = 0, instead = 0;
    for (size_t i = first; i < past; i++) {
        if (is_command(s, i, COMMAND_REMOVE)) remove = i + 1;
        if (is_command(s, i, COMMAND_INSTEAD)) instead = i + 1;
    }
    if (into && into < past)
        return replace(s, c, (size_t[]){ first, into - 1 }, (size_t[]){ into, past });
    if (instead)
        return replace(s, c, (size_t[]){ instead, past }, (size_t[]){ first, instead - 1 });
    Reading *r = arena_alloc(s->arena, sizeof *r);
    TRY(read_part(s, first, past, r));
    change_unknown(c, &r->report);
    if (remove)
        change_remove(c, r);
    else
        change_set(c, r);
    return SORA_OK;
}

static bool joins(PhraseKind k)
{
    return k == PH_AND || k == PH_THEN || k == PH_COMMA;
}

/* A comma ends a clause where a new command follows: "make the dog jump, then sleep" is one. */
static bool ends_clause(const Script *s, size_t i)
{
    if (kind_at(s, i) == PH_PERIOD) return true;
    if (!joins(kind_at(s, i))) return false;
    for (i++; joins(kind_at(s, i));) i++;
    return starts_command(s, i);
}

static SoraStatus all_clauses(const Script *s, Change *c)
{
    size_t first = 0;
    for (size_t i = 0; i <= s->items.count; i++) {
        if (i < s->items.count && !ends_clause(s, i)) continue;
        if (i > first) TRY(clause(s, c, first, i));
        first = i + 1;
    }
    return SORA_OK;
}

/* ---- the whole ------------------------------------------------------------------------- */

static SoraStatus script_read(const Lexicon *lex, const char *words, Arena *a, Script *out)
{
    *out = (Script){ .lex = lex, .source = words, .arena = a };
    if (strlen(words) > PARSE_PROMPT_MAX)
        return err_set(SORA_E_ARGUMENT, "the instruction has %zu bytes, at most %d can be read",
                       strlen(words), PARSE_PROMPT_MAX);
    TRY(err_while(tokens_cut(words, strlen(words), a, &out->tokens), "reading the instruction"));
    return items_cut(lexicon_phrases(lex), &out->tokens, a, &out->items);
}

static bool changes(const CaptionView *v)
{
    bool any = v->actor || v->size || v->prop || v->relation || v->scene || v->time || v->weather ||
               v->camera;
    for (int i = 0; i < FACTS_ACTORS_MAX; i++) any |= v->event[i] || v->fast[i];
    return any;
}

bool instruct_is(const Lexicon *lex, const char *words)
{
    Arena *a = arena_new("instruction", 0);
    Script s;
    bool is = false;
    if (!a) return false;
    if (script_read(lex, words, a, &s) == SORA_OK) {
        size_t i = 0;
        while (i < s.items.count && item_is(&s, i, polite)) i++;
        is = starts_command(&s, i);
        for (; i < s.items.count && !is; i++)
            is = item_is(&s, i, rather) || is_command(&s, i, COMMAND_INTO) ||
                 is_command(&s, i, COMMAND_REMOVE) || is_command(&s, i, COMMAND_TAKE);
    }
    arena_free(a);
    return is;
}

SoraStatus instruct_apply(const Lexicon *lex, const char *words, Facts *facts, ParseReport *report)
{
    TRY(facts_check(lex, facts));
    Arena *a = arena_new("instruction", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for an instruction");
    Script s;
    Facts f = *facts;
    ParseReport r;
    memset(&r, 0, sizeof r);
    Change c = { lex, &f, &r };
    SoraStatus status = script_read(lex, words, a, &s);
    if (status == SORA_OK) {
        r.language = s.tokens.language;
        status = all_clauses(&s, &c);
    }
    arena_free(a);
    TRY(status);
    if (!changes(&r.said))
        return err_set(SORA_E_ARGUMENT, "\"%.200s\" asks for no change that can be made%s%s", words,
                       r.unknowns ? "; not known: " : "", r.unknowns ? r.unknown[0].text : "");
    facts_tidy(&f);
    r.actor_missing = f.actors == 0;
    *facts = f;
    *report = r;
    return SORA_OK;
}

CaptionView instruct_view(const CaptionView *seen, const CaptionView *said, int actors_before,
                          const Facts *f)
{
    CaptionView v = *seen;
    uint8_t all = (uint8_t)((1 << f->actors) - 1);
    v.actor = f->actors == actors_before ? (uint8_t)(v.actor | said->actor) & all : all;
    v.size |= said->size;
    v.prop |= said->prop;
    for (int i = 0; i < FACTS_ACTORS_MAX; i++) {
        v.event[i] |= said->event[i];
        v.heading[i] |= said->heading[i];
        v.fast[i] |= said->fast[i];
    }
    v.relation = said->relation && f->relation != REL_NONE && f->actors > 1;
    v.scene |= said->scene, v.time |= said->time, v.weather |= said->weather;
    v.camera |= said->camera;
    caption_view_tidy(f, &v);
    return v;
}
