#include <stdio.h>

#include "words/caption_en.h"

typedef struct Verbs {
    const char *v[5];
} Verbs;

static const Verbs slow_verbs[WAY_COUNT] = {
    [WAY_WALK] = { { "walk", "walk", "stroll", "amble" } },
    [WAY_HOP] = { { "hop", "hop", "bounce" } },
    [WAY_CRAWL] = { { "crawl", "crawl", "creep" } },
    [WAY_SLITHER] = { { "slither", "slither", "wriggle" } },
    [WAY_DRIVE] = { { "drive", "drive", "roll" } },
    [WAY_RIDE] = { { "ride" } },
    [WAY_TRAIN] = { { "roll", "travel" } },
    [WAY_FLY] = { { "fly", "fly", "glide" } },
    [WAY_FLUTTER] = { { "flutter", "fly", "flit" } },
    [WAY_SWIM] = { { "swim", "swim", "glide" } },
    [WAY_SAIL] = { { "sail", "sail", "cruise" } },
    [WAY_FLOAT] = { { "float", "float", "drift" } },
    [WAY_SLIDE] = { { "slide", "glide" } },
};
static const Verbs fast_verbs[WAY_COUNT] = {
    [WAY_WALK] = { { "run", "run", "dash", "race", "sprint" } },
    [WAY_CRAWL] = { { "scurry", "scuttle" } },
    [WAY_DRIVE] = { { "speed", "race", "zoom" } },
    [WAY_RIDE] = { { "race" } },
    [WAY_TRAIN] = { { "speed", "rush" } },
    [WAY_FLY] = { { "zoom", "dart" } },
    [WAY_FLUTTER] = { { "dart" } },
    [WAY_SWIM] = { { "dart" } },
    [WAY_SAIL] = { { "speed", "race" } },
    [WAY_SLIDE] = { { "speed", "race" } },
};
static const char *const always_fast[] = { "run",  "dash", "race",   "sprint",  "speed", "zoom",
                                           "rush", "dart", "scurry", "scuttle", "gallop" };

static bool is_fast(const char *verb)
{
    for (size_t i = 0; i < sizeof always_fast / sizeof *always_fast; i++)
        if (strcmp(verb, always_fast[i]) == 0) return true;
    return false;
}

static size_t verbs_of(const Verbs *from, const char **to, size_t n)
{
    for (int i = 0; i < 5 && from->v[i]; i++) to[n++] = from->v[i];
    return n;
}

/* How fast a verb must be: as it comes (nothing is said of speed), slow, or fast. */
typedef enum Pace { PACE_HIDDEN, PACE_SLOW, PACE_FAST } Pace;

/* A verb of motion for the actor; *adverb is set when the speed must be said beside it. */
static const char *motion_verb(Teller *t, int i, Pace pace, bool together, const char **adverb)
{
    const Entry *entry = teller_entry(t, i);
    const char *may[16] = { NULL };
    size_t n = 0;
    *adverb = "";
    bool neutral = together || pace == PACE_HIDDEN || teller_chance(t, 0.15);
    if (neutral) {
        may[n++] = "move";
        may[n++] = "go";
    } else {
        const Verbs *own = pace == PACE_FAST ? &fast_verbs[entry->way] : &slow_verbs[entry->way];
        if (!entry->own_verbs_only) n = verbs_of(own, may, n);
        if (pace == PACE_FAST && (!n || teller_chance(t, 0.3)) && !entry->own_verbs_only) {
            may[0] = slow_verbs[entry->way].v[0]; /* no strolling quickly: the plain verb only */
            n = 1;
        }
        for (int v = 0; v < entry->verbs; v++)
            if (is_fast(entry->verb[v]) == (pace == PACE_FAST) || entry->own_verbs_only)
                may[n++] = entry->verb[v];
    }
    if (!n) may[n++] = "move";
    const char *verb = may[teller_draw(t, n)];
    if (pace == PACE_FAST && !is_fast(verb)) *adverb = ONE(t, " quickly", " fast", " swiftly");
    return verb;
}

