/* Operations around a matrix product. */
#include "grad/op.h"
#include "grad/ops.h"

typedef struct Linear {
    Tensor *y, *x;
    const Param *w, *bias;
    GemmActivation act;
    Tensor *pre; /* before the activation, for backward */
} Linear;

static GemmMatrix matrix(const Tensor *x, bool transposed)
{
    return (GemmMatrix){ x->data, x->type, tensor_width(x), transposed };
}

static GemmMatrix matrix_f32(const float *data, size_t stride, bool transposed)
{
    return (GemmMatrix){ data, TYPE_F32, stride, transposed };
}

/* Rows of W, its outputs. Convolution-like weights [O, ...] count as [O, I]. */
static size_t outputs(const Param *w)
{
    return w->value->shape[0];
}

static size_t inputs(const Param *w)
{
    return tensor_count(w->value) / w->value->shape[0];
}

/* The forward product y = x W^T, its epilogue left to the caller. */
static GemmCall product(Tape *t, const Tensor *x, const Param *w, const Param *bias, Tensor *y)
{
    size_t o = outputs(w), i = inputs(w);
    return (GemmCall){ .m = tensor_row_count(x),
                       .n = o,
                       .k = i,
                       .a = { x->data, x->type, i, false },
                       .b = { w->operand->data, w->operand->type, i, true },
                       .c = y->data,
                       .c_type = y->type,
                       .c_stride = tensor_width(y),
                       .precision = tape_precision(t),
                       .bias = op_values(t, bias) };
}

/* From ds [N,O], the gradient before bias: those of x, W and the bias. */
static void product_back(Tape *t, const float *ds, const Tensor *x, const Param *w,
                         const Param *bias)
{
    const Compute *c = tape_compute(t);
    size_t n = tensor_row_count(x), o = outputs(w), i = inputs(w);
    float *dw = op_dparam(w), *db = op_dparam(bias);
    bool add;
    float *dx = op_dx(t, x, &add);
    if (dx)
        gemm(c, &(GemmCall){ .m = n,
                             .n = i,
                             .k = o,
                             .a = matrix_f32(ds, o, false),
                             .b = { w->operand->data, w->operand->type, i, false },
                             .c = dx,
                             .c_stride = i,
                             .precision = tape_precision(t),
                             .accumulate = add });
    if (dw)
        gemm(c, &(GemmCall){ .m = o,
                             .n = i,
                             .k = n,
                             .a = matrix_f32(ds, o, true),
                             .b = matrix(x, false),
                             .c = dw,
                             .c_stride = i,
                             .precision = tape_precision(t),
                             .accumulate = true });
    if (db)
        rows_sums(c,
                  &(RowsSums){ .rows = n,
                               .width = o,
                               .x = rows_f32(ds, o),
                               .sums = db,
                               .sum_rows = 1,
                               .sums_stride = o },
                  tape_arena(t));
}

/* ---- y = act(x W^T + bias) ------------------------------------------------------------- */

static void linear_forward(Tape *t, void *args)
{
    Linear *a = args;
    GemmCall g = product(t, a->x, a->w, a->bias, a->y);
    g.act = a->act;
    if (a->pre) g.pre = a->pre->data;
    gemm(tape_compute(t), &g);
}

static RowsOp activation_back(GemmActivation act)
{
    if (act == GEMM_SILU) return ROWS_SILU_BACK;
    return act == GEMM_GELU_TANH ? ROWS_GELU_TANH_BACK : ROWS_GELU_ERF_BACK;
}

static void linear_backward(Tape *t, void *args)
{
    Linear *a = args;
    size_t n = tensor_row_count(a->y), o = tensor_width(a->y);
    const float *dy = op_dy(t, a->y);
    if (a->act == GEMM_NONE) {
        product_back(t, dy, a->x, a->w, a->bias);
        return;
    }
    float *ds = op_take(t, n * o);
    rows_map(tape_compute(t), &(RowsMap){ .op = activation_back(a->act),
                                          .rows = n,
                                          .width = o,
                                          .y = rows_f32(ds, o),
                                          .a = rows_of(a->pre),
                                          .b = rows_f32(dy, o) });
    product_back(t, ds, a->x, a->w, a->bias);
    op_drop(t, ds);
}

const OpDef op_def_linear = { "linear", linear_forward, linear_backward };

Tensor *op_linear(Tape *t, Tensor *x, const Param *w, const Param *bias, GemmActivation act,
                  bool full)
{
    Linear *a = arena_zero(tape_arena(t), sizeof *a);
    *a = (Linear){ .x = x, .w = w, .bias = bias, .act = act };
    a->y = op_result(t, tensor_row_count(x), outputs(w), full);
    if (act != GEMM_NONE && tape_grad(t))
        a->pre = tensor_new_2d(tape_arena(t), a->y->type, tensor_row_count(x), outputs(w));
    return op_run(t, &op_def_linear, a);
}

/* ---- y = residual + gate[row] * (x W^T + bias) ----------------------------------------- */

