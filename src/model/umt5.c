#include "model/umt5.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "tensor/attention.h"
#include "tensor/convert.h"
#include "tensor/rows.h"

static const float EPS = 1e-6f;
enum { NEAREST = 8, FARTHEST = 128, NAME_SIZE = 128, HEAD_DIM_MAX = 256 };

typedef struct Layer {
    EncoderNorm before_attention, before_mlp;
    EncoderLinear qkv[3], merge, gate, widen, narrow;
    const float *bias; /* [buckets, heads] */
} Layer;

struct Umt5 {
    size_t width, heads, inner, hidden, layers, words, buckets;
    const Tensor *word;
    const float *norm;
    Layer *layer;
};

/* ---- names ------------------------------------------------------------------------------- */

/* What a tensor is called in Wan's files, in Hugging Face's and in GGUF ones; %zu: the layer. */
typedef enum Part {
    WORD,
    NORM,
    NORM1,
    NORM2,
    BIAS,
    QUERY,
    KEY,
    VALUE,
    MERGE,
    GATE,
    WIDEN,
    NARROW,
    PARTS
} Part;

enum { LAYOUTS = 3 };

static const char *const names[PARTS][LAYOUTS] = {
    [WORD] = { "token_embedding.weight", "shared.weight", "token_embd.weight" },
    [NORM] = { "norm.weight", "encoder.final_layer_norm.weight", "enc.output_norm.weight" },
    [NORM1] = { "blocks.%zu.norm1.weight", "encoder.block.%zu.layer.0.layer_norm.weight",
                "enc.blk.%zu.attn_norm.weight" },
    [NORM2] = { "blocks.%zu.norm2.weight", "encoder.block.%zu.layer.1.layer_norm.weight",
                "enc.blk.%zu.ffn_norm.weight" },
    [BIAS] = { "blocks.%zu.pos_embedding.embedding.weight",
               "encoder.block.%zu.layer.0.SelfAttention.relative_attention_bias.weight",
               "enc.blk.%zu.attn_rel_b.weight" },
    [QUERY] = { "blocks.%zu.attn.q.weight", "encoder.block.%zu.layer.0.SelfAttention.q.weight",
                "enc.blk.%zu.attn_q.weight" },
    [KEY] = { "blocks.%zu.attn.k.weight", "encoder.block.%zu.layer.0.SelfAttention.k.weight",
              "enc.blk.%zu.attn_k.weight" },
    [VALUE] = { "blocks.%zu.attn.v.weight", "encoder.block.%zu.layer.0.SelfAttention.v.weight",
                "enc.blk.%zu.attn_v.weight" },
    [MERGE] = { "blocks.%zu.attn.o.weight", "encoder.block.%zu.layer.0.SelfAttention.o.weight",
                "enc.blk.%zu.attn_o.weight" },
    [GATE] = { "blocks.%zu.ffn.gate.0.weight",
               "encoder.block.%zu.layer.1.DenseReluDense.wi_0.weight",
               "enc.blk.%zu.ffn_gate.weight" },
    [WIDEN] = { "blocks.%zu.ffn.fc1.weight", "encoder.block.%zu.layer.1.DenseReluDense.wi_1.weight",
                "enc.blk.%zu.ffn_up.weight" },
    [NARROW] = { "blocks.%zu.ffn.fc2.weight", "encoder.block.%zu.layer.1.DenseReluDense.wo.weight",
                 "enc.blk.%zu.ffn_down.weight" },
};

typedef struct Loader {
    const EncoderFile *file;
    int layout;
    Umt5 *e;
    char name[NAME_SIZE];
} Loader;

static const char *name_of(Loader *l, Part part, size_t layer)
{
    const char *form = names[part][l->layout], *hole = strstr(form, "%zu");
    if (hole)
        snprintf(l->name, sizeof l->name, "%.*s%zu%s", (int)(hole - form), form, layer, hole + 3);
    else
        snprintf(l->name, sizeof l->name, "%s", form);
    return l->name;
}

static const Tensor *look(Loader *l, Part part, size_t layer)
{
    return l->file->lookup(l->file->self, name_of(l, part, layer));
}

static bool find_layout(Loader *l)
{
    for (l->layout = 0; l->layout < LAYOUTS; l->layout++)
        if (look(l, WORD, 0) && look(l, BIAS, 0)) return true;
    return false;
}

/* ---- loading ----------------------------------------------------------------------------- */

bool umt5_fits(const EncoderFile *f)
{
    return find_layout(&(Loader){ .file = f });
}

