#include "model/bundle_wan.h"

#include <string.h>

#include "base/json.h"

enum { CONFIG_MAX = 1 << 20, TOKENIZER_MAX = 64 << 20 };

/* ---- one part -------------------------------------------------------------------------------- */

SoraStatus wan_part_open(const char *path, WanPart *out)
{
    memset(out, 0, sizeof *out);
    Arena *a = arena_new("part", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for %s", path);
    out->file.weights = a;
    SoraStatus s = weights_open(path, a, &out->weights);
    if (s != SORA_OK) {
        wan_part_close(out);
        return s;
    }
    out->file = (EncoderFile){ weights_lookup, out->weights, arena_strdup(a, path), a };
    return SORA_OK;
}

void wan_part_close(WanPart *p)
{
    weights_close(p->weights);
    arena_free(p->file.weights);
    memset(p, 0, sizeof *p);
}

static const char *config_beside(const char *path, Arena *a)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_printf(a, "%.*s/config.json", (int)(slash - path), path) : "config.json";
}

static SoraStatus load_vae(WanPart *p, Vae **out)
{
    VaeStats stats = { 0 };
    const char *config = config_beside(p->file.name, p->file.weights);
    if (file_exists(config)) TRY(vae_read_stats(config, p->file.weights, &stats));
    return vae_load(&p->file, &stats, out);
}

SoraStatus wan_open_vae(const WanBundle *b, WanPart *part, Vae **out)
{
    if (!b->parts.vae)
        return err_set(SORA_E_FORMAT, "the model has no autoencoder (Wan2.%d_VAE)",
                       b->family == WAN_TI2V ? 2 : 1);
    TRY(wan_part_open(b->parts.vae, part));
    SoraStatus s = load_vae(part, out);
    if (s != SORA_OK) wan_part_close(part);
    return s;
}

/* The tokenizer of a file, or the bytes that ComfyUI puts into the encoder's. */
static SoraStatus load_tokenizer(const char *path, WanPart *p, Tokenizer **out)
{
    Slice bytes;
    Arena *a = p->file.weights;
    if (path) {
        TRY(file_read(path, TOKENIZER_MAX, a, &bytes));
        bool json = bytes.size && bytes.bytes[0] == '{';
        return json ? tokenizer_read_json(bytes, path, a, out)
                    : tokenizer_read_spiece(bytes, path, a, out);
    }
    const Tensor *x = weights_find(p->weights, "spiece_model");
    if (!x || x->type != TYPE_U8)
        return err_set(SORA_E_FORMAT,
                       "%s holds no tokenizer, and there is no spiece.model or tokenizer.json",
                       p->file.name);
    return tokenizer_read_spiece((Slice){ x->data, tensor_count(x) }, p->file.name, a, out);
}

static SoraStatus load_text(const WanBundle *b, WanPart *p, Umt5 **out, Tokenizer **tokenizer)
{
    TRY(umt5_load(&p->file, out));
    TRY(load_tokenizer(b->parts.tokenizer, p, tokenizer));
    if (tokenizer_count(*tokenizer) > umt5_words(*out))
        return err_set(SORA_E_FORMAT, "%s has %zu pieces, %s knows %zu words",
                       b->parts.tokenizer ? b->parts.tokenizer : "the tokenizer",
                       tokenizer_count(*tokenizer), p->file.name, umt5_words(*out));
    return SORA_OK;
}

SoraStatus wan_open_text(const WanBundle *b, WanPart *part, Umt5 **out, Tokenizer **tokenizer)
{
    if (!b->parts.text) return err_set(SORA_E_FORMAT, "the model has no text encoder (umT5-XXL)");
    TRY(wan_part_open(b->parts.text, part));
    SoraStatus s = load_text(b, part, out, tokenizer);
    if (s != SORA_OK) wan_part_close(part);
    return s;
}

static size_t heads_beside(const WanPart *p)
{
    Slice text;
    const Json *root;
    Arena *a = p->file.weights;
    const char *path = config_beside(p->file.name, a);
    if (!file_exists(path) || file_read(path, CONFIG_MAX, a, &text) != SORA_OK ||
        json_parse((const char *)text.bytes, text.size, path, a, &root) != SORA_OK)
        return 0;
    const Json *heads = json_get(root, "num_attention_heads");
    return heads && heads->integer > 0 ? (size_t)heads->integer : 0;
}

SoraStatus wan_open_clip(const WanBundle *b, WanPart *part, ClipImage **out)
{
    if (!b->parts.clip)
        return err_set(SORA_E_FORMAT, "%s reads an image through CLIP, and there is no CLIP model",
                       wan_family_name(b->family));
    TRY(wan_part_open(b->parts.clip, part));
    size_t heads = b->clip_heads ? b->clip_heads : heads_beside(part);
    SoraStatus s = clip_image_load(&part->file, heads, out);
    if (s != SORA_OK) wan_part_close(part);
    return s;
}

/* ---- do they belong together? ------------------------------------------------------------------
 */

static SoraStatus check_transformers(const WanParts *p, WanBundle *b)
{
    WanModel m;
    TRY(wan_model_open(p->transformer, NULL, NULL, &m));
    b->family = m.file.family;
    b->config = m.file.config;
    b->transformer_bytes = weights_bytes(m.weights);
    wan_model_close(&m);
    b->boundary = b->family == WAN_T2V ? 0.875 : 0.9;
    if (!p->high) return SORA_OK;
    TRY(wan_model_open(p->high, NULL, NULL, &m));
    b->high_bytes = weights_bytes(m.weights);
    bool same =
        memcmp(&m.file.config, &b->config, sizeof b->config) == 0 && m.file.family == b->family;
    wan_model_close(&m);
    return same ? SORA_OK
                : err_set(SORA_E_FORMAT,
                          "%s and %s are not of one size and kind, as two experts are",
                          p->transformer, p->high);
}

