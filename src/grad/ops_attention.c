#include <assert.h>

#include "grad/op.h"
#include "grad/ops.h"
#include "tensor/attention.h"

typedef struct Attention {
    Op op; /* in: q, k, v */
    AttentionCall call;
} Attention;

static void forward(Tape *t, Op *op)
{
    Attention *a = (Attention *)op;
    a->call.out = op->y->data;
    if (op->keep)
        a->call.lse =
            arena_alloc(tape_arena(t), a->call.heads * tensor_row_count(op->y) * sizeof(float));
    attention_forward(tape_compute(t), &a->call);
}

/* Takes memory for a gradient that cannot be written in place. */
static Rows beside(Tape *t, const Tensor *x, Type type, OpBuffer **spare)
{
    *spare = op_take(t, tensor_count(x) * type_block_bytes(type));
    return (Rows){ .data = (*spare)->data, .type = type, .stride = tensor_width(x) };
}

/* The three gradients are written in one type and under one flag: those that are wanted in
 * another way are made beside and then added. */
static void backward(Tape *t, Op *op)
{
    Attention *a = (Attention *)op;
    Rows dy = op_dy(op), dx[OP_INPUTS], to[OP_INPUTS];
    OpBuffer *spare[OP_INPUTS] = { NULL };
    for (int i = 0; i < OP_INPUTS; i++) {
        bool wants = op_wants(op->in[i]);
        if (wants) to[i] = op_dx(t, op->in[i]);
        dx[i] = wants && to[i].type == dy.type && !to[i].add
                    ? to[i]
                    : beside(t, op->in[i], dy.type, &spare[i]);
    }
    attention_backward(tape_compute(t), &a->call,
                       &(AttentionGrad){ .dout = dy.data,
                                         .dq = dx[0].data,
                                         .dk = dx[1].data,
                                         .dv = dx[2].data,
                                         .type = dy.type,
                                         .scratch = tape_arena(t) });
    for (int i = 0; i < OP_INPUTS; i++) {
        if (!spare[i]) continue;
        if (op_wants(op->in[i]))
            rows_map(tape_compute(t), &(RowsMap){ .op = ROWS_SCALE,
                                                  .rows = tensor_row_count(op->in[i]),
                                                  .width = tensor_width(op->in[i]),
                                                  .y = to[i],
                                                  .a = dx[i],
                                                  .factor = 1 });
        op_give(t, spare[i]);
    }
}

const OpDef op_def_attention = { "attention", forward, backward };

Tensor *op_attention(Tape *t, Tensor *q, Tensor *k, Tensor *v, size_t heads, float scale,
                     size_t sequences, const size_t *q_start, const size_t *k_start)
{
    assert(q->type == k->type && q->type == v->type && tensor_width(q) % heads == 0);
    Attention *a = op_new(t, &op_def_attention, sizeof *a);
    size_t width = tensor_width(q);
    a->op.in[0] = q;
    a->op.in[1] = k;
    a->op.in[2] = v;
    a->call = (AttentionCall){ .heads = heads,
                               .head_dim = width / heads,
                               .scale = scale,
                               .sequences = sequences,
                               .q_start = q_start,
                               .k_start = k_start,
                               .type = q->type,
                               .q = q->data,
                               .k = k->data,
                               .v = v->data,
                               .q_stride = width,
                               .k_stride = width,
                               .v_stride = width,
                               .out_stride = width,
                               .exact = tape_precision(t) == GEMM_F32 };
    return op_run(t, &a->op, q->type, tensor_row_count(q), width);
}
