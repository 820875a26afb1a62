/* One item: a sprite of the scenery, or a small thing drawn from limbs and balls in the same soft
 * style, with the shadow it throws and what hides its base. */
#include "world/painter.h"

#include <math.h>

#include "base/rng.h"

/* Where an item is in the picture. */
typedef struct Spotted {
    float x, y, height, width; /* pixels */
} Spotted;

static Spotted place(const Painter *p, const Eye *e, const Item *m)
{
    Spotted s;
    float k = p->scale * e->camera.zoom;
    eye_point(p, e, m->x, m->y, m->depth, &s.x, &s.y);
    s.height = m->height * k, s.width = m->width * k;
    return s;
}

bool thing_sways(const Painter *p, const Item *m)
{
    return m->kind == ITEM_WEED || (m->kind == ITEM_LAMP && p->look.lamps) || /* lights others */
           (m->kind == ITEM_TUFT && p->stage->facts.weather == WEATHER_WIND);
}

bool thing_box(const Painter *p, const Eye *e, const Item *m, ThingBox *box)
{
    Spotted s = place(p, e, m);
    float half = s.width * 0.7f + 2;
    if (m->kind == ITEM_LAMP || m->kind == ITEM_TUFT || m->kind == ITEM_WEED)
        half += s.height * 0.55f;
    if (m->kind == ITEM_CACTUS || m->kind == ITEM_CORAL) half += s.height * 0.1f;
    float below = s.height * 0.06f + s.width * 0.16f + 2;
    *box = (ThingBox){ s.x - half, s.y - s.height * 1.3f - 2, s.x + half, s.y + below };
    return m->kind != ITEM_FENCE;
}

static bool outside(const Painter *p, const Eye *e, const Item *m, const Canvas *c)
{
    ThingBox b;
    if (!thing_box(p, e, m, &b)) return false;
    return b.x1 < 0 || b.x0 > (float)c->width || b.y1 < 0 || b.y0 > (float)c->height;
}

static void shadow(const Painter *p, const Spotted *s, float wide, Canvas *c)
{
    float rx = s->width * wide;
    canvas_spot(c, &(Spot){ s->x - p->look.light_x * s->width * 0.07f, s->y, rx, rx * 0.2f + 0.5f,
                            canvas_scale(p->look.ground_near, 0.16f),
                            (unsigned)(225 * p->look.shadow) });
}

/* Blades over the base, in the ground's colour there. */
static void grass_footing(const Painter *p, const Item *m, const Spotted *s, Canvas *c)
{
    float tall = 0.034f / m->depth * p->scale, wide = s->width * 0.42f;
    int n = (int)(wide * 2 / (0.02f / m->depth * p->scale) + 1);
    if (tall < 1.2f) return;
    for (int i = 0; i < n && i < 40; i++) {
        float x = s->x + wide * paint_draw(m->seed, 40 + 3 * i, -1, 1);
        float lean = tall * paint_draw(m->seed, 41 + 3 * i, -0.4f, 0.4f);
        Hex color = canvas_blend(p->look.ground_far, p->look.ground_near, 1.3f / m->depth);
        color = canvas_blend(color, p->look.ground_alt, paint_draw(m->seed, 42 + 3 * i, 0, 1));
        float y = s->y + 0.3f * tall;
        canvas_stroke(c,
                      &(Stroke){ x + lean, y - tall * paint_draw(m->seed, 42 + 3 * i, 0.6f, 1.2f),
                                 x, y, 0, fmaxf(0.9f, tall * 0.3f), color, 255 });
    }
}

static void mound_footing(const Painter *p, const Item *m, const Spotted *s, Canvas *c)
{
    Hex color = canvas_blend(p->look.ground_far, p->look.ground_near, 1.4f / m->depth - 0.2f);
    float rx = s->width * 0.62f;
    canvas_spot(c, &(Spot){ s->x, s->y + rx * 0.1f, rx, rx * 0.16f, color, 255 });
    canvas_spot(c,
                &(Spot){ s->x - rx * 0.4f, s->y + rx * 0.06f, rx * 0.5f, rx * 0.11f, color, 255 });
}

static void sprite(const Painter *p, const Item *m, const Spotted *s, Canvas *c)
{
    shadow(p, s, 0.56f, c);
    canvas_sprite(c, &(Blit){ .sprite = m->sprite,
                              .x = s->x,
                              .y = s->y + 0.01f * s->height,
                              .width = s->width,
                              .height = s->height,
                              .mirror = m->mirror,
                              .end = INFINITY,
                              .tint = m->tint,
                              .alpha = 256 });
    if (p->footing == FOOTING_GRASS) grass_footing(p, m, s, c);
    if (p->footing == FOOTING_MOUND) mound_footing(p, m, s, c);
}

