/* Checkpoints: a folder that a run can be resumed from to the same bytes, and the model file that
 * generation reads. Both are written aside and renamed; the older one is whole until then. */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "tensor/safetensors.h"
#include "train/optim.h"

/* Where a run stands. */
typedef struct RunState {
    uint64_t step;     /* optimizer steps done */
    uint64_t examples; /* examples seen: the next one's index */
    double seconds;    /* of training, over all sittings */
    uint64_t seed;
} RunState;

/* What else a file should say: metadata that the caller has, such as the words that were taught. */
typedef struct CheckpointFacts {
    const SafetensorsMeta *pair;
    size_t count;
} CheckpointFacts;

/* What kind of network it is, and its configuration. */
typedef struct CheckpointKind {
    const char *kind;   /* "dit": the model file's sora.kind; its sora.dit is ... */
    const char *config; /* ... this */
    const char *file;   /* the model file's name: "model.safetensors" */
} CheckpointKind;

/* DIR/checkpoint.safetensors: values, optimizer state, EMA and RunState. `facts` may be NULL. */
SoraStatus checkpoint_save(const char *dir, const CheckpointKind *kind, const ParamSet *set,
                           const Optim *o, const RunState *run, const CheckpointFacts *facts,
                           Arena *step);

/* Into a set and optimizer of the same configuration; SORA_E_FORMAT names what differs. */
SoraStatus checkpoint_load(const char *dir, ParamSet *set, Optim *o, RunState *run, Arena *step);

/* DIR/FILE: the EMA in bf16, with the configuration and `facts` (may be NULL). */
SoraStatus checkpoint_export(const char *dir, const CheckpointKind *kind, const ParamSet *set,
                             const Optim *o, const RunState *run, const CheckpointFacts *facts,
                             Arena *step);

#endif
