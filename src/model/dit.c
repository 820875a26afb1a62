#include "model/dit.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/dit_cache.h"
#include "model/dit_parts.h"
#include "nn/embed.h"

enum { TIME_FREQUENCIES = 256, MODULATIONS = 6 };
#define TEXT_NORM_EPS 1e-6f
enum { SHIFT_SELF, SCALE_SELF, GATE_SELF, SHIFT_MLP, SCALE_MLP, GATE_MLP };

DitConfig dit_config_default(void)
{
    size_t patch = 8;
    return (DitConfig){
        .width = 256,
        .heads = 4,
        .layers = 8,
        .hidden = 704,
        .in_values = patch_values(patch) + PATCH_FRAMES,
        .out_values = patch_values(patch),
        .bottleneck = 128,
        .text_width = 384,
        .patch = patch,
        .gated = true,
        .norm_heads = true,
        .text_pooled = true,
        .text_norm = true,
        .step_input = true,
        .positions = true,
        .predicts_clean = true,
        .eps = 1e-6f,
    };
}

/* ---- construction ---------------------------------------------------------------------- */

SoraStatus dit_declare(Builder *b, const char *name, ParamKind kind, ParamInit init, size_t rows,
                       size_t columns, const Param **out)
{
    size_t shape[2] = { rows, columns };
    return params_declare(b->set, name, kind, init, columns ? 2 : 1, shape, out);
}

/* std as PyTorch's default would give it, so that rates known from there carry over. */
SoraStatus dit_linear(Builder *b, const char *name, ParamKind kind, size_t out, size_t in,
                      bool bias, Linear *l)
{
    char full[128];
    ParamInit init = { 0, 1.0f / sqrtf(3.0f * (float)in) };
    if (strcmp(name, "head.head") == 0) init.std = 0;
    snprintf(full, sizeof full, "%s.weight", name);
    TRY(dit_declare(b, full, kind, init, out, in, &l->weight));
    if (!bias) return SORA_OK;
    snprintf(full, sizeof full, "%s.bias", name);
    return dit_declare(b, full, PARAM_OTHER, (ParamInit){ 0, 0 }, out, 0, &l->bias);
}

static SoraStatus attention(Builder *b, const char *prefix, const char *which, Attention *a)
{
    static const char parts[4] = "qkvo";
    const DitConfig *c = b->c;
    Linear *to[4] = { &a->q, &a->k, &a->v, &a->o };
    char name[96];
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s.%s.%c", prefix, which, parts[i]);
        TRY(dit_linear(b, name, PARAM_HIDDEN, c->width, c->width, c->bias, to[i]));
    }
    size_t group = c->norm_heads ? c->width / c->heads : c->width;
    snprintf(name, sizeof name, "%s.%s.norm_q.weight", prefix, which);
    TRY(dit_declare(b, name, PARAM_OTHER, (ParamInit){ 1, 0 }, group, 0, &a->norm_q));
    snprintf(name, sizeof name, "%s.%s.norm_k.weight", prefix, which);
    return dit_declare(b, name, PARAM_OTHER, (ParamInit){ 1, 0 }, group, 0, &a->norm_k);
}

SoraStatus dit_declare_block(Builder *b, const char *prefix, Block *k)
{
    const DitConfig *c = b->c;
    char name[DIT_NAME];
    snprintf(name, sizeof name, "%s.modulation", prefix);
    size_t shape[3] = { 1, MODULATIONS, c->width };
    TRY(params_declare(b->set, name, PARAM_OTHER, (ParamInit){ 0, 1 / sqrtf((float)c->width) }, 3,
                       shape, &k->modulation));
    TRY(attention(b, prefix, "self_attn", &k->self));
    if (c->text_width) TRY(attention(b, prefix, "cross_attn", &k->cross));
    if (c->image_width) TRY(dit_image_declare_attention(b, prefix, &k->cross));
    if (c->cross_norm_affine) {
        snprintf(name, sizeof name, "%s.norm3.weight", prefix);
        TRY(dit_declare(b, name, PARAM_OTHER, (ParamInit){ 1, 0 }, c->width, 0, &k->norm3_weight));
        snprintf(name, sizeof name, "%s.norm3.bias", prefix);
        TRY(dit_declare(b, name, PARAM_OTHER, (ParamInit){ 0, 0 }, c->width, 0, &k->norm3_bias));
    }
    snprintf(name, sizeof name, "%s.ffn.0", prefix);
    TRY(dit_linear(b, name, PARAM_HIDDEN, c->hidden * (c->gated ? 2 : 1), c->width, c->bias,
                   &k->up));
    snprintf(name, sizeof name, "%s.ffn.2", prefix);
    return dit_linear(b, name, PARAM_HIDDEN, c->width, c->hidden, c->bias, &k->down);
}

