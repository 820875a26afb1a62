#include "words/items.h"

#include <string.h>

/* How a cut may go on depends on what its last piece was. */
typedef enum Last {
    LAST_KNOWN,
    LAST_OPEN,     /* something must follow: the start, a comma, 一只, 在, 的 */
    LAST_NOUN,     /* of one Han character: 鱼, 马 */
    LAST_VERB,     /* of one Han character */
    LAST_UNKNOWN,  /* one Han character that is part of no phrase */
    LAST_UNKNOWNS, /* more of them */
    LAST_COUNT
} Last;

/* A character alone is a word only where it has a border: 鱼 is none in 鳄鱼, 狗 none in 热狗, but
 * after two unknown characters (北极熊) and before two (狗踩水) it is. So a border costs a little
 * more than one unknown character, and a little less than the third of them in a row. */
enum {
    COST_PHRASE = 4,
    COST_UNKNOWN = 50,
    COST_SECOND = 40,
    COST_THIRD = 46,
    COST_BORDER = 40,
    COST_AFTER_UNKNOWN = 10,
    COST_NOUNS = 90,
    COST_SUFFIX = 90,
    NEVER = 1 << 29
};

typedef struct Cell {
    int cost;
    uint8_t from, tokens; /* the class and the length that led here */
    const Phrase *phrase;
} Cell;

typedef struct Cut {
    const Phrases *p;
    const Tokens *t;
    Cell (*cell)[LAST_COUNT]; /* [tokens + 1] */
    const Phrase **fixed;     /* [tokens] what a camera does, at its first token */
    bool *taken;              /* [tokens] part of such a phrase, or of punctuation */
} Cut;

static bool single_han(const Tokens *t, size_t at, size_t count)
{
    return count == 1 && t->token[at].kind == TOKEN_HAN;
}

static Last class_of(const Tokens *t, size_t at, const Phrase *x)
{
    switch (x->kind) {
    case PH_AT:
    case PH_AND:
    case PH_EXIST:
    case PH_THAN:
    case PH_BY:
    case PH_OF:
    case PH_NEAR: return LAST_OPEN;
    default: break;
    }
    if (x->flags & PHRASE_MEASURE) return LAST_OPEN;
    if (!single_han(t, at, x->tokens)) return LAST_KNOWN;
    switch (x->kind) {
    case PH_ACTOR:
    case PH_PROP:
    case PH_SCENE:
    case PH_TIME:
    case PH_WEATHER: return LAST_NOUN;
    case PH_SIZE:
    case PH_MOTION:
    case PH_ACT:
    case PH_QUALITY:
    case PH_PLACE:
    case PH_DEED: return LAST_VERB;
    default: return LAST_KNOWN;
    }
}

static int cost_of_phrase(const Tokens *t, size_t at, Last last, const Phrase *x, Last next)
{
    bool unknown = last == LAST_UNKNOWN || last == LAST_UNKNOWNS;
    if (unknown && next == LAST_NOUN) return COST_PHRASE + COST_BORDER;
    if (unknown && next == LAST_VERB) return COST_PHRASE + COST_AFTER_UNKNOWN;
    if (last == LAST_NOUN && next == LAST_NOUN) return COST_PHRASE + COST_NOUNS;
    bool word = next == LAST_NOUN || next == LAST_VERB || x->kind == PH_OF || x->kind == PH_THE;
    if (last == LAST_OPEN && single_han(t, at, x->tokens) && !word && (x->flags & PHRASE_SUFFIX))
        return COST_PHRASE + COST_SUFFIX;
    return COST_PHRASE;
}

static int cost_of_unknown(Last last, bool han)
{
    if (!han) return COST_UNKNOWN;
    if (last == LAST_UNKNOWNS) return COST_THIRD;
    if (last == LAST_UNKNOWN) return COST_SECOND;
    return COST_UNKNOWN + (last == LAST_NOUN || last == LAST_VERB ? COST_BORDER : 0);
}

static void reach(Cut *c, size_t at, Last last, size_t count, const Phrase *x, Last next, int cost)
{
    int sum = c->cell[at][last].cost + cost;
    Cell *to = &c->cell[at + count][next];
    if (sum < to->cost) *to = (Cell){ sum, (uint8_t)last, (uint8_t)count, x };
}

static void step(Cut *c, size_t at, Last last)
{
    const Tokens *t = c->t;
    if (c->taken[at]) {
        const Phrase *x = c->fixed[at];
        reach(c, at, last, x ? x->tokens : 1, x, LAST_OPEN, 0);
        return;
    }
    for (size_t n = 1; n <= PHRASE_TOKENS_MAX && at + n <= t->count && !c->taken[at + n - 1]; n++) {
        const Phrase *x = phrases_find(c->p, t, at, n, false);
        if (!x) continue;
        Last next = class_of(t, at, x);
        reach(c, at, last, n, x, next, cost_of_phrase(t, at, last, x, next));
    }
    bool han = t->token[at].kind == TOKEN_HAN, more = last == LAST_UNKNOWN || last == LAST_UNKNOWNS;
    reach(c, at, last, 1, NULL,
          !han   ? LAST_KNOWN
          : more ? LAST_UNKNOWNS
                 : LAST_UNKNOWN,
          cost_of_unknown(last, han));
}

/* ---- cameras --------------------------------------------------------------------------- */

