#include "info_weights.h"

#include <string.h>

#include "base/file.h"
#include "media/read.h"
#include "model/bundle_wan.h"
#include "model/inspect.h"
#include "progress.h"

bool info_is_weights(const char *path)
{
    Slice file;
    size_t n = strlen(path);
    if (file_is_folder(path)) return !read_has_pictures(path);
    if (n > 11 && strcmp(path + n - 11, ".index.json") == 0) return true;
    if (file_map(path, &file) != SORA_OK) return false;
    const unsigned char *b = file.bytes;
    bool safetensors = file.size > 8 && b[8] == '{' && b[7] == 0;
    bool other = file.size > 4 && (!memcmp(b, "GGUF", 4) || !memcmp(b, "PK\3\4", 4));
    file_unmap(file);
    return safetensors || other || weights_is_name(path);
}

void info_text(const char *text)
{
    for (; *text; text++) putchar((unsigned char)*text < 32 || *text == 127 ? ' ' : *text);
}

void info_line(const char *key, const char *text)
{
    printf("  %s%s", key, *key ? ": " : "");
    info_text(text);
    printf("\n");
}

/* The table of words would fill a screen. */
static void metadata_line(const char *key, const char *value, Arena *a)
{
    enum { SHOWN_MAX = 240 };
    size_t n = strlen(value), cut = SHOWN_MAX;
    while (n > SHOWN_MAX && cut && (value[cut] & 0xC0) == 0x80) cut--;
    info_line(key, n > SHOWN_MAX ? arena_printf(a, T("%.*s... (%zu bytes)"), (int)cut, value, n)
                                 : value);
}

static const char *sora_kind_text(const char *kind)
{
    return strcmp(kind, "dit") == 0       ? T("a video model of sora")
           : strcmp(kind, "reader") == 0  ? T("a reader of sora")
           : strcmp(kind, "upscale") == 0 ? T("a second stage of sora")
                                          : T("a model of sora");
}

/* Width and layers from the network's own description. */
static const char *sora_size(const Weights *w, const char *kind, Arena *a)
{
    const char *text = weights_metadata(w, arena_printf(a, "sora.%s", kind));
    const Json *tree = NULL;
    if (!text || json_parse(text, strlen(text), kind, a, &tree) != SORA_OK) return "";
    const Json *width = json_get(tree, "width"), *layers = json_get(tree, "layers");
    if (!layers) layers = json_get(tree, "blocks");
    if (!width || !layers) return "";
    return arena_printf(a, T("width %.0f, %.0f layers"), width->number, layers->number);
}

static const char *kind_text(const Weights *w, InspectKind k, const char *details)
{
    const char *format = weights_metadata(w, "format");
    if (k == INSPECT_SORA) return sora_kind_text(details);
    if (format && strncmp(format, "sora text encoder", 17) == 0) return T("a text encoder of sora");
    switch (k) {
    case INSPECT_WAN: return T("a transformer of Wan");
    case INSPECT_VAE: return T("an autoencoder of Wan");
    case INSPECT_UMT5: return T("a text encoder, umT5");
    case INSPECT_CLIP: return T("an image encoder, CLIP");
    case INSPECT_LORA: return T("a LoRA");
    default: return T("weights of something unknown");
    }
}

static void print_set(const Weights *w, const Inspect *x, bool tensors, Arena *a)
{
    const char *size = x->kind == INSPECT_SORA ? sora_size(w, x->details, a) : x->details;
    printf(T("%s: %zu tensors, %zu numbers, %.1f MB\n"), weights_path(w), x->tensors, x->numbers,
           (double)weights_bytes(w) / 1e6);
    info_line(T("what"), kind_text(w, x->kind, x->details));
    if (*size) info_line(T("size"), size);
    if (x->missing) info_line(T("not usable"), x->missing);
    printf("  %s: %s", T("types"), weights_kind(w));
    for (int t = 0; t < TYPE_COUNT; t++)
        if (x->by_type[t])
            printf(", %s %.4g%%", type_name((Type)t),
                   100 * (double)x->by_type[t] / (double)x->numbers);
    printf("\n");
    for (size_t i = 0; i < weights_metadata_count(w); i++) {
        const char *key, *value;
        weights_metadata_at(w, i, &key, &value);
        metadata_line(key, value, a);
    }
    for (size_t i = 0; tensors && i < x->tensors; i++) {
        char shape[128];
        info_line(weights_name(w, i), tensor_describe(weights_at(w, i), shape, sizeof shape));
    }
}

