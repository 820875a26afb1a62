/* Rain, snow, fog and wind in front of everything; a function of (seed, time) alone. */
#include "world/painter.h"

#include <math.h>

#include "base/rng.h"

static float wrap(float x)
{
    return x - floorf(x);
}

static void rain(const Painter *p, const Eye *e, Canvas *c, uint64_t seed)
{
    int n = (int)(90 * fminf(3, fmaxf(0.6f, p->stage->view.aspect)));
    for (int i = 0; i < n; i++) {
        float near = paint_draw(seed, 3 * i, 0.4f, 1.2f);
        float x = wrap(paint_draw(seed, 3 * i + 1, 0, 1) - 0.12f * e->time_s * near -
                       e->camera.x * 0.3f * near);
        float y = wrap(paint_draw(seed, 3 * i + 2, 0, 1) + 1.5f * e->time_s * near) * 1.2f - 0.1f;
        float px = x * (float)c->width, py = y * p->scale, len = 0.07f * near * p->scale;
        float w = fmaxf(0.6f, 0.004f * near * p->scale);
        canvas_stroke(c, &(Stroke){ px, py, px - len * 0.12f, py + len, w * 0.5f, w, 0xdfeaf8,
                                    (unsigned)(70 + 70 * near) });
    }
}

static void snow(const Painter *p, const Eye *e, Canvas *c, uint64_t seed)
{
    int n = (int)(110 * fminf(3, fmaxf(0.6f, p->stage->view.aspect)));
    for (int i = 0; i < n; i++) {
        float near = paint_draw(seed, 3 * i, 0.35f, 1.2f);
        float sway = 0.02f * sinf(e->time_s * 1.3f + (float)i);
        float x = wrap(paint_draw(seed, 3 * i + 1, 0, 1) + sway - e->camera.x * 0.3f * near);
        float y = wrap(paint_draw(seed, 3 * i + 2, 0, 1) + 0.22f * e->time_s * near) * 1.1f - 0.05f;
        float r = fmaxf(0.8f, 0.011f * near * p->scale);
        canvas_spot(
            c, &(Spot){ x * (float)c->width, y * p->scale, r * 1.3f, r * 1.3f, 0xffffff, 235 });
    }
}

static void fog(const Painter *p, const Eye *e, Canvas *c, uint64_t seed)
{
    for (int i = 0; i < 9; i++) {
        float x = wrap(paint_draw(seed, 3 * i, 0, 1) + 0.02f * e->time_s) * 1.6f - 0.3f;
        float y = p->stage->view.horizon + paint_draw(seed, 3 * i + 1, -0.14f, 0.14f);
        float r = paint_draw(seed, 3 * i + 2, 0.3f, 0.6f) * p->scale;
        canvas_spot(c, &(Spot){ x * (float)c->width, eye_row(p, e, y), r * 1.6f, r * 0.45f,
                                p->look.haze, 88 });
    }
}

static void leaves(const Painter *p, const Eye *e, Canvas *c, uint64_t seed)
{
    static const Hex LEAF[] = { 0xd98a3a, 0xb8c04a, 0xe0b04a, 0x7fae4a };
    for (int i = 0; i < 14; i++) {
        float near = paint_draw(seed, 3 * i, 0.5f, 1.3f), t = e->time_s * near;
        float x = wrap(paint_draw(seed, 3 * i + 1, 0, 1) + 0.55f * t - e->camera.x * 0.3f * near);
        float y =
            wrap(paint_draw(seed, 3 * i + 2, 0, 1) + 0.12f * t) + 0.04f * sinf(5 * t + (float)i);
        float a = 6 * t + (float)i, len = 0.022f * near * p->scale, px = x * (float)c->width;
        float dx = cosf(a) * len, dy = sinf(a) * len * 0.7f, py = y * p->scale;
        Stroke s = {
            px - dx, py - dy, px, py, 0, fmaxf(0.7f, len * 0.5f), look_grade(p->stage, LEAF[i % 4]),
            230
        };
        canvas_stroke(c, &s);
        s = (Stroke){ px, py, px + dx, py + dy, s.w1, 0, s.color, 230 };
        canvas_stroke(c, &s);
    }
}

void weather_paint(const Painter *p, const Eye *e, Canvas *c)
{
    uint64_t seed = rng_split(p->seed, 'w');
    Scene scene = p->stage->facts.scene;
    if (p->wall_depth > 0 || scene == SCENE_SEA_FLOOR || scene == SCENE_SPACE) return;
    switch (p->stage->facts.weather) {
    case WEATHER_RAIN: rain(p, e, c, seed); break;
    case WEATHER_SNOW: snow(p, e, c, seed); break;
    case WEATHER_FOG: fog(p, e, c, seed); break;
    case WEATHER_WIND: leaves(p, e, c, seed); break;
    default: break;
    }
}
