/* What stands where: tables of each scene's ridges and sprites, and how they are laid out so that
 * nothing stands before a body. */
#include "world/painter.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

/* Sprites of one sort, scattered over a band of depths. */
typedef struct Plant {
    const char *id[6];
    float near, far;  /* depths */
    float low, high;  /* heights at depth 1, frame heights */
    float every;      /* one for so many frame heights of picture, about */
    bool air;         /* up in the sky: low, high are heights in the picture, near, far are y */
} Plant;

typedef struct RidgeRow {
    RidgeKind kind;
    float depth, up, amplitude, wavelength; /* up: over the horizon */
    Hex top, bottom, cap;
} RidgeRow;

enum { PLANTS = 7, ROWS = 4 };

typedef struct Dress {
    RidgeRow ridge[ROWS];
    Plant plant[PLANTS];
} Dress;

#define CLOUDS { { "cloud" }, 0.06f, 0.3f, 0.07f, 0.17f, 0.5f, true }
#define FLOWERS(every) \
    { { "blossom", "hyacinth", "herb", "seedling", "hibiscus" }, 1.1f, 2.6f, 0.07f, 0.1f, every }

static const Dress DRESS[SCENE_COUNT] = {
    [SCENE_MEADOW] = {
        { { RIDGE_HILL, 14, 0.07f, 0.05f, 1.1f, 0x9cc9b4, 0xb5d8b0 },
          { RIDGE_HILL, 7, 0.035f, 0.035f, 0.8f, 0x93cc78, 0x7dbb5f } },
        { CLOUDS, { { "tree", "evergreen", "tree" }, 2.2f, 5, 0.7f, 0.95f, 0.3f },
          { { "house", "house_garden" }, 3, 4.5f, 0.75f, 0.9f, 1.5f }, FLOWERS(0.2f) } },
    [SCENE_FOREST] = {
        { { RIDGE_TREES, 12, 0.16f, 0.06f, 0.5f, 0x7fb495, 0x8fbf94 },
          { RIDGE_TREES, 8, 0.08f, 0.06f, 0.45f, 0x5f9d6c, 0x6ba661 } },
        { { { "evergreen", "tree", "evergreen" }, 3, 6, 1.15f, 1.6f, 0.11f },
          { { "evergreen", "tree" }, 1.6f, 2.8f, 1.1f, 1.4f, 0.36f },
          { { "log" }, 1.3f, 2, 0.16f, 0.2f, 1.6f }, { { "herb", "seedling" }, 1.1f, 2.4f, .08f, .13f, .2f } } },
    [SCENE_BEACH] = {
        { { 0 } },
        { CLOUDS, { { "island" }, 9, 12, 1.1f, 1.7f, 1.6f },
          { { "palm" }, 1.25f, 1.6f, 0.75f, 0.95f, 0.8f } } },
    [SCENE_SEA_FLOOR] = {
        { { RIDGE_HILL, 10, 0.1f, 0.06f, 0.9f, 0x3f9dbb, 0x56b3c2 },
          { RIDGE_HILL, 5, 0.04f, 0.04f, 0.7f, 0x57b1b5, 0x8cc0aa } },
        { { { "jellyfish" }, 0.1f, 0.4f, 0.07f, 0.12f, 1.4f, true },
          { { "herb" }, 1.4f, 4, 0.35f, 0.6f, 0.3f } } },
    [SCENE_SNOW] = {
        { { RIDGE_PEAKS, 20, 0.04f, 0.14f, 0.7f, 0xb9cbe6, 0xd9e6f5, 0xffffff },
          { RIDGE_HILL, 7, 0.03f, 0.04f, 0.9f, 0xe3eefa, 0xd5e4f5 } },
        { CLOUDS, { { "evergreen" }, 2, 6, 0.65f, 0.95f, 0.22f },
          { { "house", "camping" }, 2.8f, 4.2f, 0.7f, 0.8f, 1.7f } } },
    [SCENE_DESERT] = {
        { { RIDGE_DUNE, 12, 0.05f, 0.05f, 0.9f, 0xf3cf95, 0xe8bb7a },
          { RIDGE_DUNE, 6, 0.02f, 0.035f, 1.1f, 0xf0bf78, 0xe3a962 } },
        { { { "cloud" }, 0.06f, 0.24f, 0.05f, 0.11f, 1.1f, true } } },
    [SCENE_CITY] = {
        { { RIDGE_SKYLINE, 16, 0.15f, 0.12f, 0.6f, 0xb7c4d8, 0xcbd6e4 } },
        { CLOUDS,
          { { "office", "hotel", "department_store", "hospital", "bank", "school" }, 2.2f, 2.7f, 0.95f, 1.3f, 0.34f },
          { { "tree" }, 1.7f, 1.9f, 0.6f, 0.7f, 0.8f },
          { { "bus_stop", "fuel_pump", "fountain" }, 1.5f, 1.6f, 0.3f, 0.4f, 1.3f } } },
    [SCENE_NIGHT_CITY] = {
        { { RIDGE_SKYLINE, 16, 0.19f, 0.15f, 0.5f, 0x2a3568, 0x343f76 },
          { RIDGE_SKYLINE, 10, 0.08f, 0.12f, 0.6f, 0x222b58, 0x2a3364 } },
        { { { "office", "hotel", "department_store", "shop", "bank", "post_office" }, 2.2f, 2.7f, 0.95f, 1.3f, 0.34f },
          { { "tree" }, 1.7f, 1.9f, 0.6f, 0.7f, 1.1f },
          { { "bus_stop", "statue", "fountain" }, 1.5f, 1.6f, 0.3f, 0.4f, 1.4f } } },
    [SCENE_ROOM] = { { { 0 } }, { { { 0 } } } },
    [SCENE_STAGE] = { { { 0 } }, { { { 0 } } } },
    [SCENE_SPACE] = { { { 0 } },
        { { { "planet", "earth", "planet", "full_moon" }, 0.1f, 0.6f, 0.14f, 0.3f, 0.8f, true },
          { { "satellite", "comet" }, 0.08f, 0.6f, 0.06f, 0.1f, 1.2f, true } } },
    [SCENE_SKY] = { { { 0 } },
        { { { "cloud" }, 0.16f, 0.5f, 0.08f, 0.14f, 0.3f, true },
          { { "cloud" }, 0.4f, 0.9f, 0.16f, 0.26f, 0.4f, true },
          { { "cloud" }, 0.95f, 1.1f, 0.3f, 0.42f, 0.35f, true } } },
    [SCENE_MOUNTAIN] = {
        { { RIDGE_PEAKS, 22, 0.08f, 0.26f, 0.8f, 0x7f93b8, 0xb5c4d4, 0xfafcff },
          { RIDGE_PEAKS, 12, 0.02f, 0.16f, 0.6f, 0x6f8f8c, 0x96b59a, 0xf4f8ff },
          { RIDGE_HILL, 6, 0.02f, 0.04f, 0.8f, 0x86b068, 0x76a55b } },
        { CLOUDS, { { "evergreen" }, 2, 6, 0.6f, 0.9f, 0.2f }, FLOWERS(0.35f) } },
    [SCENE_RIVER] = {
        { { RIDGE_HILL, 14, 0.09f, 0.05f, 0.9f, 0x9fcdbb, 0xb0d6ae },
          { RIDGE_TREES, 9, 0.05f, 0.04f, 0.4f, 0x7fb57f, 0x86bb70 } },
        { CLOUDS, { { "tree", "evergreen", "tree" }, 4.2f, 8, 0.8f, 1.2f, 0.2f },
          { { "herb", "hyacinth", "seedling" }, 1.1f, 1.25f, 0.08f, 0.12f, 0.25f } } },
    [SCENE_FARM] = {
        { { RIDGE_HILL, 14, 0.06f, 0.04f, 1.2f, 0xa9cfa8, 0xbddcae },
          { RIDGE_HILL, 8, 0.03f, 0.03f, 0.9f, 0xc3d478, 0xb4cb66 } },
        { CLOUDS, { { "house", "house_garden", "houses" }, 3, 4.5f, 0.85f, 1, 0.9f },
          { { "tree" }, 2.4f, 5, 0.7f, 0.9f, 0.5f },
          { { "rice" }, 1.5f, 2.6f, 0.2f, 0.28f, 0.13f } } },
    [SCENE_PLAYGROUND] = {
        { { RIDGE_TREES, 9, 0.08f, 0.05f, 0.6f, 0x8fc48a, 0x93c97c } },
        { CLOUDS, { { "slide", "carousel_horse", "slide" }, 1.7f, 2.4f, 0.6f, 0.7f, 0.6f },
          { { "ferris_wheel", "circus_tent" }, 5, 6, 2, 2.6f, 1.1f },
          { { "tree" }, 2.2f, 4, 0.75f, 0.9f, 0.4f }, FLOWERS(0.5f) } },
};

