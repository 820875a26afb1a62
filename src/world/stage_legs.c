/* An actor's events into legs: when it goes, how far, from where to where. */
#include "world/stage_plan.h"

#include <math.h>

#include "base/rng.h"

/* Where the actor is while the legs are laid out: x of the picture. */
typedef struct Cursor {
    float x, depth, altitude;
    int heading;
    bool inside;
    double t, clock;
} Cursor;

/* Frame heights a second, at an easy pace and fast. */
static const float PACE[GAIT_COUNT][2] = {
    [GAIT_STAY] = { 0.2f, 0.4f },    [GAIT_WALK] = { 0.26f, 0.56f },
    [GAIT_RUN] = { 0.42f, 0.7f },    [GAIT_DRIVE] = { 0.4f, 0.8f },
    [GAIT_FLY] = { 0.36f, 0.7f },    [GAIT_SWIM] = { 0.28f, 0.56f },
    [GAIT_FLOAT] = { 0.22f, 0.45f }, [GAIT_HOP] = { 0.28f, 0.56f },
    [GAIT_CRAWL] = { 0.15f, 0.32f },
};

static float clamp(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static float pace(const BodyPlan *b, bool fast)
{
    return PACE[b->member->gait][fast] * stage_draw(b->seed, 's', 0.92f, 1.12f);
}

static void ramps(const StagePlan *p, Leg *g)
{
    double most = g->go * 0.4;
    g->ramp_in = g->t0 > 0.01 && g->action != ACT_ENTER ? fmin(0.3, most) : 0;
    bool to_end = g->t1 > p->seconds - 0.01 && g->go > g->t1 - g->t0 - 0.01;
    g->ramp_out = !to_end && g->action != ACT_LEAVE ? fmin(0.35, most) : 0;
}

static double way_seconds(const Leg *g)
{
    return g->go - (g->ramp_in + g->ramp_out) / 2;
}

/* How far a move of the picture goes when nothing limits it, and stays in sight in short clips. */
static float move_span(const StagePlan *p, const BodyPlan *b, const Event *e)
{
    double seconds = (e->end - e->start) * p->seconds;
    float v = pace(b, e->fast), span = v * (float)seconds, least = 0.24f * p->view.aspect;
    if (span < least) span = fminf(least, span * 1.6f);
    return e->action == ACT_MOVE_LEFT ? -span : span;
}

/* The range of all its moves one after the other, and its start in it. */
static void moves_range(const StagePlan *p, const BodyPlan *b, const ActorFacts *a, float *lo,
                        float *hi)
{
    float x = 0;
    *lo = *hi = 0;
    for (int e = 0; e < a->events; e++) {
        if (!action_moves(a->event[e].action)) continue;
        x += move_span(p, b, &a->event[e]);
        *lo = fminf(*lo, x), *hi = fmaxf(*hi, x);
    }
}

static int next_move(const ActorFacts *a, int e)
{
    for (; e < a->events; e++) {
        if (a->event[e].action == ACT_MOVE_LEFT) return -1;
        if (a->event[e].action == ACT_MOVE_RIGHT) return 1;
    }
    return 0;
}

/* The other actor stands there, or the middle of the picture does: that is where one looks. */
static int first_heading(const StagePlan *p, size_t i, float x, const Lane *lane)
{
    const ActorFacts *a = &p->facts.actor[i];
    int way = next_move(a, 0);
    if (way && action_moves(a->event[0].action)) return way;
    float off = (lane->left + lane->right) / 2;
    if (p->facts.actors == 1) off = x * 1.5f;
    if (fabsf(off) > 0.08f * p->view.aspect && stage_chance(p->actor[i].seed, 'f', 0.75f))
        return off > 0 ? -1 : 1;
    return stage_chance(p->actor[i].seed, 'g', 0.5f) ? 1 : -1;
}

static float far_depth(const StagePlan *p, const BodyPlan *b)
{
    float far = stage_draw(b->seed, 'D', 2.1f, 2.6f);
    Scene s = p->facts.scene;
    if (s == SCENE_ROOM || s == SCENE_STAGE || s == SCENE_SEA_FLOOR) far = fminf(far, 2.1f);
    float least = 0.11f; /* of a frame height: not so far that nothing is left of it */
    far = fmaxf(fminf(far, b->height / b->depth / least), 1.35f) * b->depth;
    if (b->habitat == HABITAT_SURFACE) {
        const View *v = &p->view;
        float most = (v->base - v->horizon) / fmaxf(v->water_far + 0.03f - v->horizon, 0.03f);
        far = fminf(far, most);
    }
    return far;
}

/* Far enough to the side that nothing of it is in the picture, whatever the camera does. */
static float outside(const StagePlan *p, const BodyPlan *b, int side)
{
    float pan = fmaxf(fabsf(p->camera.x0), fabsf(p->camera.x1)) + 3 * p->camera.shake;
    return side * (p->view.aspect / 2 + b->width / b->depth * 0.55f + pan + 0.02f);
}

static void go_travel(StagePlan *p, BodyPlan *b, Leg *g, Cursor *c)
{
    const float limit = 0.5f * p->view.aspect;
    double all = g->t1 - g->t0;
    if (g->action == ACT_ENTER) {
        float from = outside(p, b, -g->heading), way = fabsf(c->x - from);
        g->go = clamp(way / pace(b, g->fast), fminf(0.5f, all), (float)all * 0.92f);
        g->x0 = from * g->d0;
    } else if (g->action == ACT_LEAVE) {
        float to = outside(p, b, g->heading), way = fabsf(to - c->x);
        g->go = clamp(way / pace(b, g->fast), fminf(0.5f, all), (float)all);
        g->x1 = to * g->d1;
    } else { /* to the viewer and back: a little to the side, so that side views look right */
        float far = far_depth(p, b), drift = 0.06f * p->view.aspect;
        bool near = g->action == ACT_APPROACH;
        g->d1 = near ? b->depth : far;
        if (fabsf(g->d1 - g->d0) < 0.05f) return; /* it is there already */
        g->go = fmin(all, fabsf(g->d1 - g->d0) / (g->fast ? 0.6 : 0.25));
        float x0 = clamp(c->x - (near ? drift * g->heading : 0), -limit, limit);
        float x1 = clamp(c->x + (near ? 0 : drift * g->heading), -limit, limit);
        g->x0 = x0 * g->d0, g->x1 = x1 * g->d1;
        if (fabsf(g->x1 - g->x0) > 0.05f) g->heading = g->x1 > g->x0 ? 1 : -1;
        c->x = x1, c->depth = g->d1;
    }
    if (g->action == ACT_LEAVE) c->inside = false;
}

static void go_in_place(const StagePlan *p, const BodyPlan *b, Leg *g, const Lane *lane,
                        const Cursor *c)
{
    double all = g->t1 - g->t0;
    double each = 1;
    switch (g->action) {
    case ACT_JUMP: each = g->fast ? 0.75 : 1.0; break;
    case ACT_DANCE: each = g->fast ? 0.42 : 0.56; break;
    case ACT_SPIN: each = g->fast ? 0.65 : 1.15; break;
    case ACT_CIRCLE: each = g->fast ? 1.6 : 2.6; break;
    default: return;
    }
    g->count = (int)fmax(1, round(all / each));
    float top = stage_bottom(&p->view, b, b->depth, b->low) - b->height / b->depth;
    float room = top - 0.03f - fmaxf(fmaxf(p->camera.y0, p->camera.y1), 0);
    if (g->action == ACT_JUMP) {
        g->amount = clamp(0.4f * b->height / b->depth, 0.12f, 0.26f);
        g->amount = clamp(g->amount, 0.05f, fmaxf(room, 0.05f)) * b->depth;
        if (b->habitat == HABITAT_SURFACE) g->amount += b->sink * b->height;
    }
    if (g->action == ACT_CIRCLE) {
        float w = b->width / b->depth, span = lane->right - lane->left - w;
        if (p->camera.kind == CAMERA_TRACK) span = p->view.aspect - w;
        float near = fminf(c->x - lane->left, lane->right - c->x) - w / 2;
        if (p->camera.kind == CAMERA_TRACK) near = span / 2;
        g->amount = clamp(fminf(span / 2, near), 0.07f, 0.26f);
    }
}

static void go_vertical(BodyPlan *b, Leg *g, Cursor *c)
{
    double all = g->t1 - g->t0;
    bool rise = g->action == ACT_RISE, free = b->habitat == HABITAT_FREE;
    float low = free ? -b->high : b->habitat == HABITAT_UNDER ? 0.1f * b->high : 0;
    g->a1 = rise ? b->high : low;
    float way = fabsf(g->a1 - g->a0);
    g->go = all;
    if (rise)
        g->go = fmin(all, way / (g->fast ? 0.35 : 0.12) + 0.2);
    else if (free || b->habitat == HABITAT_UNDER)
        g->go = fmin(all, way / 0.1 + 0.2);
    else
        g->go = fmin(all * 0.8, g->fast ? 0.7 : 1.3);
    c->altitude = g->a1;
}

/* The altitude it has before its first rise or fall. */
static float first_altitude(const BodyPlan *b, const ActorFacts *a)
{
    bool free = b->habitat == HABITAT_FREE;
    for (int e = 0; e < a->events; e++) {
        if (a->event[e].action == ACT_FALL) return b->high;
        if (a->event[e].action == ACT_RISE)
            return free ? -b->high : b->habitat == HABITAT_UNDER ? 0.1f * b->high : 0;
    }
    return b->low;
}

/* Who comes nearer first is far away until then. */
static float first_depth(const StagePlan *p, const BodyPlan *b, const ActorFacts *a)
{
    for (int e = 0; e < a->events; e++) {
        if (a->event[e].action == ACT_GO_AWAY) break;
        if (a->event[e].action == ACT_APPROACH) return far_depth(p, b);
    }
    return b->depth;
}

/* How much animation passes in the whole leg (act_clock gives it at any time in it). */
static void close_leg(const StagePlan *p, BodyPlan *b, Leg *g, Cursor *c)
{
    ramps(p, g);
    if (action_travels(g->action)) {
        /* Who walks without a walking picture hops, in step with the ground. */
        double beat = (g->fast ? 0.34 : 0.42) * stage_draw(b->seed, 'b', 0.92f, 1.1f);
        int hops = (int)fmax(1, round(way_seconds(g) / beat));
        if (g->action != ACT_CIRCLE) g->count = hops;
    }
    g->clock = c->clock;
    c->clock += stage_clock_passed(b, g, g->t1 - g->t0);
    c->t = g->t1;
    b->legs++;
}

static Leg *open_leg(BodyPlan *b, const Cursor *c, uint8_t action, double t1)
{
    Leg *g = &b->leg[b->legs];
    *g = (Leg){ .action = action,
                .present = c->inside || action == ACT_ENTER,
                .heading = (int8_t)c->heading,
                .t0 = c->t,
                .t1 = t1,
                .go = t1 - c->t,
                .x0 = c->x * c->depth,
                .x1 = c->x * c->depth,
                .d0 = c->depth,
                .d1 = c->depth,
                .a0 = c->altitude,
                .a1 = c->altitude };
    return g;
}

static void stand_until(const StagePlan *p, BodyPlan *b, Cursor *c, double t)
{
    if (t - c->t < 1e-6) return;
    Leg *g = open_leg(b, c, ACT_STAND, t);
    close_leg(p, b, g, c);
}

static int heading_for(const BodyPlan *b, const ActorFacts *a, int e, const Lane *lane,
                       const Cursor *c)
{
    switch (a->event[e].action) {
    case ACT_MOVE_LEFT: return -1;
    case ACT_MOVE_RIGHT: return 1;
    case ACT_ENTER: {
        if (lane->edge) return -lane->edge;
        int way = next_move(a, e + 1);
        if (way) return way;
        if (fabsf(c->x) > 0.05f) return c->x > 0 ? 1 : -1; /* over the middle: longer to see */
        return stage_chance(b->seed, 'e', 0.5f) ? 1 : -1;
    }
    case ACT_LEAVE:
        if (lane->edge) return lane->edge;
        if (e > 0 && action_moves(a->event[e - 1].action)) return c->heading;
        return c->x > 0.05f ? -1 : c->x < -0.05f ? 1 : c->heading;
    default: return c->heading;
    }
}

typedef struct Moves {
    float scale; /* of all spans, so that they fit */
    bool forced; /* the next move is the lane's own */
} Moves;

static void go_move(const StagePlan *p, const BodyPlan *b, Leg *g, const Event *e, const Lane *lane,
                    Moves *m, Cursor *c)
{
    if (m->forced) {
        m->forced = false;
        g->x0 = lane->from * g->d0, g->x1 = lane->to * g->d1;
        g->heading = g->x1 < g->x0 ? -1 : 1;
        g->action = g->heading < 0 ? ACT_MOVE_LEFT : ACT_MOVE_RIGHT;
        c->x = lane->to;
        if (p->facts.relation == REL_MEETS) g->go *= 0.85;
        return;
    }
    if (m->scale < 0.5f) g->go = fmax(g->go * m->scale / 0.5, fmin(g->go, 1.2));
    c->x += move_span(p, b, e) * m->scale;
    g->x1 = c->x * g->d1;
}

static void plan_event(StagePlan *p, size_t i, int e, const Lane *lane, Moves *m, Cursor *c)
{
    BodyPlan *b = &p->actor[i];
    const ActorFacts *a = &p->facts.actor[i];
    const Event *event = &a->event[e];
    uint8_t action = (uint8_t)event->action;
    if (action == ACT_ENTER && c->inside) action = ACT_STAND; /* it is here already */
    double end = event->end * p->seconds;
    if (action == ACT_LEAVE && c->inside) { /* not long before the end, or nobody is left to see */
        double way = p->view.aspect / 2 + b->width / b->depth;
        double late = end - way / pace(b, event->fast) - 0.4;
        stand_until(p, b, c, fmax(late, c->t + (lane->edge ? 0.3 : 0.1) * (end - c->t)));
    }
    int heading = c->inside || action == ACT_ENTER ? heading_for(b, a, e, lane, c) : c->heading;
    Leg *g = open_leg(b, c, action, end);
    g->fast = event->fast;
    if (heading != c->heading && e > 0) g->turn_from = (float)c->heading;
    g->heading = (int8_t)heading;
    if (action == ACT_ENTER) c->inside = true;
    if (action_moves(action)) {
        go_move(p, b, g, event, lane, m, c);
    } else if (action == ACT_RISE || action == ACT_FALL) {
        go_vertical(b, g, c);
    } else if (action_travels(action) && action != ACT_CIRCLE) {
        go_travel(p, b, g, c);
    } else {
        go_in_place(p, b, g, lane, c);
    }
    c->heading = g->heading;
    close_leg(p, b, g, c);
}

/* Where it is when the clip starts, so that all of its moves stay in the lane. */
static float first_x(const StagePlan *p, size_t i, const Lane *lane, Moves *m)
{
    const BodyPlan *b = &p->actor[i];
    const ActorFacts *a = &p->facts.actor[i];
    float w = b->width / b->depth / 2, lo, hi;
    for (int e = 0; e < a->events; e++)
        if (a->event[e].action == ACT_CIRCLE) w += 0.08f;
    float left = lane->left + w, right = lane->right - w;
    if (left > right) left = right = (left + right) / 2;
    moves_range(p, b, a, &lo, &hi);
    float span = hi - lo, room = right - left;
    m->scale = span > room && span > 0 ? fmaxf(room, 0.02f) / span : 1;
    lo *= m->scale, hi *= m->scale, span = hi - lo;
    if (room > 10) return stage_draw(b->seed, 'x', -0.08f, 0.08f) * p->view.aspect; /* tracked */
    float slack = fmaxf(0.0f, room - span);
    float at = span > 0 ? 0.5f + 0.4f * stage_draw(b->seed, 'x', -1, 1)
                        : 0.5f + 0.35f * stage_draw(b->seed, 'x', -1, 1);
    return left - lo + slack * at;
}

void stage_legs(StagePlan *p, size_t i, const Lane *lane)
{
    BodyPlan *b = &p->actor[i];
    ActorFacts *a = &p->facts.actor[i];
    Moves m = { .scale = 1, .forced = lane->forced };
    b->legs = 0;
    if (lane->forced && next_move(a, 0) == 0) { /* the relation asks for a way */
        a->events = 1;
        a->event[0] = (Event){ lane->to < lane->from ? ACT_MOVE_LEFT : ACT_MOVE_RIGHT,
                               p->facts.relation == REL_CHASES, 0, 1 };
    }
    Cursor c = { .depth = first_depth(p, b, a),
                 .inside = a->event[0].action != ACT_ENTER,
                 .clock = b->phase };
    c.x = lane->forced ? lane->from : first_x(p, i, lane, &m);
    c.altitude = first_altitude(b, a);
    c.heading = first_heading(p, i, c.x, lane);
    for (int e = 0; e < a->events; e++) {
        if (e == 0 || a->event[e].action != ACT_ENTER)
            stand_until(p, b, &c, fmax(c.t, a->event[e].start * p->seconds));
        if (a->event[e].end * p->seconds - c.t > 1e-6) plan_event(p, i, e, lane, &m, &c);
    }
    stand_until(p, b, &c, p->seconds);
    if (b->leg[0].turn_from != 0) b->leg[0].turn_from = 0;
}
