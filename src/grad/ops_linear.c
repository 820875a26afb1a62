/* Operations around a matrix product. */
#include "grad/op.h"
#include "grad/ops.h"

/* Rows of W, its outputs. Convolution-like weights [O, ...] count as [O, I]. */
static size_t outputs(const Param *w)
{
    return w->value->shape[0];
}

static size_t inputs(const Param *w)
{
    return tensor_count(w->value) / outputs(w);
}

static GemmMatrix matrix(Rows x, bool transposed)
{
    return (GemmMatrix){ x.data, x.type, x.stride, transposed };
}

static GemmMatrix weight(const Tape *t, const Param *w, bool transposed)
{
    const Tensor *m = op_weight(t, w);
    return (GemmMatrix){ m->data, m->type, inputs(w), transposed, m->scale };
}

/* The product y = x W^T + bias of an operation, the rest of the epilogue left to the caller. */
static GemmCall product(Tape *t, const Op *op, const Tensor *y)
{
    const Tensor *x = op->in[0];
    return (GemmCall){ .m = tensor_row_count(x),
                       .n = outputs(op->param[0]),
                       .k = inputs(op->param[0]),
                       .a = matrix(rows_of(x), false),
                       .b = weight(t, op->param[0], true),
                       .c = y->data,
                       .c_type = y->type,
                       .c_stride = tensor_width(y),
                       .precision = tape_precision(t),
                       .bias = op_values(t, op->param[1]) };
}

static void input_back(Tape *t, const Op *op, Rows ds)
{
    Rows dx = op_dx(t, op->in[0]);
    gemm(tape_compute(t), &(GemmCall){ .m = tensor_row_count(op->in[0]),
                                       .n = inputs(op->param[0]),
                                       .k = outputs(op->param[0]),
                                       .a = matrix(ds, false),
                                       .b = weight(t, op->param[0], false),
                                       .c = dx.data,
                                       .c_type = dx.type,
                                       .c_stride = dx.stride,
                                       .precision = tape_precision(t),
                                       .accumulate = dx.add });
}

static void weight_back(Tape *t, const Op *op, Rows ds)
{
    gemm(tape_compute(t), &(GemmCall){ .m = outputs(op->param[0]),
                                       .n = inputs(op->param[0]),
                                       .k = tensor_row_count(op->in[0]),
                                       .a = matrix(ds, true),
                                       .b = matrix(rows_of(op->in[0]), false),
                                       .c = op_dparam(op->param[0]),
                                       .c_stride = inputs(op->param[0]),
                                       .precision = tape_precision(t),
                                       .accumulate = true });
}

/* As the products read it, rounded once for all of their tasks. */
static Rows operand(Tape *t, const Op *op, Rows ds, OpBuffer **buffer)
{
    Type hidden = op_hidden(t);
    size_t n = tensor_row_count(op->in[0]), o = outputs(op->param[0]);
    if (ds.type == hidden) return ds;
    *buffer = op_take(t, n * o * type_block_bytes(hidden));
    Rows y = { .data = (*buffer)->data, .type = hidden, .stride = o };
    rows_map(tape_compute(t),
             &(RowsMap){ .op = ROWS_SCALE, .rows = n, .width = o, .y = y, .a = ds, .factor = 1 });
    return y;
}

/* From ds [N,O], the gradient before the activation: those of x, W and the bias. */
static void product_back(Tape *t, const Op *op, Rows ds)
{
    OpBuffer *buffer = NULL;
    Rows read = operand(t, op, ds, &buffer);
    if (op_wants(op->in[0])) input_back(t, op, read);
    if (op_dparam(op->param[0])) weight_back(t, op, read);
    if (buffer) op_give(t, buffer);
    if (op_dparam(op->param[1]))
        rows_sums(tape_compute(t),
                  &(RowsSums){ .rows = tensor_row_count(op->in[0]),
                               .width = outputs(op->param[0]),
                               .x = ds,
                               .sums = op_dparam(op->param[1]),
                               .sum_rows = 1,
                               .sums_stride = outputs(op->param[0]) },
                  tape_arena(t));
}

/* ---- y = act(x W^T + bias) ------------------------------------------------------------- */

typedef struct Linear {
    Op op; /* in: x; param: W, bias */
    GemmActivation act;
    Tensor *pre; /* before the activation */
} Linear;

static void linear_forward(Tape *t, Op *op)
{
    Linear *a = (Linear *)op;
    GemmCall g = product(t, op, op->y);
    g.act = a->act;
    if (op->keep && a->act != GEMM_NONE) {
        a->pre = tensor_new_2d(tape_arena(t), op->y->type, g.m, g.n);
        g.pre = a->pre->data;
    }
    gemm(tape_compute(t), &g);
}

static RowsOp activation_back(GemmActivation act)
{
    if (act == GEMM_SILU) return ROWS_SILU_BACK;
    return act == GEMM_GELU_TANH ? ROWS_GELU_TANH_BACK : ROWS_GELU_ERF_BACK;
}

static void linear_backward(Tape *t, Op *op)
{
    const Linear *a = (Linear *)op;
    if (a->act == GEMM_NONE) {
        product_back(t, op, op_dy(op));
        return;
    }
    size_t n = tensor_row_count(op->y), o = tensor_width(op->y);
    OpBuffer *buffer = op_take(t, n * o * type_block_bytes(op->y->type));
    Rows ds = { .data = buffer->data, .type = op->y->type, .stride = o };
    rows_map(tape_compute(t), &(RowsMap){ .op = activation_back(a->act),
                                          .rows = n,
                                          .width = o,
                                          .y = ds,
                                          .a = rows_of(a->pre),
                                          .b = op_dy(op) });
    product_back(t, op, ds);
    op_give(t, buffer);
}