static SoraStatus check_vae(WanBundle *b)
{
    WanPart part;
    Vae *vae;
    size_t channels = b->config.out_values / 4;
    if (!b->parts.vae) return SORA_OK; /* said when it is needed: latents can be made without */
    TRY(wan_open_vae(b, &part, &vae));
    b->vae = *vae_info(vae);
    b->vae.family = strcmp(b->vae.family, "wan2.2") == 0 ? "wan2.2" : "wan2.1";
    b->vae_bytes = weights_bytes(part.weights);
    wan_part_close(&part);
    if (b->vae.channels != channels)
        return err_set(SORA_E_FORMAT,
                       "%s is the autoencoder of %s, with latents of %zu channels; %s (%s) makes "
                       "%zu",
                       b->parts.vae, b->vae.family, b->vae.channels, b->parts.transformer,
                       wan_family_name(b->family), channels);
    if (b->vae.time != PATCH_FRAMES)
        return err_set(SORA_E_UNSUPPORTED,
                       "%s makes one latent frame of %zu frames; %d are supported", b->parts.vae,
                       b->vae.time, PATCH_FRAMES);
    /* the 2.2 autoencoder belongs to the 5B alone */
    if (b->family == WAN_T2V && strcmp(b->vae.family, "wan2.2") == 0) b->family = WAN_TI2V;
    return SORA_OK;
}

/* Bytes of matrices with a row for every word. */
static size_t table_bytes(const Weights *w, size_t words)
{
    size_t sum = 0, bytes;
    for (size_t i = 0; i < weights_count(w); i++) {
        const Tensor *x = weights_at(w, i);
        if (x->rank == 2 && x->shape[0] == words &&
            tensor_bytes(x->type, x->rank, x->shape, &bytes) == SORA_OK)
            sum += bytes;
    }
    return sum;
}

static SoraStatus check_text(WanBundle *b)
{
    WanPart part;
    Umt5 *text;
    if (!b->parts.text) return SORA_OK;
    TRY(wan_part_open(b->parts.text, &part));
    SoraStatus s = umt5_load(&part.file, &text);
    size_t width = s == SORA_OK ? umt5_width(text) : 0;
    b->text_bytes = weights_bytes(part.weights);
    b->text_unread = s == SORA_OK ? table_bytes(part.weights, umt5_words(text)) : 0;
    wan_part_close(&part);
    TRY(s);
    if (width != b->config.text_width)
        return err_set(SORA_E_FORMAT, "%s gives text of width %zu, %s reads %zu", b->parts.text,
                       width, b->parts.transformer, b->config.text_width);
    return SORA_OK;
}

static SoraStatus check_clip(WanBundle *b)
{
    WanPart part;
    ClipImage *clip;
    if (!b->config.image_width || !b->parts.clip) return SORA_OK;
    TRY(wan_open_clip(b, &part, &clip));
    size_t width = clip_image_width(clip);
    b->clip_bytes = weights_bytes(part.weights);
    wan_part_close(&part);
    if (width != b->config.image_width)
        return err_set(SORA_E_FORMAT, "%s gives states of width %zu, %s reads %zu", b->parts.clip,
                       width, b->parts.transformer, b->config.image_width);
    return SORA_OK;
}

SoraStatus wan_bundle_check(const WanParts *parts, Arena *a, WanBundle *out)
{
    (void)a;
    size_t heads = out->clip_heads;
    *out = (WanBundle){ .parts = *parts, .clip_heads = heads };
    if (!parts->transformer) return err_set(SORA_E_FORMAT, "there is no Wan transformer");
    TRY(check_transformers(parts, out));
    TRY(check_vae(out));
    TRY(check_text(out));
    return check_clip(out);
}

/* ---- telling models apart ---------------------------------------------------------------------
 */

static uint64_t hash_bytes(uint64_t h, const void *data, size_t size)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < size; i++) h = (h ^ p[i]) * 0x100000001b3;
    return h;
}

/* The beginning and the middle of its values: two pages of each, however large it is. */
static uint64_t hash_tensor(uint64_t h, const char *name, const Tensor *x)
{
    enum { PART = 2048 };
    size_t bytes = tensor_count(x) / type_block(x->type) * type_block_bytes(x->type);
    h = hash_bytes(h, name, strlen(name));
    h = hash_bytes(h, x->shape, sizeof x->shape);
    h = hash_bytes(h, &x->type, sizeof x->type);
    h = hash_bytes(h, x->data, bytes < PART ? bytes : PART);
    size_t middle = bytes / 2;
    return hash_bytes(h, (const char *)x->data + middle,
                      bytes - middle < PART ? bytes - middle : PART);
}

SoraStatus wan_bundle_hash(const WanBundle *b, uint64_t *out)
{
    const char *part[] = { b->parts.transformer, b->parts.high, b->parts.text, b->parts.clip,
                           b->parts.vae };
    *out = 0xcbf29ce484222325;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        Weights *w;
        Arena *a = arena_new("hash", 0);
        if (!a) return err_set(SORA_E_MEMORY, "no memory to look at the model");
        SoraStatus s = part[i] ? weights_open(part[i], a, &w) : SORA_OK;
        for (size_t k = 0; part[i] && s == SORA_OK && k < weights_count(w); k++)
            *out = hash_tensor(*out, weights_name(w, k), weights_at(w, k));
        if (part[i] && s == SORA_OK) weights_close(w);
        arena_free(a);
        TRY(s);
    }
    return SORA_OK;
}
