#include "model/motion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* Of a velocity of one height a second, and of a change by a quarter of all levels. */
static const double ROOT_OF_ONE = 2, ROOT_OF_QUARTER = 2;
static const double FASTEST = 1; /* heights a second that are looked for */
/* What a pixel of motion costs, in levels of each pixel of a window: less is chance. */
static const double PRICE = 0.15;

/* Brightness. */
typedef struct Luma {
    size_t height, width;
    uint8_t *at;
} Luma;

/* A cell's window. */
typedef struct Cell {
    size_t top, left, height, width;
} Cell;

size_t motion_from(size_t at)
{
    return at - size_min(at, 2);
}

static Luma luma_of(const uint8_t *rgb, size_t height, size_t width, uint8_t *room)
{
    for (size_t i = 0; i < height * width; i++, rgb += 3)
        room[i] = (uint8_t)((77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]) >> 8);
    return (Luma){ height, width, room };
}

static Luma halve(const Luma *from, uint8_t *room)
{
    Luma to = { size_max(1, from->height / 2), size_max(1, from->width / 2), room };
    for (size_t y = 0; y < to.height; y++)
        for (size_t x = 0; x < to.width; x++) {
            size_t low = size_min(2 * y + 1, from->height - 1);
            size_t right = size_min(2 * x + 1, from->width - 1);
            const uint8_t *a = from->at + 2 * y * from->width, *b = from->at + low * from->width;
            room[y * to.width + x] = (uint8_t)((a[2 * x] + a[right] + b[2 * x] + b[right] + 2) / 4);
        }
    return to;
}

/* Mean difference of a cell's window from where it was if it moved by (dx, dy); anything above
 * `most` if it is above. */
static double differ_at_most(const Luma *before, const Luma *now, const Cell *c, int dx, int dy,
                             double most)
{
    double area = (double)(c->height * c->width);
    long sum = 0, enough = (long)fmin(most * area, 1e9) + 1, y0 = (long)c->top - dy,
         x0 = (long)c->left - dx;
    bool within = y0 >= 0 && x0 >= 0 && y0 + (long)c->height <= (long)before->height &&
                  x0 + (long)c->width <= (long)before->width;
    for (size_t y = 0; y < c->height && sum <= enough; y++) {
        const uint8_t *p = now->at + (c->top + y) * now->width + c->left;
        const uint8_t *q = before->at + size_inside(y0 + (long)y, before->height) * before->width;
        int row = 0;
        if (within)
            for (size_t x = 0; x < c->width; x++) row += abs(p[x] - q[x0 + (long)x]);
        else
            for (size_t x = 0; x < c->width; x++)
                row += abs(p[x] - q[size_inside(x0 + (long)x, before->width)]);
        sum += row;
    }
    return (double)sum / area;
}

static double differ(const Luma *before, const Luma *now, const Cell *c, int dx, int dy)
{
    return differ_at_most(before, now, c, dx, dy, INFINITY);
}

/* Cell (row, column) of `cells` a side, and a border around it: a quarter of its height, or two
 * pixels. */
static Cell cell_of(const Luma *l, size_t cells, size_t row, size_t column)
{
    size_t top = row * l->height / cells, low = (row + 1) * l->height / cells;
    size_t left = column * l->width / cells, right = (column + 1) * l->width / cells;
    size_t border = size_max(2, (low - top) / 4);
    top -= size_min(top, border), left -= size_min(left, border);
    low = size_min(l->height, size_max(low, top + 1) + border);
    right = size_min(l->width, size_max(right, left + 1) + border);
    return (Cell){ top, left, low - top, right - left };
}

typedef struct Found {
    int dx, dy;
    double cost;
} Found;

static void look_around(const Luma *before, const Luma *now, const Cell *c, int radius, Found *f)
{
    int x0 = f->dx, y0 = f->dy;
    f->cost = differ(before, now, c, 0, 0);
    f->dx = f->dy = 0;
    for (int dy = y0 - radius; dy <= y0 + radius; dy++)
        for (int dx = x0 - radius; dx <= x0 + radius; dx++) {
            double price = PRICE * sqrt((double)(dx * dx + dy * dy));
            if (price >= f->cost) continue;
            double cost = differ_at_most(before, now, c, dx, dy, f->cost - price) + price;
            if (cost < f->cost) *f = (Found){ dx, dy, cost };
        }
}

