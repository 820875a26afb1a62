#include "grad/tape.h"

#include <assert.h>
#include <string.h>

#include "grad/op.h"
#include "grad/ops.h"

Tape *tape_new(Arena *step, const Compute *c, GemmPrecision precision, bool grad)
{
    Tape *t = arena_zero(step, sizeof *t);
    if (!compute_has_bf16(c)) precision = GEMM_F32;
    *t = (Tape){ .step = step, .c = c, .precision = precision, .grad = grad, .recording = grad };
    return t;
}

Arena *tape_arena(const Tape *t)
{
    return t->step;
}

const Compute *tape_compute(const Tape *t)
{
    return t->c;
}

GemmPrecision tape_precision(const Tape *t)
{
    return t->precision;
}

bool tape_grad(const Tape *t)
{
    return t->grad;
}

Tensor *op_param(Tape *t, const Param *p)
{
    Tensor *x = tensor_reshape(t->step, p->value, p->value->rank, p->value->shape);
    x->data = (void *)op_values(t, p);
    x->type = TYPE_F32;
    return x;
}

/* ---- the way back ---------------------------------------------------------------------- */

/* Operations whose result nobody used are passed over. */
static void walk_back(Tape *t)
{
    for (Op *op = t->last; op; op = op->before) {
        TapeSlot *s = op->y->slot;
        if (s->buffer) op->def->backward(t, op);
        if (s->buffer) op_give(t, s->buffer);
        s->buffer = NULL;
    }
    t->last = NULL;
}

void tape_backward(Tape *t, Tensor *loss, float scale)
{
    assert(tensor_count(loss) == 1);
    if (!loss->slot) return; /* nobody wants a gradient */
    ArenaMark mark = arena_mark(t->c->gradients);
    t->gradients = t->c->gradients;
    *op_dx_sum(t, loss) = scale;
    walk_back(t);
    arena_rewind(t->gradients, mark);
    t->gradients = NULL;
    t->free = NULL;
}

/* ---- segments -------------------------------------------------------------------------- */

typedef struct Segment {
    Op op;
    SegmentFn fn;
    void *ctx;
} Segment;

/* y moves into memory that outlives the segment. */
static void run_and_rewind(Tape *t, SegmentFn fn, void *ctx, Tensor *x, Tensor *out)
{
    ArenaMark mark = arena_mark(t->step);
    const Tensor *y = fn(ctx, t, x);
    assert(y->type == out->type && tensor_count(y) == tensor_count(out));
    if (y->data != out->data) memcpy(out->data, y->data, tensor_count(y) * sizeof(float));
    arena_rewind(t->step, mark);
}

static void segment_forward(Tape *t, Op *op)
{
    const Segment *s = (Segment *)op;
    t->recording = false;
    run_and_rewind(t, s->fn, s->ctx, op->in[0], op->y);
    t->recording = true;
}

/* Runs again, this time writing everything down, and goes back through it at once. */
static void segment_backward(Tape *t, Op *op)
{
    const Segment *s = (Segment *)op;
    ArenaMark mark = arena_mark(t->step);
    Op *last = t->last;
    t->last = NULL;
    t->depth++;
    const Tensor *y = s->fn(s->ctx, t, op->in[0]);
    op_pass(t, op, y);
    walk_back(t);
    t->depth--;
    t->last = last;
    arena_rewind(t->step, mark);
}

const OpDef op_def_segment = { "segment", segment_forward, segment_backward };

Tensor *tape_segment(Tape *t, SegmentFn fn, void *ctx, Tensor *x, bool recompute)
{
    assert(x->type == TYPE_F32 && x->rank == 2);
    if (!t->grad) {
        run_and_rewind(t, fn, ctx, x, x);
        return x;
    }
    if (!t->recording || !recompute) return fn(ctx, t, x);
    Segment *s = op_new(t, &op_def_segment, sizeof *s);
    s->op.in[0] = x;
    s->fn = fn;
    s->ctx = ctx;
    return op_run(t, &s->op, TYPE_F32, x->shape[0], x->shape[1]);
}
