#include "world/paint_canvas.h"

#include <math.h>
#include <string.h>

enum { ONE = 1 << 16 }; /* fixed point of texture coordinates */

static float clampf(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

static int ceil_to(float x, int low, int high)
{
    return x <= (float)low ? low : x >= (float)high ? high : (int)ceilf(x);
}

Hex canvas_blend(Hex a, Hex b, float w)
{
    uint32_t k = (uint32_t)(clampf(w, 0, 1) * 256);
    return canvas_mix(a, b, k) & 0xffffff;
}

Hex canvas_scale(Hex c, float k)
{
    Hex out = 0;
    for (int i = 0; i < 24; i += 8) out |= (Hex)clampf((float)(c >> i & 255) * k, 0, 255) << i;
    return out;
}

/* --- sprites --- */

typedef struct Texture {
    const uint32_t *px;
    int width, height;
} Texture;

/* The level that is drawn between 0.6 and 1.2 times its size. */
static Texture pick_level(const Sprite *s, size_t frame, float height)
{
    int l = 0;
    while (l + 1 < SPRITE_LEVELS && height < 0.6f * (float)s->level[l].height) l++;
    const SpriteLevel *v = &s->level[l];
    size_t size = (size_t)v->width * v->height * 4;
    return (Texture){ (const uint32_t *)(const void *)(v->rgba + frame % s->frames * size),
                      v->width, v->height };
}

static inline uint32_t texel(const Texture *t, int x, int y)
{
    return (unsigned)x < (unsigned)t->width && (unsigned)y < (unsigned)t->height
               ? t->px[y * t->width + x]
               : 0;
}

static inline uint32_t sample(const Texture *t, int u, int v)
{
    int x = u >> 16, y = v >> 16;
    uint32_t a, b, c, d;
    if ((unsigned)x < (unsigned)t->width - 1 && (unsigned)y < (unsigned)t->height - 1) {
        const uint32_t *p = t->px + y * t->width + x;
        a = p[0], b = p[1], c = p[t->width], d = p[t->width + 1];
    } else {
        a = texel(t, x, y), b = texel(t, x + 1, y);
        c = texel(t, x, y + 1), d = texel(t, x + 1, y + 1);
    }
    if (!(a | b | c | d)) return 0;
    uint32_t fu = (uint32_t)u >> 8 & 255, fv = (uint32_t)v >> 8 & 255;
    return canvas_mix(canvas_mix(a, b, fu), canvas_mix(c, d, fu), fv);
}

/* Window panes of the emoji are a clear blue: at night they are lit from within. 0 .. 256. */
static inline uint32_t pane(uint32_t p)
{
    int r = p & 255, g = p >> 8 & 255, b = p >> 16 & 255;
    int k = (b - r - 40) * 6, n = (b - g + 40) * 8;
    k = k < n ? k : n;
    return k < 0 ? 0 : k > 256 ? 256 : (uint32_t)k;
}

static inline uint32_t tinted(uint32_t p, const Tint *t, uint32_t alpha)
{
    uint32_t a = p >> 24;
    uint32_t r = ((p & 255) * t->mul[0] + a * t->add[0]) >> 8;
    uint32_t g = ((p >> 8 & 255) * t->mul[1] + a * t->add[1]) >> 8;
    uint32_t b = ((p >> 16 & 255) * t->mul[2] + a * t->add[2]) >> 8;
    r = r < a ? r : a, g = g < a ? g : a, b = b < a ? b : a;
    if (t->lit) {
        uint32_t k = pane(p), out = r | g << 8 | b << 16 | a << 24;
        return k ? canvas_mix(out, canvas_rgba(0xffcf70, a), k) : out;
    }
    return (r * alpha >> 8) | (g * alpha >> 8) << 8 | (b * alpha >> 8) << 16 |
           (a * alpha >> 8) << 24;
}

static bool untinted(const Tint *t)
{
    return !t->lit && memcmp(t->mul, TINT_NONE.mul, sizeof t->mul) == 0 &&
           memcmp(t->add, TINT_NONE.add, sizeof t->add) == 0;
}

/* Narrows [x0, x1) to where -1 < u + du * x < n, in texture pixels. */
static void narrow(float u, float du, int n, int *x0, int *x1)
{
    if (fabsf(du) < 1e-9f) {
        if (u <= -1 || u >= (float)n) *x1 = *x0;
        return;
    }
    float a = (-1 - u) / du, b = ((float)n - u) / du;
    float low = a < b ? a : b, high = a < b ? b : a;
    *x0 = ceil_to(low, *x0, *x1);
    *x1 = ceil_to(high, *x0, *x1);
}

/* Columns in which both texels across lie in the texture. */
static void inner(int u, int du, int width, int *x0, int *x1)
{
    int64_t last = (int64_t)(width - 1) << 16, at = u;
    while (*x0 < *x1 && (at < 0 || at >= last)) at += du, (*x0)++;
    while (*x1 > *x0 &&
           (at + (int64_t)du * (*x1 - *x0 - 1) < 0 || at + (int64_t)du * (*x1 - *x0 - 1) >= last))
        (*x1)--;
}

typedef struct Run {
    int u, v, du, dv; /* texture coordinates at the first column, and per column */
    bool plain;
} Run;

static void run_any(const Texture *t, const Blit *b, Run r, int n, uint32_t *row)
{
    for (int x = 0; x < n; x++, r.u += r.du, r.v += r.dv) {
        uint32_t p = sample(t, r.u, r.v);
        if (p) row[x] = canvas_over(r.plain ? p : tinted(p, &b->tint, b->alpha), row[x]);
    }
}

/* A run along one row of the texture: two rows and their weight are fixed. */
static void run_straight(const Texture *t, const Blit *b, Run r, int n, uint32_t *row)
{
    int x0 = 0, x1 = n, y = r.v >> 16;
    if (y < 0 || y >= t->height - 1) {
        run_any(t, b, r, n, row);
        return;
    }
    inner(r.u, r.du, t->width, &x0, &x1);
    run_any(t, b, r, x0, row);
    const uint32_t *top = t->px + y * t->width, *low = top + t->width;
    uint32_t fv = (uint32_t)r.v >> 8 & 255;
    r.u += r.du * x0;
    for (int x = x0; x < x1; x++, r.u += r.du) {
        int i = r.u >> 16;
        if (!(top[i] | top[i + 1] | low[i] | low[i + 1])) continue;
        uint32_t fu = (uint32_t)r.u >> 8 & 255;
        uint32_t p =
            canvas_mix(canvas_mix(top[i], top[i + 1], fu), canvas_mix(low[i], low[i + 1], fu), fv);
        if (!r.plain) p = tinted(p, &b->tint, b->alpha);
        row[x] = p >> 24 == 255 ? p : canvas_over(p, row[x]);
    }
    run_any(t, b, r, n - x1, row + x1);
}

void canvas_sprite(Canvas *c, const Blit *b)
{
    if (b->width < 0.2f || b->height < 0.2f || fabsf(b->mirror) < 0.02f || !b->alpha) return;
    Texture t = pick_level(b->sprite, b->frame, b->height);
    float cs = cosf(b->turn), sn = sinf(b->turn), cx = b->x, cy = b->y - b->height / 2;
    float sx = (float)t.width / (b->width * b->mirror), sy = (float)t.height / b->height;
    float half_h = (fabsf(sn) * b->width * fabsf(b->mirror) + fabsf(cs) * b->height) / 2 + 1;
    int y0 = ceil_to(fmaxf(cy - half_h, b->begin) - 0.5f, 0, c->height);
    int y1 = ceil_to(fminf(cy + half_h, b->end) - 0.5f, 0, c->height);
    bool plain = b->alpha >= 256 && untinted(&b->tint);
    float dudx = cs * sx, dvdx = -sn * sy;
    for (int y = y0; y < y1; y++) {
        float dx = 0.5f - cx, dy = (float)y + 0.5f - cy;
        float u = (cs * dx + sn * dy) * sx + (float)t.width / 2 - 0.5f;
        float v = (cs * dy - sn * dx) * sy + (float)t.height / 2 - 0.5f;
        int x0 = 0, x1 = c->width;
        narrow(u, dudx, t.width, &x0, &x1);
        narrow(v, dvdx, t.height, &x0, &x1);
        if (x0 >= x1) continue;
        Run r = { (int)floorf((u + dudx * (float)x0) * ONE),
                  (int)floorf((v + dvdx * (float)x0) * ONE), (int)lrintf(dudx * ONE),
                  (int)lrintf(dvdx * ONE), plain };
        uint32_t *row = c->px + (size_t)y * (size_t)c->width + x0;
        if (r.dv == 0)
            run_straight(&t, b, r, x1 - x0, row);
        else
            run_any(&t, b, r, x1 - x0, row);
    }
}

/* --- ellipses --- */

/* (1 - q)^2 (1 + q / 2) for q = r^2 in 0 .. 1 of 64 steps: a soft hump. */
static inline uint32_t hump(uint32_t q) /* q 0 .. 4096 -> 0 .. 256 */
{
    uint32_t k = (4096 - q) >> 4; /* 0 .. 256 */
    return k * k >> 8;
}

typedef void (*SpotRow)(uint32_t *px, uint32_t weight, uint32_t full);

/* `full` is the opaque colour; weight 0 .. 256. */
static inline void spot_over(uint32_t *px, uint32_t w, uint32_t full)
{
    uint32_t rb = ((full & 0xff00ff) * w >> 8) & 0xff00ff;
    uint32_t ga = ((full >> 8 & 0xff00ff) * w) & 0xff00ff00;
    *px = canvas_over(rb | ga, *px);
}

/* As light through a screen: never clips to a flat patch. */
static inline void spot_screen(uint32_t *px, uint32_t w, uint32_t full)
{
    uint32_t p = *px, alpha = p >> 24, out = p & 0xff000000;
    for (int i = 0; i < 24; i += 8) {
        uint32_t v = p >> i & 255, light = (full >> i & 255) * w >> 8;
        v = v < alpha ? v : alpha;
        out |= (v + ((alpha - v) * light >> 8)) << i;
    }
    *px = out;
}

static inline void spot_rows(Canvas *c, const Spot *s, SpotRow put)
{
    if (s->rx < 0.3f || s->ry < 0.3f || !s->strength) return;
    int y0 = ceil_to(s->y - s->ry - 0.5f, 0, c->height);
    int y1 = ceil_to(s->y + s->ry - 0.5f, 0, c->height);
    uint32_t full = canvas_rgba(s->color, 255), strength = s->strength + (s->strength >> 7);
    for (int y = y0; y < y1; y++) {
        float dy = ((float)y + 0.5f - s->y) / s->ry, half = 1 - dy * dy;
        if (half <= 0) continue;
        half = sqrtf(half) * s->rx;
        int x0 = ceil_to(s->x - half - 0.5f, 0, c->width);
        int x1 = ceil_to(s->x + half - 0.5f, 0, c->width);
        uint32_t *row = c->px + (size_t)y * (size_t)c->width;
        float step = 1 / s->rx, dx = ((float)x0 + 0.5f - s->x) * step;
        for (int x = x0; x < x1; x++, dx += step) {
            int q = (int)((dx * dx + dy * dy) * 4096);
            if (q < 4096) put(row + x, hump((uint32_t)q) * strength >> 8, full);
        }
    }
}

void canvas_spot(Canvas *c, const Spot *s)
{
    spot_rows(c, s, spot_over);
}

void canvas_glow(Canvas *c, const Spot *s)
{
    spot_rows(c, s, spot_screen);
}

void canvas_ball(Canvas *c, const Spot *s, Hex shade, float end)
{
    if (s->rx < 0.2f || s->ry < 0.2f) return;
    int y0 = ceil_to(s->y - s->ry - 1.5f, 0, c->height);
    int y1 = ceil_to(fminf(end, s->y + s->ry + 0.5f), 0, c->height);
    int x0 = ceil_to(s->x - s->rx - 1.5f, 0, c->width);
    int x1 = ceil_to(s->x + s->rx + 0.5f, 0, c->width);
    float edge = s->rx < s->ry ? s->rx : s->ry;
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++) {
            float dx = ((float)x + 0.5f - s->x) / s->rx, dy = ((float)y + 0.5f - s->y) / s->ry;
            float cover = clampf((1 - sqrtf(dx * dx + dy * dy)) * edge + 0.5f, 0, 1);
            if (cover <= 0) continue;
            Hex color = canvas_blend(s->color, shade, (dx + dy) * 0.5f + 0.35f);
            uint32_t *px = c->px + (size_t)y * (size_t)c->width + x;
            *px = canvas_over(canvas_rgba(color, (unsigned)(cover * (float)s->strength)), *px);
        }
}

