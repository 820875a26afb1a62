#include "pipeline/shot.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "media/resize.h"
#include "media/retime.h"
#include "pipeline/beside.h"
#include "pipeline/recolour.h"
#include "pipeline/show.h"

typedef struct Shot {
    const Bundle *b;
    const Compute *c;
    const Plan *p;
    const Condition *given; /* of the size that is wanted, or NULL */
    Arena *a;
} Shot;

/* ---- what is given, as the model sees it ----------------------------------------------- */

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

/* The made frame that is nearest to wanted frame f in time. */
static size_t frame_made(const Plan *p, size_t f)
{
    if (p->want.frames == 1) return 0;
    return size_min((size_t)rint((double)f / p->want.fps * p->fps), p->frames - 1);
}

/* What made frame f is given: the wanted frame of its time. One that stands alone between two made
 * frames would not be told at all: the nearer of them is given it. */
static const uint8_t *given_at(const Condition *c, const Plan *p, size_t f)
{
    bool exact;
    size_t from = frame_shown(p, f, &exact), last = p->want.frames - 1;
    if (!c->given) return NULL;
    if (exact && c->given[from]) return condition_frame(c, from);
    for (size_t k = from ? from - 1 : 0; k <= from + 1 && k <= last; k++) {
        bool alone = c->given[k] && !(k && c->given[k - 1]) && !(k < last && c->given[k + 1]);
        if (alone && frame_made(p, k) == f) return condition_frame(c, k);
    }
    return NULL;
}

static SoraStatus shrink(const uint8_t *rgb, const Clip *size, const Clip *made, Arena *a,
                         uint8_t *out)
{
    ResizeOptions o = { .height = made->height, .width = made->width, .filter = RESIZE_AREA };
    return resize_to_fill(rgb, size->height, size->width, o, a, out);
}

/* Where anything below a made pixel is to be made, it is. */
static SoraStatus shrink_mask(const Condition *given, const Plan *p, size_t from, const Clip *made,
                              Arena *a, uint8_t *mask)
{
    size_t pixels = p->want.height * p->want.width, small = made->height * made->width;
    const uint8_t *shown = given->mask + from * pixels;
    ArenaMark mark = arena_mark(a);
    uint8_t *rgb = arena_alloc(a, pixels * 3), *out = arena_alloc(a, small * 3);
    for (size_t i = 0; i < pixels; i++) memset(rgb + 3 * i, shown[i] ? 255 : 0, 3);
    TRY(shrink(rgb, given->source, made, a, out));
    for (size_t i = 0; i < small; i++) mask[i] = out[3 * i] > 0;
    arena_rewind(a, mark);
    return SORA_OK;
}

/* Where motion interpolation finds its way from one end of a short gap to the other, the model
 * starts from what it found: from this much noise, when so much of the picture agrees. */
static const double GUESS_STRENGTH = 0.6, GUESS_AGREES = 0.5;

/* Made frames [first, first + count), between two given ones, as guesses. */
static SoraStatus guess_gap(const Shot *s, size_t first, size_t count, const uint8_t **frame,
                            uint8_t *guess)
{
    const Plan *p = s->p;
    size_t pixels = p->height * p->width;
    uint64_t agreed = 0;
    void *rgb;
    TRY(arena_try(s->a, count * pixels * 3, &rgb));
    ArenaMark mark = arena_mark(s->a);
    double *at = arena_alloc(s->a, count * sizeof *at);
    uint8_t *agree = arena_alloc(s->a, count * pixels);
    for (size_t k = 0; k < count; k++) at[k] = (double)(k + 1) / (double)(count + 1);
    TRY(retime_between(frame[first - 1], frame[first + count], p->height, p->width, at, count,
                       s->c->pool, s->a, rgb, agree));
    for (size_t i = 0; i < count * pixels; i++) agreed += agree[i];
    arena_rewind(s->a, mark);
    if ((double)agreed < GUESS_AGREES * 255 * (double)(count * pixels)) return SORA_OK;
    for (size_t k = 0; k < count; k++) {
        frame[first + k] = (uint8_t *)rgb + k * pixels * 3;
        guess[first + k] = 1;
    }
    return SORA_OK;
}

static SoraStatus guess_gaps(const Shot *s, const uint8_t **frame, const uint8_t *given,
                             Condition *out)
{
    const Plan *p = s->p;
    uint8_t *guess = arena_zero(s->a, p->frames);
    for (size_t f = 1, from = 0; f < p->frames; f++) {
        if (!given[f]) continue;
        size_t count = f - from - 1;
        bool brief = (double)count <= BESIDE_BRIEF_S * p->fps;
        if (count && given[from] && brief) TRY(guess_gap(s, from + 1, count, frame, guess));
        from = f;
    }
    if (!memchr(guess, 1, p->frames)) return SORA_OK;
    out->guess = guess;
    out->strength = GUESS_STRENGTH;
    return SORA_OK;
}

