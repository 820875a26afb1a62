#include "words/teller.h"

#include "base/rng.h"

void text_put(Text *t, const char *s)
{
    size_t n = strlen(s);
    if (t->n + n >= sizeof t->s) return;
    memcpy(t->s + t->n, s, n + 1);
    t->n += n;
}

void text_puts(Text *t, const char *a, const char *b, const char *c)
{
    if (a) text_put(t, a);
    if (b) text_put(t, b);
    if (c) text_put(t, c);
}

size_t teller_draw(Teller *t, size_t n)
{
    return rng_below(t->seed, t->draws++, n);
}

bool teller_chance(Teller *t, double p)
{
    return rng_uniform(t->seed, t->draws++) < p;
}

const char *teller_one(Teller *t, const char *const *of, size_t n)
{
    return of[teller_draw(t, n)];
}

const Word *teller_word(Teller *t, WordKind kind, int index, bool held_out)
{
    Language l = t->style->language;
    const Entry *e = lexicon_entry(t->lex, kind, index);
    const Word *may[ENTRY_WORDS_MAX];
    size_t n = 0;
    for (int i = 0; i < e->words[l]; i++)
        if (!e->word[l][i].prompt_only && e->word[l][i].held_out == held_out)
            may[n++] = &e->word[l][i];
    if (!n) return &e->word[l][0];
    if (t->style->names) return may[0];
    /* the name as often as all its synonyms together */
    return n == 1 || teller_chance(t, 0.5) ? may[0] : may[1 + teller_draw(t, n - 1)];
}

const char *teller_phrase(Teller *t, WordKind kind, int index)
{
    const Word *w = teller_word(t, kind, index, false);
    return w->third && !t->style->names && teller_chance(t, 0.5) ? w->third : w->second;
}

const Entry *teller_entry(const Teller *t, int actor)
{
    return lexicon_entry(t->lex, WORD_ACTOR, t->facts->actor[actor].actor);
}

int teller_events(const Teller *t, int i, int event[FACTS_EVENTS_MAX])
{
    int n = 0;
    for (int e = 0; e < t->facts->actor[i].events; e++)
        if (t->say.event[i] >> e & 1) event[n++] = e;
    return n;
}

void teller_said_event(Teller *t, int i, int e, bool heading, bool fast)
{
    t->said.event[i] |= (uint8_t)(1 << e);
    if (heading) t->said.heading[i] |= (uint8_t)(1 << e);
    if (fast) t->said.fast[i] |= (uint8_t)(1 << e);
}

bool facts_has_heading(Action a)
{
    return a == ACT_MOVE_LEFT || a == ACT_MOVE_RIGHT;
}

bool facts_has_speed(Action a)
{
    return a != ACT_STAND && a != ACT_SLEEP;
}

bool relation_is_deed(Relation r)
{
    return r == REL_FOLLOWS || r == REL_CHASES || r == REL_MEETS || r == REL_PASSES_BEHIND;
}

static bool bit(unsigned mask, int i)
{
    return mask >> i & 1;
}

bool teller_same_doings(const Teller *t, int i, int j)
{
    int a[FACTS_EVENTS_MAX], b[FACTS_EVENTS_MAX];
    int n = teller_events(t, i, a);
    if (n != 1 || teller_events(t, j, b) != 1) return false;
    const Event *x = &t->facts->actor[i].event[a[0]], *y = &t->facts->actor[j].event[b[0]];
    bool fast_x = bit(t->say.fast[i], a[0]), fast_y = bit(t->say.fast[j], b[0]);
    bool heading_x = bit(t->say.heading[i], a[0]), heading_y = bit(t->say.heading[j], b[0]);
    return x->action == y->action && x->fast == y->fast && fast_x == fast_y &&
           heading_x == heading_y;
}

bool teller_all_same(const Teller *t)
{
    for (int k = 1; k < t->shown; k++)
        if (!teller_same_doings(t, t->actor[0], t->actor[k])) return false;
    return t->shown > 1;
}

bool teller_all_alike(const Teller *t)
{
    const ActorFacts *first = &t->facts->actor[t->actor[0]];
    for (int k = 1; k < t->shown; k++) {
        const ActorFacts *a = &t->facts->actor[t->actor[k]];
        if (a->actor != first->actor || a->size != first->size ||
            bit(t->say.size, t->actor[0]) != bit(t->say.size, t->actor[k]))
            return false;
    }
    return t->shown > 1;
}

int teller_rank(const Teller *t, int i, int *kin)
{
    int rank = 1;
    *kin = 1;
    for (int j = 0; j < t->facts->actors; j++) {
        if (j == i || !bit(t->say.actor, j) || t->facts->actor[j].actor != t->facts->actor[i].actor)
            continue;
        rank += j < i;
        ++*kin;
    }
    return rank;
}

/* Keeps each bit with probability p. */
static uint8_t thin(Teller *t, uint8_t mask, double p)
{
    for (int i = 0; i < 8; i++)
        if (mask >> i & 1 && !teller_chance(t, p)) mask &= (uint8_t) ~(1u << i);
    return mask;
}

/* What the view shows and words can say: no weather indoors, no city at night whose night is
 * hidden, no time of day in space. */
