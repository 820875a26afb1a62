#include "world/seen.h"

#include <math.h>

static const float SEEN = 0.45f;       /* share of a body's pixels that makes it seen */
static const float SMALLEST = 0.09f;   /* height of a body that can be told, of the frame's */
static const float LEAST_WAY = 0.04f;  /* frame widths that make a move */
static const float FAST_WIDTHS = 0.3f; /* frame widths a second */

static bool seen_now(const BodyState *b)
{
    return b->visible >= SEEN && b->height >= SMALLEST;
}

/* The frames in which body i does action `a` of event e, seen; the first and last of them. */
typedef struct Span {
    size_t first, last, seen, all;
} Span;

static Span span_of(const WorldState *s, size_t i, const Event *e)
{
    Span p = { 0 };
    for (size_t k = 0; k < s->frames; k++) {
        double share = s->frames > 1 ? (double)k / s->frames : e->start;
        const BodyState *b = &s->frame[k].actor[i];
        if (share < e->start - 1e-6 || share > e->end + 1e-6 || b->action != e->action) continue;
        p.all++;
        if (!seen_now(b)) continue;
        if (p.seen++ == 0) p.first = k;
        p.last = k;
    }
    return p;
}

/* Way over the picture at rest from the first to the last seen frame, shares of the width. */
static float way_x(const WorldState *s, size_t i, const Span *p)
{
    double sum = 0;
    for (size_t k = p->first; k < p->last; k++)
        sum += (s->frame[k].actor[i].speed + s->frame[k + 1].actor[i].speed) / 2;
    return (float)(sum / s->fps);
}

static float highest_lift(const WorldState *s, size_t i, const Span *p)
{
    float lift = 0, rest = 0;
    for (size_t k = p->first; k <= p->last; k++) {
        const BodyState *b = &s->frame[k].actor[i];
        float up = (b->ground - b->y - b->height / 2) / s->frame[k].zoom;
        if (k == p->first || up < rest) rest = up;
        if (k == p->first || up > lift) lift = up;
    }
    return lift - rest;
}

/* y of the middle at rest: the camera's part taken out. */
static float rest_y(const FrameState *f, size_t i)
{
    return (f->actor[i].y - 0.5f) / f->zoom + 0.5f + f->camera_y;
}

static float rest_height(const FrameState *f, size_t i)
{
    return f->actor[i].height / f->zoom;
}

/* Mostly in the picture at one end, cut by its edge at the other; who swims is never whole. */
static bool crosses_edge(const WorldState *s, size_t i, const Span *p, bool in)
{
    const BodyState *a = &s->frame[p->first].actor[i], *b = &s->frame[p->last].actor[i];
    const BodyState *out = in ? a : b, *inside = in ? b : a;
    bool cut = out->x - out->width / 2 < 0 || out->x + out->width / 2 > 1;
    return cut && inside->visible > 0.55f && out->visible < inside->visible;
}

/* In one picture: what its pose can say. */
static bool image_shows(const BodyState *b, uint8_t action)
{
    if (action == ACT_MOVE_LEFT) return b->heading < 0;
    if (action == ACT_MOVE_RIGHT) return b->heading > 0;
    if (action == ACT_JUMP) return b->ground - b->y - b->height / 2 > 0.04f;
    return action == ACT_STAND || action == ACT_DANCE || action == ACT_SLEEP;
}

static bool event_shows(const WorldState *s, size_t i, const Event *e, const Span *p)
{
    if (p->seen == 0) return false;
    if (s->frames == 1) return image_shows(&s->frame[0].actor[i], e->action);
    bool edge = e->action == ACT_ENTER || e->action == ACT_LEAVE;
    if (p->seen * (edge ? 5 : 2) < p->all || p->seen < 3) return false;
    const FrameState *a = &s->frame[p->first], *b = &s->frame[p->last];
    float way = way_x(s, i, p), up = rest_y(a, i) - rest_y(b, i);
    float growth = rest_height(b, i) / rest_height(a, i);
    switch (e->action) {
    case ACT_MOVE_LEFT: return way < -LEAST_WAY;
    case ACT_MOVE_RIGHT: return way > LEAST_WAY;
    case ACT_APPROACH: return growth > 1.15f;
    case ACT_GO_AWAY: return growth < 0.87f;
    case ACT_JUMP: return highest_lift(s, i, p) > 0.04f;
    case ACT_RISE: return up > 0.05f;
    case ACT_FALL: return up < -0.05f;
    case ACT_ENTER: return crosses_edge(s, i, p, true);
    case ACT_LEAVE: return crosses_edge(s, i, p, false);
    default: return true;
    }
}

