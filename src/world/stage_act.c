/* What an actor does, at any moment: gaits in step with the ground, jumps, dances, turns. */
#include "world/stage_plan.h"

#include <math.h>

#include "base/rng.h"

#define PI 3.14159265358979

/* What a doing adds to the plain way of a leg. */
typedef struct Motion {
    float x, depth, altitude; /* X */
    float lift;               /* over the altitude; at depth 1 */
    float turn;
    bool about_feet; /* the turn is about where it stands, not about its middle */
    float stretch;   /* of the height; the width gives what the height takes */
    float wide;      /* of the width alone */
    float mirror;    /* times the heading: 1 none, -1 turned round */
    int heading;
} Motion;

static double clamp01(double q)
{
    return q < 0 ? 0 : q > 1 ? 1 : q;
}

static double smooth(double q)
{
    q = clamp01(q);
    return q * q * (3 - 2 * q);
}

/* Integral of smooth over 0 .. q, for speeds that grow and fade smoothly. */
static double smooth_sum(double q)
{
    q = clamp01(q);
    return q * q * q * (1 - q / 2);
}

/* Share of the way that is done `s` seconds into the leg. */
static double progress(const Leg *g, double s)
{
    if (g->go <= 0) return 1;
    s = s < 0 ? 0 : s > g->go ? g->go : s;
    double all = g->go - (g->ramp_in + g->ramp_out) / 2, done = s;
    if (g->ramp_in > 0) {
        done = s < g->ramp_in ? g->ramp_in * smooth_sum(s / g->ramp_in) : s - g->ramp_in / 2;
    }
    double late = s - (g->go - g->ramp_out);
    if (g->ramp_out > 0 && late > 0) {
        double q = late / g->ramp_out;
        done -= g->ramp_out * (q - (0.5 - smooth_sum(1 - q)));
    }
    return clamp01(done / all);
}

/* Speed now as a share of the full speed. */
static double haste(const Leg *g, double s)
{
    if (!action_travels(g->action) || s < 0 || s > g->go) return 0;
    double in = g->ramp_in > 0 ? smooth(s / g->ramp_in) : 1;
    double out = g->ramp_out > 0 ? smooth((g->go - s) / g->ramp_out) : 1;
    return in < out ? in : out;
}

static float ground_covered(const Leg *g)
{
    if (g->action == ACT_CIRCLE) return g->amount * g->d0 * 6.28f * 0.9f * g->count;
    if (!action_travels(g->action)) return 0;
    return hypotf(g->x1 - g->x0, g->d1 - g->d0);
}

static double loop_seconds(const BodyPlan *b)
{
    return b->sprite->frames / (b->sprite->fps > 0 ? b->sprite->fps : 24.0);
}

double stage_clock_passed(const BodyPlan *b, const Leg *g, double s)
{
    if (g->action == ACT_SLEEP) return 0;
    if (!b->locked) return s;
    if (action_travels(g->action)) {
        double stride = (b->member->stride > 0 ? b->member->stride : 1) * b->width;
        return loop_seconds(b) * ground_covered(g) * progress(g, s) / stride;
    }
    return g->action == ACT_DANCE || g->action == ACT_RISE || g->action == ACT_FALL ? s : 0;
}

/* Walks, but has no picture of walking. */
static bool hops(const BodyPlan *b)
{
    Gait g = b->member->gait;
    return b->habitat == HABITAT_GROUND && b->member->anim == ANIM_IDLE && g != GAIT_DRIVE &&
           g != GAIT_CRAWL;
}

static float hop_height(const BodyPlan *b, const Leg *g)
{
    float by = b->member->gait == GAIT_HOP ? 0.17f : 0.07f;
    if (b->member->body != BODY_WHOLE) by = 0.14f;
    return b->height * by * (g->fast ? 1.25f : 1);
}

