#include "words/caption_en.h"

#include <stdio.h>

/* "enters, then jumps and finally sleeps" */
static void put_sequence(Teller *t, Text *out, const EnVp *p, int n, EnglishForm form)
{
    static const char *const two[][2] = { { "", ", then " },
                                          { "", " and then " },
                                          { "first ", ", then " },
                                          { "", ", and after that " } };
    static const char *const three[][3] = { { "", ", then ", " and finally " },
                                            { "first ", ", then ", ", and finally " },
                                            { "", ", ", " and then " },
                                            { "", ", then ", ", then " } };
    size_t k = teller_draw(t, 4);
    if (form != EN_THIRD && n == 2 && k == 2) k = 0;
    if (n == 2 && form == EN_THIRD && teller_chance(t, 0.15)) {
        en_put_vp(out, &p[0], form);
        text_put(out, " before ");
        en_put_vp(out, &p[1], EN_ING);
        return;
    }
    for (int i = 0; i < n; i++) {
        if (n == 2) text_put(out, two[k][i]);
        if (n == 3) text_put(out, three[k][i]);
        en_put_vp(out, &p[i], form);
    }
}

static int event_vps(Teller *t, int i, EnVp p[FACTS_EVENTS_MAX])
{
    int event[FACTS_EVENTS_MAX], n = teller_events(t, i, event);
    for (int k = 0; k < n; k++) p[k] = en_event(t, i, event[k], 1);
    return n;
}

/* Marks what one predicate said of actor 0 for all. */
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

/* "a dog and a cat dance": form EN_BASE or EN_ING ("... dancing"). */
static void put_all_together(Teller *t, Text *out, EnglishForm form)
{
    int event[FACTS_EVENTS_MAX];
    teller_events(t, t->actor[0], event);
    en_put_actors(t, out);
    EnVp p = en_event(t, t->actor[0], event[0], t->shown);
    all_said(t);
    text_put(out, " ");
    en_put_vp(out, &p, form);
}

/* Actor 0 and how it stands to actor 1: "a dog to the left of a cat jumps". */
static void put_related(Teller *t, Text *out)
{
    const Facts *f = t->facts;
    EnVp p[FACTS_EVENTS_MAX];
    int n = event_vps(t, 0, p);
    t->said.relation = true;
    en_put_actor(t, out, 0);
    if (relation_is_deed(f->relation)) {
        EnVp deed = { .tail = "" };
        snprintf(deed.head, sizeof deed.head, "%s", en_relation_verb(t));
        text_put(out, " ");
        if (n) put_sequence(t, out, p, n, EN_THIRD);
        if (n) text_put(out, f->relation == REL_MEETS ? " and " : ", ");
        en_put_vp(out, &deed, n && f->relation != REL_MEETS ? EN_ING : EN_THIRD);
        text_put(out, " ");
        en_put_actor(t, out, 1);
        return;
    }
    text_puts(out, n ? " " : " is ", en_relation_place(t), " ");
    en_put_actor(t, out, 1);
    if (n) {
        text_put(out, " ");
        put_sequence(t, out, p, n, EN_THIRD);
    }
}

/* "a dog enters and then jumps", "there is a dog jumping", "a dog is jumping" */
static void put_clause(Teller *t, Text *out, int i, bool known)
{
    EnVp p[FACTS_EVENTS_MAX];
    int n = event_vps(t, i, p);
    if (!n && !known) text_put(out, "there is ");
    size_t k = n == 1 ? teller_draw(t, 10) : 9;
    if (k == 0 && !known) {
        text_put(out, "there is ");
        en_put_actor(t, out, i);
        text_put(out, " ");
        en_put_vp(out, &p[0], EN_ING);
        return;
    }
    if (known)
        en_put_actor_again(t, out, i);
    else
        en_put_actor(t, out, i);
    if (!n) return;
    text_put(out, " ");
    if (n == 1 && k < 4) {
        text_put(out, "is ");
        en_put_vp(out, &p[0], EN_ING);
    } else {
        put_sequence(t, out, p, n, EN_THIRD);
    }
}

static bool has_events(const Teller *t, int i)
{
    int event[FACTS_EVENTS_MAX];
    return teller_events(t, i, event) > 0;
}

/* All actors as one sentence without its ends. */
static void put_actors_doing(Teller *t, Text *out, const char *props)
{
    if (!t->say.relation && teller_all_same(t) && teller_chance(t, 0.8)) {
        put_all_together(t, out, EN_BASE);
        text_put(out, props);
        return;
    }
    int from = 1;
    if (t->say.relation) {
        put_related(t, out);
        text_put(out, props);
        if (has_events(t, 1)) {
            text_put(out, ONE(t, ", while ", ", and ", " while "));
            put_clause(t, out, 1, true);
        }
        from = 2;
    } else if (t->shown) {
        put_clause(t, out, t->actor[0], false);
        text_put(out, props);
    }
    for (int k = from; k < t->shown; k++) {
        text_put(out,
                 k == 1 && !t->say.relation ? ONE(t, " while ", ", and ", ", while ") : ", and ");
        put_clause(t, out, t->actor[k], false);
    }
}

