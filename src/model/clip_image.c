#include "model/clip_image.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/bicubic.h"
#include "tensor/attention.h"
#include "tensor/rows.h"

static const float EPS = 1e-5f;
enum { CHANNELS = 3, HEAD_DIM = 80, NAME_SIZE = 128, HEAD_DIM_MAX = 256 };
static const float MEAN[CHANNELS] = { 0.48145466f, 0.4578275f, 0.40821073f };
static const float STD[CHANNELS] = { 0.26862954f, 0.26130258f, 0.27577711f };

typedef struct Layer {
    EncoderNorm norm1, norm2;
    EncoderLinear qkv[3]; /* Hugging Face; in Wan's files qkv[0] is all three */
    EncoderLinear merge, widen, narrow;
} Layer;

struct ClipImage {
    size_t width, heads, hidden, layers, patch, side; /* side: patches on one */
    bool fused;                                       /* query, key and value are one matrix */
    EncoderLinear patches;
    const float *first, *position; /* [width], [tokens, width] */
    EncoderNorm norm;
    Layer *layer;
};

/* ---- loading ----------------------------------------------------------------------------- */

typedef enum Part { PATCH, FIRST, POSITION, NORM, LAYER, NORM1, NORM2, MERGE, WIDEN, NARROW } Part;
enum { LAYOUTS = 2, WAN = 0, PARTS = NARROW + 1 };

static const char *const names[PARTS][LAYOUTS] = {
    [PATCH] = { "visual.patch_embedding.weight", "vision_model.embeddings.patch_embedding.weight" },
    [FIRST] = { "visual.cls_embedding", "vision_model.embeddings.class_embedding" },
    [POSITION] = { "visual.pos_embedding", "vision_model.embeddings.position_embedding.weight" },
    [NORM] = { "visual.pre_norm", "vision_model.pre_layrnorm" },
    [LAYER] = { "visual.transformer", "vision_model.encoder.layers" },
    [NORM1] = { "norm1", "layer_norm1" },
    [NORM2] = { "norm2", "layer_norm2" },
    [MERGE] = { "attn.proj", "self_attn.out_proj" },
    [WIDEN] = { "mlp.0", "mlp.fc1" },
    [NARROW] = { "mlp.2", "mlp.fc2" },
};

typedef struct Loader {
    const EncoderFile *file;
    int layout;
    ClipImage *e;
    char name[NAME_SIZE];
} Loader;

/* A part of a layer. */
static const char *part_name(Loader *l, size_t layer, const char *part, const char *kind)
{
    const char *at = names[LAYER][l->layout];
    snprintf(l->name, sizeof l->name, "%s.%zu.%s.%s", at, layer, part, kind);
    return l->name;
}

static bool find_layout(Loader *l)
{
    for (l->layout = 0; l->layout < LAYOUTS; l->layout++)
        if (encoder_has(l->file, names[PATCH][l->layout])) return true;
    return false;
}

bool clip_image_fits(const EncoderFile *f)
{
    return find_layout(&(Loader){ .file = f });
}

static SoraStatus load_linear(Loader *l, size_t layer, const char *part, size_t out, size_t in,
                              EncoderLinear *y)
{
    const EncoderFile *f = l->file;
    TRY(encoder_matrix(f, part_name(l, layer, part, "weight"), out, in, &y->weight));
    return encoder_vector(f, part_name(l, layer, part, "bias"), out, &y->bias);
}

static SoraStatus load_norm(Loader *l, size_t layer, Part part, EncoderNorm *y)
{
    const char *name = names[part][l->layout];
    size_t d = l->e->width;
    TRY(encoder_vector(l->file, part_name(l, layer, name, "weight"), d, &y->weight));
    return encoder_vector(l->file, part_name(l, layer, name, "bias"), d, &y->bias);
}

static SoraStatus load_layer(Loader *l, size_t i, Layer *y)
{
    static const char *const split[] = { "self_attn.q_proj", "self_attn.k_proj",
                                         "self_attn.v_proj" };
    size_t d = l->e->width, hidden = l->e->hidden;
    if (l->e->fused)
        TRY(load_linear(l, i, "attn.to_qkv", 3 * d, d, &y->qkv[0]));
    else
        for (size_t k = 0; k < 3; k++) TRY(load_linear(l, i, split[k], d, d, &y->qkv[k]));
    TRY(load_linear(l, i, names[MERGE][l->layout], d, d, &y->merge));
    TRY(load_linear(l, i, names[WIDEN][l->layout], hidden, d, &y->widen));
    TRY(load_linear(l, i, names[NARROW][l->layout], d, hidden, &y->narrow));
    TRY(load_norm(l, i, NORM1, &y->norm1));
    return load_norm(l, i, NORM2, &y->norm2);
}

