/* Draws facts that make sense: who may be where, who can do what, which cameras suit. */
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "world/split.h"

enum { TRIES = 400 };

/* One draw after the other from one seed. */
typedef struct Dice {
    uint64_t seed, next;
} Dice;

static double roll(Dice *d)
{
    return rng_uniform(d->seed, d->next++);
}

static size_t below(Dice *d, size_t n)
{
    return rng_below(d->seed, d->next++, n);
}

static bool chance(Dice *d, double p)
{
    return roll(d) < p;
}

/* An index by weight; the sum must not be 0. */
static size_t weighted(Dice *d, const float *weight, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += weight[i];
    double u = roll(d) * sum;
    for (size_t i = 0; i < n; i++) {
        u -= weight[i];
        if (weight[i] > 0 && u < 0) return i;
    }
    size_t last = n;
    while (last-- > 0)
        if (weight[last] > 0) break;
    return last;
}

static uint32_t scenes_allowed(const WorldOptions *o)
{
    uint32_t all = (1u << SCENE_COUNT) - 1;
    return o->scenes & all ? o->scenes & all : all;
}

static Scene draw_scene(Dice *d, uint32_t scenes)
{
    int k = (int)below(d, (size_t)__builtin_popcount(scenes));
    for (int s = 0; s < SCENE_COUNT; s++)
        if (scenes >> s & 1 && k-- == 0) return (Scene)s;
    return SCENE_MEADOW;
}

static bool actor_allowed(const WorldOptions *o, size_t i)
{
    return !o->actors || (o->actors[i / 64] >> i % 64 & 1);
}

static bool lives_in(const World *w, const WorldOptions *o, size_t actor, Scene scene)
{
    const Member *m = world_actor(w, actor);
    if (scene == SCENE_SEA_FLOOR && m->gait == GAIT_FLOAT) return false; /* it stays on the water */
    return actor_allowed(o, actor) && (m->scenes >> scene & 1);
}

/* Where it moves about as a flyer, swimmer or in free space, as the stage sees it. */
static bool on_ground(const Member *m, Scene s)
{
    if (s == SCENE_SKY || s == SCENE_SPACE) return false;
    bool swims = m->realm == REALM_WATER || m->gait == GAIT_SWIM;
    if (s == SCENE_SEA_FLOOR) return m->realm == REALM_GROUND && !swims;
    if (m->realm == REALM_AIR || m->realm == REALM_SPACE) return false;
    return !(swims && (s == SCENE_BEACH || s == SCENE_RIVER));
}

static bool on_water(const Member *m, Scene s)
{
    return (s == SCENE_BEACH || s == SCENE_RIVER) &&
           (m->realm == REALM_WATER || m->gait == GAIT_SWIM);
}

typedef enum Life {
    LIFE_CREATURE,
    LIFE_VEHICLE,
    LIFE_FLYER,
    LIFE_SWIMMER,
    LIFE_FREE,
    LIFE_COUNT
} Life;

static const float ACTS[LIFE_COUNT][ACT_COUNT] = {
    /*                stand left right appr away jump dance spin circ rise fall enter leave sleep */
    [LIFE_CREATURE] = { 1.0f, 1.7f, 1.7f, 1.2f, 1.2f, 1.5f, 1.3f, 1, 1, 0, 0, 1, 1, 0.9f },
    [LIFE_VEHICLE] = { 1.0f, 2.3f, 2.3f, 1.3f, 1.3f, 0.5f, 0, 0.6f, 1, 0, 0, 1.3f, 1.3f, 0 },
    [LIFE_FLYER] = { 0.8f, 1.5f, 1.5f, 1.1f, 1.1f, 0, 0.4f, 0.7f, 1.1f, 2.2f, 2.2f, 1, 1, 0 },
    [LIFE_SWIMMER] = { 0.8f, 1.8f, 1.8f, 1.2f, 1.2f, 0.6f, 0.5f, 0.7f, 1, 2, 2, 1, 1, 0.4f },
    [LIFE_FREE] = { 0.8f, 1.5f, 1.5f, 1.2f, 1.2f, 0, 0.5f, 1.2f, 1.1f, 2.2f, 2.2f, 0.9f, 0.9f,
                    0.3f },
};

/* What reads as such in one picture. */
static bool act_in_image(const Member *m, Action a)
{
    switch (a) {
    case ACT_STAND:
    case ACT_JUMP:
    case ACT_DANCE:
    case ACT_SLEEP: return true;
    case ACT_MOVE_LEFT:
    case ACT_MOVE_RIGHT: return m->faces != 0;
    default: return false;
    }
}