/* Hops over the leg: on the ground for a quarter of each, where nothing may slide. */
static double hopped(const BodyPlan *b, const Leg *g, double p, Motion *m)
{
    const double rest = 0.22;
    double at = p * g->count, k = floor(at), f = at - k;
    if (k >= g->count) k = g->count - 1, f = 1;
    double q = clamp01((f - rest / 2) / (1 - rest));
    m->lift += hop_height(b, g) * (float)(4 * q * (1 - q));
    double ground = f < rest / 2       ? 1 - f / (rest / 2)
                    : f > 1 - rest / 2 ? (f - 1) / (rest / 2) + 1
                                       : 0;
    m->stretch *= 1 - 0.09f * (float)smooth(ground) + 0.04f * (float)sin(PI * q);
    return (k + q) / g->count;
}

static double stepped(const BodyPlan *b, const Leg *g, double s, Motion *m)
{
    double p = progress(g, s), h = haste(g, s);
    if (h <= 0) return p;
    m->turn += (float)(0.05 * h * m->heading) * (g->fast ? 1.5f : 1);
    m->about_feet = true;
    if (hops(b)) return hopped(b, g, p, m);
    double steps = p * g->count;
    if (b->habitat == HABITAT_GROUND && b->member->gait == GAIT_CRAWL && !b->locked)
        m->stretch *= 1 - 0.07f * (float)(sin(PI * steps) * sin(PI * steps));
    else if (b->habitat == HABITAT_GROUND && b->member->gait == GAIT_DRIVE && !b->locked)
        m->stretch *= 1 + 0.008f * (float)sin(2 * PI * 2.3 * s), m->turn *= 0.15f;
    else if (b->locked)
        m->turn *= 0.5f;
    return p;
}

static void travel(const BodyPlan *b, const Leg *g, double s, Motion *m)
{
    float p = (float)stepped(b, g, s, m);
    m->x = g->x0 + (g->x1 - g->x0) * p;
    m->depth = g->d0 + (g->d1 - g->d0) * p;
}

static void circle(const BodyPlan *b, const Leg *g, double s, Motion *m)
{
    double p = stepped(b, g, s, m), way = g->heading;
    double angle = 2 * PI * g->count * p, c = cos(angle);
    m->x = g->x0 + g->amount * g->d0 * (float)(way * sin(angle));
    float deep = b->habitat == HABITAT_GROUND || b->habitat == HABITAT_SURFACE ? 0.5f : 0.25f;
    m->depth = g->d0 * (1 + deep * (float)(1 - c) / 2);
    if (deep < 0.5f) m->altitude += 0.16f * (float)(1 - c) / 2 * (b->low > 0.2f ? -1 : 1);
    m->heading = (c >= 0 ? 1 : -1) * g->heading;
    double turned = c * 4;
    m->mirror = (float)fabs(turned > 1 ? 1 : turned < -1 ? -1 : turned);
    if (b->member->faces == 0) m->mirror = 1;
}

static void jump(const BodyPlan *b, const Leg *g, double s, Motion *m)
{
    double f = s / g->go * g->count;
    f -= floor(f);
    if (s >= g->go) return;
    const double crouch = 0.2, air = 0.52;
    if (f < crouch) {
        m->stretch *= 1 - 0.2f * (float)sin(PI * smooth(f / crouch) * 0.9);
    } else if (f < crouch + air) {
        double q = (f - crouch) / air;
        m->lift += g->amount * (float)(4 * q * (1 - q));
        m->stretch *= 1 + 0.1f * (float)((1 - q) * (1 - q));
        if (b->habitat == HABITAT_SURFACE) m->turn += (float)((q - 0.5) * 1.1 * m->heading);
    } else {
        double q = (f - crouch - air) / (1 - crouch - air);
        m->stretch *= 1 - 0.2f * (float)(exp(-4 * q) * sin(PI * clamp01(q * 1.6)));
    }
}

