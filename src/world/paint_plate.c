#include "world/paint_plate.h"

#include <math.h>
#include <string.h>

Motion plate_motion(const Stage *s)
{
    bool moves = false, zooms = false, sideways = false;
    for (size_t k = 0; k < s->frames; k++) {
        const ViewCamera *c = &s->frame[k].camera, *first = &s->frame[0].camera;
        moves |= c->x != first->x || c->y != first->y;
        zooms |= c->zoom != first->zoom;
        sideways |= c->x != first->x;
    }
    if (zooms) return sideways ? MOTION_FREE : MOTION_ZOOM;
    return moves ? MOTION_SHIFT : MOTION_STILL;
}

Plate plate_new(Arena *a, float x0, float y0, float x1, float y1, float depth)
{
    Plate plate = { .x = (int)floorf(x0), .y = (int)floorf(y0), .depth = depth };
    int width = (int)ceilf(x1) - plate.x, height = (int)ceilf(y1) - plate.y;
    plate.c.width = width < 1 ? 1 : width, plate.c.height = height < 1 ? 1 : height;
    plate.c.px = arena_zero(a, (size_t)plate.c.width * (size_t)plate.c.height * 4);
    return plate;
}

Eye plate_eye(const Plate *plate, const Eye *e)
{
    Eye out = *e;
    out.dx -= (float)plate->x, out.dy -= (float)plate->y;
    return out;
}

void plate_close(Plate *plate, Arena *a)
{
    plate->span = arena_alloc(a, (size_t)plate->c.height * sizeof *plate->span);
    for (int y = 0; y < plate->c.height; y++) {
        const uint32_t *row = plate->c.px + (size_t)y * (size_t)plate->c.width;
        int first = 0, end = plate->c.width;
        while (first < end && !row[first]) first++;
        while (end > first && !row[end - 1]) end--;
        plate->span[y].first = first, plate->span[y].end = end;
    }
}

/* One row between two rows and two columns of a plate, weights of 256 in all:
 * out[i] = the pixel at column first + i + fx. Bytes, so that the compiler makes vectors of it. */
static void blend_rows(const uint8_t *restrict a, const uint8_t *restrict b, int n, unsigned fx,
                       unsigned fy, uint8_t *restrict out)
{
    uint16_t w11 = (uint16_t)(fx * fy >> 8), w10 = (uint16_t)(fx - w11);
    uint16_t w01 = (uint16_t)(fy - w11), w00 = (uint16_t)(256 - fx - fy + w11);
    if (!fy) {
        for (int i = 0; i < n * 4; i++)
            out[i] = (uint8_t)((uint16_t)(a[i] * w00 + a[i + 4] * w10 + 128) >> 8);
        return;
    }
    for (int i = 0; i < n * 4; i++)
        out[i] =
            (uint8_t)((uint16_t)(a[i] * w00 + a[i + 4] * w10 + b[i] * w01 + b[i + 4] * w11 + 128) >>
                      8);
}

enum { CHUNK = 256 }; /* pixels of a row at a time */

/* Columns [first, end) of the picture from plate row y + fy / 256 (rows y and y + 1), column
 * x + fx / 256 at picture column 0. All columns read lie in the plate. */
static void put_row(const Plate *plate, int y, unsigned fy, int x, unsigned fx, uint32_t *row,
                    int first, int end)
{
    uint32_t mixed[CHUNK];
    const uint32_t *a = plate->c.px + (size_t)y * (size_t)plate->c.width + x;
    const uint32_t *b = fy ? a + plate->c.width : a;
    for (int at = first; at < end; at += CHUNK) {
        int n = end - at < CHUNK ? end - at : CHUNK;
        blend_rows((const uint8_t *)(a + at), (const uint8_t *)(b + at), n, fx, fy,
                   (uint8_t *)mixed);
        for (int i = 0; i < n; i++) {
            uint32_t s = mixed[i], alpha = s >> 24;
            if (alpha == 255)
                row[at + i] = s;
            else if (alpha)
                row[at + i] = canvas_over(s, row[at + i]);
        }
    }
}

/* The row that lies sy rows and sx columns from its place; sx and sy say where the picture's
 * (0, y) is read from. The plate's last row and column are not interpolated past. */
