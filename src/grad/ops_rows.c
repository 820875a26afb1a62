/* Operations on rows without a matrix product. */
#include <assert.h>

#include "grad/op.h"
#include "grad/ops.h"
#include "tensor/convert.h"

static void scaled(Tape *t, const Tensor *shape, Rows y, Rows x, float factor)
{
    rows_map(tape_compute(t), &(RowsMap){ .op = ROWS_SCALE,
                                          .rows = tensor_row_count(shape),
                                          .width = tensor_width(shape),
                                          .y = y,
                                          .a = x,
                                          .factor = factor });
}

static Rows adding_rows(float *sum, size_t stride)
{
    Rows r = rows_f32(sum, stride);
    r.add = true;
    return r;
}

static Tensor *run_like(Tape *t, Op *op, const Tensor *x, Type type)
{
    return op_run(t, op, type, tensor_row_count(x), tensor_width(x));
}

/* ---- y = a + b ------------------------------------------------------------------------- */

static void add_forward(Tape *t, Op *op)
{
    rows_map(tape_compute(t), &(RowsMap){ .op = ROWS_ADD,
                                          .rows = tensor_row_count(op->y),
                                          .width = tensor_width(op->y),
                                          .y = rows_of(op->y),
                                          .a = rows_of(op->in[0]),
                                          .b = rows_of(op->in[1]) });
}

static void add_backward(Tape *t, Op *op)
{
    if (op_wants(op->in[0])) scaled(t, op->y, op_dx(t, op->in[0]), op_dy(op), 1);
    op_pass(t, op, op->in[1]);
}

const OpDef op_def_add = { "add", add_forward, add_backward };

Tensor *op_add(Tape *t, Tensor *a, Tensor *b)
{
    assert(tensor_count(a) == tensor_count(b) && tensor_width(a) == tensor_width(b));
    Op *op = op_new(t, &op_def_add, sizeof *op);
    op->in[0] = a;
    op->in[1] = b;
    return run_like(t, op, a, TYPE_F32);
}

/* ---- y = factor * x -------------------------------------------------------------------- */

typedef struct Scale {
    Op op;
    float factor;
} Scale;

static void scale_forward(Tape *t, Op *op)
{
    scaled(t, op->y, rows_of(op->y), rows_of(op->in[0]), ((Scale *)op)->factor);
}

static void scale_backward(Tape *t, Op *op)
{
    scaled(t, op->y, op_dx(t, op->in[0]), op_dy(op), ((Scale *)op)->factor);
}

const OpDef op_def_scale = { "scale", scale_forward, scale_backward };

Tensor *op_scale(Tape *t, Tensor *x, float factor)
{
    Scale *a = op_new(t, &op_def_scale, sizeof *a);
    a->op.in[0] = x;
    a->factor = factor;
    return run_like(t, &a->op, x, x->type);
}

/* ---- the same numbers in rows of another width ----------------------------------------- */

static void reshape_forward(Tape *t, Op *op)
{
    (void)t;
    op->y->data = op->in[0]->data;
}

static void reshape_backward(Tape *t, Op *op)
{
    size_t count = tensor_count(op->y);
    Rows dx = op_dx(t, op->in[0]), dy = op_dy(op);
    dx.stride = dy.stride = count;
    rows_map(
        tape_compute(t),
        &(RowsMap){ .op = ROWS_SCALE, .rows = 1, .width = count, .y = dx, .a = dy, .factor = 1 });
}

const OpDef op_def_reshape = { "reshape", reshape_forward, reshape_backward };

Tensor *op_reshape(Tape *t, Tensor *x, size_t rows, size_t columns)
{
    assert(rows * columns == tensor_count(x));
    Op *op = op_new(t, &op_def_reshape, sizeof *op);
    op->in[0] = x;
    return op_run(t, op, x->type, rows, columns);
}

/* ---- y = act(x) ------------------------------------------------------------------------ */

typedef struct Activation {
    Op op;
    RowsOp forward, backward;
} Activation;

static void activation_forward(Tape *t, Op *op)
{
    rows_map(tape_compute(t), &(RowsMap){ .op = ((Activation *)op)->forward,
                                          .rows = tensor_row_count(op->y),
                                          .width = tensor_width(op->y),
                                          .y = rows_of(op->y),
                                          .a = rows_of(op->in[0]) });
}