static SoraStatus norm(Builder *b, const char *name, size_t width, Norm *n)
{
    char full[128];
    snprintf(full, sizeof full, "%s.weight", name);
    TRY(dit_declare(b, full, PARAM_OTHER, (ParamInit){ 1, 0 }, width, 0, &n->weight));
    snprintf(full, sizeof full, "%s.bias", name);
    return dit_declare(b, full, PARAM_OTHER, (ParamInit){ 0, 0 }, width, 0, &n->bias);
}

static SoraStatus embeddings(Builder *b, Dit *d)
{
    const DitConfig *c = &d->c;
    size_t w = c->width, time_in = TIME_FREQUENCIES * (c->step_input ? 2 : 1);
    if (c->bottleneck) {
        TRY(dit_linear(b, "patch_embedding.down", PARAM_OTHER, c->bottleneck, c->in_values, false,
                       &d->patch_down));
        TRY(dit_linear(b, "patch_embedding.up", PARAM_OTHER, w, c->bottleneck, true, &d->patch_up));
    } else {
        TRY(dit_linear(b, "patch_embedding", PARAM_OTHER, w, c->in_values, true, &d->patch_up));
    }
    if (c->positions)
        TRY(dit_linear(b, "position_embedding", PARAM_OTHER, w, DIT_POSITION, false, &d->position));
    TRY(dit_linear(b, "time_embedding.0", PARAM_OTHER, w, time_in, true, &d->time_in));
    TRY(dit_linear(b, "time_embedding.2", PARAM_OTHER, w, w, true, &d->time_out));
    TRY(dit_linear(b, "time_projection.1", PARAM_OTHER, MODULATIONS * w, w, true,
                   &d->time_projection));
    if (c->text_norm) TRY(norm(b, "text_norm", c->text_width, &d->text_norm));
    if (c->text_norm && c->text_pooled) TRY(norm(b, "pooled_norm", c->text_width, &d->pooled_norm));
    if (c->text_pooled)
        TRY(dit_linear(b, "pooled_embedding", PARAM_OTHER, w, c->text_width, true, &d->pooled));
    if (!c->text_width) return SORA_OK;
    TRY(dit_linear(b, "text_embedding.0", PARAM_OTHER, w, c->text_width, true, &d->text_in));
    if (c->words) /* 0: a model that begins to read them says at first what it said without */
        TRY(dit_declare(b, "word_embedding.weight", PARAM_OTHER, (ParamInit){ 0, 0 }, w,
                        c->text_width, &d->words));
    return dit_linear(b, "text_embedding.2", PARAM_OTHER, w, w, true, &d->text_out);
}

SoraStatus dit_new(const DitConfig *config, ParamSet *set, Arena *weights, Dit **out)
{
    Dit *d = arena_zero(weights, sizeof *d);
    d->c = *config;
    Builder b = { set, &d->c };
    TRY(embeddings(&b, d));
    d->block = arena_zero(weights, config->layers * sizeof *d->block);
    for (size_t i = 0; i < config->layers; i++) {
        char prefix[DIT_NAME];
        snprintf(prefix, sizeof prefix, "blocks.%zu", i);
        TRY(dit_declare_block(&b, prefix, &d->block[i]));
    }
    if (config->image_width) TRY(dit_image_declare(&b, &d->image));
    if (config->controls) TRY(dit_control_declare(&b, weights, &d->control));
    size_t shape[3] = { 1, 2, config->width };
    TRY(params_declare(set, "head.modulation", PARAM_OTHER,
                       (ParamInit){ 0, 1 / sqrtf((float)config->width) }, 3, shape,
                       &d->head_modulation));
    TRY(dit_linear(&b, "head.head", PARAM_OTHER, config->out_values, config->width, true,
                   &d->head));
    *out = d;
    return SORA_OK;
}

