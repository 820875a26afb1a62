#include "eval/shape_suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "media/retime.h"
#include "pipeline/generate.h"
#include "pipeline/read.h"

enum { SUITE_SEED = 0x73686170 };

static const size_t gaps[SHAPE_GAPS] = { 4, 8, 16 };
static const double strengths[SHAPE_STRENGTHS] = { 0.3, 0.5, 0.7, 0.9 };

const char *shape_way_name(ShapeWay w)
{
    static const char *const name[SHAPE_WAYS] = { "model", "blend", "nearest", "flow" };
    return name[w];
}

/* Numbers whose median is wanted, one a clip. */
typedef struct Lists {
    double *extend[3], *join[3], *loop;
} Lists;

/* The clips of one round. */
typedef struct Round {
    const ShapeSuite *s;
    uint64_t i;
    Arena *a, *step;
    Drawn one, two;
    char prompt[CAPTION_SIZE_MAX];
    ShapeReport *out;
    Lists *lists;
} Round;

static void prompt_of(const ShapeSuite *s, const Facts *f, const CaptionView *view, char *out)
{
    CaptionStyle style = { .language = LANG_EN, .form = CAPTION_SENTENCE, .seed = 1 };
    caption_write(s->draw.lexicon, f, view, &style, out, NULL);
}

/* The model's clip under a condition. Given frames must come back as they were. */
static SoraStatus make(Round *r, const char *prompt, const Condition *given, Clip *out)
{
    const ShapeSuite *s = r->s;
    GenerateOptions g = generate_options_default();
    g.prompt = prompt;
    g.seed = rng_split(SUITE_SEED, r->i);
    g.frames = given->source->frames;
    g.height = given->source->height, g.width = given->source->width;
    g.fps = given->source->fps;
    g.condition = given;
    if (s->steps) g.steps = s->steps;
    if (s->cfg_scale > 0) g.cfg_scale = s->cfg_scale;
    TRY(generate_clip(s->model, s->c, &g, r->a, out));
    for (size_t f = 0; f < out->frames && given->given; f++)
        if (given->given[f])
            r->out->given_psnr =
                fmin(r->out->given_psnr, shape_psnr(out, f, given->source, f, (LooksBox){ 0 }));
    return SORA_OK;
}

/* Everything but frames [first, first + count) is given. */
static SoraStatus make_gap(Round *r, const char *prompt, const Clip *source, size_t first,
                           size_t count, Clip *out)
{
    uint8_t *given = arena_alloc(r->a, source->frames);
    memset(given, 1, source->frames);
    memset(given + first, 0, count);
    return make(r, prompt, &(Condition){ .source = source, .given = given, .strength = 1 }, out);
}

static SoraStatus copy_of(Round *r, const Clip *c, Clip *out)
{
    TRY(clip_new(r->a, c->frames, c->height, c->width, c->fps, out));
    memcpy(out->rgb, c->rgb, c->frames * c->height * c->width * 3);
    return SORA_OK;
}

static void list_seam(double *to[3], size_t at, ShapeSeam s)
{
    to[0][at] = s.position, to[1][at] = s.velocity, to[2][at] = s.colour;
}

/* A clip that stands still has nothing to be compared with. */
static double of_truth(double made, double truth)
{
    return truth > 0.05 ? made / truth : 1;
}

static SoraStatus try_extend(Round *r)
{
    const Clip *truth = &r->one.clip;
    size_t half = (truth->frames + 1) / 2, rest = truth->frames - half;
    Clip made;
    TRY(make_gap(r, r->prompt, truth, half, rest, &made));
    list_seam(r->lists->extend, r->out->clips, shape_seam(&made, half));
    r->out->extend_dynamic +=
        of_truth(shape_dynamic(&made, half, rest), shape_dynamic(truth, half, rest));
    return SORA_OK;
}

/* ---- filling --------------------------------------------------------------------------- */

static LooksBox box_of(const Drawn *d, size_t f)
{
    const BodyState *b = &d->state.frame[f].actor[0];
    float h = (float)d->clip.height, w = (float)d->clip.width;
    float top = fmaxf(0, (b->y - b->height / 2) * h), left = fmaxf(0, (b->x - b->width / 2) * w);
    float low = fminf(h, (b->y + b->height / 2) * h), right = fminf(w, (b->x + b->width / 2) * w);
    if (low < top + 4 || right < left + 4) return (LooksBox){ 0 };
    return (LooksBox){ (size_t)top, (size_t)left, (size_t)(low - top), (size_t)(right - left) };
}

/* The two frames at the gap's ends, and what motion interpolation finds between them. */
static SoraStatus flow(Round *r, Clip *c, size_t first, size_t count)
{
    Clip ends, between;
    size_t bytes = c->height * c->width * 3;
    TRY(clip_new(r->a, 2, c->height, c->width, 1, &ends));
    memcpy(clip_frame(&ends, 0), clip_frame(c, first - 1), bytes);
    memcpy(clip_frame(&ends, 1), clip_frame(c, first + count), bytes);
    TRY(retime_clip(&ends, (double)(count + 1), r->s->c->pool, r->a, &between));
    for (size_t k = 0; k < count && k + 1 < between.frames; k++)
        memcpy(clip_frame(c, first + k), clip_frame(&between, k + 1), bytes);
    return SORA_OK;
}