static void send_set(Cli *cli, const Weights *w, const Inspect *x, bool tensors, Arena *a)
{
    JsonWriter j = progress_event(a, "info");
    json_put_text(&j, "file", weights_path(w));
    json_put_text(&j, "kind", weights_kind(w));
    json_put_text(&j, "what", inspect_kind_name(x->kind));
    json_put_text(&j, "details", x->details);
    json_put_text(&j, "missing", x->missing);
    json_put_integer(&j, "tensors", (int64_t)x->tensors);
    json_put_integer(&j, "numbers", (int64_t)x->numbers);
    json_put_integer(&j, "bytes", (int64_t)weights_bytes(w));
    json_begin(&j, "types", '{');
    for (int t = 0; t < TYPE_COUNT; t++)
        if (x->by_type[t]) json_put_integer(&j, type_name((Type)t), (int64_t)x->by_type[t]);
    json_end(&j, '}');
    json_begin(&j, "metadata", '{');
    for (size_t i = 0; i < weights_metadata_count(w); i++) {
        const char *key, *value;
        weights_metadata_at(w, i, &key, &value);
        json_put_text(&j, key, value);
    }
    json_end(&j, '}');
    if (tensors) json_begin(&j, "tensor", '{');
    for (size_t i = 0; tensors && i < x->tensors; i++) {
        char shape[128];
        json_put_text(&j, weights_name(w, i),
                      tensor_describe(weights_at(w, i), shape, sizeof shape));
    }
    if (tensors) json_end(&j, '}');
    progress_send(cli, &j);
}

static SoraStatus show_set(Cli *cli, const char *path, bool tensors, Arena *a)
{
    Weights *w;
    Inspect x;
    TRY(weights_open(path, a, &w));
    inspect(w, a, &x);
    if (cli->json)
        send_set(cli, w, &x, tensors, a);
    else
        print_set(w, &x, tensors, a);
    weights_close(w);
    return SORA_OK;
}

/* A folder: each part that is found in it, and whether they make a model. */
static SoraStatus show_folder(Cli *cli, const char *path, bool tensors, Arena *a)
{
    WanParts parts;
    WanBundle bundle;
    if (wan_parts_find(path, NULL, a, &parts) != SORA_OK) {
        const char **file, *why = arena_strdup(a, err_text());
        size_t count = 0;
        TRY(weights_list(path, a, &file, &count));
        if (!count) return err_set(SORA_E_FORMAT, "%s", why);
        for (size_t i = 0; i < count; i++) TRY(show_set(cli, file[i], tensors, a));
        bool own = file_exists(arena_printf(a, "%s/model.safetensors", path)) ||
                   file_exists(arena_printf(a, "%s/reader.safetensors", path)) ||
                   file_exists(arena_printf(a, "%s/upscale.safetensors", path));
        if (!cli->json && !own) info_line(T("not usable"), why);
        return SORA_OK;
    }
    const char *part[] = { parts.high, parts.transformer, parts.vae, parts.text, parts.clip };
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (part[i]) TRY(show_set(cli, part[i], tensors, a));
    SoraStatus s = wan_bundle_check(&parts, a, &bundle);
    bool clip = s == SORA_OK && (bundle.family == WAN_I2V || bundle.family == WAN_FLF2V);
    if (cli->json) return SORA_OK;
    if (!parts.vae) info_line(T("missing"), T("an autoencoder of Wan"));
    if (!parts.text) info_line(T("missing"), T("a text encoder, umT5"));
    if (clip && !parts.clip) info_line(T("missing"), T("an image encoder, CLIP"));
    if (s == SORA_OK && parts.vae && parts.text && (parts.clip || !clip))
        printf(T("%s: complete\n"), path);
    else if (s != SORA_OK)
        printf(T("%s: not usable: %s\n"), path, err_text());
    return SORA_OK;
}

SoraStatus info_weights(Cli *cli, const char *path, bool tensors, Arena *a)
{
    return file_is_folder(path) ? show_folder(cli, path, tensors, a)
                                : show_set(cli, path, tensors, a);
}
