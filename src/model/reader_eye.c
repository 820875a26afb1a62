#include "model/reader_eye.h"

#include <math.h>
#include <stdio.h>

#include "base/size.h"
#include "grad/ops.h"

#define NORM_EPS 1e-6f

typedef struct Linear {
    const Param *weight, *bias;
} Linear;

typedef struct Norm {
    const Param *weight, *bias;
} Norm;

/* x + out(gelu(taps(norm(x)))) */
typedef struct Block {
    Norm norm;
    Linear taps, out;
} Block;

struct Eye {
    EyeConfig c;
    Linear stem, down;
    Norm down_norm, end_norm;
    Block near[EYE_LEVELS][EYE_BLOCKS], times;
};

/* ---- where everything lies ------------------------------------------------------------- */

static PatchGrid halved(PatchGrid g)
{
    return (PatchGrid){ g.frames, (g.height + 1) / 2, (g.width + 1) / 2 };
}

PatchGrid eye_grid(PatchGrid patches)
{
    return halved(halved(patches));
}

static uint32_t row_at(PatchGrid g, size_t first, long f, long y, long x)
{
    size_t frame = size_inside(f, g.frames), row = size_inside(y, g.height);
    size_t column = size_inside(x, g.width);
    return (uint32_t)(first + (frame * g.height + row) * g.width + column);
}

/* One clip's rows of a level: `first` is its first row, `to` where its taps go. */
static void list_near(PatchGrid g, size_t first, uint32_t *to)
{
    for (size_t i = 0; i < patch_tokens(g); i++) {
        long x = (long)(i % g.width), y = (long)(i / g.width % g.height);
        long f = (long)(i / g.width / g.height);
        for (int k = 0; k < EYE_TAPS; k++)
            *to++ = row_at(g, first, f, y + k / 3 - 1, x + k % 3 - 1);
    }
}

static void list_times(PatchGrid g, size_t first, uint32_t *to)
{
    for (size_t i = 0; i < patch_tokens(g); i++) {
        long x = (long)(i % g.width), y = (long)(i / g.width % g.height);
        long f = (long)(i / g.width / g.height);
        for (int k = 0; k < EYE_TIMES; k++) *to++ = row_at(g, first, f + k - 1, y, x);
    }
}

static void list_merge(PatchGrid g, size_t first, uint32_t *to)
{
    PatchGrid half = halved(g);
    for (size_t i = 0; i < patch_tokens(half); i++) {
        long x = (long)(i % half.width), y = (long)(i / half.width % half.height);
        long f = (long)(i / half.width / half.height);
        for (int k = 0; k < EYE_MERGE; k++)
            *to++ = row_at(g, first, f, 2 * y + k / 2, 2 * x + k % 2);
    }
}

EyeLayout *eye_layout(const PatchGrid *grid, size_t clips, Arena *a)
{
    EyeLayout *l = arena_zero(a, sizeof *l);
    for (size_t i = 0; i < clips; i++) {
        PatchGrid g = grid[i];
        for (int k = 0; k <= EYE_LEVELS; k++, g = halved(g)) l->rows[k] += patch_tokens(g);
    }
    for (int k = 0; k < EYE_LEVELS; k++) {
        l->near[k] = arena_alloc(a, l->rows[k] * EYE_TAPS * sizeof(uint32_t));
        l->merge[k] = arena_alloc(a, l->rows[k + 1] * EYE_MERGE * sizeof(uint32_t));
    }
    l->times = arena_alloc(a, l->rows[1] * EYE_TIMES * sizeof(uint32_t));
    size_t first[EYE_LEVELS + 1] = { 0 };
    for (size_t i = 0; i < clips; i++) {
        PatchGrid g = grid[i];
        for (int k = 0; k < EYE_LEVELS; k++, g = halved(g)) {
            list_near(g, first[k], l->near[k] + first[k] * EYE_TAPS);
            list_merge(g, first[k], l->merge[k] + first[k + 1] * EYE_MERGE);
            if (k == 1) list_times(g, first[k], l->times + first[k] * EYE_TIMES);
            first[k] += patch_tokens(g);
        }
        first[EYE_LEVELS] += patch_tokens(g);
    }
    return l;
}

/* ---- construction ---------------------------------------------------------------------- */

