/* What an operation needs of its tape: inside grad/ only. */
#ifndef GRAD_OP_H
#define GRAD_OP_H

#include "grad/tape.h"
#include "tensor/rows.h"

/* One operation: `forward` fills args->y (the first field of every args struct is Tensor *y, made
 * by the op's public function), `backward` adds to the gradients of what it read. */
typedef struct OpDef {
    const char *name;
    void (*forward)(Tape *t, void *args);
    void (*backward)(Tape *t, void *args);
} OpDef;

/* Every operation, ended by NULL (op_table.c). The finite-difference test walks it. */
extern const OpDef *const op_table[];
extern const OpDef op_def_linear, op_def_linear_residual, op_def_swiglu, op_def_norm,
    op_def_attention, op_def_add, op_def_scale, op_def_activation, op_def_columns, op_def_gather,
    op_def_scatter, op_def_embedding, op_def_add_table, op_def_mse;

/* A result: rows x columns, hidden (bf16 under GEMM_BF16) or f32, with a gradient slot when the
 * tape records. */
Tensor *op_result(Tape *t, size_t rows, size_t columns, bool full);

/* Runs the forward and writes the operation down when gradients are wanted. `args` lives in the
 * tape's arena. */
Tensor *op_run(Tape *t, const OpDef *op, void *args);

/* ---- in backward ----------------------------------------------------------------------- */

/* The gradient of a result, complete; never NULL while its own backward runs. */
const float *op_dy(const Tape *t, const Tensor *y);

/* Where to put the gradient of x. NULL: nobody wants it. *add: what is there must be added to;
 * otherwise it is undefined and must be overwritten, all of it. */
float *op_dx(Tape *t, const Tensor *x, bool *add);

/* The same, but always to be added to: zeroed when it was undefined. */
float *op_dx_added(Tape *t, const Tensor *x);

/* x's gradient += y's, which nobody needs any more: its memory is handed on where that is all. */
void op_pass_on(Tape *t, const Tensor *x, const Tensor *y);

/* A buffer for the duration of one backward. */
float *op_take(Tape *t, size_t count);
void op_drop(Tape *t, float *buffer);

/* ---- parameters ------------------------------------------------------------------------ */

/* A parameter's numbers as f32: its own, or converted into the tape's arena. NULL for NULL. */
const float *op_values(Tape *t, const Param *p);

static inline float *op_dparam(const Param *p) /* where its gradient is added up, or NULL */
{
    return p ? p->value->grad : NULL;
}

#endif