static EnVp vp(const char *head, const char *tail)
{
    EnVp p;
    snprintf(p.head, sizeof p.head, "%s", head);
    snprintf(p.tail, sizeof p.tail, "%s%s", *tail && *tail != ' ' ? " " : "", tail);
    return p;
}

static EnVp motion(Teller *t, int i, Pace pace, bool together, const char *where)
{
    const char *adverb, *verb = motion_verb(t, i, pace, together, &adverb);
    char tail[80];
    bool last = strcmp(where, "along") == 0 || strcmp(where, "past") == 0 || teller_chance(t, 0.3);
    snprintf(tail, sizeof tail, "%s %s%s", last ? "" : adverb, where, last ? adverb : "");
    return vp(verb, tail);
}

static const char *to_side(Teller *t, Action a)
{
    return a == ACT_MOVE_LEFT ? ONE(t, "to the left", "to the left", "left", "toward the left",
                                    "from right to left", "leftward")
                              : ONE(t, "to the right", "to the right", "right", "toward the right",
                                    "from left to right", "rightward");
}

static bool in_air(Way w)
{
    return w == WAY_FLY || w == WAY_FLUTTER || w == WAY_FLOAT;
}

static EnVp stand(Teller *t, int i, bool together)
{
    Way w = teller_entry(t, i)->way;
    if (!together && (w == WAY_WALK || w == WAY_HOP))
        return vp(
            ONE(t, "stand still", "stand there", "stand", "wait", "stay still", "stay in place"),
            "");
    if (!together && (in_air(w) || w == WAY_SWIM))
        return vp(ONE(t, "hover", "hover in place", "stay still", "stay in place"), "");
    return vp(ONE(t, "stand still", "wait", "stay still", "stay in place", "remain still"), "");
}

static EnVp rise(Teller *t, int i, bool together)
{
    Way w = teller_entry(t, i)->way;
    if (!together && in_air(w) && teller_chance(t, 0.5))
        return vp(w == WAY_FLOAT ? ONE(t, "float up", "drift upward")
                                 : ONE(t, "fly up", "fly upward"),
                  "");
    if (!together && w == WAY_SWIM && teller_chance(t, 0.5))
        return vp(ONE(t, "swim up", "swim upward"), "");
    return vp(ONE(t, "rise", "rise up", "go up", "move upward"), "");
}

static EnVp fall(Teller *t, int i, bool together)
{
    Way w = teller_entry(t, i)->way;
    if (!together && (w == WAY_SWIM || w == WAY_SAIL) && teller_chance(t, 0.5))
        return vp(ONE(t, "sink", "sink down"), "");
    return vp(ONE(t, "fall", "fall down", "drop down", "come down", "tumble down"), "");
}

static EnVp simple(Teller *t, Action a)
{
    switch (a) {
    case ACT_JUMP:
        return vp(
            ONE(t, "jump", "jump up", "leap", "jump into the air", "leap up", "leap into the air"),
            "");
    case ACT_DANCE:
        return vp(ONE(t, "dance", "dance", "dance around", "do a dance", "do a little dance"), "");
    case ACT_SPIN:
        return vp(
            ONE(t, "spin", "spin around", "twirl", "twirl around", "whirl around", "spin in place"),
            "");
    default: return vp(ONE(t, "sleep", "sleep", "sleep soundly", "nap", "take a nap", "doze"), "");
    }
}

static EnVp come_or_go(Teller *t, int i, Action a, Pace pace, bool together)
{
    if (a == ACT_ENTER) {
        if (pace == PACE_SLOW && teller_chance(t, 0.5))
            return vp(ONE(t, "enter", "come in", "enter the picture", "enter the scene",
                          "come into view", "enter the frame"),
                      "");
        return motion(t, i, pace, together,
                      ONE(t, "into view", "into the picture", "into the frame"));
    }
    if (pace == PACE_SLOW && teller_chance(t, 0.5))
        return vp(ONE(t, "leave", "exit", "leave the picture", "leave the scene", "leave the frame",
                      "exit the frame"),
                  "");
    return motion(t, i, pace, together,
                  ONE(t, "out of view", "out of the picture", "out of the frame"));
}

