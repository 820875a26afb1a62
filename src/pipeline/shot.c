#include "pipeline/shot.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "media/resize.h"
#include "media/retime.h"

/* The wanted frame that is shown at the time of made frame f; *exact: at that very time. */
static size_t frame_shown(const Plan *p, size_t f, bool *exact)
{
    if (p->want.frames == 1) {
        *exact = true;
        return 0;
    }
    double at = (double)f / p->fps * p->want.fps, near = rint(at);
    *exact = fabs(at - near) < 0.02;
    return size_min((size_t)near, p->want.frames - 1);
}

/* Every frame through the second stage, at its own factor. */
static SoraStatus upscale_clip(const Upscale *u, const Compute *c, const Clip *in, Arena *a,
                               Clip *out)
{
    size_t factor = upscale_config(u)->factor;
    TRY(clip_new(a, in->frames, in->height * factor, in->width * factor, in->fps, out));
    Arena *step = arena_new("upscale", 0);
    if (!step) return err_set(SORA_E_MEMORY, "no memory for the second stage");
    for (size_t f = 0; f < in->frames; f++)
        upscale_frame(u, c, clip_frame(in, f), in->height, in->width, step, clip_frame(out, f));
    arena_free(step);
    return SORA_OK;
}

/* To the wanted size; more pixels come from the second stage where the model has one. */
static SoraStatus enlarge(const Bundle *b, const Compute *c, const Clip *in, size_t height,
                          size_t width, Arena *a, Clip *out)
{
    Clip large = *in;
    if (b->upscale && (height > in->height || width > in->width))
        TRY(upscale_clip(b->upscale, c, in, a, &large));
    if (large.height == height && large.width == width) {
        *out = large;
        return SORA_OK;
    }
    ResizeOptions o = { .height = height,
                        .width = width,
                        .filter = RESIZE_LANCZOS,
                        .window = resize_cover(&large, height, width),
                        .pool = c->pool };
    return resize_clip(&large, &o, a, out);
}

/* ---- what is given, as the model sees it ----------------------------------------------- */

/* Of made frame f: pixels of the source, and where the mask has anything to be made. */
static SoraStatus shrink_frame(const Condition *given, const Plan *p, size_t f, const Clip *made,
                               uint8_t *mask, Arena *a)
{
    bool exact;
    size_t from = frame_shown(p, f, &exact), pixels = made->height * made->width;
    Clip one = *given->source, small;
    one.frames = 1;
    one.rgb = clip_frame(given->source, from);
    ArenaMark mark = arena_mark(a);
    ResizeOptions o = { .height = made->height,
                        .width = made->width,
                        .filter = RESIZE_AREA,
                        .window = resize_cover(&one, made->height, made->width) };
    TRY(resize_clip(&one, &o, a, &small));
    memcpy(clip_frame(made, f), small.rgb, pixels * 3);
    if (mask) {
        const uint8_t *shown = given->mask + from * p->want.height * p->want.width;
        uint8_t *rgb = arena_alloc(a, p->want.height * p->want.width * 3);
        for (size_t i = 0; i < p->want.height * p->want.width; i++)
            memset(rgb + 3 * i, shown[i] ? 255 : 0, 3);
        one.rgb = rgb;
        TRY(resize_clip(&one, &o, a, &small));
        for (size_t i = 0; i < pixels; i++) mask[f * pixels + i] = small.rgb[3 * i] > 0;
    }
    arena_rewind(a, mark);
    return SORA_OK;
}

/* A wanted frame that lies between two made ones cannot be told to the model; it is put back at
 * the end all the same. */
static SoraStatus condition_made(const Condition *given, const Plan *p, Arena *a, Condition *out)
{
    Clip *made = arena_alloc(a, sizeof *made);
    uint8_t *frames = arena_zero(a, p->frames), *mask = NULL;
    TRY(clip_new(a, p->frames, p->height, p->width, p->fps, made));
    if (given->mask) mask = arena_alloc(a, p->frames * p->height * p->width);
    for (size_t f = 0; f < p->frames; f++) {
        bool exact;
        size_t from = frame_shown(p, f, &exact);
        TRY(shrink_frame(given, p, f, made, mask, a));
        frames[f] = given->given && given->given[from] && exact;
    }
    *out = (Condition){ .source = made,
                        .given = given->given ? frames : NULL,
                        .mask = mask,
                        .strength = given->strength };
    return SORA_OK;
}

/* ---- to what was asked for ------------------------------------------------------------- */

static SoraStatus retime(const Plan *p, Pool *pool, Arena *a, Clip *clip)
{
    if (p->retimed) {
        Clip other;
        TRY(retime_clip(clip, p->want.fps, pool, a, &other));
        *clip = other;
    }
    clip->frames = size_min(clip->frames, p->want.frames);
    return SORA_OK;
}

SoraStatus shot_make(const Bundle *b, const Compute *c, const Plan *p, const Condition *given,
                     const GenerateOptions *options, Arena *a, Clip *out)
{
    GenerateOptions g = *options;
    Condition made;
    Clip clip;
    g.frames = p->frames, g.height = p->height, g.width = p->width;
    g.fps = p->frames > 1 ? p->fps : 24;
    g.window = p->window;
    if (given && given->source) {
        TRY(condition_made(given, p, a, &made));
        g.condition = &made;
    }
    TRY(generate_clip(b, c, &g, a, &clip));
    TRY(retime(p, c->pool, a, &clip));
    if (clip.height != p->want.height || clip.width != p->want.width) {
        TRY(enlarge(b, c, &clip, p->want.height, p->want.width, a, out));
    } else {
        *out = clip;
    }
    condition_restore(given, out);
    return SORA_OK;
}