/* Distance to the segment in units of the radius there, and the shade by the way the surface
 * looks: a round limb lit from upper left. */
void canvas_limb(Canvas *c, const Stroke *s, Hex shade)
{
    float dx = s->x1 - s->x0, dy = s->y1 - s->y0, len2 = dx * dx + dy * dy + 1e-6f;
    float w = fmaxf(s->w0, s->w1) / 2 + 1;
    int y0 = ceil_to(fminf(s->y0, s->y1) - w - 0.5f, 0, c->height);
    int y1 = ceil_to(fmaxf(s->y0, s->y1) + w - 0.5f, 0, c->height);
    int x0 = ceil_to(fminf(s->x0, s->x1) - w - 0.5f, 0, c->width);
    int x1 = ceil_to(fmaxf(s->x0, s->x1) + w - 0.5f, 0, c->width);
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++) {
            float px = (float)x + 0.5f - s->x0, py = (float)y + 0.5f - s->y0;
            float t = clampf((px * dx + py * dy) / len2, 0, 1);
            float r = fmaxf(0.3f, (s->w0 + (s->w1 - s->w0) * t) / 2);
            px -= dx * t, py -= dy * t;
            float d = sqrtf(px * px + py * py), cover = clampf(r - d + 0.5f, 0, 1);
            if (cover <= 0) continue;
            Hex color = canvas_blend(s->color, shade, 0.35f + 0.5f * (px + 0.6f * py) / r);
            uint32_t *at = c->px + (size_t)y * (size_t)c->width + x;
            *at = canvas_over(canvas_rgba(color, (unsigned)(cover * (float)s->alpha)), *at);
        }
}

