#include "train/shortcut.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/size.h"

/* The shortcut sequences of a batch as a batch of their own. */
typedef struct Part {
    const Batch *b;
    size_t count, *sequence; /* which ones */
    DitInput in;
    float *tokens, *timestep, *step;
} Part;

static float step_size(const Batch *b, size_t s)
{
    return (float)(1u << b->shortcut[s]) / (float)SHORTCUT_STEPS;
}

static void copy_text(Part *p, const TextStates *text, Arena *a)
{
    size_t width = tensor_width(text->states), rows = 0;
    size_t *start = arena_zero(a, (p->count + 1) * sizeof *start);
    for (size_t i = 0; i < p->count; i++) {
        size_t s = p->sequence[i];
        rows += text->start[s + 1] - text->start[s];
        start[i + 1] = rows;
    }
    p->in.text_start = start;
    p->in.text = tensor_new_2d(a, TYPE_F32, rows, width);
    if (text->words) p->in.words = tensor_new_2d(a, TYPE_F32, rows, width);
    if (text->pooled) p->in.pooled = tensor_new_2d(a, TYPE_F32, p->count, width);
    for (size_t i = 0; i < p->count; i++) {
        size_t s = p->sequence[i];
        size_t bytes = (start[i + 1] - start[i]) * width * sizeof(float);
        memcpy((float *)p->in.text->data + start[i] * width,
               (const float *)text->states->data + text->start[s] * width, bytes);
        if (text->words)
            memcpy((float *)p->in.words->data + start[i] * width,
                   (const float *)text->words->data + text->start[s] * width, bytes);
        if (text->pooled)
            memcpy((float *)p->in.pooled->data + i * width,
                   (const float *)text->pooled->data + s * width, width * sizeof(float));
    }
}

/* Rows and tokens, at steps of half the size. */
static void copy_tokens(Part *p, Arena *a)
{
    const DitInput *from = &p->b->input;
    size_t width = tensor_width(from->tokens), rows = 0, token = 0;
    uint32_t *row_sequence = arena_alloc(a, from->rows * sizeof *row_sequence);
    uint32_t *token_row = arena_alloc(a, p->in.layout->tokens * sizeof *token_row);
    for (size_t i = 0; i < p->count; i++) {
        size_t s = p->sequence[i], first = p->b->row_start[s];
        size_t n = from->layout->sequence[s].grid.frames + 1, begin = from->layout->start[s];
        size_t tokens = from->layout->start[s + 1] - begin;
        for (size_t r = 0; r < n; r++) {
            p->timestep[rows + r] = from->timestep[first + r];
            p->step[rows + r] = r + 1 < n ? from->step[first + r] - 1 : 0;
            row_sequence[rows + r] = (uint32_t)i;
        }
        memcpy(p->tokens + token * width, (const float *)from->tokens->data + begin * width,
               tokens * width * sizeof(float));
        for (size_t k = 0; k < tokens; k++)
            token_row[token + k] = (uint32_t)(from->token_row[begin + k] - first + rows);
        rows += n, token += tokens;
    }
    p->in.rows = rows;
    p->in.timestep = p->timestep, p->in.step = p->step;
    p->in.row_sequence = row_sequence, p->in.token_row = token_row;
}

static void make_part(const Dit *dit, const TextStates *text, Arena *a, Part *p)
{
    const DitInput *from = &p->b->input;
    DitSequence *sequence = arena_alloc(a, p->count * sizeof *sequence);
    for (size_t i = 0; i < p->count; i++) sequence[i] = from->layout->sequence[p->sequence[i]];
    p->in.layout = dit_layout(dit_config(dit), sequence, p->count, a);
    p->in.tokens = tensor_new_2d(a, TYPE_F32, p->in.layout->tokens, tensor_width(from->tokens));
    p->tokens = p->in.tokens->data;
    p->timestep = arena_alloc(a, from->rows * sizeof(float));
    p->step = arena_alloc(a, from->rows * sizeof(float));
    copy_text(p, text, a);
    copy_tokens(p, a);
}

/* Calls fn for every frame of a token that is not given: its values are x[at ...] of a clean patch
 * and z[...] of the input. */
