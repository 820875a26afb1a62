#include "model/import/wan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "model/latent.h"

enum {
    CONFIG_MAX = 1 << 20,
    HEAD_DIM = 128,
    TEXT_ROWS = 512,
    TEXT_ROWS_MAX = 1 << 16,
    LAYERS_MAX = 1024
};

typedef struct WanAlias {
    char *name;
    Tensor tensor;
} WanAlias;

const char *wan_family_name(WanFamily f)
{
    static const char *const names[WAN_FAMILIES] = {
        [WAN_T2V] = "Wan T2V",       [WAN_I2V] = "Wan 2.1 I2V",   [WAN_FLF2V] = "Wan 2.1 FLF2V",
        [WAN_I2V_2] = "Wan 2.2 I2V", [WAN_TI2V] = "Wan 2.2 TI2V", [WAN_VACE] = "Wan VACE",
    };
    return names[f];
}

/* ---- names --------------------------------------------------------------------------------- */

typedef struct Rename {
    const char *from, *to;
} Rename;

static const Rename outside[] = {
    { "condition_embedder.text_embedder.linear_1", "text_embedding.0" },
    { "condition_embedder.text_embedder.linear_2", "text_embedding.2" },
    { "condition_embedder.time_embedder.linear_1", "time_embedding.0" },
    { "condition_embedder.time_embedder.linear_2", "time_embedding.2" },
    { "condition_embedder.time_proj", "time_projection.1" },
    { "condition_embedder.image_embedder.norm1", "img_emb.proj.0" },
    { "condition_embedder.image_embedder.ff.net.0.proj", "img_emb.proj.1" },
    { "condition_embedder.image_embedder.ff.net.2", "img_emb.proj.3" },
    { "condition_embedder.image_embedder.norm2", "img_emb.proj.4" },
    { "condition_embedder.image_embedder.pos_embed", "img_emb.emb_pos" },
    { "proj_out", "head.head" },
    { "scale_shift_table", "head.modulation" },
    { NULL, NULL },
};

static const Rename inside[] = {
    { "attn1.to_q", "self_attn.q" },
    { "attn1.to_k", "self_attn.k" },
    { "attn1.to_v", "self_attn.v" },
    { "attn1.to_out.0", "self_attn.o" },
    { "attn1.norm_q", "self_attn.norm_q" },
    { "attn1.norm_k", "self_attn.norm_k" },
    { "attn2.to_q", "cross_attn.q" },
    { "attn2.to_k", "cross_attn.k" },
    { "attn2.to_v", "cross_attn.v" },
    { "attn2.to_out.0", "cross_attn.o" },
    { "attn2.norm_q", "cross_attn.norm_q" },
    { "attn2.norm_k", "cross_attn.norm_k" },
    { "attn2.add_k_proj", "cross_attn.k_img" },
    { "attn2.add_v_proj", "cross_attn.v_img" },
    { "attn2.norm_added_k", "cross_attn.norm_k_img" },
    { "norm2", "norm3" }, /* the two name the norm before cross-attention differently */
    { "ffn.net.0.proj", "ffn.0" },
    { "ffn.net.2", "ffn.2" },
    { "scale_shift_table", "modulation" },
    { "proj_in", "before_proj" },
    { "proj_out", "after_proj" },
    { NULL, NULL },
};

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static const char *without_prefix(const char *name)
{
    static const char *const prefixes[] = { "model.diffusion_model.", "diffusion_model.",
                                            "transformer.", "transformer_2." };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (begins_with(name, prefixes[i])) return name + strlen(prefixes[i]);
    return name;
}

/* Behind "blocks.12." or "vace_blocks.3."; NULL for other names. */
static const char *behind_block(const char *name)
{
    const char *at = begins_with(name, "vace_") ? name + 5 : name;
    if (!begins_with(at, "blocks.")) return NULL;
    at += 7;
    const char *digits = at;
    while (*at >= '0' && *at <= '9') at++;
    return at > digits && *at == '.' ? at + 1 : NULL;
}

bool wan_name(const char *name, char out[WAN_NAME_MAX])
{
    name = without_prefix(name);
    const char *rest = behind_block(name);
    const Rename *r = rest ? inside : outside;
    if (!rest) rest = name;
    size_t n;
    for (; r->from; r++) {
        n = strlen(r->from);
        if (strncmp(rest, r->from, n) == 0 && (rest[n] == '.' || !rest[n])) break;
    }
    const char *tail = r->from ? rest + strlen(r->from) : "", *middle = r->from ? r->to : rest;
    int size = snprintf(out, WAN_NAME_MAX, "%.*s%s%s", (int)(rest - name), name, middle, tail);
    return size >= 0 && size < WAN_NAME_MAX;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const WanAlias *)a)->name, ((const WanAlias *)b)->name);
}

/* Patch embeddings are convolutions [D, C, 1, 2, 2] whose kernel is their stride: [D, 4 C]. */
static Tensor flattened(const Tensor *x, const char *name)
{
    Tensor y = *x;
    if (!strstr(name, "patch_embedding.weight") || x->rank < 3) return y;
    y.rank = 2;
    for (int i = 2; i < TENSOR_RANK_MAX; i++) y.shape[1] *= x->shape[i], y.shape[i] = 1;
    return y;
}