static Life life_of(const Member *m, Scene s)
{
    if (s == SCENE_SKY || s == SCENE_SPACE) return LIFE_FREE;
    if (on_ground(m, s)) return m->gait == GAIT_DRIVE ? LIFE_VEHICLE : LIFE_CREATURE;
    if (m->realm == REALM_WATER || m->gait == GAIT_SWIM || s == SCENE_SEA_FLOOR)
        return LIFE_SWIMMER;
    return LIFE_FLYER;
}

static void act_weights(const Member *m, const Facts *f, const WorldOptions *o,
                        float weight[ACT_COUNT])
{
    Life life = life_of(m, f->scene);
    for (int a = 0; a < ACT_COUNT; a++) {
        weight[a] = ACTS[life][a];
        if (o->image && !act_in_image(m, a)) weight[a] = 0;
    }
    bool machine = m->gait == GAIT_DRIVE || m->anim == ANIM_WHEEL ||
                   (m->gait == GAIT_FLOAT && m->realm == REALM_WATER);
    if (machine) weight[ACT_SLEEP] = weight[ACT_DANCE] = 0;
    if (on_water(m, f->scene)) {
        weight[ACT_RISE] = weight[ACT_FALL] = weight[ACT_SLEEP] = 0;
        weight[ACT_SPIN] = weight[ACT_DANCE] = 0;
        if (m->gait != GAIT_SWIM) weight[ACT_JUMP] = 0;
    }
    if (f->scene == SCENE_SEA_FLOOR && life == LIFE_SWIMMER) weight[ACT_JUMP] = 0;
    if (m->gait == GAIT_STAY) {
        static const Action STAYS[] = { ACT_STAND, ACT_JUMP, ACT_DANCE, ACT_SPIN, ACT_SLEEP };
        float keep[ACT_COUNT] = { 0 };
        for (size_t k = 0; k < sizeof STAYS / sizeof *STAYS; k++) keep[STAYS[k]] = weight[STAYS[k]];
        for (int a = 0; a < ACT_COUNT; a++) weight[a] = keep[a];
    }
}

static bool can_be_fast(Action a)
{
    return a == ACT_MOVE_LEFT || a == ACT_MOVE_RIGHT;
}

/* What may come after what, in one clip. */
static bool follows_on(Action before, Action next)
{
    if (before == next || before == ACT_LEAVE || next == ACT_ENTER) return false;
    if (before == ACT_SLEEP || next == ACT_RISE || next == ACT_FALL) return false;
    if (before == ACT_RISE || before == ACT_FALL) return false;
    bool deep = before == ACT_APPROACH || before == ACT_GO_AWAY;
    return !(deep && (next == ACT_APPROACH || next == ACT_GO_AWAY || next == ACT_CIRCLE));
}

/* Nobody goes away or comes nearer twice. */
static bool again(const ActorFacts *a, Action next)
{
    if (next != ACT_APPROACH && next != ACT_GO_AWAY) return false;
    for (int e = 0; e < a->events; e++)
        if (a->event[e].action == next) return true;
    return false;
}

/* One event for each two seconds or so, parted by short stops. */
static void draw_events(Dice *d, const Member *m, const Facts *f, const WorldOptions *o,
                        ActorFacts *a)
{
    float weight[ACT_COUNT];
    act_weights(m, f, o, weight);
    if (f->actors > 1) { /* beside others there is little room */
        weight[ACT_APPROACH] *= 0.5f, weight[ACT_GO_AWAY] *= 0.5f;
        weight[ACT_CIRCLE] *= 0.4f;
    }
    size_t most = o->seconds >= 5.5 ? 3 : o->seconds >= 3.2 ? 2 : 1, n = 1;
    if (o->image) most = 1;
    if (most > 1 && chance(d, 0.6)) n = 2;
    if (most > 2 && n == 2 && chance(d, 0.5)) n = 3;
    a->events = 0;
    Action before = ACT_COUNT;
    for (size_t e = 0; e < n; e++) {
        float w[ACT_COUNT];
        double sum = 0;
        for (int k = 0; k < ACT_COUNT; k++) {
            w[k] = before == ACT_COUNT || follows_on(before, k) ? weight[k] : 0;
            if (again(a, k)) w[k] = 0;
            sum += w[k];
        }
        if (sum <= 0) break;
        before = (Action)weighted(d, w, ACT_COUNT);
        bool fast = can_be_fast(before) && !o->image && chance(d, 0.35);
        a->event[a->events++] = (Event){ before, fast, 0, 0 };
    }
    float each = 1.0f / a->events;
    for (int e = 0; e < a->events; e++) {
        a->event[e].start = e * each;
        a->event[e].end = (e + 1) * each;
    }
}

