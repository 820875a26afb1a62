#include <string.h>

#include "grad/op.h"
#include "grad/ops.h"
#include "tensor/attention.h"

typedef struct Attend {
    Tensor *y, *q, *k, *v;
    AttentionCall call;
} Attend;

static void attention_forward_op(Tape *t, void *args)
{
    Attend *a = args;
    attention_forward(tape_compute(t), &a->call);
}

/* Three gradients at once under one flag: what is fresh is zeroed when another must be added to. */
static void attention_backward_op(Tape *t, void *args)
{
    Attend *a = args;
    const Tensor *in[3] = { a->q, a->k, a->v };
    float *d[3], *spare[3] = { NULL };
    bool add[3] = { false };
    for (int i = 0; i < 3; i++) {
        d[i] = op_dx(t, in[i], &add[i]);
        if (!d[i]) d[i] = spare[i] = op_take(t, tensor_count(in[i]));
    }
    bool any = add[0] || add[1] || add[2];
    for (int i = 0; i < 3; i++)
        if (any && !add[i]) memset(d[i], 0, tensor_count(in[i]) * sizeof(float));
    attention_backward(tape_compute(t), &a->call,
                       &(AttentionGrad){ .dout = op_dy(t, a->y),
                                         .dq = d[0],
                                         .dk = d[1],
                                         .dv = d[2],
                                         .type = TYPE_F32,
                                         .add = any,
                                         .scratch = tape_arena(t) });
    for (int i = 0; i < 3; i++)
        if (spare[i]) op_drop(t, spare[i]);
}

const OpDef op_def_attention = { "attention", attention_forward_op, attention_backward_op };

Tensor *op_attention(Tape *t, Tensor *q, Tensor *k, Tensor *v, size_t heads, float scale,
                     size_t sequences, const size_t *q_start, const size_t *k_start)
{
    Attend *a = arena_zero(tape_arena(t), sizeof *a);
    size_t n = tensor_row_count(q), width = tensor_width(q);
    *a = (Attend){ .q = q, .k = k, .v = v };
    a->y = op_result(t, n, width, false);
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
                               .out = a->y->data,
                               .out_stride = width,
                               .exact = tape_precision(t) == GEMM_F32 };
    if (tape_grad(t)) a->call.lse = arena_alloc(tape_arena(t), heads * n * sizeof(float));
    return op_run(t, &op_def_attention, a);
}
