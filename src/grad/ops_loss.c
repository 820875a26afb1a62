/* Losses: operations with a scalar result. */
#include <assert.h>
#include <math.h>

#include "grad/op.h"
#include "grad/ops.h"

static float dloss(const Op *op)
{
    return *(const float *)op_dy(op).data;
}

/* ---- mean squared error ---------------------------------------------------------------- */

typedef struct Mse {
    Op op;
    RowsMse call;
} Mse;

static void mse_forward(Tape *t, Op *op)
{
    *(float *)op->y->data = rows_mse(tape_compute(t), &((Mse *)op)->call, tape_arena(t));
}

static void mse_backward(Tape *t, Op *op)
{
    rows_mse_back(tape_compute(t), &((Mse *)op)->call, dloss(op), op_dx(t, op->in[0]));
}

const OpDef op_def_mse = { "mse", mse_forward, mse_backward };

Tensor *op_mse(Tape *t, Tensor *x, const float *target, const float *weight)
{
    Mse *a = op_new(t, &op_def_mse, sizeof *a);
    size_t width = tensor_width(x);
    a->op.in[0] = x;
    a->call = (RowsMse){ .rows = tensor_row_count(x),
                         .width = width,
                         .x = rows_of(x),
                         .target = rows_f32(target, width),
                         .weight = weight };
    return op_run(t, &a->op, TYPE_F32, 1, 1);
}

/* ---- absolute differences -------------------------------------------------------------- */

typedef struct Charbonnier {
    Op op;
    const float *target;
    float eps;
} Charbonnier;

static void charbonnier_forward(Tape *t, Op *op)
{
    (void)t;
    const Charbonnier *a = (const Charbonnier *)op;
    const float *x = op->in[0]->data;
    size_t n = tensor_row_count(op->in[0]) * tensor_width(op->in[0]);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        float d = x[i] - a->target[i];
        sum += sqrtf(d * d + a->eps * a->eps);
    }
    *(float *)op->y->data = (float)(sum / (double)n);
}

static void charbonnier_backward(Tape *t, Op *op)
{
    const Charbonnier *a = (const Charbonnier *)op;
    const float *x = op->in[0]->data;
    size_t width = tensor_width(op->in[0]), n = tensor_row_count(op->in[0]) * width;
    float *dx = arena_alloc(tape_arena(t), n * sizeof *dx);
    float factor = dloss(op) / (float)n;
    for (size_t i = 0; i < n; i++) {
        float d = x[i] - a->target[i];
        dx[i] = factor * d / sqrtf(d * d + a->eps * a->eps);
    }
    op_give_dx(t, op->in[0], rows_f32(dx, width));
}

const OpDef op_def_charbonnier = { "charbonnier", charbonnier_forward, charbonnier_backward };

Tensor *op_charbonnier(Tape *t, Tensor *x, const float *target, float eps)
{
    assert(x->type == TYPE_F32);
    Charbonnier *a = op_new(t, &op_def_charbonnier, sizeof *a);
    a->op.in[0] = x;
    a->target = target;
    a->eps = eps;
    return op_run(t, &a->op, TYPE_F32, 1, 1);
}

/* ---- cross-entropy --------------------------------------------------------------------- */

typedef struct CrossEntropy {
    Op op;
    const uint32_t *label;
    const float *weight;
    double weight_sum;
    Tensor *probability; /* [N,C] */
} CrossEntropy;

static void cross_entropy_forward(Tape *t, Op *op)
{
    CrossEntropy *a = (CrossEntropy *)op;
    const Tensor *x = op->in[0];
    size_t rows = tensor_row_count(x), width = tensor_width(x);
    double sum = 0;
    a->probability = tensor_new_2d(tape_arena(t), TYPE_F32, rows, width);
    rows_softmax(tape_compute(t), rows_of(a->probability), rows_of(x), rows, width);
    a->weight_sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double weight = a->weight ? a->weight[i] : 1;
        if (weight == 0) continue; /* a row that does not count may have no label */
        assert(a->label[i] < width);
        float p = ((const float *)a->probability->data)[i * width + a->label[i]];
        a->weight_sum += weight;
        sum -= weight * log(fmax(p, 1e-30));
    }
    *(float *)op->y->data = a->weight_sum != 0 ? (float)(sum / a->weight_sum) : 0;
}

static void cross_entropy_backward(Tape *t, Op *op)
{
    const CrossEntropy *a = (CrossEntropy *)op;
    size_t rows = tensor_row_count(op->in[0]), width = tensor_width(op->in[0]);
    float *dx = a->probability->data;
    for (size_t i = 0; i < rows; i++) {
        double weight = a->weight ? a->weight[i] : 1;
        float factor = weight != 0 ? (float)(dloss(op) * weight / a->weight_sum) : 0;
        if (weight != 0) dx[i * width + a->label[i]] -= 1;
        for (size_t j = 0; j < width; j++) dx[i * width + j] *= factor;
    }
    op_give_dx(t, op->in[0], rows_f32(dx, width));
}

const OpDef op_def_cross_entropy = { "cross_entropy", cross_entropy_forward,
                                     cross_entropy_backward };

Tensor *op_cross_entropy(Tape *t, Tensor *x, const uint32_t *label, const float *weight)
{
    CrossEntropy *a = op_new(t, &op_def_cross_entropy, sizeof *a);
    a->op.in[0] = x;
    a->label = label;
    a->weight = weight;
    return op_run(t, &a->op, TYPE_F32, 1, 1);
}
