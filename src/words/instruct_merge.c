/* What instructions do to facts. */
#include <stdio.h>
#include <string.h>

#include "words/instruct_parts.h"

enum { NOBODY = -1 };

void change_unknown(Change *c, const ParseReport *r)
{
    for (int i = 0; i < r->unknowns; i++) {
        bool known = c->report->unknowns == PARSE_UNKNOWN_MAX;
        for (int k = 0; k < c->report->unknowns; k++)
            known |= strcmp(c->report->unknown[k].text, r->unknown[i].text) == 0;
        if (!known) c->report->unknown[c->report->unknowns++] = r->unknown[i];
    }
}

/* A word that is known, of a thing that is not there or does not fit in. */
static void no_use(Change *c, const char *word)
{
    ParseReport r = { .unknowns = 1 };
    snprintf(r.unknown[0].text, sizeof r.unknown[0].text, "%s", word);
    r.unknown[0].kind = UNKNOWN_SURPLUS;
    change_unknown(c, &r);
}

/* The actor of the facts that actor i of the reading is: the same kind, the same rank. */
static int find_actor(const Change *c, const Facts *read, int i)
{
    int rank = 0;
    for (int j = 0; j < i; j++) rank += read->actor[j].actor == read->actor[i].actor;
    for (int j = 0; j < c->facts->actors; j++)
        if (c->facts->actor[j].actor == read->actor[i].actor && rank-- == 0) return j;
    return NOBODY;
}

static int find_prop(const Change *c, uint16_t prop)
{
    for (int p = 0; p < c->facts->props; p++)
        if (c->facts->prop[p] == prop) return p;
    return NOBODY;
}

/* ---- taking away ----------------------------------------------------------------------- */

static void drop_actor(Change *c, int i)
{
    Facts *f = c->facts;
    CaptionView *said = &c->report->said;
    for (int k = i; k + 1 < FACTS_ACTORS_MAX; k++) {
        f->actor[k] = f->actor[k + 1];
        said->event[k] = said->event[k + 1];
        said->heading[k] = said->heading[k + 1];
        said->fast[k] = said->fast[k + 1];
    }
    uint8_t below = (uint8_t)((1 << i) - 1);
    said->actor = (uint8_t)((said->actor & below) | (said->actor >> 1 & ~below));
    said->size = (uint8_t)((said->size & below) | (said->size >> 1 & ~below));
    f->actors--;
    if (i < 2) f->relation = REL_NONE;
}

static void drop_prop(Change *c, int p)
{
    Facts *f = c->facts;
    for (int k = p; k + 1 < f->props; k++) f->prop[k] = f->prop[k + 1];
    f->props--;
}

static bool drop_kind(Change *c, uint16_t actor)
{
    bool any = false;
    for (int i = c->facts->actors - 1; i >= 0; i--) {
        if (c->facts->actor[i].actor != actor) continue;
        drop_actor(c, i);
        any = true;
    }
    return any;
}

/* The report has no bit for what is gone: `relation` stands for actors, `prop` for props. */
void change_remove(Change *c, const Reading *r)
{
    Facts *f = c->facts;
    CaptionView *said = &c->report->said;
    for (int i = 0; i < r->facts.actors; i++) {
        if (drop_kind(c, r->facts.actor[i].actor))
            said->relation = true;
        else if (find_actor(c, &r->facts, i) == NOBODY)
            no_use(c, r->report.actor_word[i]);
    }
    if (r->it && !r->facts.actors && f->actors) {
        drop_actor(c, 0);
        said->relation = true;
    }
    for (int p = 0; p < r->facts.props; p++) {
        int at = find_prop(c, r->facts.prop[p]);
        if (at == NOBODY) {
            no_use(c, lexicon_name(c->lex, WORD_PROP, r->facts.prop[p], r->report.language));
            continue;
        }
        drop_prop(c, at);
        said->prop = 1;
    }
    bool snow = r->report.said.scene && r->facts.scene == SCENE_SNOW;
    if (snow && f->scene == SCENE_SNOW) {
        f->scene = SCENE_MEADOW;
        said->scene = true;
    }
    if (r->report.said.weather || snow) {
        f->weather = WEATHER_CLEAR;
        said->weather = true;
    }
    if (r->report.said.camera) {
        f->camera = CAMERA_STILL;
        said->camera = true;
    }
}

/* ---- setting --------------------------------------------------------------------------- */

static int bring_in(Change *c, const Reading *r, int i)
{
    Facts *f = c->facts;
    if (f->actors == FACTS_ACTORS_MAX) {
        no_use(c, r->report.actor_word[i]);
        return NOBODY;
    }
    f->actor[f->actors] = (ActorFacts){ .actor = r->facts.actor[i].actor };
    parse_time_events(&f->actor[f->actors]);
    c->report->said.actor |= (uint8_t)(1 << f->actors);
    return f->actors++;
}

