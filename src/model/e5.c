#include "model/e5.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/attention.h"
#include "tensor/convert.h"
#include "tensor/gemm.h"
#include "tensor/rows.h"

typedef struct Linear {
    uint16_t *weight; /* [out, in] bf16 */
    float *bias;
    size_t out, in;
} Linear;

typedef struct Norm {
    const float *weight, *bias;
} Norm;

typedef struct Layer {
    Linear qkv, merge, widen, narrow;
    Norm after_attention, after_mlp;
} Layer;

struct E5 {
    Tokenizer *tokenizer;
    uint32_t bos, eos;
    const char *prefix;
    size_t width, heads, hidden, layers, words;
    float eps;
    const Tensor *word; /* [words, width], in the file */
    float *position;    /* [E5_TOKENS_MAX, width], the type embedding added */
    Norm norm;
    Layer *layer;
};

/* ---- loading ----------------------------------------------------------------------------- */

enum { BLOCK = 32, BLOCK_BYTES = 18, NAME_MAX_ = 128 };

typedef struct Loader {
    const Safetensors *file;
    const char *name;
    Arena *weights;
} Loader;

/* A U8 matrix holds Q4_0 blocks: an f16 scale d and 32 numbers (q - 8) d, whose low nibbles are
 * the first 16. */
static bool is_blocks(const Tensor *x)
{
    return x->type == TYPE_U8;
}

static void read_row(const Tensor *x, size_t row, size_t width, float *out)
{
    if (!is_blocks(x)) {
        const char *data = x->data;
        convert_row(out, TYPE_F32, data + row * width * type_block_bytes(x->type), x->type, width);
        return;
    }
    const unsigned char *b = (const unsigned char *)x->data + row * (width / BLOCK * BLOCK_BYTES);
    for (size_t i = 0; i < width; i += BLOCK, b += BLOCK_BYTES) {
        float d = f16_to_f32((uint16_t)(b[0] | b[1] << 8));
        for (size_t j = 0; j < BLOCK / 2; j++) {
            out[i + j] = (float)((b[2 + j] & 15) - 8) * d;
            out[i + j + BLOCK / 2] = (float)((b[2 + j] >> 4) - 8) * d;
        }
    }
}

/* A matrix of any type that read_row reads; a vector is a matrix of one row. */
static SoraStatus find(const Loader *l, const char *name, size_t rows, size_t width,
                       const Tensor **out)
{
    const Tensor *x = safetensors_find(l->file, name);
    if (!x) return err_set(SORA_E_FORMAT, "%s: there is no tensor %s", l->name, name);
    bool plain = x->type == TYPE_F32 || x->type == TYPE_BF16 || x->type == TYPE_F16;
    size_t stored = is_blocks(x) ? width / BLOCK * BLOCK_BYTES : width;
    char is[64];
    if (!plain && !is_blocks(x))
        return err_set(SORA_E_FORMAT, "%s: %s is %s, a float type or 4-bit blocks are expected",
                       l->name, name, tensor_describe(x, is, sizeof is));
    if (tensor_row_count(x) != rows || tensor_width(x) != stored)
        return err_set(SORA_E_FORMAT, "%s: %s is %s, the model needs [%zu,%zu]", l->name, name,
                       tensor_describe(x, is, sizeof is), rows, stored);
    *out = x;
    return SORA_OK;
}

static SoraStatus load_vector(const Loader *l, const char *part, const char *kind, size_t n,
                              float *out)
{
    char name[NAME_MAX_];
    const Tensor *x;
    snprintf(name, sizeof name, "%s.%s", part, kind);
    TRY(find(l, name, 1, n, &x));
    read_row(x, 0, n, out);
    return SORA_OK;
}

static SoraStatus load_norm(const Loader *l, const char *part, size_t width, Norm *out)
{
    float *both = arena_alloc(l->weights, 2 * width * sizeof *both);
    *out = (Norm){ both, both + width };
    TRY(load_vector(l, part, "weight", width, both));
    return load_vector(l, part, "bias", width, both + width);
}

