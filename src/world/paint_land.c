/* Ridges one behind the other, and the ground plane in perspective. */
#include "world/painter.h"

#include <math.h>

#include "base/rng.h"


/* Height of a ridge over its mean at x, in units of its amplitude. */
static float profile(const Ridge *r, float x, const float *phase)
{
    float w = 6.2831853f / r->wavelength;
    float slow = sinf(x * w + phase[0]) + 0.5f * sinf(x * w * 2.13f + phase[1]);
    switch (r->kind) {
    case RIDGE_HILL: return 0.6f * slow + 0.15f * sinf(x * w * 3.7f + phase[2]);
    case RIDGE_DUNE: return 0.8f * asinf(0.94f * sinf(x * w + phase[0] + 0.5f * slow)) / 1.3f;
    case RIDGE_TREES:
        return 0.35f * slow + 0.5f * fabsf(sinf(x * w * 5 + phase[2])) +
               0.35f * fabsf(sinf(x * w * 8.7f + phase[3]));
    case RIDGE_PEAKS: {
        float a = 1 - fabsf(asinf(sinf(x * w / 2 + phase[0]))) * 1.2732f;
        float b = 1 - fabsf(asinf(sinf(x * w * 1.27f + phase[1]))) * 1.2732f;
        float d = 1 - fabsf(asinf(sinf(x * w * 3.1f + phase[2]))) * 1.2732f;
        return fmaxf(a, 0.8f * b) + 0.12f * d + 0.1f * slow;
    }
    case RIDGE_SKYLINE: {
        float cell = x * w * 1.1f + phase[0];
        uint64_t i = (uint64_t)(int64_t)floorf(cell);
        float h = paint_draw(r->seed, i + 1000, -0.6f, 1);
        return cell - floorf(cell) > paint_draw(r->seed, i + 5000, 0.7f, 1) ? h * 0.4f - 0.4f : h;
    }
    }
    return 0;
}

typedef struct Column {
    float top;
    uint16_t shade; /* 256: as it is */
} Column;

static void columns(const Painter *p, const Eye *e, const Ridge *r, int width, Column *col)
{
    float phase[4];
    for (int k = 0; k < 4; k++) phase[k] = paint_draw(r->seed, (uint64_t)k, 0, 6.2831853f);
    float step = 0.5f / p->scale;
    for (int x = 0; x < width; x++) {
        float at = eye_rest_x(p, e, (float)x + 0.5f, r->depth);
        float h = profile(r, at, phase), next = profile(r, at + step, phase);
        float slope = (next - h) / step * r->amplitude * p->look.light_x;
        float k = r->kind == RIDGE_SKYLINE ? 0 : slope / sqrtf(1 + slope * slope);
        col[x] = (Column){ eye_row(p, e, r->y - r->amplitude * h),
                           (uint16_t)(256 - k * (r->kind == RIDGE_PEAKS ? 60 : 34)) };
    }
}

static inline uint32_t shaded(Hex c, uint32_t k, uint32_t alpha)
{
    uint32_t r = (c >> 16 & 255) * k >> 8, g = (c >> 8 & 255) * k >> 8, b = (c & 255) * k >> 8;
    r = r > 255 ? 255 : r, g = g > 255 ? 255 : g, b = b > 255 ? 255 : b;
    if (alpha >= 256) return r | g << 8 | b << 16 | 0xff000000u;
    return (r * alpha >> 8) | (g * alpha >> 8) << 8 | (b * alpha >> 8) << 16 | alpha * 255 / 256 << 24;
}