/* Grass that sways in the wind. */
static void tuft(const Painter *p, const Eye *e, const Item *m, const Spotted *s, Canvas *c)
{
    bool wind = p->stage->facts.weather == WEATHER_WIND;
    for (int i = 0; i < 5; i++) {
        float lean = paint_draw(m->seed, 10 + i, -0.5f, 0.5f);
        if (wind) lean += 0.35f + 0.3f * sinf(e->time_s * 6 + m->x * 9 + (float)i * 0.4f);
        float tall = s->height * paint_draw(m->seed, 20 + i, 0.6f, 1);
        float x = s->x + s->height * 0.5f * ((float)i / 2 - 1) * 0.6f;
        Hex color = canvas_blend(m->color, canvas_scale(m->color, 1.25f),
                                 paint_draw(m->seed, 30 + i, 0, 1));
        canvas_stroke(c, &(Stroke){ x + lean * tall, s->y - tall, x, s->y, 0,
                                    fmaxf(0.9f, s->height * 0.16f), color, 240 });
    }
}

static void rock(const Painter *p, const Item *m, const Spotted *s, Canvas *c)
{
    shadow(p, s, 0.62f, c);
    Hex dark = canvas_scale(m->color, 0.55f);
    float end = s->y + s->height * 0.12f;
    for (int i = 0; i < 3; i++) {
        float r = s->width * (i == 1 ? 0.36f : paint_draw(m->seed, 10 + i, 0.2f, 0.3f));
        float ry = s->height * (i == 1 ? 0.62f : 0.4f);
        float x = s->x + s->width * 0.24f * (float)(i - 1) * (m->mirror > 0 ? 1 : -1);
        canvas_ball(c, &(Spot){ x, s->y - ry * 0.55f, r, ry, m->color, 255 }, dark, end);
    }
    mound_footing(p, m, s, c);
    if (p->footing == FOOTING_GRASS) grass_footing(p, m, s, c);
}

static void cactus(const Painter *p, const Item *m, const Spotted *s, Canvas *c)
{
    shadow(p, s, 0.5f, c);
    Hex dark = canvas_scale(m->color, 0.55f);
    float h = s->height, w = h * 0.2f, side = m->mirror;
    float a = paint_draw(m->seed, 10, 0.35f, 0.5f), b = paint_draw(m->seed, 11, 0.45f, 0.62f);
    float out = h * 0.22f;
    canvas_limb(c,
                &(Stroke){ s->x, s->y - h * a, s->x + side * out, s->y - h * a, w * 0.6f, w * 0.6f,
                           m->color, 255 },
                dark);
    canvas_limb(c,
                &(Stroke){ s->x + side * out, s->y - h * a, s->x + side * out,
                           s->y - h * (a + 0.26f), w * 0.62f, w * 0.55f, m->color, 255 },
                dark);
    canvas_limb(c,
                &(Stroke){ s->x, s->y - h * b, s->x - side * out, s->y - h * b, w * 0.55f,
                           w * 0.55f, m->color, 255 },
                dark);
    canvas_limb(c,
                &(Stroke){ s->x - side * out, s->y - h * b, s->x - side * out,
                           s->y - h * (b + 0.2f), w * 0.57f, w * 0.5f, m->color, 255 },
                dark);
    canvas_limb(c, &(Stroke){ s->x, s->y, s->x, s->y - h + w / 2, w * 0.92f, w, m->color, 255 },
                dark);
    mound_footing(p, m, s, c);
}

static void coral(const Painter *p, const Item *m, const Spotted *s, Canvas *c)
{
    shadow(p, s, 0.5f, c);
    Hex dark = canvas_scale(m->color, 0.6f);
    float h = s->height, w = h * 0.15f;
    for (int i = 0; i < 5; i++) {
        float lean = ((float)i - 2) * 0.24f + paint_draw(m->seed, 10 + i, -0.06f, 0.06f);
        float tall = h * paint_draw(m->seed, 20 + i, 0.6f, 1) * (1 - 0.25f * fabsf(lean));
        float x1 = s->x + lean * h * 0.8f, y1 = s->y - tall;
        canvas_limb(
            c, &(Stroke){ s->x + lean * h * 0.2f, s->y, x1, y1, w, w * 0.8f, m->color, 255 }, dark);
        float fork = paint_draw(m->seed, 30 + i, 0.4f, 0.6f), way = i % 2 ? 1 : -1;
        float fx = s->x + lean * h * (0.2f + 0.6f * fork), fy = s->y - tall * fork;
        canvas_limb(c,
                    &(Stroke){ fx, fy, fx + way * h * 0.16f, fy - h * 0.2f, w * 0.75f, w * 0.6f,
                               m->color, 255 },
                    dark);
    }
    mound_footing(p, m, s, c);
}

