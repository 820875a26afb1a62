/* The suite "shape": gaps, filled by the model and by those who know nothing of what is shown. */
#include <math.h>
#include <string.h>

#include "eval/minterpolate.h"
#include "eval/shape_parts.h"
#include "media/retime.h"

static const size_t gaps[SHAPE_GAPS] = { 4, 8, 16 };

const char *shape_way_name(ShapeWay w)
{
    static const char *const name[SHAPE_WAYS] = { "model", "blend", "nearest", "flow",
                                                  "minterpolate" };
    return name[w];
}

/* The two frames at the gap's ends, and what motion interpolation finds between them. */
static SoraStatus flow(ShapeRound *r, Clip *c, size_t first, size_t count)
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

/* Does the subject go somewhere while nobody sees it? */
static bool moves(const Drawn *d, size_t before, size_t after)
{
    const double least = 0.06; /* of the frame: 4 pixels of 64 */
    const BodyState *a = &d->state.frame[before].actor[0], *b = &d->state.frame[after].actor[0];
    return hypot((double)(b->x - a->x), (double)(b->y - a->y)) >= least;
}

static void compare(const Drawn *truth, const Clip *made, size_t first, size_t count, ShapeWay way,
                    ShapeFill *out)
{
    const size_t ends[2] = { first - 1, first + count }, reach = truth->clip.width / 4;
    bool moving = moves(truth, ends[0], ends[1]);
    double psnr = 0, actor = 0, edges = 0;
    for (size_t f = first; f < first + count; f++) {
        LooksBox box = shape_box(truth, f, 1);
        double energy = looks_gradient(&truth->clip, f, box);
        psnr += shape_psnr(made, f, &truth->clip, f, (LooksBox){ 0 });
        actor += shape_psnr(made, f, &truth->clip, f, box);
        edges += energy > 0.05 ? looks_gradient(made, f, box) / energy : 1;
        if (!moving || !box.height) continue;
        double away = shape_offset(made, &truth->clip, f, ends, box, reach);
        double wrong = shape_gradient_error(made, &truth->clip, f, box);
        if (!isfinite(away) || !isfinite(wrong)) continue;
        out->position[way] += away;
        out->gradient[way] += wrong;
        out->moving += way == SHAPE_MODEL;
    }
    out->psnr[way] += psnr / (double)count;
    out->actor[way] += actor / (double)count;
    out->edges[way] += edges / (double)count;
}

/* Every way of filling, from the same frames. */
static SoraStatus fill_all(ShapeRound *r, size_t first, size_t count, Clip made[SHAPE_WAYS],
                           bool *ran)
{
    const Clip *truth = &r->one.clip;
    size_t bytes = truth->height * truth->width * 3;
    uint8_t *given = arena_alloc(r->a, truth->frames);
    memset(given, 1, truth->frames);
    memset(given + first, 0, count);
    Condition c = { .source = truth, .given = given, .strength = 1 };
    TRY(shape_make(r, r->prompt, &c, KEEP_NOTHING, &made[SHAPE_MODEL]));
    for (int w = SHAPE_BLEND; w < SHAPE_WAYS; w++) {
        TRY(clip_new(r->a, truth->frames, truth->height, truth->width, truth->fps, &made[w]));
        memcpy(made[w].rgb, truth->rgb, truth->frames * bytes);
        memset(clip_frame(&made[w], first), 0, count * bytes);
    }
    shape_blend(&made[SHAPE_BLEND], first, count);
    shape_nearest(&made[SHAPE_NEAREST], first, count);
    TRY(flow(r, &made[SHAPE_FLOW], first, count));
    return minterpolate_fill(&made[SHAPE_FFMPEG], first, count, r->a, ran);
}

SoraStatus shape_try_fill(ShapeRound *r, size_t k)
{
    const Clip *truth = &r->one.clip;
    ShapeFill *out = &r->out->fill[k];
    size_t count = gaps[k], first = (truth->frames - count) / 2;
    Clip made[SHAPE_WAYS];
    bool ran;
    char what[32];
    if (count + 4 > truth->frames) return shape_done(r, 1);
    TRY(fill_all(r, first, count, made, &ran));
    for (int w = 0; w < SHAPE_WAYS; w++) {
        ShapeMotion *m = &r->fill[k][w];
        compare(&r->one, &made[w], first, count, w, out);
        m->made += shape_dynamic(&made[w], first - 1, count + 2);
        m->input += shape_dynamic(truth, first - 1, count + 2);
        if (w == SHAPE_FFMPEG && !ran) out->psnr[w] = NAN;
    }
    out->clips++;
    snprintf(what, sizeof what, "fill %zu", count);
    return shape_show(r, what, &made[SHAPE_MODEL], truth);
}

void shape_finish_fill(const ShapeRound *r, ShapeFill *fill)
{
    for (int k = 0; k < SHAPE_GAPS; k++) {
        ShapeFill *f = &fill[k];
        f->gap = gaps[k];
        for (int w = 0; w < SHAPE_WAYS; w++) {
            double none = isnan(f->psnr[w]) ? NAN : 1; /* nobody filled it */
            f->psnr[w] /= (double)f->clips;
            f->actor[w] *= none / (double)f->clips;
            f->edges[w] *= none / (double)f->clips;
            f->position[w] *= none / (double)f->moving;
            f->gradient[w] *= none / (double)f->moving;
            f->dynamic[w] = none * shape_ratio(r->fill[k][w]);
        }
    }
}