static SoraStatus read_names(const Weights *w, Arena *a, WanFile *f)
{
    f->alias = arena_zero(a, (weights_count(w) + 1) * sizeof *f->alias);
    for (size_t i = 0; i < weights_count(w); i++) {
        char name[WAN_NAME_MAX];
        if (!wan_name(weights_name(w, i), name)) continue; /* no name of ours is as long */
        f->alias[f->count++] =
            (WanAlias){ arena_strdup(a, name), flattened(weights_at(w, i), name) };
    }
    if (f->count) qsort(f->alias, f->count, sizeof *f->alias, by_name);
    for (size_t i = 1; i < f->count; i++)
        if (strcmp(f->alias[i - 1].name, f->alias[i].name) == 0)
            return err_set(SORA_E_FORMAT, "%s holds %s twice, under two names", weights_path(w),
                           f->alias[i].name);
    return SORA_OK;
}

const Tensor *wan_lookup(void *file, const char *name)
{
    const WanFile *f = file;
    WanAlias key = { .name = (char *)name };
    const WanAlias *e = f->count ? bsearch(&key, f->alias, f->count, sizeof key, by_name) : NULL;
    return e ? &e->tensor : NULL;
}

bool wan_fits(const Weights *w)
{
    static const char *const needed[] = { "patch_embedding.weight", "head.modulation",
                                          "time_projection.1.weight",
                                          "blocks.0.self_attn.norm_q.weight" };
    enum { NEEDED = sizeof needed / sizeof *needed };
    size_t found = 0;
    for (size_t i = 0; i < weights_count(w); i++) {
        char name[WAN_NAME_MAX];
        if (!wan_name(weights_name(w, i), name)) continue;
        for (int k = 0; k < NEEDED; k++) found += strcmp(name, needed[k]) == 0;
    }
    return found == NEEDED;
}

/* ---- configuration ------------------------------------------------------------------------- */

/* Dimension `at` of a tensor that must have `rank` of them. */
static SoraStatus size_of(WanFile *f, const char *name, int rank, int at, size_t *out)
{
    const Tensor *x = wan_lookup(f, name);
    char is[96];
    if (!x) return err_set(SORA_E_FORMAT, "%s has no %s", weights_path(f->weights), name);
    if (x->rank != rank)
        return err_set(SORA_E_FORMAT, "%s: %s is %s, expected %d dimensions",
                       weights_path(f->weights), name, tensor_describe(x, is, sizeof is), rank);
    *out = x->shape[at];
    return SORA_OK;
}

static size_t count_blocks(WanFile *f, const char *prefix)
{
    char name[WAN_NAME_MAX];
    size_t n = 0;
    do snprintf(name, sizeof name, "%sblocks.%zu.modulation", prefix, n);
    while (wan_lookup(f, name) && ++n < LAYERS_MAX);
    return n;
}

static SoraStatus read_sizes(WanFile *f)
{
    DitConfig *c = &f->config;
    TRY(size_of(f, "patch_embedding.weight", 2, 0, &c->width));
    TRY(size_of(f, "patch_embedding.weight", 2, 1, &c->in_values));
    TRY(size_of(f, "head.head.weight", 2, 0, &c->out_values));
    TRY(size_of(f, "blocks.0.ffn.0.weight", 2, 0, &c->hidden));
    TRY(size_of(f, "text_embedding.0.weight", 2, 1, &c->text_width));
    c->layers = count_blocks(f, "");
    if (wan_lookup(f, "img_emb.proj.1.weight"))
        TRY(size_of(f, "img_emb.proj.1.weight", 2, 0, &c->image_width));
    const Tensor *position = wan_lookup(f, "img_emb.emb_pos");
    if (position && c->image_width) c->image_positions = tensor_count(position) / c->image_width;
    if (wan_lookup(f, "vace_patch_embedding.weight")) {
        TRY(size_of(f, "vace_patch_embedding.weight", 2, 1, &c->control_values));
        c->controls = count_blocks(f, "vace_");
    }
    if (c->in_values % LATENT_PATCH_VALUES || c->out_values % LATENT_PATCH_VALUES)
        return err_set(SORA_E_FORMAT, "%s: patches of %zu and %zu values are not of 2 x 2",
                       weights_path(f->weights), c->in_values, c->out_values);
    return SORA_OK;
}

static SoraStatus find_family(WanFile *f, const Json *json)
{
    const DitConfig *c = &f->config;
    size_t in = c->in_values / LATENT_PATCH_VALUES, out = c->out_values / LATENT_PATCH_VALUES;
    const char *type = json_text(json, "model_type");
    if (c->controls && in == out)
        f->family = WAN_VACE;
    else if (in == 2 * out + 4)
        f->family = !c->image_width ? WAN_I2V_2 : c->image_positions ? WAN_FLF2V : WAN_I2V;
    else if (in == out && ((type && strcmp(type, "ti2v") == 0) || out == 48))
        f->family = WAN_TI2V;
    else if (in == out)
        f->family = WAN_T2V;
    else
        return err_set(SORA_E_UNSUPPORTED,
                       "%s reads %zu channels and makes %zu, which no Wan model known here does",
                       weights_path(f->weights), in, out);
    return SORA_OK;
}

