/* The image branch of Wan 2.1 I2V and FLF2V: CLIP states become tokens that cross-attention reads
 * beside the text. */
#include <math.h>
#include <stdio.h>

#include "model/dit_parts.h"

static const float EPS = 1e-5f; /* of torch.nn.LayerNorm, not the model's own */

static SoraStatus norm(Builder *b, const char *name, size_t width, Norm *n)
{
    char full[DIT_NAME];
    snprintf(full, sizeof full, "%s.weight", name);
    TRY(dit_declare(b, full, PARAM_OTHER, (ParamInit){ 1, 0 }, width, 0, &n->weight));
    snprintf(full, sizeof full, "%s.bias", name);
    return dit_declare(b, full, PARAM_OTHER, (ParamInit){ 0, 0 }, width, 0, &n->bias);
}

SoraStatus dit_image_declare(Builder *b, DitImage *m)
{
    size_t in = b->c->image_width, out = b->c->width;
    TRY(norm(b, "img_emb.proj.0", in, &m->before));
    TRY(dit_linear(b, "img_emb.proj.1", PARAM_OTHER, in, in, true, &m->in));
    TRY(dit_linear(b, "img_emb.proj.3", PARAM_OTHER, out, in, true, &m->out));
    TRY(norm(b, "img_emb.proj.4", out, &m->after));
    if (!b->c->image_positions) return SORA_OK;
    return dit_declare(b, "img_emb.emb_pos", PARAM_OTHER, (ParamInit){ 0, 0 },
                       b->c->image_positions, in, &m->position);
}

SoraStatus dit_image_declare_attention(Builder *b, const char *prefix, Attention *a)
{
    size_t w = b->c->width;
    char name[DIT_NAME];
    snprintf(name, sizeof name, "%s.cross_attn.k_img", prefix);
    TRY(dit_linear(b, name, PARAM_HIDDEN, w, w, b->c->bias, &a->k_image));
    snprintf(name, sizeof name, "%s.cross_attn.v_img", prefix);
    TRY(dit_linear(b, name, PARAM_HIDDEN, w, w, b->c->bias, &a->v_image));
    snprintf(name, sizeof name, "%s.cross_attn.norm_k_img.weight", prefix);
    size_t group = b->c->norm_heads ? w / b->c->heads : w;
    return dit_declare(b, name, PARAM_OTHER, (ParamInit){ 1, 0 }, group, 0, &a->norm_k_image);
}

Tensor *dit_image_embed(const Dit *d, Tape *t, Tensor *x)
{
    const DitImage *m = &d->image;
    if (m->position) {
        Tensor *position = op_param(t, m->position);
        size_t shape[2] = { tensor_row_count(position), tensor_width(position) };
        x = op_add(t, x, tensor_reshape(tape_arena(t), position, 2, shape));
    }
    x = op_layer_norm(t, x, m->before.weight, m->before.bias, EPS, false);
    x = op_linear(t, x, m->in.weight, m->in.bias, GEMM_GELU_ERF, false);
    x = op_linear(t, x, m->out.weight, m->out.bias, GEMM_NONE, true);
    return op_layer_norm(t, x, m->after.weight, m->after.bias, EPS, false);
}

Tensor *dit_image_attend(Tape *t, const BlockCall *b, const Attention *a, Tensor *q,
                         Tensor *text_part)
{
    const DitConfig *c = &b->d->c;
    size_t hd = c->width / c->heads, group = c->norm_heads ? hd : c->width;
    Tensor *k = dit_project(t, b->image, &a->k_image);
    k = op_qk_norm_rope(t, k, a->norm_k_image, group, c->eps, hd, NULL, NULL);
    Tensor *v = dit_project(t, b->image, &a->v_image);
    Tensor *y = op_attention(t, q, k, v, c->heads, 1 / sqrtf((float)hd), b->sequences, b->start,
                             b->image_start);
    return op_add(t, text_part, y);
}
