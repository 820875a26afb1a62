/* Optimizers: Muon for hidden matrices, AdamW for the rest, with an exponential moving average of
 * all weights. One pass over a parameter does everything: clip, moments, update, EMA, operand. */
#ifndef TRAIN_OPTIM_H
#define TRAIN_OPTIM_H

#include "nn/params.h"

typedef struct OptimConfig {
    float lr_hidden;    /* Muon; 2e-3 */
    float lr_other;     /* AdamW; 8e-4 */
    float weight_decay; /* decoupled, on matrices alone; 0.1 */
    float momentum;     /* Muon, Nesterov; 0.95 */
    float beta1, beta2; /* AdamW; 0.9, 0.99 */
    float eps;          /* AdamW; 1e-8 */
    float ema;          /* 0.9995: the decay reached; it starts at (1 + step) / (10 + step) */
    float clip;         /* largest norm of all gradients together, 0: no limit; 1 */
} OptimConfig;

OptimConfig optim_config_default(void);

typedef struct Optim Optim;

/* State for every parameter that has a gradient, in `weights`, zero; the EMA starts as the value.
 */
Optim *optim_new(ParamSet *set, const OptimConfig *config, Arena *weights);

/* One step from the gradients of the set: rates times `rate`. Updates values, operands and EMA and
 * leaves the gradients zero. *norm (may be NULL): of all gradients before clipping. SORA_E_NUMBER,
 * with nothing changed but the gradients, when that is not finite. */
SoraStatus optim_step(Optim *o, const Compute *c, float rate, Arena *step, float *norm);

size_t optim_steps(const Optim *o);
void optim_set_steps(Optim *o, size_t steps); /* after a resume */

/* Everything a checkpoint must hold beside the values, as named f32 tensors ("muon.NAME",
 * "adam_m.NAME", "adam_v.NAME", "ema.NAME"), in an order that never changes. */
typedef struct OptimState {
    const char *name;
    Tensor *tensor;
} OptimState;
size_t optim_state_count(const Optim *o);
OptimState optim_state_at(const Optim *o, size_t i);

/* The EMA of parameter i of the set, same shape, f32. */
const Tensor *optim_ema(const Optim *o, size_t i);

#endif