static SoraStatus find_sizes(Loader *l)
{
    Umt5 *e = l->e;
    const Tensor *word = look(l, WORD, 0), *bias = look(l, BIAS, 0);
    const Tensor *query = look(l, QUERY, 0), *gate = look(l, GATE, 0);
    e->words = word->shape[0];
    e->width = word->shape[1];
    e->buckets = bias->shape[0];
    e->heads = bias->shape[1];
    e->inner = query ? query->shape[0] : 0;
    e->hidden = gate ? gate->shape[0] : 0;
    while (look(l, BIAS, e->layers)) e->layers++;
    bool whole = e->heads && e->inner && e->inner % e->heads == 0 && e->hidden && e->width;
    if (!whole || e->inner / e->heads > HEAD_DIM_MAX || e->buckets <= 2 * NEAREST || e->buckets % 2)
        return err_set(
            SORA_E_FORMAT,
            "%s: a text encoder of width %zu, hidden width %zu, %zu heads on %zu numbers "
            "and %zu distances cannot be run",
            l->file->name, e->width, e->hidden, e->heads, e->inner, e->buckets);
    return SORA_OK;
}

static SoraStatus load_linear(Loader *l, Part part, size_t layer, size_t out, size_t in,
                              EncoderLinear *y)
{
    return encoder_matrix(l->file, name_of(l, part, layer), out, in, &y->weight);
}

static SoraStatus load_layer(Loader *l, size_t i, Layer *y)
{
    const Umt5 *e = l->e;
    const EncoderFile *f = l->file;
    for (Part p = QUERY; p <= VALUE; p++)
        TRY(load_linear(l, p, i, e->inner, e->width, &y->qkv[p - QUERY]));
    TRY(load_linear(l, MERGE, i, e->width, e->inner, &y->merge));
    TRY(load_linear(l, GATE, i, e->hidden, e->width, &y->gate));
    TRY(load_linear(l, WIDEN, i, e->hidden, e->width, &y->widen));
    TRY(load_linear(l, NARROW, i, e->width, e->hidden, &y->narrow));
    TRY(encoder_vector(f, name_of(l, NORM1, i), e->width, &y->before_attention.weight));
    TRY(encoder_vector(f, name_of(l, NORM2, i), e->width, &y->before_mlp.weight));
    return encoder_vector(f, name_of(l, BIAS, i), e->buckets * e->heads, &y->bias);
}

SoraStatus umt5_load(const EncoderFile *f, Umt5 **out)
{
    Umt5 *e = arena_zero(f->weights, sizeof *e);
    Loader l = { .file = f, .e = e };
    if (!find_layout(&l))
        return err_set(SORA_E_FORMAT, "%s holds no umT5 encoder: there is no tensor %s", f->name,
                       names[BIAS][0]);
    TRY(find_sizes(&l));
    TRY(encoder_matrix(f, name_of(&l, WORD, 0), e->words, e->width, &e->word));
    TRY(encoder_vector(f, name_of(&l, NORM, 0), e->width, &e->norm));
    e->layer = arena_zero(f->weights, e->layers * sizeof *e->layer);
    for (size_t i = 0; i < e->layers; i++) TRY(load_layer(&l, i, &e->layer[i]));
    *out = e;
    return SORA_OK;
}

size_t umt5_width(const Umt5 *e)
{
    return e->width;
}

size_t umt5_layers(const Umt5 *e)
{
    return e->layers;
}

size_t umt5_words(const Umt5 *e)
{
    return e->words;
}

/* ---- running ----------------------------------------------------------------------------- */

size_t umt5_bucket(ptrdiff_t distance, size_t buckets)
{
    size_t half = buckets / 2, after = distance > 0 ? half : 0;
    size_t a = (size_t)(distance < 0 ? -distance : distance), exact = half / 2;
    if (a < exact) return after + a;
    double far = log((double)a / (double)exact) / log((double)FARTHEST / (double)exact);
    return after + size_min(half - 1, exact + (size_t)(far * (double)(half - exact)));
}

typedef struct Run {
    const Umt5 *e;
    const Compute *c;
    GemmPrecision precision;
    size_t rows, texts, reach;
    const size_t *start;
    float *x;           /* the residual stream */
    char *normed, *qkv; /* of encoder_type */
    char *mixed, *gate, *wide;
    float *bias; /* [heads, 2 * reach + 1] */
} Run;

static void rms(const Run *r, const float *weight, Rows y)
{
    size_t d = r->e->width;
    rows_norm(r->c, &(RowsNorm){ .rows = r->rows,
                                 .width = d,
                                 .rms = true,
                                 .eps = EPS,
                                 .x = rows_f32(r->x, d),
                                 .y = y,
                                 .scale = weight,
                                 .table_stride = d });
}

static void to_buffer(const Run *r, const EncoderLinear *w, const void *x, void *out,
                      GemmActivation act)
{
    GemmCall g = encoder_linear(w, r->precision, r->rows, x, encoder_type(r->precision));
    g.c = out;
    g.act = act;
    gemm(r->c, &g);
}

