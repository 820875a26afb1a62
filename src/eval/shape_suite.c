#include "eval/shape_suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "eval/shape_parts.h"
#include "pipeline/read.h"
#include "pipeline/shot.h"
#include "words/recaption.h"

enum { SUITE_SEED = 0x73686170 };

const char *shape_part_name(ShapePart p)
{
    static const char *const name[] = { "extend", "fill", "loop", "join", "edit", "fast" };
    return name[p];
}

/* ---- what the parts share -------------------------------------------------------------- */

void shape_prompt(const ShapeSuite *s, const Facts *f, const CaptionView *view, char *out)
{
    CaptionStyle style = { .language = LANG_EN, .form = CAPTION_SENTENCE, .seed = 1 };
    if (!recaption(s->draw.lexicon, f, view, style.language, out)) /* all that is asked for */
        caption_write(s->draw.lexicon, f, view, &style, out, NULL);
}

GenerateOptions shape_options(const ShapeRound *r, const char *prompt)
{
    const ShapeSuite *s = r->s;
    GenerateOptions g = generate_options_default();
    g.prompt = prompt;
    g.seed = rng_split(SUITE_SEED, r->i);
    g.frames = s->draw.size.frames;
    g.height = s->draw.size.height, g.width = s->draw.size.width;
    g.fps = s->draw.size.fps;
    if (s->steps) g.steps = s->steps;
    if (s->cfg_scale > 0) g.cfg_scale = s->cfg_scale;
    return g;
}

SoraStatus shape_make(ShapeRound *r, const char *prompt, const Condition *given, KeepKind keep,
                      Clip *out)
{
    GenerateOptions g = shape_options(r, prompt);
    if (given->given && !(r->s->cfg_scale > 0)) generate_beside_given(&g);
    g.later = r->later, g.later_count = r->later != NULL;
    g.condition = given;
    g.keep = keep;
    g.recolour = r->recolour;
    PlanRequest want = plan_request(&g);
    want.given = true;
    Plan plan;
    TRY(plan_make(r->s->model, r->s->c, &want, &plan));
    TRY(shot_make(r->s->model, r->s->c, &plan, given, &g, 0, r->a, out));
    for (size_t f = 0; f < out->frames && given->given; f++)
        if (given->given[f])
            r->out->given_psnr =
                fmin(r->out->given_psnr, shape_psnr(out, f, given->source, f, (LooksBox){ 0 }));
    return shape_done(r, 1);
}

SoraStatus shape_done(ShapeRound *r, double clips)
{
    r->done += clips;
    return draw_progress(&r->s->progress, r->done, shape_suite_work(r->s));
}

SoraStatus shape_show(const ShapeRound *r, const char *what, const Clip *made, const Clip *world)
{
    return r->s->show ? r->s->show(r->s->show_self, what, made, world) : SORA_OK;
}

LooksBox shape_box(const Drawn *d, size_t f, double wider)
{
    const BodyState *b = &d->state.frame[f].actor[0];
    double h = (double)d->clip.height, w = (double)d->clip.width;
    double high = wider * (double)b->height / 2, wide = wider * (double)b->width / 2;
    double top = fmax(0, ((double)b->y - high) * h), left = fmax(0, ((double)b->x - wide) * w);
    double low = fmin(h, ((double)b->y + high) * h), right = fmin(w, ((double)b->x + wide) * w);
    if (low < top + 4 || right < left + 4) return (LooksBox){ 0 };
    return (LooksBox){ (size_t)top, (size_t)left, (size_t)(low - top), (size_t)(right - left) };
}

bool shape_finds(const ShapeRound *r, const Reading *x, const Facts *f)
{
    uint16_t best[FACTS_ACTORS_MAX];
    size_t n = reading_actors(r->s->reader, x, f->actors, best);
    for (size_t i = 0; i < n; i++)
        if (best[i] == f->actor[0].actor) return true;
    return false;
}

double shape_ratio(ShapeMotion m)
{
    return m.input > 0 ? m.made / m.input : m.made > 0 ? INFINITY : 1;
}

/* ---- extensions, loops, joins ---------------------------------------------------------- */

