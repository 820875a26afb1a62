/* The suite "shape": a clip changed by words, at several strengths. */
#include <math.h>
#include <stdio.h>

#include "eval/shape_parts.h"
#include "pipeline/read.h"

static const struct {
    double strength;
    KeepKind keep;
} ways[SHAPE_EDITS] = { { 0.3, KEEP_NOTHING }, { 0.5, KEEP_NOTHING }, { 0.7, KEEP_NOTHING },
                        { 0.9, KEEP_NOTHING }, { 0.9, KEEP_LAYOUT },  { 1, KEEP_MOTION } };

/* What is asked for. */
typedef struct Asked {
    Facts facts;
    CaptionView view;
    bool picture; /* another hour, or else another actor */
    char prompt[CAPTION_SIZE_MAX];
} Asked;

/* Another hour of the day, where the scene has one. */
static bool change_hour(Facts *f)
{
    DayTime was = f->time;
    Scene scene = f->scene;
    f->time = was == TIME_NIGHT ? TIME_DAY : TIME_NIGHT;
    facts_tidy(f);
    return f->time != was && f->scene == scene;
}

/* Another subject, one that the world has in such a scene. */
static SoraStatus change_actor(const ShapeRound *r, Facts *f, bool *changed)
{
    enum { FIRST = 1 << 20, TRIES = 400 };
    const World *w = r->s->draw.world;
    const Member *was = world_actor(w, r->one.placed.actor[0].actor);
    *changed = false;
    for (uint64_t k = 0; k < TRIES && !*changed; k++) {
        Facts placed, named;
        TRY(draw_facts(&r->s->draw, FIRST + r->i * TRIES + k, &placed, &named));
        const Member *is = world_actor(w, placed.actor[0].actor);
        *changed = named.scene == f->scene && is != was && is->realm == was->realm;
        for (int j = 0; j < f->actors; j++)
            *changed = *changed && named.actor[0].actor != f->actor[j].actor;
        if (*changed) f->actor[0].actor = named.actor[0].actor;
    }
    return SORA_OK;
}

static SoraStatus ask(const ShapeRound *r, Asked *out, bool *can)
{
    out->facts = r->one.facts;
    out->view = r->one.view;
    out->picture = r->i % 2 == 0;
    if (out->picture) {
        *can = change_hour(&out->facts);
        out->view.time = true;
    } else {
        TRY(change_actor(r, &out->facts, can));
        out->view.actor |= 1;
    }
    if (*can) shape_prompt(r->s, &out->facts, &out->view, out->prompt);
    return SORA_OK;
}

static double outside(const ShapeRound *r, const Clip *made)
{
    const double wider = 1.25; /* the new actor and its shadow have room */
    double sum = 0;
    for (size_t f = 0; f < made->frames; f++)
        sum += shape_psnr_outside(made, f, &r->one.clip, f, shape_box(&r->one, f, wider));
    return sum / (double)made->frames;
}

static void judge(const ShapeRound *r, const Asked *q, const Clip *made, const Reading *x,
                  ShapeEdit *e)
{
    const Reader *reader = r->s->reader;
    size_t middle = made->frames / 2, doing = r->one.facts.actor[0].event[0].action;
    if (q->picture) {
        e->picture_asked++;
        e->picture_changed += reading_best(reader, x, READ_TIME) == (size_t)q->facts.time;
        e->edges += shape_edges(made, middle, &r->one.clip, middle);
    } else {
        e->actor_asked++;
        e->actor_changed += shape_finds(r, x, &q->facts) && !shape_finds(r, x, &r->one.facts);
        e->outside += outside(r, made);
    }
    if (q->facts.actors != 1 || reading_best(reader, &r->before, READ_ACTION) != doing) return;
    e->paths++;
    e->kept += reading_best(reader, x, READ_ACTION) == doing;
}

static SoraStatus try_one(ShapeRound *r, const Asked *q, int k)
{
    Clip made;
    Reading x;
    char what[CAPTION_SIZE_MAX + 64];
    Condition c = { .source = &r->one.clip, .strength = ways[k].strength };
    r->recolour = q->picture;
    TRY(shape_make(r, q->prompt, &c, ways[k].keep, &made));
    r->recolour = false;
    TRY(read_clips(r->s->reader, r->s->c, &made, 1, r->step, r->a, &x));
    judge(r, q, &made, &x, &r->out->edit[k]);
    r->edit[k].made += shape_dynamic(&made, 0, made.frames);
    r->edit[k].input += shape_dynamic(&r->one.clip, 0, made.frames);
    snprintf(what, sizeof what, "edit %g, keep %d: %s", ways[k].strength, (int)ways[k].keep,
             q->prompt);
    return shape_show(r, what, &made, &r->one.clip);
}

SoraStatus shape_try_edits(ShapeRound *r)
{
    Asked q;
    bool can;
    TRY(ask(r, &q, &can));
    if (!can) return shape_done(r, SHAPE_EDITS);
    for (int k = 0; k < SHAPE_EDITS; k++) TRY(try_one(r, &q, k));
    return SORA_OK;
}

void shape_finish_edits(const ShapeRound *r, ShapeEdit *edit)
{
    for (int k = 0; k < SHAPE_EDITS; k++) {
        edit[k].strength = ways[k].strength;
        edit[k].keep = ways[k].keep;
        edit[k].edges /= (double)edit[k].picture_asked;
        edit[k].outside /= (double)edit[k].actor_asked;
        edit[k].dynamic = shape_ratio(r->edit[k]);
    }
}