static void activation_backward(Tape *t, Op *op)
{
    rows_map(tape_compute(t), &(RowsMap){ .op = ((Activation *)op)->backward,
                                          .rows = tensor_row_count(op->y),
                                          .width = tensor_width(op->y),
                                          .y = op_dx(t, op->in[0]),
                                          .a = rows_of(op->in[0]),
                                          .b = op_dy(op) });
}

const OpDef op_def_activation = { "activation", activation_forward, activation_backward };

static Tensor *activation(Tape *t, Tensor *x, RowsOp forward, RowsOp backward)
{
    Activation *a = op_new(t, &op_def_activation, sizeof *a);
    a->op.in[0] = x;
    a->forward = forward;
    a->backward = backward;
    return run_like(t, &a->op, x, x->type);
}

Tensor *op_silu(Tape *t, Tensor *x)
{
    return activation(t, x, ROWS_SILU, ROWS_SILU_BACK);
}

Tensor *op_gelu(Tape *t, Tensor *x, bool tanh_form)
{
    if (tanh_form) return activation(t, x, ROWS_GELU_TANH, ROWS_GELU_TANH_BACK);
    return activation(t, x, ROWS_GELU_ERF, ROWS_GELU_ERF_BACK);
}

/* ---- y = x[:, first : first + count] --------------------------------------------------- */

typedef struct Columns {
    Op op;
    size_t first;
} Columns;

static void columns_forward(Tape *t, Op *op)
{
    scaled(t, op->y, rows_of(op->y), rows_columns(rows_of(op->in[0]), ((Columns *)op)->first), 1);
}

static void columns_backward(Tape *t, Op *op)
{
    float *sum = op_dx_sum(t, op->in[0]);
    scaled(t, op->y, adding_rows(sum + ((Columns *)op)->first, tensor_width(op->in[0])), op_dy(op),
           1);
}

const OpDef op_def_columns = { "columns", columns_forward, columns_backward };

Tensor *op_columns(Tape *t, Tensor *x, size_t first, size_t count)
{
    assert(first + count <= tensor_width(x));
    Columns *a = op_new(t, &op_def_columns, sizeof *a);
    a->op.in[0] = x;
    a->first = first;
    return op_run(t, &a->op, x->type, tensor_row_count(x), count);
}

/* ---- y[i] = x[row[i]] ------------------------------------------------------------------ */

typedef struct Gather {
    Op op;
    const uint32_t *row;
} Gather;

static void gather_forward(Tape *t, Op *op)
{
    rows_gather(tape_compute(t), rows_of(op->y), rows_of(op->in[0]), ((Gather *)op)->row,
                tensor_row_count(op->y), tensor_width(op->y));
}

/* sums[row[i]] += dy[i], in the order of i: a row may be read many times. */
static void sum_rows(Tape *t, Op *op, const uint32_t *row, float *sums, size_t count)
{
    rows_sums(tape_compute(t),
              &(RowsSums){ .rows = tensor_row_count(op->y),
                           .width = tensor_width(op->y),
                           .x = op_dy(op),
                           .row = row,
                           .sums = sums,
                           .sum_rows = count,
                           .sums_stride = tensor_width(op->y) },
              tape_arena(t));
}

static void gather_backward(Tape *t, Op *op)
{
    sum_rows(t, op, ((Gather *)op)->row, op_dx_sum(t, op->in[0]), tensor_row_count(op->in[0]));
}

const OpDef op_def_gather = { "gather", gather_forward, gather_backward };

Tensor *op_gather(Tape *t, Tensor *x, const uint32_t *row, size_t rows)
{
    Gather *a = op_new(t, &op_def_gather, sizeof *a);
    a->op.in[0] = x;
    a->row = row;
    return op_run(t, &a->op, x->type, rows, tensor_width(x));
}

/* ---- y = base; y[row[i]] = x[i] -------------------------------------------------------- */

typedef struct Scatter {
    Op op; /* in: base, x */
    const uint32_t *row;
} Scatter;

static void scatter_forward(Tape *t, Op *op)
{
    const Tensor *x = op->in[1];
    scaled(t, op->y, rows_of(op->y), rows_of(op->in[0]), 1);
    rows_scatter(tape_compute(t), rows_of(op->y), rows_of(x), ((Scatter *)op)->row,
                 tensor_row_count(x), tensor_width(x));
}

