/* Sky: gradient, sun or moon with their light, stars; and the clouds that drift in it. */
#include "world/painter.h"

#include <math.h>

#include "base/rng.h"

static void gradient(const Painter *p, const Eye *e, Canvas *c)
{
    float horizon = p->stage->view.ground ? p->stage->view.horizon : 1;
    for (int y = 0; y < c->height; y++) {
        float rest = eye_rest(p, e, (float)y + 0.5f);
        uint32_t px = canvas_rgba(canvas_gradient_at(&p->look.sky, rest / horizon), 255);
        uint32_t *row = c->px + (size_t)y * (size_t)c->width;
        for (int x = 0; x < c->width; x++) row[x] = px;
    }
}

static void stars(const Painter *p, const Eye *e, Canvas *c)
{
    uint64_t seed = rng_split(p->seed, 's');
    float aspect = p->stage->view.aspect, horizon = p->stage->view.horizon;
    int n = (int)(60 * fminf(3, fmaxf(0.7f, aspect)));
    bool space = p->stage->facts.scene == SCENE_SPACE;
    if (space) n *= 3;
    for (int i = 0; i < n; i++) {
        float x = paint_draw(seed, 4 * i, -0.6f, 0.6f) * aspect;
        float y = paint_draw(seed, 4 * i + 1, -0.1f, space ? 1.1f : horizon), px, py;
        eye_point(p, e, x, y, 60, &px, &py);
        float size = paint_draw(seed, 4 * i + 2, 0.0015f, 0.0055f) * p->scale;
        float fade = space ? 1 : 1 - y / horizon * 0.8f;
        float light = fade * (float)paint_draw(seed, 4 * i + 3, 90, 255);
        float r = fmaxf(size, 0.75f);
        canvas_glow(c, &(Spot){ px, py, r * 1.8f, r * 1.8f, 0xf4f2ff,
                                (unsigned)(light * fminf(1, size / r * 1.6f)) });
    }
}

static void moon(const Painter *p, const Eye *e, Canvas *c, float px, float py)
{
    (void)e;
    float r = 0.062f * p->scale;
    canvas_glow(c, &(Spot){ px, py, r * 6, r * 6, 0x8fa8ff, 60 });
    canvas_glow(c, &(Spot){ px, py, r * 2.2f, r * 2.2f, 0xc8d4ff, 90 });
    bool full = rng_below(p->seed, 77, 2);
    int i = cast_find(p->cast, CAST_SCENERY, full ? "full_moon" : "crescent_moon");
    if (i < 0) {
        canvas_ball(c, &(Spot){ px, py, r, r, 0xfffbe6, 255 }, 0xe6dcb8, INFINITY);
        return;
    }
    const Sprite *s = cast_sprite(p->cast, CAST_SCENERY, (size_t)i);
    Blit b = { .sprite = s,
               .x = px,
               .y = py + r,
               .height = 2 * r,
               .width = 2 * r * s->aspect,
               .mirror = 1,
               .end = INFINITY,
               .tint = TINT_NONE,
               .alpha = 256 };
    canvas_sprite(c, &b);
}

static void sun(const Painter *p, Canvas *c, float px, float py)
{
    bool dusk = p->stage->facts.time == TIME_DUSK;
    float r = (dusk ? 0.075f : 0.055f) * p->scale;
    Hex glow = dusk ? 0xff9a4a : 0xfff2c0;
    canvas_glow(c, &(Spot){ px, py, r * 9, r * (dusk ? 5.5f : 9), glow, dusk ? 110 : 60 });
    canvas_glow(c, &(Spot){ px, py, r * 3, r * 3, glow, 110 });
    if (dusk)
        canvas_ball(c, &(Spot){ px, py, r, r, 0xffe2a0, 255 }, 0xff9c50, INFINITY);
    else
        canvas_ball(c, &(Spot){ px, py, r, r, 0xfffbe0, 255 }, 0xffe58c, INFINITY);
}

/* Large clouds of faint colour. */
static void nebula(const Painter *p, const Eye *e, Canvas *c)
{
    static const Hex CLOUD[] = { 0x6a3ab0, 0x2a5ac0, 0xb03a8a, 0x2a8a9a, 0x8a4a30 };
    uint64_t seed = rng_split(p->seed, 'b');
    for (int i = 0; i < 9; i++) {
        float x = paint_draw(seed, 5 * i, -0.7f, 0.7f) * p->stage->view.aspect, px, py;
        float tilt = x * paint_draw(seed, 99, -0.6f, 0.6f);
        eye_point(p, e, x, 0.5f + tilt + paint_draw(seed, 5 * i + 1, -0.3f, 0.3f), 60, &px, &py);
        float r = paint_draw(seed, 5 * i + 2, 0.2f, 0.6f) * p->scale;
        canvas_glow(c, &(Spot){ px, py, r * 1.3f, r * paint_draw(seed, 5 * i + 3, 0.4f, 1),
                                CLOUD[rng_below(seed, (uint64_t)(5 * i + 4), 5)], 110 });
    }
}

void sky_paint(const Painter *p, const Eye *e, Canvas *c)
{
    const Look *l = &p->look;
    gradient(p, e, c);
    if (p->stage->facts.scene == SCENE_SPACE) nebula(p, e, c);
    if (l->stars || p->stage->facts.scene == SCENE_SPACE) stars(p, e, c);
    float px, py;
    eye_point(p, e, (l->sun_x - 0.5f) * p->stage->view.aspect, l->sun_y, 60, &px, &py);
    if (l->moon) moon(p, e, c, px, py);
    if (l->sun) sun(p, c, px, py);
}

void sky_item(const Painter *p, const Eye *e, const Item *m, Canvas *c)
{
    float px, py, k = p->scale * e->camera.zoom;
    eye_point(p, e, m->x + m->drift * e->time_s, m->y, m->depth, &px, &py);
    canvas_sprite(c, &(Blit){ .sprite = m->sprite,
                              .x = px,
                              .y = py,
                              .width = m->width * k,
                              .height = m->height * k,
                              .mirror = m->mirror,
                              .end = INFINITY,
                              .tint = m->tint,
                              .alpha = 256 });
}
