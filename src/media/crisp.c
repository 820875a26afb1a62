#include "media/crisp.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

/* In radii: how much is smoothed before slopes are taken, and slopes before directions are. */
static const double SLOPE_SMOOTH = 0.375, DIRECTION_SMOOTH = 0.625;
/* Levels a pixel that make half an outline, and bends that are surely on one side of it. */
static const float OUTLINE = 5, BEND = 0.3F;
static const float STEP = 0.25F;  /* of explicit time; stable up to 1/2 */
static const float ALIAS = 0.04F; /* each neighbour's share at the end: a blur of 0.4 pixels */
enum { STEPS = 4, REACH_MAX = 64, ROWS = 16, COLOURS = 3 };

typedef struct Picture {
    size_t height, width;
    Pool *pool;
    float *colour[COLOURS], *next[COLOURS]; /* planes of levels */
    float *side[COLOURS];                   /* 1 where it gets darker, -1 where brighter */
} Picture;

/* ---- rows of work ---------------------------------------------------------------------- */

typedef void (*RowFn)(const void *job, size_t y);

typedef struct Rows {
    RowFn fn;
    const void *job;
    size_t height;
} Rows;

static void some_rows(void *ctx, size_t i, int worker)
{
    const Rows *r = ctx;
    (void)worker;
    for (size_t y = i * ROWS; y < size_min(r->height, (i + 1) * ROWS); y++) r->fn(r->job, y);
}

static void all_rows(const Picture *p, RowFn fn, const void *job)
{
    Rows r = { fn, job, p->height };
    parallel_for(p->pool, size_ceil_div(p->height, ROWS), some_rows, &r);
}

/* ---- smoothing ------------------------------------------------------------------------- */

typedef struct Blur {
    size_t height, width, reach;
    float weight[REACH_MAX + 1];
    const float *from;
    float *to;
} Blur;

static void blur_down(const void *job, size_t y)
{
    const Blur *b = job;
    float *to = b->to + y * b->width;
    for (size_t x = 0; x < b->width; x++) to[x] = b->weight[0] * b->from[y * b->width + x];
    for (size_t k = 1; k <= b->reach; k++) {
        const float *above =
            b->from + size_inside((ptrdiff_t)y - (ptrdiff_t)k, b->height) * b->width;
        const float *below = b->from + size_inside((ptrdiff_t)(y + k), b->height) * b->width;
        for (size_t x = 0; x < b->width; x++) to[x] += b->weight[k] * (above[x] + below[x]);
    }
}

static void blur_across(const void *job, size_t y)
{
    const Blur *b = job;
    const float *from = b->from + y * b->width;
    float *to = b->to + y * b->width;
    for (size_t x = 0; x < b->width; x++) {
        float sum = b->weight[0] * from[x];
        if (x >= b->reach && x + b->reach < b->width)
            for (size_t k = 1; k <= b->reach; k++)
                sum += b->weight[k] * (from[x - k] + from[x + k]);
        else
            for (size_t k = 1; k <= b->reach; k++)
                sum += b->weight[k] * (from[size_inside((ptrdiff_t)x - (ptrdiff_t)k, b->width)] +
                                       from[size_inside((ptrdiff_t)(x + k), b->width)]);
        to[x] = sum;
    }
}

/* A Gaussian, in place; `room` is a plane. */
static void smooth(const Picture *p, float *plane, double sigma, float *room)
{
    Blur b = { .height = p->height, .width = p->width };
    double sum = 0;
    b.reach = size_min(REACH_MAX, (size_t)ceil(3 * sigma));
    for (size_t k = 0; k <= b.reach; k++) {
        double w = exp(-(double)(k * k) / (2 * sigma * sigma));
        b.weight[k] = (float)w;
        sum += k ? 2 * w : w;
    }
    for (size_t k = 0; k <= b.reach; k++) b.weight[k] /= (float)sum;
    b.from = plane, b.to = room;
    all_rows(p, blur_down, &b);
    b.from = room, b.to = plane;
    all_rows(p, blur_across, &b);
}

/* ---- on which side of an outline ------------------------------------------------------- */

typedef struct Slopes {
    size_t height, width;
    const float *at;
    float *down, *across; /* central differences */
} Slopes;

static void slopes_row(const void *job, size_t y)
{
    const Slopes *s = job;
    size_t w = s->width, row = y * w;
    const float *above = s->at + (y ? row - w : row);
    const float *below = s->at + (y + 1 < s->height ? row + w : row), *here = s->at + row;
    for (size_t x = 0; x < w; x++) {
        s->down[row + x] = 0.5F * (below[x] - above[x]);
        s->across[row + x] = 0.5F * (here[x + 1 < w ? x + 1 : x] - here[x ? x - 1 : x]);
    }
}

/* Products of slopes, summed over colours (Di Zenzo 1986). */
typedef struct Products {
    size_t width;
    const float *x, *y;
    float *xx, *xy, *yy;
} Products;

static void products_row(const void *job, size_t y)
{
    const Products *p = job;
    for (size_t i = y * p->width; i < (y + 1) * p->width; i++) {
        p->xx[i] += p->x[i] * p->x[i];
        p->xy[i] += p->x[i] * p->y[i];
        p->yy[i] += p->y[i] * p->y[i];
    }
}

typedef struct Sides {
    size_t width;
    const float *xx, *xy, *yy; /* products, smoothed */
    const float *bend_xx, *bend_xy, *bend_yy;
    float *side;
} Sides;