const DitConfig *dit_config(const Dit *d)
{
    return &d->c;
}

/* After LayerNorm the states x have mean m and deviation s by feature: weight 1 / s, bias -m / s.
 */
static void fit_norm(const Norm *n, const Tensor *x)
{
    size_t rows = tensor_row_count(x), width = tensor_width(x);
    float *weight = n->weight->value->data, *bias = n->bias->value->data;
    const float *data = x->data;
    for (size_t j = 0; j < width; j++) weight[j] = bias[j] = 0;
    for (size_t i = 0; i < rows; i++) {
        double mean = 0, square = 0;
        for (size_t j = 0; j < width; j++) mean += (double)data[i * width + j];
        mean /= (double)width;
        for (size_t j = 0; j < width; j++)
            square += pow((double)data[i * width + j] - mean, 2) / (double)width;
        for (size_t j = 0; j < width; j++) {
            double u = ((double)data[i * width + j] - mean) / sqrt(square + (double)TEXT_NORM_EPS);
            bias[j] += (float)(u / (double)rows);
            weight[j] += (float)(u * u / (double)rows);
        }
    }
    for (size_t j = 0; j < width; j++) {
        float deviation = sqrtf(fmaxf(weight[j] - bias[j] * bias[j], 0) + 1e-4f);
        weight[j] = 1 / deviation;
        bias[j] *= -weight[j];
    }
}

void dit_fit_text(const Dit *d, const Tensor *states, const Tensor *pooled)
{
    if (d->text_norm.weight) fit_norm(&d->text_norm, states);
    if (d->pooled_norm.weight && pooled) fit_norm(&d->pooled_norm, pooled);
}

/* ---- layout ---------------------------------------------------------------------------- */

static size_t shorter_side(const DitSequence *s)
{
    return (s->grid.height < s->grid.width ? s->grid.height : s->grid.width) - s->beyond;
}

/* Absolute place in the picture: RoPE alone cannot tell ground from sky. Coordinates run over
 * [-1, 1] on the shorter side, so that a wide picture shows more of the same world. */
static void position_features(const DitSequence *s, size_t row, size_t column, float *out)
{
    PatchGrid g = s->grid;
    float shorter = (float)shorter_side(s);
    float place[2] = { (2 * (float)row + 1 - (float)g.height) / shorter,
                       (2 * (float)column + 1 - (float)g.width) / shorter };
    for (int axis = 0; axis < 2; axis++)
        for (int k = 0; k < 4; k++) {
            float angle = place[axis] * 1.5707963f * (float)(1 << k);
            *out++ = cosf(angle);
            *out++ = sinf(angle);
        }
    *out++ = log2f(shorter / 8);
    *out++ = s->frame_s * 6;
}

/* RoPE positions: time in sixths of a second (one latent frame at 24 fps), space in eighths of
 * the shorter side, so that one set of weights serves every size and rate. Latents (Wan) count
 * tokens. */
static void rope_position(const DitConfig *c, const DitSequence *s, size_t f, size_t row,
                          size_t column, float out[3])
{
    if (!c->patch) {
        out[0] = (float)f, out[1] = (float)row, out[2] = (float)column;
        return;
    }
    float unit = 8.0f / (float)shorter_side(s);
    out[0] = (float)f * s->frame_s * 6;
    out[1] = ((float)row + 0.5f - (float)s->grid.height / 2) * unit;
    out[2] = ((float)column + 0.5f - (float)s->grid.width / 2) * unit;
}

size_t dit_frame_tokens(const DitConfig *c, const DitSequence *s)
{
    return s->grid.height * s->grid.width + (c->motion && s->frame_s > 0);
}

