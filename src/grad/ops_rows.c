/* Operations on rows without a matrix product. */
#include <assert.h>

#include "grad/op.h"
#include "grad/ops.h"
#include "tensor/convert.h"

/* A gradient buffer as an output. */
static Rows out_rows(float *dx, size_t stride, bool add)
{
    Rows r = rows_f32(dx, stride);
    r.add = add;
    return r;
}

static void scaled(Tape *t, Rows y, Rows a, size_t rows, size_t width, float factor)
{
    rows_map(
        tape_compute(t),
        &(RowsMap){
            .op = ROWS_SCALE, .rows = rows, .width = width, .y = y, .a = a, .factor = factor });
}

/* ---- y = a + b ------------------------------------------------------------------------- */

typedef struct Add {
    Tensor *y, *a, *b;
} Add;

static void add_forward(Tape *t, void *args)
{
    Add *a = args;
    rows_map(tape_compute(t), &(RowsMap){ .op = ROWS_ADD,
                                          .rows = tensor_row_count(a->y),
                                          .width = tensor_width(a->y),
                                          .y = rows_of(a->y),
                                          .a = rows_of(a->a),
                                          .b = rows_of(a->b) });
}

static void add_to(Tape *t, const Tensor *x, const Tensor *y)
{
    bool add;
    float *dx = op_dx(t, x, &add);
    size_t width = tensor_width(y);
    if (dx)
        scaled(t, out_rows(dx, width, add), rows_f32(op_dy(t, y), width), tensor_row_count(y),
               width, 1);
}

static void add_backward(Tape *t, void *args)
{
    Add *a = args;
    add_to(t, a->a, a->y);
    op_pass_on(t, a->b, a->y);
}

const OpDef op_def_add = { "add", add_forward, add_backward };

Tensor *op_add(Tape *t, Tensor *a, Tensor *b)
{
    assert(tensor_count(a) == tensor_count(b));
    Add *args = arena_zero(tape_arena(t), sizeof *args);
    *args = (Add){ op_result(t, tensor_row_count(a), tensor_width(a), true), a, b };
    return op_run(t, &op_def_add, args);
}

/* ---- y = factor * x -------------------------------------------------------------------- */

typedef struct Scale {
    Tensor *y, *x;
    float factor;
} Scale;

static void scale_forward(Tape *t, void *args)
{
    Scale *a = args;
    scaled(t, rows_of(a->y), rows_of(a->x), tensor_row_count(a->x), tensor_width(a->x), a->factor);
}

static void scale_backward(Tape *t, void *args)
{
    Scale *a = args;
    bool add;
    float *dx = op_dx(t, a->x, &add);
    size_t width = tensor_width(a->x);
    if (dx)
        scaled(t, out_rows(dx, width, add), rows_f32(op_dy(t, a->y), width), tensor_row_count(a->x),
               width, a->factor);
}

const OpDef op_def_scale = { "scale", scale_forward, scale_backward };

Tensor *op_scale(Tape *t, Tensor *x, float factor)
{
    Scale *a = arena_zero(tape_arena(t), sizeof *a);
    *a = (Scale){ op_result(t, tensor_row_count(x), tensor_width(x), x->type == TYPE_F32), x,
                  factor };
    return op_run(t, &op_def_scale, a);
}

/* ---- y = act(x) ------------------------------------------------------------------------ */

typedef struct Activation {
    Tensor *y, *x;
    RowsOp forward, backward;
} Activation;

static void activation_forward(Tape *t, void *args)
{
    Activation *a = args;
    rows_map(tape_compute(t), &(RowsMap){ .op = a->forward,
                                          .rows = tensor_row_count(a->x),
                                          .width = tensor_width(a->x),
                                          .y = rows_of(a->y),
                                          .a = rows_of(a->x) });
}

static void activation_backward(Tape *t, void *args)
{
    Activation *a = args;
    bool add;
    float *dx = op_dx(t, a->x, &add);
    size_t width = tensor_width(a->x);
    if (dx)
        rows_map(tape_compute(t), &(RowsMap){ .op = a->backward,
                                              .rows = tensor_row_count(a->x),
                                              .width = width,
                                              .y = out_rows(dx, width, add),
                                              .a = rows_of(a->x),
                                              .b = rows_f32(op_dy(t, a->y), width) });
}

const OpDef op_def_activation = { "activation", activation_forward, activation_backward };

static Tensor *activation(Tape *t, Tensor *x, RowsOp forward, RowsOp backward)
{
    Activation *a = arena_zero(tape_arena(t), sizeof *a);
    *a = (Activation){ op_result(t, tensor_row_count(x), tensor_width(x), x->type == TYPE_F32), x,
                       forward, backward };
    return op_run(t, &op_def_activation, a);
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
    Tensor *y, *x;
    size_t first;
} Columns;

