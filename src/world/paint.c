#include "world/paint.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "world/painter.h"

/* Bodies of a frame, far to near. */
typedef struct Drawn {
    const Pose *pose;
    const Sprite *sprite;
} Drawn;

enum { BODIES_MAX = FACTS_ACTORS_MAX + FACTS_PROPS_MAX };

static int bodies_of(const Painter *p, const StageFrame *f, Drawn *out)
{
    const Facts *facts = &p->stage->facts;
    int n = 0;
    for (int i = 0; i < facts->props; i++)
        out[n++] = (Drawn){ &f->prop[i], cast_sprite(p->cast, CAST_PROP, facts->prop[i]) };
    for (int i = 0; i < facts->actors; i++)
        out[n++] = (Drawn){ &f->actor[i], cast_sprite(p->cast, CAST_ACTOR, facts->actor[i].actor) };
    int kept = 0;
    for (int i = 0; i < n; i++) {
        if (!out[i].pose->present) continue;
        Drawn b = out[i];
        int j = kept++;
        for (; j > 0 && out[j - 1].pose->depth < b.pose->depth; j--) out[j] = out[j - 1];
        out[j] = b;
    }
    return kept;
}

/* Where a sprite's lowest part touches the ground: middle and half width, shares of its width from
 * its middle. Read from a small level, so that it follows the feet from frame to frame. */
static void contact(const Sprite *s, size_t frame, float *middle, float *half)
{
    const SpriteLevel *v = &s->level[SPRITE_LEVELS - 2];
    const uint8_t *px = v->rgba + (size_t)v->width * v->height * 4 * (frame % s->frames);
    int rows = v->height / 6 + 1;
    float sum = 0, at = 0, spread = 0;
    for (int y = v->height - rows; y < v->height; y++)
        for (int x = 0; x < v->width; x++) {
            float w = px[(y * v->width + x) * 4 + 3], u = ((float)x + 0.5f) / v->width - 0.5f;
            sum += w, at += w * u, spread += w * u * u;
        }
    *middle = sum > 0 ? at / sum : 0;
    *half = sum > 0 ? 1.8f * sqrtf(fmaxf(0.003f, spread / sum - *middle * *middle)) : 0.3f;
}

static size_t frame_at(const Sprite *s, float time_s)
{
    if (s->frames < 2) return 0;
    float at = time_s * s->fps;
    long k = lrintf(floorf(at + 0.01f)) % s->frames;
    return (size_t)(k < 0 ? k + s->frames : k);
}

/* A soft shadow as wide as the body and a darker one under what touches the ground; both shrink
 * and fade as the body leaves the ground. */
static void body_shadow(const Painter *p, const Eye *e, const Drawn *b, Canvas *c)
{
    const Pose *q = b->pose;
    const View *v = &p->stage->view;
    if (!v->ground || q->water > 0) return;
    float ground = view_ground(v, q->depth), lift = fmaxf(0, ground - q->y);
    float fade = expf(-3.2f * lift / fmaxf(q->height, 0.02f) - 1.5f * lift), middle, half, px, py;
    contact(b->sprite, frame_at(b->sprite, q->time_s), &middle, &half);
    float width = q->height * b->sprite->aspect * fabsf(q->stretch_x);
    eye_point(p, e, q->x + middle * width * q->mirror, ground, q->depth, &px, &py);
    float k = p->scale * e->camera.zoom, size = 0.65f + 0.35f * fade;
    float rx = (0.36f + 0.3f * half) * width * k * size, flat = 0.24f;
    Hex dark = canvas_scale(p->look.ground_near, 0.2f);
    float strength = 255 * p->look.shadow;
    canvas_spot(c, &(Spot){ px - p->look.light_x * 0.05f * width * k, py, rx * 1.15f,
                            fmaxf(1, rx * flat), dark, (unsigned)(strength * (0.25f + 0.6f * fade)) });
    float contact_rx = fmaxf(half, 0.1f) * width * k * 1.1f;
    canvas_spot(c, &(Spot){ px, py, contact_rx, fmaxf(1, contact_rx * flat), dark,
                            (unsigned)(strength * 1.1f * fade * fade) });
}

