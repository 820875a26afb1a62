#include "grad/op.h"

#include <assert.h>
#include <string.h>

#include "tensor/quant.h"

Type op_hidden(const Tape *t)
{
    return t->precision == GEMM_BF16 ? TYPE_BF16 : TYPE_F32;
}

/* ---- running --------------------------------------------------------------------------- */

void *op_new(Tape *t, const OpDef *def, size_t size)
{
    Op *op = arena_zero(t->step, size);
    op->def = def;
    return op;
}

bool op_wants(const Tensor *x)
{
    return x && (x->slot || x->grad);
}

/* Counts the gradients that each input will get: a segment that runs again is counted once. */
static void count_uses(const Tape *t, const Op *op)
{
    for (int i = 0; i < OP_INPUTS; i++)
        if (op->in[i] && op->in[i]->slot && op->in[i]->slot->depth == t->depth)
            op->in[i]->slot->uses++;
}

static bool wanted(const Op *op)
{
    bool any = op->def == &op_def_segment;
    for (int i = 0; i < OP_INPUTS; i++) any |= op_wants(op->in[i]);
    for (int i = 0; i < OP_PARAMS; i++) any |= op_dparam(op->param[i]) != NULL;
    return any;
}

Tensor *op_run(Tape *t, Op *op, Type type, size_t rows, size_t columns)
{
    op->y = tensor_new_2d(t->step, type, rows, columns);
    if (t->grad) count_uses(t, op);
    op->keep = t->recording && wanted(op);
    if (op->keep) {
        op->y->slot = arena_zero(t->step, sizeof(TapeSlot));
        *op->y->slot = (TapeSlot){ .depth = t->depth, .count = rows * columns, .width = columns };
    }
    op->def->forward(t, op);
    if (op->keep) {
        op->before = t->last;
        t->last = op;
    }
    return op->y;
}

/* ---- gradients ------------------------------------------------------------------------- */

OpBuffer *op_take(Tape *t, size_t bytes)
{
    for (OpBuffer **at = &t->free; *at; at = &(*at)->next) {
        OpBuffer *b = *at;
        if (b->bytes < bytes || b->bytes / 2 > bytes) continue;
        *at = b->next;
        return b;
    }
    OpBuffer *b = arena_alloc(t->gradients, sizeof *b);
    *b = (OpBuffer){ arena_alloc(t->gradients, bytes), bytes, NULL };
    return b;
}

void op_give(Tape *t, OpBuffer *b)
{
    b->next = t->free;
    t->free = b;
}

void op_open_slot(Tape *t, TapeSlot *s, Type type)
{
    s->type = type;
    s->buffer = op_take(t, s->count * type_block_bytes(type));
}

static Rows slot_rows(const TapeSlot *s, bool add)
{
    return (Rows){ s->buffer->data, s->type, s->width, add };
}

Rows op_dy(const Op *op)
{
    return slot_rows(op->y->slot, false);
}

Rows op_dx(Tape *t, const Tensor *x)
{
    assert(op_wants(x));
    if (!x->slot) return rows_grad(x);
    bool add = x->slot->buffer != NULL;
    /* A sum of several gradients is kept f32; a single one is rounded as x itself was. */
    if (!add) op_open_slot(t, x->slot, x->slot->uses == 1 ? x->type : TYPE_F32);
    return slot_rows(x->slot, add);
}

float *op_dx_sum(Tape *t, const Tensor *x)
{
    if (!op_wants(x)) return NULL;
    if (!x->slot) return x->grad;
    TapeSlot *s = x->slot;
    if (!s->buffer) {
        op_open_slot(t, s, TYPE_F32);
        memset(s->buffer->data, 0, s->count * sizeof(float));
    }
    assert(s->type == TYPE_F32);
    return s->buffer->data;
}

void op_give_dx(Tape *t, const Tensor *x, Rows dx)
{
    rows_map(t->c, &(RowsMap){ .op = ROWS_SCALE,
                               .rows = tensor_row_count(x),
                               .width = tensor_width(x),
                               .y = op_dx(t, x),
                               .a = dx,
                               .factor = 1 });
}

void op_pass(Tape *t, Op *op, const Tensor *x)
{
    if (!op_wants(x)) return;
    TapeSlot *from = op->y->slot;
    if (x->slot && !x->slot->buffer && from->type == TYPE_F32) {
        x->slot->buffer = from->buffer;
        x->slot->type = TYPE_F32;
        from->buffer = NULL;
        return;
    }
    op_give_dx(t, x, slot_rows(from, false));
}

/* ---- parameters ------------------------------------------------------------------------ */

const Tensor *op_weight(const Tape *t, const Param *p)
{
    return t->precision == GEMM_BF16 ? p->operand : p->value;
}

const float *op_values(Tape *t, const Param *p)
{
    if (!p) return NULL;
    if (p->value->type == TYPE_F32) return p->value->data;
    size_t n = tensor_count(p->value);
    float *copy = arena_alloc(t->step, n * sizeof *copy);
    quant_read_rows(p->value, 0, p->value->shape[0], copy);
    return copy;
}