/* A token of motion is of the whole picture: in its middle, and told no place. */
static void place_token(const DitConfig *c, const DitSequence *s, size_t f, size_t i, float rope[3],
                        float *features)
{
    PatchGrid g = s->grid;
    bool motion = i == g.height * g.width;
    rope_position(c, s, f, i / g.width, i % g.width, rope);
    if (motion) rope[1] = rope[2] = 0;
    if (!features) return;
    position_features(s, i / g.width, i % g.width, features);
    if (motion) memset(features, 0, (DIT_POSITION - 2) * sizeof *features);
}

DitLayout *dit_layout(const DitConfig *c, const DitSequence *sequence, size_t sequences, Arena *a)
{
    DitLayout *l = arena_zero(a, sizeof *l);
    l->sequences = sequences;
    DitSequence *own = arena_alloc(a, sequences * sizeof *own);
    memcpy(own, sequence, sequences * sizeof *own);
    l->sequence = own;
    l->start = arena_zero(a, (sequences + 1) * sizeof *l->start);
    for (size_t s = 0; s < sequences; s++)
        l->start[s + 1] = l->start[s] + sequence[s].grid.frames * dit_frame_tokens(c, &sequence[s]);
    l->tokens = l->start[sequences];
    size_t half = c->width / c->heads / 2, n = 0;
    l->cos = arena_alloc(a, l->tokens * half * sizeof(float));
    l->sin = arena_alloc(a, l->tokens * half * sizeof(float));
    if (c->positions) l->position = tensor_new_2d(a, TYPE_F32, l->tokens, DIT_POSITION);
    for (size_t s = 0; s < sequences; s++) {
        size_t per = dit_frame_tokens(c, &sequence[s]);
        for (size_t i = 0; i < sequence[s].grid.frames * per; i++, n++) {
            float at[3], *features = l->position ? l->position->data : NULL;
            if (features) features += n * DIT_POSITION;
            place_token(c, &sequence[s], i / per, i % per, at, features);
            embed_rope_row(at, 2 * half, l->cos + n * half, l->sin + n * half);
        }
    }
    return l;
}

/* ---- forward --------------------------------------------------------------------------- */

Tensor *dit_project(Tape *t, Tensor *x, const Linear *l)
{
    return op_linear(t, x, l->weight, l->bias, GEMM_NONE, false);
}

void dit_note(const DitTrace *trace, const char *format, size_t number, const Tensor *x)
{
    if (!trace) return;
    char name[DIT_NAME];
    snprintf(name, sizeof name, format, number); /* the caller's literal */
    trace->fn(trace->self, name, x);
}

static void note_attention(const BlockCall *b, const Tensor *q, const Tensor *k, const Tensor *v,
                           const Tensor *y)
{
    dit_note(b->trace, "block%zu.q", b->layer, q);
    dit_note(b->trace, "block%zu.k", b->layer, k);
    dit_note(b->trace, "block%zu.v", b->layer, v);
    dit_note(b->trace, "block%zu.attn", b->layer, y);
}

/* What a part adds, before gate and residual; computed for those who look. */
static void note_part(Tape *t, const BlockCall *b, const char *format, Tensor *h, const Linear *l)
{
    if (b->trace) dit_note(b->trace, format, b->layer, dit_project(t, h, l));
}

static Tensor *attend(Tape *t, const BlockCall *b, const Attention *a, Tensor *x, Tensor *context)
{
    const DitConfig *c = &b->d->c;
    size_t hd = c->width / c->heads, group = c->norm_heads ? hd : c->width;
    bool self = x == context;
    const float *cos = self ? b->cos : NULL, *sin = self ? b->sin : NULL;
    Tensor *q =
        op_qk_norm_rope(t, dit_project(t, x, &a->q), a->norm_q, group, c->eps, hd, cos, sin);
    Tensor *k =
        op_qk_norm_rope(t, dit_project(t, context, &a->k), a->norm_k, group, c->eps, hd, cos, sin);
    Tensor *v = dit_project(t, context, &a->v);
    if (!self && b->text_row) {
        size_t keys = b->text_start[b->texts];
        k = op_gather(t, k, b->text_row, keys);
        v = op_gather(t, v, b->text_row, keys);
    }
    size_t packs = self ? b->sequences : b->texts;
    Tensor *y = op_attention(t, q, k, v, c->heads, 1 / sqrtf((float)hd), packs,
                             self ? b->start : b->text_token, self ? b->start : b->text_start);
    if (self) note_attention(b, q, k, v, y);
    return !self && b->image ? dit_image_attend(t, b, a, q, y) : y;
}

