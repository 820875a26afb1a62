#include "world/paint_backdrop.h"

#include <math.h>
#include <string.h>

#include "world/paint_body.h"

enum {
    PLATE_PIXELS_MAX = 2 << 20
}; /* larger pictures are painted anew in each frame: plates of
      all items would take gigabytes */

static int first_near_item(const Painter *p)
{
    float far = 0;
    for (size_t k = 0; k < p->stage->frames; k++) {
        Drawn body[BODIES_MAX];
        if (bodies_of(p, &p->stage->frame[k], body)) far = fmaxf(far, body[0].pose->depth);
    }
    int i = 0;
    while (i < p->items && p->item[i].depth >= far) i++;
    return i;
}

static bool sky_moves(const Painter *p)
{
    for (int i = 0; i < p->items; i++)
        if (p->item[i].air) return true;
    return false;
}

static void drift(const Painter *p, const Eye *e, Canvas *c)
{
    for (int i = 0; i < p->items; i++)
        if (p->item[i].air) sky_item(p, e, &p->item[i], c);
}

static void paint_land(const Painter *p, const Eye *e, Canvas *c)
{
    for (int i = 0; i < p->ridges; i++) land_ridge(p, e, &p->ridge[i], c);
    inside_paint(p, e, 0, c);
    land_ground(p, e, c);
    inside_floor(p, e, c);
    inside_paint(p, e, 1, c);
}

/* The part of the picture of plate's own eye that is seen in some frame; with room to interpolate.
 */
static ThingBox seen_area(const Painter *p, const Eye *eye, int width, int height, float depth)
{
    ThingBox box = { INFINITY, INFINITY, -INFINITY, -INFINITY };
    for (size_t k = 0; k < p->stage->frames; k++) {
        Eye e = { .camera = p->stage->frame[k].camera };
        float x0, y0, x1, y1;
        eye_point(p, eye, eye_rest_x(p, &e, 0, depth), eye_rest(p, &e, 0), depth, &x0, &y0);
        eye_point(p, eye, eye_rest_x(p, &e, (float)width, depth), eye_rest(p, &e, (float)height),
                  depth, &x1, &y1);
        box.x0 = fminf(box.x0, x0 - 2), box.y0 = fminf(box.y0, y0 - 2);
        box.x1 = fmaxf(box.x1, x1 + 2), box.y1 = fmaxf(box.y1, y1 + 2);
    }
    return box;
}

static Plate plate_of(const Painter *p, ThingBox b, float depth)
{
    return plate_new(p->arena, b.x0, b.y0, b.x1, b.y1, depth);
}

/* Still and zoom: sky, land, items. */
static void make_whole(const Painter *p, int width, int height, Backdrop *b)
{
    ThingBox area = { 0, 0, (float)width, (float)height };
    if (b->motion == MOTION_ZOOM) area = seen_area(p, &b->eye, width, height, 1);
    bool water = water_is(p);
    b->holes = sky_moves(p);
    b->sky = plate_of(p, area, 1);
    Eye e = plate_eye(&b->sky, &b->eye);
    sky_paint(p, &e, &b->sky.c);
    if (b->holes) b->land = plate_of(p, area, 1);
    Canvas *land = b->holes ? &b->land.c : &b->sky.c, *items = land;
    paint_land(p, &e, land);
    if (water) {
        b->items = plate_of(p, area, 1);
        items = &b->items.c;
    }
    for (int i = 0; i < b->first; i++)
        if (!p->item[i].air) thing_paint(p, &e, &p->item[i], items);
    plate_close(&b->sky, p->arena);
    if (b->holes) plate_close(&b->land, p->arena);
    if (water) plate_close(&b->items, p->arena);
}

static void make_item(const Painter *p, Backdrop *b, int i, int width, int height)
{
    const Item *m = &p->item[i];
    ThingBox box, seen = seen_area(p, &b->eye, width, height, m->depth);
    if (m->air || thing_sways(p, m)) return;
    if (!thing_box(p, &b->eye, m, &box)) {
        float y = box.y1;
        box = seen;
        box.y0 = fmaxf(box.y0, y - m->height * 2 * p->scale - 4), box.y1 = fminf(box.y1, y);
    }
    if (box.x1 < seen.x0 || box.x0 > seen.x1 || box.y1 < seen.y0 || box.y0 > seen.y1) return;
    b->item[i] = plate_of(p, box, m->depth);
    Eye e = plate_eye(&b->item[i], &b->eye);
    thing_paint(p, &e, m, &b->item[i].c);
    plate_close(&b->item[i], p->arena);
}