static void weed(const Painter *p, const Eye *e, const Item *m, const Spotted *s, Canvas *c)
{
    enum { JOINTS = 5 };
    shadow(p, s, 0.4f, c);
    Hex dark = canvas_scale(m->color, 0.6f);
    for (int i = 0; i < 3; i++) {
        float tall = s->height * paint_draw(m->seed, 10 + i, 0.6f, 1), w = s->height * 0.075f;
        float x = s->x + s->height * 0.13f * (float)(i - 1), y = s->y;
        for (int k = 1; k <= JOINTS; k++) {
            float up = (float)k / JOINTS;
            float sway = sinf(e->time_s * 1.4f + m->x * 5 + (float)i * 1.9f + up * 3.5f);
            float x1 = s->x + s->height * (0.13f * (float)(i - 1) + 0.09f * up * sway);
            float y1 = s->y - tall * up;
            canvas_limb(c,
                        &(Stroke){ x, y, x1, y1, w * (1.05f - 0.55f * (up - 0.2f)),
                                   w * (1.05f - 0.55f * up), m->color, 255 },
                        dark);
            x = x1, y = y1;
        }
    }
    mound_footing(p, m, s, c);
}

static void lamp(const Painter *p, const Item *m, const Spotted *s, Canvas *c)
{
    shadow(p, s, 0.5f, c);
    bool lit = p->look.lamps;
    float h = s->height, w = fmaxf(1, h * 0.035f), top = s->y - h, out = h * 0.13f * m->mirror;
    Hex dark = canvas_scale(m->color, 0.55f);
    if (lit) {
        canvas_glow(c, &(Spot){ s->x + out, s->y, h * 0.42f, h * 0.1f, 0xffd890, 150 });
        canvas_glow(c, &(Spot){ s->x + out, top + h * 0.08f, h * 0.32f, h * 0.32f, 0xffc870, 120 });
    }
    canvas_limb(c, &(Stroke){ s->x, s->y, s->x, top + h * 0.05f, w * 1.5f, w, m->color, 255 },
                dark);
    canvas_limb(c, &(Stroke){ s->x, top + h * 0.05f, s->x + out, top, w, w * 0.8f, m->color, 255 },
                dark);
    float r = fmaxf(1, h * 0.05f);
    canvas_ball(c, &(Spot){ s->x + out, top + r * 0.9f, r, r, lit ? 0xfff4d0 : 0xf6f6f0, 255 },
                lit ? 0xffd070 : 0xb8bcc4, INFINITY);
    canvas_limb(c, &(Stroke){ s->x + out - r, top, s->x + out + r, top, w, w, m->color, 255 },
                dark);
}

/* A rail fence over the whole width that the camera sees. */
static void fence(const Painter *p, const Eye *e, const Item *m, Canvas *c)
{
    float every = 0.42f / m->depth, k = p->scale * e->camera.zoom, h = m->height * k;
    float left = eye_rest_x(p, e, 0, m->depth), w = fmaxf(1, h * 0.14f), y, x0, x1;
    Hex dark = canvas_scale(m->color, 0.7f);
    int64_t first = (int64_t)floorf(left / every);
    int n = (int)((float)c->width / k / every) + 3;
    eye_point(p, e, left, m->y, m->depth, &x0, &y);
    x0 = -2, x1 = (float)c->width + 2;
    for (int i = 0; i < 2; i++) {
        float at = y - h * (i ? 0.42f : 0.8f);
        canvas_limb(c, &(Stroke){ x0, at, x1, at, w * 0.8f, w * 0.8f, m->color, 255 }, dark);
    }
    for (int i = 0; i < n; i++) {
        float x, lean = 0.03f * h * paint_draw(m->seed, (uint64_t)(first + i), -1, 1);
        eye_point(p, e, (float)(first + i) * every, m->y, m->depth, &x, &y);
        canvas_spot(c, &(Spot){ x, y, h * 0.22f, h * 0.06f + 0.5f,
                                canvas_scale(p->look.ground_near, 0.16f),
                                (unsigned)(200 * p->look.shadow) });
        canvas_limb(c, &(Stroke){ x, y, x + lean, y - h, w * 1.2f, w * 1.1f, m->color, 255 }, dark);
    }
}

void thing_paint(const Painter *p, const Eye *e, const Item *m, Canvas *c)
{
    Spotted s = place(p, e, m);
    if (m->kind == ITEM_FENCE) {
        fence(p, e, m, c);
        return;
    }
    if (outside(p, e, m, c)) return;
    switch (m->kind) {
    case ITEM_SPRITE: sprite(p, m, &s, c); break;
    case ITEM_TUFT: tuft(p, e, m, &s, c); break;
    case ITEM_ROCK: rock(p, m, &s, c); break;
    case ITEM_CACTUS: cactus(p, m, &s, c); break;
    case ITEM_CORAL: coral(p, m, &s, c); break;
    case ITEM_WEED: weed(p, e, m, &s, c); break;
    case ITEM_LAMP: lamp(p, m, &s, c); break;
    default: break;
    }
}
