/* Runs the cases of a folder of golden vectors (a manifest.json and the files it names). One
 * GoldenKind a kind of case, one file a family; the table is in golden_kinds.c. */
#ifndef TESTS_GOLDEN_GOLDEN_H
#define TESTS_GOLDEN_GOLDEN_H

#include "base/json.h"
#include "tensor/compute.h"
#include "tensor/gemm.h"
#include "tensor/safetensors.h"

/* One case in one form: these weights, this precision. */
typedef struct Golden {
    const char *folder;
    const Json *spec;        /* the case's object in the manifest */
    const Json *cases;       /* all of them */
    const char *layout;      /* the chosen entry of "weights"; NULL: the kind chooses itself */
    GemmPrecision precision; /* of the network; GEMM_F32 has the limits "fp32", else "bf16" */
    const Compute *compute;
    Arena *a, *step; /* both are emptied after every run */
    Safetensors io;  /* the case's "io", if it has one */
    bool every;      /* print every comparison */

    size_t compared, off; /* results so far */
    double nearest;       /* the largest share of a limit that was used up */
    char where[128];      /* by which output */
} Golden;

typedef struct GoldenKind {
    const char *kind;
    SoraStatus (*run)(Golden *g); /* an error fails the case with its sentence */
    bool layouts;                 /* run once for every entry of "weights", else once */
    bool precisions;              /* run in f32 and in bf16, else once */
} GoldenKind;

extern const GoldenKind *const golden_kinds[]; /* ended by NULL */

/* ---- what a case says ---- */

/* The path of a file named in the manifest, relative to its folder. */
const char *golden_path(const Golden *g, const char *file);

/* The file of a weights entry: `role` NULL: that of g->layout; else weights[role], which may be an
 * object of layouts (then g->layout's, or its first). SORA_E_FORMAT when there is none. */
SoraStatus golden_weights(const Golden *g, const char *role, const char **path);

/* The tensor behind an input ("name" in io, or "file:name"), or NULL without an error when the
 * case has no such input. */
SoraStatus golden_input(Golden *g, const char *name, const Tensor **out);

const Json *golden_scalar(const Golden *g, const char *name); /* or NULL */
double golden_number(const Golden *g, const char *name, double otherwise);

/* ---- judging ---- */

/* Compares with outputs[name], `count` values (those of the stored tensor, or SORA_E_FORMAT). An
 * output the manifest does not list, or has no limits for in this precision, is skipped. Too far
 * away: counted, printed, and SORA_OK, so that all outputs of a case are seen. */
SoraStatus golden_check(Golden *g, const char *name, const float *got, size_t count);
bool golden_wants(const Golden *g, const char *name);

/* The same by hand: `tol` is an object with rel_l2 and max_abs, or max_abs alone. */
void golden_compare(Golden *g, const char *name, const float *got, const Tensor *want,
                    const Json *tol);

/* A fact that must hold; `format` says what was found otherwise. */
void golden_expect(Golden *g, bool holds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