static void draw_size(Dice *d, ActorFacts *a)
{
    double u = roll(d);
    a->size = u < 0.15 ? SIZE_SMALL : u < 0.3 ? SIZE_BIG : SIZE_NORMAL;
}

static uint32_t scenes_of(const World *w, const WorldOptions *o, size_t actor)
{
    uint32_t out = 0;
    for (int s = 0; s < SCENE_COUNT; s++)
        if (lives_in(w, o, actor, (Scene)s)) out |= 1u << s;
    return out & scenes_allowed(o);
}

/* Mostly every actor is as likely as the next; sometimes every scene, so that none is rare. */
static bool draw_subject(Dice *d, const World *w, const WorldOptions *o, Facts *f)
{
    size_t n = world_actor_count(w);
    bool scene_first = chance(d, 0.3);
    for (int t = 0; t < TRIES; t++) {
        size_t actor = below(d, n);
        uint32_t scenes = scenes_of(w, o, actor);
        if (scene_first && t % 100 == 0) f->scene = draw_scene(d, scenes_allowed(o));
        if (!(scene_first ? scenes >> f->scene & 1 : scenes)) continue;
        if (!scene_first) f->scene = draw_scene(d, scenes);
        f->actor[0].actor = (uint16_t)actor;
        return true;
    }
    return false;
}

static bool draw_other(Dice *d, const World *w, const WorldOptions *o, Facts *f, size_t i)
{
    size_t n = world_actor_count(w);
    for (int t = 0; t < TRIES; t++) {
        size_t actor = below(d, n);
        bool same = false;
        for (size_t j = 0; j < i; j++) same = same || f->actor[j].actor == actor;
        if (same || !lives_in(w, o, actor, f->scene)) continue;
        f->actor[i].actor = (uint16_t)actor;
        return true;
    }
    return false;
}

static bool moves_about(const World *w, const Facts *f, size_t i)
{
    const Member *m = world_actor(w, f->actor[i].actor);
    return m->gait != GAIT_STAY;
}

static void set_move(ActorFacts *a, int way, bool fast)
{
    a->events = 1;
    a->event[0] = (Event){ way < 0 ? ACT_MOVE_LEFT : ACT_MOVE_RIGHT, fast, 0, 1 };
}

static void set_place(Dice *d, const World *w, const Facts *f, const WorldOptions *o, ActorFacts *a)
{
    float weight[ACT_COUNT];
    act_weights(world_actor(w, a->actor), f, o, weight);
    for (int k = 0; k < ACT_COUNT; k++)
        if (k != ACT_STAND && k != ACT_JUMP && k != ACT_DANCE && k != ACT_SPIN && k != ACT_SLEEP)
            weight[k] = 0;
    a->events = 1;
    a->event[0] = (Event){ (Action)weighted(d, weight, ACT_COUNT), false, 0, 1 };
}

/* The same element, so that "in front of" and "follows" are what they look like. */
static bool same_level(const World *w, const Facts *f)
{
    const Member *a = world_actor(w, f->actor[0].actor), *b = world_actor(w, f->actor[1].actor);
    return life_of(a, f->scene) == life_of(b, f->scene) ||
           (on_ground(a, f->scene) && on_ground(b, f->scene));
}

