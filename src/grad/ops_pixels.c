/* Tokens of patches as pictures, and back: each way is the other's gradient. */
#include <assert.h>

#include "grad/op.h"
#include "grad/ops.h"

typedef struct Pixels {
    Op op;
    PixelGrid grid;
    const Tensor *beside;
    bool back; /* from pixels to tokens */
} Pixels;

/* A copy from tokens to pixels, or back. */
typedef struct Walk {
    const PixelGrid *g;
    float *tokens, *pixels;
    size_t stride; /* of a pixel */
    bool back, add;
} Walk;

static void put(float *y, const float *x, size_t n, bool add)
{
    for (size_t i = 0; i < n; i++) y[i] = add ? y[i] + x[i] : x[i];
}

/* One row of pixels of one frame. */
static void walk_row(void *ctx, size_t row, int worker)
{
    const Walk *w = ctx;
    const PixelGrid *g = w->g;
    size_t p = g->patch, c = g->channels, values = g->places * p * p * c;
    float *tokens = w->tokens + row / p * g->width * values;
    float *pixels = w->pixels + row * g->width * p * w->stride;
    (void)worker;
    for (size_t j = 0; j < g->width; j++)
        for (size_t k = 0; k < g->places; k++) {
            float *token = tokens + j * values + (k * p + row % p) * p * c;
            float *pixel = pixels + j * p * w->stride + k * c;
            for (size_t i = 0; i < p; i++, token += c, pixel += w->stride)
                put(w->back ? token : pixel, w->back ? pixel : token, c, w->add);
        }
}

static void walk(Tape *t, Walk *w)
{
    parallel_for(tape_compute(t)->pool, w->g->frames * w->g->height * w->g->patch, walk_row, w);
}

/* `beside` into the columns behind the pixels' own. */
static void put_beside(Tape *t, const Pixels *a)
{
    size_t own = a->grid.places * a->grid.channels;
    rows_map(tape_compute(t), &(RowsMap){ .op = ROWS_SCALE,
                                          .rows = tensor_row_count(a->beside),
                                          .width = tensor_width(a->beside),
                                          .factor = 1,
                                          .a = rows_of(a->beside),
                                          .y = rows_columns(rows_of(a->op.y), own) });
}

static void pixels_forward(Tape *t, Op *op)
{
    const Pixels *a = (Pixels *)op;
    float *x = op->in[0]->data, *y = op->y->data;
    walk(t, &(Walk){ .g = &a->grid,
                     .tokens = a->back ? y : x,
                     .pixels = a->back ? x : y,
                     .stride = tensor_width(a->back ? op->in[0] : op->y),
                     .back = a->back });
    if (a->beside) put_beside(t, a);
}

static void pixels_backward(Tape *t, Op *op)
{
    const Pixels *a = (Pixels *)op;
    Rows dy = op_dy(op), dx = op_dx(t, op->in[0]);
    assert(dy.type == TYPE_F32 && dx.type == TYPE_F32);
    walk(t, &(Walk){ .g = &a->grid,
                     .tokens = a->back ? dy.data : dx.data,
                     .pixels = a->back ? dx.data : dy.data,
                     .stride = tensor_width(a->back ? op->in[0] : op->y),
                     .back = !a->back,
                     .add = dx.add });
}

const OpDef op_def_pixels = { "pixels", pixels_forward, pixels_backward };

static Pixels *new_pixels(Tape *t, Tensor *x, const PixelGrid *g)
{
    assert(x->type == TYPE_F32);
    Pixels *a = op_new(t, &op_def_pixels, sizeof *a);
    a->op.in[0] = x;
    a->grid = *g;
    return a;
}

Tensor *op_pixels(Tape *t, Tensor *x, const PixelGrid *g, const Tensor *beside)
{
    size_t own = g->places * g->channels, pixels = tensor_count(x) / own;
    assert(pixels == g->frames * g->height * g->width * g->patch * g->patch);
    Pixels *a = new_pixels(t, x, g);
    a->beside = beside;
    return op_run(t, &a->op, TYPE_F32, pixels, own + (beside ? tensor_width(beside) : 0));
}

Tensor *op_patches(Tape *t, Tensor *x, const PixelGrid *g)
{
    size_t tokens = g->frames * g->height * g->width;
    Pixels *a = new_pixels(t, x, g);
    a->back = true;
    return op_run(t, &a->op, TYPE_F32, tokens, tensor_count(x) / tokens);
}
