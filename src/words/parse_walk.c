#include "words/parse_walk.h"

#include <string.h>

#include "words/teller.h"

static int lowest(uint8_t set)
{
    for (int i = 0; i < FACTS_ACTORS_MAX; i++)
        if (set >> i & 1) return i;
    return -1;
}

static bool several(uint8_t set)
{
    return (set & (set - 1)) != 0;
}

/* ---- events ---------------------------------------------------------------------------- */

static Action act_of_motion(Direction d)
{
    static const uint8_t act[] = {
        [DIR_NONE] = ACT_MOVE_RIGHT, [DIR_LEFT] = ACT_MOVE_LEFT,   [DIR_RIGHT] = ACT_MOVE_RIGHT,
        [DIR_NEAR] = ACT_APPROACH,   [DIR_AWAY] = ACT_GO_AWAY,     [DIR_ROUND] = ACT_CIRCLE,
        [DIR_IN] = ACT_ENTER,        [DIR_OUT] = ACT_LEAVE,        [DIR_UP] = ACT_RISE,
        [DIR_DOWN] = ACT_FALL,       [DIR_ALONG] = ACT_MOVE_RIGHT,
    };
    return (Action)act[d];
}

/* "hops" of who does not get about that way is a jump. */
static bool only_jumps(const Walk *w, int actor, const Doing *d)
{
    if (!d->hop || (d->dir != DIR_NONE && d->dir != DIR_UP)) return false;
    return lexicon_way(w->lex, w->facts->actor[actor].actor) != WAY_HOP || d->dir == DIR_UP;
}

static void add_event(Walk *w, int i, const Doing *d)
{
    ActorFacts *a = &w->facts->actor[i];
    CaptionView *said = &w->report->said;
    if (a->events == FACTS_EVENTS_MAX) {
        walk_unknown(w, d->item, 1, UNKNOWN_SURPLUS);
        return;
    }
    Event e = { .action = d->action };
    bool heading = facts_has_heading(d->action);
    if (d->motion) {
        e.action = only_jumps(w, i, d) ? ACT_JUMP : act_of_motion(d->dir);
        heading = d->dir == DIR_LEFT || d->dir == DIR_RIGHT;
    }
    e.fast = d->fast && facts_has_speed(e.action);
    int at = a->events++;
    if (w->event_before_last && at > 0) { /* "jumps after entering" */
        a->event[at] = a->event[at - 1];
        said->heading[i] = (uint8_t)((said->heading[i] & ~(3 << (at - 1))) |
                                     (said->heading[i] >> (at - 1) & 1) << at);
        said->fast[i] =
            (uint8_t)((said->fast[i] & ~(3 << (at - 1))) | (said->fast[i] >> (at - 1) & 1) << at);
        said->event[i] |= (uint8_t)(1 << at);
        at--;
    }
    a->event[at] = e;
    said->event[i] |= (uint8_t)(1 << at);
    if (heading) said->heading[i] |= (uint8_t)(1 << at);
    if (e.fast) said->fast[i] |= (uint8_t)(1 << at);
}

static void take(Walk *w, uint8_t who, const Doing *d)
{
    for (int i = 0; i < w->facts->actors; i++)
        if (who >> i & 1) add_event(w, i, d);
}

void walk_flush(Walk *w)
{
    Doing d = w->doing;
    w->doing = (Doing){ .fast = !d.verb && !d.dir && d.fast };
    if (!d.verb && !(d.dir && w->zh)) return;
    if (!d.verb) d.motion = true;
    if (d.for_next || !w->subject) {
        if (w->waitings < FACTS_EVENTS_MAX) w->waiting[w->waitings++] = d;
        return;
    }
    take(w, w->tail && d.singular ? w->tail : w->subject, &d);
    if (w->tail && d.singular) w->subject = w->tail;
    w->tail = 0;
    w->used = true;
    w->event_before_last = false;
}