/* Fills `x->out / parts` rows from row `first` on. */
static SoraStatus fill_linear(const Loader *l, const char *part, size_t first, size_t rows,
                              Linear *x)
{
    char name[NAME_MAX_];
    const Tensor *from;
    snprintf(name, sizeof name, "%s.weight", part);
    TRY(find(l, name, rows, x->in, &from));
    float row[4096];
    for (size_t i = 0; i < rows; i++) {
        read_row(from, i, x->in, row);
        convert_row(x->weight + (first + i) * x->in, TYPE_BF16, row, TYPE_F32, x->in);
    }
    return load_vector(l, part, "bias", rows, x->bias + first);
}

static Linear new_linear(const Loader *l, size_t out, size_t in)
{
    return (Linear){ arena_alloc(l->weights, out * in * sizeof(uint16_t)),
                     arena_alloc(l->weights, out * sizeof(float)), out, in };
}

static SoraStatus load_layer(const Loader *l, const E5 *e, size_t index, Layer *y)
{
    static const char *const qkv[] = { "query", "key", "value" };
    size_t d = e->width;
    char at[64], part[NAME_MAX_];
    snprintf(at, sizeof at, "encoder.layer.%zu", index);
    y->qkv = new_linear(l, 3 * d, d);
    for (size_t i = 0; i < 3; i++) {
        snprintf(part, sizeof part, "%s.attention.self.%s", at, qkv[i]);
        TRY(fill_linear(l, part, i * d, d, &y->qkv));
    }
    y->merge = new_linear(l, d, d);
    snprintf(part, sizeof part, "%s.attention.output.dense", at);
    TRY(fill_linear(l, part, 0, d, &y->merge));
    y->widen = new_linear(l, e->hidden, d);
    snprintf(part, sizeof part, "%s.intermediate.dense", at);
    TRY(fill_linear(l, part, 0, e->hidden, &y->widen));
    y->narrow = new_linear(l, d, e->hidden);
    snprintf(part, sizeof part, "%s.output.dense", at);
    TRY(fill_linear(l, part, 0, d, &y->narrow));
    snprintf(part, sizeof part, "%s.attention.output.LayerNorm", at);
    TRY(load_norm(l, part, d, &y->after_attention));
    snprintf(part, sizeof part, "%s.output.LayerNorm", at);
    return load_norm(l, part, d, &y->after_mlp);
}

static SoraStatus load_embeddings(const Loader *l, E5 *e)
{
    static const char *const at = "embeddings.position_embeddings.weight";
    const Tensor *position, *type;
    size_t d = e->width;
    TRY(find(l, "embeddings.word_embeddings.weight", e->words, d, &e->word));
    const Tensor *stored = safetensors_find(l->file, at);
    size_t rows = stored ? tensor_row_count(stored) : 0;
    if (stored && rows < E5_TOKENS_MAX)
        return err_set(SORA_E_FORMAT, "%s: %s has %zu rows, at least %d are needed", l->name, at,
                       rows, (int)E5_TOKENS_MAX);
    TRY(find(l, at, rows, d, &position));
    TRY(find(l, "embeddings.token_type_embeddings.weight", 2, d, &type));
    e->position = arena_alloc(l->weights, E5_TOKENS_MAX * d * sizeof *e->position);
    float first[4096];
    read_row(type, 0, d, first);
    for (size_t i = 0; i < E5_TOKENS_MAX; i++) {
        read_row(position, i, d, e->position + i * d);
        for (size_t j = 0; j < d; j++) e->position[i * d + j] += first[j];
    }
    return load_norm(l, "embeddings.LayerNorm", d, &e->norm);
}

static SoraStatus load_tokenizer(const Loader *l, E5 *e)
{
    const Tensor *x = safetensors_find(l->file, "spiece_model");
    if (!x || x->type != TYPE_U8)
        return err_set(SORA_E_FORMAT, "%s: there is no tokenizer (a u8 tensor spiece_model)",
                       l->name);
    TRY(tokenizer_read_spiece((Slice){ x->data, tensor_count(x) }, l->name, l->weights,
                              &e->tokenizer));
    if (!tokenizer_find(e->tokenizer, "<s>", &e->bos) ||
        !tokenizer_find(e->tokenizer, "</s>", &e->eos))
        return err_set(SORA_E_FORMAT, "%s: the tokenizer lacks <s> or </s>", l->name);
    e->words = tokenizer_count(e->tokenizer);
    return SORA_OK;
}