/* At night a body stands in a pool of moonlight (on the stage, of the spot), so that it is read
 * from its ground. */
static void body_pool(const Painter *p, const Eye *e, const Drawn *b, Canvas *c)
{
    const Pose *q = b->pose;
    bool stage = p->stage->facts.scene == SCENE_STAGE;
    if (!p->stage->view.ground || q->water > 0 || !(p->look.lamps || stage)) return;
    float px, py, k = p->scale * e->camera.zoom, half = 0.5f * q->height * fmaxf(1, b->sprite->aspect);
    eye_point(p, e, q->x, view_ground(&p->stage->view, q->depth), q->depth, &px, &py);
    Spot s = { px, py, (half + 0.14f) * k * 1.3f, (half + 0.14f) * k * 0.4f,
               stage ? 0xffefc8 : 0xa9bcff, stage ? 120 : 56 };
    canvas_glow(c, &s);
    if (!stage) {
        canvas_glow(c, &(Spot){ px, py - q->height * k * 0.5f, half * k * 1.5f, q->height * k * 0.8f, 0x8fa6f0, 26 });
        return;
    }
    float top = px + (px < (float)c->width / 2 ? 0.3f : -0.3f) * p->scale;
    for (int i = 0; i < 3; i++) {
        float r = s.rx * (0.8f - 0.16f * (float)i), n = 0.03f * k * (1 - 0.25f * (float)i);
        canvas_quad(c, &(Quad){ -1, top - n, top + n, py + s.ry, px - r, px + r, 0xfff0cc, 0xfff0cc, 18, 1 });
    }
}

static Blit body_blit(const Painter *p, const Eye *e, const Drawn *b)
{
    const Pose *q = b->pose;
    float px, py, height = q->height * p->scale * e->camera.zoom;
    eye_point(p, e, q->x, q->y, q->depth, &px, &py);
    return (Blit){ .sprite = b->sprite, .frame = frame_at(b->sprite, q->time_s), .x = px, .y = py,
                   .width = height * b->sprite->aspect * q->stretch_x,
                   .height = height * q->stretch_y, .turn = q->turn, .mirror = q->mirror,
                   .end = INFINITY, .tint = look_actor(&p->look, b->sprite), .alpha = 256 };
}

/* A body in the water: mirrored below the water line, with a rim of light where it goes in. */
static void body_in_water(const Painter *p, const Eye *e, const Drawn *b, Canvas *c)
{
    Blit blit = body_blit(p, e, b);
    float line = eye_row(p, e, b->pose->water), wide = fabsf(blit.width) * 0.56f;
    float thin = fmaxf(0.8f, 0.012f * p->scale);
    bool above = line < blit.y;
    Blit mirror = blit;
    mirror.y = 2 * line - blit.y + blit.height, mirror.turn = 3.1415927f - blit.turn;
    mirror.mirror = -blit.mirror, mirror.begin = line, mirror.alpha = 56;
    float swell = 1 + 0.08f * sinf(e->time_s * 2.6f);
    Hex light = canvas_blend(p->look.haze, 0xffffff, 0.4f);
    if (above) {
        canvas_sprite(c, &mirror);
        canvas_spot(c, &(Spot){ blit.x, line + thin, wide * 1.35f * swell, thin * 3.4f, light, 90 });
        blit.end = line;
    }
    canvas_sprite(c, &blit);
    if (above) canvas_spot(c, &(Spot){ blit.x, line, wide * swell, thin * 1.5f, light, 200 });
}

static void body_paint(const Painter *p, const Eye *e, const Drawn *b, Canvas *c)
{
    body_pool(p, e, b, c);
    if (b->pose->water > 0) {
        body_in_water(p, e, b, c);
        return;
    }
    body_shadow(p, e, b, c);
    Blit blit = body_blit(p, e, b);
    canvas_sprite(c, &blit);
    if (b->pose->action == ACT_SLEEP) sleep_paint(p, e, b->pose, b->sprite, c);
}