static void set_doings(Change *c, int to, const Reading *r, int from)
{
    const ActorFacts *a = &r->facts.actor[from];
    const CaptionView *read = &r->report.said;
    CaptionView *said = &c->report->said;
    ActorFacts *b = &c->facts->actor[to];
    said->actor |= (uint8_t)(1 << to);
    if (a->size != SIZE_NORMAL || (read->size >> from & 1)) {
        b->size = a->size;
        said->size |= (uint8_t)(1 << to);
    }
    if (!a->events) return;
    b->events = a->events;
    memcpy(b->event, a->event, sizeof b->event);
    parse_time_events(b);
    said->event[to] = read->event[from];
    said->heading[to] = read->heading[from];
    said->fast[to] = read->fast[from];
}

static void set_fast(Change *c, int i)
{
    ActorFacts *a = &c->facts->actor[i];
    for (int e = 0; e < a->events; e++) {
        a->event[e].fast = a->event[e].action != ACT_STAND && a->event[e].action != ACT_SLEEP;
        if (a->event[e].fast) c->report->said.fast[i] |= (uint8_t)(1 << e);
    }
    c->report->said.actor |= (uint8_t)(1 << i);
}

static void set_actors(Change *c, const Reading *r)
{
    int is[FACTS_ACTORS_MAX] = { NOBODY, NOBODY, NOBODY };
    Facts *f = c->facts;
    for (int i = 0; i < r->facts.actors; i++) {
        is[i] = find_actor(c, &r->facts, i);
        if (is[i] == NOBODY) is[i] = bring_in(c, r, i);
        if (is[i] != NOBODY) set_doings(c, is[i], r, i);
    }
    const Walk *w = &r->walk;
    int whom = is[0] == NOBODY ? 0 : is[0];
    if (w->doing.fast && f->actors) set_fast(c, whom);
    if (!w->related) return;
    int first = is[w->relation_first], second = is[w->relation_second];
    if (first != NOBODY && second != NOBODY && first != second)
        parse_relate(f, c->report, w->relation, first, second);
}

/* "jump", "bigger", of nobody: of the subject, or of all ("they"). */
static void set_unnamed(Change *c, const Reading *r)
{
    Reading named = *r;
    if (!c->facts->actors || r->facts.actors == FACTS_ACTORS_MAX ||
        (!r->walk.waitings && !r->walk.mods.size))
        return;
    named.walk.facts = &named.facts;
    named.walk.report = &named.report;
    walk_take_waiting(&named.walk, c->facts->actor[0].actor);
    int last = named.facts.actors - 1;
    set_doings(c, 0, &named, last);
}

static void set_picture(Change *c, const Reading *r)
{
    Facts *f = c->facts;
    const CaptionView *read = &r->report.said;
    CaptionView *said = &c->report->said;
    bool weather = read->scene && r->plain_snow && r->facts.scene == SCENE_SNOW;
    if (read->scene && !weather) f->scene = r->facts.scene;
    if (read->time) f->time = r->facts.time;
    if (read->weather || weather) f->weather = weather ? WEATHER_SNOW : r->facts.weather;
    if (read->camera) f->camera = r->facts.camera;
    if (read->time && f->time != TIME_NIGHT && f->scene == SCENE_NIGHT_CITY) f->scene = SCENE_CITY;
    said->scene |= read->scene && !weather;
    said->time |= read->time;
    said->weather |= read->weather || weather;
    said->camera |= read->camera;
}

void change_set(Change *c, const Reading *r)
{
    Facts *f = c->facts;
    set_picture(c, r);
    set_actors(c, r);
    set_unnamed(c, r);
    for (int p = 0; p < r->facts.props; p++) {
        if (f->props == FACTS_PROPS_MAX) {
            no_use(c, lexicon_name(c->lex, WORD_PROP, r->facts.prop[p], r->report.language));
            continue;
        }
        c->report->said.prop |= (uint8_t)(1 << f->props);
        f->prop[f->props++] = r->facts.prop[p];
    }
}

/* ---- replacing ------------------------------------------------------------------------- */

static void become(Change *c, int i, const Reading *to)
{
    c->facts->actor[i].actor = to->facts.actor[0].actor;
    c->report->said.actor |= (uint8_t)(1 << i);
    set_doings(c, i, to, 0);
}

static bool replace_actors(Change *c, const Reading *from, const Reading *to)
{
    bool any = false;
    Facts *f = c->facts;
    for (int i = 0; i < f->actors; i++) {
        bool named = from->it && !from->facts.actors && i == 0;
        for (int k = 0; k < from->facts.actors; k++)
            named |= from->facts.actor[k].actor == f->actor[i].actor;
        if (named) become(c, i, to);
        any |= named;
    }
    return any;
}

void change_replace(Change *c, const Reading *from, const Reading *to)
{
    bool actor = to->facts.actors > 0, prop = to->facts.props > 0;
    if ((from->facts.actors || from->it) && actor) {
        if (!replace_actors(c, from, to) && from->facts.actors)
            no_use(c, from->report.actor_word[0]);
    } else if (from->facts.props && prop) {
        int p = find_prop(c, from->facts.prop[0]);
        if (p == NOBODY) {
            no_use(c, lexicon_name(c->lex, WORD_PROP, from->facts.prop[0], from->report.language));
        } else {
            c->facts->prop[p] = to->facts.prop[0];
            c->report->said.prop |= (uint8_t)(1 << p);
        }
    } else {
        if (actor || prop) change_remove(c, from); /* the rain becomes snow by setting it */
        change_set(c, to);
        return;
    }
    set_picture(c, to);
}
