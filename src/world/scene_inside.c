/* Rooms and stages: the wall behind, with what hangs on it. Its place is a plane at wall_depth, so
 * that it moves as the camera does. */
#include "world/painter.h"

#include <math.h>

#include "base/rng.h"

/* A place on the wall: x, y of the picture at rest, at the wall's depth; pixels out. */
typedef struct Wall {
    const Painter *p;
    const Eye *e;
    Canvas *c;
    float depth, foot, left, right; /* foot: y of its lower edge */
} Wall;

typedef struct Rect {
    float x0, y0, x1, y1;
} Rect;

static void fill(const Wall *w, Rect r, Hex top, Hex bottom, unsigned alpha)
{
    float x0, y0, x1, y1;
    if (r.x1 <= r.x0 || r.y1 <= r.y0) return;
    eye_point(w->p, w->e, r.x0, r.y0, w->depth, &x0, &y0);
    eye_point(w->p, w->e, r.x1, r.y1, w->depth, &x1, &y1);
    canvas_quad(w->c, &(Quad){ y0, x0, x1, y1, x0, x1, top, bottom, alpha });
}

static void hang(const Wall *w, const char *id, float x, float y, float height)
{
    int i = cast_find(w->p->cast, CAST_SCENERY, id);
    if (i < 0) return;
    const Sprite *s = cast_sprite(w->p->cast, CAST_SCENERY, (size_t)i);
    float px, py, k = w->p->scale * w->e->camera.zoom;
    eye_point(w->p, w->e, x, y + height / 2, w->depth, &px, &py);
    canvas_spot(w->c, &(Spot){ px + 0.012f * k, py - height * k * 0.46f,
                               height * s->aspect * k * 0.62f, height * k * 0.62f, 0x3a2a20, 70 });
    canvas_sprite(w->c, &(Blit){ .sprite = s,
                                 .x = px,
                                 .y = py,
                                 .width = height * s->aspect * k,
                                 .height = height * k,
                                 .mirror = 1,
                                 .end = INFINITY,
                                 .tint = w->p->look.scenery,
                                 .alpha = 256 });
}

static Hex tone(const Wall *w, Hex c)
{
    return look_grade(w->p->stage, c);
}

static const float PANE_TOP = 0.13f, PANE_FOOT = 0.47f, PANE_HALF = 0.15f;

/* Frame, bars, sill and curtains round the hole that was left in the wall. */
static void window(const Wall *w, float x, Hex cloth)
{
    Hex white = tone(w, 0xfdfaf4), shade = tone(w, 0xd9d2c6);
    float h = PANE_HALF, f = 0.016f;
    fill(w, (Rect){ x - h - f, PANE_TOP - f, x + h + f, PANE_TOP }, white, white, 255);
    fill(w, (Rect){ x - h - f, PANE_FOOT, x + h + f, PANE_FOOT + f }, white, shade, 255);
    fill(w, (Rect){ x - h - f, PANE_TOP, x - h, PANE_FOOT }, white, white, 255);
    fill(w, (Rect){ x + h, PANE_TOP, x + h + f, PANE_FOOT }, shade, shade, 255);
    fill(w, (Rect){ x - 0.006f, PANE_TOP, x + 0.006f, PANE_FOOT }, white, white, 255);
    float bar = PANE_TOP + 0.12f;
    fill(w, (Rect){ x - h, bar, x + h, bar + 0.01f }, white, shade, 255);
    fill(w, (Rect){ x - h - 0.03f, PANE_FOOT + f, x + h + 0.03f, PANE_FOOT + f + 0.018f }, white,
         shade, 255);
    for (int side = -1; side <= 1; side += 2)
        for (int i = 0; i < 4; i++) { /* folds */
            float a = x + (float)side * (h + 0.055f) + 0.026f * ((float)i - 2);
            Hex top = canvas_scale(tone(w, cloth), i % 2 ? 1 : 0.9f);
            fill(w, (Rect){ a, PANE_TOP - 0.035f, a + 0.0265f, PANE_FOOT + 0.06f }, top,
                 canvas_scale(top, 0.9f), 255);
        }
    fill(w, (Rect){ x - h - 0.13f, PANE_TOP - 0.045f, x + h + 0.13f, PANE_TOP - 0.03f },
         tone(w, 0xb98a5c), tone(w, 0x8c6440), 255);
}

