/* Wan transformers in the goldens: opened by path, run on a case's inputs. */
#ifndef TESTS_GOLDEN_GOLDEN_DIT_H
#define TESTS_GOLDEN_GOLDEN_DIT_H

#include "golden.h"

#include "model/import/wan.h"
#include "model/latent.h"

typedef struct GoldenDit {
    Weights *weights;
    WanFile file;
    Dit *dit;
} GoldenDit;

/* Weights of any kind (model/weights.h). Memory from g->a; close also after an error of later. */
SoraStatus golden_dit_open(Golden *g, const char *path, GoldenDit *m);

/* The same from m->weights, opened from `path` (and changed since). */
SoraStatus golden_dit_build(Golden *g, const char *path, GoldenDit *m);
void golden_dit_close(GoldenDit *m);

/* A forward pass on the case's inputs; every output of the case that a "dit" case may have is
 * checked on the way. */
SoraStatus golden_dit_run(Golden *g, const GoldenDit *m);

#endif