static size_t whole(const Json *json, const char *key)
{
    const Json *x = json_get(json, key);
    return x && x->kind == JSON_IS_INTEGER && x->integer > 0 ? (size_t)x->integer : 0;
}

/* Released models have heads of 128; the file need not say. */
static SoraStatus find_heads(WanFile *f, const Json *json)
{
    DitConfig *c = &f->config;
    c->heads = whole(json, "num_heads");
    if (!c->heads) c->heads = whole(json, "num_attention_heads");
    if (!c->heads && c->width % HEAD_DIM)
        return err_set(SORA_E_FORMAT,
                       "%s does not say how many heads its width of %zu makes, and there is no "
                       "config.json beside it",
                       weights_path(f->weights), c->width);
    if (!c->heads) c->heads = c->width / HEAD_DIM;
    if (!c->heads || c->width % (2 * c->heads) || c->width / c->heads > 256)
        return err_set(SORA_E_FORMAT, "%s: a width of %zu does not make %zu heads",
                       weights_path(f->weights), c->width, c->heads);
    return SORA_OK;
}

/* VACE: after which layers. Released models: every second (1.3B) or fifth (14B). */
static SoraStatus find_controls(WanFile *f, const Json *json)
{
    DitConfig *c = &f->config;
    const Json *list = json_get(json, "vace_layers");
    if (!c->controls) return SORA_OK;
    if (c->controls > DIT_CONTROLS_MAX || c->controls > c->layers)
        return err_set(SORA_E_FORMAT, "%s has %zu control blocks for %zu layers",
                       weights_path(f->weights), c->controls, c->layers);
    if (list && (list->kind != JSON_IS_ARRAY || list->count != c->controls))
        return err_set(SORA_E_FORMAT, "%s has %zu control blocks, config.json lists %zu",
                       weights_path(f->weights), c->controls, list->count);
    for (size_t i = 0; i < c->controls; i++) {
        int64_t at = list ? list->item[i].integer : (int64_t)(i * (c->layers / c->controls));
        if (at < 0 || at >= (int64_t)c->layers || (i == 0 && at != 0) ||
            (i && at <= c->control_layer[i - 1]))
            return err_set(SORA_E_FORMAT,
                           "%s: control block %zu after layer %lld of %zu: layers must rise from 0",
                           weights_path(f->weights), i, (long long)at, c->layers);
        c->control_layer[i] = (uint16_t)at;
    }
    return SORA_OK;
}

static SoraStatus read_config(const Weights *w, const char *path, Arena *a, const Json **out)
{
    Slice text;
    const char *file = weights_path(w), *slash = strrchr(file, '/');
    *out = NULL;
    if (!path)
        path =
            slash ? arena_printf(a, "%.*s/config.json", (int)(slash - file), file) : "config.json";
    if (!file_exists(path)) return SORA_OK;
    TRY(file_read(path, CONFIG_MAX, a, &text));
    return json_parse((const char *)text.bytes, text.size, path, a, out);
}

SoraStatus wan_open(const Weights *w, const char *config_path, Arena *a, WanFile *out)
{
    const Json *json;
    *out = (WanFile){ .weights = w };
    TRY(read_config(w, config_path, a, &json));
    TRY(read_names(w, a, out));
    DitConfig *c = &out->config;
    *c = (DitConfig){ .bias = true, .cross_norm_affine = true, .exact_ends = true, .eps = 1e-6f };
    c->cross_norm_affine = wan_lookup(out, "blocks.0.norm3.weight") != NULL;
    TRY(read_sizes(out));
    TRY(find_heads(out, json));
    TRY(find_controls(out, json));
    c->text_rows = whole(json, "text_len");
    if (!c->text_rows) c->text_rows = TEXT_ROWS;
    if (c->text_rows > TEXT_ROWS_MAX)
        return err_set(SORA_E_FORMAT, "%s: prompts of %zu tokens, at most %d are supported",
                       weights_path(out->weights), c->text_rows, TEXT_ROWS_MAX);
    const Json *eps = json_get(json, "eps");
    if (eps && eps->number > 0 && eps->number < 1) c->eps = (float)eps->number;
    return find_family(out, json);
}

SoraStatus wan_check_rest(const WanFile *f, const ParamSet *set)
{
    size_t count = params_count(set);
    for (size_t i = 0; i < f->count; i++) {
        const WanAlias *e = &f->alias[i];
        size_t k = 0;
        if (e->tensor.rank < 2 || tensor_count(&e->tensor) < 4) continue;
        while (k < count && strcmp(params_at(set, k)->name, e->name) != 0) k++;
        if (k == count)
            return err_set(SORA_E_UNSUPPORTED,
                           "%s holds %s, which is no part of %s: a variant that is not supported",
                           weights_path(f->weights), e->name, wan_family_name(f->family));
    }
    return SORA_OK;
}