static void columns_forward(Tape *t, void *args)
{
    Columns *a = args;
    scaled(t, rows_of(a->y), rows_columns(rows_of(a->x), a->first), tensor_row_count(a->y),
           tensor_width(a->y), 1);
}

static void columns_backward(Tape *t, void *args)
{
    Columns *a = args;
    float *dx = op_dx_added(t, a->x);
    size_t width = tensor_width(a->y);
    if (dx)
        scaled(t, out_rows(dx + a->first, tensor_width(a->x), true),
               rows_f32(op_dy(t, a->y), width), tensor_row_count(a->y), width, 1);
}

const OpDef op_def_columns = { "columns", columns_forward, columns_backward };

Tensor *op_columns(Tape *t, Tensor *x, size_t first, size_t count)
{
    assert(first + count <= tensor_width(x));
    Columns *a = arena_zero(tape_arena(t), sizeof *a);
    *a = (Columns){ op_result(t, tensor_row_count(x), count, x->type == TYPE_F32), x, first };
    return op_run(t, &op_def_columns, a);
}

/* ---- y[i] = x[row[i]] ------------------------------------------------------------------ */

typedef struct Gather {
    Tensor *y, *x;
    const uint32_t *row;
} Gather;

static void gather_forward(Tape *t, void *args)
{
    Gather *a = args;
    rows_gather(tape_compute(t), rows_of(a->y), rows_of(a->x), a->row, tensor_row_count(a->y),
                tensor_width(a->y));
}

/* Rows of x may be read many times; their sums are taken in order. */
static void gather_backward(Tape *t, void *args)
{
    Gather *a = args;
    float *dx = op_dx_added(t, a->x);
    size_t width = tensor_width(a->y);
    if (dx)
        rows_sums(tape_compute(t),
                  &(RowsSums){ .rows = tensor_row_count(a->y),
                               .width = width,
                               .x = rows_f32(op_dy(t, a->y), width),
                               .row = a->row,
                               .sums = dx,
                               .sum_rows = tensor_row_count(a->x),
                               .sums_stride = width },
                  tape_arena(t));
}

const OpDef op_def_gather = { "gather", gather_forward, gather_backward };

Tensor *op_gather(Tape *t, Tensor *x, const uint32_t *row, size_t rows)
{
    Gather *a = arena_zero(tape_arena(t), sizeof *a);
    *a = (Gather){ op_result(t, rows, tensor_width(x), x->type == TYPE_F32), x, row };
    return op_run(t, &op_def_gather, a);
}

/* ---- y = base; y[row[i]] = x[i] -------------------------------------------------------- */

typedef struct Scatter {
    Tensor *y, *base, *x;
    const uint32_t *row;
} Scatter;

static void scatter_forward(Tape *t, void *args)
{
    Scatter *a = args;
    size_t width = tensor_width(a->y);
    scaled(t, rows_of(a->y), rows_of(a->base), tensor_row_count(a->y), width, 1);
    rows_scatter(tape_compute(t), rows_of(a->y), rows_of(a->x), a->row, tensor_row_count(a->x),
                 width);
}

/* x takes its rows out of dy; what is left, with zeros there, is the base's. */
static void scatter_backward(Tape *t, void *args)
{
    Scatter *a = args;
    const Compute *c = tape_compute(t);
    size_t width = tensor_width(a->y), rows = tensor_row_count(a->x);
    float *dy = (float *)op_dy(t, a->y);
    bool add;
    float *dx = op_dx(t, a->x, &add);
    if (dx) rows_gather(c, out_rows(dx, width, add), rows_f32(dy, width), a->row, rows, width);
    float *zeros = arena_zero(tape_arena(t), width * sizeof(float));
    rows_scatter(c, out_rows(dy, width, false), rows_f32(zeros, 0), a->row, rows, width);
    op_pass_on(t, a->base, a->y);
}

const OpDef op_def_scatter = { "scatter", scatter_forward, scatter_backward };

Tensor *op_scatter(Tape *t, Tensor *base, Tensor *x, const uint32_t *row)
{
    Scatter *a = arena_zero(tape_arena(t), sizeof *a);
    *a = (Scatter){ op_result(t, tensor_row_count(base), tensor_width(base), true), base, x, row };
    return op_run(t, &op_def_scatter, a);
}

/* ---- rows of a parameter --------------------------------------------------------------- */

typedef struct Embedding {
    Tensor *y;
    const Param *table;
    const uint32_t *id;
} Embedding;

