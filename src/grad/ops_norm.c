/* Norms, modulated, weighted or rotated: one operation under several names. */
#include <assert.h>

#include "grad/op.h"
#include "grad/ops.h"

typedef struct Norm {
    Tensor *y, *x;
    Tensor *shift, *scale;      /* adaLN: gradients go to these ... */
    const Param *weight, *bias; /* ... or to these */
    RowsNorm call;
} Norm;

static void norm_forward(Tape *t, void *args)
{
    Norm *a = args;
    rows_norm(tape_compute(t), &a->call);
}

static void norm_backward(Tape *t, void *args)
{
    Norm *a = args;
    bool add = false;
    size_t width = a->call.width;
    float *dx = op_dx(t, a->x, &add), *spare = dx ? NULL : op_take(t, tensor_count(a->x));
    RowsNormBack back = { .dy = rows_f32(op_dy(t, a->y), width),
                          .dx = rows_f32(dx ? dx : spare, width),
                          .table_rows = a->scale ? tensor_row_count(a->scale) : 1 };
    back.dx.add = add;
    back.dscale = a->scale ? op_dx_added(t, a->scale) : op_dparam(a->weight);
    back.dshift = a->shift ? op_dx_added(t, a->shift) : op_dparam(a->bias);
    rows_norm_back(tape_compute(t), &a->call, &back, tape_arena(t));
    if (spare) op_drop(t, spare);
}

const OpDef op_def_norm = { "norm", norm_forward, norm_backward };

/* Completes `a`, whose call says what kind of norm it is, and runs it. */
static Tensor *run(Tape *t, Norm *a, Tensor *x, bool full)
{
    RowsNorm *n = &a->call;
    size_t rows = tensor_row_count(x), width = tensor_width(x);
    a->x = x;
    a->y = op_result(t, rows, width, full);
    n->rows = rows;
    n->width = width;
    if (!n->group) n->group = width;
    n->x = rows_of(x);
    n->y = rows_of(a->y);
    if (tape_grad(t)) {
        size_t statistics = rows * (width / n->group);
        n->rstd = arena_alloc(tape_arena(t), statistics * sizeof(float));
        if (!n->rms) n->mean = arena_alloc(tape_arena(t), statistics * sizeof(float));
    }
    return op_run(t, &op_def_norm, a);
}

Tensor *op_modulated_norm(Tape *t, Tensor *x, Tensor *shift, Tensor *scale, const uint32_t *row,
                          float eps)
{
    Norm *a = arena_zero(tape_arena(t), sizeof *a);
    a->shift = shift;
    a->scale = scale;
    a->call = (RowsNorm){ .eps = eps,
                          .scale = scale ? scale->data : NULL,
                          .shift = shift ? shift->data : NULL,
                          .table_stride = tensor_width(x),
                          .scale_base = 1,
                          .row = row };
    return run(t, a, x, false);
}

Tensor *op_layer_norm(Tape *t, Tensor *x, const Param *weight, const Param *bias, float eps,
                      bool full)
{
    Norm *a = arena_zero(tape_arena(t), sizeof *a);
    a->weight = weight;
    a->bias = bias;
    a->call = (RowsNorm){ .eps = eps,
                          .scale = op_values(t, weight),
                          .shift = op_values(t, bias),
                          .table_stride = tensor_width(x) };
    return run(t, a, x, full);
}

static Norm *rms(Tape *t, const Param *weight, size_t width, size_t group, float eps)
{
    Norm *a = arena_zero(tape_arena(t), sizeof *a);
    a->weight = weight;
    a->call = (RowsNorm){ .rms = true,
                          .group = group,
                          .eps = eps,
                          .scale = op_values(t, weight),
                          .table_stride = width };
    if (weight) {
        size_t n = tensor_count(weight->value);
        assert(n == width || n == group);
        a->call.scale_width = n;
    }
    return a;
}

Tensor *op_rms_norm(Tape *t, Tensor *x, const Param *weight, size_t group, float eps, bool full)
{
    return run(t, rms(t, weight, tensor_width(x), group, eps), x, full);
}

Tensor *op_qk_norm_rope(Tape *t, Tensor *x, const Param *weight, size_t group, float eps,
                        size_t head_dim, const float *cos, const float *sin)
{
    Norm *a = rms(t, weight, tensor_width(x), group, eps);
    a->call.cos = cos;
    a->call.sin = sin;
    a->call.head_dim = cos ? head_dim : 0;
    return run(t, a, x, false);
}