/* --- straight edges --- */

/* [l, r) of one row at `color`, its ends by coverage. */
static void span(Canvas *c, int y, float l, float r, Hex color, float alpha)
{
    int x0 = ceil_to(l - 0.999f, 0, c->width), x1 = ceil_to(r, 0, c->width);
    uint32_t *row = c->px + (size_t)y * (size_t)c->width;
    uint32_t full = canvas_rgba(color, (unsigned)(alpha + 0.5f));
    for (int x = x0; x < x1; x++) {
        float cover = fminf(r, (float)x + 1) - fmaxf(l, (float)x);
        if (cover <= 0) continue;
        uint32_t p = cover >= 1 ? full : canvas_rgba(color, (unsigned)(alpha * cover));
        row[x] = p >> 24 == 255 ? p : canvas_over(p, row[x]);
    }
}

void canvas_quad(Canvas *c, const Quad *q)
{
    if (q->y1 <= q->y0) return;
    int y0 = ceil_to(q->y0 - 0.999f, 0, c->height), y1 = ceil_to(q->y1, 0, c->height);
    for (int y = y0; y < y1; y++) {
        float cover = fminf(q->y1, (float)y + 1) - fmaxf(q->y0, (float)y);
        if (cover <= 0) continue;
        float w = clampf(((float)y + 0.5f - q->y0) / (q->y1 - q->y0), 0, 1);
        span(c, y, q->l0 + (q->l1 - q->l0) * w, q->r0 + (q->r1 - q->r0) * w,
             canvas_blend(q->top, q->bottom, w), cover * (float)q->alpha * (1 - q->fade * w * w));
    }
}