/* A block's parts are segments of their own, so that without gradients the memory of one part is
 * given back before the next begins. */
typedef struct PartCall {
    const BlockCall *b;
    Tensor *m[MODULATIONS];
} PartCall;

static Tensor *self_part(void *part_call, Tape *t, Tensor *x)
{
    const PartCall *p = part_call;
    const BlockCall *b = p->b;
    const Linear *o = &b->k->self.o;
    Tensor *h = op_modulated_norm(t, x, p->m[SHIFT_SELF], p->m[SCALE_SELF], b->row, b->d->c.eps);
    h = attend(t, b, &b->k->self, h, h);
    note_part(t, b, "block%zu.self_attn", h, o);
    return op_linear_residual(t, h, o->weight, o->bias, x, p->m[GATE_SELF], b->row);
}

static Tensor *cross_part(void *part_call, Tape *t, Tensor *x)
{
    const BlockCall *b = ((const PartCall *)part_call)->b;
    const Linear *o = &b->k->cross.o;
    Tensor *h = op_layer_norm(t, x, b->k->norm3_weight, b->k->norm3_bias, b->d->c.eps, false);
    h = attend(t, b, &b->k->cross, h, b->text);
    note_part(t, b, "block%zu.cross_attn", h, o);
    return op_linear_residual(t, h, o->weight, o->bias, x, NULL, NULL);
}

static Tensor *mlp_part(void *part_call, Tape *t, Tensor *x)
{
    const PartCall *p = part_call;
    const BlockCall *b = p->b;
    const Block *k = b->k;
    Tensor *h = op_modulated_norm(t, x, p->m[SHIFT_MLP], p->m[SCALE_MLP], b->row, b->d->c.eps);
    h = b->d->c.gated ? op_swiglu(t, h, k->up.weight)
                      : op_linear(t, h, k->up.weight, k->up.bias, GEMM_GELU_TANH, false);
    note_part(t, b, "block%zu.ffn", h, &k->down);
    return op_linear_residual(t, h, k->down.weight, k->down.bias, x, p->m[GATE_MLP], b->row);
}

Tensor *dit_block(void *block_call, Tape *t, Tensor *x)
{
    const BlockCall *b = block_call;
    size_t width = b->d->c.width;
    PartCall *p = arena_alloc(tape_arena(t), sizeof *p);
    p->b = b;
    Tensor *table = op_add_table(t, b->e0, b->k->modulation);
    for (size_t i = 0; i < MODULATIONS; i++) p->m[i] = op_columns(t, table, i * width, width);
    x = tape_segment(t, self_part, p, x, false);
    if (b->text) x = tape_segment(t, cross_part, p, x, false);
    return tape_segment(t, mlp_part, p, x, false);
}

static Tensor *embed_patches(const Dit *d, Tape *t, const DitInput *in)
{
    const DitConfig *c = &d->c;
    Tensor *x = in->tokens;
    if (c->bottleneck) x = dit_project(t, x, &d->patch_down);
    if (!c->positions)
        return op_linear(t, x, d->patch_up.weight, d->patch_up.bias, GEMM_NONE, true);
    Tensor *at = op_linear(t, in->layout->position, d->position.weight, NULL, GEMM_NONE, true);
    return op_linear_residual(t, x, d->patch_up.weight, d->patch_up.bias, at, NULL, NULL);
}

static Tensor *normed(Tape *t, Tensor *x, const Norm *n)
{
    return n->weight ? op_layer_norm(t, x, n->weight, n->bias, TEXT_NORM_EPS, false) : x;
}