static void dance(const BodyPlan *b, const Leg *g, double s, Motion *m)
{
    if (s >= g->go) return;
    double beat = s / g->go * g->count, begin = smooth(s / 0.2), sway = sin(PI * beat);
    m->turn += 0.17f * (float)(begin * sway);
    m->about_feet = true;
    m->lift += 0.09f * b->height * (float)(begin * sway * sway);
    m->stretch *= 1 + 0.05f * (float)(begin * (sway * sway * 2 - 1));
    m->x += 0.05f * b->width * (float)(begin * sin(PI * beat / 2));
    if (b->member->faces == 0 || g->count < 4) return;
    double turned = sin(PI * beat / 4 + PI / 4) * 6; /* turns round every four beats */
    m->mirror = (float)(turned > 1 ? 1 : turned < -1 ? -1 : turned);
}

static void spin(const BodyPlan *b, const Leg *g, double s, Motion *m)
{
    double q = clamp01(s / g->go), p = 0.4 * smooth(q) + 0.6 * q;
    double angle = 2 * PI * g->count * p;
    if (b->habitat == HABITAT_GROUND || b->habitat == HABITAT_SURFACE) {
        m->mirror = (float)cos(angle);
        m->lift += 0.02f * b->height * (float)fabs(sin(angle));
    } else {
        m->turn += (float)(angle * g->heading);
    }
}

static void rise(const BodyPlan *b, const Leg *g, double s, Motion *m)
{
    float p = (float)progress(g, s);
    m->altitude = g->a0 + (g->a1 - g->a0) * p;
    m->turn += 0.05f * (float)sin(s * 2.1 + b->phase);
}

static void fall(const BodyPlan *b, const Leg *g, double s, Motion *m)
{
    double q = clamp01(s / g->go), way = g->a0 - g->a1;
    if (b->habitat == HABITAT_FREE || b->habitat == HABITAT_UNDER) {
        double p = 0.5 * q + 0.5 * q * q;
        m->altitude = g->a0 - (float)(way * p);
        m->turn += (float)(0.45 * sin(PI * p) * m->heading);
        return;
    }
    m->altitude = g->a0 - (float)(way * (0.15 * q + 0.85 * q * q));
    m->turn += (float)(0.2 * sin(PI * q) * m->heading);
    double after = s - g->go;
    if (after < 0) return;
    m->stretch *= 1 - 0.22f * (float)(exp(-6 * after) * cos(after * 16));
    double hop = after / 0.32;
    if (hop < 1) m->lift += 0.06f * b->height * (float)(4 * hop * (1 - hop));
}

static void sleep(const BodyPlan *b, const Leg *g, double s, Motion *m)
{
    double down = g->t0 > 0.01 ? smooth(s / 0.6) : 1;
    double breath = sin(2 * PI * s / 3.2 + b->phase);
    if (b->sprite->aspect < 0.8f && b->member->body == BODY_WHOLE) {
        m->turn += (float)(down * 1.35 * m->heading); /* lies down on its side */
        m->stretch *= 1 + 0.02f * (float)breath;
        return;
    }
    m->stretch *= 1 - (float)down * 0.32f + 0.035f * (float)breath;
    m->wide *= 1 - 0.1f * (float)down;
    m->turn += (float)(down * 0.08 * m->heading);
}

static void stand(const BodyPlan *b, const Leg *g, double s, Motion *m)
{
    (void)g;
    if (b->habitat == HABITAT_GROUND)
        m->stretch *= 1 + 0.012f * (float)sin(2 * PI * s / 1.7 + b->phase);
}

static void (*const DO[ACT_COUNT])(const BodyPlan *, const Leg *, double, Motion *) = {
    [ACT_STAND] = stand,     [ACT_MOVE_LEFT] = travel, [ACT_MOVE_RIGHT] = travel,
    [ACT_APPROACH] = travel, [ACT_GO_AWAY] = travel,   [ACT_JUMP] = jump,
    [ACT_DANCE] = dance,     [ACT_SPIN] = spin,        [ACT_CIRCLE] = circle,
    [ACT_RISE] = rise,       [ACT_FALL] = fall,        [ACT_ENTER] = travel,
    [ACT_LEAVE] = travel,    [ACT_SLEEP] = sleep,
};

