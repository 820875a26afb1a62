#include "words/caption_zh.h"

#include "words/script.h"

static int event_vps(Teller *t, int i, ZhVp p[FACTS_EVENTS_MAX])
{
    int event[FACTS_EVENTS_MAX], n = teller_events(t, i, event);
    for (int k = 0; k < n; k++) p[k] = zh_event(t, i, event[k], 1);
    return n;
}

static bool has_events(const Teller *t, int i)
{
    int event[FACTS_EVENTS_MAX];
    return teller_events(t, i, event) > 0;
}

/* 先跳起来，然后睡觉 */
static void put_sequence(Teller *t, Text *out, const ZhVp *p, int n)
{
    static const char *const two[][2] = {
        { "先", "，然后" }, { "先", "，接着" }, { "先", "，再" }, { "", "，然后" }, { "", "，接着" }
    };
    static const char *const three[][3] = { { "先", "，然后", "，最后" },
                                            { "先", "，接着", "，最后" },
                                            { "", "，然后", "，最后" },
                                            { "先", "，再", "，最后" },
                                            { "", "，接着", "，然后" } };
    size_t k = teller_draw(t, 5);
    for (int i = 0; i < n; i++) {
        if (n == 2) text_put(out, two[k][i]);
        if (n == 3) text_put(out, three[k][i]);
        text_put(out, p[i].s);
    }
}

/* The predicate of one actor; `place` (草地上, or NULL) goes between: 正在草地上跳舞. */
static void put_predicate(Teller *t, Text *out, const ZhVp *p, int n, const char *place)
{
    bool now = n == 1 && p[0].lasts && teller_chance(t, 0.4);
    if (now) text_put(out, "正在");
    if (place) text_puts(out, now ? "" : "在", place, NULL);
    put_sequence(t, out, p, n);
}

static void all_said(Teller *t)
{
    int first = t->actor[0];
    for (int k = 1; k < t->shown; k++) {
        int i = t->actor[k], event[FACTS_EVENTS_MAX];
        if (teller_events(t, i, event))
            teller_said_event(t, i, event[0], t->said.heading[first] != 0,
                              t->said.fast[first] != 0);
    }
}

static void put_all_together(Teller *t, Text *out, const char *place)
{
    int event[FACTS_EVENTS_MAX];
    teller_events(t, t->actor[0], event);
    zh_put_actors(t, out);
    ZhVp p = zh_event(t, t->actor[0], event[0], t->shown);
    all_said(t);
    bool now = p.lasts && teller_chance(t, 0.3);
    if (now)
        text_put(out, "正在");
    else
        text_put(out, ONE(t, "一起", "都", ""));
    if (place) text_puts(out, now ? "" : "在", place, NULL);
    text_put(out, p.s);
}

/* Actor 0, how it stands to actor 1, and what it does. */
static void put_related(Teller *t, Text *out)
{
    Relation r = t->facts->relation;
    ZhVp p[FACTS_EVENTS_MAX];
    int n = event_vps(t, 0, p);
    zh_put_actor(t, out, 0);
    if (n && (r == REL_MEETS || r == REL_PASSES_BEHIND)) { /* one thing after the other */
        put_sequence(t, out, p, n);
        text_put(out, "，");
        zh_put_relation(t, out, false);
        return;
    }
    zh_put_relation(t, out, false);
    if (!n) return;
    bool run_on = n == 1 && r != REL_BIGGER_THAN;
    if (!run_on) text_put(out, "，");
    if (run_on)
        put_sequence(t, out, p, n);
    else
        put_predicate(t, out, p, n, NULL);
}

static void put_clause(Teller *t, Text *out, int i, const char *place)
{
    ZhVp p[FACTS_EVENTS_MAX];
    int n = event_vps(t, i, p);
    if (!n) {
        if (place)
            text_puts(out, place, "有", NULL);
        else
            text_put(out, "有");
        zh_put_actor(t, out, i);
        return;
    }
    zh_put_actor(t, out, i);
    put_predicate(t, out, p, n, place);
}

static void put_props_beside(Teller *t, Text *out)
{
    if (!t->say.prop) return;
    text_put(out, t->shown ? ONE(t, "，旁边有", "，旁边放着", "，身边有", "，附近有") : "有");
    zh_put_props(t, out);
}