static SoraStatus find_sizes(Loader *l, size_t heads)
{
    ClipImage *e = l->e;
    const EncoderFile *f = l->file;
    const Tensor *patch = f->lookup(f->self, names[PATCH][l->layout]);
    const Tensor *position = f->lookup(f->self, names[POSITION][l->layout]);
    const Tensor *wide = f->lookup(f->self, part_name(l, 0, names[WIDEN][l->layout], "bias"));
    e->fused = l->layout == WAN;
    e->width = patch->shape[0];
    e->patch = patch->shape[2];
    e->hidden = wide ? tensor_count(wide) : 0;
    e->heads = heads ? heads : e->width / HEAD_DIM;
    size_t tokens = position && e->width ? tensor_count(position) / e->width : 0;
    e->side = (size_t)lround(sqrt(tokens ? (double)(tokens - 1) : 0));
    size_t blocks = 0;
    while (encoder_has(f, part_name(l, blocks, names[MERGE][l->layout], "weight"))) blocks++;
    bool square = e->side && e->side * e->side + 1 == tokens && e->patch;
    bool whole = e->heads && e->width % e->heads == 0 && e->width / e->heads <= HEAD_DIM_MAX;
    if (!square || !whole || blocks < 2 || !e->hidden)
        return err_set(SORA_E_FORMAT,
                       "%s: an image encoder of width %zu, %zu heads, %zu blocks, %zu tokens and "
                       "patches of %zu cannot be run",
                       f->name, e->width, e->heads, blocks, tokens, e->patch);
    e->layers = blocks - 1;
    return SORA_OK;
}

SoraStatus clip_image_load(const EncoderFile *f, size_t heads, ClipImage **out)
{
    ClipImage *e = arena_zero(f->weights, sizeof *e);
    Loader l = { .file = f, .e = e };
    char name[NAME_SIZE];
    if (!find_layout(&l))
        return err_set(SORA_E_FORMAT, "%s holds no CLIP image encoder: there is no tensor %s",
                       f->name, names[PATCH][WAN]);
    TRY(find_sizes(&l, heads));
    size_t d = e->width, tokens = clip_image_tokens(e);
    TRY(encoder_matrix(f, names[PATCH][l.layout], d, CHANNELS * e->patch * e->patch,
                       &e->patches.weight));
    TRY(encoder_vector(f, names[FIRST][l.layout], d, &e->first));
    TRY(encoder_vector(f, names[POSITION][l.layout], tokens * d, &e->position));
    snprintf(name, sizeof name, "%s.weight", names[NORM][l.layout]);
    TRY(encoder_vector(f, name, d, &e->norm.weight));
    snprintf(name, sizeof name, "%s.bias", names[NORM][l.layout]);
    TRY(encoder_vector(f, name, d, &e->norm.bias));
    e->layer = arena_zero(f->weights, e->layers * sizeof *e->layer);
    for (size_t i = 0; i < e->layers; i++) TRY(load_layer(&l, i, &e->layer[i]));
    *out = e;
    return SORA_OK;
}

size_t clip_image_width(const ClipImage *e)
{
    return e->width;
}

size_t clip_image_tokens(const ClipImage *e)
{
    return e->side * e->side + 1;
}

size_t clip_image_size(const ClipImage *e)
{
    return e->side * e->patch;
}

size_t clip_image_blocks(const ClipImage *e)
{
    return e->layers;
}

/* ---- the picture ------------------------------------------------------------------------- */

/* pixels[3, side, side] from [-1, 1] to what the network was trained on. */
static void prepare(const float *image, const size_t size[2], size_t side, Arena *step,
                    float *pixels)
{
    size_t to[2] = { side, side };
    bicubic_resize(image, CHANNELS, size, to, step, pixels);
    for (size_t i = 0; i < CHANNELS * side * side; i++) {
        size_t channel = i / (side * side);
        pixels[i] = (pixels[i] * 0.5f + 0.5f - MEAN[channel]) / STD[channel];
    }
}

/* ---- running ----------------------------------------------------------------------------- */

typedef struct Run {
    const ClipImage *e;
    const Compute *c;
    GemmPrecision precision;
    size_t rows;
    float *x;
    char *normed, *qkv, *mixed, *wide;
} Run;

static void norm(const Run *r, const EncoderNorm *n, Rows y)
{
    size_t d = r->e->width;
    rows_norm(r->c, &(RowsNorm){ .rows = r->rows,
                                 .width = d,
                                 .eps = EPS,
                                 .x = rows_f32(r->x, d),
                                 .y = y,
                                 .scale = n->weight,
                                 .shift = n->bias,
                                 .table_stride = d });
}