static void capital(Text *out, size_t at)
{
    char *c = &out->s[at];
    if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
}

static void caption_sentence(Teller *t, Text *out)
{
    char setting[256], props[256];
    en_setting(t, setting, sizeof setting);
    en_props(t, props, sizeof props);
    bool front = *setting && (t->shown > 1 || teller_chance(t, 0.4));
    bool camera_front = t->say.camera && !front && teller_chance(t, 0.15);
    if (camera_front) {
        text_put(out, "as ");
        en_put_camera(t, out);
        text_put(out, ", ");
    }
    if (front) text_puts(out, setting, ", ", NULL);
    if (!t->shown) { /* nobody: the place itself */
        text_puts(out, "there is ", t->say.prop ? "" : "nobody", NULL);
        if (t->say.prop) en_put_prop_list(t, out);
    } else {
        put_actors_doing(t, out, props);
    }
    if (*setting && !front) text_puts(out, " ", setting, NULL);
    if (t->say.camera && !camera_front) {
        text_put(out, ONE(t, " while ", " as ", ". ", ", and "));
        size_t at = out->n;
        en_put_camera(t, out);
        if (at > 2 && out->s[at - 2] == '.') capital(out, at);
    }
    capital(out, 0);
    text_put(out, ".");
}

static void caption_short(Teller *t, Text *out)
{
    char setting[256], props[256];
    en_setting(t, setting, sizeof setting);
    en_props(t, props, sizeof props);
    bool sentence = teller_chance(t, 0.3), bare = teller_chance(t, 0.3);
    int i = t->shown ? t->actor[0] : 0;
    if (!t->shown) {
        if (t->say.prop) en_put_prop_list(t, out);
    } else if (t->say.relation) {
        t->said.relation = true;
        en_put_actor(t, out, 0);
        EnVp deed = { .tail = "" };
        if (relation_is_deed(t->facts->relation)) {
            snprintf(deed.head, sizeof deed.head, "%s", en_relation_verb(t));
            text_put(out, " ");
            en_put_vp(out, &deed, sentence ? EN_THIRD : EN_ING);
        } else {
            text_puts(out, sentence ? " is " : " ", en_relation_place(t), NULL);
        }
        text_put(out, " ");
        en_put_actor(t, out, 1);
        if (t->shown > 2) {
            text_put(out, ", and ");
            en_put_actor(t, out, 2);
        }
    } else if (t->shown > 1 && has_events(t, i) && teller_all_same(t)) {
        put_all_together(t, out, sentence ? EN_BASE : EN_ING);
    } else if (t->shown > 1) {
        en_put_actors(t, out);
        sentence = false;
    } else {
        EnVp p[FACTS_EVENTS_MAX];
        int n = event_vps(t, i, p);
        if (bare && !sentence)
            en_put_bare_actor(t, out, i);
        else
            en_put_actor(t, out, i);
        if (n) text_put(out, " ");
        if (n)
            en_put_vp(out, &p[0], sentence ? EN_THIRD : EN_ING);
        else
            sentence = false;
    }
    text_put(out, props);
    if (*setting) text_puts(out, out->n ? " " : "", setting, NULL);
    if (t->say.camera) {
        text_put(out, ", ");
        en_put_camera(t, out);
    }
    if (sentence) {
        capital(out, 0);
        text_put(out, ".");
    }
}

/* Ends the sentence that began at `from`. */
static void full_stop(Text *out, size_t from)
{
    capital(out, from);
    text_put(out, ". ");
}

static void detail_setting(Teller *t, Text *out)
{
    const Facts *f = t->facts;
    CaptionView *v = &t->say;
    static const char *const weather[WEATHER_COUNT][2] = {
        { "the weather is clear", "the sky is clear" },
        { "it is raining", "rain is falling" },
        { "it is snowing", "snow is falling" },
        { "it is foggy", "there is fog everywhere" },
        { "it is windy", "the wind is blowing" },
    };
    static const char *const time[TIME_COUNT][3] = {
        { "it is day", "it is daytime", "it is day" },
        { "it is dusk", "it is evening", "the sun is setting" },
        { "it is night", "it is night-time", "night has fallen" },
    };
    bool weather_apart = v->weather && teller_chance(t, 0.7);
    bool time_apart = v->time && teller_chance(t, 0.4) && f->scene != SCENE_NIGHT_CITY;
    CaptionView keep = *v;
    if (weather_apart) v->weather = false;
    if (time_apart) v->time = false;
    char setting[256];
    en_setting(t, setting, sizeof setting);
    *v = keep;
    t->said.time = v->time;
    t->said.weather = v->weather;
    size_t from = out->n;
    if (*setting) {
        text_puts(
            out,
            ONE(t, "the scene takes place ", "this happens ", "we are ", "everything happens "),
            setting, NULL);
        full_stop(out, from);
    }
    from = out->n;
    if (time_apart) {
        text_put(out, time[f->time][teller_draw(t, 3)]);
        full_stop(out, from);
    }
    from = out->n;
    if (weather_apart) {
        text_put(out, weather[f->weather][teller_draw(t, 2)]);
        full_stop(out, from);
    }
}