/* Would an item of this box stand before a body that is farther away, in any frame? */
static bool covers_pose(const Item *m, const Pose *q, float aspect)
{
    if (!q->present || q->depth <= m->depth) return false;
    float half = (m->height * m->sprite->aspect + q->height * aspect * 1.3f) / 2;
    if (fabsf(m->x - q->x) > half) return false;
    return m->y - m->height < q->y && m->y > q->y - q->height;
}

static bool covers_body(const Painter *p, const Item *m)
{
    const Facts *f = &p->stage->facts;
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
        float wide = 0.5f * (m->height * m->sprite->aspect + o->height * o->sprite->aspect);
        if (!o->air && fabsf(m->x - o->x) < 0.7f * wide &&
            fabsf(m->depth - o->depth) < 0.12f * m->depth)
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
    if (p->stage->facts.scene == SCENE_SPACE || p->stage->facts.scene == SCENE_SEA_FLOOR) m->drift *= 0.3f;
    m->x = m->x * (1 + 0.2f * aspect);
    m->tint = look_tint(&p->look, &p->look.scenery, 2);
}

static void put_on_ground(Painter *p, const Plant *r, Item *m, uint64_t seed)
{
    m->depth = paint_draw(seed, 5, r->near, r->far);
    m->height = paint_draw(seed, 6, r->low, r->high) / m->depth;
    m->y = view_ground(&p->stage->view, m->depth);
    m->tint = look_tint(&p->look, &p->look.scenery, m->depth);
    m->shadow = true;
}