/* Everything but frames [first, first + count) is given. */
static SoraStatus make_gap(ShapeRound *r, const Clip *source, size_t first, size_t count, Clip *out)
{
    uint8_t *given = arena_alloc(r->a, source->frames);
    memset(given, 1, source->frames);
    memset(given + first, 0, count);
    Condition c = { .source = source, .given = given, .strength = 1 };
    return shape_make(r, r->prompt, &c, KEEP_NOTHING, out);
}

static SoraStatus copy_of(ShapeRound *r, const Clip *c, Clip *out)
{
    TRY(clip_new(r->a, c->frames, c->height, c->width, c->fps, out));
    memcpy(out->rgb, c->rgb, c->frames * c->height * c->width * 3);
    return SORA_OK;
}

static void list_seam(double *to[3], size_t at, ShapeSeam s)
{
    to[0][at] = s.position, to[1][at] = s.velocity, to[2][at] = s.colour;
}

/* Frames [first, first + count) were made; those before them are what was given. */
static void add_motion(ShapeMotion *m, const Clip *made, size_t first, size_t count)
{
    m->made += shape_dynamic(made, first - 1, count + 1);
    m->input += shape_dynamic(made, 0, first);
}

static SoraStatus try_extend(ShapeRound *r)
{
    const Clip *truth = &r->one.clip;
    size_t half = (truth->frames + 1) / 2, rest = truth->frames - half;
    Clip made;
    TRY(make_gap(r, truth, half, rest, &made));
    list_seam(r->seams[0], r->out->clips, shape_seam(&made, half));
    add_motion(&r->extend, &made, half, rest);
    return shape_show(r, "extend", &made, truth);
}

/* The last third is made; the first frame comes once more at the end and is left out. */
static SoraStatus try_loop(ShapeRound *r)
{
    Clip source, made;
    size_t frames = r->one.clip.frames, keep = 2 * frames / 3;
    TRY(copy_of(r, &r->one.clip, &source));
    memcpy(clip_frame(&source, frames - 1), clip_frame(&source, 0),
           source.height * source.width * 3);
    TRY(make_gap(r, &source, keep, frames - 1 - keep, &made));
    made.frames--;
    r->gap[r->out->clips] = shape_loop(&made);
    add_motion(&r->loop, &made, keep, frames - 1 - keep);
    return shape_show(r, "loop", &made, &r->one.clip);
}

/* The first third of one clip, the last of another, and what is between. */
static SoraStatus try_join(ShapeRound *r)
{
    Clip source, made;
    size_t frames = r->one.clip.frames, third = frames / 3, bytes;
    TRY(copy_of(r, &r->one.clip, &source));
    bytes = source.height * source.width * 3;
    for (size_t f = frames - third; f < frames; f++)
        memcpy(clip_frame(&source, f), clip_frame(&r->two.clip, f), bytes);
    char after[CAPTION_SIZE_MAX];
    shape_prompt(r->s, &r->two.facts, &r->two.view, after);
    r->later = &(GeneratePrompt){ (double)frames / 2 / source.fps, after };
    SoraStatus status = make_gap(r, &source, third, frames - 2 * third, &made);
    r->later = NULL;
    TRY(status);
    ShapeSeam in = shape_seam(&made, third), out = shape_seam(&made, frames - third);
    list_seam(r->seams[1], r->out->clips,
              (ShapeSeam){ fmax(in.position, out.position), fmax(in.velocity, out.velocity),
                           fmax(in.colour, out.colour) });
    add_motion(&r->join, &made, third, frames - 2 * third);
    Clip half[2] = { made, made };
    half[0].frames = half[1].frames = frames / 2;
    half[1].rgb = clip_frame(&made, frames - frames / 2);
    Reading x[2];
    TRY(read_clips(r->s->reader, r->s->c, half, 2, r->step, r->a, x));
    r->out->join_right +=
        shape_finds(r, &x[0], &r->one.facts) && shape_finds(r, &x[1], &r->two.facts);
    return shape_show(r, "join", &made, &source);
}

/* ---- all of it ------------------------------------------------------------------------- */

static SoraStatus draw_one(ShapeRound *r, uint64_t i, Drawn *out)
{
    Facts placed, named;
    TRY(draw_facts(&r->s->draw, i, &placed, &named));
    return draw_render(&r->s->draw, &placed, i, r->a, out);
}