static void draw_relation(Dice *d, const World *w, const WorldOptions *o, Facts *f)
{
    float weight[REL_COUNT] = {
        [REL_NONE] = 1.5f,       [REL_LEFT_OF] = 1.2f, [REL_RIGHT_OF] = 1.2f,
        [REL_IN_FRONT_OF] = 1,   [REL_BEHIND] = 1,     [REL_FOLLOWS] = 1.1f,
        [REL_CHASES] = 1.1f,     [REL_MEETS] = 1.2f,   [REL_PASSES_BEHIND] = 1,
        [REL_BIGGER_THAN] = 0.8f
    };
    bool moving = !o->image && moves_about(w, f, 0);
    if (!moving || f->actors > 2) weight[REL_PASSES_BEHIND] = 0;
    if (!moving || !moves_about(w, f, 1) || f->actors > 2)
        weight[REL_FOLLOWS] = weight[REL_CHASES] = weight[REL_MEETS] = 0;
    if (!same_level(w, f)) {
        weight[REL_IN_FRONT_OF] = weight[REL_BEHIND] = weight[REL_PASSES_BEHIND] = 0;
        weight[REL_FOLLOWS] = weight[REL_CHASES] = weight[REL_MEETS] = 0;
    }
    const Member *a = world_actor(w, f->actor[0].actor), *b = world_actor(w, f->actor[1].actor);
    bool depthless = f->scene == SCENE_SKY || f->scene == SCENE_SPACE;
    if (depthless || on_water(a, f->scene) || on_water(b, f->scene))
        weight[REL_IN_FRONT_OF] = weight[REL_BEHIND] = weight[REL_PASSES_BEHIND] = 0;
    if (a->metres < 1.6f * b->metres) weight[REL_BIGGER_THAN] = 0;
    f->relation = (Relation)weighted(d, weight, REL_COUNT);
    int way = chance(d, 0.5) ? 1 : -1;
    bool fast = chance(d, 0.35);
    switch (f->relation) {
    case REL_FOLLOWS:
    case REL_CHASES:
        fast = fast || f->relation == REL_CHASES;
        set_move(&f->actor[0], way, fast), set_move(&f->actor[1], way, fast);
        break;
    case REL_MEETS: set_move(&f->actor[0], way, false), set_move(&f->actor[1], -way, false); break;
    case REL_PASSES_BEHIND:
        set_move(&f->actor[0], way, fast), set_place(d, w, f, o, &f->actor[1]);
        break;
    case REL_IN_FRONT_OF:
    case REL_BEHIND:
    case REL_BIGGER_THAN:
        set_place(d, w, f, o, &f->actor[0]), set_place(d, w, f, o, &f->actor[1]);
        break;
    default: break;
    }
}

static void draw_hour(Dice *d, Facts *f)
{
    double u = roll(d), v = roll(d);
    f->time = u < 0.5 ? TIME_DAY : u < 0.75 ? TIME_DUSK : TIME_NIGHT;
    if (f->scene == SCENE_SPACE || f->scene == SCENE_NIGHT_CITY) f->time = TIME_NIGHT;
    if (f->scene == SCENE_CITY && f->time == TIME_NIGHT) f->time = TIME_DAY;
    f->weather = v < 0.6 ? WEATHER_CLEAR : (Weather)(1 + below(d, WEATHER_COUNT - 1));
    Scene s = f->scene;
    if (s == SCENE_ROOM || s == SCENE_STAGE || s == SCENE_SPACE || s == SCENE_SEA_FLOOR)
        f->weather = WEATHER_CLEAR;
    if (f->weather == WEATHER_SNOW && (s == SCENE_BEACH || s == SCENE_DESERT))
        f->weather = WEATHER_CLEAR;
}

static bool any(const Facts *f, bool (*is)(Action))
{
    for (int i = 0; i < f->actors; i++)
        for (int e = 0; e < f->actor[i].events; e++)
            if (is(f->actor[i].event[e].action)) return true;
    return false;
}

static bool is_move(Action a)
{
    return a == ACT_MOVE_LEFT || a == ACT_MOVE_RIGHT;
}

static bool is_deep(Action a)
{
    return a == ACT_APPROACH || a == ACT_GO_AWAY || a == ACT_CIRCLE;
}

static bool is_vertical(Action a)
{
    return a == ACT_RISE || a == ACT_FALL || a == ACT_JUMP;
}

static bool is_edge(Action a)
{
    return a == ACT_ENTER || a == ACT_LEAVE;
}

