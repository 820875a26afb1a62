/* The suite "shape": extensions, gaps, loops, joins, edits, a minute, few steps. */
#include <math.h>
#include <string.h>

#include "api/eval_run.h"
#include "api/eval_sheet.h"
#include "eval/shape_suite.h"

enum { COUNT = 100, MINUTES_EVERY = 8, SHEET_PAIRS = 32 };

static const double MINUTE_S = 60, MINUTE_MAX_S = 600;

static void put_seam(JsonWriter *w, const char *key, const ShapeSeam *s, double dynamic)
{
    json_begin(w, key, '{');
    json_put_number(w, "position", s->position);
    json_put_number(w, "velocity", s->velocity);
    json_put_number(w, "colour", s->colour);
    json_put_number(w, "dynamic", dynamic);
    json_end(w, '}');
}

static void put_fill(JsonWriter *w, const ShapeFill *f)
{
    json_begin(w, NULL, '{');
    json_put_integer(w, "gap", (int64_t)f->gap);
    json_put_integer(w, "clips", (int64_t)f->clips);
    json_put_integer(w, "moving", (int64_t)f->moving);
    for (int k = 0; k < SHAPE_WAYS; k++) {
        json_begin(w, shape_way_name(k), '{');
        json_put_number(w, "psnr", f->psnr[k]);
        json_put_number(w, "actor_psnr", f->actor[k]);
        json_put_number(w, "actor_edges", f->edges[k]);
        json_put_number(w, "position_error", f->position[k]);
        json_put_number(w, "gradient_error", f->gradient[k]);
        json_put_number(w, "dynamic", f->dynamic[k]);
        json_end(w, '}');
    }
    json_end(w, '}');
}

static void put_edit(JsonWriter *w, const ShapeEdit *e)
{
    static const char *const keep[] = { "nothing", "layout", "motion" };
    json_begin(w, NULL, '{');
    json_put_number(w, "strength", e->strength);
    json_put_text(w, "keep", keep[e->keep]);
    json_put_integer(w, "pictures", (int64_t)e->picture_asked);
    json_put_number(w, "picture_changed", (double)e->picture_changed / (double)e->picture_asked);
    json_put_number(w, "edges", e->edges);
    json_put_integer(w, "actors", (int64_t)e->actor_asked);
    json_put_number(w, "actor_changed", (double)e->actor_changed / (double)e->actor_asked);
    json_put_number(w, "psnr_outside", e->outside);
    json_put_number(w, "changed",
                    (double)(e->picture_changed + e->actor_changed) /
                        (double)(e->picture_asked + e->actor_asked));
    json_put_number(w, "kept", (double)e->kept / (double)e->paths);
    json_put_number(w, "dynamic", e->dynamic);
    json_end(w, '}');
}

static void put_minute(JsonWriter *w, const ShapeMinute *m)
{
    json_begin(w, "minute", '{');
    json_put_integer(w, "clips", (int64_t)m->clips);
    json_begin(w, "curve", '[');
    for (int k = 0; k < SHAPE_MINUTE_POINTS && m->clips; k++) {
        const ShapePoint *p = &m->point[k];
        json_begin(w, NULL, '{');
        json_put_number(w, "at", p->at_s);
        json_put_number(w, "actor", p->actor);
        json_put_number(w, "scene", p->scene);
        json_put_number(w, "sharpness", p->sharpness);
        json_put_number(w, "colour", p->colour);
        json_put_number(w, "dynamic", p->dynamic);
        json_end(w, '}');
    }
    json_end(w, ']');
    json_end(w, '}');
}

static void put_fast(JsonWriter *w, const ShapeFast *f)
{
    json_begin(w, "fast", '{');
    json_put_integer(w, "clips", (int64_t)f->clips);
    json_put_integer(w, "steps", (int64_t)f->steps);
    json_put_number(w, "actor", (double)f->right[1] / (double)f->clips);
    json_put_number(w, "actor_full", (double)f->right[0] / (double)f->clips);
    json_put_number(w, "gradient_ratio", f->gradient[1] / f->gradient[0]);
    json_end(w, '}');
}

