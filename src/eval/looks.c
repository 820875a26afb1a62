#include "eval/looks.h"

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

/* The sum of |difference| of a block and its place (dy, dx) away one frame before; -1: outside. */
static long block_cost(const Clip *c, size_t f, size_t y, size_t x, long dy, long dx)
{
    long sum = 0, y0 = (long)y + dy, x0 = (long)x + dx;
    long h = (long)size_min(BLOCK, c->height - y), w = (long)size_min(BLOCK, c->width - x);
    if (y0 < 0 || x0 < 0 || y0 + h > (long)c->height || x0 + w > (long)c->width) return -1;
    for (long i = 0; i < h; i++)
        for (long j = 0; j < w; j++)
            sum += labs(luma(c, f, y + (size_t)i, x + (size_t)j) -
                        (long)luma(c, f - 1, (size_t)(y0 + i), (size_t)(x0 + j)));
    return sum;
}

static long best_cost(const Clip *c, size_t f, size_t y, size_t x, long reach)
{
    long best = block_cost(c, f, y, x, 0, 0);
    for (long dy = -reach; dy <= reach; dy++)
        for (long dx = -reach; dx <= reach; dx++) {
            long cost = block_cost(c, f, y, x, dy, dx);
            if (cost >= 0 && cost < best) best = cost;
        }
    return best;
}

double looks_residual(const Clip *c, size_t reach)
{
    double sum = 0;
    if (c->frames < 2) return 0;
    for (size_t f = 1; f < c->frames; f++)
        for (size_t y = 0; y < c->height; y += BLOCK)
            for (size_t x = 0; x < c->width; x += BLOCK)
                sum += (double)best_cost(c, f, y, x, (long)reach);
    return sum / (double)((c->frames - 1) * c->height * c->width);
}
