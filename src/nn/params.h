/* The parameters of a network: declared once, by name, in an order that never changes. A model's
 * constructor declares what it has; the set decides where the numbers come from: drawn from a seed
 * (training from scratch) or found in a file (inference, or training from there). Optimizer,
 * EMA, checkpoint and model file all walk the same set. */
#ifndef NN_PARAMS_H
#define NN_PARAMS_H

#include "grad/tape.h"

typedef struct ParamSet ParamSet;

/* Start values: mean + std * normal(hash(seed, name), i). std 0: a constant. */
typedef struct ParamInit {
    float mean, std;
} ParamInit;

/* Finds a tensor by name in a file; NULL: it has none of that name. The tensor must live as long
 * as the set. */
typedef const Tensor *(*ParamLookup)(void *self, const char *name);

/* For training: f32 values with gradients and bf16 operands, all in `weights`. Values are drawn
 * from `seed`, or, where `lookup` (may be NULL) finds one, copied from there. */
ParamSet *params_new_train(Arena *weights, uint64_t seed, ParamLookup lookup, void *self);

/* For inference: value and operand are the looked-up tensor itself, of whatever type. */
ParamSet *params_new_load(Arena *weights, ParamLookup lookup, void *self);

/* Declares one parameter. SORA_E_FORMAT names it when it is missing ("there is no tensor
 * blocks.3.ffn.2.weight") or has another shape ("blocks.3.ffn.2.weight is [256,64], the model
 * needs [256,128]"). The Param lives as long as the set and does not move. */
SoraStatus params_declare(ParamSet *set, const char *name, ParamKind kind, ParamInit init, int rank,
                          const size_t *shape, const Param **out);

/* Is there a tensor of that name to load? Always false when values are drawn. */
bool params_has(const ParamSet *set, const char *name);

size_t params_count(const ParamSet *set);
Param *params_at(const ParamSet *set, size_t i);
size_t params_elements(const ParamSet *set); /* numbers in all */
void params_zero_grad(ParamSet *set, const Compute *c);
void params_refresh(ParamSet *set, const Compute *c); /* operand = bf16(value), after a change */

#endif
