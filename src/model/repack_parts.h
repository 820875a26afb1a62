/* What repack.c (numbers) and repack_files.c (headers) share. */
#ifndef MODEL_REPACK_PARTS_H
#define MODEL_REPACK_PARTS_H

#include "base/file.h"
#include "model/repack.h"

typedef enum RepackKind { REPACK_SAFETENSORS, REPACK_GGUF } RepackKind;

/* A tensor of the new file. */
typedef struct RepackEntry {
    const char *name;
    size_t place;  /* in the old set; RepackPlan.own: `data` instead */
    Tensor tensor; /* type and shape as they will be; data only of own ones */
    bool own;
    const float *inverse; /* of 8-bit weights: what each row is multiplied with; else NULL */
    size_t bytes, padding;
} RepackEntry;

typedef struct RepackPlan {
    RepackKind kind;
    RepackEntry *entry; /* in the order of the file */
    size_t count;
    const char *architecture; /* of a GGUF */
    const Weights *from;
} RepackPlan;

/* Can this kind of file hold the type? */
bool repack_holds(RepackKind kind, Type t);

/* Writes all that comes before the tensors, and sets their padding. */
SoraStatus repack_put_header(FileWriter *f, RepackPlan *p, Arena *a);

#endif
