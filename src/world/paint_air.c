/* Light and small life between the scene and the viewer: rays and bubbles under water, beams on
 * the stage, fireflies at night. Functions of (seed, time) alone. */
#include "world/painter.h"

#include <math.h>

#include "base/rng.h"

static float wrap(float x)
{
    return x - floorf(x);
}

/* Light through waves: where two drifting noises agree there is a bright thread on the ground. */
static void caustics(const Painter *p, const Eye *e, Canvas *c)
{
    const View *v = &p->stage->view;
    float span = v->base - v->horizon, edge = eye_row(p, e, v->horizon + 0.3f * span);
    bool night = p->stage->facts.time == TIME_NIGHT;
    int peak = night ? 34 : 80, t = (int)(e->time_s * 7 * 256);
    for (int y = edge < 0 ? 0 : (int)edge; y < c->height; y++) {
        float depth = span / fmaxf(eye_rest(p, e, (float)y + 0.5f) - v->horizon, 0.002f);
        float step = depth / (p->scale * e->camera.zoom) * 44, fade = fminf(1, 2 / depth - 0.4f);
        float u0 = eye_rest_x(p, e, 0.5f, depth) * depth * 44;
        const uint8_t *a = p->soft + ((int)(depth * 90) & (NOISE_SIDE - 1)) * NOISE_SIDE;
        const uint8_t *b =
            p->soft + ((int)(depth * 70 + e->time_s * 4) & (NOISE_SIDE - 1)) * NOISE_SIDE;
        int u = (int)((u0 + 65536) * 256), du = (int)(step * 256);
        uint32_t *row = c->px + (size_t)y * (size_t)c->width;
        for (int x = 0; x < c->width; x++, u += du) {
            int i = (u + t) >> 8 & (NOISE_SIDE - 1), j = (u - t + 9000) >> 8 & (NOISE_SIDE - 1);
            int d = a[i] - b[j], k = 26 - (d < 0 ? -d : d);
            if (k > 0)
                row[x] = canvas_mix(row[x], 0xfffff0e0, (uint32_t)((float)(k * peak / 26) * fade));
        }
    }
}

static void rays(const Painter *p, const Eye *e, Canvas *c)
{
    uint64_t seed = rng_split(p->seed, 'r');
    float width = (float)c->width, tall = (float)c->height;
    bool night = p->stage->facts.time == TIME_NIGHT;
    for (int i = 0; i < 5; i++) {
        float x = width * (paint_draw(seed, 3 * i, -0.1f, 1) - e->camera.x * 0.05f);
        float w = p->scale * paint_draw(seed, 3 * i + 1, 0.03f, 0.1f), lean = 0.25f * p->scale;
        float pulse = 0.6f + 0.4f * sinf(e->time_s * 0.9f + (float)i * 2.1f);
        unsigned alpha = (unsigned)((night ? 12 : 24) * pulse);
        float foot = tall * paint_draw(seed, 3 * i + 2, 0.7f, 0.95f);
        for (int k = 0; k < 3; k++) { /* soft sides: three of them, each narrower */
            float in = w * 0.22f * (float)k;
            canvas_quad(c, &(Quad){ -1, x + in, x + w - in, foot, x + lean + in * 2,
                                    x + lean + w * 2 - in * 2, 0xe0fbff, 0x9fe6f0, alpha, 0.8f });
        }
    }
}

static void bubbles(const Painter *p, const Eye *e, Canvas *c)
{
    uint64_t seed = rng_split(p->seed, 'u');
    float n = 12 * fmaxf(1, p->stage->view.aspect);
    for (int i = 0; i < (int)n; i++) {
        float near = paint_draw(seed, 4 * i, 0.4f, 1);
        float y =
            1.05f - 1.15f * wrap(paint_draw(seed, 4 * i + 1, 0, 1) + e->time_s * 0.12f * near);
        float x = wrap(paint_draw(seed, 4 * i + 2, 0, 1) - e->camera.x * 0.3f * near) +
                  0.008f * sinf(e->time_s * 2.5f + (float)i);
        float r = fmaxf(0.9f, 0.012f * near * p->scale), px = x * (float)c->width,
              py = y * p->scale;
        canvas_ball(c, &(Spot){ px, py, r, r, 0xd8f6ff, 120 }, 0x8fd8ee, INFINITY);
        canvas_spot(c,
                    &(Spot){ px - r * 0.35f, py - r * 0.35f, r * 0.5f, r * 0.5f, 0xffffff, 230 });
    }
}

static void fireflies(const Painter *p, const Eye *e, Canvas *c)
{
    uint64_t seed = rng_split(p->seed, 'y');
    for (int i = 0; i < 14; i++) {
        float depth = paint_draw(seed, 4 * i, 1.1f, 2.4f), t = e->time_s, px, py;
        float x = paint_draw(seed, 4 * i + 1, -0.6f, 0.6f) * p->stage->view.aspect * depth +
                  0.05f * sinf(t * 0.9f + (float)i * 1.7f);
        float y = view_ground(&p->stage->view, depth) - paint_draw(seed, 4 * i + 2, 0.02f, 0.22f) +
                  0.02f * sinf(t * 1.3f + (float)i);
        float light = 0.5f + 0.5f * sinf(t * 2.2f + (float)i * 2.4f),
              r = fmaxf(1.6f, 0.016f * p->scale);
        eye_point(p, e, x / depth, y, depth, &px, &py);
        canvas_glow(c, &(Spot){ px, py, r * 1.6f, r * 1.6f, 0xd8ff70, (unsigned)(160 * light) });
        canvas_glow(c, &(Spot){ px, py, r * 0.5f, r * 0.5f, 0xfbffd8, (unsigned)(255 * light) });
    }
}

void air_under(const Painter *p, const Eye *e, Canvas *c)
{
    if (p->stage->facts.scene == SCENE_SEA_FLOOR) caustics(p, e, c);
}

void air_over(const Painter *p, const Eye *e, Canvas *c)
{
    const Facts *f = &p->stage->facts;
    if (f->scene == SCENE_SEA_FLOOR) {
        rays(p, e, c);
        bubbles(p, e, c);
    }
    bool green = f->scene == SCENE_MEADOW || f->scene == SCENE_FOREST || f->scene == SCENE_RIVER ||
                 f->scene == SCENE_FARM;
    if (green && f->time == TIME_NIGHT &&
        (f->weather == WEATHER_CLEAR || f->weather == WEATHER_FOG))
        fireflies(p, e, c);
}