/* 跳舞的狗, "jumping dog": the verb of item i belongs to the noun after it. */
static bool belongs_to_next(const Walk *w, size_t i)
{
    const Item *x = walk_item_at(w, i);
    bool of = false;
    if (!walk_is_han(w, x)) {
        PhraseKind before = i ? walk_kind_at(w, i - 1) : PH_PERIOD;
        bool open = before == PH_COUNT || before == PH_THE || before == PH_NEW ||
                    before == PH_SIZE || before == PH_PERIOD || before == PH_COMMA;
        if (x->phrase->form != EN_ING || !open) return false;
        for (i++; walk_kind_at(w, i) == PH_SIZE || walk_kind_at(w, i) == PH_QUALITY; i++) continue;
        return walk_kind_at(w, i) == PH_ACTOR;
    }
    for (i++;; i++) {
        PhraseKind k = walk_kind_at(w, i);
        if (k == PH_OF)
            of = true;
        else if (of && k == PH_ACTOR)
            return true;
        else if (!(of && (k == PH_SIZE || k == PH_QUALITY)) &&
                 !(!of && (k == PH_DIR || k == PH_FAST || k == PH_MOTION || k == PH_STOP)))
            return false;
    }
}

static void read_verb(Walk *w, const Item *x)
{
    if (w->doing.verb) walk_flush(w);
    Doing *d = &w->doing;
    d->verb = true;
    d->motion = x->kind == PH_MOTION;
    d->hop = d->motion && x->phrase->value == 1;
    d->fast |= (x->phrase->flags & PHRASE_FAST) != 0;
    d->action = (Action)(d->motion ? 0 : x->phrase->value);
    d->singular = x->phrase->form == EN_THIRD || w->is;
    d->item = (uint32_t)w->at;
    d->for_next = d->for_next || belongs_to_next(w, w->at);
}

static void read_direction(Walk *w, const Item *x)
{
    bool before_verb = w->zh && !(x->phrase->flags & PHRASE_SUFFIX);
    if (before_verb && w->doing.verb) walk_flush(w);
    if (!w->doing.dir) w->doing.dir = (Direction)x->phrase->value;
    w->doing.item = (uint32_t)w->at;
    if (w->zh && belongs_to_next(w, w->at)) w->doing.for_next = true;
}

static void read_fast(Walk *w)
{
    if (w->zh && (w->doing.verb || w->doing.dir)) walk_flush(w);
    w->doing.fast = true;
}

/* ---- relations ------------------------------------------------------------------------- */

static void relate(Walk *w, int first, int second)
{
    w->relation_open = false;
    w->relation_first = w->turned ? second : first;
    w->relation_second = w->turned ? first : second;
    w->turned = false;
    w->related = w->relation_first >= 0 && w->relation_second >= 0 &&
                 w->relation_first != w->relation_second;
}

/* A relation whose second actor has not come: "a dog and a cat meet". */
static void close_relation(Walk *w)
{
    if (w->relation_open && several(w->subject)) {
        int first = lowest(w->subject);
        relate(w, first, lowest(w->subject & (uint8_t) ~(1 << first)));
        w->used = true;
    }
    w->relation_open = false;
}

static void open_relation(Walk *w, const Item *x)
{
    if (w->related) return; /* facts hold one */
    w->relation_open = true;
    w->relation = (Relation)x->phrase->value;
    w->turned = (x->phrase->flags & PHRASE_TURNED) != 0;
    w->relation_first = lowest(w->tail ? w->tail : w->subject);
    w->relation_second = -1;
}

static void read_deed(Walk *w, const Item *x)
{
    walk_flush(w);
    open_relation(w, x);
    if (w->by && w->object >= 0 && w->relation_open) { /* 狗被猫追着 */
        w->turned = true;
        relate(w, w->relation_first, w->object);
        w->used = true;
    }
    w->by = false;
    w->object = -1;
}

