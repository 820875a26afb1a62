/* Lays out what a scene's table names, so that nothing stands before a body. */
#include "world/scene_dress.h"

#include <math.h>

#include "base/rng.h"

/* Would an item of this box stand before a body that is farther away, in any frame? */
static bool covers_pose(const Item *m, const Pose *q, float aspect)
{
    if (!q->present || q->depth <= m->depth) return false;
    float half = (m->width + q->height * aspect * 1.3f) / 2;
    if (fabsf(m->x - q->x) > half) return false;
    return m->y - m->height < q->y && m->y > q->y - q->height;
}

static bool covers_body(const Painter *p, const Item *m)
{
    const Facts *f = &p->stage->facts;
    if (m->height * m->depth < 0.12f) return false; /* grass and flowers hide nothing */
    for (size_t k = 0; k < p->stage->frames; k++) {
        const StageFrame *s = &p->stage->frame[k];
        for (int i = 0; i < f->actors; i++)
            if (covers_pose(m, &s->actor[i],
                            cast_sprite(p->cast, CAST_ACTOR, f->actor[i].actor)->aspect))
                return true;
        for (int i = 0; i < f->props; i++)
            if (covers_pose(m, &s->prop[i], cast_sprite(p->cast, CAST_PROP, f->prop[i])->aspect))
                return true;
    }
    return false;
}

/* Too close to one of its own size at the same depth: they would merge into one shape. */
static bool crowds(const Painter *p, const Item *m)
{
    for (int i = 0; i < p->items; i++) {
        const Item *o = &p->item[i];
        float wide = 0.5f * (m->width + o->width);
        if (!o->air && o->kind == m->kind && m->kind != ITEM_TUFT &&
            fabsf(m->x - o->x) < 0.7f * wide && fabsf(m->depth - o->depth) < 0.12f * m->depth)
            return true;
    }
    return false;
}

static void put_in_air(Painter *p, const Plant *r, Item *m, uint64_t seed)
{
    float aspect = p->stage->view.aspect;
    m->air = true;
    m->height = paint_draw(seed, 5, r->low, r->high);
    m->y = paint_draw(seed, 6, r->near, r->far) + m->height / 2;
    m->depth = 30 - 60 * m->height;
    m->depth = m->depth < 6 ? 6 : m->depth;
    m->drift = paint_draw(seed, 7, 0.004f, 0.012f) * (m->height > 0.12f ? 1.6f : 1);
    if (p->stage->facts.weather == WEATHER_WIND) m->drift *= 5;
    if (p->stage->facts.scene == SCENE_SPACE || p->stage->facts.scene == SCENE_SEA_FLOOR)
        m->drift *= 0.3f;
    m->x = m->x * (1 + 0.2f * aspect);
    m->tint = look_tint(&p->look, &p->look.scenery, 2);
}

static const float SHAPE[ITEM_KINDS] = {
    [ITEM_TUFT] = 0.8f, [ITEM_ROCK] = 1.7f, [ITEM_CACTUS] = 0.66f,
    [ITEM_CORAL] = 1,   [ITEM_WEED] = 0.5f, [ITEM_LAMP] = 0.3f
};

static void put_on_ground(Painter *p, const Plant *r, Item *m, uint64_t seed)
{
    m->depth = r->near * powf(r->far / r->near, paint_draw(seed, 5, 0, 1));
    m->height = paint_draw(seed, 6, r->low, r->high) / m->depth;
    m->y = view_ground(&p->stage->view, m->depth);
    m->tint = look_tint(&p->look, &p->look.scenery, m->depth);
    m->tint.lit = p->look.lamps && r->letters;
    int colors = 0;
    while (colors < 4 && r->color[colors]) colors++;
    if (!colors) return;
    float haze = m->depth > 1 ? 1 - expf(-(m->depth - 1) * p->look.haze_by_depth) : 0;
    Hex own = r->color[rng_below(seed, 8, (size_t)colors)];
    if (m->kind == ITEM_FENCE) own = r->color[rng_below(p->seed, 8, (size_t)colors)];
    m->color = canvas_blend(look_grade(p->stage, own), p->look.haze, haze);
}

/* In the open water nothing stands but islands, which are far out. */
static bool in_water(const Painter *p, const Item *m)
{
    const View *v = &p->stage->view;
    return v->water_near > 0 && m->y < v->water_near + 0.02f && m->y > v->water_far + 0.005f &&
           m->depth < 8.5f;
}

/* Clouds leave sun and moon free. */
static bool before_sun(const Painter *p, const Item *m)
{
    const Look *l = &p->look;
    float x = (l->sun_x - 0.5f) * p->stage->view.aspect, y = m->y - m->height / 2;
    return (l->sun || l->moon) && fabsf(m->x - x) < 0.1f + m->width / 2 &&
           fabsf(y - l->sun_y) < 0.08f + m->height / 2;
}