static void put_actors_doing(Teller *t, Text *out, const char *place)
{
    if (!t->say.relation && teller_all_same(t) && teller_chance(t, 0.8)) {
        put_all_together(t, out, place);
        put_props_beside(t, out);
        return;
    }
    if (place && (t->shown > 1 || t->say.relation)) {
        text_puts(out, place, "，", NULL);
        place = NULL;
    }
    int from = 1;
    if (t->say.relation) {
        put_related(t, out);
        put_props_beside(t, out);
        if (has_events(t, 1)) {
            ZhVp p[FACTS_EVENTS_MAX];
            int n = event_vps(t, 1, p);
            text_put(out, "，");
            zh_put_actor_again(t, out, 1);
            put_predicate(t, out, p, n, NULL);
        }
        from = 2;
    } else if (t->shown) {
        put_clause(t, out, t->actor[0], place);
        put_props_beside(t, out);
    } else {
        text_put(out, place ? place : "");
        if (t->say.prop)
            put_props_beside(t, out);
        else
            text_put(out, place ? "空无一人" : "画面里空无一人");
    }
    for (int k = from; k < t->shown; k++) {
        text_put(out, ONE(t, "，", "，同时"));
        put_clause(t, out, t->actor[k], NULL);
    }
}

/* Time and weather before the rest: 夜里，下着雨, */
static void put_front(Teller *t, Text *out)
{
    bool night_city = t->say.scene && t->facts->scene == SCENE_NIGHT_CITY;
    t->said.time = t->say.time;
    if (t->say.time && !night_city)
        text_puts(out, teller_phrase(t, WORD_TIME, (int)t->facts->time), "，", NULL);
    if (!t->say.weather) return;
    t->said.weather = true;
    if (teller_chance(t, 0.3))
        text_put(out, teller_phrase(t, WORD_WEATHER, (int)t->facts->weather));
    else
        text_put(out, zh_weather_clause(t));
    text_put(out, "，");
}

static const char *place_of(Teller *t)
{
    t->said.scene = t->say.scene;
    return t->say.scene ? teller_phrase(t, WORD_SCENE, (int)t->facts->scene) : NULL;
}

static bool one_event(const Teller *t)
{
    int event[FACTS_EVENTS_MAX];
    return t->shown == 1 && teller_events(t, t->actor[0], event) == 1;
}

static void caption_sentence(Teller *t, Text *out)
{
    put_front(t, out);
    const char *place = place_of(t);
    bool inside =
        place && (t->shown == 0 || one_event(t) || teller_all_same(t)) && teller_chance(t, 0.6);
    if (place && !inside && t->shown) {
        text_puts(out, teller_chance(t, 0.4) ? "在" : "", place, "，");
        place = NULL;
    }
    put_actors_doing(t, out, place);
    if (t->say.camera) {
        text_put(out, ONE(t, "，", "。", "，同时"));
        zh_put_camera(t, out);
    }
    text_put(out, "。");
}

/* 跳舞的狗, 草地上的狗 */
static void put_noun_phrase(Teller *t, Text *out, const ZhVp *p, int n, const char *place)
{
    if (place) text_puts(out, n ? "在" : "", place, n ? "" : "的");
    if (n) text_puts(out, p[0].s, "的", NULL);
    zh_put_bare_actor(t, out, t->actor[0]);
}

static void short_one(Teller *t, Text *out, const char *place)
{
    ZhVp p[FACTS_EVENTS_MAX];
    int n = event_vps(t, t->actor[0], p);
    if (!t->say.prop && (!n || p[0].lasts) && teller_chance(t, 0.3)) {
        put_noun_phrase(t, out, p, n, place);
        return;
    }
    if (!n && place) text_puts(out, place, "的", NULL);
    zh_put_actor(t, out, t->actor[0]);
    if (n) put_predicate(t, out, p, n, place);
}

static void caption_short(Teller *t, Text *out)
{
    bool night_city = t->say.scene && t->facts->scene == SCENE_NIGHT_CITY;
    bool stop = teller_chance(t, 0.3);
    t->said.time = t->say.time;
    t->said.weather = t->say.weather;
    const char *after = t->shown ? "，" : "";
    if (t->say.time && !night_city)
        text_puts(out, teller_phrase(t, WORD_TIME, (int)t->facts->time), after, NULL);
    if (t->say.weather)
        text_puts(out, teller_phrase(t, WORD_WEATHER, (int)t->facts->weather), after, NULL);
    const char *place = place_of(t);
    if (t->shown > 1) {
        bool all = !t->say.relation && has_events(t, t->actor[0]);
        if (place && !all) text_puts(out, place, t->say.relation ? "，" : "的", NULL);
        if (t->say.relation) {
            put_related(t, out);
            if (t->shown > 2) {
                text_put(out, "，还有");
                zh_put_actor(t, out, 2);
            }
        } else if (all) {
            put_all_together(t, out, place);
        } else {
            zh_put_actors(t, out);
        }
    } else if (t->shown) {
        short_one(t, out, place);
    } else if (place) {
        text_put(out, place);
    }
    if (t->say.prop) put_props_beside(t, out);
    if (t->say.camera) {
        text_put(out, out->n ? "，" : "");
        zh_put_camera(t, out);
    }
    if (stop) text_put(out, "。");
}