static void read_place(Walk *w, const Item *x)
{
    bool motion = w->doing.verb && w->doing.motion && !w->doing.dir;
    PhraseKind before = w->at ? walk_kind_at(w, w->at - 1) : PH_PERIOD;
    if (before == PH_OF && w->at > 1) before = walk_kind_at(w, w->at - 2);
    if (!w->zh) {
        walk_flush(w);
        open_relation(w, x);
        return;
    }
    if (w->object >= 0 && !w->related) { /* 在猫的左边 */
        open_relation(w, x);
        relate(w, w->relation_first, w->object);
        w->used = w->used || motion;
    } else if (before == PH_ACTOR && !w->related && w->last >= 0) { /* 猫的左边有一只狗 */
        open_relation(w, x);
        w->relation_open = false;
        w->relation_first = -1;
        w->relation_second = w->last;
        w->used = true;
    }
    w->object = -1;
}

/* "on the left": of the actor before it, or else of the next. 猫的左边有: of the cat. */
static void read_side(Walk *w, const Item *x)
{
    PhraseKind before = w->at ? walk_kind_at(w, w->at - 1) : PH_PERIOD;
    bool zh_of = w->zh && (before == PH_OF || before == PH_ACTOR);
    walk_flush(w);
    if (zh_of) {
        read_place(w, x);
    } else if (!w->zh && (before == PH_ACTOR || before == PH_IS) && w->last >= 0) {
        w->side[w->last] = (Relation)x->phrase->value;
    } else {
        w->side_next = (Relation)x->phrase->value;
        w->used = true;
    }
}

/* ---- nouns ----------------------------------------------------------------------------- */

static uint8_t of_kind(const Walk *w, uint16_t actor)
{
    uint8_t set = 0;
    for (int i = 0; i < w->facts->actors; i++)
        if (w->facts->actor[i].actor == actor) set |= (uint8_t)(1 << i);
    return set;
}

static uint8_t new_actors(Walk *w, uint16_t actor, int count)
{
    uint8_t set = 0;
    if (count > FACTS_ACTORS_MAX) {
        walk_unknown(w, w->mods.count_item, 1, UNKNOWN_SURPLUS);
        count = FACTS_ACTORS_MAX;
    }
    for (int k = 0; k < count; k++) {
        if (w->facts->actors == FACTS_ACTORS_MAX) {
            walk_unknown(w, w->at, 1, UNKNOWN_SURPLUS);
            break;
        }
        int i = w->facts->actors++;
        w->facts->actor[i] = (ActorFacts){ .actor = actor };
        w->report->said.actor |= (uint8_t)(1 << i);
        if (w->at < w->items->count) walk_copy(w, w->at, 1, w->report->actor_word[i]);
        set |= (uint8_t)(1 << i);
    }
    return set;
}

/* Whom a noun names: actors spoken of before, or new ones. */
static uint8_t named(Walk *w, const Item *x)
{
    const Mods *m = &w->mods;
    uint16_t actor = x->phrase->value;
    bool plural = x->phrase->flags & PHRASE_PLURAL;
    uint8_t known = of_kind(w, actor);
    int count = m->count ? m->count : plural ? 2 : 1;
    if (m->fresh || !known) return new_actors(w, actor, count);
    if (m->nth) {
        for (int i = 0, n = 0; i < w->facts->actors; i++)
            if (known >> i & 1 && ++n == m->nth) return (uint8_t)(1 << i);
        return new_actors(w, actor, 1);
    }
    if (m->the || !m->count) {
        if (plural) return known;
        return w->last >= 0 && known >> w->last & 1 ? (uint8_t)(1 << w->last)
                                                    : (uint8_t)(1 << lowest(known));
    }
    return new_actors(w, actor, count);
}

static void set_size(Walk *w, uint8_t who, Size size)
{
    for (int i = 0; i < w->facts->actors; i++) {
        if (!(who >> i & 1)) continue;
        w->facts->actor[i].size = size;
        if (size != SIZE_NORMAL) w->report->said.size |= (uint8_t)(1 << i);
    }
}