static void compare(const Drawn *truth, const Clip *made, size_t first, size_t count, ShapeWay way,
                    ShapeFill *out)
{
    double psnr = 0, actor = 0, edges = 0;
    for (size_t f = first; f < first + count; f++) {
        LooksBox box = box_of(truth, f);
        double energy = looks_gradient(&truth->clip, f, box);
        psnr += shape_psnr(made, f, &truth->clip, f, (LooksBox){ 0 });
        actor += shape_psnr(made, f, &truth->clip, f, box);
        edges += of_truth(looks_gradient(made, f, box), energy);
    }
    out->psnr[way] += psnr / (double)count;
    out->actor[way] += actor / (double)count;
    out->edges[way] += edges / (double)count;
    out->dynamic[way] += of_truth(shape_dynamic(made, first - 1, count + 2),
                                  shape_dynamic(&truth->clip, first - 1, count + 2));
}

static SoraStatus try_fill(Round *r, ShapeFill *out)
{
    const Clip *truth = &r->one.clip;
    Clip made[SHAPE_WAYS];
    if (out->gap + 4 > truth->frames) return SORA_OK;
    size_t first = (truth->frames - out->gap) / 2;
    TRY(make_gap(r, r->prompt, truth, first, out->gap, &made[SHAPE_MODEL]));
    for (int w = SHAPE_BLEND; w < SHAPE_WAYS; w++) TRY(copy_of(r, truth, &made[w]));
    shape_blend(&made[SHAPE_BLEND], first, out->gap);
    shape_nearest(&made[SHAPE_NEAREST], first, out->gap);
    TRY(flow(r, &made[SHAPE_FLOW], first, out->gap));
    for (int w = 0; w < SHAPE_WAYS; w++) compare(&r->one, &made[w], first, out->gap, w, out);
    out->clips++;
    return SORA_OK;
}

/* ---- loops and joins ------------------------------------------------------------------- */

/* The second third is made; the first frame comes once more at the end and is left out. */
static SoraStatus try_loop(Round *r)
{
    Clip source, made;
    size_t frames = r->one.clip.frames, keep = 2 * frames / 3;
    TRY(copy_of(r, &r->one.clip, &source));
    memcpy(clip_frame(&source, frames - 1), clip_frame(&source, 0),
           source.height * source.width * 3);
    TRY(make_gap(r, r->prompt, &source, keep, frames - 1 - keep, &made));
    made.frames--;
    r->lists->loop[r->out->clips] = shape_loop(&made);
    r->out->loop_dynamic += of_truth(shape_dynamic(&made, keep, frames - 1 - keep),
                                     shape_dynamic(&r->one.clip, keep, frames - 1 - keep));
    return SORA_OK;
}

static bool finds(const Reader *reader, const Reading *x, const Facts *f)
{
    uint16_t best[FACTS_ACTORS_MAX];
    size_t n = reading_actors(reader, x, f->actors, best);
    for (size_t i = 0; i < n; i++)
        if (best[i] == f->actor[0].actor) return true;
    return false;
}

/* The first third of one clip, the last of another, and what is between. */
static SoraStatus try_join(Round *r)
{
    Clip source, made;
    size_t frames = r->one.clip.frames, third = frames / 3, bytes;
    TRY(copy_of(r, &r->one.clip, &source));
    bytes = source.height * source.width * 3;
    for (size_t f = frames - third; f < frames; f++)
        memcpy(clip_frame(&source, f), clip_frame(&r->two.clip, f), bytes);
    TRY(make_gap(r, r->prompt, &source, third, frames - 2 * third, &made));
    ShapeSeam in = shape_seam(&made, third), out = shape_seam(&made, frames - third);
    list_seam(r->lists->join, r->out->clips,
              (ShapeSeam){ fmax(in.position, out.position), fmax(in.velocity, out.velocity),
                           fmax(in.colour, out.colour) });
    r->out->join_dynamic += of_truth(shape_dynamic(&made, third, frames - 2 * third),
                                     shape_dynamic(&r->one.clip, third, frames - 2 * third));
    Clip half[2] = { made, made };
    half[0].frames = half[1].frames = frames / 2;
    half[1].rgb = clip_frame(&made, frames - frames / 2);
    Reading x[2];
    TRY(read_clips(r->s->reader, r->s->c, half, 2, r->step, r->a, x));
    r->out->join_right +=
        finds(r->s->reader, &x[0], &r->one.facts) && finds(r->s->reader, &x[1], &r->two.facts);
    return SORA_OK;
}

/* ---- edits ----------------------------------------------------------------------------- */

double shape_edges(const Clip *x, size_t f, const Clip *y, size_t g)
{
    double xy = 0, xx = 0, yy = 0;
    for (size_t row = 0; row + 1 < x->height; row++)
        for (size_t column = 0; column + 1 < x->width; column++) {
            LooksBox one = { row, column, 1, 1 };
            double a = sqrt(looks_gradient(x, f, one)), b = sqrt(looks_gradient(y, g, one));
            xy += a * b, xx += a * a, yy += b * b;
        }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : xx == yy;
}