/* Shift: a plate for each depth. */
static void make_parts(const Painter *p, int width, int height, Backdrop *b)
{
    const View *v = &p->stage->view;
    b->sky = plate_of(p, seen_area(p, &b->eye, width, height, 60), 60);
    Eye e = plate_eye(&b->sky, &b->eye);
    sky_paint(p, &e, &b->sky.c);
    plate_close(&b->sky, p->arena);
    for (int i = 0; i < p->ridges; i++) {
        const Ridge *r = &p->ridge[i];
        ThingBox box = seen_area(p, &b->eye, width, height, r->depth);
        box.y1 = fminf(box.y1, eye_row(p, &b->eye, v->horizon) + 4);
        box.y0 = fminf(box.y0, box.y1 - 2);
        b->ridge[i] = plate_of(p, box, r->depth);
        e = plate_eye(&b->ridge[i], &b->eye);
        land_ridge(p, &e, r, &b->ridge[i].c);
        plate_close(&b->ridge[i], p->arena);
    }
    for (int i = 0; i < INSIDE_LAYERS; i++) {
        float depth = inside_depth(p, i);
        if (depth <= 0) continue;
        b->wall[i] = plate_of(p, seen_area(p, &b->eye, width, height, depth), depth);
        e = plate_eye(&b->wall[i], &b->eye);
        inside_paint(p, &e, i, &b->wall[i].c);
        plate_close(&b->wall[i], p->arena);
    }
    if (v->ground) {
        float lowest = eye_rest(p, &b->eye, (float)height) + p->stage->tilt_max + 0.05f;
        float near = (v->base - v->horizon) / fmaxf(lowest - v->horizon, 0.05f);
        b->ground = plate_of(p, seen_area(p, &b->eye, width, height, fminf(near, 1)), 1);
        e = plate_eye(&b->ground, &b->eye);
        land_ground(p, &e, &b->ground.c);
        inside_floor(p, &e, &b->ground.c);
        plate_close(&b->ground, p->arena);
    }
    b->item = arena_zero(p->arena, (size_t)(p->items + 1) * sizeof *b->item);
    for (int i = 0; i < p->items; i++) make_item(p, b, i, width, height);
}

void backdrop_make(Painter *p, int width, int height, Backdrop *b)
{
    const Stage *s = p->stage;
    *b = (Backdrop){ .motion = plate_motion(s), .eye = { .camera = s->frame[0].camera } };
    if ((size_t)width * (size_t)height > PLATE_PIXELS_MAX && b->motion != MOTION_STILL)
        b->motion = MOTION_FREE;
    ViewCamera *c = &b->eye.camera;
    for (size_t k = 0; k < s->frames && b->motion == MOTION_ZOOM; k++)
        c->zoom = fmaxf(c->zoom, s->frame[k].camera.zoom);
    if (b->motion == MOTION_STILL || b->motion == MOTION_ZOOM) b->first = first_near_item(p);
    if (b->motion == MOTION_STILL || b->motion == MOTION_ZOOM) make_whole(p, width, height, b);
    if (b->motion == MOTION_SHIFT) make_parts(p, width, height, b);
}

static void over(Canvas *c, const Canvas *top)
{
    size_t n = (size_t)c->width * (size_t)c->height;
    for (size_t i = 0; i < n; i++) {
        uint32_t s = top->px[i];
        if (s >> 24 == 255)
            c->px[i] = s;
        else if (s)
            c->px[i] = canvas_over(s, c->px[i]);
    }
}

static void put_whole(const Painter *p, const Backdrop *b, const Plate *plate, const Eye *e,
                      Canvas *c)
{
    if (b->motion == MOTION_ZOOM)
        plate_scale(p, plate, &b->eye, e, c);
    else
        over(c, &plate->c);
}

static void paint_parts(const Painter *p, const Backdrop *b, const Eye *e, Canvas *c)
{
    plate_shift(p, &b->sky, &b->eye, e, c);
    drift(p, e, c);
    for (int i = 0; i < p->ridges; i++) plate_shift(p, &b->ridge[i], &b->eye, e, c);
    if (b->wall[0].c.px) plate_shift(p, &b->wall[0], &b->eye, e, c);
    if (b->ground.c.px) plate_shift_ground(p, &b->ground, &b->eye, e, c);
    if (b->wall[1].c.px) plate_shift(p, &b->wall[1], &b->eye, e, c);
}

void backdrop_paint(const Painter *p, const Backdrop *b, const Eye *e, Canvas *c)
{
    size_t bytes = (size_t)c->width * (size_t)c->height * sizeof *c->px;
    switch (b->motion) {
    case MOTION_FREE:
        sky_paint(p, e, c);
        drift(p, e, c);
        paint_land(p, e, c);
        break;
    case MOTION_SHIFT: paint_parts(p, b, e, c); break;
    case MOTION_ZOOM: plate_scale(p, &b->sky, &b->eye, e, c); break;
    case MOTION_STILL: memcpy(c->px, b->sky.c.px, bytes); break;
    }
    if (b->holes) {
        drift(p, e, c);
        put_whole(p, b, &b->land, e, c);
    }
    if (water_is(p)) water_paint(p, e, c);
    if (b->items.c.px) put_whole(p, b, &b->items, e, c);
}

void backdrop_item(const Painter *p, const Backdrop *b, const Eye *e, int i, Canvas *c)
{
    if (b->motion != MOTION_SHIFT || thing_sways(p, &p->item[i]))
        thing_paint(p, e, &p->item[i], c);
    else if (b->item[i].c.px)
        plate_shift(p, &b->item[i], &b->eye, e, c);
}
