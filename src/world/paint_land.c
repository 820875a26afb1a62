/* Ridges one behind the other, and the ground plane in perspective. */
#include "world/painter.h"

#include <math.h>

#include "base/rng.h"

static const float TWO_PI = 6.2831853f;

static float clampf(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

/* 0 .. 1 from a cell's number: cheaper than rng, there are a few for every column. */
static float cell_draw(uint64_t seed, int64_t cell, unsigned k)
{
    uint64_t h = seed + (uint64_t)cell * 0x9e3779b97f4a7c15u + k * 0xd1b54a32d192ed03u;
    h ^= h >> 32, h *= 0xd6e8feb86659fd93u, h ^= h >> 29;
    return (float)(h >> 40) / (float)(1 << 24);
}

/* --- ridges --- */

typedef struct Column {
    float top, cap, apex; /* rows: where it begins, where its snow ends, the top of its peak */
    int16_t shade;        /* 256: as it is */
} Column;

typedef struct Point {
    float height, side, cap, apex; /* side: -1 .. 1, which way the surface looks */
} Point;

static Point waves(const Ridge *r, float x, const float *phase)
{
    float w = TWO_PI / r->wavelength, a = x * w + phase[0];
    Point p = { 0 };
    if (r->kind == RIDGE_DUNE) {
        float skew = a + 0.6f * sinf(a) + 0.4f * sinf(x * w * 0.41f + phase[1]);
        p.height = 0.7f * sinf(skew) + 0.2f * sinf(x * w * 0.37f + phase[2]);
        p.side = cosf(skew);
        return p;
    }
    p.height = 0.6f * sinf(a) + 0.3f * sinf(x * w * 2.13f + phase[1]) +
               0.1f * sinf(x * w * 3.7f + phase[2]);
    p.side = 0.6f * cosf(a) + 0.5f * cosf(x * w * 2.13f + phase[1]);
    return p;
}

/* The highest of the shapes that stand in this cell and its neighbours. */
static Point cells(const Ridge *r, float x)
{
    float at = x / r->wavelength;
    int64_t cell = (int64_t)floorf(at);
    Point best = { .height = -9 };
    for (int64_t i = cell - 1; i <= cell + 1; i++) {
        float mid = (float)i + 0.2f + 0.6f * cell_draw(r->seed, i, 0);
        float tall = 0.5f + 0.5f * cell_draw(r->seed, i, 1);
        float wide = 0.6f + 0.5f * cell_draw(r->seed, i, 2), d = (at - mid) / wide;
        Point p = { .side = -d };
        if (r->kind == RIDGE_TREES) {
            if (fabsf(d) >= 1) continue;
            p.height = tall * 0.5f + 0.5f * sqrtf(1 - d * d);
        } else {
            float soft = sqrtf(d * d + 0.0015f), a = at * 3.1f + tall * 9, b = at * 7.3f + tall * 5;
            float spur = fabsf(a - floorf(a) - 0.5f), tooth = fabsf(b - floorf(b) - 0.5f);
            float out = fminf(1, 2.5f * soft);
            p.height = tall * (1.04f - 1.25f * soft + 0.3f * soft * soft) +
                       out * (0.16f * (0.25f - spur) + 0.06f * (0.25f - tooth));
            p.side = clampf(-d * 9, -1, 1) * 0.75f +
                     out * (a - floorf(a) > 0.5f ? -0.35f : 0.35f) * fminf(1, 12 * spur);
            p.cap = tall * (0.66f + 0.2f * (spur - 0.25f) + 0.22f * (tooth - 0.25f));
            p.apex = tall;
        }
        if (p.height > best.height) best = p;
    }
    if (best.height < -1) best = (Point){ .height = 0.2f };
    return best;
}

static Point skyline(const Ridge *r, float x)
{
    float at = x / r->wavelength * 3, in = at - floorf(at);
    int64_t cell = (int64_t)floorf(at);
    float tall = cell_draw(r->seed, cell, 1), wide = 0.55f + 0.4f * cell_draw(r->seed, cell, 2);
    Point p = { .height = in < wide ? 0.25f + 0.75f * tall : 0.2f * cell_draw(r->seed, cell, 3) };
    p.side = in < wide * 0.4f ? 0.6f : 0;
    return p;
}

static void columns(const Painter *p, const Eye *e, const Ridge *r, int width, Column *col)
{
    float phase[3], depth_of_shade = r->kind == RIDGE_PEAKS ? 38 : r->kind == RIDGE_DUNE ? 30 : 18;
    for (int k = 0; k < 3; k++) phase[k] = paint_draw(r->seed, (uint64_t)k, 0, TWO_PI);
    float step = 1 / (p->scale * e->camera.zoom), x = eye_rest_x(p, e, 0.5f, r->depth);
    float base = eye_row(p, e, r->y), per = r->amplitude * p->scale * e->camera.zoom;
    for (int i = 0; i < width; i++, x += step) {
        Point at = r->kind == RIDGE_HILL || r->kind == RIDGE_DUNE ? waves(r, x, phase)
                   : r->kind == RIDGE_SKYLINE                     ? skyline(r, x)
                                                                  : cells(r, x);
        float lit = -at.side * -p->look.light_x;
        col[i] = (Column){ base - per * at.height, base - per * at.cap, base - per * at.apex,
                           (int16_t)(256 + clampf(lit, -1, 1) * depth_of_shade) };
    }
}

static inline uint32_t shaded(Hex c, int k)
{
    uint32_t s = k < 0 ? 0 : (uint32_t)k;
    uint32_t r = (c >> 16 & 255) * s >> 8, g = (c >> 8 & 255) * s >> 8, b = (c & 255) * s >> 8;
    r = r > 255 ? 255 : r, g = g > 255 ? 255 : g, b = b > 255 ? 255 : b;
    return r | g << 8 | b << 16 | 0xff000000u;
}

/* Small lit windows of a far skyline: a grid in the picture at rest. */
static bool lit_window(const Painter *p, const Ridge *r, float x, float y)
{
    if (!p->look.lamps || r->kind != RIDGE_SKYLINE) return false;
    float u = x / 0.022f, v = y / 0.026f;
    if (u - floorf(u) > 0.55f || v - floorf(v) > 0.5f) return false;
    return cell_draw(r->seed, (int64_t)floorf(u) * 131 + (int64_t)floorf(v), 7) < 0.3f;
}

static void ridge_row(const Painter *p, const Eye *e, const Ridge *r, int y, Canvas *c,
                      const Column *col)
{
    float bottom = eye_row(p, e, p->stage->view.horizon), top = eye_row(p, e, r->y - r->amplitude);
    float rim = 0.025f * p->scale * e->camera.zoom, rest_y = eye_rest(p, e, (float)y + 0.5f);
    float x0 = eye_rest_x(p, e, 0.5f, r->depth), dx = 1 / (p->scale * e->camera.zoom);
    Hex base = canvas_blend(r->top, r->bottom, ((float)y - top) / (bottom - top));
    uint32_t *row = c->px + (size_t)y * (size_t)c->width;
    bool peaks = r->kind == RIDGE_PEAKS;
    float lean = r->seed & 1 ? 0.35f : -0.35f;
    bool soft = r->kind != RIDGE_SKYLINE, windows = !soft && p->look.lamps;
    for (int x = 0; x < c->width; x++) {
        float in = (float)y + 1 - col[x].top;
        if (in <= 0) continue;
        int k = col[x].shade;
        if (peaks) { /* the edge between light and dark slopes down to one side */
            int at = x + (int)(((float)y - col[x].apex) * lean);
            k = col[at < 0 ? 0 : at >= c->width ? c->width - 1 : at].shade;
        }
        if (soft && in < rim) k += (int)(18 * (1 - in / rim));
        Hex color = base;
        if (r->cap) color = canvas_blend(base, r->cap, (col[x].cap - (float)y) * 0.7f + 0.5f);
        if (windows && in > 3 && lit_window(p, r, x0 + dx * (float)x, rest_y))
            color = 0xe8c27a, k = 230;
        uint32_t px = shaded(color, k);
        row[x] = in >= 1 ? px : canvas_mix(row[x], px, (uint32_t)(in * 256));
    }
}

void land_ridge(const Painter *p, const Eye *e, const Ridge *r, Canvas *c)
{
    ArenaMark mark = arena_mark(p->arena);
    Column *col = arena_alloc(p->arena, (size_t)c->width * sizeof *col);
    columns(p, e, r, c->width, col);
    float first = (float)c->height;
    for (int x = 0; x < c->width; x++) first = fminf(first, col[x].top);
    int y1 = (int)fminf(eye_row(p, e, p->stage->view.horizon) + 3, (float)c->height);
    for (int y = first < 0 ? 0 : (int)first; y < y1; y++) ridge_row(p, e, r, y, c, col);
    arena_rewind(p->arena, mark);
}

/* --- the ground plane --- */

/* One line of the noise between two of its rows, as wide as the tile and one more. */
static void noise_line(const Painter *p, float v, uint16_t *line)
{
    float at = v - floorf(v / NOISE_SIDE) * NOISE_SIDE;
    int y = (int)at % NOISE_SIDE, f = (int)((at - floorf(at)) * 256);
    const uint8_t *a = p->noise + y * NOISE_SIDE, *b = p->noise + (y + 1) % NOISE_SIDE * NOISE_SIDE;
    for (int x = 0; x < NOISE_SIDE; x++) line[x] = (uint16_t)(a[x] * (256 - f) + b[x] * f);
    line[NOISE_SIDE] = line[0];
}

/* One row of the plane: where it is and how it is drawn. */
typedef struct PlaneRow {
    float depth, x, step; /* world x of the first column's middle, and per column */
    float dz;             /* depth that passes in this row */
    Hex base, alt;        /* noise goes from one to the other */
    Pattern pattern;
} PlaneRow;

static void zone_colors(const Painter *p, PlaneRow *row)
{
    const Look *l = &p->look;
    int z = 0;
    while (z + 1 < p->zones && row->depth < p->zone[z + 1].depth) z++;
    const Zone *at = &p->zone[z];
    row->pattern = at->pattern;
    if (z == 0) {
        float t = 1.5f / row->depth - 0.25f;
        row->base = canvas_blend(l->ground_far, l->ground_near, t);
        row->alt = canvas_blend(row->base, l->ground_alt, 0.5f + 0.5f * clampf(t, 0, 1));
    } else {
        row->base = at->base, row->alt = at->alt;
    }
    /* Edges of zones are as soft as the row is deep. */
    if (z > 0 && row->depth + row->dz > at->depth) {
        const Zone *up = &p->zone[z - 1];
        float w = clampf((at->depth - row->depth) / row->dz, 0, 1);
        row->base = canvas_blend(
            z == 1 ? canvas_blend(l->ground_far, l->ground_near, 0.4f) : up->base, row->base, w);
    }
}

static void plane_noise(const Painter *p, const PlaneRow *r, uint32_t *row, int width)
{
    uint16_t line[NOISE_SIDE + 1];
    noise_line(p, r->depth * 60, line);
    float per_px = r->step * 40; /* tile samples a pixel */
    int k = (int)(200 * fminf(1, 1.3f / per_px));
    int u = (int)((r->x * 40 + 65536) * 256), du = (int)(per_px * 256);
    uint32_t base = canvas_rgba(r->base, 255), alt = canvas_rgba(r->alt, 255);
    for (int x = 0; x < width; x++, u += du) {
        int i = u >> 8 & (NOISE_SIDE - 1), f = u & 255;
        int n = (line[i] * (256 - f) + line[i + 1] * f) >> 16;
        int w = 128 + ((n - 128) * k >> 7);
        row[x] = canvas_mix(base, alt, (uint32_t)(w < 0 ? 0 : w > 255 ? 255 : w));
    }
}

static void darken(uint32_t *px, float k)
{
    uint32_t keep = (uint32_t)(256 * (1 - clampf(k, 0, 1)));
    *px = 0xff000000u | (((*px & 0xff00ff) * keep >> 8) & 0xff00ff) |
          (((*px & 0xff00) * keep >> 8) & 0xff00);
}

/* Seams towards the viewer every `period`, as wide as they are and softer than that. */
static void seams(const PlaneRow *r, float period, float width, float strength, uint32_t *row,
                  int n)
{
    float soft = r->step, fade = clampf(period / (3 * r->step) - 0.3f, 0, 1) * strength;
    if (fade <= 0) return;
    for (int x = 0; x < n; x++) {
        float at = (r->x + r->step * (float)x) / period, d = fabsf(at - rintf(at)) * period;
        float k = clampf((width / 2 - d) / soft + 0.5f, 0, 1) * fminf(1, width / soft);
        if (k > 0) darken(row + x, k * fade);
    }
}

/* Seams across: rows in which a multiple of `period` of depth falls. */
static void cross_seam(const PlaneRow *r, float period, float width, float strength, uint32_t *row,
                       int n)
{
    float fade = clampf(period / (3 * r->dz) - 0.3f, 0, 1) * strength;
    float at = (r->depth + r->dz / 2) / period, d = fabsf(at - rintf(at)) * period;
    float k = clampf((width / 2 - d) / r->dz + 0.5f, 0, 1) * fminf(1, width / r->dz) * fade;
    for (int x = 0; k > 0.01f && x < n; x++) darken(row + x, k);
}

static void planks(const Painter *p, const PlaneRow *r, uint32_t *row, int n)
{
    const float wide = 0.2f;
    for (int x = 0; x < n; x++) {
        int64_t i = (int64_t)floorf((r->x + r->step * (float)x) / wide);
        darken(row + x, 0.13f * cell_draw(p->seed, i, 3));
    }
    seams(r, wide, 0.012f, 0.35f, row, n);
}

static void furrows(const PlaneRow *r, uint32_t *row, int n)
{
    const float period = 0.3f;
    float fade = clampf(period / (2 * r->step) - 0.5f, 0, 1) * 0.26f;
    for (int x = 0; fade > 0 && x < n; x++)
        darken(row + x, fade * (0.5f + 0.5f * sinf((r->x + r->step * (float)x) * TWO_PI / period)));
}

/* The dashes in the middle of a road. */
static void dashes(const Painter *p, const PlaneRow *r, uint32_t *row, int n)
{
    uint32_t paint = canvas_rgba(look_grade(p->stage, 0xf4f0e0), 255);
    for (int x = 0; x < n; x++) {
        float at = (r->x + r->step * (float)x) / 0.55f, in = at - floorf(at);
        float k = clampf((0.25f - fabsf(in - 0.5f)) * 0.55f / r->step + 0.5f, 0, 1);
        if (k > 0) row[x] = canvas_mix(row[x], paint, (uint32_t)(k * 230));
    }
}

static void plane_pattern(const Painter *p, const PlaneRow *r, uint32_t *row, int n)
{
    switch (r->pattern) {
    case PATTERN_PLANKS: planks(p, r, row, n); break;
    case PATTERN_FURROWS: furrows(r, row, n); break;
    case PATTERN_DASHES: dashes(p, r, row, n); break;
    case PATTERN_TILES:
        seams(r, 0.28f, 0.012f, 0.16f, row, n);
        cross_seam(r, 0.22f, 0.012f, 0.16f, row, n);
        break;
    default: break;
    }
}

void land_ground(const Painter *p, const Eye *e, Canvas *c)
{
    const View *v = &p->stage->view;
    if (!v->ground) return;
    float foot = p->wall_depth > 0 ? view_ground(v, p->wall_depth) : v->horizon;
    float edge = eye_row(p, e, foot), span = v->base - v->horizon;
    for (int y = edge < 0 ? 0 : (int)edge; y < c->height; y++) {
        uint32_t *row = c->px + (size_t)y * (size_t)c->width;
        float top = fmaxf(eye_rest(p, e, (float)y) - v->horizon, 0.001f);
        float low = fmaxf(eye_rest(p, e, (float)y + 1) - v->horizon, 0.0015f);
        PlaneRow r = { .depth = span / ((top + low) / 2), .dz = span / top - span / low };
        r.x = eye_rest_x(p, e, 0.5f, r.depth) * r.depth;
        r.step = r.depth / (p->scale * e->camera.zoom);
        zone_colors(p, &r);
        plane_noise(p, &r, row, c->width);
        plane_pattern(p, &r, row, c->width);
    }
}
