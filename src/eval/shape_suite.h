/* What a model does with frames that are given: it goes on from them, fills between them, joins two
 * clips, closes a loop, changes a clip by words. Each is a Condition, as the verbs of the program
 * make it, at the model's own size; truth is the world's own clip. */
#ifndef EVAL_SHAPE_SUITE_H
#define EVAL_SHAPE_SUITE_H

#include "eval/draw.h"
#include "eval/shape.h"
#include "model/bundle.h"
#include "model/reader.h"

typedef struct ShapeSuite {
    const Bundle *model;
    const Reader *reader;
    const Compute *c;
    DrawOptions draw; /* size: what the model makes, at least SHAPE_FRAMES_MIN frames */
    size_t count, steps;
    double cfg_scale; /* 0: the pipeline's own */
    Progress progress;
} ShapeSuite;

enum { SHAPE_FRAMES_MIN = 13, SHAPE_GAPS = 3, SHAPE_STRENGTHS = 4 };
typedef enum ShapeWay { SHAPE_MODEL, SHAPE_BLEND, SHAPE_NEAREST, SHAPE_FLOW, SHAPE_WAYS } ShapeWay;
const char *shape_way_name(ShapeWay w); /* "model", "blend", "nearest", "flow" (media/retime.h) */

/* Means over clips and frames of the gap, against the true ones; SHAPE_FLOW is our own motion
 * interpolation. Gaps a clip is too short for have no clips. */
typedef struct ShapeFill {
    size_t gap, clips;
    double psnr[SHAPE_WAYS], actor[SHAPE_WAYS]; /* of the frame; of the subject's box */
    double edges[SHAPE_WAYS];                   /* gradient energy in that box, of the true one's */
    double dynamic[SHAPE_WAYS];                 /* of the true one's */
} ShapeFill;

typedef struct ShapeEdit {
    double strength;
    size_t asked, changed; /* another hour of the day: does the reader find it? */
    size_t paths, kept;    /* was the subject's doing found before, and is it still? */
    double edges;          /* sum over asked: likeness of edges to the clip's, 0 .. 1 */
} ShapeEdit;

typedef struct ShapeReport {
    size_t clips;
    double given_psnr;                                 /* the worst of all given frames */
    ShapeSeam extend, join;                            /* medians */
    double extend_dynamic, join_dynamic, loop_dynamic; /* means, of the true clip's */
    double loop;                                       /* median of shape_loop */
    size_t join_right; /* clips whose reader finds A before and B after */
    ShapeFill fill[SHAPE_GAPS];
    ShapeEdit edit[SHAPE_STRENGTHS];
} ShapeReport;

SoraStatus shape_suite_run(const ShapeSuite *s, ShapeReport *out);

/* How alike the edges of two frames are: the cosine between their gradients' lengths, 0 .. 1. */
double shape_edges(const Clip *x, size_t f, const Clip *y, size_t g);

#endif