static SoraStatus linear(ParamSet *set, const char *name, ParamKind kind, size_t out, size_t in,
                         bool zero, Linear *l)
{
    char full[96];
    size_t shape[2] = { out, in };
    ParamInit init = { 0, zero ? 0 : 1 / sqrtf((float)in) };
    snprintf(full, sizeof full, "eye.%s.weight", name);
    TRY(params_declare(set, full, kind, init, 2, shape, &l->weight));
    snprintf(full, sizeof full, "eye.%s.bias", name);
    return params_declare(set, full, PARAM_OTHER, (ParamInit){ 0, 0 }, 1, shape, &l->bias);
}

static SoraStatus norm(ParamSet *set, const char *name, size_t width, Norm *n)
{
    char full[96];
    snprintf(full, sizeof full, "eye.%s.weight", name);
    TRY(params_declare(set, full, PARAM_OTHER, (ParamInit){ 1, 0 }, 1, &width, &n->weight));
    snprintf(full, sizeof full, "eye.%s.bias", name);
    return params_declare(set, full, PARAM_OTHER, (ParamInit){ 0, 0 }, 1, &width, &n->bias);
}

static SoraStatus block(ParamSet *set, const char *name, size_t width, size_t taps, Block *b)
{
    char full[64];
    snprintf(full, sizeof full, "%s.norm", name);
    TRY(norm(set, full, width, &b->norm));
    snprintf(full, sizeof full, "%s.taps", name);
    TRY(linear(set, full, PARAM_HIDDEN, width, taps * width, false, &b->taps));
    snprintf(full, sizeof full, "%s.out", name);
    return linear(set, full, PARAM_HIDDEN, width, width, true, &b->out);
}

SoraStatus eye_new(const EyeConfig *config, ParamSet *set, Arena *weights, Eye **out)
{
    Eye *e = arena_zero(weights, sizeof *e);
    const size_t *c = config->channels;
    e->c = *config;
    TRY(linear(set, "stem", PARAM_OTHER, c[0], patch_values(EYE_PATCH), false, &e->stem));
    for (int k = 0; k < EYE_LEVELS; k++)
        for (int b = 0; b < EYE_BLOCKS; b++) {
            char name[32];
            snprintf(name, sizeof name, "level.%d.%d", k, b);
            TRY(block(set, name, c[k], EYE_TAPS, &e->near[k][b]));
        }
    TRY(norm(set, "down.norm", c[0], &e->down_norm));
    TRY(linear(set, "down", PARAM_HIDDEN, c[1], EYE_MERGE * c[0], false, &e->down));
    TRY(block(set, "times", c[1], EYE_TIMES, &e->times));
    TRY(norm(set, "end.norm", c[1], &e->end_norm));
    *out = e;
    return SORA_OK;
}

size_t eye_values(const EyeConfig *c)
{
    return EYE_MERGE * c->channels[1];
}

/* ---- looking --------------------------------------------------------------------------- */

/* norm(x), `taps` rows of it side by side: [rows, taps * width]. */
static Tensor *spread(Tape *t, Tensor *x, const Norm *n, const uint32_t *from, size_t rows,
                      size_t taps)
{
    size_t width = tensor_width(x);
    Tensor *y = op_layer_norm(t, x, n->weight, n->bias, NORM_EPS, false);
    return op_reshape(t, op_gather(t, y, from, rows * taps), rows, taps * width);
}

static Tensor *run_block(Tape *t, Tensor *x, const Block *b, const uint32_t *from, size_t taps)
{
    Tensor *h = spread(t, x, &b->norm, from, tensor_row_count(x), taps);
    h = op_linear(t, h, b->taps.weight, b->taps.bias, GEMM_GELU_TANH, false);
    return op_linear_residual(t, h, b->out.weight, b->out.bias, x, NULL, NULL);
}

Tensor *eye_forward(const Eye *e, Tape *t, Tensor *x, const EyeLayout *l)
{
    Tensor *h = op_linear(t, x, e->stem.weight, e->stem.bias, GEMM_NONE, true);
    for (int b = 0; b < EYE_BLOCKS; b++) h = run_block(t, h, &e->near[0][b], l->near[0], EYE_TAPS);
    h = spread(t, h, &e->down_norm, l->merge[0], l->rows[1], EYE_MERGE);
    h = op_linear(t, h, e->down.weight, e->down.bias, GEMM_NONE, true);
    h = run_block(t, h, &e->near[1][0], l->near[1], EYE_TAPS);
    h = run_block(t, h, &e->times, l->times, EYE_TIMES);
    for (int b = 1; b < EYE_BLOCKS; b++) h = run_block(t, h, &e->near[1][b], l->near[1], EYE_TAPS);
    return spread(t, h, &e->end_norm, l->merge[1], l->rows[2], EYE_MERGE);
}