/* x takes its rows out of dy; what is left, with zeros there, is the base's. */
static void scatter_backward(Tape *t, Op *op)
{
    const Compute *c = tape_compute(t);
    const uint32_t *row = ((Scatter *)op)->row;
    size_t width = tensor_width(op->y), rows = tensor_row_count(op->in[1]);
    Rows dy = op_dy(op);
    if (op_wants(op->in[1])) rows_gather(c, op_dx(t, op->in[1]), dy, row, rows, width);
    OpBuffer *buffer = op_take(t, width * sizeof(float));
    float *zeros = buffer->data;
    for (size_t j = 0; j < width; j++) zeros[j] = 0;
    rows_scatter(c, dy, rows_f32(zeros, 0), row, rows, width);
    op_give(t, buffer);
    op_pass(t, op, op->in[0]);
}

const OpDef op_def_scatter = { "scatter", scatter_forward, scatter_backward };

Tensor *op_scatter(Tape *t, Tensor *base, Tensor *x, const uint32_t *row)
{
    assert(tensor_width(base) == tensor_width(x));
    Scatter *a = op_new(t, &op_def_scatter, sizeof *a);
    a->op.in[0] = base;
    a->op.in[1] = x;
    a->row = row;
    return run_like(t, &a->op, base, TYPE_F32);
}

/* ---- rows of a parameter --------------------------------------------------------------- */

typedef struct Embedding {
    Op op; /* param: table */
    const uint32_t *id;
} Embedding;

static void embedding_forward(Tape *t, Op *op)
{
    const Tensor *table = op->param[0]->value;
    const uint32_t *id = ((Embedding *)op)->id;
    size_t width = tensor_width(op->y);
    size_t bytes = width / type_block(table->type) * type_block_bytes(table->type);
    (void)t;
    for (size_t i = 0; i < tensor_row_count(op->y); i++)
        convert_row((float *)op->y->data + i * width, TYPE_F32,
                    (const char *)table->data + id[i] * bytes, table->type, width);
}

static void embedding_backward(Tape *t, Op *op)
{
    const Param *table = op->param[0];
    sum_rows(t, op, ((Embedding *)op)->id, op_dparam(table), tensor_row_count(table->value));
}

const OpDef op_def_embedding = { "embedding", embedding_forward, embedding_backward };

Tensor *op_embedding(Tape *t, const Param *table, const uint32_t *id, size_t count)
{
    Embedding *a = op_new(t, &op_def_embedding, sizeof *a);
    a->op.param[0] = table;
    a->id = id;
    return op_run(t, &a->op, TYPE_F32, count, tensor_width(table->value));
}

/* ---- y[R,T] = x[R,W], tiled, + table[T] ------------------------------------------------ */

static void add_table_forward(Tape *t, Op *op)
{
    const float *table = op_values(t, op->param[0]);
    const Tensor *x = op->in[0];
    for (size_t first = 0; first < tensor_width(op->y); first += tensor_width(x))
        rows_map(tape_compute(t), &(RowsMap){ .op = ROWS_ADD,
                                              .rows = tensor_row_count(x),
                                              .width = tensor_width(x),
                                              .y = rows_columns(rows_of(op->y), first),
                                              .a = rows_of(x),
                                              .b = rows_f32(table + first, 0) });
}

static void add_table_backward(Tape *t, Op *op)
{
    const Tensor *x = op->in[0];
    if (op_dparam(op->param[0])) sum_rows(t, op, NULL, op_dparam(op->param[0]), 1);
    if (!op_wants(x)) return;
    Rows dx = op_dx(t, x);
    for (size_t first = 0; first < tensor_width(op->y); first += tensor_width(x)) {
        scaled(t, x, dx, rows_columns(op_dy(op), first), 1);
        dx.add = true;
    }
}

const OpDef op_def_add_table = { "add_table", add_table_forward, add_table_backward };

Tensor *op_add_table(Tape *t, Tensor *x, const Param *table)
{
    size_t all = tensor_count(table->value);
    assert(all % tensor_width(x) == 0);
    Op *op = op_new(t, &op_def_add_table, sizeof *op);
    op->in[0] = x;
    op->param[0] = table;
    return op_run(t, op, TYPE_F32, tensor_row_count(x), all);
}
