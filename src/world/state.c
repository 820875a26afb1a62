#include "world/state.h"

#include <math.h>

enum { PROBES = 14 }; /* to a side of a body's box, where its alpha is asked for */

/* A body in the picture, ready to be asked what is at a point. */
typedef struct Shape {
    PoseBox box;
    float cosine, sine;
    bool mirrored;
    float waterline; /* y of the picture below which nothing is seen */
    uint16_t width, height;
    const uint8_t *rgba; /* of one animation frame */
} Shape;

static size_t animation_frame(const Sprite *s, float time)
{
    if (s->frames < 2 || !(s->fps > 0)) return 0;
    double at = floor((double)time * s->fps);
    double loop = fmod(at, s->frames);
    return (size_t)(loop < 0 ? loop + s->frames : loop);
}

/* The smallest level with some 24 pixels: silhouettes need no more. */
static const SpriteLevel *silhouette(const Sprite *s)
{
    int l = SPRITE_LEVELS - 1;
    while (l > 0 && s->level[l].width < 20 && s->level[l].height < 20) l--;
    return &s->level[l];
}

static Shape shape_of(const Stage *stage, const StageFrame *f, const Pose *p, const Sprite *s)
{
    const SpriteLevel *l = silhouette(s);
    Shape out = { .box = pose_box(&stage->view, &f->camera, p, s->aspect),
                  .cosine = cosf(p->turn),
                  .sine = sinf(p->turn),
                  .mirrored = p->mirror < 0,
                  .waterline = 1e9f,
                  .width = l->width,
                  .height = l->height,
                  .rgba = l->rgba + animation_frame(s, p->time_s) * l->width * l->height * 4u };
    float x;
    if (p->water > 0)
        view_point(&stage->view, &f->camera, 0, p->water, p->depth, &x, &out.waterline);
    return out;
}

/* Is the body's own picture opaque at (u, v) of its box, -1/2 .. 1/2? */
static bool opaque(const Shape *s, float u, float v)
{
    if (s->mirrored) u = -u;
    int x = (int)((u + 0.5f) * s->width), y = (int)((v + 0.5f) * s->height);
    if (x < 0 || y < 0 || x >= s->width || y >= s->height) return false;
    return s->rgba[((size_t)y * s->width + x) * 4 + 3] >= 128;
}

static bool covers(const Shape *s, float x, float y)
{
    if (y > s->waterline || s->box.width < 1e-5f || s->box.height < 1e-5f) return false;
    float dx = x - s->box.x, dy = y - s->box.y;
    float u = (dx * s->cosine + dy * s->sine) / s->box.width;
    float v = (dy * s->cosine - dx * s->sine) / s->box.height;
    if (fabsf(u) > 0.5f || fabsf(v) > 0.5f) return false;
    return opaque(s, u, v);
}

static void extent(const Shape *s, float *half_w, float *half_h)
{
    float c = fabsf(s->cosine) / 2, n = fabsf(s->sine) / 2;
    *half_w = s->box.width * c + s->box.height * n;
    *half_h = s->box.width * n + s->box.height * c;
}

static bool boxes_meet(const Shape *a, const Shape *b)
{
    float aw, ah, bw, bh;
    extent(a, &aw, &ah);
    extent(b, &bw, &bh);
    return fabsf(a->box.x - b->box.x) < aw + bw && fabsf(a->box.y - b->box.y) < ah + bh;
}

