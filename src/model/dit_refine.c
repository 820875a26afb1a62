/* A light convolutional head behind the patches of our own models: tokens predict their pixels side
 * by side, and where two of them disagree the picture has a seam. Two layers of 3 x 3 see the
 * predicted pixels across these seams, the noisy ones that they come from, and where in its patch
 * a pixel lies; what they find is added. */
#include <math.h>
#include <string.h>

#include "model/dit_parts.h"

/* Channels of a pixel: the four frames of its latent frame; what is given beside them: these as the
 * network reads them, which of the four are given, and the place in the patch. */
enum { KERNEL = 3, PIXEL = PATCH_FRAMES * PATCH_CHANNELS, PLACE = 4 };
enum { GIVEN = PIXEL + PATCH_FRAMES + PLACE };

static SoraStatus conv(Builder *b, const char *name, size_t in, size_t out, bool zero,
                       const Param **weight)
{
    size_t shape[5] = { out, in, 1, KERNEL, KERNEL };
    ParamInit init = { 0, zero ? 0 : 1 / sqrtf((float)(in * KERNEL * KERNEL)) };
    return params_declare(b->set, name, PARAM_OTHER, init, 5, shape, weight);
}

SoraStatus dit_refine_declare(Builder *b, DitRefine *r)
{
    size_t width = b->c->refine;
    TRY(conv(b, "refine.in.weight", PIXEL + GIVEN, width, false, &r->in));
    TRY(dit_declare(b, "refine.in.bias", PARAM_OTHER, (ParamInit){ 0, 0 }, width, 0, &r->bias));
    return conv(b, "refine.out.weight", width, PIXEL, true, &r->out);
}

/* ---- pictures -------------------------------------------------------------------------- */

/* Sequences whose pictures are of one size, one latent frame after the other. */
typedef struct Pictures {
    PixelGrid grid;
    uint32_t *token; /* [tokens of the grid] which of the batch they are */
    size_t tokens;
} Pictures;

/* Those that look like sequence `first`; none if one before it does. */
static Pictures find_pictures(const DitLayout *l, size_t first, size_t patch, Arena *a)
{
    PatchGrid g = l->sequence[first].grid;
    size_t area = g.height * g.width;
    Pictures p = { .token = arena_alloc(a, l->tokens * sizeof *p.token) };
    for (size_t s = 0; s < l->sequences; s++) {
        PatchGrid other = l->sequence[s].grid;
        if (other.height != g.height || other.width != g.width) continue;
        if (s < first) return (Pictures){ 0 };
        for (size_t i = l->start[s]; i < l->start[s + 1]; i++) p.token[p.tokens++] = (uint32_t)i;
    }
    p.grid = (PixelGrid){ p.tokens / area, g.height, g.width, patch, PATCH_FRAMES, PATCH_CHANNELS };
    return p;
}

typedef struct GivenWalk {
    const Pictures *p;
    const Tensor *tokens;
    float *given;
    float *place; /* [patch, 2] cosine and sine of the way through a patch */
} GivenWalk;

/* One row of pixels of one latent frame. */
static void given_row(void *ctx, size_t row, int worker)
{
    const GivenWalk *w = ctx;
    const PixelGrid *g = &w->p->grid;
    size_t patch = g->patch, area = patch * patch, y = row % patch;
    float *to = w->given + row * g->width * patch * GIVEN;
    (void)worker;
    for (size_t column = 0; column < g->width * patch; column++) {
        size_t x = column % patch;
        const float *token =
            (const float *)w->tokens->data +
            w->p->token[row / patch * g->width + column / patch] * tensor_width(w->tokens);
        for (size_t k = 0; k < PATCH_FRAMES; k++, to += PATCH_CHANNELS)
            memcpy(to, token + ((k * patch + y) * patch + x) * PATCH_CHANNELS,
                   PATCH_CHANNELS * sizeof *to);
        memcpy(to, token + PIXEL * area, PATCH_FRAMES * sizeof *to);
        to += PATCH_FRAMES;
        memcpy(to, w->place + 2 * y, 2 * sizeof *to);
        memcpy(to + 2, w->place + 2 * x, 2 * sizeof *to);
        to += PLACE;
    }
}

/* What is given beside each pixel: [pixels, GIVEN]. */
static Tensor *find_given(Tape *t, const Pictures *p, const Tensor *tokens)
{
    const PixelGrid *g = &p->grid;
    Arena *a = tape_arena(t);
    size_t columns = g->width * g->patch, rows = g->height * g->patch;
    Tensor *given = tensor_new_2d(a, TYPE_F32, g->frames * rows * columns, GIVEN);
    GivenWalk w = { p, tokens, given->data, arena_alloc(a, 2 * g->patch * sizeof(float)) };
    for (size_t i = 0; i < g->patch; i++) {
        float turn = 6.2831853f * ((float)i + 0.5f) / (float)g->patch;
        w.place[2 * i] = cosf(turn);
        w.place[2 * i + 1] = sinf(turn);
    }
    parallel_for(tape_compute(t)->pool, g->frames * rows, given_row, &w);
    return given;
}

/* ---- forward --------------------------------------------------------------------------- */

static Tensor *convolve(Tape *t, Tensor *x, const Param *weight, const Param *bias,
                        const PixelGrid *g, bool full)
{
    Conv3dShape s = { .in = weight->value->shape[1],
                      .out = weight->value->shape[0],
                      .kernel = { 1, KERNEL, KERNEL },
                      .stride = { 1, 1, 1 },
                      .pad = { { 0, 0 }, { 1, 1 }, { 1, 1 } },
                      .size = { g->frames, g->height * g->patch, g->width * g->patch } };
    return op_conv3d(t, x, weight, bias, &s, full);
}

static Tensor *refine_pictures(const DitRefine *r, Tape *t, const Pictures *p, const Tensor *tokens,
                               Tensor *x)
{
    const PixelGrid *g = &p->grid;
    Tensor *h = op_pixels(t, x, g, find_given(t, p, tokens));
    h = op_gelu(t, convolve(t, h, r->in, r->bias, g, false), true);
    return op_add(t, x, op_patches(t, convolve(t, h, r->out, NULL, g, true), g));
}

Tensor *dit_refine(const Dit *d, Tape *t, const DitInput *in, Tensor *x)
{
    const DitLayout *l = in->layout;
    for (size_t s = 0; s < l->sequences; s++) {
        Pictures p = find_pictures(l, s, d->c.patch, tape_arena(t));
        if (!p.tokens) continue;
        if (p.tokens == l->tokens) return refine_pictures(&d->refine, t, &p, in->tokens, x);
        Tensor *own = op_gather(t, x, p.token, p.tokens);
        x = op_scatter(t, x, refine_pictures(&d->refine, t, &p, in->tokens, own), p.token);
    }
    return x;
}