/* Whatever is not on the ground is never quite still. */
static void bob(const BodyPlan *b, double t, Motion *m)
{
    double a = t + b->phase;
    switch (b->habitat) {
    case HABITAT_GROUND: return;
    case HABITAT_SURFACE:
        m->lift += 0.015f * b->height * (float)sin(2 * PI * a / 2.3);
        m->turn += 0.035f * (float)sin(2 * PI * a / 3.1);
        return;
    case HABITAT_FREE:
        m->lift += 0.018f * (float)sin(2 * PI * a / 2.9);
        m->turn += 0.07f * (float)sin(2 * PI * a / 4.3);
        return;
    default: m->lift += 0.016f * (float)sin(2 * PI * a / 1.9); return;
    }
}

static const Leg *leg_at(const BodyPlan *b, double t)
{
    size_t i = b->legs - 1;
    while (i > 0 && b->leg[i].t0 > t + 1e-9) i--;
    return &b->leg[i];
}

float stage_ground_x(const BodyPlan *b, double t)
{
    const Leg *g = leg_at(b, t);
    return g->x0 + (g->x1 - g->x0) * (float)progress(g, t - g->t0);
}

float stage_bottom(const View *v, const BodyPlan *b, float depth, float altitude)
{
    if (b->habitat == HABITAT_FREE) return 0.5f - altitude / depth + b->height / depth / 2;
    float sunk = b->habitat == HABITAT_SURFACE ? b->sink * b->height : 0;
    return view_ground(v, depth) - (altitude - sunk) / depth;
}

/* The mirror that shows the picture looking `heading`; half way round while it turns. */
static float mirror_of(const BodyPlan *b, const Leg *g, double s, const Motion *m)
{
    const double seconds = 0.22;
    const float thinnest = 0.13f; /* nobody vanishes while turning */
    float sign = b->member->faces == 0 ? 1 : (float)(b->member->faces * m->heading);
    float out = sign * m->mirror;
    if (g->turn_from != 0 && g->turn_from != g->heading && s < seconds && b->member->faces != 0)
        out = -out * (float)cos(PI * s / seconds);
    return fabsf(out) < thinnest ? copysignf(thinnest, out) : out;
}

void stage_pose(const StagePlan *p, const BodyPlan *b, double t, Pose *out)
{
    const Leg *g = leg_at(b, t);
    double s = t - g->t0;
    Motion m = { .x = g->x1,
                 .depth = g->d1,
                 .altitude = g->a1,
                 .stretch = 1,
                 .wide = 1,
                 .mirror = 1,
                 .heading = g->heading };
    DO[g->action](b, g, s, &m);
    bob(b, t, &m);
    float height = b->height / m.depth, x = m.x / m.depth;
    float y = stage_bottom(&p->view, b, m.depth, m.altitude + m.lift);
    if (m.about_feet && b->habitat == HABITAT_GROUND) {
        x += sinf(m.turn) * height / 2;
        y += (1 - cosf(m.turn)) * height / 2;
    } else if (b->habitat == HABITAT_GROUND && m.turn != 0) {
        /* Turned about its middle, its lowest corner stays where it stood. */
        float w = height * b->sprite->aspect, c = fabsf(cosf(m.turn)), n = fabsf(sinf(m.turn));
        y += height / 2 - (height * c + w * n * 0.8f) / 2;
    }
    float mirror = mirror_of(b, g, s, &m);
    int faces = b->member->faces;
    *out = (Pose){ .present = g->present,
                   .x = x,
                   .y = y,
                   .depth = m.depth,
                   .height = height,
                   .turn = m.turn,
                   .stretch_x = m.wide / sqrtf(m.stretch),
                   .stretch_y = m.stretch,
                   .mirror = mirror,
                   .time_s = (float)(g->clock + stage_clock_passed(b, g, s)),
                   .action = g->action,
                   .heading = (int8_t)(faces == 0   ? 0
                                       : mirror < 0 ? -faces
                                                    : faces) };
    if (b->habitat == HABITAT_SURFACE) out->water = view_ground(&p->view, m.depth);
}
