/* Convolution over time and space (tensor/conv3d.h): a clip is its positions as rows. */
#include "grad/op.h"
#include "grad/ops.h"

typedef struct Conv {
    Op op; /* in: x; param: W, bias */
    Conv3dShape shape;
} Conv;

/* The call and the lists of frames it points at, frames of zeros in front. */
static Conv3dCall call_of(Tape *t, const Conv *a)
{
    const Tensor *x = a->op.in[0], *y = a->op.y;
    Conv3dCall call = { .shape = a->shape,
                        .precision = tape_precision(t),
                        .x_type = x->type,
                        .weight = op_weight(t, a->op.param[0]),
                        .bias = op_values(t, a->op.param[1]),
                        .y_type = y->type };
    Conv3dShape *s = &call.shape;
    size_t zeros = s->pad[CONV3D_T][0], frames = s->size[CONV3D_T];
    s->size[CONV3D_T] += zeros;
    s->pad[CONV3D_T][0] = 0;
    size_t in = s->size[CONV3D_H] * s->size[CONV3D_W] * s->in * type_block_bytes(x->type);
    size_t out = conv3d_size(s, CONV3D_H) * conv3d_size(s, CONV3D_W) * s->out;
    const void **from = arena_zero(tape_arena(t), (zeros + frames) * sizeof *from);
    void **to = arena_alloc(tape_arena(t), conv3d_size(s, CONV3D_T) * sizeof *to);
    for (size_t i = 0; i < frames; i++) from[zeros + i] = (const char *)x->data + i * in;
    for (size_t i = 0; i < conv3d_size(s, CONV3D_T); i++)
        to[i] = (char *)y->data + i * out * type_block_bytes(y->type);
    call.x = from;
    call.y = to;
    return call;
}

static void conv_forward(Tape *t, Op *op)
{
    Conv3dCall call = call_of(t, (Conv *)op);
    conv3d(tape_compute(t), &call);
}

static void conv_backward(Tape *t, Op *op)
{
    const Conv *a = (Conv *)op;
    const Tensor *x = op->in[0];
    Conv3dCall call = call_of(t, a);
    size_t zeros = a->shape.pad[CONV3D_T][0], frames = a->shape.size[CONV3D_T];
    size_t count = conv3d_size(&call.shape, CONV3D_T);
    Rows dy = op_dy(op);
    Conv3dGrad grad = { .dy_type = dy.type,
                        .dweight = op_dparam(op->param[0]),
                        .dbias = op_dparam(op->param[1]),
                        .scratch = tape_arena(t) };
    const void **from = arena_alloc(tape_arena(t), count * sizeof *from);
    for (size_t i = 0; i < count; i++)
        from[i] =
            (const char *)dy.data + i * (tensor_count(op->y) / count) * type_block_bytes(dy.type);
    grad.dy = from;
    if (op_wants(x)) {
        Rows dx = op_dx(t, x);
        void **to = arena_zero(tape_arena(t), (zeros + frames) * sizeof *to);
        for (size_t i = 0; i < frames; i++)
            to[zeros + i] =
                (char *)dx.data + i * (tensor_count(x) / frames) * type_block_bytes(dx.type);
        grad.dx = to;
        grad.dx_type = dx.type;
        grad.add = dx.add;
    }
    conv3d_backward(tape_compute(t), &call, &grad);
}

const OpDef op_def_conv3d = { "conv3d", conv_forward, conv_backward };

Tensor *op_conv3d(Tape *t, Tensor *x, const Param *w, const Param *bias, const Conv3dShape *shape,
                  bool full)
{
    Conv *a = op_new(t, &op_def_conv3d, sizeof *a);
    a->op.in[0] = x;
    a->op.param[0] = w;
    a->op.param[1] = bias;
    a->shape = *shape;
    size_t rows = 1;
    for (int i = 0; i < CONV3D_AXES; i++) rows *= conv3d_size(shape, i);
    return op_run(t, &a->op, full ? TYPE_F32 : op_hidden(t), rows, shape->out);
}