/* Wall between two holes, lit from above, with faint stripes of paper. */
static void paper(const Wall *w, Rect r, Hex color)
{
    fill(w, r, canvas_scale(color, 1 + 0.06f * (0.3f - r.y0)),
         canvas_scale(color, 1 + 0.12f * (0.3f - r.y1)), 255);
    const float gap = 0.09f;
    for (float x = ceilf(r.x0 / gap) * gap; x + gap / 2 < r.x1; x += gap)
        fill(w, (Rect){ x, r.y0, x + gap / 2, r.y1 }, canvas_scale(color, 1.05f), color, 60);
}

/* The slots of the wall, from left to right: what is in slot i. */
typedef enum Slot { SLOT_WINDOW, SLOT_PAINTING, SLOT_MIRROR, SLOT_EMPTY, SLOT_DOOR } Slot;

static const float SLOT_GAP = 0.56f;

static Slot slot_at(const Painter *p, int64_t i)
{
    if (((uint64_t)i + p->seed) % 2 == 0) return SLOT_WINDOW; /* one in every picture */
    return (Slot)(1 + rng_below(p->seed, (uint64_t)(i + 4000), 4));
}

static void room(const Wall *w)
{
    static const Hex PAPER[] = { 0xf3dfc6, 0xcfe3d4, 0xc9dcec, 0xf2cfcb, 0xe9dbef, 0xf6e6b4 };
    static const Hex CLOTH[] = { 0xe8836f, 0x6fa8c9, 0xf0b85c, 0x8bbf86, 0xb48fc7 };
    uint64_t seed = rng_split(w->p->seed, 'r');
    Hex color = tone(w, PAPER[rng_below(seed, 1, 6)]), cloth = CLOTH[rng_below(seed, 2, 5)];
    float shift = paint_draw(seed, 3, -0.25f, 0.25f);
    int64_t first = (int64_t)floorf((w->left - shift) / SLOT_GAP) - 1;
    int64_t last = (int64_t)ceilf((w->right - shift) / SLOT_GAP) + 1;
    float top = -0.8f, done = w->left - 1;
    for (int64_t i = first; i <= last; i++) {
        if (slot_at(w->p, i) != SLOT_WINDOW) continue;
        float x = shift + (float)i * SLOT_GAP;
        paper(w, (Rect){ done, top, x - PANE_HALF, w->foot }, color);
        paper(w, (Rect){ x - PANE_HALF, top, x + PANE_HALF, PANE_TOP }, color);
        paper(w, (Rect){ x - PANE_HALF, PANE_FOOT, x + PANE_HALF, w->foot }, color);
        done = x + PANE_HALF;
    }
    paper(w, (Rect){ done, top, w->right + 1, w->foot }, color);
    for (int64_t i = first; i <= last; i++) {
        float x = shift + (float)i * SLOT_GAP;
        Slot slot = slot_at(w->p, i);
        if (slot == SLOT_WINDOW) window(w, x, cloth);
        if (slot == SLOT_PAINTING) hang(w, "painting", x, 0.3f, 0.17f);
        if (slot == SLOT_MIRROR) hang(w, "mirror", x, 0.31f, 0.22f);
        if (slot == SLOT_DOOR) hang(w, "door", x, w->foot - 0.22f, 0.44f);
    }
    fill(w, (Rect){ w->left - 1, w->foot - 0.036f, w->right + 1, w->foot }, tone(w, 0xfbf6ec),
         tone(w, 0xd8cfc0), 255);
}

/* Cloth in folds: shade by a wave that is itself bent, across [x0, x1) of the picture. */
static void cloth(const Wall *w, Rect r, Hex color, float fold, float scallop)
{
    float x0, y0, x1, y1, k = w->p->scale * w->e->camera.zoom;
    eye_point(w->p, w->e, r.x0, r.y0, w->depth, &x0, &y0);
    eye_point(w->p, w->e, r.x1, r.y1, w->depth, &x1, &y1);
    int first = x0 < 0 ? 0 : (int)x0, end = x1 > (float)w->c->width ? w->c->width : (int)ceilf(x1);
    for (int x = first; x < end; x++) {
        float at = eye_rest_x(w->p, w->e, (float)x + 0.5f, w->depth);
        float wave = sinf(at * fold + 0.8f * sinf(at * fold * 0.31f));
        Hex shade = canvas_scale(color, 0.86f + 0.2f * wave + 0.06f * sinf(at * fold * 2.7f));
        float foot = y1 - scallop * k * fabsf(sinf(at * 9));
        canvas_quad(w->c, &(Quad){ y0, (float)x, (float)x + 1, foot, (float)x, (float)x + 1,
                                   canvas_scale(shade, 0.72f), shade, 255 });
    }
}