/* Items and bodies in one order, from the `first` item on. */
static void things(const Painter *p, const Eye *e, const StageFrame *f, int first, Canvas *c)
{
    Drawn body[BODIES_MAX];
    int n = bodies_of(p, f, body), next = 0;
    for (int i = first; i < p->items; i++) {
        if (p->item[i].air) continue;
        while (next < n && body[next].pose->depth > p->item[i].depth)
            body_paint(p, e, &body[next++], c);
        thing_paint(p, e, &p->item[i], c);
    }
    while (next < n) body_paint(p, e, &body[next++], c);
}

/* What is painted once while the camera stands: the sky, and over it land and far items with holes
 * where the sky shows through, water between them. */
typedef struct Backdrop {
    bool made;
    Canvas sky, land, items;
    int near; /* first item that is painted in every frame */
} Backdrop;

static Canvas canvas_new(Arena *a, int width, int height)
{
    return (Canvas){ width, height, arena_zero(a, (size_t)width * (size_t)height * 4) };
}

static int first_near_item(const Painter *p)
{
    float far = 0;
    for (size_t k = 0; k < p->stage->frames; k++) {
        Drawn body[BODIES_MAX];
        int n = bodies_of(p, &p->stage->frame[k], body);
        if (n) far = fmaxf(far, body[0].pose->depth);
    }
    int i = 0;
    while (i < p->items && p->item[i].depth >= far) i++;
    return i;
}

static void overlay(Canvas *c, const Canvas *over)
{
    size_t n = (size_t)c->width * (size_t)c->height;
    for (size_t i = 0; i < n; i++) {
        uint32_t s = over->px[i];
        if (s >> 24 == 255) c->px[i] = s;
        else if (s) c->px[i] = canvas_over(s, c->px[i]);
    }
}

static void land(const Painter *p, const Eye *e, Canvas *c)
{
    land_ridges(p, e, c);
    inside_paint(p, e, c);
    land_ground(p, e, c);
    inside_floor(p, e, c);
}

static void backdrop_make(const Painter *p, const Eye *e, Backdrop *b, int width, int height)
{
    b->made = true;
    b->sky = canvas_new(p->arena, width, height);
    b->land = canvas_new(p->arena, width, height);
    sky_paint(p, e, &b->sky);
    bool moves = sky_moves(p), water = water_is(p);
    Canvas *under = moves ? &b->land : &b->sky;
    land(p, e, under);
    if (water) b->items = canvas_new(p->arena, width, height);
    for (int i = 0; i < b->near; i++)
        if (!p->item[i].air) thing_paint(p, e, &p->item[i], water ? &b->items : under);
}

static void frame_still(const Painter *p, const Eye *e, const StageFrame *f, Backdrop *b, Canvas *c)
{
    if (!b->made) backdrop_make(p, e, b, c->width, c->height);
    memcpy(c->px, b->sky.px, (size_t)c->width * (size_t)c->height * 4);
    if (sky_moves(p)) {
        sky_drift(p, e, c);
        overlay(c, &b->land);
    }
    if (water_is(p)) {
        water_paint(p, e, c);
        overlay(c, &b->items);
    }
    air_under(p, e, c);
    things(p, e, f, b->near, c);
}

static void frame_moving(const Painter *p, const Eye *e, const StageFrame *f, Canvas *c)
{
    sky_paint(p, e, c);
    sky_drift(p, e, c);
    land(p, e, c);
    if (water_is(p)) water_paint(p, e, c);
    air_under(p, e, c);
    things(p, e, f, 0, c);
}

static void to_rgb(const Canvas *c, uint8_t *rgb)
{
    size_t n = (size_t)c->width * (size_t)c->height;
    for (size_t i = 0; i < n; i++, rgb += 3) {
        rgb[0] = (uint8_t)c->px[i];
        rgb[1] = (uint8_t)(c->px[i] >> 8);
        rgb[2] = (uint8_t)(c->px[i] >> 16);
    }
}

