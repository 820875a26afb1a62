/* The trainer: one step after another, from a Source to weights. It owns the model in training;
 * the caller decides when to report, save and stop. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "train/checkpoint.h"
#include "train/loader.h"
#include "train/lesson.h"
#include "train/parallel.h"
#include "train/source.h"

typedef struct TrainerConfig {
    OptimConfig optim;
    uint64_t seed;
    size_t tokens;  /* a batch takes examples until it would hold more tokens than this */
    size_t warmup;  /* steps from rate 0 to 1 */
    uint64_t steps; /* of the whole run, 0: no limit */
    double seconds; /* of the whole run, 0: no limit */
    float cooldown; /* share of the run, at its end, in which the rate falls to 0 */
    size_t
        lora_rank; /* not 0: the weights stay, a LoRA of this rank is learned (train/adapter.h) */
    int threads;   /* that make examples in the background; 0: all */
    Parallel *parallel;    /* processes that share every batch, borrowed; NULL: this one is alone */
    CheckpointFacts facts; /* goes into every file; borrowed */
} TrainerConfig;

TrainerConfig trainer_config_default(void);

typedef struct StepReport {
    float loss, norm, rate;
    size_t examples, tokens;
    size_t failed; /* examples that could not be made; the first one's sentence: err_text() */
} StepReport;

typedef struct Trainer Trainer;

/* Weights are drawn from the seed, or found by `lookup` (may be NULL; not with a LoRA) in another
 * model. Borrows what lesson and source point to. */
SoraStatus trainer_new(const TrainerConfig *config, const Lesson *lesson, Source source,
                       ParamLookup lookup, void *self, Trainer **out);
void trainer_free(Trainer *t); /* NULL is fine */

/* One optimizer step. SORA_E_NUMBER: a loss or gradient was not finite; nothing was changed. */
SoraStatus trainer_step(Trainer *t, const Compute *c, StepReport *out);

/* The lesson's network with averaged weights as they are now (what a saved model holds), in bf16,
 * in `a`. */
SoraStatus trainer_average(const Trainer *t, const Compute *c, Arena *a, void **net);

/* Mean loss of the averaged weights on examples [first, first + count) of `source`, always with
 * the same noise. */
SoraStatus trainer_validate(Trainer *t, const Compute *c, Source source, uint64_t first,
                            size_t count, float *loss);

/* How much of the run is done, 0 .. 1; 0 without a limit. At 1 it is over. */
double trainer_progress(const Trainer *t);

RunState *trainer_run(Trainer *t); /* the caller adds to .seconds */

/* After that, with several processes: all take the first one's time, which decides when the run is
 * over, and *stop becomes true everywhere where it was true for one. */
SoraStatus trainer_agree(Trainer *t, bool *stop);

/* The name of what the run makes: the lesson's file, with a LoRA lora.safetensors. */
const char *trainer_file(const Trainer *t);

/* Checkpoint and that file, in `dir`. */
SoraStatus trainer_save(Trainer *t, const char *dir);
SoraStatus trainer_resume(Trainer *t, const Compute *c, const char *dir);

#endif