static void stage(const Wall *w, int layer)
{
    static const Hex BACK[] = { 0xa8263f, 0x7a2a6a, 0x2c4a8c, 0x1f6a5c, 0x9c3a24 };
    uint64_t seed = rng_split(w->p->seed, 'r');
    Hex color = tone(w, BACK[rng_below(seed, 1, 5)]);
    float half = w->p->stage->view.aspect / 2, side = 0.1f + 0.06f * half;
    if (layer == 0) {
        cloth(w, (Rect){ w->left - 1, -0.8f, w->right + 1, w->foot }, canvas_scale(color, 0.72f),
              34, 0);
        return;
    }
    cloth(w, (Rect){ -half - 2, -0.8f, -half + side, w->foot }, color, 60, 0);
    cloth(w, (Rect){ half - side, -0.8f, half + 2, w->foot }, color, 60, 0);
    cloth(w, (Rect){ -half - 2, -0.8f, half + 2, 0.13f }, canvas_scale(color, 1.1f), 44, 0.045f);
    float foot = 0.118f;
    fill(w, (Rect){ -half - 2, foot - 0.14f, half + 2, foot - 0.125f }, tone(w, 0xf0c860),
         tone(w, 0xb98a30), 255);
}

float inside_depth(const Painter *p, int layer)
{
    if (layer == 0) return p->wall_depth;
    return p->stage->facts.scene == SCENE_STAGE ? p->wall_depth * 0.75f : 0; /* wings, border */
}

void inside_paint(const Painter *p, const Eye *e, int layer, Canvas *c)
{
    float depth = inside_depth(p, layer);
    if (depth <= 0) return;
    Wall w = { p, e, c, depth, view_ground(&p->stage->view, depth), 0, 0 };
    w.left = eye_rest_x(p, e, 0, w.depth), w.right = eye_rest_x(p, e, (float)c->width, w.depth);
    if (p->stage->facts.scene == SCENE_ROOM) room(&w);
    if (p->stage->facts.scene == SCENE_STAGE) stage(&w, layer);
}

/* A rug or nothing in the room; pools of light on the stage. */
void inside_floor(const Painter *p, const Eye *e, Canvas *c)
{
    static const Hex RUG[] = { 0xd96a5f, 0x5f8fc0, 0x6fae8c, 0xe0a94c, 0x9a78b8 };
    uint64_t seed = rng_split(p->seed, 'f');
    float px, py, k = p->scale * e->camera.zoom;
    if (p->wall_depth <= 0) return;
    Hex dark = canvas_scale(p->look.ground_near, 0.3f);
    eye_point(p, e, 0, view_ground(&p->stage->view, p->wall_depth), p->wall_depth, &px, &py);
    canvas_quad(
        c, &(Quad){ py, 0, (float)c->width, py + 0.05f * k, 0, (float)c->width, dark, dark, 40 });
    if (p->stage->facts.scene != SCENE_ROOM || rng_below(seed, 1, 3) == 0) return;
    Hex rug = look_grade(p->stage, RUG[rng_below(seed, 2, 5)]);
    float x = paint_draw(seed, 3, -0.1f, 0.1f), y = view_ground(&p->stage->view, 1.08f);
    float rx = paint_draw(seed, 4, 0.5f, 0.62f);
    eye_point(p, e, x, y, 1.08f, &px, &py);
    canvas_ball(c, &(Spot){ px, py + 0.006f * k, rx * k, rx * 0.155f * k, dark, 90 }, dark,
                INFINITY);
    canvas_ball(c, &(Spot){ px, py, rx * k, rx * 0.15f * k, rug, 255 }, canvas_scale(rug, 0.9f),
                INFINITY);
    Hex pale = canvas_blend(rug, look_grade(p->stage, 0xfff4e0), 0.6f);
    canvas_ball(c, &(Spot){ px, py, rx * 0.86f * k, rx * 0.126f * k, pale, 255 }, pale, INFINITY);
    canvas_ball(c, &(Spot){ px, py, rx * 0.8f * k, rx * 0.117f * k, rug, 255 },
                canvas_scale(rug, 0.9f), INFINITY);
}