/* Where the parabola through three costs is least, -1/2 to 1/2. */
static double part_of_pixel(double before, double at, double after)
{
    double bend = before - 2 * at + after;
    if (!(bend > 1e-9)) return 0;
    return fmin(0.5, fmax(-0.5, (before - after) / (2 * bend)));
}

static float root(double x, double of_one)
{
    return (float)(copysign(of_one, x) * sqrt(fmin(fabs(x), 1)));
}

typedef struct Pair {
    Luma before[2], now[2]; /* whole, half */
    double seconds;
    size_t cells;
} Pair;

static void move_of(const Pair *p, size_t row, size_t column, float out[3])
{
    const Luma *l = &p->now[0];
    Cell small = cell_of(&p->now[1], p->cells, row, column),
         cell = cell_of(l, p->cells, row, column);
    Found f = { 0 };
    double still = differ(&p->before[0], l, &cell, 0, 0), x = 0, y = 0;
    if (still > 0) {
        look_around(&p->before[1], &p->now[1], &small,
                    (int)ceil(FASTEST * p->seconds * (double)l->height / 2), &f);
        f.dx *= 2, f.dy *= 2;
        look_around(&p->before[0], l, &cell, 1, &f);
    }
    if (f.dx || f.dy) {
        double here = differ(&p->before[0], l, &cell, f.dx, f.dy);
        x = f.dx + part_of_pixel(differ(&p->before[0], l, &cell, f.dx - 1, f.dy), here,
                                 differ(&p->before[0], l, &cell, f.dx + 1, f.dy));
        y = f.dy + part_of_pixel(differ(&p->before[0], l, &cell, f.dx, f.dy - 1), here,
                                 differ(&p->before[0], l, &cell, f.dx, f.dy + 1));
    }
    double unit = p->seconds * (double)l->height;
    out[0] = root(x / unit, ROOT_OF_ONE);
    out[1] = root(y / unit, ROOT_OF_ONE);
    out[2] = root(still / 64, ROOT_OF_QUARTER);
}

/* Both pictures whole, and both at half the size, which is a pixel at least. */
size_t motion_room(size_t height, size_t width)
{
    return 3 * height * width + 2;
}

void motion_map(const uint8_t *before, const uint8_t *now, size_t height, size_t width,
                double seconds, size_t patch, uint8_t *room, float *values)
{
    size_t pixels = height * width;
    memset(values, 0, patch * patch * 3 * sizeof *values);
    if (!(seconds > 0)) return;
    Pair p = { .seconds = seconds, .cells = patch };
    p.before[0] = luma_of(before, height, width, room);
    p.now[0] = luma_of(now, height, width, room + pixels);
    p.before[1] = halve(&p.before[0], room + 2 * pixels);
    p.now[1] = halve(&p.now[0], room + 2 * pixels + p.before[1].height * p.before[1].width);
    for (size_t row = 0; row < patch; row++)
        for (size_t column = 0; column < patch; column++, values += 3)
            move_of(&p, row, column, values);
}

void motion_pack(const uint8_t *rgb, size_t frames, size_t height, size_t width, double fps,
                 size_t patch, size_t f, uint8_t *room, float *token)
{
    size_t bytes = height * width * 3, one = patch * patch * 3;
    for (size_t k = 0; k < PATCH_FRAMES; k++) {
        size_t at = size_min(patch_frame_at(f, k), frames - 1), from = motion_from(at);
        motion_map(rgb + from * bytes, rgb + at * bytes, height, width, (double)(at - from) / fps,
                   patch, room, token + k * one);
    }
}

void motion_mirror(const float *token, size_t patch, float *out)
{
    patch_mirror(token, (PatchGrid){ 1, 1, 1 }, patch, out);
    for (size_t i = 0; i < PATCH_FRAMES * patch * patch; i++) out[3 * i] = -out[3 * i];
}
