#include "pipeline/show.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "media/crisp.h"
#include "media/resize.h"
#include "media/retime.h"
#include "pipeline/beside.h"
#include "pipeline/steady.h"

/* What the model makes may change from frame to frame; behind the second stage what changes is what
 * that and the crisp filter made of it (docs/decisions.md). */
static const SteadyHold SMALL = { 1, 32 }, LARGE = { 1, 64 };

struct Show {
    const Bundle *b;
    const Compute *c;
    const Plan *p;
    const Condition *given; /* or NULL */
    uint64_t seed;          /* of a shaking hand */
    FrameSink sink;
    Arena *a;
    size_t factor;        /* of the second stage; 1: there is none, or nothing for it to do */
    size_t height, width; /* behind it */
    uint8_t *pair;        /* [2, height, width, 3]: the last two frames */
    uint8_t *frame;       /* [wanted height, width, 3] */
    size_t taken, shown;
    Steady *small, *large; /* before the second stage, and behind it; or NULL */
    Beside *beside;        /* or NULL: no frame is given whole */
};

/* ---- the size and the rate that were asked for ----------------------------------------- */

/* What a moving camera shows of frame f. */
static ResizeWindow seen(const Show *s, size_t f)
{
    const PlanRequest *w = &s->p->want;
    Clip size = { 1, s->height, s->width, 0, NULL };
    double share = (double)f / (double)(w->frames - 1), seconds = (double)f / w->fps;
    ResizeWindow still = resize_cover(&size, w->height, w->width);
    return camera_window(&w->camera, s->seed, share, seconds, still, w->width);
}

/* `rgb`: what was made for the next frame that is shown. */
static SoraStatus show(Show *s, const uint8_t *rgb)
{
    const PlanRequest *w = &s->p->want;
    const Condition *g = s->given;
    size_t f = s->shown++;
    bool made = !(g && g->given && g->given[f]), moves = w->camera.held;
    ResizeOptions o = {
        .height = w->height, .width = w->width, .filter = RESIZE_LANCZOS, .pool = s->c->pool
    };
    if (moves) o.window = seen(s, f);
    if (made && !moves && s->height == w->height && s->width == w->width)
        memcpy(s->frame, rgb, w->height * w->width * 3);
    else if (made)
        TRY(resize_to_fill(rgb, s->height, s->width, o, s->a, s->frame));
    if (s->beside) return beside_take(s->beside, s->frame);
    condition_restore(g, f, s->frame);
    return s->sink.fn(s->sink.self, f, s->frame);
}

/* The wanted frames whose time lies between the last two. */
static SoraStatus show_between(Show *s)
{
    enum { AT_ONCE = 16 };
    const Plan *p = s->p;
    size_t bytes = s->height * s->width * 3;
    double ratio = p->fps / p->want.fps, first = (double)s->taken - 2;
    while (s->shown < p->want.frames) {
        double at[AT_ONCE];
        size_t count = 0, most = size_min(AT_ONCE, p->want.frames - s->shown);
        for (; count < most; count++) {
            at[count] = (double)(s->shown + count) * ratio - first;
            if (at[count] > 1 - 1e-6) break; /* belongs to the next pair, or is its first frame */
        }
        if (!count) break;
        ArenaMark mark = arena_mark(s->a);
        Clip pair = { 2, s->height, s->width, p->fps, s->pair };
        uint8_t *rgb = arena_alloc(s->a, count * bytes);
        SoraStatus status = retime_at(&pair, at, count, s->c->pool, s->a, rgb, NULL);
        for (size_t i = 0; i < count && status == SORA_OK; i++) status = show(s, rgb + i * bytes);
        arena_rewind(s->a, mark);
        TRY(status);
    }
    return SORA_OK;
}

static SoraStatus take_large(void *self, size_t f, const uint8_t *rgb)
{
    Show *s = self;
    size_t bytes = s->height * s->width * 3;
    (void)f;
    s->taken++;
    if (!s->p->retimed) return s->shown < s->p->want.frames ? show(s, rgb) : SORA_OK;
    memcpy(s->pair, s->pair + bytes, bytes);
    memcpy(s->pair + bytes, rgb, bytes);
    return s->taken > 1 ? show_between(s) : SORA_OK;
}

/* ---- the second stage ------------------------------------------------------------------ */