/* Steep strokes are walked row by row, flat ones column by column. */
void canvas_stroke(Canvas *c, const Stroke *s)
{
    float dx = s->x1 - s->x0, dy = s->y1 - s->y0;
    bool steep = fabsf(dy) >= fabsf(dx);
    float len = steep ? dy : dx, start = steep ? s->y0 : s->x0;
    if (fabsf(len) < 1e-3f) return;
    float low = fminf(start, start + len), high = fmaxf(start, start + len);
    int i0 = ceil_to(low - 0.999f, 0, steep ? c->height : c->width);
    int i1 = ceil_to(high, 0, steep ? c->height : c->width);
    float widen = sqrtf(dx * dx + dy * dy) / fabsf(len);
    for (int i = i0; i < i1; i++) {
        float cover = fminf(high, (float)i + 1) - fmaxf(low, (float)i);
        float w = clampf(((float)i + 0.5f - start) / len, 0, 1);
        float half = (s->w0 + (s->w1 - s->w0) * w) * widen / 2;
        float mid = steep ? s->x0 + dx * w : s->y0 + dy * w;
        if (steep) {
            span(c, i, mid - half, mid + half, s->color, cover * (float)s->alpha);
            continue;
        }
        int j0 = ceil_to(mid - half - 0.999f, 0, c->height), j1 = ceil_to(mid + half, 0, c->height);
        for (int j = j0; j < j1; j++) {
            float part = fminf(mid + half, (float)j + 1) - fmaxf(mid - half, (float)j);
            uint32_t *px = c->px + (size_t)j * (size_t)c->width + i;
            if (part > 0)
                *px = canvas_over(canvas_rgba(s->color, (unsigned)(part * cover * (float)s->alpha)),
                                  *px);
        }
    }
}

Hex canvas_gradient_at(const Gradient *g, float y)
{
    int i = 0;
    while (i + 1 < g->stops && y >= g->at[i + 1]) i++;
    if (i + 1 >= g->stops || y <= g->at[i]) return g->color[i];
    return canvas_blend(g->color[i], g->color[i + 1], (y - g->at[i]) / (g->at[i + 1] - g->at[i]));
}

void canvas_gradient(Canvas *c, const Gradient *g, int y0, int y1)
{
    y0 = y0 < 0 ? 0 : y0, y1 = y1 > c->height ? c->height : y1;
    for (int y = y0; y < y1; y++) {
        uint32_t p = canvas_rgba(canvas_gradient_at(g, (float)y + 0.5f), 255);
        uint32_t *row = c->px + (size_t)y * (size_t)c->width;
        for (int x = 0; x < c->width; x++) row[x] = p;
    }
}