/* Smooth noise that repeats: a random lattice, and the same with finer grain. */
static void make_noise(Painter *p, uint64_t seed)
{
    enum { COARSE = 16, STEP = NOISE_SIDE / COARSE, HALF = NOISE_SIDE / 2 };
    uint8_t lattice[COARSE][COARSE], fine[HALF][HALF];
    uint64_t h = rng_u64(seed, 0) | 1;
    for (int i = 0; i < COARSE * COARSE + HALF * HALF; i++) {
        h ^= h << 13, h ^= h >> 7, h ^= h << 17;
        if (i < COARSE * COARSE) lattice[i / COARSE][i % COARSE] = (uint8_t)(h >> 20);
        else fine[i / HALF % HALF][i % HALF] = (uint8_t)(h >> 20);
    }
    uint8_t *soft = arena_alloc(p->arena, NOISE_SIDE * NOISE_SIDE);
    uint8_t *noise = arena_alloc(p->arena, NOISE_SIDE * NOISE_SIDE);
    for (int y = 0; y < NOISE_SIDE; y++)
        for (int x = 0; x < NOISE_SIDE; x++) {
            int f = x % STEP, g = y % STEP, i = x / STEP, k = (i + 1) % COARSE;
            const uint8_t *r0 = lattice[y / STEP], *r1 = lattice[(y / STEP + 1) % COARSE];
            int s = (r0[i] * (STEP - f) + r0[k] * f) * (STEP - g) + (r1[i] * (STEP - f) + r1[k] * f) * g;
            soft[y * NOISE_SIDE + x] = (uint8_t)(s / (STEP * STEP));
            noise[y * NOISE_SIDE + x] = (uint8_t)((s / (STEP * STEP) * 11 + fine[y / 2][x / 2] * 5) / 16);
        }
    p->soft = soft, p->noise = noise;
}

/* Behind everybody, wherever they go. */
static float wall_depth(const Stage *s)
{
    if (s->facts.scene != SCENE_ROOM && s->facts.scene != SCENE_STAGE) return 0;
    float far = 2;
    for (size_t k = 0; k < s->frames; k++) {
        for (int i = 0; i < s->facts.actors; i++) far = fmaxf(far, s->frame[k].actor[i].depth);
        for (int i = 0; i < s->facts.props; i++) far = fmaxf(far, s->frame[k].prop[i].depth);
    }
    return far * 1.25f;
}

static bool same_camera(const Stage *s)
{
    for (size_t k = 1; k < s->frames; k++)
        if (memcmp(&s->frame[k].camera, &s->frame[0].camera, sizeof s->frame[0].camera) != 0)
            return false;
    return true;
}

void paint_clip(const Cast *cast, const Stage *stage, Arena *a, Clip *out)
{
    ArenaMark mark = arena_mark(a);
    Painter *p = arena_zero(a, sizeof *p);
    p->cast = cast, p->stage = stage, p->arena = a;
    p->seed = rng_split(stage->seed, 'p');
    p->scale = (float)out->height;
    p->look = look_of(stage);
    p->wall_depth = wall_depth(stage);
    make_noise(p, rng_split(p->seed, 'n'));
    scene_dress(p);
    Backdrop b = { .near = first_near_item(p) };
    bool still = same_camera(stage);
    Canvas c = canvas_new(a, (int)out->width, (int)out->height);
    for (size_t k = 0; k < stage->frames; k++) {
        const StageFrame *f = &stage->frame[k];
        Eye e = { f->camera, (float)f->time_s };
        if (still) frame_still(p, &e, f, &b, &c);
        else frame_moving(p, &e, f, &c);
        air_over(p, &e, &c);
        weather_paint(p, &e, &c);
        to_rgb(&c, clip_frame(out, k));
    }
    arena_rewind(a, mark);
}