/* out: `stride` numbers of encoder_type from row to row; NULL: added to the stream. */
static void linear(const Run *r, const EncoderLinear *w, const void *x, void *out, size_t stride)
{
    GemmCall g = encoder_linear(w, r->precision, r->rows, x, encoder_type(r->precision));
    if (out) {
        g.c = out;
        g.c_stride = stride;
    } else {
        g.c = r->x;
        g.c_type = TYPE_F32;
        g.residual = r->x;
        g.residual_stride = g.n;
    }
    gemm(r->c, &g);
}

static void attend(const Run *r, const Layer *y)
{
    size_t d = r->e->width, head = d / r->e->heads, start[] = { 0, r->rows };
    size_t bytes = type_block_bytes(encoder_type(r->precision));
    for (size_t i = 0; i < (r->e->fused ? 1 : 3); i++)
        linear(r, &y->qkv[i], r->normed, r->qkv + i * d * bytes, 3 * d);
    AttentionCall a = { .heads = r->e->heads,
                        .head_dim = head,
                        .scale = 1 / sqrtf((float)head),
                        .sequences = 1,
                        .q_start = start,
                        .k_start = start,
                        .type = encoder_type(r->precision),
                        .q = r->qkv,
                        .k = r->qkv + d * bytes,
                        .v = r->qkv + 2 * d * bytes,
                        .q_stride = 3 * d,
                        .k_stride = 3 * d,
                        .v_stride = 3 * d,
                        .out = r->mixed,
                        .out_stride = d,
                        .exact = r->precision == GEMM_F32 };
    attention_forward(r->c, &a);
}

static void run_layer(const Run *r, const Layer *y)
{
    Type type = encoder_type(r->precision);
    Rows normed = { r->normed, type, r->e->width };
    norm(r, &y->norm1, normed);
    attend(r, y);
    linear(r, &y->merge, r->mixed, NULL, 0);
    norm(r, &y->norm2, normed);
    GemmCall g = encoder_linear(&y->widen, r->precision, r->rows, r->normed, type);
    g.c = r->wide;
    g.act = GEMM_GELU_ERF;
    gemm(r->c, &g);
    linear(r, &y->narrow, r->wide, NULL, 0);
}

/* Patches as rows in the order of the kernel: channel, row, column. */
static void gather_patches(const ClipImage *e, const float *pixels, float *out)
{
    size_t p = e->patch, side = clip_image_size(e);
    for (size_t t = 0; t < e->side * e->side; t++)
        for (size_t i = 0; i < CHANNELS * p; i++) {
            size_t channel = i / p, y = t / e->side * p + i % p, x = t % e->side * p;
            memcpy(out + (t * CHANNELS * p + i) * p, pixels + (channel * side + y) * side + x,
                   p * sizeof *out);
        }
}

static void embed(const Run *r, const float *pixels, Arena *step)
{
    const ClipImage *e = r->e;
    size_t d = e->width, in = CHANNELS * e->patch * e->patch, patches = r->rows - 1;
    float *rows = arena_alloc(step, patches * in * sizeof *rows);
    gather_patches(e, pixels, rows);
    memcpy(r->x, e->first, d * sizeof *r->x);
    GemmCall g = encoder_linear(&e->patches, r->precision, patches, rows, TYPE_F32);
    g.c = r->x + d;
    g.c_type = TYPE_F32;
    gemm(r->c, &g);
    for (size_t i = 0; i < r->rows * d; i++) r->x[i] += e->position[i];
    norm(r, &e->norm, rows_f32(r->x, d));
}

static void copy(float *to, const float *from, size_t n)
{
    if (to) memcpy(to, from, n * sizeof *to);
}

void clip_image_encode(const ClipImage *e, const Compute *c, GemmPrecision precision,
                       const float *image, const size_t size[2], Arena *step, float *out,
                       const ClipImageTrace *trace)
{
    ArenaMark mark = arena_mark(step);
    size_t rows = clip_image_tokens(e), d = e->width, side = clip_image_size(e);
    size_t bytes = type_block_bytes(encoder_type(precision)), n = rows * d;
    ClipImageTrace none = { 0 };
    if (!trace) trace = &none;
    Run r = { e, c, precision, rows, out };
    r.normed = arena_alloc(step, n * bytes);
    r.qkv = arena_alloc(step, 3 * n * bytes);
    r.mixed = arena_alloc(step, n * bytes);
    r.wide = arena_alloc(step, rows * e->hidden * bytes);
    float *pixels = arena_alloc(step, CHANNELS * side * side * sizeof *pixels);
    prepare(image, size, side, step, pixels);
    copy(trace->pixels, pixels, CHANNELS * side * side);
    embed(&r, pixels, step);
    copy(trace->normed, out, n);
    for (size_t i = 0; i < e->layers; i++) {
        run_layer(&r, &e->layer[i]);
        copy(trace->block ? trace->block[i] : NULL, out, n);
    }
    arena_rewind(step, mark);
}
