/* What a model does with frames that are given: it goes on from them, fills between them, joins two
 * clips, closes a loop, changes a clip by words; and what becomes of a minute in one shot, and of
 * few steps. Each is a Condition, as the verbs of the program make it, at the model's own size;
 * truth is the world's own clip. Motion is the mean step between neighbours, summed over clips, of
 * what is made against what is given (of a gap, against the true frames). */
#ifndef EVAL_SHAPE_SUITE_H
#define EVAL_SHAPE_SUITE_H

#include "eval/draw.h"
#include "eval/shape.h"
#include "model/bundle.h"
#include "model/reader.h"
#include "pipeline/keep.h"

typedef enum ShapePart {
    SHAPE_EXTEND,
    SHAPE_FILL,
    SHAPE_LOOP,
    SHAPE_JOIN,
    SHAPE_EDIT,
    SHAPE_FAST,
    SHAPE_PARTS
} ShapePart;
const char *shape_part_name(ShapePart p); /* "extend", "fill", "loop", "join", "edit", "fast" */

typedef struct ShapeSuite {
    const Bundle *model;
    const Reader *reader;
    const Compute *c;
    DrawOptions draw; /* size: what the model makes, at least SHAPE_FRAMES_MIN frames */
    unsigned parts;   /* a bit for each ShapePart that is measured; minutes are counted below */
    size_t count, steps;
    size_t minutes;    /* so many shots of minute_s seconds */
    double minute_s;   /* 60 */
    double cfg_scale;  /* 0: the pipeline's own */
    Progress progress; /* its total is shape_suite_work */
    /* NULL, or shown what is made, beside the world's clip. */
    SoraStatus (*show)(void *self, const char *what, const Clip *made, const Clip *world);
    void *show_self;
} ShapeSuite;

/* How much there is to do, in clips of the model's own length. */
double shape_suite_work(const ShapeSuite *s);

enum {
    SHAPE_FRAMES_MIN = 13,
    SHAPE_GAPS = 3,
    SHAPE_EDITS = 6,
    SHAPE_MINUTE_POINTS = 12 /* every twelfth of it: 5 s of a minute */
};

typedef enum ShapeWay {
    SHAPE_MODEL,
    SHAPE_BLEND,
    SHAPE_NEAREST,
    SHAPE_FLOW,   /* our own motion interpolation, media/retime.h */
    SHAPE_FFMPEG, /* FFmpeg's, minterpolate.h; NAN where there is no ffmpeg */
    SHAPE_WAYS
} ShapeWay;
const char *shape_way_name(ShapeWay w); /* "model", "blend", "nearest", "flow", "minterpolate" */

/* Means over clips and frames of the gap, against the true ones. Gaps a clip is too short for have
 * no clips. */
typedef struct ShapeFill {
    size_t gap, clips, moving; /* moving: frames whose subject goes somewhere meanwhile */
    double psnr[SHAPE_WAYS], actor[SHAPE_WAYS]; /* of the frame; of the subject's box */
    double edges[SHAPE_WAYS];                   /* gradient energy in that box, of the true one's */
    double dynamic[SHAPE_WAYS];
    /* Of moving subjects alone: pixels from its place, error of its gradients (shape.h). */
    double position[SHAPE_WAYS], gradient[SHAPE_WAYS];
} ShapeFill;

/* An edit asks every second clip for another hour of the day (the whole picture: edges are
 * compared), the others for another actor (the rest of the picture should stay). */
typedef struct ShapeEdit {
    double strength;
    KeepKind keep;
    size_t picture_asked, picture_changed; /* does the reader find the hour? */
    size_t actor_asked, actor_changed;     /* the new actor, and the old one no more? */
    size_t paths, kept; /* was the subject's doing found before, and is it still? */
    double edges;       /* of pictures: how alike the middle frame's edges are, 0 .. 1 */
    double outside;     /* of actors: PSNR outside their box */
    double dynamic;
} ShapeEdit;

/* The shot at one time of it, means over shots. */
typedef struct ShapePoint {
    double at_s;
    double actor, scene; /* shares of shots in whose last two seconds the reader finds them */
    double sharpness;    /* gradient energy since the last point, of that up to the first */
    double colour;       /* grey levels between its mean colour and that up to the first */
    double dynamic;      /* of that up to the first */
} ShapePoint;

typedef struct ShapeMinute {
    size_t clips;
    ShapePoint point[SHAPE_MINUTE_POINTS];
} ShapeMinute;

/* The same prompts in few steps (generate_go_fast) and in all of them. */
typedef struct ShapeFast {
    size_t clips; /* 0: the model cannot */
    size_t steps;
    size_t right[2];    /* clips whose subject the reader finds: full, fast */
    double gradient[2]; /* sums of energy in the sharpest box of the subject's size */
} ShapeFast;

typedef struct ShapeReport {
    size_t clips;
    double given_psnr;                                 /* the worst of all given frames */
    ShapeSeam extend, join;                            /* medians */
    double extend_dynamic, join_dynamic, loop_dynamic; /* of the given frames' */
    double loop;                                       /* median of shape_loop */
    size_t join_right; /* clips whose reader finds A before and B after */
    ShapeFill fill[SHAPE_GAPS];
    ShapeEdit edit[SHAPE_EDITS];
    ShapeMinute minute;
    ShapeFast fast;
} ShapeReport;

SoraStatus shape_suite_run(const ShapeSuite *s, ShapeReport *out);

#endif