static void put_part(JsonWriter *w, const ShapeReport *r, ShapePart part)
{
    bool list = part == SHAPE_FILL || part == SHAPE_EDIT;
    if (list) json_begin(w, shape_part_name(part), '[');
    switch (part) {
    case SHAPE_EXTEND: put_seam(w, "extend", &r->extend, r->extend_dynamic); break;
    case SHAPE_JOIN:
        put_seam(w, "join", &r->join, r->join_dynamic);
        json_put_number(w, "join_found", (double)r->join_right / (double)r->clips);
        break;
    case SHAPE_LOOP:
        json_put_number(w, "loop", r->loop);
        json_put_number(w, "loop_dynamic", r->loop_dynamic);
        break;
    case SHAPE_FILL:
        for (int k = 0; k < SHAPE_GAPS; k++)
            if (r->fill[k].clips) put_fill(w, &r->fill[k]);
        break;
    case SHAPE_EDIT:
        for (int k = 0; k < SHAPE_EDITS; k++) put_edit(w, &r->edit[k]);
        break;
    case SHAPE_FAST: put_fast(w, &r->fast); break;
    case SHAPE_PARTS: break;
    }
    if (list) json_end(w, ']');
}

static void put_report(JsonWriter *w, const ShapeSuite *s, const ShapeReport *r)
{
    json_put_integer(w, "clips", (int64_t)r->clips);
    json_put_number(w, "given_psnr", r->given_psnr);
    for (int k = 0; k < SHAPE_PARTS; k++)
        if (s->parts >> k & 1) put_part(w, r, (ShapePart)k);
    put_minute(w, &r->minute);
}

/* "fill,loop"; NULL: all. */
static SoraStatus parse_parts(const char *list, Arena *a, unsigned *out)
{
    *out = (1u << SHAPE_PARTS) - 1;
    if (!list) return SORA_OK;
    char *rest = arena_strdup(a, list), *name;
    for (*out = 0; (name = strtok_r(rest, ", ", &rest)) != NULL;) {
        int k = 0;
        while (k < SHAPE_PARTS && strcmp(name, shape_part_name((ShapePart)k)) != 0) k++;
        if (k == SHAPE_PARTS)
            return err_set(SORA_E_ARGUMENT,
                           "the suite shape has no part \"%s\", it has extend, fill, loop, join, "
                           "edit and fast",
                           name);
        *out |= 1u << k;
    }
    return SORA_OK;
}

static SoraStatus on_pair(void *sheet, const char *what, const Clip *made, const Clip *world)
{
    return eval_sheet_add(sheet, what, made, world);
}

static SoraStatus run(SoraEval *e, ShapeSuite *s)
{
    EvalSheet sheet;
    ShapeReport report;
    size_t pairs = e->o.sheet_pairs ? (size_t)e->o.sheet_pairs : SHEET_PAIRS;
    TRY(eval_sheet_open(&sheet, e->o.sheet, pairs));
    s->show = on_pair, s->show_self = &sheet;
    e->total = shape_suite_work(s);
    SoraStatus status = shape_suite_run(s, &report);
    if (status == SORA_OK) status = eval_sheet_write(&sheet);
    eval_sheet_close(&sheet);
    if (status == SORA_OK) put_report(&e->json, s, &report);
    return status;
}

SoraStatus eval_shape(SoraEval *e)
{
    size_t count = e->o.count ? (size_t)e->o.count : COUNT;
    size_t minutes = (count + MINUTES_EVERY - 1) / MINUTES_EVERY;
    ShapeSuite s = { .model = &e->model,
                     .reader = e->reader->file.reader,
                     .c = e->reader->compute,
                     .count = count,
                     .minutes =
                         e->o.minutes ? (size_t)(e->o.minutes > 0 ? e->o.minutes : 0) : minutes,
                     .minute_s = e->o.minute_s > 0 ? e->o.minute_s : MINUTE_S,
                     .steps = (size_t)e->o.steps,
                     .cfg_scale = e->o.cfg_scale,
                     .progress = eval_progress(e) };
    if (e->o.images) return err_set(SORA_E_ARGUMENT, "pictures have no frames to shape");
    if (!(s.minute_s <= MINUTE_MAX_S))
        return err_set(SORA_E_ARGUMENT, "a minute of %g s: it may last %g", s.minute_s,
                       MINUTE_MAX_S);
    TRY(parse_parts(e->o.parts, e->arena, &s.parts));
    TRY(eval_draw(e, true, &s.draw));
    return run(e, &s);
}