static void become_subject(Walk *w, uint8_t who)
{
    bool anew = w->used || (w->zh && w->comma && !w->joined);
    w->tail = 0;
    if (anew) {
        w->subject = who;
    } else {
        if (!w->zh && w->comma && w->joined && w->subject) w->tail = who;
        w->subject |= who;
    }
    w->sentence |= who;
    w->used = w->comma = w->joined = w->is = false;
    for (int k = 0; k < w->waitings; k++) take(w, who, &w->waiting[k]);
    if (w->waitings) w->used = false; /* 跳舞的狗和猫 goes on */
    w->waitings = 0;
    if (w->relation_first < 0 && w->relation_second >= 0 && !w->related)
        relate(w, lowest(who), w->relation_second);
}

static void read_actor(Walk *w, const Item *x)
{
    if (!w->doing.for_next || w->doing.verb || w->doing.dir) walk_flush(w);
    uint8_t who = named(w, x);
    if (!who) {
        w->mods = (Mods){ 0 };
        return;
    }
    if (w->mods.size) set_size(w, who, w->mods.size);
    int i = lowest(who);
    if (w->relation_open) {
        int first = w->relation_first;
        relate(w, first, i);
        w->used = true;
    } else if (w->object_next) {
        w->object = i;
    } else {
        become_subject(w, who);
    }
    if (w->side_next) w->side[i] = w->side_next;
    w->side_next = REL_NONE;
    w->object_next = false;
    w->last = i;
    w->mods = (Mods){ 0 };
}

static void read_prop(Walk *w, const Item *x)
{
    int count = w->mods.count ? w->mods.count : x->phrase->flags & PHRASE_PLURAL ? 2 : 1;
    bool known = false;
    for (int p = 0; p < w->facts->props; p++) known |= w->facts->prop[p] == x->phrase->value;
    bool again = known && w->mods.the && !w->mods.fresh;
    for (int k = 0; k < count && !again; k++) {
        if (w->facts->props == FACTS_PROPS_MAX) {
            walk_unknown(w, count > 2 ? w->mods.count_item : w->at, 1, UNKNOWN_SURPLUS);
            break;
        }
        w->report->said.prop |= (uint8_t)(1 << w->facts->props);
        w->facts->prop[w->facts->props++] = x->phrase->value;
    }
    w->object_next = false;
    w->relation_open = false; /* "in front of a house" */
    w->mods = (Mods){ 0 };
}

static void read_size(Walk *w, const Item *x)
{
    Size size = (Size)x->phrase->value;
    if (w->than && w->object >= 0) { /* 比猫大 */
        if (!w->related) {
            w->relation = REL_BIGGER_THAN;
            w->turned = size == SIZE_SMALL;
            relate(w, lowest(w->subject), w->object);
        }
        w->than = false;
        w->object = -1;
        return;
    }
    size_t i = w->at + 1;
    while (walk_kind_at(w, i) == PH_OF || walk_kind_at(w, i) == PH_QUALITY ||
           walk_kind_at(w, i) == PH_SIZE || walk_kind_at(w, i) == PH_UNKNOWN ||
           walk_kind_at(w, i) == PH_STOP || walk_kind_at(w, i) == PH_MOTION ||
           walk_kind_at(w, i) == PH_ACT)
        i++;
    PhraseKind next = walk_kind_at(w, i);
    if (next == PH_ACTOR || next == PH_PROP || next == PH_SCENE)
        w->mods.size = size;
    else if (w->subject)
        set_size(w, w->subject, size); /* "the dog is small" */
    else
        w->mods.size = size;
}

/* ---- the picture ----------------------------------------------------------------------- */

