#include "pipeline/carry.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "media/clip.h"

/* Levels of 255: differences up to the first are none, from the second on everything is new. */
static const float SAME = 12, OTHER = 26;
/* Between given frames, which are exact: this much stands still, this much moves. */
static const float STILL = 4, MOVES = 12;
/* Radii in parts of the picture's height: of the two smoothings, what a thing's limbs measure and
 * about what the model cannot tell; and of the brush that paints around what differs, without which
 * a face that moved a little has wrinkles of where it was. */
enum { WIDE = 24, NARROW = 64, BRUSH = 80 };

/* Means of 2 radius + 1 values in a row, fewer at its ends. */
static void smooth_line(const float *in, float *out, size_t n, size_t step, size_t radius)
{
    float sum = 0;
    size_t from = 0, to = 0; /* sum of in[from, to) */
    for (size_t i = 0; i < n; i++) {
        size_t first = i > radius ? i - radius : 0, last = size_min(n, i + radius + 1);
        while (to < last) sum += in[to++ * step];
        while (from < first) sum -= in[from++ * step];
        out[i * step] = sum / (float)(to - from);
    }
}

/* Rows, then columns, twice: nearly a Gauss. x and y [height, width]; the result is in x. */
static void smooth(float *x, float *y, size_t height, size_t width, size_t radius)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < height; i++)
            smooth_line(x + i * width, y + i * width, width, 1, radius);
        for (size_t i = 0; i < width; i++) smooth_line(y + i, x + i, height, width, radius);
    }
}

/* Takes from alike[i] where the given frames differ. */
static void find_still(const uint8_t *given, const uint8_t *other, size_t height, size_t width,
                       float *alike, float *x, float *y)
{
    for (size_t i = 0; i < height * width; i++)
        x[i] = (float)clip_difference(given + 3 * i, other + 3 * i);
    smooth(x, y, height, width, size_max(1, height / NARROW));
    for (size_t i = 0; i < height * width; i++)
        alike[i] = fminf(alike[i], fmaxf(0, (MOVES - x[i]) / (MOVES - STILL)));
}

static void least_line(const float *in, float *out, size_t n, size_t step, size_t radius)
{
    for (size_t i = 0; i < n; i++) {
        size_t from = i > radius ? i - radius : 0, to = size_min(n - 1, i + radius);
        float least = in[from * step];
        for (size_t j = from + 1; j <= to; j++) least = fminf(least, in[j * step]);
        out[i * step] = least;
    }
}

/* The least around each pixel, then smooth again; y is room for it. */
static void paint_around(float *x, float *y, size_t height, size_t width)
{
    size_t radius = size_max(1, height / BRUSH);
    for (size_t i = 0; i < height; i++)
        least_line(x + i * width, y + i * width, width, 1, 2 * radius);
    for (size_t i = 0; i < width; i++) least_line(y + i, x + i, height, width, 2 * radius);
    smooth(x, y, height, width, radius);
}

/* alike[i]: 1 where the pictures show the same around pixel i, 0 where they do not. */
static void find_alike(const uint8_t *rgb, const uint8_t *given, size_t height, size_t width,
                       float *alike, float *x, float *y)
{
    size_t pixels = height * width;
    const size_t radius[2] = { size_max(1, height / NARROW), size_max(1, height / WIDE) };
    for (size_t i = 0; i < pixels; i++) alike[i] = 1;
    for (int scale = 0; scale < 2; scale++)
        for (size_t c = 0; c < 3; c++) {
            /* what is narrow may be a soft edge: more of it is needed to be something */
            float more = scale ? 1 : 1.5f, same = more * SAME, other = more * OTHER;
            for (size_t i = 0; i < pixels; i++) x[i] = (float)(rgb[3 * i + c] - given[3 * i + c]);
            smooth(x, y, height, width, radius[scale]);
            for (size_t i = 0; i < pixels; i++)
                alike[i] = fminf(alike[i], fmaxf(0, (other - fabsf(x[i])) / (other - same)));
        }
}

void carry_still(uint8_t *rgb, const CarryFrom from[2], size_t height, size_t width, Arena *a)
{
    size_t pixels = height * width;
    ArenaMark mark = arena_mark(a);
    float *alike[2], *x = arena_alloc(a, pixels * sizeof *x),
                     *y = arena_alloc(a, pixels * sizeof *y);
    for (int k = 0; k < 2; k++) {
        alike[k] = arena_zero(a, pixels * sizeof *alike[k]);
        if (!from[k].rgb) continue;
        find_alike(rgb, from[k].rgb, height, width, alike[k], x, y);
        if (from[k].other) find_still(from[k].rgb, from[k].other, height, width, alike[k], x, y);
        paint_around(alike[k], y, height, width);
    }
    for (size_t i = 0; i < pixels; i++) {
        float u[2], most = fmaxf(alike[0][i], alike[1][i]);
        for (int k = 0; k < 2; k++) u[k] = alike[k][i] * (float)from[k].share;
        float sum = u[0] + u[1];
        if (!(sum > 0)) continue;
        for (size_t c = 0; c < 3; c++) {
            float made = rgb[3 * i + c], given = 0;
            for (int k = 0; k < 2; k++)
                if (from[k].rgb) given += u[k] / sum * from[k].rgb[3 * i + c];
            rgb[3 * i + c] = (uint8_t)(made + most * (given - made) + 0.5f);
        }
    }
    arena_rewind(a, mark);
}

/* The frames agree so far that it is chance no more, and wholly. */
static const float AGREE[2] = { 0.02f, 0.1f };

void carry_along(uint8_t *rgb, const uint8_t *followed, const uint8_t *agree, size_t height,
                 size_t width, Arena *a)
{
    size_t pixels = height * width;
    ArenaMark mark = arena_mark(a);
    float *sure = arena_alloc(a, pixels * sizeof *sure), *y = arena_alloc(a, pixels * sizeof *y);
    for (size_t i = 0; i < pixels; i++) {
        float part = ((float)agree[i] / 255 - AGREE[0]) / (AGREE[1] - AGREE[0]);
        sure[i] = fminf(1, fmaxf(0, part));
    }
    if (height >= BRUSH) smooth(sure, y, height, width, height / BRUSH);
    for (size_t i = 0; i < pixels * 3; i++) {
        float made = rgb[i];
        rgb[i] = (uint8_t)(made + sure[i / 3] * (followed[i] - made) + 0.5f);
    }
    arena_rewind(a, mark);
}
