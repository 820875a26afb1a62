#include "media/palette.h"

#include <stdlib.h>
#include <string.h>

static size_t cell_of(int r, int g, int b)
{
    return (size_t)(r >> 3) << 10 | (size_t)(g >> 3) << 5 | (size_t)(b >> 3);
}

/* Channel c (0 red, 1 green, 2 blue) of a cell, 0 to 31. */
static int level(size_t cell, int c)
{
    return (int)(cell >> (10 - 5 * c) & 31);
}

void palette_count(uint32_t seen[PALETTE_CELLS], const uint8_t *rgb, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++, rgb += 3) {
        size_t cell = cell_of(rgb[0], rgb[1], rgb[2]);
        if (seen[cell] < UINT32_MAX) seen[cell]++;
    }
}

/* ---- median cut (Heckbert 1982), over cells ---- */

typedef struct Box {
    size_t first, count; /* of Cut.cell */
    double weight, spread;
    int axis; /* the channel with the largest variance */
} Box;

typedef struct Cut {
    const uint32_t *seen;
    uint16_t cell[PALETTE_CELLS];
} Cut;

static void measure(const Cut *cut, Box *b)
{
    double sum[3] = { 0 }, square[3] = { 0 };
    b->weight = 0;
    for (size_t i = b->first; i < b->first + b->count; i++) {
        double w = cut->seen[cut->cell[i]];
        b->weight += w;
        for (int c = 0; c < 3; c++) {
            double x = level(cut->cell[i], c);
            sum[c] += w * x, square[c] += w * x * x;
        }
    }
    b->spread = 0;
    for (int c = 0; c < 3; c++) {
        double spread = square[c] - sum[c] * sum[c] / b->weight;
        if (spread > b->spread) b->spread = spread, b->axis = c;
    }
}

/* Orders the cells of a box along its axis, by counting. */
static void sort_box(Cut *cut, const Box *b, uint16_t *scratch)
{
    size_t start[33] = { 0 };
    for (size_t i = b->first; i < b->first + b->count; i++)
        start[level(cut->cell[i], b->axis) + 1]++;
    for (int l = 0; l < 32; l++) start[l + 1] += start[l];
    for (size_t i = b->first; i < b->first + b->count; i++)
        scratch[start[level(cut->cell[i], b->axis)]++] = cut->cell[i];
    memcpy(cut->cell + b->first, scratch, b->count * sizeof *scratch);
}

/* Cuts at the weighted mean of the axis: closer to least squares than the median. */
static void split(Cut *cut, Box *b, Box *rest, uint16_t *scratch)
{
    sort_box(cut, b, scratch);
    double sum = 0;
    for (size_t i = b->first; i < b->first + b->count; i++)
        sum += (double)cut->seen[cut->cell[i]] * level(cut->cell[i], b->axis);
    double mean = sum / b->weight;
    size_t n = 1;
    while (n + 1 < b->count && level(cut->cell[b->first + n], b->axis) <= mean) n++;
    *rest = (Box){ .first = b->first + n, .count = b->count - n };
    b->count = n;
    measure(cut, b);
    measure(cut, rest);
}

static void entry_of(const Cut *cut, const Box *b, uint8_t rgb[3])
{
    for (int c = 0; c < 3; c++) {
        double sum = 0;
        for (size_t i = b->first; i < b->first + b->count; i++)
            sum += (double)cut->seen[cut->cell[i]] * level(cut->cell[i], c);
        rgb[c] = (uint8_t)(sum / b->weight * 255 / 31 + 0.5); /* 31 is white, not 248 */
    }
}

static void find_nearest(Palette *p)
{
    for (size_t cell = 0; cell < PALETTE_CELLS; cell++) {
        int best = 0, least = 1 << 30;
        for (int k = 0; k < (int)p->count; k++) {
            int d = 0;
            static const int importance[3] = { 2, 4, 1 }; /* the eye's, roughly */
            for (int c = 0; c < 3; c++) {
                int e = level(cell, c) * 255 / 31 - p->rgb[k][c];
                d += importance[c] * e * e;
            }
            if (d < least) least = d, best = k;
        }
        p->nearest[cell] = (uint8_t)best;
    }
}

void palette_build(const uint32_t seen[PALETTE_CELLS], Palette *p)
{
    static const size_t colours = PALETTE_SIZE - 1; /* one index stays free: "as before" */
    Cut cut = { .seen = seen };
    uint16_t scratch[PALETTE_CELLS];
    Box box[PALETTE_SIZE] = { 0 };
    for (size_t cell = 0; cell < PALETTE_CELLS; cell++)
        if (seen[cell]) cut.cell[box[0].count++] = (uint16_t)cell;
    *p = (Palette){ 0 };
    if (box[0].count) {
        measure(&cut, &box[0]);
        p->count = 1;
    }
    while (p->count && p->count < colours) {
        size_t widest = 0;
        for (size_t i = 1; i < p->count; i++)
            if (box[i].spread > box[widest].spread) widest = i;
        if (box[widest].count < 2 || box[widest].spread <= 0) break;
        split(&cut, &box[widest], &box[p->count++], scratch);
    }
    for (size_t i = 0; i < p->count; i++) entry_of(&cut, &box[i], p->rgb[i]);
    find_nearest(p);
}

static int clamp(int x)
{
    return x < 0 ? 0 : x > 255 ? 255 : x;
}

void palette_map_row(const Palette *p, const uint8_t *rgb, size_t y, size_t width, uint8_t *index)
{
    static const int8_t bayer[8][8] = {
        { 0, 32, 8, 40, 2, 34, 10, 42 },  { 48, 16, 56, 24, 50, 18, 58, 26 },
        { 12, 44, 4, 36, 14, 46, 6, 38 }, { 60, 28, 52, 20, 62, 30, 54, 22 },
        { 3, 35, 11, 43, 1, 33, 9, 41 },  { 51, 19, 59, 27, 49, 17, 57, 25 },
        { 15, 47, 7, 39, 13, 45, 5, 37 }, { 63, 31, 55, 23, 61, 29, 53, 21 },
    };
    for (size_t x = 0; x < width; x++, rgb += 3) {
        int push = (bayer[y & 7][x & 7] - 32) / 4; /* about half the step between entries */
        size_t cell = cell_of(clamp(rgb[0] + push), clamp(rgb[1] + push), clamp(rgb[2] + push));
        index[x] = p->nearest[cell];
    }
}