/* The second derivative along the direction in which the surroundings change most. */
static void sides_row(const void *job, size_t y)
{
    const Sides *s = job;
    for (size_t i = y * s->width; i < (y + 1) * s->width; i++) {
        float sum = s->xx[i] + s->yy[i], apart = s->xx[i] - s->yy[i], both = 2 * s->xy[i];
        float size = sqrtf(apart * apart + both * both) + 1e-6F;
        float cosine = apart / size, sine = both / size; /* of twice its angle */
        float bend = 0.5F * ((1 + cosine) * s->bend_xx[i] + (1 - cosine) * s->bend_yy[i]) +
                     sine * s->bend_xy[i];
        float sure = bend / sqrtf(bend * bend + BEND * BEND);
        s->side[i] = sure * sum / (sum + COLOURS * OUTLINE * OUTLINE);
    }
}

static float *plane(const Picture *p, Arena *a)
{
    return arena_alloc(a, p->height * p->width * sizeof(float));
}

static void find_sides(const Picture *p, size_t radius, Arena *a)
{
    size_t pixels = p->height * p->width, h = p->height, w = p->width;
    float *soft = plane(p, a), *room = plane(p, a), *tensor[3], *down[COLOURS], *across[COLOURS];
    float *bend[3];
    for (int i = 0; i < 3; i++) {
        tensor[i] = arena_zero(a, pixels * sizeof(float));
        bend[i] = plane(p, a);
    }
    for (int c = 0; c < COLOURS; c++) {
        down[c] = plane(p, a), across[c] = plane(p, a);
        memcpy(soft, p->colour[c], pixels * sizeof *soft);
        smooth(p, soft, SLOPE_SMOOTH * (double)radius, room);
        all_rows(p, slopes_row, &(Slopes){ h, w, soft, down[c], across[c] });
        all_rows(p, products_row,
                 &(Products){ w, across[c], down[c], tensor[0], tensor[1], tensor[2] });
    }
    for (int i = 0; i < 3; i++) smooth(p, tensor[i], DIRECTION_SMOOTH * (double)radius, room);
    for (int c = 0; c < COLOURS; c++) {
        all_rows(p, slopes_row, &(Slopes){ h, w, down[c], bend[2], bend[1] });
        all_rows(p, slopes_row, &(Slopes){ h, w, across[c], room, bend[0] });
        all_rows(
            p, sides_row,
            &(Sides){ w, tensor[0], tensor[1], tensor[2], bend[0], bend[1], bend[2], p->side[c] });
    }
}

/* ---- colours that grow ----------------------------------------------------------------- */

/* The size of the smaller of two slopes of one sign, else 0, four times; without a branch, so that
 * compilers make vectors of it. */
static inline float smaller(float a, float b)
{
    float twice = fabsf(a + b) - fabsf(a - b);
    return twice + fabsf(twice);
}

/* Nearly the root of a^2 + b^2, of sizes: the greater and 0.41 of the lesser. */
static inline float length(float a, float b)
{
    return 0.707F * (a + b) + 0.293F * fabsf(a - b);
}

static void grow_row(const void *job, size_t y)
{
    const Picture *p = job;
    size_t w = p->width, row = y * w, up = y ? row - w : row;
    size_t low = y + 1 < p->height ? row + w : row;
    for (int c = 0; c < COLOURS; c++) {
        const float *side = p->side[c] + row;
        const float *here = p->colour[c] + row, *above = p->colour[c] + up;
        const float *below = p->colour[c] + low;
        float *to = p->next[c] + row;
        for (size_t x = 1; x + 1 < w; x++) {
            float across = smaller(here[x + 1] - here[x], here[x] - here[x - 1]);
            float down = smaller(below[x] - here[x], here[x] - above[x]);
            to[x] = here[x] - STEP / 4 * side[x] * length(across, down);
        }
        to[0] = here[0];
        to[w - 1] = here[w - 1];
    }
}

static void grow(Picture *p)
{
    all_rows(p, grow_row, p);
    for (int c = 0; c < COLOURS; c++) {
        float *old = p->colour[c];
        p->colour[c] = p->next[c];
        p->next[c] = old;
    }
}

/* ---- the whole ------------------------------------------------------------------------- */

static void soften(const Picture *p)
{
    Blur b = { p->height, p->width, 1, { 1 - 2 * ALIAS, ALIAS }, NULL, NULL };
    for (int c = 0; c < COLOURS; c++) {
        b.from = p->colour[c], b.to = p->next[c];
        all_rows(p, blur_down, &b);
        b.from = p->next[c], b.to = p->colour[c];
        all_rows(p, blur_across, &b);
    }
}

void crisp_frame(uint8_t *rgb, size_t height, size_t width, size_t radius, Pool *pool, Arena *step)
{
    Picture p = { .height = height, .width = width, .pool = pool };
    size_t pixels = height * width;
    ArenaMark mark = arena_mark(step);
    for (int c = 0; c < COLOURS; c++) {
        p.colour[c] = plane(&p, step);
        p.next[c] = plane(&p, step);
        p.side[c] = plane(&p, step);
        for (size_t i = 0; i < pixels; i++) p.colour[c][i] = rgb[COLOURS * i + (size_t)c];
    }
    ArenaMark sides = arena_mark(step);
    find_sides(&p, radius, step);
    arena_rewind(step, sides);
    for (size_t i = 0; i < STEPS * radius; i++) grow(&p);
    soften(&p);
    for (int c = 0; c < COLOURS; c++)
        for (size_t i = 0; i < pixels; i++) {
            float v = p.colour[c][i];
            rgb[COLOURS * i + (size_t)c] = (uint8_t)((!(v > 0) ? 0 : v > 255 ? 255 : v) + 0.5F);
        }
    arena_rewind(step, mark);
}
