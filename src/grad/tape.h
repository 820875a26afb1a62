/* The tape: operations run as they are called (eager) and, when gradients are wanted, are written
 * down so that tape_backward can walk them in reverse. One OpDef row per operation (op_table.c).
 * Without gradients nothing is written down and the same code runs in the memory of one block. */
#ifndef GRAD_TAPE_H
#define GRAD_TAPE_H

#include "tensor/compute.h"
#include "tensor/gemm.h"
#include "tensor/tensor.h"

/* A named parameter. In training `value` is the f32 master and `operand` its bf16 copy, which the
 * optimizer refreshes; in inference both are the mapped tensor, of any type. */
typedef enum ParamKind {
    PARAM_HIDDEN, /* a matrix between hidden features: Muon */
    PARAM_OTHER   /* embeddings, heads, norms, biases, tables: AdamW */
} ParamKind;

typedef struct Param {
    const char *name;
    ParamKind kind;
    Tensor *value; /* value->grad is where backward adds, f32, NULL when frozen */
    Tensor *operand;
} Param;

typedef struct Tape Tape;

/* `step` is where results live. `precision`: GEMM_BF16 rounds operands of matrix products and
 * stores hidden activations, and gradients that have one source, as bf16, where the processor
 * multiplies bf16 (compute_has_bf16); GEMM_F32 keeps everything f32 and multiplies by the master
 * values. tape_precision() says which it became. */
Tape *tape_new(Arena *step, const Compute *c, GemmPrecision precision, bool grad);

Arena *tape_arena(const Tape *t);
const Compute *tape_compute(const Tape *t);
GemmPrecision tape_precision(const Tape *t);
bool tape_grad(const Tape *t);

/* A segment y = fn(ctx, x), x and y both [N,D] f32 and of the same shape: a transformer block.
 * Without gradients its memory is given back as it ends and y takes x's place: x is used up. With
 * gradients and `recompute` only x is kept and fn runs again in backward; fn must be pure. */
typedef Tensor *(*SegmentFn)(void *ctx, Tape *t, Tensor *x);
Tensor *tape_segment(Tape *t, SegmentFn fn, void *ctx, Tensor *x, bool recompute);

/* Adds d(loss)/d(everything) to the grads: loss is a scalar from an op; seeds it with `scale`. */
void tape_backward(Tape *t, Tensor *loss, float scale);

#endif
