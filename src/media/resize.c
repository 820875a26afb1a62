#include "media/resize.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

/* The weights that make each of `count` outputs of `taps` neighbouring inputs. */
typedef struct Taps {
    size_t count, taps;
    size_t *first; /* [count] */
    float *weight; /* [count, taps], each row sums to 1 */
} Taps;

static double sinc(double x)
{
    return x == 0 ? 1 : sin(M_PI * x) / (M_PI * x);
}

/* Weight of input pixel `i` for the output whose centre and reach are given in input pixels. */
static double weigh(ResizeFilter filter, double i, double centre, double scale)
{
    if (filter == RESIZE_AREA) {
        double half = fmax(scale, 1) / 2; /* covers [centre - half, centre + half) */
        return fmax(0, fmin(i + 1, centre + half) - fmax(i, centre - half));
    }
    double x = (i + 0.5 - centre) / fmax(scale, 1);
    return fabs(x) < 3 ? sinc(x) * sinc(x / 3) : 0;
}

static SoraStatus make_taps(Arena *a, ResizeFilter filter, size_t in, double from, double length,
                            size_t count, Taps *t)
{
    double scale = length / (double)count;
    double reach = (filter == RESIZE_AREA ? 0.5 : 3.0) * fmax(scale, 1);
    void *first, *weight;
    *t = (Taps){ .count = count, .taps = size_min(in, (size_t)ceil(2 * reach) + 2) };
    TRY(arena_try(a, count * sizeof(size_t), &first));
    TRY(arena_try(a, count * t->taps * sizeof(float), &weight));
    t->first = first, t->weight = weight;
    for (size_t o = 0; o < count; o++) {
        double centre = from + ((double)o + 0.5) * scale, sum = 0;
        double low = fmax(0, floor(centre - reach));
        t->first[o] = size_min((size_t)low, in - t->taps);
        float *w = t->weight + o * t->taps;
        for (size_t k = 0; k < t->taps; k++)
            sum += w[k] = (float)weigh(filter, (double)(t->first[o] + k), centre, scale);
        for (size_t k = 0; k < t->taps; k++) w[k] = (float)(w[k] / sum);
    }
    return SORA_OK;
}

typedef struct Resize {
    const Clip *in, *out;
    Taps down, across;
    float *rows;     /* [workers, in width * 3]: one row of the result before it is made narrower */
    uint8_t *narrow; /* Lanczos: [workers, in height, out width * 3] */
} Resize;

/* Down first: that loop runs along whole rows, which a compiler turns into vectors. */
static void blend_rows(const Resize *r, size_t f, size_t y, float *row)
{
    size_t n = r->in->width * 3;
    const float *w = r->down.weight + y * r->down.taps;
    const uint8_t *source = clip_frame(r->in, f) + r->down.first[y] * n;
    memset(row, 0, n * sizeof *row);
    for (size_t k = 0; k < r->down.taps; k++, source += n) {
        float wk = w[k];
        if (wk == 0) continue;
        for (size_t x = 0; x < n; x++) row[x] += wk * source[x];
    }
}

static uint8_t to_u8(float x)
{
    return (uint8_t)(x <= 0 ? 0 : x >= 255 ? 255 : x + 0.5f);
}

static void blend_across(const Resize *r, const float *row, uint8_t *to)
{
    size_t taps = r->across.taps;
    for (size_t x = 0; x < r->across.count; x++, to += 3) {
        const float *w = r->across.weight + x * taps, *source = row + r->across.first[x] * 3;
        float red = 0, green = 0, blue = 0;
        for (size_t k = 0; k < taps; k++) {
            red += w[k] * source[3 * k];
            green += w[k] * source[3 * k + 1];
            blue += w[k] * source[3 * k + 2];
        }
        to[0] = to_u8(red), to[1] = to_u8(green), to[2] = to_u8(blue);
    }
}

