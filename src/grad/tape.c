#include "grad/tape.h"

#include <assert.h>
#include <string.h>

#include "base/size.h"
#include "grad/op.h"
#include "grad/ops.h"
#include "tensor/convert.h"

/* An operation that was run, or a segment of them. */
typedef struct Node {
    struct Node *before;
    const OpDef *op;
    void *args;
} Node;

/* The gradient of one result. Buffers exist only between the first and the last time that
 * backward touches them, so that few of them are alive at once and stay in the caches. */
typedef struct Slot {
    float *grad; /* NULL: nothing was added yet */
    size_t count;
    bool fixed; /* a parameter's own gradient: always there, never given back */
} Slot;

typedef struct Buffer {
    float *data;
    size_t count;
    bool taken;
} Buffer;

enum { BUFFERS_MAX = 256, SLOTS_PAGE = 256, PAGES_MAX = 4096 };

struct Tape {
    Arena *step;
    const Compute *c;
    GemmPrecision precision;
    bool grad;
    Node *last;
    Slot *slot[PAGES_MAX]; /* pages of them; slot 0 is nobody's */
    uint32_t slots;
    Arena *gradients; /* during backward */
    Buffer buffer[BUFFERS_MAX];
    size_t buffers;
};

Tape *tape_new(Arena *step, const Compute *c, GemmPrecision precision, bool grad)
{
    Tape *t = arena_zero(step, sizeof *t);
    t->step = step;
    t->c = c;
    t->precision = precision;
    t->grad = grad;
    t->slots = 1;
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

/* ---- slots and buffers ----------------------------------------------------------------- */

static Slot *slot_at(const Tape *t, uint32_t i)
{
    assert(i > 0 && i < t->slots);
    return &t->slot[i / SLOTS_PAGE][i % SLOTS_PAGE];
}

static uint32_t new_slot(Tape *t, size_t count)
{
    uint32_t i = t->slots++;
    assert(i / SLOTS_PAGE < PAGES_MAX);
    if (!t->slot[i / SLOTS_PAGE])
        t->slot[i / SLOTS_PAGE] = arena_alloc(t->step, SLOTS_PAGE * sizeof(Slot));
    *slot_at(t, i) = (Slot){ .count = count };
    return i;
}

float *op_take(Tape *t, size_t count)
{
    Buffer *best = NULL;
    for (size_t i = 0; i < t->buffers; i++) {
        Buffer *b = &t->buffer[i];
        if (!b->taken && b->count >= count && (!best || b->count < best->count)) best = b;
    }
    if (!best || best->count > 2 * count) {
        if (t->buffers < BUFFERS_MAX) {
            best = &t->buffer[t->buffers++];
            *best = (Buffer){ arena_alloc(t->gradients, count * sizeof(float)), count, false };
        }
        assert(best);
    }
    best->taken = true;
    return best->data;
}

void op_drop(Tape *t, float *data)
{
    for (size_t i = 0; i < t->buffers; i++)
        if (t->buffer[i].data == data) t->buffer[i].taken = false;
}

const float *op_dy(const Tape *t, const Tensor *y)
{
    return slot_at(t, y->slot)->grad;
}

float *op_dx(Tape *t, const Tensor *x, bool *add)
{
    if (!x || !x->slot) return NULL;
    Slot *s = slot_at(t, x->slot);
    *add = s->grad != NULL;
    if (!s->grad) s->grad = op_take(t, s->count);
    return s->grad;
}

float *op_dx_added(Tape *t, const Tensor *x)
{
    bool add;
    float *dx = op_dx(t, x, &add);
    if (dx && !add) memset(dx, 0, slot_at(t, x->slot)->count * sizeof(float));
    return dx;
}

void op_pass_on(Tape *t, const Tensor *x, const Tensor *y)
{
    if (!x->slot) return;
    Slot *to = slot_at(t, x->slot), *from = slot_at(t, y->slot);
    if (!to->grad && !from->fixed) {
        to->grad = from->grad;
        from->grad = NULL;
        return;
    }
    float *dx = op_dx_added(t, x);
    Rows dy = rows_f32(from->grad, tensor_width(y)), out = rows_f32(dx, tensor_width(y));
    out.add = true;
    rows_map(t->c, &(RowsMap){ .op = ROWS_SCALE,
                               .rows = tensor_row_count(y),
                               .width = tensor_width(y),
                               .y = out,
                               .a = dy,
                               .factor = 1 });
}

/* ---- running --------------------------------------------------------------------------- */

Tensor *op_result(Tape *t, size_t rows, size_t columns, bool full)
{
    Type type = full || t->precision == GEMM_F32 ? TYPE_F32 : TYPE_BF16;
    Tensor *y = tensor_new_2d(t->step, type, rows, columns);
    if (t->grad) y->slot = new_slot(t, rows * columns);
    return y;
}

static void write_down(Tape *t, const OpDef *op, void *args)
{
    Node *n = arena_alloc(t->step, sizeof *n);
    *n = (Node){ t->last, op, args };
    t->last = n;
}

Tensor *op_run(Tape *t, const OpDef *op, void *args)
{
    op->forward(t, args);
    if (t->grad) write_down(t, op, args);
    return *(Tensor **)args;
}

Tensor *op_param(Tape *t, const Param *p)
{
    Tensor *x = tensor_reshape(t->step, p->value, p->value->rank, p->value->shape);
    x->slot = 0;
    if (t->grad && p->value->grad) {
        x->slot = new_slot(t, tensor_count(x));
        *slot_at(t, x->slot) = (Slot){ p->value->grad, tensor_count(x), true };
    }
    return x;
}

const float *op_values(Tape *t, const Param *p)
{
    if (!p) return NULL;
    if (p->value->type == TYPE_F32) return p->value->data;
    size_t n = tensor_count(p->value);
    float *copy = arena_alloc(t->step, n * sizeof *copy);
    convert_row(copy, TYPE_F32, p->value->data, p->value->type, n);
    return copy;
}

/* ---- backward -------------------------------------------------------------------------- */

/* Walks back to `stop`. Operations whose result nobody used are passed over. */
static void walk_back(Tape *t, Node *stop)
{
    while (t->last != stop) {
        Node *n = t->last;
        t->last = n->before;
        const Tensor *y = *(Tensor **)n->args;
        Slot *s = slot_at(t, y->slot);
        if (!s->grad) continue;
        n->op->backward(t, n->args);
        s = slot_at(t, y->slot);
        if (s->grad && !s->fixed) op_drop(t, s->grad);
        if (!s->fixed) s->grad = NULL;
    }
}

void tape_backward(Tape *t, Tensor *loss, float scale)
{
    assert(t->grad && loss->slot && tensor_count(loss) == 1);
    t->gradients = arena_new("gradients", 0);
    *op_dx_added(t, loss) += scale;
    walk_back(t, NULL);
    arena_free(t->gradients);
    t->gradients = NULL;
    t->buffers = 0;
}

/* ---- segments -------------------------------------------------------------------------- */

typedef struct Segment {
    Tensor *y;
    Tensor *x;
    SegmentFn fn;
    void *ctx;
} Segment;

/* Runs again, this time remembering everything, and walks back through it at once. */
static void segment_backward(Tape *t, void *args)
{
    Segment *s = args;
    ArenaMark mark = arena_mark(t->step);
    Node *stop = t->last;
    uint32_t slots = t->slots;
    void *page = t->slot[slots / SLOTS_PAGE]; /* a page made from here on dies with the segment */
    t->grad = true;
    Tensor *y = s->fn(s->ctx, t, s->x);
    op_pass_on(t, y, s->y);
    walk_back(t, stop);
    for (size_t i = slots / SLOTS_PAGE + (page != NULL); i <= t->slots / SLOTS_PAGE; i++)
        t->slot[i] = NULL;
    t->slots = slots;
    arena_rewind(t->step, mark);
}

static const OpDef segment_op = { "segment", NULL, segment_backward };

/* y moves into memory that outlives the segment: x's own, which nobody reads again, or new. */
static Tensor *run_and_rewind(SegmentFn fn, void *ctx, Tape *t, Tensor *x, Tensor *out)
{
    ArenaMark mark = arena_mark(t->step);
    Tensor *y = fn(ctx, t, x);
    assert(y->type == out->type && tensor_count(y) == tensor_count(out));
    memcpy(out->data, y->data, tensor_count(y) * type_block_bytes(y->type));
    arena_rewind(t->step, mark);
    return out;
}

Tensor *tape_segment(Tape *t, SegmentFn fn, void *ctx, Tensor *x, bool recompute)
{
    if (!t->grad) return run_and_rewind(fn, ctx, t, x, x);
    if (!recompute) return fn(ctx, t, x);
    Segment *s = arena_alloc(t->step, sizeof *s);
    *s = (Segment){ op_result(t, tensor_row_count(x), tensor_width(x), true), x, fn, ctx };
    t->grad = false;
    run_and_rewind(fn, ctx, t, x, s->y);
    t->grad = true;
    write_down(t, &segment_op, s);
    return s->y;
}
