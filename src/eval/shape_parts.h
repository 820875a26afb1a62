/* What the files of the suite "shape" share: one round of it. */
#ifndef EVAL_SHAPE_PARTS_H
#define EVAL_SHAPE_PARTS_H

#include "eval/shape_suite.h"
#include "pipeline/generate.h"

/* Motion of what was made and of what it is compared with: sums of mean steps. */
typedef struct ShapeMotion {
    double made, input;
} ShapeMotion;

typedef struct ShapeRound {
    const ShapeSuite *s;
    uint64_t i;
    Arena *a, *step;
    Drawn one, two;
    char prompt[CAPTION_SIZE_MAX];
    bool recolour;
    const GeneratePrompt *later; /* NULL, or one that takes over */
    Reading before;              /* of `one` */
    ShapeReport *out;
    double done;
    ShapeMotion extend, loop, join, fill[SHAPE_GAPS][SHAPE_WAYS], edit[SHAPE_EDITS];
    double *seams[2][3], *gap; /* of extensions and joins; of loops: [count] */
} ShapeRound;

GenerateOptions shape_options(const ShapeRound *r, const char *prompt);

/* The model's clip under a condition; what is given must come back as it was. */
SoraStatus shape_make(ShapeRound *r, const char *prompt, const Condition *given, KeepKind keep,
                      Clip *out);

/* `clips` more are done. */
SoraStatus shape_done(ShapeRound *r, double clips);

SoraStatus shape_show(const ShapeRound *r, const char *what, const Clip *made, const Clip *world);

/* The sentence that training would use for what `view` shows. */
void shape_prompt(const ShapeSuite *s, const Facts *f, const CaptionView *view, char *out);

/* The subject's box in frame f, cut to the picture and `wider` times as large; of height 0 when
 * hardly any of it is there. */
LooksBox shape_box(const Drawn *d, size_t f, double wider);

/* Is the subject of `f` among the actors that the reader finds first? */
bool shape_finds(const ShapeRound *r, const Reading *x, const Facts *f);

double shape_ratio(ShapeMotion m); /* 1 when nothing moves in either */

/* One part each, on the round's clips. */
SoraStatus shape_try_fill(ShapeRound *r, size_t k);
SoraStatus shape_try_edits(ShapeRound *r);
SoraStatus shape_try_fast(ShapeRound *r);
SoraStatus shape_try_minute(ShapeRound *r);
void shape_finish_fill(const ShapeRound *r, ShapeFill *fill);
void shape_finish_edits(const ShapeRound *r, ShapeEdit *edit);
void shape_finish_minute(ShapeMinute *m);

/* Clips of the model's own length that these make a round. */
double shape_minute_work(const ShapeSuite *s);
double shape_fast_work(const ShapeSuite *s);

#endif