const OpDef op_def_linear = { "linear", linear_forward, linear_backward };

Tensor *op_linear(Tape *t, Tensor *x, const Param *w, const Param *bias, GemmActivation act,
                  bool full)
{
    Linear *a = op_new(t, &op_def_linear, sizeof *a);
    a->op.in[0] = x;
    a->op.param[0] = w;
    a->op.param[1] = bias;
    a->act = act;
    return op_run(t, &a->op, full ? TYPE_F32 : op_hidden(t), tensor_row_count(x), outputs(w));
}

/* ---- y = residual + gate[row] * (x W^T + bias) ----------------------------------------- */

typedef struct LinearResidual {
    Op op; /* in: x, residual, gate; param: W, bias */
    const uint32_t *row;
    Tensor *s; /* x W^T + bias, for the gate's gradient */
} LinearResidual;

static void linear_residual_forward(Tape *t, Op *op)
{
    LinearResidual *a = (LinearResidual *)op;
    const Tensor *residual = op->in[1], *gate = op->in[2];
    GemmCall g = product(t, op, op->y);
    g.residual = residual->data;
    g.residual_stride = tensor_width(residual);
    if (gate) {
        g.gate = gate->data;
        g.gate_stride = tensor_width(gate);
        g.gate_row = a->row;
    }
    if (op->keep && op_wants(gate)) {
        a->s = tensor_new_2d(tape_arena(t), TYPE_F32, g.m, g.n);
        g.pre = a->s->data;
    }
    gemm(tape_compute(t), &g);
}

static void gated_back(Tape *t, const LinearResidual *a)
{
    const Op *op = &a->op;
    const Tensor *gate = op->in[2];
    size_t n = tensor_row_count(op->y), o = tensor_width(op->y);
    OpBuffer *buffer = op_take(t, n * o * type_block_bytes(op_hidden(t)));
    Rows ds = { .data = buffer->data, .type = op_hidden(t), .stride = o };
    RowsGate call = { .rows = n,
                      .width = o,
                      .gate = gate->data,
                      .gate_stride = o,
                      .gate_rows = tensor_row_count(gate),
                      .row = a->row };
    if (a->s) call.x = rows_of(a->s);
    rows_gate_back(tape_compute(t), &call, op_dy(op), ds, op_dx_sum(t, gate), tape_arena(t));
    product_back(t, op, ds);
    op_give(t, buffer);
}

static void linear_residual_backward(Tape *t, Op *op)
{
    if (op->in[2])
        gated_back(t, (LinearResidual *)op);
    else
        product_back(t, op, op_dy(op));
    op_pass(t, op, op->in[1]);
}

const OpDef op_def_linear_residual = { "linear_residual", linear_residual_forward,
                                       linear_residual_backward };

Tensor *op_linear_residual(Tape *t, Tensor *x, const Param *w, const Param *bias, Tensor *residual,
                           Tensor *gate, const uint32_t *row)
{
    LinearResidual *a = op_new(t, &op_def_linear_residual, sizeof *a);
    a->op.in[0] = x;
    a->op.in[1] = residual;
    a->op.in[2] = gate;
    a->op.param[0] = w;
    a->op.param[1] = bias;
    a->row = row;
    return op_run(t, &a->op, TYPE_F32, tensor_row_count(x), outputs(w));
}

/* ---- y = silu(x Wg^T) * (x Wu^T) -------------------------------------------------------- */

typedef struct Swiglu {
    Op op;       /* in: x; param: W */
    Tensor *pre; /* [N, 2H] */
} Swiglu;

static void swiglu_forward(Tape *t, Op *op)
{
    Swiglu *a = (Swiglu *)op;
    GemmCall g = product(t, op, op->y);
    g.act = GEMM_SWIGLU;
    if (op->keep) {
        a->pre = tensor_new_2d(tape_arena(t), op->y->type, g.m, g.n);
        g.pre = a->pre->data;
    }
    gemm(tape_compute(t), &g);
}

static void swiglu_backward(Tape *t, Op *op)
{
    const Swiglu *a = (Swiglu *)op;
    size_t n = tensor_row_count(op->y), h = tensor_width(op->y);
    OpBuffer *buffer = op_take(t, n * 2 * h * type_block_bytes(op->y->type));
    Rows ds = { .data = buffer->data, .type = op->y->type, .stride = 2 * h };
    rows_swiglu_back(tape_compute(t), &(RowsSwigluBack){ .rows = n,
                                                         .width = h,
                                                         .a = rows_of(a->pre),
                                                         .b = rows_columns(rows_of(a->pre), h),
                                                         .dy = op_dy(op),
                                                         .da = ds,
                                                         .db = rows_columns(ds, h) });
    product_back(t, op, ds);
    op_give(t, buffer);
}

const OpDef op_def_swiglu = { "swiglu", swiglu_forward, swiglu_backward };

Tensor *op_swiglu(Tape *t, Tensor *x, const Param *w)
{
    Swiglu *a = op_new(t, &op_def_swiglu, sizeof *a);
    a->op.in[0] = x;
    a->op.param[0] = w;
    return op_run(t, &a->op, op_hidden(t), tensor_row_count(x), outputs(w) / 2);
}