/* Sizes come from the tensors, what they cannot tell from the metadata. */
static SoraStatus load_sizes(const Loader *l, E5 *e)
{
    const Tensor *norm = safetensors_find(l->file, "embeddings.LayerNorm.weight");
    const Tensor *widen = safetensors_find(l->file, "encoder.layer.0.intermediate.dense.bias");
    const char *heads = safetensors_metadata(l->file, "heads");
    const char *eps = safetensors_metadata(l->file, "eps");
    const char *prefix = safetensors_metadata(l->file, "prefix");
    e->width = norm ? tensor_count(norm) : 0;
    e->hidden = widen ? tensor_count(widen) : 0;
    e->heads = heads ? strtoul(heads, NULL, 10) : 12;
    e->eps = eps ? strtof(eps, NULL) : 1e-12f;
    e->prefix = arena_strdup(l->weights, prefix ? prefix : "query: ");
    char name[NAME_MAX_];
    do snprintf(name, sizeof name, "encoder.layer.%zu.output.LayerNorm.bias", e->layers);
    while (safetensors_find(l->file, name) && ++e->layers);
    bool whole = e->width % BLOCK == 0 && e->hidden % BLOCK == 0 && e->heads &&
                 e->width % e->heads == 0 && e->width / e->heads <= 256;
    if (!whole || !e->width || !e->hidden || e->width > 4096 || e->hidden > 4096 || !e->layers)
        return err_set(SORA_E_FORMAT,
                       "%s: an encoder of width %zu, hidden width %zu, %zu layers and %zu heads "
                       "cannot be run",
                       l->name, e->width, e->hidden, e->layers, e->heads);
    if (!(e->eps >= 0 && e->eps < 1))
        return err_set(SORA_E_FORMAT, "%s: eps is %s, a small number is expected", l->name, eps);
    return SORA_OK;
}

bool e5_fits(const Safetensors *file)
{
    return safetensors_find(file, "embeddings.word_embeddings.weight") &&
           safetensors_find(file, "encoder.layer.0.attention.self.query.weight");
}

SoraStatus e5_load(const Safetensors *file, const char *name, Arena *weights, E5 **out)
{
    Loader l = { file, name, weights };
    E5 *e = arena_zero(weights, sizeof *e);
    TRY(load_sizes(&l, e));
    TRY(load_tokenizer(&l, e));
    TRY(load_embeddings(&l, e));
    e->layer = arena_zero(weights, e->layers * sizeof *e->layer);
    for (size_t i = 0; i < e->layers; i++) TRY(load_layer(&l, e, i, &e->layer[i]));
    *out = e;
    return SORA_OK;
}

size_t e5_width(const E5 *e)
{
    return e->width;
}

/* ---- running ----------------------------------------------------------------------------- */

SoraStatus e5_tokens(const E5 *e, const char *prompt, Arena *a, TokenizerIds *out, bool *cut)
{
    char *text = arena_printf(a, "%s%s", e->prefix, prompt);
    TokenizerIds inner;
    TRY(tokenizer_encode(e->tokenizer, text, strlen(text), a, &inner));
    *cut = inner.count > E5_TOKENS_MAX - 2;
    if (*cut) inner.count = E5_TOKENS_MAX - 2;
    out->count = inner.count + 2;
    out->id = arena_alloc(a, out->count * sizeof *out->id);
    out->id[0] = e->bos;
    memcpy(out->id + 1, inner.id, inner.count * sizeof *inner.id);
    out->id[out->count - 1] = e->eos;
    return SORA_OK;
}

static void norm_in_place(const E5 *e, const Compute *c, const Norm *n, float *x, size_t rows)
{
    Rows all = rows_f32(x, e->width);
    rows_norm(c, &(RowsNorm){ .rows = rows,
                              .width = e->width,
                              .eps = e->eps,
                              .x = all,
                              .y = all,
                              .scale = n->weight,
                              .shift = n->bias,
                              .table_stride = e->width });
}

typedef struct Embedding {
    const E5 *e;
    const uint32_t *id;
    const size_t *start;
    float *x;
} Embedding;

static void embed_text(void *ctx, size_t s, int worker)
{
    const Embedding *m = ctx;
    size_t d = m->e->width;
    (void)worker;
    for (size_t i = m->start[s]; i < m->start[s + 1]; i++) {
        float *x = m->x + i * d;
        const float *position = m->e->position + (i - m->start[s]) * d;
        read_row(m->e->word, m->id[i], d, x);
        for (size_t j = 0; j < d; j++) x[j] += position[j];
    }
}