EnVp en_event(Teller *t, int i, int e, int actors)
{
    const Event *event = &t->facts->actor[i].event[e];
    Action a = event->action;
    bool together = actors > 1;
    bool says_fast = t->say.fast[i] >> e & 1, heading = t->say.heading[i] >> e & 1;
    Pace pace = says_fast ? PACE_FAST : event->fast ? PACE_HIDDEN : PACE_SLOW;
    EnVp p;
    bool moves = true;
    switch (a) {
    case ACT_MOVE_LEFT:
    case ACT_MOVE_RIGHT:
        p = motion(t, i, pace, together,
                   heading ? to_side(t, a) : ONE(t, "along", "past", "along"));
        break;
    case ACT_APPROACH:
        p = motion(t, i, pace, together,
                   ONE(t, "toward the camera", "toward us", "toward the viewer", "closer",
                       "closer to the camera"));
        break;
    case ACT_GO_AWAY:
        p = motion(t, i, pace, together,
                   ONE(t, "away", "away from us", "away from the camera", "into the distance",
                       "off into the distance"));
        break;
    case ACT_CIRCLE:
        p = motion(t, i, pace, together,
                   ONE(t, "in circles", "in a circle", "around in circles", "around in a circle"));
        break;
    case ACT_ENTER:
    case ACT_LEAVE: p = come_or_go(t, i, a, pace, together); break;
    default:
        moves = false;
        p = a == ACT_STAND  ? stand(t, i, together)
            : a == ACT_RISE ? rise(t, i, together)
            : a == ACT_FALL ? fall(t, i, together)
                            : simple(t, a);
    }
    if (!moves && says_fast)
        snprintf(p.tail, sizeof p.tail, "%s", ONE(t, " quickly", " fast", " swiftly"));
    teller_said_event(t, i, e, heading, says_fast);
    return p;
}

void en_put_vp(Text *out, const EnVp *p, EnglishForm form)
{
    char head[EN_WORD_SIZE];
    english_verb(p->head, form, head);
    text_puts(out, head, p->tail, NULL);
}

static const char *size_word(Teller *t, int i)
{
    if (!(t->say.size >> i & 1)) return NULL;
    t->said.size |= (uint8_t)(1 << i);
    return teller_word(t, WORD_SIZE, (int)t->facts->actor[i].size, false)->text;
}

void en_put_actor(Teller *t, Text *out, int i)
{
    const Word *w = t->actor_word[i];
    bool another = false;
    for (int j = 0; j < i; j++)
        another |= (t->said.actor >> j & 1) && t->facts->actor[j].actor == t->facts->actor[i].actor;
    t->said.actor |= (uint8_t)(1 << i);
    const char *size = size_word(t, i);
    if (another)
        text_put(out, "another ");
    else if (size)
        text_puts(out, english_article(size), " ", NULL);
    else if (*w->third)
        text_puts(out, w->third, " ", NULL);
    text_puts(out, size, size ? " " : NULL, w->text);
}

void en_put_actor_again(Teller *t, Text *out, int i)
{
    bool proper = !*t->actor_word[i]->third;
    int kin, rank = teller_rank(t, i, &kin);
    if (kin > 1) {
        text_put(out, rank == 1   ? "the first "
                      : kin == 2  ? "the other "
                      : rank == 2 ? "the second "
                                  : "the third ");
        text_put(out, t->actor_word[i]->text);
        return;
    }
    text_puts(out, proper ? NULL : "the ", t->actor_word[i]->text, NULL);
}

void en_put_bare_actor(Teller *t, Text *out, int i)
{
    t->said.actor |= (uint8_t)(1 << i);
    const char *size = size_word(t, i);
    text_puts(out, size, size ? " " : NULL, t->actor_word[i]->text);
}

void en_put_actors(Teller *t, Text *out)
{
    if (teller_all_alike(t)) {
        text_put(out, t->shown == 2 ? "two " : "three ");
        const char *size = NULL;
        for (int k = 0; k < t->shown; k++) {
            t->said.actor |= (uint8_t)(1 << t->actor[k]);
            if (t->say.size >> t->actor[k] & 1) t->said.size |= (uint8_t)(1 << t->actor[k]);
        }
        if (t->said.size)
            size = teller_word(t, WORD_SIZE, (int)t->facts->actor[t->actor[0]].size, false)->text;
        text_puts(out, size, size ? " " : NULL, t->actor_word[t->actor[0]]->second);
        return;
    }
    for (int k = 0; k < t->shown; k++) {
        if (k) text_put(out, k + 1 < t->shown ? ", " : " and ");
        en_put_actor(t, out, t->actor[k]);
    }
}