typedef struct Place {
    const float *x, *z;
    size_t count;
    size_t target; /* where the batch's target has them */
    size_t sequence;
    float left; /* 1 - t, at least the clamp */
} Place;

static void each_place(const Part *p, const float *x, const DitConfig *c,
                       void (*fn)(void *self, const Place *at), void *self)
{
    size_t out = c->out_values, in = c->in_values, one = out / PATCH_FRAMES;
    for (size_t i = 0; i < p->count; i++) {
        size_t s = p->sequence[i], first = p->in.layout->start[i];
        for (size_t n = first; n < p->in.layout->start[i + 1]; n++)
            for (size_t k = 0; k < PATCH_FRAMES; k++) {
                const float *token = p->tokens + n * in;
                if (token[out + k] != 0) continue;
                size_t target = (p->b->input.layout->start[s] + n - first) * out + k * one;
                float sigma = p->timestep[p->in.token_row[n]] / 1000;
                Place at = { x + n * out + k * one,    token + k * one, one, target, s,
                             fmaxf(sigma, BATCH_CLAMP) };
                fn(self, &at);
            }
    }
}

typedef struct Walk {
    Batch *b;
    float *mean; /* the mean velocity so far, where the batch's targets are */
} Walk;

/* v1, and z moved on by it. */
static void first_half(void *self, const Place *at)
{
    const Walk *w = self;
    float d = step_size(w->b, at->sequence) / 2, *z = (float *)at->z;
    for (size_t j = 0; j < at->count; j++) {
        float v = (at->x[j] - z[j]) / at->left;
        w->mean[at->target + j] = v / 2;
        z[j] += d * v;
    }
}

static void second_half(void *self, const Place *at)
{
    const Walk *w = self;
    for (size_t j = 0; j < at->count; j++)
        w->mean[at->target + j] += (at->x[j] - at->z[j]) / at->left / 2;
}

/* Targets from mean velocities: x = z + max(1 - t, clamp) v, with the batch's own z and t. */
static void put_targets(const Part *p, const float *mean, const DitConfig *c, Batch *b)
{
    size_t out = c->out_values, in = c->in_values, one = out / PATCH_FRAMES;
    const DitInput *own = &b->input;
    for (size_t i = 0; i < p->count; i++) {
        size_t s = p->sequence[i];
        for (size_t n = own->layout->start[s]; n < own->layout->start[s + 1]; n++) {
            const float *z = (const float *)own->tokens->data + n * in;
            float left = fmaxf(own->timestep[own->token_row[n]] / 1000, BATCH_CLAMP);
            for (size_t j = 0; j < out; j++)
                if (z[out + j / one] == 0) b->target[n * out + j] = z[j] + left * mean[n * out + j];
        }
    }
}

void shortcut_targets(const Dit *dit, const Compute *c, const TextStates *text, Arena *a, Batch *b)
{
    const DitConfig *config = dit_config(dit);
    size_t sequences = b->input.layout->sequences;
    assert(config->predicts_clean && config->step_input);
    ArenaMark mark = arena_mark(a);
    Part p = { .b = b, .sequence = arena_alloc(a, sequences * sizeof *p.sequence) };
    for (size_t s = 0; s < sequences; s++)
        if (b->shortcut[s]) p.sequence[p.count++] = s;
    if (p.count) {
        make_part(dit, text, a, &p);
        Walk w = { b, arena_zero(a, b->input.layout->tokens * config->out_values * sizeof(float)) };
        Tape *t = tape_new(a, c, GEMM_BF16, false);
        each_place(&p, dit_forward(dit, t, &p.in)->data, config, first_half, &w);
        for (size_t i = 0, r = 0; i < p.count; i++) { /* half a step nearer to clean */
            float d = 1000 * step_size(b, p.sequence[i]) / 2;
            size_t frames = p.in.layout->sequence[i].grid.frames;
            for (size_t f = 0; f < frames; f++) p.timestep[r + f] -= d;
            r += frames + 1;
        }
        each_place(&p, dit_forward(dit, t, &p.in)->data, config, second_half, &w);
        put_targets(&p, w.mean, config, b);
    }
    arena_rewind(a, mark);
}