static void embedding_forward(Tape *t, void *args)
{
    Embedding *a = args;
    size_t width = tensor_width(a->y), block = type_block(a->table->value->type);
    size_t bytes = width / block * type_block_bytes(a->table->value->type);
    for (size_t i = 0; i < tensor_row_count(a->y); i++)
        convert_row((float *)a->y->data + i * width, TYPE_F32,
                    (const char *)a->table->value->data + a->id[i] * bytes, a->table->value->type,
                    width);
    (void)t;
}

static void embedding_backward(Tape *t, void *args)
{
    Embedding *a = args;
    size_t width = tensor_width(a->y);
    if (op_dparam(a->table))
        rows_sums(tape_compute(t),
                  &(RowsSums){ .rows = tensor_row_count(a->y),
                               .width = width,
                               .x = rows_f32(op_dy(t, a->y), width),
                               .row = a->id,
                               .sums = op_dparam(a->table),
                               .sum_rows = tensor_row_count(a->table->value),
                               .sums_stride = width },
                  tape_arena(t));
}

const OpDef op_def_embedding = { "embedding", embedding_forward, embedding_backward };

Tensor *op_embedding(Tape *t, const Param *table, const uint32_t *id, size_t count)
{
    Embedding *a = arena_zero(tape_arena(t), sizeof *a);
    *a = (Embedding){ op_result(t, count, tensor_width(table->value), true), table, id };
    return op_run(t, &op_def_embedding, a);
}

/* ---- y[R,T] = x[R,W], tiled, + table[T] ------------------------------------------------ */

typedef struct AddTable {
    Tensor *y, *x;
    const Param *table;
    const float *values;
} AddTable;

static void add_table_forward(Tape *t, void *args)
{
    AddTable *a = args;
    size_t rows = tensor_row_count(a->y), width = tensor_width(a->x);
    for (size_t first = 0; first < tensor_width(a->y); first += width)
        rows_map(tape_compute(t), &(RowsMap){ .op = ROWS_ADD,
                                              .rows = rows,
                                              .width = width,
                                              .y = rows_columns(rows_of(a->y), first),
                                              .a = rows_of(a->x),
                                              .b = rows_f32(a->values + first, 0) });
}

static void add_table_backward(Tape *t, void *args)
{
    AddTable *a = args;
    size_t rows = tensor_row_count(a->y), width = tensor_width(a->x), all = tensor_width(a->y);
    const float *dy = op_dy(t, a->y);
    if (op_dparam(a->table))
        rows_sums(tape_compute(t),
                  &(RowsSums){ .rows = rows,
                               .width = all,
                               .x = rows_f32(dy, all),
                               .sums = op_dparam(a->table),
                               .sum_rows = 1,
                               .sums_stride = all },
                  tape_arena(t));
    bool add;
    float *dx = op_dx(t, a->x, &add);
    for (size_t first = 0; first < all && dx; first += width, add = true)
        scaled(t, out_rows(dx, width, add), rows_f32(dy + first, all), rows, width, 1);
}

const OpDef op_def_add_table = { "add_table", add_table_forward, add_table_backward };

Tensor *op_add_table(Tape *t, Tensor *x, const Param *table)
{
    AddTable *a = arena_zero(tape_arena(t), sizeof *a);
    size_t all = tensor_count(table->value);
    assert(all % tensor_width(x) == 0);
    *a = (AddTable){ op_result(t, tensor_row_count(x), all, true), x, table, op_values(t, table) };
    return op_run(t, &op_def_add_table, a);
}

/* ---- the loss -------------------------------------------------------------------------- */

typedef struct Mse {
    Tensor *y, *x;
    RowsMse call;
} Mse;

static void mse_forward(Tape *t, void *args)
{
    Mse *a = args;
    *(float *)a->y->data = rows_mse(tape_compute(t), &a->call, tape_arena(t));
}

static void mse_backward(Tape *t, void *args)
{
    Mse *a = args;
    bool add;
    float *dx = op_dx(t, a->x, &add);
    if (dx)
        rows_mse_back(tape_compute(t), &a->call, *op_dy(t, a->y), out_rows(dx, a->call.width, add));
}

const OpDef op_def_mse = { "mse", mse_forward, mse_backward };

Tensor *op_mse(Tape *t, Tensor *x, const float *target, const float *weight)
{
    Mse *a = arena_zero(tape_arena(t), sizeof *a);
    size_t width = tensor_width(x);
    a->x = x;
    a->y = op_result(t, 1, 1, true);
    a->call = (RowsMse){ .rows = tensor_row_count(x),
                         .width = width,
                         .x = rows_of(x),
                         .target = rows_f32(target, width),
                         .weight = weight };
    return op_run(t, &op_def_mse, a);
}