static SoraStatus take_small(void *self, size_t f, const uint8_t *rgb)
{
    Show *s = self;
    if (s->factor == 1) return take_large(s, f, rgb);
    const Plan *p = s->p;
    ArenaMark mark = arena_mark(s->a);
    uint8_t *large = arena_alloc(s->a, s->height * s->width * 3);
    upscale_frame(s->b->upscale, s->c, rgb, p->height, p->width, s->a, large);
    if (upscale_config(s->b->upscale)->crisp)
        crisp_frame(large, s->height, s->width, s->factor, s->c->pool, s->a);
    SoraStatus status = s->large ? steady_take(s->large, large) : take_large(s, f, large);
    arena_rewind(s->a, mark);
    return status;
}

/* ---- what it takes --------------------------------------------------------------------- */

static size_t factor_of(const Bundle *b, const Plan *p)
{
    bool larger = p->want.height > p->height || p->want.width > p->width;
    return b->upscale && larger ? upscale_config(b->upscale)->factor : 1;
}

/* A Wan model's frames do not shiver; what goes on from given ones has too little motion as it is
 * (docs/decisions.md). */
static bool shivers(const Bundle *b, bool given)
{
    return !b->wan && !given;
}

size_t show_bytes(const Bundle *b, const Plan *p)
{
    const PlanRequest *w = &p->want;
    size_t factor = factor_of(b, p), height = p->height * factor, width = p->width * factor;
    size_t bytes = (2 * height * width + w->height * w->width) * 3;
    if (factor > 1) bytes += p->height * p->width * upscale_bytes(upscale_config(b->upscale));
    if (shivers(b, w->given)) bytes += steady_bytes(p->height, p->width);
    if (shivers(b, w->given) && factor > 1) bytes += steady_bytes(height, width);
    if (w->given && !b->wan) bytes += beside_bytes(w->frames, w->height, w->width, w->fps);
    return bytes;
}

double show_seconds(const Bundle *b, const Compute *c, const Plan *p, double speed)
{
    const double between_speed = 2e6 * pool_threads(c->pool), resize_speed = 40e6; /* pixels */
    const PlanRequest *w = &p->want;
    size_t factor = factor_of(b, p);
    double small = (double)(p->frames * p->height * p->width);
    double large = small * (double)(factor * factor), between = 0, seconds = 0;
    if (p->frames > 1 && shivers(b, w->given))
        between += STEADY_PASSES * (factor > 1 ? small + large : small);
    if (p->retimed) between += large * fmax(0, (double)w->frames / (double)p->frames - 1);
    if (factor > 1) seconds += small * upscale_flop(upscale_config(b->upscale)) / speed;
    if (p->resized) seconds += (double)(w->frames * w->height * w->width) / resize_speed;
    return seconds + between / between_speed;
}

/* ---- the way --------------------------------------------------------------------------- */

SoraStatus show_new(const Bundle *b, const Compute *c, const Plan *p, const Condition *given,
                    uint64_t seed, FrameSink sink, Arena *a, Show **out)
{
    Show *s = arena_zero(a, sizeof *s);
    *s = (Show){ .b = b, .c = c, .p = p, .given = given, .seed = seed, .sink = sink, .a = a };
    s->factor = factor_of(b, p);
    s->height = p->height * s->factor, s->width = p->width * s->factor;
    s->pair = arena_zero(a, 2 * s->height * s->width * 3);
    s->frame = arena_alloc(a, p->want.height * p->want.width * 3);
    bool held = shivers(b, given);
    if (held)
        TRY(steady_new(p->height, p->width, SMALL, c->pool, (FrameSink){ take_small, s }, a,
                       &s->small));
    if (held && s->factor > 1)
        TRY(steady_new(s->height, s->width, LARGE, c->pool, (FrameSink){ take_large, s }, a,
                       &s->large));
    if (!b->wan && given && given->given)
        TRY(beside_new(given, p->want.fps, c->pool, sink, a, &s->beside));
    *out = s;
    return SORA_OK;
}

SoraStatus show_take(Show *s, const uint8_t *rgb)
{
    return s->small ? steady_take(s->small, rgb) : take_small(s, 0, rgb);
}

SoraStatus show_end(Show *s)
{
    const uint8_t *last = s->pair + s->height * s->width * 3;
    if (s->small) TRY(steady_end(s->small));
    if (s->large) TRY(steady_end(s->large));
    while (s->p->retimed && s->shown < s->p->want.frames) TRY(show(s, last));
    return s->beside ? beside_end(s->beside) : SORA_OK;
}
