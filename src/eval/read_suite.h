/* How well a reader reads: clips of the world that it never saw, their facts known exactly. */
#ifndef EVAL_READ_SUITE_H
#define EVAL_READ_SUITE_H

#include "eval/draw.h"
#include "eval/score.h"
#include "tensor/compute.h"

typedef struct ReadSuite {
    const Reader *reader;
    const Compute *c;
    DrawOptions draw;
    size_t count;
    Progress progress;
} ReadSuite;

typedef struct ReadReport {
    ReadScores scores;
    double smeared; /* sum of the likeness of the same clips with their outlines smeared */
    Score *actor;   /* [actors of the reader]: is it found where it can be seen */
} ReadReport;

SoraStatus read_suite_run(const ReadSuite *s, Arena *a, ReadReport *out);

/* Temperatures that make the reader's confidence honest on such clips. The reader must have its
 * temperatures at 1. */
SoraStatus read_suite_fit(const ReadSuite *s, ReaderTemperature *out);

/* Every pixel becomes the mean of those up to `radius` away, in place: what a weak model makes of
 * outlines. `scratch` holds a frame. */
void read_suite_smear(Clip *c, size_t radius, uint8_t *scratch);

#endif
