/* Sizes and lanes. Actors share the picture's width; who is where follows from the relation. */
#include "world/stage_plan.h"

#include <math.h>

#include "base/rng.h"

static const float SMALLEST = 0.17f;
static const float EDGE_OUT = 0.12f; /* share of a body that may be outside at the ends of a way */

static float clamp(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static bool does(const ActorFacts *a, Action action)
{
    for (int e = 0; e < a->events; e++)
        if (a->event[e].action == action) return true;
    return false;
}

static bool travels(const ActorFacts *a)
{
    for (int e = 0; e < a->events; e++)
        if (action_travels(a->event[e].action)) return true;
    return false;
}

static Habitat habitat_of(const Member *m, Scene scene, const View *v)
{
    if (!v->ground) return HABITAT_FREE;
    bool swims = m->realm == REALM_WATER || m->gait == GAIT_SWIM;
    if (scene == SCENE_SEA_FLOOR)
        return swims || m->realm != REALM_GROUND ? HABITAT_UNDER : HABITAT_GROUND;
    if (m->realm == REALM_AIR || m->realm == REALM_SPACE) return HABITAT_AIR;
    if (swims && v->water_near > 0) return HABITAT_SURFACE;
    return HABITAT_GROUND;
}

/* Share of the picture's width that lanes have: the camera's way and its zoom take the rest. */
static float usable_width(const StagePlan *p)
{
    const CameraPlan *c = &p->camera;
    return p->view.aspect / fmaxf(c->zoom0, c->zoom1) - fabsf(c->x1 - c->x0);
}

/* The tallest a body may be. */
static float tallest(const StagePlan *p, const BodyPlan *b, const ActorFacts *a)
{
    const CameraPlan *c = &p->camera;
    float feet = b->habitat == HABITAT_FREE ? 0.94f : p->view.base;
    float top = 0.03f + fmaxf(c->y0, c->y1);
    float most = feet - fmaxf(top, 0.04f);
    float zoom = fmaxf(c->zoom0, c->zoom1);
    most = fminf(most, 0.86f / zoom);
    if (does(a, ACT_JUMP)) most -= 0.1f;
    if (does(a, ACT_RISE) || does(a, ACT_FALL)) most = fminf(most, 0.5f);
    if (b->habitat == HABITAT_AIR || b->habitat == HABITAT_UNDER) most -= 0.08f;
    return most;
}

static float natural_height(const BodyPlan *b, float metres_share, float share)
{
    float aspect = fmaxf(b->sprite->aspect, 0.05f);
    return share * metres_share * (aspect > 1 ? powf(aspect, -0.5f) : 1);
}

static void size_alone(StagePlan *p, BodyPlan *b, const ActorFacts *a)
{
    float natural = clamp(powf(b->member->metres, 0.06f), 0.82f, 1.2f);
    float h = natural_height(b, natural, 0.53f * stage_draw(b->seed, 'h', 0.92f, 1.1f));
    static const float LOW[SIZE_COUNT] = { 0.36f, 0.2f, 0.7f }, HIGH[] = { 0.6f, 0.27f, 0.84f };
    if (a->size == SIZE_SMALL) h *= 0.5f;
    if (a->size == SIZE_BIG) h *= 1.45f;
    h = clamp(h, LOW[a->size], HIGH[a->size]);
    b->height = fminf(h, tallest(p, b, a));
}

static void sizes_together(StagePlan *p)
{
    static const float SHARE[] = { 0, 0.53f, 0.5f, 0.46f };
    static const float SIZE[SIZE_COUNT] = { 1, 0.62f, 1.35f };
    size_t n = p->facts.actors;
    float mean = 0;
    for (size_t i = 0; i < n; i++) mean += logf(fmaxf(p->actor[i].member->metres, 1e-3f)) / n;
    for (size_t i = 0; i < n; i++) {
        BodyPlan *b = &p->actor[i];
        const ActorFacts *a = &p->facts.actor[i];
        float share = expf(0.2f * (logf(fmaxf(b->member->metres, 1e-3f)) - mean));
        share = clamp(share, i == 0 ? 0.74f : 0.62f, 1.5f) * SIZE[a->size];
        float h = fmaxf(natural_height(b, share, SHARE[n]), SMALLEST);
        b->height = fminf(h, tallest(p, b, a));
    }
    if (p->facts.relation != REL_BIGGER_THAN || n < 2) return;
    BodyPlan *big = &p->actor[0], *small = &p->actor[1];
    float area = big->sprite->aspect / fmaxf(small->sprite->aspect, 0.05f);
    float least = small->height * fmaxf(1.35f, 1.35f / sqrtf(fmaxf(area, 0.05f)));
    if (big->height >= least) return;
    float grown = fminf(least, tallest(p, big, &p->facts.actor[0]));
    small->height *= grown / least;
    big->height = grown;
}

static void scale(BodyPlan *b, float by)
{
    b->height *= by;
    b->width = b->height * b->sprite->aspect;
}

/* Where it lives: depth of its place and the altitudes it has. */
static void settle(StagePlan *p, BodyPlan *b)
{
    const View *v = &p->view;
    float picture = b->height; /* as planned, in the picture at its place */
    if (b->habitat == HABITAT_SURFACE) {
        float y =
            v->water_far + (v->water_near - v->water_far) * stage_draw(b->seed, 'w', .6f, .8f);
        b->depth = (v->base - v->horizon) / (y - v->horizon);
        b->height *= b->depth, b->width *= b->depth;
        b->sink = b->member->gait == GAIT_SWIM ? 0.3f : 0.07f;
        float top = y - picture * (1 - b->sink);
        b->high = fmaxf(0.1f, top - 0.05f) * b->depth;
        return;
    }
    float up = fmaxf(p->camera.y0, p->camera.y1), down = -fminf(p->camera.y0, p->camera.y1);
    if (b->habitat == HABITAT_FREE) {
        float room = fmaxf(0.0f, 0.5f - picture / 2 - 0.04f - fmaxf(up, down));
        b->low = stage_draw(b->seed, 'l', -0.6f, 0.6f) * fminf(room, 0.12f);
        b->high = fminf(room, 0.3f);
        return;
    }
    float top = v->base - picture;
    b->high = fmaxf(0.0f, top - 0.05f - up);
    if (b->habitat == HABITAT_GROUND) return;
    float most = fminf(b->high, 0.36f);
    b->low = most * stage_draw(b->seed, 'l', 0.4f, 0.75f);
    if (b->habitat == HABITAT_UNDER) b->low = b->high * stage_draw(b->seed, 'l', 0.25f, 0.7f);
}

static void bodies(const Cast *cast, StagePlan *p)
{
    for (size_t i = 0; i < p->facts.actors; i++) {
        BodyPlan *b = &p->actor[i];
        size_t index = p->facts.actor[i].actor;
        *b = (BodyPlan){ .member = cast_member(cast, CAST_ACTOR, index),
                         .sprite = cast_sprite(cast, CAST_ACTOR, index),
                         .seed = rng_split(p->seed, 100 + i),
                         .depth = 1 };
        b->habitat = habitat_of(b->member, p->facts.scene, &p->view);
        b->locked = b->member->anim == ANIM_GAIT && b->habitat == HABITAT_GROUND;
        double fps = b->sprite->fps > 0 ? b->sprite->fps : 24;
        b->phase = rng_uniform(b->seed, 1) * b->sprite->frames / fps;
    }
    if (p->facts.actors == 1)
        size_alone(p, &p->actor[0], &p->facts.actor[0]);
    else
        sizes_together(p);
    for (size_t i = 0; i < p->facts.actors; i++) scale(&p->actor[i], 1);
}

/* Props count as part of the subject's lane; this is how wide they will be at most. */
static float prop_height(const Cast *cast, const StagePlan *p, size_t i)
{
    const Member *m = cast_member(cast, CAST_PROP, p->facts.prop[i]);
    float aspect = cast_sprite(cast, CAST_PROP, p->facts.prop[i])->aspect;
    float by = powf(fmaxf(m->metres, 0.01f) / fmaxf(p->actor[0].member->metres, 0.01f), 0.25f);
    float h = p->actor[0].height / p->actor[0].depth * clamp(by, 0.42f, 0.95f);
    h = fmaxf(h, 0.13f);
    return aspect > 1 ? h * powf(aspect, -0.5f) : h;
}

static float props_width(const Cast *cast, const StagePlan *p)
{
    float sum = 0;
    for (size_t i = 0; i < p->facts.props; i++)
        sum += prop_height(cast, p, i) * cast_sprite(cast, CAST_PROP, p->facts.prop[i])->aspect;
    return sum;
}

static bool pair_moves(Relation r)
{
    return r == REL_FOLLOWS || r == REL_CHASES || r == REL_MEETS || r == REL_PASSES_BEHIND;
}

static bool pair_deep(Relation r)
{
    return r == REL_IN_FRONT_OF || r == REL_BEHIND || r == REL_PASSES_BEHIND;
}

static bool narrow(const StagePlan *p)
{
    return p->view.aspect < 0.85f;
}

/* Everybody smaller until the bodies fit beside each other. */
static void fit(const Cast *cast, StagePlan *p)
{
    float usable = usable_width(p), sum = 0;
    size_t n = p->facts.actors;
    for (size_t i = 0; i < n; i++) sum += p->actor[i].width;
    if (n > 1 && pair_deep(p->facts.relation))
        sum -= 0.5f * fminf(p->actor[0].width, p->actor[1].width);
    float most = n > 1 ? 0.84f : 0.9f;
    for (size_t i = 0; i < n; i++)
        if (travels(&p->facts.actor[i])) most = n > 1 ? 0.78f : narrow(p) ? 0.76f : 0.64f;
    if (n > 1 && pair_moves(p->facts.relation)) most = 0.6f;
    if (p->facts.props) {
        sum += props_width(cast, p);
        most = 0.9f;
    }
    float by = fminf(1, most * usable / sum), kept = 0;
    for (size_t i = 0; i < n; i++) {
        BodyPlan *b = &p->actor[i];
        scale(b, fmaxf(by, fminf(1, SMALLEST / b->height))); /* nobody so small that it is lost */
        kept += b->width;
    }
    for (size_t i = 0; i < n && kept > 0.94f * usable; i++)
        scale(&p->actor[i], 0.94f * usable / kept);
}

static int direction(const ActorFacts *a)
{
    for (int e = 0; e < a->events; e++) {
        if (a->event[e].action == ACT_MOVE_LEFT) return -1;
        if (a->event[e].action == ACT_MOVE_RIGHT) return 1;
    }
    return 0;
}

/* Its width in the picture where it lives. */
static float breadth(const BodyPlan *b)
{
    return b->habitat == HABITAT_SURFACE ? b->width / b->depth : b->width;
}

/* Two that go together or toward each other: their ways, over the whole lane. */
static void lanes_moving(StagePlan *p, Lane *lane, float left, float right)
{
    Relation r = p->facts.relation;
    float w0 = breadth(&p->actor[0]), w1 = breadth(&p->actor[1]), gap = 0.06f * (right - left);
    int d0 = direction(&p->facts.actor[0]), d1 = direction(&p->facts.actor[1]);
    if (r == REL_MEETS) {
        int way = d0 ? d0 : d1 ? -d1 : stage_chance(p->seed, 'm', 0.5f) ? 1 : -1;
        float middle = (left + right) / 2 + way * (w0 - w1) / 4;
        lane[0].from = way > 0 ? left + w0 / 2 : right - w0 / 2;
        lane[1].from = way > 0 ? right - w1 / 2 : left + w1 / 2;
        lane[0].to = middle - way * (w0 / 2 + gap / 2);
        lane[1].to = middle + way * (w1 / 2 + gap / 2);
        lane[0].forced = lane[1].forced = true;
        return;
    }
    int way = d0 ? d0 : d1 ? d1 : stage_chance(p->seed, 'm', 0.5f) ? 1 : -1;
    if (r == REL_PASSES_BEHIND) {
        lane[0].depth = 1.35f;
        w0 /= lane[0].depth;
        lane[0].from = way > 0 ? left + w0 / 2 : right - w0 / 2;
        lane[0].to = -lane[0].from + left + right;
        lane[0].forced = true;
        float middle = (left + right) / 2;
        lane[1].left = middle - w1 / 2 - 0.02f, lane[1].right = middle + w1 / 2 + 0.02f;
        return;
    }
    /* The first goes after the second, and when it chases, comes nearer. */
    float length = w0 + gap + w1, room = right - left - length;
    float near = r == REL_CHASES ? fminf(0.3f * room, 0.5f * gap + 0.1f * room) : 0;
    float start = way > 0 ? left : right, end = way > 0 ? right : left;
    lane[1].from = start + way * (w0 + gap + near + w1 / 2);
    lane[1].to = end - way * w1 / 2;
    lane[0].from = start + way * w0 / 2;
    lane[0].to = end - way * (w1 + gap + w0 / 2);
    lane[0].forced = lane[1].forced = true;
}

static void lanes_deep(StagePlan *p, Lane *lane, float left, float right)
{
    size_t front = p->facts.relation == REL_IN_FRONT_OF ? 0 : 1, back = 1 - front;
    float far = 1.5f, wf = p->actor[front].width, wb = p->actor[back].width / far;
    float side = stage_chance(p->seed, 'd', 0.5f) ? 1 : -1;
    /* The far one shows three fifths of itself and more beside the near one. */
    float apart = wf / 2 + wb * 0.2f, middle = (left + right) / 2;
    float span = fmaxf(wf, fminf(wf, wb) / 2 + apart + wb / 2);
    float slack = fmaxf(0.0f, (right - left - span) / 2) * 0.3f;
    float x = clamp(middle - side * apart / 2, left + wf / 2, right - wf / 2);
    lane[front] = (Lane){ .left = x - wf / 2 - slack, .right = x + wf / 2 + slack, .depth = 1 };
    x = clamp(x + side * apart, left + wb / 2, right - wb / 2);
    lane[back] = (Lane){ .left = x - wb / 2, .right = x + wb / 2, .depth = far };
}

/* Beside each other, in the order the relation asks for; movers get the room that is left. */
static void lanes_beside(StagePlan *p, Lane *lane, float left, float right)
{
    size_t n = p->facts.actors, order[FACTS_ACTORS_MAX] = { 0, 1, 2 };
    for (size_t i = n; i-- > 1;) {
        size_t j = rng_below(rng_split(p->seed, 'o'), i, i + 1), t = order[i];
        order[i] = order[j], order[j] = t;
    }
    size_t at[FACTS_ACTORS_MAX] = { 0 };
    for (size_t k = 0; k < n; k++) at[order[k]] = k;
    bool wrong = (p->facts.relation == REL_LEFT_OF && at[0] > at[1]) ||
                 (p->facts.relation == REL_RIGHT_OF && at[0] < at[1]);
    if (wrong && n > 1) order[at[0]] = 1, order[at[1]] = 0;
    float widths = 0, shares = 0;
    for (size_t i = 0; i < n; i++) {
        widths += breadth(&p->actor[i]);
        shares += travels(&p->facts.actor[i]) ? 3 : 1;
    }
    float slack = fmaxf(0.0f, right - left - widths), x = left;
    for (size_t k = 0; k < n; k++) {
        size_t i = order[k];
        float width =
            breadth(&p->actor[i]) + slack * (travels(&p->facts.actor[i]) ? 3 : 1) / shares;
        lane[i] = (Lane){ .left = x,
                          .right = x + width,
                          .edge = k == 0 ? -1 : k == n - 1,
                          .depth = stage_draw(p->actor[i].seed, 'd', 1.0f, 1.08f) };
        x += width;
    }
}

/* All that move the same way, all the time: they go together and need no lanes of their own. */
static bool convoy(const StagePlan *p)
{
    if (p->facts.actors != 2 || p->facts.relation == REL_NONE) return false;
    int d0 = direction(&p->facts.actor[0]), d1 = direction(&p->facts.actor[1]);
    return d0 && d0 == d1 && p->facts.actor[0].events == 1 && p->facts.actor[1].events == 1 &&
           !pair_moves(p->facts.relation) && !pair_deep(p->facts.relation);
}

static void lanes_convoy(StagePlan *p, Lane *lane, float left, float right)
{
    int way = direction(&p->facts.actor[0]);
    lanes_beside(p, lane, left, right);
    size_t first = lane[0].left < lane[1].left ? 0 : 1, other = 1 - first;
    float wl = breadth(&p->actor[first]), wr = breadth(&p->actor[other]);
    float gap = 0.05f * (right - left), room = fmaxf(0.0f, right - left - wl - wr - gap);
    float shift = way > 0 ? 0 : room;
    for (int k = 0; k < 2; k++) {
        size_t i = k ? other : first;
        float x = left + shift + (k ? wl + gap + wr / 2 : wl / 2);
        lane[i].from = x, lane[i].to = x + way * room;
        lane[i].forced = true;
    }
}

static int props_side(const StagePlan *p)
{
    return stage_chance(p->seed, 'q', 0.5f) ? 1 : -1;
}

/* Who stays leaves room for the props. */
static void lane_beside_props(const Cast *cast, const StagePlan *p, Lane *lane)
{
    if (travels(&p->facts.actor[0])) return;
    int side = props_side(p);
    for (size_t i = 0; i < p->facts.props; i++, side = -side) {
        float w = prop_height(cast, p, i) * cast_sprite(cast, CAST_PROP, p->facts.prop[i])->aspect;
        if (side > 0)
            lane->right -= w + 0.02f;
        else
            lane->left += w + 0.02f;
    }
}

void stage_layout_actors(const Cast *cast, StagePlan *p, Lane lane[FACTS_ACTORS_MAX])
{
    bodies(cast, p);
    fit(cast, p);
    for (size_t i = 0; i < p->facts.actors; i++) settle(p, &p->actor[i]);
    size_t n = p->facts.actors;
    Relation r = n > 1 ? p->facts.relation : REL_NONE;
    float half = usable_width(p) / 2, left = -half * 0.96f, right = half * 0.96f;
    for (size_t i = 0; i < n; i++) lane[i] = (Lane){ .left = left, .right = right, .depth = 1 };
    bool tracked = p->camera.kind == CAMERA_TRACK && direction(&p->facts.actor[0]);
    if (n == 1) {
        bool through = travels(&p->facts.actor[0]) && p->facts.actor[0].events == 1;
        float out = through ? breadth(&p->actor[0]) * EDGE_OUT : 0;
        if (narrow(p)) out *= 2;
        if (!p->facts.props)
            lane[0].left -= out, lane[0].right += out;
        else
            lane_beside_props(cast, p, lane);
    } else if (pair_moves(r)) {
        lanes_moving(p, lane, left, right);
    } else if (pair_deep(r)) {
        lanes_deep(p, lane, left, right);
    } else if (convoy(p)) {
        lanes_convoy(p, lane, left, right);
    } else {
        lanes_beside(p, lane, left, right);
    }
    if (n == 3 && (pair_moves(r) || pair_deep(r))) {
        float w = p->actor[2].width / 1.9f, side = stage_chance(p->seed, 't', 0.5f) ? 1 : -1;
        float x = side * (half * 0.96f - w / 2);
        lane[2] = (Lane){ .left = x - w / 2, .right = x + w / 2, .depth = 1.9f };
    }
    for (size_t i = 0; i < n; i++)
        if (p->actor[i].habitat != HABITAT_SURFACE)
            p->actor[i].depth = lane[i].depth;
        else
            lane[i].depth = p->actor[i].depth;
    if (tracked && n == 1) lane[0].left = -100, lane[0].right = 100;
}

static bool middle_of_move(const BodyPlan *b, float *x)
{
    for (size_t i = 0; i < b->legs; i++) {
        const Leg *g = &b->leg[i];
        if (!action_moves(g->action)) continue;
        *x = (g->x0 / g->d0 + g->x1 / g->d1) / 2;
        return true;
    }
    return false;
}

void stage_layout_props(const Cast *cast, StagePlan *p)
{
    const BodyPlan *b = &p->actor[0];
    float half = usable_width(p) / 2;
    float x = stage_ground_x(b, p->seconds / 2) / b->depth;
    bool moving = middle_of_move(b, &x);
    int side = props_side(p);
    for (size_t i = 0; i < p->facts.props; i++, side = -side) {
        const Sprite *s = cast_sprite(cast, CAST_PROP, p->facts.prop[i]);
        float height = prop_height(cast, p, i), width = height * s->aspect;
        float depth = b->habitat == HABITAT_SURFACE ? b->depth * 0.98f : b->depth * 1.05f;
        float apart = (b->width / b->depth + width) / 2 + 0.02f;
        float at = x + side * apart, most = half - width / 2;
        if (p->facts.props == 1 && !moving && fabsf(at) > most) at = x - side * apart;
        if (p->camera.kind != CAMERA_TRACK) at = clamp(at, -most, most);
        float y = view_ground(&p->view, depth);
        if (b->habitat == HABITAT_FREE) y = 0.5f - b->low + height / 2;
        p->prop[i] = (Pose){ .present = true,
                             .x = at,
                             .y = y,
                             .depth = depth,
                             .height = height,
                             .stretch_x = 1,
                             .stretch_y = 1,
                             .mirror = 1,
                             .time_s = stage_draw(p->seed, 200 + i, 0, 3),
                             .action = ACT_STAND };
    }
}
