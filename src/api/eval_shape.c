/* The suite "shape": extensions, gaps, loops, joins, edits. */
#include <math.h>

#include "api/eval_run.h"
#include "eval/shape_suite.h"

enum { COUNT = 50 };

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
    for (int k = 0; k < SHAPE_WAYS; k++) {
        json_begin(w, shape_way_name(k), '{');
        json_put_number(w, "psnr", f->psnr[k]);
        json_put_number(w, "actor_psnr", f->actor[k]);
        json_put_number(w, "actor_edges", f->edges[k]);
        json_put_number(w, "dynamic", f->dynamic[k]);
        json_end(w, '}');
    }
    json_end(w, '}');
}

static void put_edit(JsonWriter *w, const ShapeEdit *e)
{
    json_begin(w, NULL, '{');
    json_put_number(w, "strength", e->strength);
    json_put_integer(w, "asked", (int64_t)e->asked);
    json_put_number(w, "changed", (double)e->changed / (double)e->asked);
    json_put_number(w, "kept", (double)e->kept / (double)e->paths);
    json_put_number(w, "edges", e->edges / (double)e->asked);
    json_end(w, '}');
}

static void put_report(JsonWriter *w, const ShapeReport *r)
{
    json_put_integer(w, "clips", (int64_t)r->clips);
    json_put_number(w, "given_psnr", r->given_psnr);
    put_seam(w, "extend", &r->extend, r->extend_dynamic);
    put_seam(w, "join", &r->join, r->join_dynamic);
    json_put_number(w, "join_found", (double)r->join_right / (double)r->clips);
    json_put_number(w, "loop", r->loop);
    json_put_number(w, "loop_dynamic", r->loop_dynamic);
    json_begin(w, "fill", '[');
    for (int k = 0; k < SHAPE_GAPS; k++)
        if (r->fill[k].clips) put_fill(w, &r->fill[k]);
    json_end(w, ']');
    json_begin(w, "edit", '[');
    for (int k = 0; k < SHAPE_STRENGTHS; k++) put_edit(w, &r->edit[k]);
    json_end(w, ']');
}

SoraStatus eval_shape(SoraEval *e)
{
    ShapeReport report;
    ShapeSuite s = { .model = &e->model,
                     .reader = e->reader->file.reader,
                     .c = e->reader->compute,
                     .count = e->o.count ? (size_t)e->o.count : COUNT,
                     .steps = (size_t)e->o.steps,
                     .cfg_scale = e->o.cfg_scale,
                     .progress = eval_progress(e) };
    if (e->o.images) return err_set(SORA_E_ARGUMENT, "pictures have no frames to shape");
    TRY(eval_draw(e, true, &s.draw));
    e->total = (double)s.count;
    TRY(shape_suite_run(&s, &report));
    put_report(&e->json, &report);
    return SORA_OK;
}
