/* A canvas of premultiplied 8-bit RGBA and the few ways the painter puts things on it. Lengths are
 * pixels, y down, pixel (0, 0) covers [0, 1) x [0, 1). All of it integer arithmetic per pixel. */
#ifndef WORLD_PAINT_CANVAS_H
#define WORLD_PAINT_CANVAS_H

#include "world/cast.h"

typedef struct Canvas {
    int width, height;
    uint32_t *px; /* [height][width], bytes R G B A */
} Canvas;

/* A colour 0xRRGGBB, sRGB. */
typedef uint32_t Hex;

/* What becomes of a sprite's colours: out = (in * mul + alpha * add) / 256, at most alpha. */
typedef struct Tint {
    uint16_t mul[3], add[3];
    bool lit; /* blue window panes shine */
} Tint;

static const Tint TINT_NONE = { { 256, 256, 256 }, { 0, 0, 0 }, false };

static inline uint32_t canvas_rgba(Hex c, unsigned alpha) /* alpha 0 .. 255 */
{
    unsigned r = (c >> 16 & 255) * alpha / 255, g = (c >> 8 & 255) * alpha / 255;
    unsigned b = (c & 255) * alpha / 255;
    return r | g << 8 | b << 16 | alpha << 24;
}

/* Premultiplied src over dst. Rounded, not cut: what was opaque stays so. */
static inline uint32_t canvas_over(uint32_t src, uint32_t dst)
{
    uint32_t keep = 256 - ((src >> 24) + (src >> 31));
    uint32_t rb = (((dst & 0xff00ff) * keep + 0x800080) >> 8) & 0xff00ff;
    uint32_t ga = ((dst >> 8 & 0xff00ff) * keep + 0x800080) & 0xff00ff00;
    return src + (rb | ga);
}

/* a at w = 0, b at w = 256. */
static inline uint32_t canvas_mix(uint32_t a, uint32_t b, uint32_t w)
{
    uint32_t rb = ((a & 0xff00ff) * (256 - w) + (b & 0xff00ff) * w) >> 8 & 0xff00ff;
    uint32_t ga = ((a >> 8 & 0xff00ff) * (256 - w) + (b >> 8 & 0xff00ff) * w) & 0xff00ff00;
    return rb | ga;
}

Hex canvas_blend(Hex a, Hex b, float w); /* a at 0, b at 1 */
Hex canvas_scale(Hex c, float k);        /* darker or lighter, clamped */

/* One sprite, turned, mirrored and stretched about the middle of the bottom of its box. */
typedef struct Blit {
    const Sprite *sprite;
    size_t frame;
    float x, y;          /* the middle of the bottom of the box */
    float width, height; /* of the box */
    float turn;          /* radians, clockwise, about the middle of the box */
    float mirror;        /* -1 .. 1 */
    float begin, end;    /* rows from begin on and before end are drawn; 0 and INFINITY: all */
    Tint tint;
    unsigned alpha; /* 0 .. 256 */
} Blit;

void canvas_sprite(Canvas *c, const Blit *b);

/* Soft ellipse, `strength` (0 .. 255) at its middle, falling smoothly to nothing at its rim. */
typedef struct Spot {
    float x, y, rx, ry;
    Hex color;
    unsigned strength;
} Spot;
void canvas_spot(Canvas *c, const Spot *s);
void canvas_glow(Canvas *c, const Spot *s); /* the same, as light on what is there */

/* Ellipse with a clean edge, shaded from `color` at upper left to `shade` at lower right; rows
 * from `end` on are not drawn. */
void canvas_ball(Canvas *c, const Spot *s, Hex shade, float end);

/* Trapezoid between two horizontal lines: from y0 (x in [l0, r0)) to y1 (x in [l1, r1)). */
typedef struct Quad {
    float y0, l0, r0, y1, l1, r1;
    Hex top, bottom;
    unsigned alpha; /* 0 .. 255 */
    float fade;     /* 0: as opaque below as above; 1: nothing is left at y1 */
} Quad;
void canvas_quad(Canvas *c, const Quad *q);

/* A stroke from (x0, y0) to (x1, y1), `w0` and `w1` wide, its ends as narrow as 0. */
typedef struct Stroke {
    float x0, y0, x1, y1, w0, w1;
    Hex color;
    unsigned alpha;
} Stroke;
void canvas_stroke(Canvas *c, const Stroke *s);

/* The same with round ends and shaded as a round limb is, from `color` to `shade`. */
void canvas_limb(Canvas *c, const Stroke *s, Hex shade);

/* Rows [y0, y1) get a vertical gradient through up to 4 colours at rows `at`. */
typedef struct Gradient {
    int stops;
    float at[4];
    Hex color[4];
} Gradient;
Hex canvas_gradient_at(const Gradient *g, float y);
void canvas_gradient(Canvas *c, const Gradient *g, int y0, int y1);

#endif