/* PIL goes across first and rounds to bytes in between: what overshoots is cut there. */
static void resize_frame_twice(const Resize *r, size_t f, uint8_t *narrow, float *row)
{
    size_t n = r->out->width * 3, from = r->in->width * 3, taps = r->down.taps;
    for (size_t y = 0; y < r->in->height; y++) {
        const uint8_t *source = clip_frame(r->in, f) + y * from;
        for (size_t x = 0; x < from; x++) row[x] = source[x];
        blend_across(r, row, narrow + y * n);
    }
    for (size_t y = 0; y < r->out->height; y++) {
        const float *w = r->down.weight + y * taps;
        const uint8_t *source = narrow + r->down.first[y] * n;
        uint8_t *to = clip_frame(r->out, f) + y * n;
        for (size_t x = 0; x < n; x++) {
            float sum = 0;
            for (size_t k = 0; k < taps; k++) sum += w[k] * source[k * n + x];
            to[x] = to_u8(sum);
        }
    }
}

static void resize_frame(void *context, size_t f, int worker)
{
    const Resize *r = context;
    float *row = r->rows + (size_t)worker * r->in->width * 3;
    if (r->narrow) {
        size_t bytes = r->in->height * r->out->width * 3;
        resize_frame_twice(r, f, r->narrow + (size_t)worker * bytes, row);
        return;
    }
    for (size_t y = 0; y < r->out->height; y++) {
        blend_rows(r, f, y, row);
        blend_across(r, row, clip_frame(r->out, f) + y * r->out->width * 3);
    }
}

static SoraStatus check_window(const Clip *in, ResizeWindow *w)
{
    if (w->width == 0) *w = (ResizeWindow){ 0, 0, (double)in->width, (double)in->height };
    double slack = 1e-6 * (double)size_max(in->width, in->height);
    if (!(w->width > 0 && w->height > 0 && w->x >= -slack && w->y >= -slack &&
          w->x + w->width <= (double)in->width + slack &&
          w->y + w->height <= (double)in->height + slack))
        return err_set(SORA_E_ARGUMENT, "the window %gx%g at (%g, %g) is not inside %zux%zu",
                       w->width, w->height, w->x, w->y, in->width, in->height);
    return SORA_OK;
}

SoraStatus resize_clip(const Clip *in, const ResizeOptions *o, Arena *a, Clip *out)
{
    Resize r = { .in = in, .out = out };
    ResizeWindow w = o->window;
    void *rows;
    TRY(check_window(in, &w));
    TRY(clip_new(a, in->frames, o->height, o->width, in->fps, out));
    TRY(make_taps(a, o->filter, in->height, w.y, w.height, o->height, &r.down));
    TRY(make_taps(a, o->filter, in->width, w.x, w.width, o->width, &r.across));
    TRY(arena_try(a, (size_t)pool_threads(o->pool) * in->width * 3 * sizeof(float), &rows));
    r.rows = rows;
    if (o->filter == RESIZE_LANCZOS) {
        size_t bytes = in->height * o->width * 3 * (size_t)pool_threads(o->pool);
        TRY(arena_try(a, bytes, &rows));
        r.narrow = rows;
    }
    parallel_for(o->pool, in->frames, resize_frame, &r);
    return SORA_OK;
}

ResizeWindow resize_cover(const Clip *in, size_t height, size_t width)
{
    double h = (double)in->height, w = (double)in->width, shape = (double)width / (double)height;
    if (w > h * shape)
        w = h * shape;
    else
        h = w / shape;
    return (ResizeWindow){ ((double)in->width - w) / 2, ((double)in->height - h) / 2, w, h };
}

SoraStatus resize_to_fill(const uint8_t *rgb, size_t height, size_t width, ResizeOptions o,
                          Arena *a, uint8_t *out)
{
    Clip one = { 1, height, width, 0, (uint8_t *)rgb }, other;
    ArenaMark mark = arena_mark(a);
    if (o.window.width == 0) o.window = resize_cover(&one, o.height, o.width);
    SoraStatus s = resize_clip(&one, &o, a, &other);
    if (s == SORA_OK) memcpy(out, other.rgb, o.height * o.width * 3);
    arena_rewind(a, mark);
    return s;
}