/* Of frames that are given whole, or not at all, only these are held. */
static SoraStatus condition_few(const Shot *s, Clip *made, Condition *out)
{
    const Plan *p = s->p;
    const uint8_t **frame = arena_zero(s->a, p->frames * sizeof *frame);
    uint8_t *flags = arena_zero(s->a, p->frames);
    for (size_t f = 0; f < p->frames; f++) {
        const uint8_t *from = given_at(s->given, p, f);
        if (!from) continue;
        void *rgb;
        TRY(arena_try(s->a, p->height * p->width * 3, &rgb));
        TRY(shrink(from, s->given->source, made, s->a, rgb));
        frame[f] = rgb;
        flags[f] = 1;
    }
    *out = (Condition){ .source = made, .frame = frame, .given = flags, .strength = 1 };
    return guess_gaps(s, frame, flags, out);
}

static SoraStatus condition_whole(const Shot *s, Clip *made, Condition *out)
{
    const Plan *p = s->p;
    const Condition *given = s->given;
    Arena *a = s->a;
    size_t pixels = p->height * p->width;
    uint8_t *frames = arena_zero(a, p->frames), *mask = NULL;
    TRY(clip_new(a, p->frames, p->height, p->width, p->fps, made));
    if (given->mask) mask = arena_alloc(a, p->frames * pixels);
    for (size_t f = 0; f < p->frames; f++) {
        bool exact;
        size_t from = frame_shown(p, f, &exact);
        const uint8_t *rgb = given_at(given, p, f);
        frames[f] = rgb != NULL;
        if (!rgb) rgb = condition_frame(given, from);
        TRY(shrink(rgb, given->source, made, a, clip_frame(made, f)));
        if (mask) TRY(shrink_mask(given, p, from, made, a, mask + f * pixels));
    }
    *out = (Condition){ .source = made,
                        .given = given->given ? frames : NULL,
                        .mask = mask,
                        .strength = given->strength };
    return SORA_OK;
}

static SoraStatus condition_made(const Shot *s, KeepKind keep, Condition *out)
{
    const Condition *g = s->given;
    const Plan *p = s->p;
    Clip *made = arena_alloc(s->a, sizeof *made);
    *made = (Clip){ p->frames, p->height, p->width, p->fps, NULL };
    bool few = g->given && !g->mask && g->strength == 1 && !keep && !s->b->wan;
    return g->frame || few ? condition_few(s, made, out) : condition_whole(s, made, out);
}

/* ---- the shot -------------------------------------------------------------------------- */

static SoraStatus take_made(void *self, size_t f, const uint8_t *rgb)
{
    (void)f;
    return show_take(self, rgb);
}

static SoraStatus stream(const Shot *s, const GenerateOptions *options, FrameSink sink)
{
    const Plan *p = s->p;
    GenerateOptions g = *options;
    Condition made;
    Show *show;
    g.frames = p->frames, g.height = p->height, g.width = p->width;
    g.fps = p->frames > 1 ? p->fps : 24;
    g.window = p->window;
    if (s->given) {
        TRY(condition_made(s, g.keep, &made));
        g.condition = &made;
        if (g.recolour && made.source->rgb && !made.given && !made.mask && !s->b->wan)
            TRY(recolour(s->b, s->c, &g, s->a, (Clip *)made.source));
    }
    if (p->want.camera.held) g.prompt = p->want.camera.held, g.mirrored = p->want.camera.mirrored;
    TRY(show_new(s->b, s->c, p, s->given, g.seed, sink, s->a, &show));
    TRY(generate_stream(s->b, s->c, &g, s->a, (FrameSink){ take_made, show }));
    return show_end(show);
}

SoraStatus shot_stream(const Bundle *b, const Compute *c, const Plan *p, const Condition *given,
                       const GenerateOptions *g, Arena *a, FrameSink sink)
{
    Shot s = { b, c, p, given && given->source ? given : NULL, a };
    ArenaMark mark = arena_mark(a);
    TRY(condition_check(given, p->want.frames, p->want.height, p->want.width));
    SoraStatus status = stream(&s, g, sink);
    arena_rewind(a, mark);
    return status;
}

static SoraStatus keep_frame(void *self, size_t f, const uint8_t *rgb)
{
    const Clip *clip = self;
    if (f < clip->frames) memcpy(clip_frame(clip, f), rgb, clip->height * clip->width * 3);
    return SORA_OK;
}

SoraStatus shot_make(const Bundle *b, const Compute *c, const Plan *p, const Condition *given,
                     const GenerateOptions *g, size_t drop, Arena *a, Clip *out)
{
    size_t frames = p->want.frames;
    if (drop >= frames)
        return err_set(SORA_E_ARGUMENT, "%zu of %zu frames are to be left out", drop, frames);
    TRY(clip_new(a, frames - drop, p->want.height, p->want.width, frames > 1 ? p->want.fps : 0,
                 out));
    return shot_stream(b, c, p, given, g, a, (FrameSink){ keep_frame, out });
}
