#include "eval/looks.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/size.h"

enum { BLOCK = 8 };

static int luma(const Clip *c, size_t f, size_t y, size_t x)
{
    const uint8_t *p = clip_frame(c, f) + (y * c->width + x) * 3;
    return (299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000;
}

static double energy(const Clip *c, size_t f, size_t y, size_t x)
{
    int here = luma(c, f, y, x);
    double dx = x + 1 < c->width ? luma(c, f, y, x + 1) - here : 0;
    double dy = y + 1 < c->height ? luma(c, f, y + 1, x) - here : 0;
    return dx * dx + dy * dy;
}

double looks_gradient(const Clip *c, size_t frame, LooksBox b)
{
    size_t bottom = size_min(c->height, b.y + b.height), right = size_min(c->width, b.x + b.width);
    double sum = 0;
    if (b.y >= bottom || b.x >= right) return 0;
    for (size_t y = b.y; y < bottom; y++)
        for (size_t x = b.x; x < right; x++) sum += energy(c, frame, y, x);
    return sum / (double)((bottom - b.y) * (right - b.x));
}

double looks_sharpest(const Clip *c, size_t frame, size_t height, size_t width)
{
    height = size_max(1, size_min(height, c->height)),
    width = size_max(1, size_min(width, c->width));
    size_t pitch = c->width + 1;
    double *sum = calloc((c->height + 1) * pitch, sizeof *sum), best = 0; /* over all above left */
    if (!sum) return NAN;
    for (size_t y = 0; y < c->height; y++)
        for (size_t x = 0; x < c->width; x++)
            sum[(y + 1) * pitch + x + 1] = energy(c, frame, y, x) + sum[y * pitch + x + 1] +
                                           sum[(y + 1) * pitch + x] - sum[y * pitch + x];
    for (size_t y = 0; y + height <= c->height; y++)
        for (size_t x = 0; x + width <= c->width; x++) {
            double all = sum[(y + height) * pitch + x + width] - sum[y * pitch + x + width] -
                         sum[(y + height) * pitch + x] + sum[y * pitch + x];
            best = fmax(best, all);
        }
    free(sum);
    return best / (double)(height * width);
}

double looks_borders(const Clip *c, size_t patch)
{
    double border = 0, other = 0;
    size_t borders = 0, others = 0;
    for (size_t f = 0; f < c->frames; f++)
        for (size_t y = 0; y < c->height; y++)
            for (size_t x = 0; x < c->width; x++) {
                int here = luma(c, f, y, x);
                if (x + 1 < c->width) {
                    bool at = (x + 1) % patch == 0;
                    *(at ? &border : &other) += abs(luma(c, f, y, x + 1) - here);
                    ++*(at ? &borders : &others);
                }
                if (y + 1 < c->height) {
                    bool at = (y + 1) % patch == 0;
                    *(at ? &border : &other) += abs(luma(c, f, y + 1, x) - here);
                    ++*(at ? &borders : &others);
                }
            }
    if (!borders || !others || other <= 0) return border > 0 ? INFINITY : 1;
    return border / (double)borders / (other / (double)others);
}

/* Luma of every frame. */
typedef struct Planes {
    size_t height, width;
    uint8_t *y; /* [frames, height, width] */
} Planes;

static bool planes_of(const Clip *c, Planes *out)
{
    size_t pixels = c->height * c->width;
    *out = (Planes){ c->height, c->width, malloc(c->frames * pixels) };
    for (size_t i = 0; out->y && i < c->frames * pixels; i++)
        out->y[i] = (uint8_t)luma(c, i / pixels, i % pixels / c->width, i % c->width);
    return out->y != NULL;
}

/* The sum of |difference| of a block and its place (dy, dx) away one frame before; rows behind the
 * one where it passes `most` are not added. A place outside costs more than `most`. */
static long block_cost(const Planes *p, size_t f, size_t y, size_t x, const long by[2], long most)
{
    long sum = 0, y0 = (long)y + by[0], x0 = (long)x + by[1];
    long h = (long)size_min(BLOCK, p->height - y), w = (long)size_min(BLOCK, p->width - x);
    if (y0 < 0 || x0 < 0 || y0 + h > (long)p->height || x0 + w > (long)p->width) return most + 1;
    const uint8_t *here = p->y + (f * p->height + y) * p->width + x;
    const uint8_t *there = p->y + ((f - 1) * p->height + (size_t)y0) * p->width + (size_t)x0;
    for (long i = 0; i < h && sum <= most; i++, here += p->width, there += p->width)
        for (long j = 0; j < w; j++) sum += abs(here[j] - there[j]);
    return sum;
}

static long best_cost(const Planes *p, size_t f, size_t y, size_t x, long reach)
{
    long best = block_cost(p, f, y, x, (long[2]){ 0, 0 }, LONG_MAX - 1);
    for (long dy = -reach; dy <= reach; dy++)
        for (long dx = -reach; dx <= reach; dx++) {
            long cost = block_cost(p, f, y, x, (long[2]){ dy, dx }, best);
            if (cost < best) best = cost;
        }
    return best;
}

double looks_residual(const Clip *c, size_t reach)
{
    double sum = 0;
    Planes p;
    if (c->frames < 2) return 0;
    if (!planes_of(c, &p)) return NAN;
    for (size_t f = 1; f < c->frames; f++)
        for (size_t y = 0; y < c->height; y += BLOCK)
            for (size_t x = 0; x < c->width; x += BLOCK)
                sum += (double)best_cost(&p, f, y, x, (long)reach);
    free(p.y);
    return sum / (double)((c->frames - 1) * c->height * c->width);
}