static void ridge(const Painter *p, const Eye *e, const Ridge *r, Canvas *c, Column *col)
{
    columns(p, e, r, c->width, col);
    float first = (float)c->height;
    for (int x = 0; x < c->width; x++) first = fminf(first, col[x].top);
    float bottom = eye_row(p, e, p->stage->view.horizon) + 2, top = eye_row(p, e, r->y - r->amplitude);
    int y0 = first < 0 ? 0 : (int)first, y1 = (int)fminf(bottom + 1, (float)c->height);
    float rim = 0.02f * p->scale * e->camera.zoom, snow = 0.42f * (bottom - top);
    for (int y = y0; y < y1; y++) {
        Hex base = canvas_blend(r->top, r->bottom, ((float)y - top) / (bottom - top));
        uint32_t *row = c->px + (size_t)y * (size_t)c->width;
        for (int x = 0; x < c->width; x++) {
            float in = (float)y + 1 - col[x].top;
            if (in <= 0) continue;
            uint32_t k = col[x].shade;
            if (r->kind != RIDGE_SKYLINE && in < rim) k += (uint32_t)(20 * (1 - in / rim));
            Hex color = base;
            if (r->cap) {
                float edge = top + snow * (0.8f + 0.002f * (float)col[x].shade) +
                             0.03f * p->scale * sinf((float)x * 37 / p->scale);
                float w = (edge - (float)y) * 0.4f + 0.5f;
                if (w > 0) color = canvas_blend(base, r->cap, w);
            }
            row[x] = in >= 1 ? shaded(color, k, 256)
                             : canvas_over(shaded(color, k, (uint32_t)(in * 256)), row[x]);
        }
    }
}

void land_ridges(const Painter *p, const Eye *e, Canvas *c)
{
    ArenaMark mark = arena_mark(p->arena);
    Column *col = arena_alloc(p->arena, (size_t)c->width * sizeof *col);
    for (int i = 0; i < p->ridges; i++) ridge(p, e, &p->ridge[i], c, col);
    arena_rewind(p->arena, mark);
}

/* One line of the noise between two of its rows, as wide as the tile and one more. */
static void noise_line(const Painter *p, float v, uint16_t *line)
{
    float at = v - floorf(v / NOISE_SIDE) * NOISE_SIDE;
    int y = (int)at % NOISE_SIDE, f = (int)((at - floorf(at)) * 256);
    const uint8_t *a = p->noise + y * NOISE_SIDE, *b = p->noise + (y + 1) % NOISE_SIDE * NOISE_SIDE;
    for (int x = 0; x < NOISE_SIDE; x++) line[x] = (uint16_t)(a[x] * (256 - f) + b[x] * f);
    line[NOISE_SIDE] = line[0];
}

/* Colour by zones of depth, softly patched by the noise. */
static Hex ground_color(const Painter *p, float depth)
{
    float t = 1.6f / depth - 0.25f;
    return canvas_blend(p->look.ground_far, p->look.ground_near, t);
}

void land_ground(const Painter *p, const Eye *e, Canvas *c)
{
    const View *v = &p->stage->view;
    if (!v->ground) return;
    uint16_t line[NOISE_SIDE + 1];
    int y0 = (int)eye_row(p, e, v->horizon);
    for (int y = y0 < 0 ? 0 : y0; y < c->height; y++) {
        float below = eye_rest(p, e, (float)y + 0.5f) - v->horizon;
        float depth = (v->base - v->horizon) / fmaxf(below, 0.002f);
        Hex base = ground_color(p, depth);
        float per_px = depth / (p->scale * e->camera.zoom) * 40; /* tile samples a pixel */
        float amp = 26 * fminf(1, 1.2f / per_px);
        noise_line(p, depth * 60, line);
        int u = (int)((eye_rest_x(p, e, 0.5f, depth) * depth * 40 + 65536) * 256);
        int du = (int)(per_px * 256), k = (int)amp;
        uint32_t *row = c->px + (size_t)y * (size_t)c->width;
        for (int x = 0; x < c->width; x++, u += du) {
            int i = u >> 8 & (NOISE_SIDE - 1), f = u & 255;
            int n = (line[i] * (256 - f) + line[i + 1] * f) >> 16;
            row[x] = shaded(base, (uint32_t)(256 + ((n - 128) * k >> 7)), 256);
        }
    }
}