static void shift_row(const Plate *plate, float sx, float sy, uint32_t *row, int width)
{
    int y = (int)floorf(sy), x = (int)floorf(sx);
    unsigned fy = (unsigned)((sy - (float)y) * 256), fx = (unsigned)((sx - (float)x) * 256);
    if (y < 0 || y >= plate->c.height) return;
    if (y + 1 >= plate->c.height) fy = 0;
    int first = plate->span[y].first, end = plate->span[y].end;
    if (fy) {
        const struct PlateSpan *next = &plate->span[y + 1];
        if (next->first < next->end) {
            first = first < end && first < next->first ? first : next->first;
            end = end > next->end ? end : next->end;
        }
    }
    if (first >= end) return;
    first = (first > 0 ? first - 1 : 0) - x;
    end = (end < plate->c.width ? end : plate->c.width - 1) - x;
    put_row(plate, y, fy, x, fx, row, first < 0 ? 0 : first, end > width ? width : end);
}

void plate_shift(const Painter *p, const Plate *plate, const Eye *from, const Eye *to, Canvas *c)
{
    float k = p->scale * to->camera.zoom;
    float dx = (to->camera.x - from->camera.x) / plate->depth * k;
    float dy = (to->camera.y - from->camera.y) * k;
    float sx = dx - (float)plate->x, sy = dy - (float)plate->y;
    int y0 = (int)floorf(-sy), y1 = y0 + plate->c.height + 1;
    for (int y = y0 < 0 ? 0 : y0; y < y1 && y < c->height; y++)
        shift_row(plate, sx, sy + (float)y, c->px + (size_t)y * (size_t)c->width, c->width);
}

void plate_shift_ground(const Painter *p, const Plate *plate, const Eye *from, const Eye *to,
                        Canvas *c)
{
    const View *v = &p->stage->view;
    float k = p->scale * to->camera.zoom, span = v->base - v->horizon;
    float dx = (to->camera.x - from->camera.x) * k, dy = (to->camera.y - from->camera.y) * k;
    for (int y = 0; y < c->height; y++) {
        float sy = dy - (float)plate->y + (float)y;
        if (sy < 0) continue;
        float below = eye_rest(p, to, (float)y + 0.5f) - v->horizon;
        float sx = dx * fmaxf(below, 0) / span - (float)plate->x;
        shift_row(plate, sx, sy, c->px + (size_t)y * (size_t)c->width, c->width);
    }
}

static void scale_row(const uint32_t *a, const uint32_t *b, unsigned fy, int u, int du, int n,
                      uint32_t *out)
{
    for (int i = 0; i < n; i++, u += du) {
        int x = u >> 16;
        uint32_t fu = (uint32_t)u >> 8 & 255;
        if (!(a[x] | a[x + 1] | b[x] | b[x + 1])) continue;
        uint32_t s = canvas_mix(canvas_mix(a[x], a[x + 1], fu), canvas_mix(b[x], b[x + 1], fu), fy);
        if (s >> 24 == 255)
            out[i] = s;
        else
            out[i] = canvas_over(s, out[i]);
    }
}

void plate_scale(const Painter *p, const Plate *plate, const Eye *from, const Eye *to, Canvas *c)
{
    float step = from->camera.zoom / to->camera.zoom;
    float u0 =
        ((0.5f / p->scale - p->stage->view.aspect / 2) / to->camera.zoom * from->camera.zoom +
         p->stage->view.aspect / 2) *
            p->scale -
        (float)plate->x - 0.5f;
    int u = (int)floorf(u0 * 65536), du = (int)(step * 65536);
    int last = (plate->c.width - 2) * 65536;
    if (u < 0) u = 0;
    int n = c->width;
    while (n > 0 && u + (int64_t)du * (n - 1) > last) n--;
    for (int y = 0; y < c->height; y++) {
        float v = eye_row(p, from, eye_rest(p, to, (float)y + 0.5f)) - (float)plate->y - 0.5f;
        int at = v < 0 ? 0 : (int)v;
        if (at > plate->c.height - 2) at = plate->c.height - 2;
        if (at < 0 || (plate->span[at].first >= plate->span[at].end &&
                       plate->span[at + 1].first >= plate->span[at + 1].end))
            continue;
        const uint32_t *a = plate->c.px + (size_t)at * (size_t)plate->c.width;
        float f = v - (float)at;
        unsigned fy = f < 0 ? 0 : f > 1 ? 256 : (unsigned)(f * 256);
        uint32_t *row = c->px + (size_t)y * (size_t)c->width;
        scale_row(a, a + plate->c.width, fy, u, du, n, row);
        for (int x = n; x < c->width && n > 0; x++) row[x] = row[n - 1];
    }
}