static void only_sayable(CaptionView *v, const Facts *f)
{
    v->actor &= (uint8_t)((1 << f->actors) - 1);
    v->prop &= (uint8_t)((1 << f->props) - 1);
    for (int i = 0; i < FACTS_ACTORS_MAX; i++) {
        if (!bit(v->actor, i)) {
            v->size &= (uint8_t) ~(1 << i);
            v->event[i] = v->heading[i] = v->fast[i] = 0;
            continue;
        }
        if (f->actor[i].size == SIZE_NORMAL) v->size &= (uint8_t) ~(1 << i);
        v->event[i] &= (uint8_t)((1 << f->actor[i].events) - 1);
        for (int e = 0; e < FACTS_EVENTS_MAX; e++) {
            const Event *event = &f->actor[i].event[e];
            bool there = bit(v->event[i], e);
            if (!there || !facts_has_heading(event->action)) v->heading[i] &= (uint8_t) ~(1 << e);
            if (!there || !event->fast || !facts_has_speed(event->action))
                v->fast[i] &= (uint8_t) ~(1 << e);
        }
    }
    if (f->relation == REL_NONE || (v->actor & 3) != 3) v->relation = false;
    if (f->scene == SCENE_NIGHT_CITY && !v->time) v->scene = false;
    if (f->scene == SCENE_SPACE) v->time = false;
    if (f->scene == SCENE_ROOM || f->scene == SCENE_STAGE || f->scene == SCENE_SPACE ||
        f->scene == SCENE_SEA_FLOOR)
        v->weather = false;
}

/* One sentence: most things; what is as usual (day, clear, a still camera) seldom. */
static void choose_sentence(Teller *t)
{
    const Facts *f = t->facts;
    CaptionView *v = &t->say;
    v->size = thin(t, v->size, 0.8);
    for (int i = 0; i < f->actors; i++) {
        v->heading[i] = thin(t, v->heading[i], 0.95);
        v->fast[i] = thin(t, v->fast[i], 0.95);
    }
    v->prop = thin(t, v->prop, 0.75);
    v->relation = v->relation && teller_chance(t, 0.85);
    v->scene = v->scene && teller_chance(t, 0.9);
    v->time = v->time && teller_chance(t, f->time == TIME_DAY ? 0.2 : 0.75);
    v->weather = v->weather && teller_chance(t, f->weather == WEATHER_CLEAR ? 0.15 : 0.75);
    v->camera = v->camera && teller_chance(t, f->camera == CAMERA_STILL ? 0.08 : 0.65);
}

/* A few words: the actors and at most two things more. */
static void choose_short(Teller *t)
{
    const Facts *f = t->facts;
    CaptionView *v = &t->say;
    v->size = thin(t, v->size, 0.5);
    v->prop = thin(t, v->prop, t->shown > 1 ? 0 : 0.25);
    v->relation = v->relation && teller_chance(t, 0.6);
    int first = t->actor[0], spare = 2;
    bool all = t->shown > 1 && !v->relation && teller_all_same(t) && teller_chance(t, 0.8);
    if (v->relation) spare--;
    if (!all) {
        int event[FACTS_EVENTS_MAX], n = t->shown ? teller_events(t, first, event) : 0;
        for (int i = 0; i < FACTS_ACTORS_MAX; i++) v->event[i] = 0;
        bool doing = n && t->shown == 1 && teller_chance(t, 0.8);
        if (doing) v->event[first] = (uint8_t)(1 << event[teller_draw(t, (size_t)n)]);
        spare -= doing;
        for (int i = 0; i < FACTS_ACTORS_MAX; i++) {
            v->heading[i] &= v->event[i];
            v->fast[i] &= v->event[i];
        }
    } else {
        spare--;
    }
    if (v->prop) spare--;
    v->scene = v->scene && spare > 0 && teller_chance(t, 0.7);
    spare -= v->scene;
    v->time = v->time && spare > 0 && teller_chance(t, f->time == TIME_DAY ? 0.1 : 0.5);
    spare -= v->time;
    v->weather = v->weather && spare > 0 && teller_chance(t, f->weather ? 0.5 : 0.05);
    spare -= v->weather;
    v->camera = v->camera && spare > 0 && f->camera && teller_chance(t, 0.2);
    if (f->scene == SCENE_NIGHT_CITY && v->scene) v->time = true;
}

static void choose_detailed(Teller *t)
{
    const Facts *f = t->facts;
    CaptionView *v = &t->say;
    if (f->time == TIME_DAY) v->time = v->time && teller_chance(t, 0.6);
    if (f->weather == WEATHER_CLEAR) v->weather = v->weather && teller_chance(t, 0.4);
    if (f->camera == CAMERA_STILL) v->camera = v->camera && teller_chance(t, 0.5);
}

void teller_start(Teller *t, const Lexicon *lex, const Facts *facts, const CaptionView *view,
                  const CaptionStyle *style)
{
    memset(t, 0, sizeof *t);
    t->lex = lex;
    t->facts = facts;
    t->style = style;
    t->seed = rng_split(style->seed, (uint64_t)style->language * 3 + (uint64_t)style->form);
    t->say = *view;
    only_sayable(&t->say, facts);
    for (int i = 0; i < facts->actors; i++)
        if (bit(t->say.actor, i)) t->actor[t->shown++] = i;
    if (style->form == CAPTION_SHORT)
        choose_short(t);
    else if (style->form == CAPTION_SENTENCE)
        choose_sentence(t);
    else
        choose_detailed(t);
    /* a city at night that is named says the night too */
    if (facts->scene == SCENE_NIGHT_CITY && t->say.scene) t->say.time = true;
    for (int k = 0; k < facts->actors; k++) {
        t->actor_word[k] = teller_word(t, WORD_ACTOR, facts->actor[k].actor, style->held_out);
        for (int j = 0; j < k; j++) /* one kind, one word */
            if (facts->actor[j].actor == facts->actor[k].actor) t->actor_word[k] = t->actor_word[j];
    }
    for (int p = 0; p < facts->props; p++)
        t->prop_word[p] = teller_word(t, WORD_PROP, facts->prop[p], style->held_out);
}
