/* The suite "shape": a minute in one shot, and few steps. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "eval/shape_parts.h"
#include "pipeline/read.h"

/* ---- a minute -------------------------------------------------------------------------- */

static const double READ_S = 2;

static size_t minute_frames(const ShapeSuite *s)
{
    return (size_t)rint(s->minute_s * s->draw.size.fps);
}

/* A window that rolls keeps a quarter of itself as past. */
double shape_minute_work(const ShapeSuite *s)
{
    return minute_frames(s) / (0.75 * (double)s->draw.size.frames);
}

/* Steps of a rolled shot as shares of its work. */
typedef struct Told {
    ShapeRound *r;
    double begun, work;
} Told;

static SoraStatus on_step(void *self, size_t step, size_t steps, const Clip *preview)
{
    Told *t = self;
    (void)preview;
    t->r->done = t->begun + t->work * (double)(step + 1) / (double)steps;
    return shape_done(t->r, 0);
}

/* One actor somewhere, and nothing that ends after two seconds: the camera follows who moves. */
static void minute_prompt(const ShapeRound *r, Facts *f, char *out)
{
    CaptionView view = { .actor = 1, .event = { 1 }, .scene = true, .time = true, .camera = true };
    const Member *who = world_actor(r->s->draw.world, r->one.placed.actor[0].actor);
    bool moves = who->gait != GAIT_STAY;
    *f = r->one.facts;
    f->actors = 1, f->props = 0, f->relation = REL_NONE;
    f->actor[0].events = 1;
    f->actor[0].event[0] = (Event){ moves ? ACT_MOVE_RIGHT : ACT_DANCE, false, 0, 1 };
    f->camera = moves ? CAMERA_TRACK : CAMERA_STILL;
    shape_prompt(r->s, f, &view, out);
}

static SoraStatus make_minute(ShapeRound *r, const char *prompt, Clip *out)
{
    Told told = { r, r->done, shape_minute_work(r->s) };
    GenerateOptions g = shape_options(r, prompt);
    g.window = patch_latent_frames(g.frames);
    g.frames = minute_frames(r->s);
    g.progress = on_step;
    g.progress_self = &told;
    return generate_clip(r->s->model, r->s->c, &g, r->a, out);
}

static double sharpness(const Clip *c, size_t first, size_t count)
{
    double sum = 0;
    for (size_t f = first; f < first + count; f++)
        sum += looks_gradient(c, f, (LooksBox){ 0, 0, c->height, c->width });
    return sum / (double)count;
}

/* Adds what the shot is in the part before point k, `part` frames long, to that point. */
static SoraStatus add_point(ShapeRound *r, const Facts *asked, const Clip *c, size_t part, size_t k)
{
    ShapePoint *p = &r->out->minute.point[k];
    size_t first = k * part, tail = size_min(part, (size_t)fmax(2, rint(READ_S * c->fps)));
    Clip last = { tail, c->height, c->width, c->fps, clip_frame(c, first + part - tail) };
    double here[3], there[3], away = 0;
    Reading x;
    TRY(read_clips(r->s->reader, r->s->c, &last, 1, r->step, r->a, &x));
    p->actor += shape_finds(r, &x, asked);
    p->scene += reading_best(r->s->reader, &x, READ_SCENE) == (size_t)asked->scene;
    p->sharpness += sharpness(c, first, part) / fmax(sharpness(c, 0, part), 0.05);
    shape_colour(c, first, part, here);
    shape_colour(c, 0, part, there);
    for (int i = 0; i < 3; i++) away += (here[i] - there[i]) * (here[i] - there[i]);
    p->colour += sqrt(away / 3);
    p->dynamic += shape_dynamic(c, first, part) / fmax(shape_dynamic(c, 0, part), 0.05);
    p->at_s += (double)(first + part) / c->fps;
    return SORA_OK;
}

SoraStatus shape_try_minute(ShapeRound *r)
{
    Facts asked;
    Clip made;
    char prompt[CAPTION_SIZE_MAX], what[CAPTION_SIZE_MAX + 16];
    minute_prompt(r, &asked, prompt);
    TRY(make_minute(r, prompt, &made));
    size_t part = made.frames / SHAPE_MINUTE_POINTS;
    if (part < 2)
        return err_set(SORA_E_ARGUMENT, "a minute of %zu frames: expected %d and more", made.frames,
                       2 * SHAPE_MINUTE_POINTS);
    for (size_t k = 0; k < SHAPE_MINUTE_POINTS; k++) TRY(add_point(r, &asked, &made, part, k));
    r->out->minute.clips++;
    snprintf(what, sizeof what, "minute: %s", prompt);
    return shape_show(r, what, &made, &r->one.clip);
}

void shape_finish_minute(ShapeMinute *m)
{
    double n = (double)m->clips;
    for (size_t k = 0; k < SHAPE_MINUTE_POINTS; k++) {
        ShapePoint *p = &m->point[k];
        p->at_s /= n, p->actor /= n, p->scene /= n;
        p->sharpness /= n, p->colour /= n, p->dynamic /= n;
    }
}

/* ---- few steps ------------------------------------------------------------------------- */

double shape_fast_work(const ShapeSuite *s)
{
    double steps = s->steps ? (double)s->steps : (double)generate_options_default().steps;
    GenerateOptions few = generate_options_default();
    return generate_go_fast(s->model, &few) ? 1 + (double)few.steps / steps : 0;
}

SoraStatus shape_try_fast(ShapeRound *r)
{
    ShapeFast *out = &r->out->fast;
    const BodyState *b = &r->one.state.frame[0].actor[0];
    Clip made[2];
    Reading x[2];
    for (int k = 0; k < 2; k++) {
        GenerateOptions g = shape_options(r, r->prompt);
        if (k && !generate_go_fast(r->s->model, &g)) return SORA_OK;
        if (k) out->steps = g.steps;
        TRY(generate_clip(r->s->model, r->s->c, &g, r->a, &made[k]));
        size_t h = (size_t)fmax(8, fmin(1, (double)b->height) * (double)made[k].height);
        size_t w = (size_t)fmax(8, fmin(1, (double)b->width) * (double)made[k].width);
        for (size_t f = 0; f < made[k].frames; f += 4)
            out->gradient[k] += looks_sharpest(&made[k], f, h, w);
    }
    TRY(read_clips(r->s->reader, r->s->c, made, 2, r->step, r->a, x));
    for (int k = 0; k < 2; k++) out->right[k] += shape_finds(r, &x[k], &r->one.facts);
    out->clips++;
    TRY(shape_show(r, "fast, and all steps", &made[1], &made[0]));
    return shape_done(r, shape_fast_work(r->s));
}
