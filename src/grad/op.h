/* What an operation and its tape know of each other: inside grad/ only.
 *
 * An operation fills an Op (inputs, parameters, options); op_run makes the result, runs forward
 * and, when a gradient may come back, writes the Op down. The gradient of a result stands in a
 * slot. It gets memory when it is first written (so nothing is cleared beforehand) and gives it
 * back as soon as its own operation has gone backward: a few buffers serve all the way back and
 * stay in the caches. */
#ifndef GRAD_OP_H
#define GRAD_OP_H

#include "grad/tape.h"
#include "tensor/rows.h"

typedef struct Op Op;

typedef struct OpDef {
    const char *name;
    void (*forward)(Tape *t, Op *op); /* fills op->y; with op->keep saves what backward reads */
    void (*backward)(Tape *t, Op *op);
} OpDef;

/* Every operation, ended by NULL (op_table.c). The finite-difference test walks it. */
extern const OpDef *const op_table[];
extern const OpDef op_def_segment, op_def_linear, op_def_linear_residual, op_def_swiglu,
    op_def_norm, op_def_attention, op_def_add, op_def_scale, op_def_reshape, op_def_activation,
    op_def_columns, op_def_gather, op_def_scatter, op_def_embedding, op_def_add_table, op_def_mse,
    op_def_charbonnier, op_def_cross_entropy, op_def_conv3d;

enum { OP_INPUTS = 3, OP_PARAMS = 2 };

/* The head of every operation's own struct. */
struct Op {
    const OpDef *def;
    Op *before; /* the one written down before it */
    Tensor *y;
    Tensor *in[OP_INPUTS]; /* NULL where there is none */
    const Param *param[OP_PARAMS];
    bool keep;
};

/* A cleared Op, `size` bytes long. */
void *op_new(Tape *t, const OpDef *def, size_t size);

/* Makes y [rows, columns] of `type` and computes it. */
Tensor *op_run(Tape *t, Op *op, Type type, size_t rows, size_t columns);

Type op_hidden(const Tape *t); /* of hidden activations */

/* ---- in backward ----------------------------------------------------------------------- */

/* The gradient of the result, complete. */
Rows op_dy(const Op *op);

/* Does anybody want the gradient of x? No for NULL. */
bool op_wants(const Tensor *x);

/* Where it goes: `add` says that it must be added to what is there; otherwise all of it must be
 * written. bf16 when x is and this is its only gradient. */
Rows op_dx(Tape *t, const Tensor *x);

/* The same for those who can only add, or write a part: zeroed when it is the first. NULL when
 * nobody wants it. */
float *op_dx_sum(Tape *t, const Tensor *x);

/* x's gradient (+)= dx, which lies elsewhere. */
void op_give_dx(Tape *t, const Tensor *x, Rows dx);

/* dx (+)= dy, which nobody reads any more: its memory is handed on where that is all. */
void op_pass(Tape *t, Op *op, const Tensor *x);

/* Memory for the duration of one backward. */
typedef struct OpBuffer {
    void *data;
    size_t bytes;
    struct OpBuffer *next;
} OpBuffer;
OpBuffer *op_take(Tape *t, size_t bytes);
void op_give(Tape *t, OpBuffer *b);

/* ---- parameters ------------------------------------------------------------------------ */

/* A parameter's matrix for products: the rounded copy, or the master under GEMM_F32. */
const Tensor *op_weight(const Tape *t, const Param *p);

/* A parameter's numbers as f32: its own, or converted into the tape's arena. NULL for NULL. */
const float *op_values(Tape *t, const Param *p);

static inline float *op_dparam(const Param *p) /* where its gradient is added up, or NULL */
{
    return p ? p->value->grad : NULL;
}

/* ---- the tape's own -------------------------------------------------------------------- */

struct Tape {
    Arena *step;
    const Compute *c;
    GemmPrecision precision;
    bool grad;
    bool recording;
    unsigned depth; /* segments that are being run again, one inside the other */
    Op *last;
    Arena *gradients; /* during backward */
    OpBuffer *free;
};

typedef struct TapeSlot {
    OpBuffer *buffer; /* NULL: no gradient yet */
    Type type;
    unsigned depth; /* of the tape when the result was made */
    unsigned uses;  /* gradients that will come */
    size_t count, width;
} TapeSlot;

/* Gives the slot its first gradient's memory. */
void op_open_slot(Tape *t, TapeSlot *s, Type type);

#endif