static void detail_setting(Teller *t, Text *out)
{
    const char *place = place_of(t);
    bool night_city = place && t->facts->scene == SCENE_NIGHT_CITY;
    bool time = t->say.time && !night_city;
    t->said.time = t->say.time;
    if (place) {
        text_put(out, ONE(t, "画面发生在", "场景在", "这是在", "故事发生在"));
        if (time && teller_chance(t, 0.5)) {
            text_puts(out, lexicon_name(t->lex, WORD_TIME, (int)t->facts->time, t->style->language),
                      "的", NULL);
            time = false;
        }
        text_puts(out, place, time || t->say.weather ? "，" : "。", NULL);
    }
    if (time) {
        text_puts(out, ONE(t, "时间是", "正值", "此时是"),
                  teller_phrase(t, WORD_TIME, (int)t->facts->time), t->say.weather ? "，" : "。");
    }
    if (t->say.weather) text_puts(out, zh_weather_clause(t), "。", NULL);
}

static void detail_events(Teller *t, Text *out, int i, const ZhVp *p, int n, bool known)
{
    if (known)
        zh_put_actor_again(t, out, i);
    else
        zh_put_actor(t, out, i);
    if (n == 1 || teller_chance(t, 0.5)) {
        put_predicate(t, out, p, n, NULL);
        text_put(out, "。");
        return;
    }
    text_puts(out, teller_chance(t, 0.5) ? "先" : "", p[0].s, "。");
    for (int k = 1; k < n; k++) {
        text_put(out, k == n - 1 && n > 2 ? ONE(t, "最后，", "最后")
                                          : ONE(t, "然后，", "接着，", "随后，", "接着"));
        zh_put_pronoun(t, out, i);
        text_puts(out, p[k].s, "。", NULL);
    }
}

static void detail_relation(Teller *t, Text *out)
{
    if (t->said.actor & 1)
        zh_put_actor_again(t, out, 0);
    else
        zh_put_actor(t, out, 0);
    zh_put_relation(t, out, t->said.actor >> 1 & 1);
    text_put(out, "。");
}

static void detail_actors(Teller *t, Text *out)
{
    if (!t->say.relation && teller_all_same(t) && teller_chance(t, 0.7)) {
        put_all_together(t, out, NULL);
        text_put(out, "。");
        return;
    }
    if (t->say.relation && teller_chance(t, 0.5)) detail_relation(t, out);
    for (int k = 0; k < t->shown; k++) {
        int i = t->actor[k];
        ZhVp p[FACTS_EVENTS_MAX];
        int n = event_vps(t, i, p);
        bool known = t->said.actor >> i & 1;
        if (n) {
            detail_events(t, out, i, p, n, known);
        } else if (!known) {
            text_put(out, ONE(t, "画面里有", "有", "可以看到"));
            zh_put_actor(t, out, i);
            text_put(out, "。");
        }
    }
    if (t->say.relation && !t->said.relation) detail_relation(t, out);
}

static void detail_props(Teller *t, Text *out)
{
    text_put(out, t->shown ? ONE(t, "旁边有", "旁边放着", "附近有", "旁边还有") : "这里有");
    zh_put_props(t, out);
    text_put(out, "。");
}

static void detail_camera(Teller *t, Text *out)
{
    text_put(out, ONE(t, "", "同时，", "拍摄时"));
    zh_put_camera(t, out);
    text_put(out, "。");
}

static void caption_detailed(Teller *t, Text *out)
{
    bool first = teller_chance(t, 0.65), camera_first = teller_chance(t, 0.12);
    if (camera_first && t->say.camera) {
        zh_put_camera(t, out);
        text_put(out, "。");
    }
    if (first) detail_setting(t, out);
    if (t->shown) detail_actors(t, out);
    if (t->say.prop) detail_props(t, out);
    if (!first) detail_setting(t, out);
    if (!camera_first && t->say.camera) detail_camera(t, out);
}

void caption_zh(Teller *t, Text *out)
{
    if (t->style->form == CAPTION_SHORT)
        caption_short(t, out);
    else if (t->style->form == CAPTION_SENTENCE)
        caption_sentence(t, out);
    else
        caption_detailed(t, out);
    if (t->style->language != LANG_ZH_HANT) return;
    Text hans = *out;
    out->n = script_to_hant(hans.s, hans.n, out->s, sizeof out->s);
}
