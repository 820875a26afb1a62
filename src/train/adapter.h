/* LoRA (arXiv 2106.09685): a trained network stays as it is, and its hidden matrices W [m,n] learn
 * W + B A, with A [rank,n] and B [m,rank], B starting as 0. What is learned is a set of parameters
 * of its own, named as PEFT names them: "blocks.0.ffn.0.lora_A.weight", and "...lora_B.weight".
 * The products are added to W before a step, so that the network's own code runs as always. */
#ifndef TRAIN_ADAPTER_H
#define TRAIN_ADAPTER_H

#include "train/optim.h"

typedef struct Adapter Adapter;

/* For a network whose parameters are declared in `base`, for training, with values that were
 * loaded; of these all but hidden matrices freeze. Start values of A are drawn from `seed`.
 * SORA_E_ARGUMENT: a rank that is no smaller than a matrix, or nothing to change. */
SoraStatus adapter_new(ParamSet *base, size_t rank, uint64_t seed, Arena *weights, Adapter **out);

ParamSet *adapter_params(const Adapter *a); /* what is learned */

/* The gradients of A and B out of those of W, which become 0. */
void adapter_backward(const Adapter *a, const Compute *c);

/* W + B A into the network, after A and B have changed. */
void adapter_apply(const Adapter *a, const Compute *c);

/* The network's parameter called `name` with the averages of A and B, f32 in `arena`; NULL: there
 * is none. `o` optimizes adapter_params. */
const Tensor *adapter_average(const Adapter *a, const Compute *c, const Optim *o, const char *name,
                              Arena *arena);

#endif