static bool has(const ShapeSuite *s, ShapePart p)
{
    return s->parts >> p & 1;
}

static SoraStatus one_round(ShapeRound *r)
{
    TRY(draw_one(r, 2 * r->i, &r->one));
    TRY(draw_one(r, 2 * r->i + 1, &r->two));
    shape_prompt(r->s, &r->one.facts, &r->one.view, r->prompt);
    TRY(read_clips(r->s->reader, r->s->c, &r->one.clip, 1, r->step, r->a, &r->before));
    if (has(r->s, SHAPE_EXTEND)) TRY(try_extend(r));
    for (size_t k = 0; k < SHAPE_GAPS && has(r->s, SHAPE_FILL); k++) TRY(shape_try_fill(r, k));
    if (has(r->s, SHAPE_LOOP)) TRY(try_loop(r));
    if (has(r->s, SHAPE_JOIN)) TRY(try_join(r));
    if (has(r->s, SHAPE_EDIT)) TRY(shape_try_edits(r));
    if (has(r->s, SHAPE_FAST)) TRY(shape_try_fast(r));
    if (r->i < r->s->minutes) TRY(shape_try_minute(r));
    r->out->clips++;
    return SORA_OK;
}

static int by_size(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_size);
    return n == 0 ? NAN : n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static ShapeSeam median_seam(double *all[3], size_t n)
{
    return (ShapeSeam){ median(all[0], n), median(all[1], n), median(all[2], n) };
}

static void finish(const ShapeRound *r, ShapeReport *out)
{
    ShapeRound own = *r;
    out->extend = median_seam(own.seams[0], out->clips);
    out->join = median_seam(own.seams[1], out->clips);
    out->loop = median(own.gap, out->clips);
    out->extend_dynamic = shape_ratio(r->extend);
    out->join_dynamic = shape_ratio(r->join);
    out->loop_dynamic = shape_ratio(r->loop);
    shape_finish_fill(r, out->fill);
    shape_finish_edits(r, out->edit);
    shape_finish_minute(&out->minute);
}

double shape_suite_work(const ShapeSuite *s)
{
    double round = has(s, SHAPE_EXTEND) + has(s, SHAPE_LOOP) + has(s, SHAPE_JOIN);
    if (has(s, SHAPE_FILL)) round += SHAPE_GAPS;
    if (has(s, SHAPE_EDIT)) round += SHAPE_EDITS;
    if (has(s, SHAPE_FAST)) round += shape_fast_work(s);
    return (double)s->count * round + (double)size_min(s->count, s->minutes) * shape_minute_work(s);
}

static SoraStatus run(const ShapeSuite *s, ShapeRound *r, Arena *lists, ShapeReport *out)
{
    for (int k = 0; k < 6; k++)
        r->seams[k / 3][k % 3] = arena_zero(lists, s->count * sizeof(double));
    r->gap = arena_zero(lists, s->count * sizeof(double));
    for (r->i = 0; r->i < s->count; r->i++) {
        arena_rewind(r->a, (ArenaMark){ 0 });
        TRY(err_while(one_round(r), "shaping clip %llu", (unsigned long long)r->i + 1));
        TRY(pool_status(s->c->pool));
    }
    finish(r, out);
    return SORA_OK;
}

SoraStatus shape_suite_run(const ShapeSuite *s, ShapeReport *out)
{
    if (s->draw.size.frames < SHAPE_FRAMES_MIN)
        return err_set(SORA_E_UNSUPPORTED,
                       "shaping is measured on clips of %d frames and more, "
                       "not %zu",
                       SHAPE_FRAMES_MIN, s->draw.size.frames);
    *out = (ShapeReport){ .given_psnr = 99 };
    Arena *lists = arena_new("numbers", 0);
    ShapeRound r = { .s = s, .a = arena_new("clips", 0), .step = arena_new("step", 0), .out = out };
    SoraStatus status = lists && r.a && r.step ? run(s, &r, lists, out)
                                               : err_set(SORA_E_MEMORY, "no memory for a suite");
    arena_free(r.step);
    arena_free(r.a);
    arena_free(lists);
    return status;
}
