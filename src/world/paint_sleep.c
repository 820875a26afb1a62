/* Three letters Z that rise from who sleeps: no picture has its eyes shut. */
#include <math.h>

#include "world/painter.h"

typedef struct Letter {
    float x, y, size; /* its middle; pixels */
    unsigned alpha;
} Letter;

static void letter_z(Canvas *c, const Letter *z)
{
    const Hex light = 0xffffff, shade = 0x8fa8e8;
    float h = z->size / 2, w = fmaxf(z->size * 0.24f, 1.2f);
    Stroke s = { z->x - h, z->y - h, z->x + h, z->y - h, w, w, light, z->alpha };
    canvas_limb(c, &s, shade);
    s.x0 = z->x + h, s.x1 = z->x - h, s.y1 = z->y + h;
    canvas_limb(c, &s, shade);
    s.x0 = z->x - h, s.y0 = z->y + h, s.x1 = z->x + h;
    canvas_limb(c, &s, shade);
}

void sleep_paint(const Painter *p, const Eye *e, const Pose *q, const Sprite *sprite, Canvas *c)
{
    PoseBox box = pose_box(&p->stage->view, &e->camera, q, sprite->aspect);
    float cosine = fabsf(cosf(q->turn)) / 2, sine = fabsf(sinf(q->turn)) / 2;
    float half_w = box.width * cosine + box.height * sine;
    float half_h = box.height * cosine + box.width * sine;
    float way = q->heading < 0 ? -1 : 1, zoom = e->camera.zoom;
    for (int i = 0; i < 3; i++) {
        float at = e->time_s / 2.7f + (float)i / 3, rise = at - floorf(at);
        float fade = fminf(1, fminf(rise * 6, (1 - rise) * 4));
        Letter z = { .x = box.x + way * (0.3f * half_w + 0.1f * rise * zoom) +
                          0.012f * sinf(6.28f * rise),
                     .y = fmaxf(box.y - half_h, 0.26f) - (0.22f * rise - 0.03f) * zoom,
                     .size = (0.045f + 0.05f * rise) * zoom,
                     .alpha = (unsigned)(255 * fade) };
        z.x *= p->scale, z.y *= p->scale, z.size *= p->scale;
        letter_z(c, &z);
    }
}
