/* Norms, modulated, weighted or rotated: one operation under several names. */
#include <assert.h>

#include "grad/op.h"
#include "grad/ops.h"

typedef struct Norm {
    Op op; /* in: x, shift, scale (adaLN); or param: weight, bias */
    RowsNorm call;
} Norm;

static void forward(Tape *t, Op *op)
{
    RowsNorm *n = &((Norm *)op)->call;
    n->y = rows_of(op->y);
    if (op->keep) {
        size_t statistics = n->rows * (n->width / n->group);
        n->rstd = arena_alloc(tape_arena(t), statistics * sizeof(float));
        if (!n->rms) n->mean = arena_alloc(tape_arena(t), statistics * sizeof(float));
    }
    rows_norm(tape_compute(t), n);
}

static void backward(Tape *t, Op *op)
{
    const RowsNorm *n = &((Norm *)op)->call;
    const Tensor *x = op->in[0], *shift = op->in[1], *scale = op->in[2];
    RowsNormBack back = { .dy = op_dy(op), .table_rows = scale ? tensor_row_count(scale) : 1 };
    OpBuffer *spare = NULL;
    if (op_wants(x)) {
        back.dx = op_dx(t, x);
    } else {
        spare = op_take(t, n->rows * n->width * sizeof(float));
        back.dx = rows_f32(spare->data, n->width);
    }
    back.dscale = scale ? op_dx_sum(t, scale) : op_dparam(op->param[0]);
    back.dshift = shift ? op_dx_sum(t, shift) : op_dparam(op->param[1]);
    rows_norm_back(tape_compute(t), n, &back, tape_arena(t));
    if (spare) op_give(t, spare);
}

const OpDef op_def_norm = { "norm", forward, backward };

static Norm *norm_new(Tape *t, Tensor *x, float eps)
{
    Norm *a = op_new(t, &op_def_norm, sizeof *a);
    a->op.in[0] = x;
    a->call = (RowsNorm){ .rows = tensor_row_count(x),
                          .width = tensor_width(x),
                          .group = tensor_width(x),
                          .eps = eps,
                          .x = rows_of(x),
                          .table_stride = tensor_width(x) };
    return a;
}

static Tensor *run(Tape *t, Norm *a, bool full)
{
    return op_run(t, &a->op, full ? TYPE_F32 : op_hidden(t), a->call.rows, a->call.width);
}

Tensor *op_modulated_norm(Tape *t, Tensor *x, Tensor *shift, Tensor *scale, const uint32_t *row,
                          float eps)
{
    Norm *a = norm_new(t, x, eps);
    a->op.in[1] = shift;
    a->op.in[2] = scale;
    a->call.scale = scale ? scale->data : NULL;
    a->call.shift = shift ? shift->data : NULL;
    a->call.scale_base = 1;
    a->call.row = row;
    return run(t, a, false);
}

Tensor *op_layer_norm(Tape *t, Tensor *x, const Param *weight, const Param *bias, float eps,
                      bool full)
{
    Norm *a = norm_new(t, x, eps);
    a->op.param[0] = weight;
    a->op.param[1] = bias;
    a->call.scale = op_values(t, weight);
    a->call.shift = op_values(t, bias);
    return run(t, a, full);
}

static Norm *rms(Tape *t, Tensor *x, const Param *weight, size_t group, float eps)
{
    Norm *a = norm_new(t, x, eps);
    a->op.param[0] = weight;
    a->call.rms = true;
    a->call.group = group;
    if (weight) {
        a->call.scale = op_values(t, weight);
        a->call.scale_width = tensor_count(weight->value);
        assert(a->call.scale_width == group || a->call.scale_width == a->call.width);
    }
    return a;
}

Tensor *op_rms_norm(Tape *t, Tensor *x, const Param *weight, size_t group, float eps, bool full)
{
    return run(t, rms(t, x, weight, group, eps), full);
}

Tensor *op_qk_norm_rope(Tape *t, Tensor *x, const Param *weight, size_t group, float eps,
                        size_t head_dim, const float *cos, const float *sin)
{
    Norm *a = rms(t, x, weight, group, eps);
    a->call.cos = cos;
    a->call.sin = sin;
    a->call.head_dim = cos ? head_dim : 0;
    return run(t, a, false);
}