/* How many tokens the word "camera" has there; 0: it is another word. */
static size_t lens_at(const Cut *c, size_t at)
{
    for (size_t n = 1; n <= 3 && at + n <= c->t->count; n++) {
        const Phrase *x = phrases_find(c->p, c->t, at, n, false);
        if (x && x->kind == PH_LENS) return n;
    }
    return 0;
}

/* "toward the camera", 进镜头: a place, not a subject. */
static bool is_place(const Cut *c, size_t at)
{
    for (size_t back = 1; back <= 4 && back <= at; back++)
        for (size_t n = back + 1; n <= PHRASE_TOKENS_MAX && at - back + n <= c->t->count; n++) {
            const Phrase *x = phrases_find(c->p, c->t, at - back, n, false);
            if (x && (x->kind == PH_DIR || x->kind == PH_ACT || x->kind == PH_CAMERA)) return true;
        }
    return false;
}

static bool ends_clause(const Cut *c, size_t at)
{
    if (c->t->token[at].kind >= TOKEN_COMMA) return true;
    for (size_t n = 1; n <= 2 && at + n <= c->t->count; n++) {
        const Phrase *x = phrases_find(c->p, c->t, at, n, false);
        if (x && (x->kind == PH_WHILE || x->kind == PH_AND)) return true;
    }
    return false;
}

/* Fixes the longest of the camera's predicates in the clause that follows token `at`. */
static void camera_clause(Cut *c, size_t at)
{
    enum { REACH = 6 };
    for (size_t i = at; i < c->t->count && i < at + REACH; i++) {
        for (size_t n = PHRASE_TOKENS_MAX; n > 0; n--) {
            if (i + n > c->t->count) continue;
            const Phrase *x = phrases_find(c->p, c->t, i, n, true);
            if (!x || x->tokens != n) continue;
            c->fixed[i] = x;
            for (size_t k = i; k < i + n; k++) c->taken[k] = true;
            return;
        }
        if (ends_clause(c, i)) return;
    }
}

static void fix_cameras(Cut *c)
{
    for (size_t i = 0; i < c->t->count; i++) {
        size_t n = c->taken[i] ? 0 : lens_at(c, i);
        if (n && !is_place(c, i)) camera_clause(c, i + n);
        if (n) i += n - 1;
    }
}

/* ---- the whole ------------------------------------------------------------------------- */

static PhraseKind mark_kind(TokenKind k)
{
    return k == TOKEN_COMMA ? PH_COMMA : k == TOKEN_LIST ? PH_LIST : PH_PERIOD;
}

/* Walks the cheapest way back from the end. */
static void trace(const Cut *c, Items *out)
{
    size_t at = c->t->count, n = c->t->count;
    Last last = LAST_KNOWN;
    for (int l = 0; l < LAST_COUNT; l++)
        if (c->cell[at][l].cost < c->cell[at][last].cost) last = (Last)l;
    while (at) {
        const Cell *x = &c->cell[at][last];
        at -= x->tokens;
        TokenKind k = c->t->token[at].kind;
        PhraseKind kind = x->phrase          ? x->phrase->kind
                          : k >= TOKEN_COMMA ? mark_kind(k)
                                             : PH_UNKNOWN;
        out->item[--n] = (Item){ x->phrase, kind, (uint32_t)at, x->tokens };
        last = (Last)x->from;
    }
    out->count = c->t->count - n;
    memmove(out->item, out->item + n, out->count * sizeof *out->item);
}

/* Unknown characters of one run become one item. */
static void join_han(const Tokens *t, Items *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->count; i++) {
        Item *last = n ? &x->item[n - 1] : NULL;
        bool han = x->item[i].kind == PH_UNKNOWN && t->token[x->item[i].first].kind == TOKEN_HAN;
        if (han && last && last->kind == PH_UNKNOWN && t->token[last->first].kind == TOKEN_HAN)
            last->count++;
        else
            x->item[n++] = x->item[i];
    }
    x->count = n;
}

SoraStatus items_cut(const Phrases *p, const Tokens *t, Arena *a, Items *out)
{
    void *cell, *fixed, *taken, *item;
    size_t n = t->count;
    TRY(arena_try(a, (n + 1) * LAST_COUNT * sizeof(Cell), &cell));
    TRY(arena_try(a, (n + 1) * sizeof(Phrase *), &fixed));
    TRY(arena_try(a, n + 1, &taken));
    TRY(arena_try(a, (n + 1) * sizeof(Item), &item));
    Cut c = { p, t, cell, memset(fixed, 0, (n + 1) * sizeof(Phrase *)), memset(taken, 0, n + 1) };
    for (size_t i = 0; i <= n; i++)
        for (int l = 0; l < LAST_COUNT; l++) c.cell[i][l] = (Cell){ .cost = NEVER };
    c.cell[0][LAST_OPEN].cost = 0;
    for (size_t i = 0; i < n; i++) c.taken[i] = t->token[i].kind >= TOKEN_COMMA;
    fix_cameras(&c);
    for (size_t i = 0; i < n; i++)
        for (int l = 0; l < LAST_COUNT; l++)
            if (c.cell[i][l].cost < NEVER) step(&c, i, (Last)l);
    *out = (Items){ .item = item };
    trace(&c, out);
    join_han(t, out);
    return SORA_OK;
}