/* "It first enters. Then it jumps.": the events of one actor over several sentences. */
static void detail_events(Teller *t, Text *out, int i, const EnVp *p, int n, bool known)
{
    size_t from = out->n;
    if (known)
        en_put_actor_again(t, out, i);
    else
        en_put_actor(t, out, i);
    text_put(out, " ");
    if (n == 1 || teller_chance(t, 0.5)) {
        put_sequence(t, out, p, n, EN_THIRD);
        full_stop(out, from);
        return;
    }
    en_put_vp(out, &p[0], EN_THIRD);
    full_stop(out, from);
    for (int k = 1; k < n; k++) {
        from = out->n;
        text_put(out, k == n - 1 && n > 2 ? ONE(t, "finally, ", "in the end, ")
                                          : ONE(t, "then ", "after that, ", "next, "));
        en_put_pronoun(t, out, i);
        text_put(out, " ");
        en_put_vp(out, &p[k], EN_THIRD);
        full_stop(out, from);
    }
}

static void detail_relation(Teller *t, Text *out)
{
    size_t from = out->n;
    t->said.relation = true;
    bool known = t->said.actor & 1;
    if (known)
        en_put_actor_again(t, out, 0);
    else
        en_put_actor(t, out, 0);
    text_put(out, " ");
    if (relation_is_deed(t->facts->relation)) {
        EnVp deed = { .tail = "" };
        snprintf(deed.head, sizeof deed.head, "%s", en_relation_verb(t));
        en_put_vp(out, &deed, EN_THIRD);
        text_put(out, " ");
    } else {
        text_puts(out, "is ", en_relation_place(t), " ");
    }
    if (t->said.actor >> 1 & 1)
        en_put_actor_again(t, out, 1);
    else
        en_put_actor(t, out, 1);
    full_stop(out, from);
}

static void detail_props(Teller *t, Text *out)
{
    size_t from = out->n;
    if (t->shown == 1 && teller_chance(t, 0.5)) {
        text_put(out, "there is ");
        en_put_prop_list(t, out);
        text_put(out, ONE(t, " next to ", " beside ", " near "));
        en_put_actor_again(t, out, t->actor[0]);
    } else {
        text_put(out, ONE(t, "nearby there is ", "there is ", "one can also see "));
        en_put_prop_list(t, out);
        text_put(out, ONE(t, " as well", " too", ""));
    }
    full_stop(out, from);
}

static void detail_camera(Teller *t, Text *out)
{
    size_t from = out->n;
    text_put(out, ONE(t, "", "", "throughout, ", "meanwhile, "));
    en_put_camera(t, out);
    full_stop(out, from);
}

static void detail_actors(Teller *t, Text *out)
{
    if (!t->say.relation && teller_all_same(t) && teller_chance(t, 0.7)) {
        size_t from = out->n;
        put_all_together(t, out, EN_BASE);
        full_stop(out, from);
        return;
    }
    if (t->say.relation && teller_chance(t, 0.5)) detail_relation(t, out);
    for (int k = 0; k < t->shown; k++) {
        int i = t->actor[k];
        EnVp p[FACTS_EVENTS_MAX];
        int n = event_vps(t, i, p);
        bool known = t->said.actor >> i & 1;
        size_t from = out->n;
        if (n) {
            detail_events(t, out, i, p, n, known);
        } else if (!known) {
            text_put(out, "there is ");
            en_put_actor(t, out, i);
            full_stop(out, from);
        }
    }
    if (t->say.relation && !t->said.relation) detail_relation(t, out);
}

static void caption_detailed(Teller *t, Text *out)
{
    bool setting_first = teller_chance(t, 0.65), camera_first = teller_chance(t, 0.15);
    if (camera_first && t->say.camera) detail_camera(t, out);
    if (setting_first) detail_setting(t, out);
    if (t->shown) detail_actors(t, out);
    if (t->say.prop) detail_props(t, out);
    if (!setting_first) detail_setting(t, out);
    if (!camera_first && t->say.camera) detail_camera(t, out);
    while (out->n && out->s[out->n - 1] == ' ') out->s[--out->n] = 0;
}

void caption_en(Teller *t, Text *out)
{
    if (t->style->form == CAPTION_SHORT)
        caption_short(t, out);
    else if (t->style->form == CAPTION_SENTENCE)
        caption_sentence(t, out);
    else
        caption_detailed(t, out);
}
