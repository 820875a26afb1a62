/* The painter's own state for one clip, and its parts. Internal; paint.h is the door. */
#ifndef WORLD_PAINTER_H
#define WORLD_PAINTER_H

#include "world/paint.h"
#include "world/paint_canvas.h"

/* --- paint_light.c: the colours of a scene at an hour and in a weather --- */

typedef struct Look {
    Gradient sky; /* stops in shares of the way from the top of the picture to the horizon */
    Hex haze;     /* what distance fades into */
    Hex ground_far, ground_near, ground_alt; /* alt: patches */
    Tint scenery, actor;                     /* at depth 1, before haze */
    float haze_by_depth;                     /* share of haze at depth 1 + 1 / this ... 0: none */
    float shadow;                            /* 0 .. 1 */
    float light_x;                           /* where the light comes from: -1 left, 1 right */
    float sun_x, sun_y; /* of sun or moon; shares of the picture's width, y at rest */
    bool sun, moon, stars, outdoor, lamps;
} Look;

Look look_of(const Stage *s);
Hex look_grade(const Stage *s, Hex day); /* a colour by day, at this hour */
/* Of one body: dark ones are lit more at night, so that they do not vanish. */
Tint look_actor(const Look *l, const Sprite *s);
Tint look_tint(const Look *l, const Tint *t, float depth); /* with haze */

/* --- what stands in the scene --- */

typedef enum ItemKind {
    ITEM_SPRITE,
    ITEM_TUFT,
    ITEM_ROCK,
    ITEM_CACTUS,
    ITEM_CORAL,
    ITEM_WEED,
    ITEM_LAMP,
    ITEM_FENCE,
    ITEM_KINDS
} ItemKind;

typedef struct Item {
    ItemKind kind;
    const Sprite *sprite; /* of ITEM_SPRITE */
    float x, y, depth;    /* the middle of its bottom; at rest, frame heights */
    float height, width;  /* in the picture */
    float mirror;
    Tint tint;
    Hex color; /* of things that are drawn, at its depth */
    uint64_t seed;
    bool air;    /* drifts: a cloud, a planet; stands behind all ridges */
    float drift; /* frame heights a second */
} Item;

/* What hides the base of what stands there. */
typedef enum Footing { FOOTING_NONE, FOOTING_GRASS, FOOTING_MOUND } Footing;

typedef enum Pattern {
    PATTERN_NONE,
    PATTERN_PLANKS,
    PATTERN_FURROWS,
    PATTERN_DASHES,
    PATTERN_TILES
} Pattern;

/* A part of the ground from `depth` on towards the viewer, up to the next zone. */
typedef struct Zone {
    float depth;
    Hex base, alt;
    Pattern pattern;
} Zone;

typedef enum RidgeKind {
    RIDGE_HILL,
    RIDGE_PEAKS,
    RIDGE_DUNE,
    RIDGE_TREES,
    RIDGE_SKYLINE
} RidgeKind;

typedef struct Ridge {
    RidgeKind kind;
    float depth, y, amplitude, wavelength; /* y of its mean height, at rest */
    Hex top, bottom, cap;                  /* cap: snow on peaks; 0 none */
    uint64_t seed;
} Ridge;

enum { RIDGES_MAX = 5, ITEMS_MAX = 256, ZONES_MAX = 8, NOISE_SIDE = 128 };

typedef struct Painter {
    const Cast *cast;
    const Stage *stage;
    uint64_t seed;
    Arena *arena;
    float scale; /* pixels in a frame height */
    Look look;
    Ridge ridge[RIDGES_MAX];
    int ridges;
    Zone zone[ZONES_MAX]; /* far to near; the first is the look's ground */
    int zones;
    Footing footing;
    Item item[ITEMS_MAX]; /* far to near */
    int items;
    float wall_depth;     /* of a room's or stage's back; 0: open */
    const uint8_t *noise; /* [NOISE_SIDE][NOISE_SIDE], repeats */
    const uint8_t *soft;  /* the same, its large forms alone */
} Painter;

/* One frame's camera and time. */
typedef struct Eye {
    ViewCamera camera;
    float time_s;
    float dx, dy; /* pixels the picture is moved by, right and down, on the canvas */
} Eye;

static inline void eye_point(const Painter *p, const Eye *e, float x, float y, float depth,
                             float *px, float *py)
{
    view_point(&p->stage->view, &e->camera, x, y, depth, px, py);
    *px = *px * p->scale + e->dx, *py = *py * p->scale + e->dy;
}

static inline float eye_row(const Painter *p, const Eye *e, float y) /* y at rest -> row */
{
    return ((y - e->camera.y - 0.5f) * e->camera.zoom + 0.5f) * p->scale + e->dy;
}

static inline float eye_rest(const Painter *p, const Eye *e, float row) /* row -> y at rest */
{
    return ((row - e->dy) / p->scale - 0.5f) / e->camera.zoom + 0.5f + e->camera.y;
}

/* The x at rest and depth of a column's middle. */
static inline float eye_rest_x(const Painter *p, const Eye *e, float column, float depth)
{
    return ((column - e->dx) / p->scale - p->stage->view.aspect / 2) / e->camera.zoom +
           e->camera.x / depth;
}

/* Uniform in low .. high, a function of (seed, tag). */
float paint_draw(uint64_t seed, uint64_t tag, float low, float high);

/* --- scene_dress.c, scene_table.c: ridges, zones and items of the clip's scene --- */
void scene_dress(Painter *p);

/* --- paint_things.c: one item on the ground, with its shadow and footing --- */
void thing_paint(const Painter *p, const Eye *e, const Item *m, Canvas *c);
bool thing_sways(const Painter *p, const Item *m); /* is another picture in each frame */
/* The part of the canvas it may touch; false: it crosses all of the canvas. */
typedef struct ThingBox {
    float x0, y0, x1, y1;
} ThingBox;
bool thing_box(const Painter *p, const Eye *e, const Item *m, ThingBox *box);

/* --- paint_sleep.c: what rises from who sleeps --- */
void sleep_paint(const Painter *p, const Eye *e, const Pose *q, const Sprite *sprite, Canvas *c);

/* --- paint_land.c --- */
void land_ridge(const Painter *p, const Eye *e, const Ridge *r, Canvas *c);
void land_ground(const Painter *p, const Eye *e, Canvas *c);

/* --- paint_sky.c --- */
void sky_paint(const Painter *p, const Eye *e, Canvas *c);
void sky_item(const Painter *p, const Eye *e, const Item *m, Canvas *c); /* what moves in it */

/* --- paint_water.c --- */
bool water_is(const Painter *p);
void water_paint(const Painter *p, const Eye *e, Canvas *c);

/* --- scene_inside.c: wall and floor of rooms and stages --- */
enum { INSIDE_LAYERS = 2 };                      /* the back, and what hangs before it */
float inside_depth(const Painter *p, int layer); /* 0: there is no such layer */
void inside_paint(const Painter *p, const Eye *e, int layer, Canvas *c);
void inside_floor(const Painter *p, const Eye *e, Canvas *c);

/* --- paint_air.c: light on the ground, under bodies; and what is before them --- */
void air_under(const Painter *p, const Eye *e, Canvas *c);
void air_over(const Painter *p, const Eye *e, Canvas *c);

/* --- paint_weather.c: over everything --- */
void weather_paint(const Painter *p, const Eye *e, Canvas *c);

#endif