typedef struct LinearResidual {
    Tensor *y, *x;
    const Param *w, *bias;
    Tensor *residual, *gate;
    const uint32_t *row;
    Tensor *s; /* x W^T + bias, for the gate's gradient */
} LinearResidual;

static void linear_residual_forward(Tape *t, void *args)
{
    LinearResidual *a = args;
    GemmCall g = product(t, a->x, a->w, a->bias, a->y);
    g.residual = a->residual->data;
    g.residual_stride = tensor_width(a->residual);
    if (a->s) g.pre = a->s->data;
    if (a->gate) {
        g.gate = a->gate->data;
        g.gate_stride = tensor_width(a->gate);
        g.gate_row = a->row;
    }
    gemm(tape_compute(t), &g);
}

static void linear_residual_backward(Tape *t, void *args)
{
    LinearResidual *a = args;
    size_t n = tensor_row_count(a->y), o = tensor_width(a->y);
    const float *dy = op_dy(t, a->y);
    if (!a->gate) {
        product_back(t, dy, a->x, a->w, a->bias);
        op_pass_on(t, a->residual, a->y);
        return;
    }
    float *ds = op_take(t, n * o);
    RowsGate gate = { .rows = n,
                      .width = o,
                      .gate = a->gate->data,
                      .gate_stride = o,
                      .gate_rows = tensor_row_count(a->gate),
                      .row = a->row };
    if (a->s) gate.x = rows_of(a->s);
    rows_gate_back(tape_compute(t), &gate, rows_f32(dy, o), rows_f32(ds, o),
                   op_dx_added(t, a->gate), tape_arena(t));
    product_back(t, ds, a->x, a->w, a->bias);
    op_drop(t, ds);
    op_pass_on(t, a->residual, a->y);
}

const OpDef op_def_linear_residual = { "linear_residual", linear_residual_forward,
                                       linear_residual_backward };

Tensor *op_linear_residual(Tape *t, Tensor *x, const Param *w, const Param *bias, Tensor *residual,
                           Tensor *gate, const uint32_t *row)
{
    LinearResidual *a = arena_zero(tape_arena(t), sizeof *a);
    *a = (LinearResidual){
        .x = x, .w = w, .bias = bias, .residual = residual, .gate = gate, .row = row
    };
    a->y = op_result(t, tensor_row_count(x), outputs(w), true);
    if (gate && gate->slot)
        a->s = tensor_new_2d(tape_arena(t), TYPE_F32, tensor_row_count(x), outputs(w));
    return op_run(t, &op_def_linear_residual, a);
}

/* ---- y = silu(x Wg^T) * (x Wu^T) -------------------------------------------------------- */

typedef struct Swiglu {
    Tensor *y, *x;
    const Param *w;
    Tensor *pre; /* [N, 2H] */
} Swiglu;

static void swiglu_forward(Tape *t, void *args)
{
    Swiglu *a = args;
    const Compute *c = tape_compute(t);
    size_t h = tensor_width(a->y);
    ArenaMark mark = arena_mark(tape_arena(t));
    Tensor *pre = a->pre;
    if (!pre) pre = tensor_new_2d(tape_arena(t), a->y->type, tensor_row_count(a->x), 2 * h);
    GemmCall g = product(t, a->x, a->w, NULL, pre);
    gemm(c, &g);
    rows_map(c, &(RowsMap){ .op = ROWS_SWIGLU,
                            .rows = tensor_row_count(a->y),
                            .width = h,
                            .y = rows_of(a->y),
                            .a = rows_of(pre),
                            .b = rows_columns(rows_of(pre), h) });
    arena_rewind(tape_arena(t), mark);
}

static void swiglu_backward(Tape *t, void *args)
{
    Swiglu *a = args;
    size_t n = tensor_row_count(a->y), h = tensor_width(a->y);
    float *ds = op_take(t, n * 2 * h);
    rows_swiglu_back(tape_compute(t), &(RowsSwigluBack){ .rows = n,
                                                         .width = h,
                                                         .a = rows_of(a->pre),
                                                         .b = rows_columns(rows_of(a->pre), h),
                                                         .dy = rows_f32(op_dy(t, a->y), h),
                                                         .da = rows_f32(ds, 2 * h),
                                                         .db = rows_f32(ds + h, 2 * h) });
    product_back(t, ds, a->x, a->w, NULL);
    op_drop(t, ds);
}

const OpDef op_def_swiglu = { "swiglu", swiglu_forward, swiglu_backward };

Tensor *op_swiglu(Tape *t, Tensor *x, const Param *w)
{
    Swiglu *a = arena_zero(tape_arena(t), sizeof *a);
    size_t h = outputs(w) / 2;
    *a = (Swiglu){ .x = x, .w = w };
    a->y = op_result(t, tensor_row_count(x), h, false);
    if (tape_grad(t)) a->pre = tensor_new_2d(tape_arena(t), a->y->type, tensor_row_count(x), 2 * h);
    return op_run(t, &op_def_swiglu, a);
}