/* e [rows, D]: time, step size and pooled text of every conditioning row. */
static Tensor *embed_time(const Dit *d, Tape *t, const DitInput *in)
{
    const DitConfig *c = &d->c;
    size_t wide = TIME_FREQUENCIES * (c->step_input ? 2 : 1);
    Tensor *s = tensor_new_2d(tape_arena(t), TYPE_F32, in->rows, wide);
    for (size_t r = 0; r < in->rows; r++) {
        float *row = (float *)s->data + r * wide;
        embed_sinusoid(in->timestep[r], TIME_FREQUENCIES, row);
        /* 100: neighbouring step sizes (log2: 0, 1, 2 ...) must look different */
        if (c->step_input)
            embed_sinusoid(in->step ? 100 * in->step[r] : 0, TIME_FREQUENCIES,
                           row + TIME_FREQUENCIES);
    }
    Tensor *e = op_linear(t, s, d->time_in.weight, d->time_in.bias, GEMM_SILU, false);
    e = op_linear(t, e, d->time_out.weight, d->time_out.bias, GEMM_NONE, true);
    if (!c->text_pooled || !in->pooled) return e;
    Tensor *p = normed(t, in->pooled, &d->pooled_norm);
    p = op_linear(t, p, d->pooled.weight, d->pooled.bias, GEMM_NONE, true);
    return op_add(t, e, op_gather(t, p, in->row_sequence, in->rows));
}

static Tensor *embed_text(const Dit *d, Tape *t, Tensor *states, Tensor *words)
{
    Tensor *x = normed(t, states, &d->text_norm);
    x = op_linear(t, x, d->text_in.weight, d->text_in.bias, GEMM_GELU_TANH, false);
    if (!d->c.words) return dit_project(t, x, &d->text_out);
    assert(words);
    x = op_linear(t, x, d->text_out.weight, d->text_out.bias, GEMM_NONE, true);
    return op_linear_residual(t, words, d->words, NULL, x, NULL, NULL);
}

/* RoPE rows and conditioning rows of the tokens that a route keeps. */
static void route_call(const DitInput *in, size_t half, Arena *a, BlockCall *b)
{
    const DitRoute *r = in->route;
    float *cos = arena_alloc(a, r->kept * half * sizeof *cos);
    float *sin = arena_alloc(a, r->kept * half * sizeof *sin);
    uint32_t *row = arena_alloc(a, r->kept * sizeof *row);
    for (size_t i = 0; i < r->kept; i++) {
        size_t n = r->token[i];
        memcpy(cos + i * half, in->layout->cos + n * half, half * sizeof *cos);
        memcpy(sin + i * half, in->layout->sin + n * half, half * sizeof *sin);
        row[i] = in->token_row[n];
    }
    b->cos = cos;
    b->sin = sin;
    b->row = row;
    assert(!in->texts); /* routes are training's, where a clip has one text */
    b->start = b->text_token = r->start;
}

/* One block, and what comes with it. */
static Tensor *run_block(Tape *t, const DitInput *in, const BlockCall *call, const Dit *d, size_t i,
                         Tensor *x)
{
    if (in->skip && in->skip[i]) return x;
    BlockCall *b = arena_alloc(tape_arena(t), sizeof *b);
    *b = *call;
    b->k = &d->block[i];
    b->layer = i;
    b->trace = in->trace;
    if (in->visit) in->visit(in->visit_self, i, true);
    x = tape_segment(t, dit_block, b, x, in->recompute);
    if (in->visit) in->visit(in->visit_self, i, false);
    return x;
}

static Tensor *run_blocks(const Dit *d, Tape *t, const DitInput *in, const BlockCall *whole,
                          Tensor *x)
{
    const DitRoute *r = in->route;
    BlockCall routed = *whole;
    DitControlRun control = { 0 };
    if (r) route_call(in, d->c.width / d->c.heads / 2, tape_arena(t), &routed);
    if (in->control) dit_control_begin(&control, d, t, in, x);
    if (in->cache) dit_cache_begin(in->cache, x);
    Tensor *all = x;
    for (size_t i = 0; i < d->c.layers; i++) {
        if (r && i == r->first) {
            all = x;
            x = op_gather(t, x, r->token, r->kept);
        }
        x = run_block(t, in, r && i >= r->first && i < r->last ? &routed : whole, d, i, x);
        if (r && i + 1 == r->last) x = op_scatter(t, all, x, r->token);
        if (in->control) x = dit_control_add(&control, t, whole, i, x);
        dit_note(in->trace, "block%zu", i, x);
        if (i == 0 && in->cache && dit_cache_reuse(in->cache, x)) return x;
    }
    if (in->cache) dit_cache_end(in->cache, x);
    return x;
}

