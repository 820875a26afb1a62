#include "eval/shape.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

static size_t frame_bytes(const Clip *c)
{
    return c->height * c->width * 3;
}

double shape_psnr(const Clip *x, size_t f, const Clip *y, size_t g, LooksBox box)
{
    if (box.height == 0) box = (LooksBox){ 0, 0, x->height, x->width };
    size_t bottom = size_min(x->height, box.y + box.height);
    size_t right = size_min(x->width, box.x + box.width);
    const uint8_t *p = clip_frame(x, f), *q = clip_frame(y, g);
    double sum = 0;
    size_t n = 0;
    assert(x->height == y->height && x->width == y->width);
    for (size_t row = box.y; row < bottom; row++)
        for (size_t i = (row * x->width + box.x) * 3; i < (row * x->width + right) * 3; i++, n++)
            sum += (double)(p[i] - q[i]) * (p[i] - q[i]);
    if (n == 0 || sum <= 0) return 99;
    return fmin(99, 10 * log10(255.0 * 255.0 * (double)n / sum));
}

double shape_psnr_outside(const Clip *x, size_t f, const Clip *y, size_t g, LooksBox box)
{
    const uint8_t *p = clip_frame(x, f), *q = clip_frame(y, g);
    double sum = 0;
    size_t n = 0;
    for (size_t row = 0; row < x->height; row++)
        for (size_t column = 0; column < x->width; column++) {
            bool inside = row >= box.y && row < box.y + box.height && column >= box.x &&
                          column < box.x + box.width;
            for (size_t k = 0; k < 3 && !inside; k++, n++) {
                size_t i = (row * x->width + column) * 3 + k;
                sum += (double)(p[i] - q[i]) * (p[i] - q[i]);
            }
        }
    if (n == 0 || sum <= 0) return 99;
    return fmin(99, 10 * log10(255.0 * 255.0 * (double)n / sum));
}

void shape_colour(const Clip *c, size_t first, size_t count, double rgb[3])
{
    size_t pixels = count * c->height * c->width;
    const uint8_t *p = clip_frame(c, first);
    uint64_t sum[3] = { 0 };
    for (size_t i = 0; i < pixels * 3; i++) sum[i % 3] += p[i];
    for (size_t k = 0; k < 3; k++) rgb[k] = (double)sum[k] / (double)pixels;
}

double shape_step(const Clip *c, size_t f, size_t g)
{
    const uint8_t *p = clip_frame(c, f), *q = clip_frame(c, g);
    uint64_t sum = 0;
    for (size_t i = 0; i < frame_bytes(c); i++) sum += (uint64_t)abs(p[i] - q[i]);
    return (double)sum / (double)frame_bytes(c);
}

static double second_step(const Clip *c, size_t f)
{
    const uint8_t *a = clip_frame(c, f - 2), *b = clip_frame(c, f - 1), *d = clip_frame(c, f);
    uint64_t sum = 0;
    for (size_t i = 0; i < frame_bytes(c); i++) sum += (uint64_t)abs(a[i] - 2 * b[i] + d[i]);
    return (double)sum / (double)frame_bytes(c);
}

static double colour_step(const Clip *c, size_t f)
{
    double worst = 0;
    for (size_t k = 0; k < 3; k++) {
        int64_t sum = 0;
        for (size_t i = k; i < frame_bytes(c); i += 3)
            sum += clip_frame(c, f)[i] - clip_frame(c, f - 1)[i];
        worst = fmax(worst, fabs((double)sum) / (double)(c->height * c->width));
    }
    return worst;
}

static int by_size(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

static double median(double *x, size_t n)
{
    if (n == 0) return 0;
    qsort(x, n, sizeof *x, by_size);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* Of what is measured at frame `at` (from the frames before it) against the median elsewhere. */
static double against_rest(double *all, size_t first, size_t frames, size_t at, size_t wide)
{
    const double floor_levels = 0.25;
    double here = 0;
    size_t n = 0;
    for (size_t f = first; f < frames; f++) {
        if (f >= at && f < at + wide)
            here = fmax(here, all[f]);
        else
            all[n++] = all[f];
    }
    double rest = fmax(median(all, n), floor_levels);
    return fmax(here, floor_levels) / rest;
}

ShapeSeam shape_seam(const Clip *c, size_t at)
{
    ShapeSeam s = { NAN, NAN, NAN };
    double *x = malloc(c->frames * sizeof *x);
    assert(at >= 2 && at + 1 < c->frames);
    if (!x) return s;
    for (size_t f = 1; f < c->frames; f++) x[f] = shape_step(c, f - 1, f);
    s.position = against_rest(x, 1, c->frames, at, 1);
    for (size_t f = 2; f < c->frames; f++) x[f] = second_step(c, f);
    s.velocity = against_rest(x, 2, c->frames, at, 2);
    for (size_t f = 1; f < c->frames; f++) x[f] = colour_step(c, f);
    s.colour = against_rest(x, 1, c->frames, at, 1);
    free(x);
    return s;
}

double shape_dynamic(const Clip *c, size_t first, size_t count)
{
    double sum = 0;
    if (count < 2) return 0;
    for (size_t f = first + 1; f < first + count; f++) sum += shape_step(c, f - 1, f);
    return sum / (double)(count - 1);
}

double shape_loop(const Clip *c)
{
    if (c->frames < 3) return NAN;
    double *x = malloc((c->frames + 1) * sizeof *x);
    if (!x) return NAN;
    for (size_t f = 1; f < c->frames; f++) x[f] = shape_step(c, f - 1, f);
    x[c->frames] = shape_step(c, c->frames - 1, 0);
    double ratio = against_rest(x, 1, c->frames + 1, c->frames, 1);
    free(x);
    return ratio;
}

void shape_blend(Clip *c, size_t first, size_t count)
{
    assert(first > 0 && first + count < c->frames);
    const uint8_t *before = clip_frame(c, first - 1), *after = clip_frame(c, first + count);
    for (size_t k = 0; k < count; k++) {
        double part = (double)(k + 1) / (double)(count + 1);
        uint8_t *to = clip_frame(c, first + k);
        for (size_t i = 0; i < frame_bytes(c); i++)
            to[i] = (uint8_t)lrint((1 - part) * before[i] + part * after[i]);
    }
}

void shape_nearest(Clip *c, size_t first, size_t count)
{
    assert(first > 0 && first + count < c->frames);
    for (size_t k = 0; k < count; k++)
        memcpy(clip_frame(c, first + k),
               clip_frame(c, 2 * (k + 1) <= count + 1 ? first - 1 : first + count), frame_bytes(c));
}