static void to_stream(const Run *r, const EncoderLinear *w, const void *x)
{
    GemmCall g = encoder_linear(w, r->precision, r->rows, x, encoder_type(r->precision));
    g.c = r->x;
    g.c_type = TYPE_F32;
    g.residual = r->x;
    g.residual_stride = g.n;
    gemm(r->c, &g);
}

/* What attention adds for every head and distance; buckets grow with distance, so they are few. */
static void spread_bias(const Run *r, const float *table)
{
    size_t wide = 2 * r->reach + 1, heads = r->e->heads;
    for (size_t i = 0; i < wide; i++) {
        size_t bucket = umt5_bucket((ptrdiff_t)i - (ptrdiff_t)r->reach, r->e->buckets);
        for (size_t h = 0; h < heads; h++) r->bias[h * wide + i] = table[bucket * heads + h];
    }
}

static void attend(const Run *r)
{
    size_t inner = r->e->inner, bytes = type_block_bytes(encoder_type(r->precision));
    size_t plane = r->rows * inner * bytes;
    AttentionCall a = { .heads = r->e->heads,
                        .head_dim = inner / r->e->heads,
                        .scale = 1,
                        .sequences = r->texts,
                        .q_start = r->start,
                        .k_start = r->start,
                        .type = encoder_type(r->precision),
                        .q = r->qkv,
                        .k = r->qkv + plane,
                        .v = r->qkv + 2 * plane,
                        .q_stride = inner,
                        .k_stride = inner,
                        .v_stride = inner,
                        .out = r->mixed,
                        .out_stride = inner,
                        .bias = r->bias,
                        .bias_reach = r->reach,
                        .exact = r->precision == GEMM_F32 };
    attention_forward(r->c, &a);
}

static void run_layer(const Run *r, const Layer *y)
{
    const Umt5 *e = r->e;
    Type type = encoder_type(r->precision);
    Rows normed = { r->normed, type, e->width }, gate = { r->gate, type, e->hidden };
    Rows wide = { r->wide, type, e->hidden };
    rms(r, y->before_attention.weight, normed);
    for (size_t i = 0; i < 3; i++) {
        char *out = r->qkv + i * r->rows * e->inner * type_block_bytes(type);
        to_buffer(r, &y->qkv[i], r->normed, out, GEMM_NONE);
    }
    spread_bias(r, y->bias);
    attend(r);
    to_stream(r, &y->merge, r->mixed);
    rms(r, y->before_mlp.weight, normed);
    to_buffer(r, &y->gate, r->normed, r->gate, GEMM_GELU_TANH);
    to_buffer(r, &y->widen, r->normed, r->wide, GEMM_NONE);
    rows_map(
        r->c,
        &(RowsMap){
            .op = ROWS_MUL, .rows = r->rows, .width = e->hidden, .y = wide, .a = gate, .b = wide });
    to_stream(r, &y->narrow, r->wide);
}

static void allocate(Run *r, Arena *step)
{
    const Umt5 *e = r->e;
    size_t bytes = type_block_bytes(encoder_type(r->precision)), longest = 1;
    for (size_t i = 0; i < r->texts; i++)
        longest = size_max(longest, r->start[i + 1] - r->start[i]);
    r->reach = longest - 1;
    r->normed = arena_alloc(step, r->rows * e->width * bytes);
    r->qkv = arena_alloc(step, 3 * r->rows * e->inner * bytes);
    r->mixed = arena_alloc(step, r->rows * e->inner * bytes);
    r->gate = arena_alloc(step, r->rows * e->hidden * bytes);
    r->wide = arena_alloc(step, r->rows * e->hidden * bytes);
    r->bias = arena_alloc(step, e->heads * (2 * r->reach + 1) * sizeof *r->bias);
}

void umt5_forward(const Umt5 *e, const Compute *c, GemmPrecision precision, const uint32_t *id,
                  const size_t *start, size_t count, Arena *step, float *states,
                  float *const *block)
{
    ArenaMark mark = arena_mark(step);
    Run r = { .e = e, .c = c, .precision = precision, .rows = start[count], .texts = count };
    r.start = start;
    r.x = states;
    allocate(&r, step);
    for (size_t i = 0; i < r.rows; i++) encoder_row(e->word, id[i], r.x + i * e->width);
    for (size_t i = 0; i < e->layers; i++) {
        run_layer(&r, &e->layer[i]);
        if (block) memcpy(block[i], r.x, r.rows * e->width * sizeof *r.x);
    }
    rms(&r, e->norm, rows_f32(states, e->width));
    arena_rewind(step, mark);
}
