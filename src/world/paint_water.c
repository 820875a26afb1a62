/* Open water: beach and river. */
#include "world/painter.h"

#include <math.h>

bool water_is(const Painter *p)
{
    return p->stage->view.water_near > 0;
}

/* Waves as bands that grow towards the viewer; the near edge is a slow foam line. */
void water_paint(const Painter *p, const Eye *e, Canvas *c)
{
    const View *v = &p->stage->view;
    Hex far = look_grade(p->stage, 0x3f9fd6), near = look_grade(p->stage, 0x6fd3dc);
    Hex light = canvas_blend(p->look.haze, 0xffffff, 0.35f);
    far = canvas_blend(far, p->look.haze, 0.2f);
    bool river = p->stage->facts.scene == SCENE_RIVER;
    int y0 = (int)floorf(eye_row(p, e, v->water_far)),
        y1 = (int)eye_row(p, e, v->water_near + 0.04f);
    for (int y = y0 < 0 ? 0 : y0; y < y1 && y < c->height; y++) {
        float rest = eye_rest(p, e, (float)y + 0.5f);
        float t = (rest - v->water_far) / (v->water_near - v->water_far);
        float depth = (v->base - v->horizon) / fmaxf(rest - v->horizon, 0.01f);
        Hex base = canvas_blend(far, near, t * t);
        uint32_t *row = c->px + (size_t)y * (size_t)c->width;
        float x0 = eye_rest_x(p, e, 0.5f, depth) * depth, dx = depth / (p->scale * e->camera.zoom);
        float swell = 11 * logf(depth + 0.2f);
        float k = p->scale * e->camera.zoom, reach = 0.025f + 1 / k;
        bool shore = rest > v->water_near - reach - 0.02f || (river && rest < v->water_far + reach);
        for (int x = 0; x < c->width; x++, x0 += dx) {
            float cover = 1, foam = 0;
            if (shore) {
                float edge = 0.012f * sinf(x0 * 3.1f + e->time_s * 0.9f) +
                             0.008f * sinf(x0 * 7.3f - e->time_s);
                float in = (v->water_near + edge - rest) * k + 0.5f;
                float up = river ? (rest - v->water_far - edge * 0.4f) * k + 0.5f : 1;
                cover = fminf(1, fminf(in, up));
                if (cover <= 0) continue;
                foam = fmaxf(0, 1 - in / (0.018f * p->scale)) * 0.8f;
            }
            float crest =
                sinf(swell * 2.2f + e->time_s * 1.7f + 0.8f * sinf(x0 * 1.7f + e->time_s * 0.5f));
            if (crest > 0.55f)
                foam = fmaxf(foam, (crest - 0.55f) * 0.8f * (0.4f + 0.6f * sinf(x0 * 4 + swell)));
            Hex color = foam > 0 ? canvas_blend(base, light, foam) : base;
            uint32_t px = canvas_rgba(color, (unsigned)(255 * cover));
            row[x] = cover >= 1 ? px : canvas_over(px, row[x]);
        }
    }
}