/* Activations of one forward pass; x is the residual stream. */
typedef struct Run {
    const E5 *e;
    const Compute *c;
    size_t rows, texts;
    const size_t *start;
    float *x;
    uint16_t *qkv, *mixed, *wide;
} Run;

static GemmCall linear_call(const Run *r, const Linear *w, const void *in, Type in_type)
{
    return (GemmCall){ .m = r->rows,
                       .n = w->out,
                       .k = w->in,
                       .a = { in, in_type, w->in, false },
                       .b = { w->weight, TYPE_BF16, w->in, true },
                       .c_type = TYPE_BF16,
                       .c_stride = w->out,
                       .bias = w->bias };
}

static void add_to_stream(const Run *r, const Linear *w, const uint16_t *in)
{
    GemmCall g = linear_call(r, w, in, TYPE_BF16);
    g.c = r->x;
    g.c_type = TYPE_F32;
    g.residual = r->x;
    g.residual_stride = w->out;
    gemm(r->c, &g);
}

static void attend(const Run *r)
{
    size_t d = r->e->width, head = d / r->e->heads;
    AttentionCall a = { .heads = r->e->heads,
                        .head_dim = head,
                        .scale = 1 / sqrtf((float)head),
                        .sequences = r->texts,
                        .q_start = r->start,
                        .k_start = r->start,
                        .type = TYPE_BF16,
                        .q = r->qkv,
                        .k = r->qkv + d,
                        .v = r->qkv + 2 * d,
                        .q_stride = 3 * d,
                        .k_stride = 3 * d,
                        .v_stride = 3 * d,
                        .out = r->mixed,
                        .out_stride = d };
    attention_forward(r->c, &a);
}

static void run_layer(const Run *r, const Layer *y)
{
    GemmCall g = linear_call(r, &y->qkv, r->x, TYPE_F32);
    g.c = r->qkv;
    gemm(r->c, &g);
    attend(r);
    add_to_stream(r, &y->merge, r->mixed);
    norm_in_place(r->e, r->c, &y->after_attention, r->x, r->rows);
    g = linear_call(r, &y->widen, r->x, TYPE_F32);
    g.c = r->wide;
    g.act = GEMM_GELU_ERF;
    gemm(r->c, &g);
    add_to_stream(r, &y->narrow, r->wide);
    norm_in_place(r->e, r->c, &y->after_mlp, r->x, r->rows);
}

void e5_forward(const E5 *e, const Compute *c, const uint32_t *id, const size_t *start,
                size_t count, Arena *step, float *states)
{
    ArenaMark mark = arena_mark(step);
    size_t rows = start[count], d = e->width;
    Run r = { e, c, rows, count, start, states };
    r.qkv = arena_alloc(step, rows * 3 * d * sizeof *r.qkv);
    r.mixed = arena_alloc(step, rows * d * sizeof *r.mixed);
    r.wide = arena_alloc(step, rows * e->hidden * sizeof *r.wide);
    Embedding embedding = { e, id, start, states };
    parallel_for(c->pool, count, embed_text, &embedding);
    norm_in_place(e, c, &e->norm, states, rows);
    for (size_t i = 0; i < e->layers; i++) run_layer(&r, &e->layer[i]);
    arena_rewind(step, mark);
}

static void embed_word(void *ctx, size_t i, int worker)
{
    const Embedding *m = ctx;
    size_t d = m->e->width;
    float *x = m->x + i * d, mean = 0, square = 0;
    (void)worker;
    read_row(m->e->word, m->id[i], d, x);
    for (size_t j = 0; j < d; j++) mean += x[j] / (float)d;
    for (size_t j = 0; j < d; j++) square += (x[j] - mean) * (x[j] - mean) / (float)d;
    for (size_t j = 0; j < d; j++) x[j] = (x[j] - mean) / sqrtf(square + 1e-12f);
}

void e5_words(const E5 *e, const Compute *c, const uint32_t *id, size_t tokens, float *words)
{
    Embedding m = { e, id, NULL, words };
    parallel_for(c->pool, tokens, embed_word, &m);
}
