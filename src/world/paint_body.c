/* Bodies: their shadows, the light they stand in, and how they lie in water. */
#include "world/paint_body.h"

#include <math.h>

int bodies_of(const Painter *p, const StageFrame *f, Drawn out[BODIES_MAX])
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
    canvas_spot(c,
                &(Spot){ px - p->look.light_x * 0.05f * width * k, py, rx * 1.15f,
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
    float px, py, k = p->scale * e->camera.zoom,
                  half = 0.5f * q->height * fmaxf(1, b->sprite->aspect);
    eye_point(p, e, q->x, view_ground(&p->stage->view, q->depth), q->depth, &px, &py);
    Spot s = { px,
               py,
               (half + 0.14f) * k * 1.3f,
               (half + 0.14f) * k * 0.4f,
               stage ? 0xffefc8 : 0xa9bcff,
               stage ? 120 : 56 };
    canvas_glow(c, &s);
    if (!stage) {
        canvas_glow(c, &(Spot){ px, py - q->height * k * 0.5f, half * k * 1.5f,
                                q->height * k * 0.8f, 0x8fa6f0, 26 });
        return;
    }
    float top = px + (px < (float)c->width / 2 ? 0.3f : -0.3f) * p->scale;
    for (int i = 0; i < 3; i++) {
        float r = s.rx * (0.8f - 0.16f * (float)i), n = 0.03f * k * (1 - 0.25f * (float)i);
        canvas_quad(c, &(Quad){ -1, top - n, top + n, py + s.ry, px - r, px + r, 0xfff0cc, 0xfff0cc,
                                18, 1 });
    }
}

static Blit body_blit(const Painter *p, const Eye *e, const Drawn *b)
{
    const Pose *q = b->pose;
    float px, py, height = q->height * p->scale * e->camera.zoom;
    eye_point(p, e, q->x, q->y, q->depth, &px, &py);
    return (Blit){ .sprite = b->sprite,
                   .frame = frame_at(b->sprite, q->time_s),
                   .x = px,
                   .y = py,
                   .width = height * b->sprite->aspect * q->stretch_x,
                   .height = height * q->stretch_y,
                   .turn = q->turn,
                   .mirror = q->mirror,
                   .end = INFINITY,
                   .tint = look_actor(&p->look, b->sprite),
                   .alpha = 256 };
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
    const View *v = &p->stage->view;
    if (v->water_near > 0) mirror.end = eye_row(p, e, v->water_near - 0.02f); /* not on the bank */
    float swell = 1 + 0.08f * sinf(e->time_s * 2.6f);
    Hex light = canvas_blend(p->look.haze, 0xffffff, 0.4f);
    if (above) {
        canvas_sprite(c, &mirror);
        canvas_spot(c,
                    &(Spot){ blit.x, line + thin, wide * 1.35f * swell, thin * 3.4f, light, 90 });
        blit.end = line;
    }
    canvas_sprite(c, &blit);
    if (above) canvas_spot(c, &(Spot){ blit.x, line, wide * swell, thin * 1.5f, light, 200 });
}

void body_paint(const Painter *p, const Eye *e, const Drawn *b, Canvas *c)
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
