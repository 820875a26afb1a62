#include "pipeline/wan_vace.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

/* Half of a control latent: what is kept, or what is to be made, the other blackened to grey. */
typedef struct Half {
    const WanConditionCall *k;
    bool reactive;
} Half;

/* Is this pixel to be made? First and last pictures that are given as such are kept. */
static bool is_made(const WanConditionCall *k, size_t frame, size_t pixel)
{
    const WanGiven *g = k->given;
    if (frame == 0 && g->first) return false;
    if (frame + 1 == k->frames && g->last) return false;
    if (!g->video || !g->video->mask) return true;
    return g->video->mask[frame * k->height * k->width + pixel] != 0;
}

static float pixel_of(const WanConditionCall *k, size_t frame, size_t pixel, size_t c)
{
    const WanGiven *g = k->given;
    size_t pixels = k->height * k->width;
    if (frame == 0 && g->first) return g->first->rgb[c * pixels + pixel];
    if (frame + 1 == k->frames && g->last) return g->last->rgb[c * pixels + pixel];
    return g->video ? g->video->rgb[(frame * pixels + pixel) * 3 + c] : 0;
}

static SoraStatus read_half(void *self, size_t frame, float *rgb)
{
    const Half *h = self;
    for (size_t i = 0; i < h->k->height * h->k->width; i++)
        for (size_t c = 0; c < 3; c++)
            rgb[3 * i + c] =
                is_made(h->k, frame, i) == h->reactive ? pixel_of(h->k, frame, i, c) : 0;
    return SORA_OK;
}

/* A picture fitted into the canvas: bilinear, centred, on white. */
typedef struct Canvas {
    const WanConditionCall *k;
    const WanPicture *p;
} Canvas;

static float bilinear(const float *plane, size_t height, size_t width, double y, double x)
{
    y = fmin(fmax(y, 0), (double)height - 1), x = fmin(fmax(x, 0), (double)width - 1);
    size_t y0 = (size_t)y, x0 = (size_t)x;
    size_t y1 = size_min(y0 + 1, height - 1), x1 = size_min(x0 + 1, width - 1);
    double v = y - (double)y0, u = x - (double)x0;
    double top = (1 - u) * (double)plane[y0 * width + x0] + u * (double)plane[y0 * width + x1];
    double low = (1 - u) * (double)plane[y1 * width + x0] + u * (double)plane[y1 * width + x1];
    return (float)((1 - v) * top + v * low);
}

static SoraStatus read_canvas(void *self, size_t frame, float *rgb)
{
    const Canvas *c = self;
    const WanPicture *p = c->p;
    size_t height = c->k->height, width = c->k->width;
    double scale = fmin((double)height / (double)p->height, (double)width / (double)p->width);
    size_t h = size_max(1, (size_t)((double)p->height * scale)), top = (height - h) / 2;
    size_t w = size_max(1, (size_t)((double)p->width * scale)), left = (width - w) / 2;
    (void)frame;
    for (size_t i = 0; i < 3 * height * width; i++) rgb[i] = 1;
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            double from_y = ((double)y + 0.5) * (double)p->height / (double)h - 0.5;
            double from_x = ((double)x + 0.5) * (double)p->width / (double)w - 0.5;
            float *to = rgb + ((top + y) * width + left + x) * 3;
            for (size_t j = 0; j < 3; j++)
                to[j] = bilinear(p->rgb + j * p->height * p->width, p->height, p->width, from_y,
                                 from_x);
        }
    return SORA_OK;
}

/* Copies z [channels, frames, plane] into a latent of more frames, from frame `first` on. */
static void place(const float *z, size_t channels, size_t frames, size_t plane, size_t first,
                  size_t all, float *to)
{
    for (size_t c = 0; c < channels; c++)
        memcpy(to + (c * all + first) * plane, z + c * frames * plane, frames * plane * sizeof *to);
}

/* The mask at latent size: the space x space pixels of a latent are its channels, row by row; of
 * several frames the one nearest to the middle counts. References: 0, they are kept. */
static void fill_mask(const WanConditionCall *k, size_t space, size_t extra, float *mask)
{
    LatentSize s = k->size;
    size_t all = s.frames + extra, plane = s.height * s.width;
    memset(mask, 0, space * space * all * plane * sizeof *mask);
    for (size_t f = 0; f < s.frames; f++) {
        size_t frame = (size_t)(((double)f + 0.5) * (double)k->frames / (double)s.frames);
        for (size_t d = 0; d < space * space; d++)
            for (size_t i = 0; i < plane; i++) {
                size_t y = i / s.width * space + d / space, x = i % s.width * space + d % space;
                mask[(d * all + extra + f) * plane + i] = is_made(k, frame, y * k->width + x);
            }
    }
}

static SoraStatus check(const WanConditionCall *k, size_t space)
{
    const WanPicture *still[2] = { k->given->first, k->given->last };
    size_t channels = 2 * k->size.channels + space * space;
    if (k->b->config.control_values != 4 * channels)
        return err_set(SORA_E_UNSUPPORTED,
                       "%s reads %zu control channels; %zu of a video and a mask can be made",
                       k->b->parts.transformer, k->b->config.control_values / 4, channels);
    for (int i = 0; i < 2; i++)
        if (still[i] && (still[i]->height != k->height || still[i]->width != k->width))
            return err_set(SORA_E_ARGUMENT, "a given image of %zux%zu for a video of %zux%zu",
                           still[i]->width, still[i]->height, k->width, k->height);
    return SORA_OK;
}

SoraStatus wan_vace_make(const WanConditionCall *k, Arena *a, WanCondition *out)
{
    const WanGiven *g = k->given;
    LatentSize s = k->size;
    size_t space = k->height / s.height, extra = g->reference_count, all = s.frames + extra;
    size_t plane = s.height * s.width, half = s.channels * all * plane;
    TRY(check(k, space));
    float *control = arena_zero(a, (2 * half + space * space * all * plane) * sizeof *control);
    float *z = arena_alloc(a, latent_values(s) * sizeof *z);
    for (int i = 0; i < 2; i++) {
        Half h = { k, i == 1 };
        TRY(err_while(wan_encode(k, k->frames, read_half, &h, z), "encoding the control video"));
        place(z, s.channels, s.frames, plane, extra, all, control + (size_t)i * half);
    }
    for (size_t r = 0; r < extra; r++) {
        Canvas c = { k, &g->references[r] };
        TRY(err_while(wan_encode(k, 1, read_canvas, &c, z), "encoding reference image %zu", r + 1));
        place(z, s.channels, 1, plane, r, all, control);
    }
    fill_mask(k, space, extra, control + 2 * half);
    out->inputs.control = control;
    out->inputs.control_scale = g->control_scale != 0 ? g->control_scale : 1;
    out->extra = extra;
    if (k->trace)
        k->trace->fn(k->trace->self, "vace_context", control,
                     2 * half + space * space * all * plane);
    return SORA_OK;
}