void en_put_pronoun(Teller *t, Text *out, int i)
{
    const char *who = teller_entry(t, i)->who;
    if (t->shown == 1 && *who && teller_chance(t, 0.75))
        text_put(out, who);
    else
        en_put_actor_again(t, out, i);
}

/* "on a rainy night": time and weather in one phrase. */
static const char *day_phrase(Teller *t, char *out, size_t size)
{
    static const char *const weather[WEATHER_COUNT] = { "clear", "rainy", "snowy", "foggy",
                                                        "windy" };
    static const char *const time[TIME_COUNT] = { "day", "evening", "night" };
    snprintf(out, size, "on a %s %s", weather[t->facts->weather], time[t->facts->time]);
    return out;
}

void en_setting(Teller *t, char *out, size_t size)
{
    const Facts *f = t->facts;
    CaptionView *v = &t->say;
    const char *piece[3];
    int n = 0;
    char day[64];
    bool night_city = f->scene == SCENE_NIGHT_CITY && v->scene;
    if (v->scene) piece[n++] = teller_phrase(t, WORD_SCENE, (int)f->scene);
    if (v->time && v->weather && !night_city && teller_chance(t, 0.5)) {
        piece[n++] = day_phrase(t, day, sizeof day);
    } else {
        if (v->time && !night_city) piece[n++] = teller_phrase(t, WORD_TIME, (int)f->time);
        if (v->weather) piece[n++] = teller_phrase(t, WORD_WEATHER, (int)f->weather);
    }
    t->said.scene = v->scene;
    t->said.time = v->time;
    t->said.weather = v->weather;
    *out = 0;
    size_t at = 0;
    for (int i = 0; i < n && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? " " : "", piece[i]);
}

void en_put_prop_list(Teller *t, Text *out)
{
    bool first = true;
    for (int p = 0; p < t->facts->props; p++) {
        if (!(t->say.prop >> p & 1)) continue;
        t->said.prop |= (uint8_t)(1 << p);
        bool another = p && (t->said.prop & 1) && t->facts->prop[0] == t->facts->prop[1];
        text_put(out, first ? "" : " and ");
        text_puts(out, another ? "another" : t->prop_word[p]->third, " ", t->prop_word[p]->text);
        first = false;
    }
}

void en_props(Teller *t, char *out, size_t size)
{
    *out = 0;
    if (!t->say.prop) return;
    Text list = { .n = 0 };
    list.s[0] = 0;
    bool with = teller_chance(t, 0.2);
    en_put_prop_list(t, &list);
    if (with)
        snprintf(out, size, " with %s nearby", list.s);
    else
        snprintf(out, size, " %s %s", ONE(t, "next to", "next to", "beside", "near"), list.s);
}

void en_put_camera(Teller *t, Text *out)
{
    t->said.camera = true;
    const Word *w = teller_word(t, WORD_CAMERA, (int)t->facts->camera, false);
    text_puts(out, "the camera ", w->second, NULL);
}

const char *en_relation_place(Teller *t)
{
    switch (t->facts->relation) {
    case REL_LEFT_OF:
        return ONE(t, "to the left of", "to the left of", "on the left of", "left of");
    case REL_RIGHT_OF:
        return ONE(t, "to the right of", "to the right of", "on the right of", "right of");
    case REL_IN_FRONT_OF: return "in front of";
    case REL_BEHIND: return "behind";
    default: return ONE(t, "bigger than", "larger than");
    }
}

const char *en_relation_verb(Teller *t)
{
    switch (t->facts->relation) {
    case REL_FOLLOWS: return ONE(t, "follow", "follow", "go after");
    case REL_CHASES: return ONE(t, "chase", "chase", "run after");
    case REL_MEETS: return ONE(t, "meet", "meet", "come up to");
    default: return ONE(t, "pass behind", "go behind");
    }
}