/* Share of the opaque probes of shape[k] that are in the picture and under no nearer shape. */
static float visible_share(const Shape *shape, size_t count, size_t k, float aspect)
{
    const Shape *s = &shape[k];
    float w, h;
    extent(s, &w, &h);
    bool meets = false;
    for (size_t i = k + 1; i < count; i++) meets = meets || boxes_meet(s, &shape[i]);
    bool inside = s->box.x - w >= 0 && s->box.x + w <= aspect && s->box.y - h >= 0 &&
                  s->box.y + h <= fminf(1, s->waterline);
    if (inside && !meets) return 1;
    if (s->box.x + w <= 0 || s->box.x - w >= aspect || s->box.y + h <= 0 || s->box.y - h >= 1)
        return 0;
    int all = 0, seen = 0;
    for (int j = 0; j < PROBES; j++) {
        for (int i = 0; i < PROBES; i++) {
            float u = (i + 0.5f) / PROBES - 0.5f, v = (j + 0.5f) / PROBES - 0.5f;
            if (!opaque(s, u, v)) continue;
            float dx = u * s->box.width, dy = v * s->box.height;
            float x = s->box.x + dx * s->cosine - dy * s->sine;
            float y = s->box.y + dx * s->sine + dy * s->cosine;
            all++;
            bool hidden = x < 0 || x >= aspect || y < 0 || y >= 1 || y > s->waterline;
            for (size_t n = k + 1; n < count && meets && !hidden; n++)
                hidden = covers(&shape[n], x, y);
            seen += !hidden;
        }
    }
    return all ? (float)seen / all : 0;
}

static const Pose *pose_at(const StageFrame *f, size_t body)
{
    return body < FACTS_ACTORS_MAX ? &f->actor[body] : &f->prop[body - FACTS_ACTORS_MAX];
}

static const Sprite *sprite_of(const Cast *cast, const Facts *f, size_t body)
{
    if (body < FACTS_ACTORS_MAX) return cast_sprite(cast, CAST_ACTOR, f->actor[body].actor);
    return cast_sprite(cast, CAST_PROP, f->prop[body - FACTS_ACTORS_MAX]);
}

/* x of the picture per second at rest, shares of its width: from the frames around. */
static float speed_of(const Stage *s, size_t k, size_t body, double fps)
{
    size_t a = k > 0 ? k - 1 : 0, b = k + 1 < s->frames ? k + 1 : k;
    if (a == b || !(fps > 0)) return 0;
    const Pose *p = pose_at(&s->frame[a], body), *q = pose_at(&s->frame[b], body);
    return (float)((q->x - p->x) * fps / (double)(b - a)) / s->view.aspect;
}

static BodyState body_state(const Stage *s, const StageFrame *f, const Shape *shape, const Pose *p)
{
    float w, h, x, ground;
    extent(shape, &w, &h);
    BodyState b = { .x = shape->box.x / s->view.aspect,
                    .y = shape->box.y,
                    .width = 2 * w / s->view.aspect,
                    .height = 2 * h,
                    .heading = p->heading,
                    .action = p->action };
    b.ground = b.y;
    if (s->view.ground) {
        float y = p->water > 0 ? p->water : view_ground(&s->view, p->depth);
        view_point(&s->view, &f->camera, p->x, y, p->depth, &x, &ground);
        b.ground = ground;
    }
    return b;
}

static void frame_state(const Cast *cast, const Stage *s, size_t k, double fps, FrameState *out)
{
    const StageFrame *f = &s->frame[k];
    uint8_t order[STAGE_BODIES_MAX];
    Shape shape[STAGE_BODIES_MAX];
    size_t n = stage_order(s, f, order);
    for (size_t i = 0; i < n; i++)
        shape[i] = shape_of(s, f, pose_at(f, order[i]), sprite_of(cast, &s->facts, order[i]));
    *out = (FrameState){ .camera_x = f->camera.x, .camera_y = f->camera.y, .zoom = f->camera.zoom };
    for (size_t i = 0; i < n; i++) {
        size_t b = order[i];
        BodyState *to = b < FACTS_ACTORS_MAX ? &out->actor[b] : &out->prop[b - FACTS_ACTORS_MAX];
        *to = body_state(s, f, &shape[i], pose_at(f, b));
        to->order = (uint8_t)i;
        to->speed = speed_of(s, k, b, fps);
        to->visible = visible_share(shape, n, i, s->view.aspect);
    }
}

void state_of(const Cast *cast, const Stage *stage, double fps, FrameState *out)
{
    for (size_t k = 0; k < stage->frames; k++) frame_state(cast, stage, k, fps, &out[k]);
}