static void read_scene(Walk *w, const Item *x)
{
    Facts *f = w->facts;
    CaptionView *said = &w->report->said;
    bool snow = x->phrase->flags & PHRASE_SNOW;
    Scene scene = (Scene)x->phrase->value;
    w->mods = (Mods){ 0 };
    w->object_next = false;
    if (said->scene && (snow || w->snow_scene) && scene != f->scene) {
        if (!said->weather) f->weather = WEATHER_SNOW; /* a forest in the snow */
        said->weather = true;
        if (!w->snow_scene) return;
        w->snow_scene = false;
    } else if (said->scene) {
        bool night = scene == SCENE_NIGHT_CITY && f->scene == SCENE_CITY;
        if (scene != f->scene && !night) walk_unknown(w, w->at, 1, UNKNOWN_SURPLUS);
        if (!night) return;
    } else {
        w->snow_scene = snow;
    }
    f->scene = scene;
    said->scene = true;
    if (scene != SCENE_NIGHT_CITY) return;
    f->time = TIME_NIGHT;
    said->time = true;
}

static void read_time(Walk *w, const Item *x)
{
    if (w->report->said.time && w->facts->time != (DayTime)x->phrase->value)
        walk_unknown(w, w->at, 1, UNKNOWN_SURPLUS);
    else
        w->facts->time = (DayTime)x->phrase->value;
    w->report->said.time = true;
    w->mods = (Mods){ 0 };
}

static void read_weather(Walk *w, const Item *x)
{
    if (w->report->said.weather && w->facts->weather != WEATHER_CLEAR &&
        w->facts->weather != (Weather)x->phrase->value)
        walk_unknown(w, w->at, 1, UNKNOWN_SURPLUS);
    else
        w->facts->weather = (Weather)x->phrase->value;
    w->report->said.weather = true;
    w->mods = (Mods){ 0 };
}

static void read_camera(Walk *w, const Item *x)
{
    w->facts->camera = (Camera)x->phrase->value;
    w->report->said.camera = true;
    w->mods = (Mods){ 0 };
}

/* ---- small words ----------------------------------------------------------------------- */

static void read_pronoun(Walk *w, const Item *x)
{
    bool all = x->phrase->value == 2;
    walk_flush(w);
    if (w->relation_open) { /* "... chases it" */
        int other = -1;
        for (int i = 0; i < w->facts->actors; i++)
            if (i != w->relation_first) other = i;
        if (other >= 0) relate(w, w->relation_first, other);
        w->used = true;
        return;
    }
    if (all)
        w->subject = (uint8_t)((1 << w->facts->actors) - 1);
    else if (several(w->subject) && w->last >= 0)
        w->subject = (uint8_t)(1 << w->last);
    w->tail = 0;
}

/* 都, 一起: all of this sentence that have done nothing yet. */
static void read_all(Walk *w)
{
    if (!w->zh) return;
    uint8_t idle = 0;
    for (int i = 0; i < w->facts->actors; i++)
        if (!w->facts->actor[i].events) idle |= (uint8_t)(1 << i);
    if (several(w->sentence & idle)) w->subject = w->sentence & idle;
}

static void read_near(Walk *w, const Item *x)
{
    PhraseKind before = w->at ? walk_kind_at(w, w->at - 1) : PH_PERIOD;
    bool noun = before == PH_ACTOR || before == PH_PROP;
    if (!w->zh) {
        walk_flush(w);
        w->object_next = !(noun && x->phrase->value == 1); /* "with a rose nearby" */
        return;
    }
    if (w->object < 0 && before != PH_ACTOR && before != PH_OF) w->used = true;
    w->object = -1;
}

static void read_mark(Walk *w, PhraseKind k)
{
    walk_flush(w);
    close_relation(w);
    w->object = -1;
    w->object_next = w->than = w->by = w->is = false;
    w->doing = (Doing){ 0 };
    w->mods = (Mods){ 0 };
    if (k == PH_PERIOD) {
        w->used = true;
        w->sentence = 0;
    } else {
        w->comma = true;
        w->joined = false;
    }
}

static void read_modifier(Walk *w, const Item *x)
{
    Mods *m = &w->mods;
    switch (x->kind) {
    case PH_COUNT:
        m->count = x->phrase->value;
        m->count_item = (uint32_t)w->at;
        break;
    case PH_NEW: *m = (Mods){ .fresh = true, .size = m->size }; break;
    case PH_NTH: *m = (Mods){ .nth = x->phrase->value, .size = m->size }; break;
    default: *m = (Mods){ .the = true, .size = m->size };
    }
}