/* Wan's prompts are padded with zero states, which are attended to like words: one such state
 * behind every sequence's own stands for all, and is repeated where keys and values are read. */
static Tensor *pad_text(const DitConfig *c, Tape *t, const DitInput *in, BlockCall *b)
{
    size_t n = b->texts, rows = c->text_rows, at = 0, width = c->text_width;
    Tensor *padded = tensor_new_2d(tape_arena(t), TYPE_F32, in->text_start[n] + n, width);
    size_t *start = arena_alloc(tape_arena(t), (n + 1) * sizeof *start);
    uint32_t *row = arena_alloc(tape_arena(t), n * rows * sizeof *row);
    for (size_t s = 0; s < n; s++) {
        size_t first = in->text_start[s], own = in->text_start[s + 1] - first;
        float *to = (float *)padded->data + at * width;
        assert(own <= rows && in->text->type == TYPE_F32);
        memcpy(to, (float *)in->text->data + first * width, own * width * sizeof *to);
        if (own < rows) memset(to + own * width, 0, width * sizeof *to);
        for (size_t i = 0; i < rows; i++) row[s * rows + i] = (uint32_t)(at + (i < own ? i : own));
        start[s] = s * rows;
        at += own + (own < rows);
    }
    start[n] = n * rows;
    padded->shape[0] = at;
    b->text_start = start;
    b->text_row = row;
    return padded;
}

/* Wan's times and its head are computed in f32 whatever the precision of the rest. */
static Tape *exact_tape(const Dit *d, Tape *t)
{
    if (!d->c.exact_ends || tape_grad(t) || tape_precision(t) == GEMM_F32) return t;
    return tape_new(tape_arena(t), tape_compute(t), GEMM_F32, false);
}

static Tensor *head(const Dit *d, Tape *t, const DitInput *in, Tensor *x, Tensor *e)
{
    size_t w = d->c.width;
    Tensor *table = op_add_table(t, e, d->head_modulation); /* e for the shift and for the scale */
    Tensor *h = op_modulated_norm(t, x, op_columns(t, table, 0, w), op_columns(t, table, w, w),
                                  in->token_row, d->c.eps);
    return op_linear(t, h, d->head.weight, d->head.bias, GEMM_NONE, true);
}

Tensor *dit_forward(const Dit *d, Tape *t, const DitInput *in)
{
    const DitConfig *c = &d->c;
    const DitLayout *l = in->layout;
    assert(tensor_width(in->tokens) == c->in_values && in->tokens->shape[0] == l->tokens);
    Tape *exact = exact_tape(d, t);
    Tensor *x = embed_patches(d, t, in);
    Tensor *e = embed_time(d, exact, in);
    Tensor *e0 = op_linear(exact, op_silu(exact, e), d->time_projection.weight,
                           d->time_projection.bias, GEMM_NONE, true);
    BlockCall whole = { .d = d,
                        .e0 = e0,
                        .sequences = l->sequences,
                        .start = l->start,
                        .texts = in->texts ? in->texts : l->sequences,
                        .text_token = in->texts ? in->text_token : l->start,
                        .text_start = in->text_start,
                        .row = in->token_row,
                        .cos = l->cos,
                        .sin = l->sin };
    if (c->text_width)
        whole.text =
            embed_text(d, t, c->text_rows ? pad_text(c, t, in, &whole) : in->text, in->words);
    if (in->image) {
        whole.image = dit_image_embed(d, t, in->image);
        whole.image_start = in->image_start;
    }
    dit_note(in->trace, "patch", 0, x);
    dit_note(in->trace, "e", 0, e);
    dit_note(in->trace, "e0", 0, e0);
    if (whole.text) dit_note(in->trace, "text", 0, whole.text);
    if (whole.image) dit_note(in->trace, "img", 0, whole.image);
    x = head(d, exact, in, run_blocks(d, t, in, &whole, x), e);
    dit_note(in->trace, "head", 0, x);
    return x;
}