/* Half of the clips stand still; no camera that would hide what is done. */
static void draw_camera(Dice *d, const WorldOptions *o, Facts *f)
{
    f->camera = CAMERA_STILL;
    if (o->image || chance(d, 0.45)) return;
    float weight[CAMERA_COUNT] = { 0, 1, 1, 1, 1, 1, 1, 1.5f, 0.9f };
    bool big = false;
    for (int i = 0; i < f->actors; i++) big = big || f->actor[i].size == SIZE_BIG;
    if (any(f, is_deep)) weight[CAMERA_ZOOM_IN] = weight[CAMERA_ZOOM_OUT] = 0;
    if (any(f, is_vertical)) weight[CAMERA_TILT_UP] = weight[CAMERA_TILT_DOWN] = 0;
    if (big) {
        weight[CAMERA_ZOOM_IN] = weight[CAMERA_ZOOM_OUT] = 0;
        weight[CAMERA_TILT_UP] = weight[CAMERA_TILT_DOWN] = 0;
    }
    if (any(f, is_edge) || f->actors > 2) weight[CAMERA_PAN_LEFT] = weight[CAMERA_PAN_RIGHT] = 0;
    if (any(f, is_edge)) weight[CAMERA_ZOOM_IN] = weight[CAMERA_ZOOM_OUT] = 0;
    bool together = f->relation == REL_FOLLOWS || f->relation == REL_CHASES;
    bool tracked =
        f->actors == 1 && f->actor[0].events == 1 && is_move(f->actor[0].event[0].action);
    if (!tracked)
        weight[CAMERA_TRACK] = 0;
    else
        weight[CAMERA_PAN_LEFT] = weight[CAMERA_PAN_RIGHT] = 0.5f, weight[CAMERA_TRACK] = 3;
    if (together || f->relation == REL_MEETS || f->relation == REL_PASSES_BEHIND)
        weight[CAMERA_PAN_LEFT] = weight[CAMERA_PAN_RIGHT] = 0;
    f->camera = (Camera)weighted(d, weight, CAMERA_COUNT);
}

static void draw_props(Dice *d, const World *w, const WorldOptions *o, Facts *f)
{
    size_t n = world_prop_count(w);
    if (f->actors > 1 || n == 0 || !chance(d, o->image ? 0.25 : 0.22)) return;
    const Member *m = world_actor(w, f->actor[0].actor);
    if (!on_ground(m, f->scene)) return;
    if (any(f, is_deep) || any(f, is_edge) || f->camera == CAMERA_TRACK) return;
    size_t many = chance(d, 0.15) ? 2 : 1;
    for (int t = 0; t < 60 && f->props < many; t++) {
        size_t p = below(d, n);
        if (!(world_prop(w, p)->scenes >> f->scene & 1)) continue;
        if (f->props && f->prop[0] == p) continue;
        f->prop[f->props++] = (uint16_t)p;
    }
}

/* Fog swallows what is small or far. */
static bool lost_in_fog(const Facts *f)
{
    if (f->actors > 2) return true;
    for (int i = 0; i < f->actors; i++)
        if (f->actor[i].size == SIZE_SMALL) return true;
    return any(f, is_deep);
}

static size_t draw_count(Dice *d, const WorldOptions *o)
{
    double u = roll(d);
    size_t n = o->image ? (u < 0.8 ? 1 : u < 0.95 ? 2 : 3) : (u < 0.65 ? 1 : u < 0.9 ? 2 : 3);
    size_t most = o->actors_max > 0 ? (size_t)o->actors_max : FACTS_ACTORS_MAX;
    if (most > FACTS_ACTORS_MAX) most = FACTS_ACTORS_MAX;
    return n < most ? n : most;
}

static bool draw(Dice *d, const World *w, const WorldOptions *o, Facts *f)
{
    *f = (Facts){ 0 };
    size_t n = draw_count(d, o);
    if (!draw_subject(d, w, o, f)) return false;
    f->actors = 1;
    while (f->actors < n && draw_other(d, w, o, f, f->actors)) f->actors++;
    for (size_t i = 0; i < f->actors; i++) {
        draw_events(d, world_actor(w, f->actor[i].actor), f, o, &f->actor[i]);
        if (i == 0) draw_size(d, &f->actor[i]);
    }
    if (f->actors > 1) {
        f->actor[0].size = SIZE_NORMAL; /* beside another, sizes speak for themselves */
        draw_relation(d, w, o, f);
    }
    draw_hour(d, f);
    if (f->weather == WEATHER_FOG && lost_in_fog(f)) f->weather = WEATHER_CLEAR;
    draw_camera(d, o, f);
    draw_props(d, w, o, f);
    return true;
}

void world_sample(const World *w, uint64_t seed, const WorldOptions *o, Facts *out)
{
    WorldOptions opt = *o;
    if (!(opt.seconds > 0)) opt.seconds = 2;
    uint64_t stream = rng_split(rng_split(seed, 'W'), (uint64_t)opt.split);
    for (uint64_t t = 0;; t++) {
        Dice d = { rng_split(stream, t), 0 };
        bool drawn = draw(&d, w, &opt, out);
        if (drawn && world_held_out(w, out) == (opt.split == SPLIT_PAIRS)) return;
        if (!drawn || t == TRIES) opt.actors = NULL, opt.scenes = 0; /* nobody may be anywhere */
        if (t == 3 * TRIES) return;
    }
}
