/* The control branch of Wan VACE. Its blocks run in between the main ones, each just before the
 * layer that takes its hint, so that one hint lives at a time. */
#include <stdio.h>

#include "model/dit_parts.h"

SoraStatus dit_control_declare(Builder *b, Arena *weights, DitControl *m)
{
    const DitConfig *c = b->c;
    TRY(dit_linear(b, "vace_patch_embedding", PARAM_OTHER, c->width, c->control_values, true,
                   &m->patch));
    m->block = arena_zero(weights, c->controls * sizeof *m->block);
    m->after = arena_zero(weights, c->controls * sizeof *m->after);
    TRY(dit_linear(b, "vace_blocks.0.before_proj", PARAM_HIDDEN, c->width, c->width, true,
                   &m->before));
    for (size_t i = 0; i < c->controls; i++) {
        char prefix[DIT_NAME / 2], name[DIT_NAME];
        snprintf(prefix, sizeof prefix, "vace_blocks.%zu", i);
        TRY(dit_declare_block(b, prefix, &m->block[i]));
        snprintf(name, sizeof name, "%s.after_proj", prefix);
        TRY(dit_linear(b, name, PARAM_HIDDEN, c->width, c->width, true, &m->after[i]));
    }
    return SORA_OK;
}

/* The stream as block 0 reads it: x + before(patch(control)). Results alone stay in the arena. */
typedef struct Start {
    const DitControl *m;
    Tensor *control;
} Start;

static Tensor *start(void *ctx, Tape *t, Tensor *x)
{
    const Start *s = ctx;
    const DitControl *m = s->m;
    Tensor *c = op_linear(t, s->control, m->patch.weight, m->patch.bias, GEMM_NONE, true);
    return op_linear_residual(t, c, m->before.weight, m->before.bias, x, NULL, NULL);
}

/* A step of the stream: the next control block. */
static void advance(DitControlRun *r, Tape *t, const BlockCall *whole)
{
    BlockCall *b = arena_alloc(tape_arena(t), sizeof *b);
    *b = *whole;
    b->k = &r->d->control.block[r->next];
    r->stream = tape_segment(t, dit_block, b, r->stream, r->in->recompute);
}

/* x + scale * after(stream). */
typedef struct Hint {
    const Linear *after;
    Tensor *stream, *gate;
} Hint;

static Tensor *add_hint(void *ctx, Tape *t, Tensor *x)
{
    const Hint *h = ctx;
    return op_linear_residual(t, h->stream, h->after->weight, h->after->bias, x, h->gate, NULL);
}

/* NULL for 1: hints are added as they are. */
static Tensor *gate_of(Tape *t, size_t width, float scale)
{
    if (scale == 1) return NULL;
    Tensor *gate = tensor_new_2d(tape_arena(t), TYPE_F32, 1, width);
    for (size_t i = 0; i < width; i++) ((float *)gate->data)[i] = scale;
    return gate;
}

void dit_control_begin(DitControlRun *r, const Dit *d, Tape *t, const DitInput *in, Tensor *x)
{
    *r = (DitControlRun){ .d = d, .in = in };
    Start *s = arena_alloc(tape_arena(t), sizeof *s);
    *s = (Start){ &d->control, in->control };
    /* a segment takes its input's place, and x is still needed */
    r->stream = tape_segment(t, start, s, op_scale(t, x, 1), in->recompute);
}

Tensor *dit_control_add(DitControlRun *r, Tape *t, const BlockCall *whole, size_t layer, Tensor *x)
{
    const DitConfig *c = &r->d->c;
    if (r->next == c->controls || c->control_layer[r->next] != layer) return x;
    advance(r, t, whole);
    const Linear *after = &r->d->control.after[r->next];
    if (r->in->trace)
        dit_note(r->in->trace, "hint%zu", r->next,
                 op_linear(t, r->stream, after->weight, after->bias, GEMM_NONE, true));
    Hint *h = arena_alloc(tape_arena(t), sizeof *h);
    *h = (Hint){ after, r->stream, gate_of(t, c->width, r->in->control_scale) };
    r->next++;
    return tape_segment(t, add_hint, h, x, r->in->recompute);
}
