/* Where what moves has gone, and what became of its edges. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/size.h"
#include "eval/shape.h"

static int luma(const Clip *c, size_t f, size_t y, size_t x)
{
    const uint8_t *p = clip_frame(c, f) + (y * c->width + x) * 3;
    return (299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000;
}

static LooksBox cut(const Clip *c, LooksBox b)
{
    size_t bottom = size_min(c->height, b.y + b.height), right = size_min(c->width, b.x + b.width);
    if (b.y >= bottom || b.x >= right) return (LooksBox){ 0 };
    return (LooksBox){ b.y, b.x, bottom - b.y, right - b.x };
}

/* ---- places ---------------------------------------------------------------------------- */

/* A box of the true frame, its pixels weighted by how much they move. */
typedef struct Pattern {
    const Clip *truth;
    size_t f;
    LooksBox box;
    int *weight; /* [box.height, box.width] */
} Pattern;

static bool weigh(Pattern *p, const size_t ends[2])
{
    const int still = 12; /* grey levels: shading and noise of compression */
    long sum = 0;
    for (size_t i = 0; i < p->box.height * p->box.width; i++) {
        size_t y = p->box.y + i / p->box.width, x = p->box.x + i % p->box.width;
        int here = luma(p->truth, p->f, y, x);
        int a = abs(here - luma(p->truth, ends[0], y, x));
        int b = abs(here - luma(p->truth, ends[1], y, x)), least = a < b ? a : b;
        p->weight[i] = least > still ? least : 0;
        sum += p->weight[i];
    }
    return sum > 0;
}

/* The weighted mean |difference| when the pattern is (dy, dx) away; infinite when half of it would
 * be outside. */
static double misfit(const Pattern *p, const Clip *made, long dy, long dx)
{
    double cost = 0, weight = 0, all = 0;
    for (size_t i = 0; i < p->box.height * p->box.width; i++) {
        size_t y = p->box.y + i / p->box.width, x = p->box.x + i % p->box.width;
        long to_y = (long)y + dy, to_x = (long)x + dx;
        double w = p->weight[i];
        all += w;
        if (w <= 0 || to_y < 0 || to_x < 0 || to_y >= (long)made->height ||
            to_x >= (long)made->width)
            continue;
        int difference = luma(made, p->f, (size_t)to_y, (size_t)to_x) - luma(p->truth, p->f, y, x);
        cost += w * abs(difference), weight += w;
    }
    return weight >= all / 2 ? cost / weight : INFINITY;
}

double shape_offset(const Clip *made, const Clip *truth, size_t f, const size_t ends[2],
                    LooksBox box, size_t reach)
{
    Pattern p = { .truth = truth, .f = f, .box = cut(truth, box) };
    double best = INFINITY, away = NAN;
    long r = (long)reach;
    p.weight = malloc((p.box.height * p.box.width + 1) * sizeof *p.weight);
    if (!p.weight) return NAN;
    if (weigh(&p, ends))
        for (long dy = -r; dy <= r; dy++)
            for (long dx = -r; dx <= r; dx++) {
                double cost = misfit(&p, made, dy, dx), far = hypot((double)dy, (double)dx);
                if (cost < best || (cost <= best && far < away)) best = cost, away = far;
            }
    free(p.weight);
    return away;
}

/* ---- edges ----------------------------------------------------------------------------- */

double shape_gradient_error(const Clip *made, const Clip *truth, size_t f, LooksBox box)
{
    LooksBox b = cut(truth, box);
    double wrong = 0, all = 0;
    for (size_t i = 0; i < b.height * b.width; i++) {
        size_t y = b.y + i / b.width, x = b.x + i % b.width;
        size_t right = size_min(x + 1, truth->width - 1), low = size_min(y + 1, truth->height - 1);
        int m = luma(made, f, y, x), t = luma(truth, f, y, x);
        double mx = luma(made, f, y, right) - m, my = luma(made, f, low, x) - m;
        double tx = luma(truth, f, y, right) - t, ty = luma(truth, f, low, x) - t;
        wrong += (mx - tx) * (mx - tx) + (my - ty) * (my - ty);
        all += tx * tx + ty * ty;
    }
    return all > 0 ? sqrt(wrong / all) : NAN;
}

double shape_edges(const Clip *x, size_t f, const Clip *y, size_t g)
{
    double xy = 0, xx = 0, yy = 0;
    for (size_t row = 0; row + 1 < x->height; row++)
        for (size_t column = 0; column + 1 < x->width; column++) {
            LooksBox one = { row, column, 1, 1 };
            double a = sqrt(looks_gradient(x, f, one)), b = sqrt(looks_gradient(y, g, one));
            xy += a * b, xx += a * a, yy += b * b;
        }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : xx == yy;
}