static void read_join(Walk *w, const Item *x)
{
    switch (x->kind) {
    case PH_AND:
    case PH_LIST:
        walk_flush(w);
        w->joined = true;
        break;
    case PH_WHILE:
        walk_flush(w);
        close_relation(w);
        w->used = true;
        w->object_next = false;
        break;
    case PH_AFTER:
        walk_flush(w);
        w->event_before_last = true;
        break;
    case PH_EXIST:
        walk_flush(w);
        w->used = true;
        w->object = -1;
        w->object_next = false;
        break;
    case PH_AT:
        if (w->doing.verb && !w->doing.for_next) walk_flush(w); /* 跳, then 在... */
        w->object_next = true;
        break;
    case PH_THAN: w->than = w->object_next = true; break;
    case PH_BY: w->by = w->object_next = true; break;
    default: walk_flush(w);
    }
}

/* ---- all -------------------------------------------------------------------------------- */

void walk_item(Walk *w)
{
    const Item *x = &w->items->item[w->at];
    if (x->kind < PH_COMMA) w->zh = walk_is_han(w, x);
    switch (x->kind) {
    case PH_ACTOR: read_actor(w, x); break;
    case PH_PROP: read_prop(w, x); break;
    case PH_SCENE: read_scene(w, x); break;
    case PH_TIME: read_time(w, x); break;
    case PH_WEATHER: read_weather(w, x); break;
    case PH_SIZE: read_size(w, x); break;
    case PH_CAMERA: read_camera(w, x); break;
    case PH_MOTION:
    case PH_ACT: read_verb(w, x); break;
    case PH_DIR: read_direction(w, x); break;
    case PH_FAST: read_fast(w); break;
    case PH_PLACE: read_place(w, x); break;
    case PH_SIDE: read_side(w, x); break;
    case PH_DEED: read_deed(w, x); break;
    case PH_COUNT:
    case PH_NEW:
    case PH_NTH:
    case PH_THE: read_modifier(w, x); break;
    case PH_PRONOUN: read_pronoun(w, x); break;
    case PH_ALL: read_all(w); break;
    case PH_NEAR: read_near(w, x); break;
    case PH_IS: w->is = true; break;
    case PH_AND:
    case PH_LIST:
    case PH_WHILE:
    case PH_THEN:
    case PH_AFTER:
    case PH_EXIST:
    case PH_AT:
    case PH_THAN:
    case PH_BY: read_join(w, x); break;
    case PH_COMMA:
    case PH_PERIOD: read_mark(w, x->kind); break;
    case PH_UNKNOWN: walk_read_unknown(w); break;
    case PH_VERB:
    case PH_COMMAND:
        walk_flush(w);
        w->used = true;
        walk_unknown(w, w->at, 1, UNKNOWN_DEED);
        break;
    case PH_QUALITY: walk_read_quality(w); break;
    default: break; /* means nothing here */
    }
    w->at++;
}

void walk_start(Walk *w, const Lexicon *lex, const char *source, const Tokens *t, const Items *x,
                Facts *facts, ParseReport *report)
{
    *w = (Walk){ .lex = lex,
                 .source = source,
                 .tokens = t,
                 .items = x,
                 .facts = facts,
                 .report = report,
                 .last = -1,
                 .object = -1,
                 .relation_first = -1,
                 .relation_second = -1 };
    w->zh = t->language != LANG_EN;
}

void walk_close(Walk *w)
{
    walk_flush(w);
    close_relation(w);
}

void walk_take_waiting(Walk *w, uint16_t actor)
{
    uint8_t who = new_actors(w, actor, 1);
    for (int k = 0; k < w->waitings; k++) take(w, who, &w->waiting[k]);
    w->waitings = 0;
    if (w->mods.size) set_size(w, who, w->mods.size);
}