static bool heading_shows(const WorldState *s, size_t i, const Event *e, const Span *p)
{
    int way = e->action == ACT_MOVE_LEFT ? -1 : e->action == ACT_MOVE_RIGHT ? 1 : 0;
    if (way == 0) return false;
    if (s->frames == 1) return s->frame[0].actor[i].heading == way;
    for (size_t k = p->first; k <= p->last; k++)
        if (s->frame[k].actor[i].speed * way < -0.02f) return false;
    return true;
}

static bool fast_shows(const WorldState *s, size_t i, const Event *e, const Span *p)
{
    if (!e->fast || s->frames == 1) return false;
    if (e->action != ACT_MOVE_LEFT && e->action != ACT_MOVE_RIGHT) return true;
    float most = 0;
    for (size_t k = p->first; k <= p->last; k++)
        most = fmaxf(most, fabsf(s->frame[k].actor[i].speed));
    return most >= FAST_WIDTHS;
}

/* How long a body is seen, and its largest height. */
static bool body_shows(const WorldState *s, size_t i, bool prop)
{
    size_t seen = 0;
    for (size_t k = 0; k < s->frames; k++) {
        const BodyState *b = prop ? &s->frame[k].prop[i] : &s->frame[k].actor[i];
        seen += prop ? b->visible >= SEEN && b->height >= SMALLEST / 2 : seen_now(b);
    }
    return seen > 0 && seen * 4 >= s->frames;
}

/* A prop is spoken of as beside the subject: near it, in a frame that shows both. */
static bool prop_near(const WorldState *s, size_t i)
{
    for (size_t k = 0; k < s->frames; k++) {
        const BodyState *p = &s->frame[k].prop[i], *a = &s->frame[k].actor[0];
        if (!seen_now(a) || p->visible < SEEN) continue;
        float gap = fabsf(p->x - a->x) - (p->width + a->width) / 2;
        float over = fabsf(p->y - a->y) - (p->height + a->height) / 2;
        if (gap < 0.12f && over < 0.05f) return true;
    }
    return false;
}

static bool size_shows(const WorldState *s, size_t i, Size size)
{
    float most = 0;
    for (size_t k = 0; k < s->frames; k++)
        if (seen_now(&s->frame[k].actor[i])) most = fmaxf(most, rest_height(&s->frame[k], i));
    return size == SIZE_SMALL ? most < 0.36f : size == SIZE_BIG ? most > 0.5f : false;
}

/* A relation in one frame that shows both. */
static bool related(const BodyState *a, const BodyState *b, Relation r, bool ground)
{
    float overlap = (a->width + b->width) / 2 - fabsf(a->x - b->x);
    bool over = overlap > 0 && fabsf(a->y - b->y) < (a->height + b->height) / 2;
    switch (r) {
    case REL_LEFT_OF: return a->x < b->x && overlap < 0.5f * fminf(a->width, b->width);
    case REL_RIGHT_OF: return a->x > b->x && overlap < 0.5f * fminf(a->width, b->width);
    case REL_IN_FRONT_OF: return a->order > b->order && (ground ? a->ground > b->ground : over);
    case REL_BEHIND: return a->order < b->order && (ground ? a->ground < b->ground : over);
    default: return true;
    }
}

/* The larger side of a body is larger whatever it does, and so is its area at its fullest. */
static bool bigger_shows(const WorldState *s)
{
    float area[2] = { 0 }, side[2] = { 0 };
    for (size_t k = 0; k < s->frames; k++) {
        for (size_t i = 0; i < 2; i++) {
            const BodyState *b = &s->frame[k].actor[i];
            float zoom = s->frame[k].zoom;
            area[i] = fmaxf(area[i], b->height * b->width / (zoom * zoom));
            side[i] = fmaxf(side[i], b->height / zoom);
        }
    }
    return area[0] > 1.3f * area[1] && side[0] > side[1];
}