static bool plant_one(Painter *p, const Plant *r, Item *m, uint64_t seed)
{
    m->kind = r->kind, m->seed = seed;
    m->mirror = !r->letters && rng_below(seed, 3, 2) ? -1 : 1;
    float shape = SHAPE[r->kind];
    if (r->kind == ITEM_SPRITE) {
        size_t sorts = 0;
        while (sorts < sizeof r->id / sizeof *r->id && r->id[sorts]) sorts++;
        int k = cast_find(p->cast, CAST_SCENERY, r->id[rng_below(seed, 2, sorts)]);
        if (k < 0) return false;
        m->sprite = cast_sprite(p->cast, CAST_SCENERY, (size_t)k);
        shape = m->sprite->aspect;
    }
    if (r->air)
        put_in_air(p, r, m, seed);
    else
        put_on_ground(p, r, m, seed);
    m->width = m->height * shape;
    if (r->air) return !before_sun(p, m);
    return m->kind == ITEM_FENCE || (!covers_body(p, m) && !crowds(p, m) && !in_water(p, m));
}

static void plant(Painter *p, const Plant *r, uint64_t seed)
{
    const Stage *s = p->stage;
    float depth = r->air ? 8 : r->near, zoom = fminf(1, fmaxf(s->zoom_min, 0.3f));
    float left = -s->view.aspect / 2 / zoom + s->pan_min / depth - 0.15f;
    float right = s->view.aspect / 2 / zoom + s->pan_max / depth + 0.15f;
    int n = (int)((right - left) / r->every + paint_draw(seed, 1, 0.3f, 1));
    if (r->kind == ITEM_FENCE) n = 1;
    for (int i = 0; i < n && p->items < ITEMS_MAX; i++)
        for (uint64_t attempt = 0; attempt < 4; attempt++) {
            uint64_t at = rng_split(seed, 100 + (uint64_t)i * 8 + attempt);
            Item m = { .x = left + (right - left) * ((float)i + paint_draw(at, 4, 0.05f, 0.95f)) /
                                       (float)n };
            if (!plant_one(p, r, &m, at)) continue;
            p->item[p->items++] = m;
            break;
        }
}

static void sort_items(Painter *p)
{
    for (int i = 1; i < p->items; i++) {
        Item m = p->item[i];
        int j = i;
        for (; j > 0 && p->item[j - 1].depth < m.depth; j--) p->item[j] = p->item[j - 1];
        p->item[j] = m;
    }
}

static void dress_ridges(Painter *p, const Dress *d, uint64_t seed)
{
    for (int i = 0; i < ROWS && d->ridge[i].depth > 0; i++) {
        const RidgeRow *r = &d->ridge[i];
        float haze = 1 - expf(-r->depth * p->look.haze_by_depth * 0.3f);
        uint64_t at = rng_split(seed, (uint64_t)(10 + i));
        p->ridge[p->ridges++] = (Ridge){
            .kind = r->kind,
            .depth = r->depth,
            .seed = at,
            .y = p->stage->view.horizon - r->up * paint_draw(at, 20, 0.8f, 1.25f) + 0.004f,
            .amplitude = r->amplitude * paint_draw(at, 21, 0.8f, 1.2f),
            .wavelength = r->wavelength * paint_draw(at, 22, 0.8f, 1.3f),
            .top = canvas_blend(look_grade(p->stage, r->top), p->look.haze, haze),
            .bottom = canvas_blend(look_grade(p->stage, r->bottom), p->look.haze, haze),
            .cap =
                r->cap ? canvas_blend(look_grade(p->stage, r->cap), p->look.haze, haze * 0.6f) : 0,
        };
    }
}

static void dress_zones(Painter *p, const Dress *d)
{
    p->zone[p->zones++] = (Zone){ .depth = 1e9f, .pattern = d->pattern };
    for (int i = 0; i < ZONES_MAX - 1 && d->zone[i].depth > 0; i++) {
        Zone z = d->zone[i];
        z.base = look_grade(p->stage, z.base), z.alt = look_grade(p->stage, z.alt);
        p->zone[p->zones++] = z;
    }
}

void scene_dress(Painter *p)
{
    const Dress *d = &scene_dresses[p->stage->facts.scene];
    uint64_t seed = rng_split(p->seed, 'd');
    p->footing = d->footing;
    dress_ridges(p, d, seed);
    dress_zones(p, d);
    for (int i = 0; i < PLANTS && (d->plant[i].kind || d->plant[i].id[0]); i++)
        plant(p, &d->plant[i], rng_split(seed, (uint64_t)(50 + i)));
    sort_items(p);
}