/* Another hour of the day, where the scene has one. */
static bool change_hour(Facts *f)
{
    DayTime was = f->time;
    Scene scene = f->scene;
    f->time = was == TIME_NIGHT ? TIME_DAY : TIME_NIGHT;
    facts_tidy(f);
    return f->time != was && f->scene == scene;
}

static SoraStatus try_edit(Round *r, ShapeEdit *e, const Reading *before)
{
    Facts f = r->one.facts;
    CaptionView view = r->one.view;
    char prompt[CAPTION_SIZE_MAX];
    Clip made;
    Reading x;
    if (!change_hour(&f)) return SORA_OK;
    view.time = true;
    prompt_of(r->s, &f, &view, prompt);
    TRY(make(r, prompt, &(Condition){ .source = &r->one.clip, .strength = e->strength }, &made));
    TRY(read_clips(r->s->reader, r->s->c, &made, 1, r->step, r->a, &x));
    size_t middle = made.frames / 2;
    e->asked++;
    e->changed += reading_best(r->s->reader, &x, READ_TIME) == (size_t)f.time;
    e->edges += shape_edges(&made, middle, &r->one.clip, middle);
    size_t doing = f.actor[0].event[0].action;
    if (f.actors != 1 || reading_best(r->s->reader, before, READ_ACTION) != doing) return SORA_OK;
    e->paths++;
    e->kept += reading_best(r->s->reader, &x, READ_ACTION) == doing;
    return SORA_OK;
}

/* ---- all of it ------------------------------------------------------------------------- */

static SoraStatus draw_one(Round *r, uint64_t i, Drawn *out)
{
    Facts placed, named;
    TRY(draw_facts(&r->s->draw, i, &placed, &named));
    return draw_render(&r->s->draw, &placed, i, r->a, out);
}

static SoraStatus one_round(Round *r)
{
    Reading before;
    TRY(draw_one(r, 2 * r->i, &r->one));
    TRY(draw_one(r, 2 * r->i + 1, &r->two));
    prompt_of(r->s, &r->one.facts, &r->one.view, r->prompt);
    TRY(read_clips(r->s->reader, r->s->c, &r->one.clip, 1, r->step, r->a, &before));
    TRY(try_extend(r));
    for (int k = 0; k < SHAPE_GAPS; k++) TRY(try_fill(r, &r->out->fill[k]));
    TRY(try_loop(r));
    TRY(try_join(r));
    for (int k = 0; k < SHAPE_STRENGTHS; k++) TRY(try_edit(r, &r->out->edit[k], &before));
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

static void finish(ShapeReport *out, Lists *l)
{
    size_t n = out->clips;
    out->extend =
        (ShapeSeam){ median(l->extend[0], n), median(l->extend[1], n), median(l->extend[2], n) };
    out->join = (ShapeSeam){ median(l->join[0], n), median(l->join[1], n), median(l->join[2], n) };
    out->loop = median(l->loop, n);
    out->extend_dynamic /= (double)n, out->join_dynamic /= (double)n;
    out->loop_dynamic /= (double)n;
    for (int k = 0; k < SHAPE_GAPS; k++)
        for (int w = 0; w < SHAPE_WAYS; w++) {
            ShapeFill *f = &out->fill[k];
            f->psnr[w] /= (double)f->clips, f->actor[w] /= (double)f->clips;
            f->edges[w] /= (double)f->clips, f->dynamic[w] /= (double)f->clips;
        }
}

static SoraStatus run(const ShapeSuite *s, Round *r, Arena *lists, ShapeReport *out)
{
    Lists l;
    double **all[] = { &l.extend[0], &l.extend[1], &l.extend[2], &l.join[0],
                       &l.join[1],   &l.join[2],   &l.loop };
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        *all[k] = arena_zero(lists, s->count * sizeof(double));
    r->lists = &l;
    for (r->i = 0; r->i < s->count; r->i++) {
        arena_rewind(r->a, (ArenaMark){ 0 });
        TRY(err_while(one_round(r), "shaping clip %llu", (unsigned long long)r->i + 1));
        TRY(draw_progress(&s->progress, (double)(r->i + 1), (double)s->count));
    }
    finish(out, &l);
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
    for (int k = 0; k < SHAPE_GAPS; k++) out->fill[k].gap = gaps[k];
    for (int k = 0; k < SHAPE_STRENGTHS; k++) out->edit[k].strength = strengths[k];
    Arena *lists = arena_new("numbers", 0);
    Round r = { .s = s, .a = arena_new("clips", 0), .step = arena_new("step", 0), .out = out };
    SoraStatus status = lists && r.a && r.step ? run(s, &r, lists, out)
                                               : err_set(SORA_E_MEMORY, "no memory for a suite");
    arena_free(r.step);
    arena_free(r.a);
    arena_free(lists);
    return status;
}