/* Relations of the way: they need motion, of both or of the first. */
static bool related_in_motion(const WorldState *s, Relation r, size_t first, size_t last)
{
    const FrameState *a = &s->frame[first], *b = &s->frame[last];
    float x0 = a->actor[1].x - a->actor[0].x, x1 = b->actor[1].x - b->actor[0].x;
    double v0 = 0, v1 = 0;
    for (size_t k = first; k <= last; k++)
        v0 += s->frame[k].actor[0].speed, v1 += s->frame[k].actor[1].speed;
    switch (r) {
    case REL_FOLLOWS: return v0 * v1 > 0 && v0 * x0 > 0 && v0 * x1 > 0;
    case REL_CHASES: return v0 * v1 > 0 && v0 * x0 > 0 && v0 * x1 > 0;
    case REL_MEETS: return v0 * v1 < 0 && v0 * x0 > 0 && fabsf(x1) < fabsf(x0);
    case REL_PASSES_BEHIND: return x0 * x1 < 0 && a->actor[0].order < a->actor[1].order;
    default: return false;
    }
}

static bool relation_shows(const WorldState *s, const Facts *f)
{
    Relation r = f->relation;
    if (r == REL_NONE || f->actors < 2) return false;
    bool ground = f->scene != SCENE_SKY && f->scene != SCENE_SPACE;
    size_t both = 0, true_in = 0, first = 0, last = 0;
    for (size_t k = 0; k < s->frames; k++) {
        const BodyState *a = &s->frame[k].actor[0], *b = &s->frame[k].actor[1];
        if (!seen_now(a) || !seen_now(b)) continue;
        if (both++ == 0) first = k;
        last = k;
        true_in += related(a, b, r, ground);
    }
    if (both == 0 || both * 2 < s->frames) return false;
    if (r == REL_FOLLOWS || r == REL_CHASES || r == REL_MEETS || r == REL_PASSES_BEHIND)
        return last > first && related_in_motion(s, r, first, last);
    return r == REL_BIGGER_THAN ? bigger_shows(s) : true_in == both;
}

static bool camera_shows(const WorldState *s, Camera c)
{
    if (s->frames < 2) return false;
    const FrameState *a = &s->frame[0], *b = &s->frame[s->frames - 1];
    float x = b->camera_x - a->camera_x, y = b->camera_y - a->camera_y;
    float zoom = b->zoom / a->zoom, moved = 0;
    for (size_t k = 0; k < s->frames; k++)
        moved = fmaxf(moved, fabsf(s->frame[k].camera_x - a->camera_x) +
                                 fabsf(s->frame[k].camera_y - a->camera_y));
    switch (c) {
    case CAMERA_PAN_LEFT: return x < -0.08f;
    case CAMERA_PAN_RIGHT: return x > 0.08f;
    case CAMERA_TILT_UP: return y < -0.08f;
    case CAMERA_TILT_DOWN: return y > 0.08f;
    case CAMERA_ZOOM_IN: return zoom > 1.12f;
    case CAMERA_ZOOM_OUT: return zoom < 0.9f;
    case CAMERA_TRACK: return fabsf(x) > 0.08f;
    case CAMERA_SHAKE: return moved > 0.008f;
    default: return moved < 0.02f;
    }
}

static void actor_seen(const WorldState *s, const ActorFacts *a, size_t i, CaptionView *v)
{
    if (!body_shows(s, i, false)) return;
    v->actor |= (uint8_t)(1 << i);
    if (a->size != SIZE_NORMAL && size_shows(s, i, a->size)) v->size |= (uint8_t)(1 << i);
    for (int e = 0; e < a->events; e++) {
        Span p = span_of(s, i, &a->event[e]);
        uint8_t bit = (uint8_t)(1 << e);
        if (!event_shows(s, i, &a->event[e], &p)) continue;
        v->event[i] |= bit;
        if (heading_shows(s, i, &a->event[e], &p)) v->heading[i] |= bit;
        if (fast_shows(s, i, &a->event[e], &p)) v->fast[i] |= bit;
    }
}

CaptionView world_seen(const World *w, const Facts *f, const WorldState *s)
{
    (void)w;
    CaptionView v = { .scene = true,
                      .time = f->scene != SCENE_STAGE, /* its light is its own */
                      .weather = true };
    for (size_t i = 0; i < f->actors; i++) actor_seen(s, &f->actor[i], i, &v);
    for (size_t i = 0; i < f->props; i++)
        if ((v.actor & 1) && body_shows(s, i, true) && prop_near(s, i)) v.prop |= (uint8_t)(1 << i);
    v.relation = relation_shows(s, f);
    v.camera = camera_shows(s, f->camera);
    return v;
}