static void plant(Painter *p, const Plant *r, uint64_t seed)
{
    const Stage *s = p->stage;
    float depth = r->air ? 8 : r->near, zoom = fminf(1, fmaxf(s->zoom_min, 0.3f));
    float left = -s->view.aspect / 2 / zoom + s->pan_min / depth - 0.2f;
    float right = s->view.aspect / 2 / zoom + s->pan_max / depth + 0.2f;
    int n = (int)((right - left) / r->every + paint_draw(seed, 1, 0.3f, 1));
    int sorts = 0;
    while (sorts < 6 && r->id[sorts]) sorts++;
    for (int i = 0; i < n; i++)
        for (int attempt = 0; attempt < 4; attempt++) {
            uint64_t at = rng_split(seed, (uint64_t)(100 + i * 8 + attempt));
            int k = cast_find(p->cast, CAST_SCENERY, r->id[rng_below(at, 2, (size_t)sorts)]);
            if (k < 0 || p->items >= ITEMS_MAX) break;
            Item m = { .sprite = cast_sprite(p->cast, CAST_SCENERY, (size_t)k) };
            m.mirror = rng_below(at, 3, 2) ? 1 : -1;
            m.x = left + (right - left) * ((float)i + paint_draw(at, 4, 0.1f, 0.9f)) / (float)n;
            if (r->air) put_in_air(p, r, &m, at);
            else put_on_ground(p, r, &m, at);
            if (!r->air && (covers_body(p, &m) || crowds(p, &m))) continue;
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

void scene_dress(Painter *p)
{
    const Dress *d = &DRESS[p->stage->facts.scene];
    uint64_t seed = rng_split(p->seed, 'd');
    for (int i = 0; i < ROWS && d->ridge[i].depth > 0; i++) {
        const RidgeRow *r = &d->ridge[i];
        float haze = 1 - expf(-r->depth * p->look.haze_by_depth * 0.35f);
        uint64_t at = rng_split(seed, (uint64_t)(10 + i));
        p->ridge[p->ridges++] = (Ridge){
            .kind = r->kind, .depth = r->depth, .seed = at,
            .y = p->stage->view.horizon - r->up * paint_draw(at, 20, 0.8f, 1.25f),
            .amplitude = r->amplitude * paint_draw(at, 21, 0.75f, 1.25f),
            .wavelength = r->wavelength * paint_draw(at, 22, 0.8f, 1.3f),
            .top = canvas_blend(look_grade(p->stage, r->top), p->look.haze, haze),
            .bottom = canvas_blend(look_grade(p->stage, r->bottom), p->look.haze, haze),
            .cap = r->cap ? canvas_blend(look_grade(p->stage, r->cap), p->look.haze, haze * 0.6f) : 0,
        };
    }
    for (int i = 0; i < PLANTS && d->plant[i].id[0]; i++)
        plant(p, &d->plant[i], rng_split(seed, (uint64_t)(50 + i)));
    sort_items(p);
}
