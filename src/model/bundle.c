#include "model/bundle.h"

#include <string.h>

#include "base/file.h"

static const char *in_folder(const char *path, const char *file, Arena *a)
{
    return file_is_folder(path) ? arena_printf(a, "%s/%s", path, file) : path;
}

static const char *beside(const char *path, const char *file, Arena *a)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_printf(a, "%.*s/%s", (int)(slash - path), path, file) : file;
}

static SoraStatus find_text(const char *model, const char *text_path, const char *default_dir,
                            Arena *a, const char **out)
{
    *out = text_path ? text_path : beside(model, "text.safetensors", a);
    if (text_path || file_exists(*out)) return SORA_OK;
    const char *first = *out;
    if (default_dir) *out = arena_printf(a, "%s/text.safetensors", default_dir);
    if (default_dir && file_exists(*out)) return SORA_OK;
    return err_set(SORA_E_IO, "the model needs a text encoder: there is no %s%s%s", first,
                   default_dir ? " and no " : "", default_dir ? *out : "");
}

const Tensor *bundle_lookup(void *safetensors, const char *name)
{
    return safetensors_find(safetensors, name);
}

static SoraStatus open_dit(const char *path, Bundle *b)
{
    TRY(safetensors_open(path, b->weights, &b->file));
    const char *kind = safetensors_metadata(&b->file, "sora.kind");
    const char *config = safetensors_metadata(&b->file, "sora.dit");
    if (!kind || strcmp(kind, "dit") != 0 || !config)
        return err_set(SORA_E_FORMAT, "%s is no sora model%s%s%s", path,
                       kind ? ": it says it is a \"" : "", kind ? kind : "", kind ? "\"" : "");
    TRY(err_while(dit_config_parse(config, strlen(config), &b->config), "reading %s", path));
    ParamSet *set = params_new_load(b->weights, bundle_lookup, &b->file);
    return err_while(dit_new(&b->config, set, b->weights, &b->dit), "reading %s", path);
}

const char *bundle_layout_path(const char *model, Arena *a)
{
    static const char file[] = "model.safetensors";
    const char *path = in_folder(model, file, a), *slash = strrchr(path, '/');
    if (strcmp(slash ? slash + 1 : path, file) != 0) return NULL;
    path = beside(path, "layout.safetensors", a);
    return file_exists(path) ? path : NULL;
}

static SoraStatus open_layout(Bundle *b)
{
    const char *path = bundle_layout_path(b->path, b->weights);
    if (!path) return SORA_OK;
    Bundle *l = arena_zero(b->weights, sizeof *l);
    *l = (Bundle){ .path = path, .weights = b->weights, .text = b->text };
    b->layout = l;
    TRY(open_dit(path, l));
    if (l->config.patch != b->config.patch || l->config.text_width != b->config.text_width ||
        l->config.step_input != b->config.step_input)
        return err_set(SORA_E_FORMAT, "%s lays out for another model than %s", path, b->path);
    return SORA_OK;
}

static void close_layout(Bundle *b)
{
    if (b->layout && b->layout->file.map.bytes) safetensors_close(&b->layout->file);
    b->layout = NULL;
}

static SoraStatus open_all(const char *path, const char *text_path, const char *default_dir,
                           const Compute *c, Bundle *b)
{
    path = in_folder(path, "model.safetensors", b->weights);
    const char *text;
    b->path = path;
    TRY(open_dit(path, b));
    TRY(find_text(path, text_path, default_dir, b->weights, &text));
    TRY(text_encoder_open(text, c, b->weights, &b->text));
    if (text_encoder_width(b->text) != b->config.text_width)
        return err_set(SORA_E_FORMAT, "%s gives text of width %zu, %s reads %zu", text,
                       text_encoder_width(b->text), path, b->config.text_width);
    return open_layout(b);
}

static SoraStatus open_wan(const char *path, const WanParts *given, Bundle *b)
{
    WanParts parts;
    TRY(wan_parts_find(path, given, b->weights, &parts));
    WanBundle *wan = arena_zero(b->weights, sizeof *wan);
    TRY(wan_bundle_check(&parts, b->weights, wan));
    b->config = wan->config;
    b->wan = wan;
    return SORA_OK;
}

/* A folder without model.safetensors, or a file of weights that are a Wan transformer's. */
static bool is_wan(const char *path, Arena *a)
{
    const char *own = in_folder(path, "model.safetensors", a);
    if (own != path && !file_exists(own)) return true;
    WanPart part;
    if (wan_part_open(own, &part) != SORA_OK) return false;
    bool wan = !weights_metadata(part.weights, "sora.kind") && wan_fits(part.weights);
    wan_part_close(&part);
    return wan;
}

SoraStatus bundle_open(const char *path, const char *text_path, const char *default_dir,
                       const Compute *c, Bundle *out)
{
    memset(out, 0, sizeof *out);
    out->weights = arena_new("weights", 0);
    if (!out->weights) return err_set(SORA_E_MEMORY, "no memory for a model");
    WanParts named = { .text = text_path };
    SoraStatus s = is_wan(path, out->weights) ? open_wan(path, &named, out)
                                              : open_all(path, text_path, default_dir, c, out);
    if (s != SORA_OK) bundle_close(out);
    return s;
}

SoraStatus bundle_open_wan(const char *path, const WanParts *given, Bundle *out)
{
    memset(out, 0, sizeof *out);
    out->weights = arena_new("weights", 0);
    if (!out->weights) return err_set(SORA_E_MEMORY, "no memory for a model");
    SoraStatus s = open_wan(path, given, out);
    if (s != SORA_OK) bundle_close(out);
    return s;
}

SoraStatus bundle_lora(Bundle *b, const LoraSpec *lora, size_t count, const Compute *c,
                       void (*told)(void *self, const char *line), void *self)
{
    LoraReport report = { 0 };
    close_layout(b);
    if (!b->merged) TRY(weights_open(b->path, b->weights, &b->merged));
    TRY(lora_merge(lora, count, c, false, b->merged, &report));
    for (size_t i = 0; i < report.unmatched && told; i++)
        told(self, arena_printf(b->weights, "the model has no %s, which a LoRA changes: left out",
                                report.unmatched_name[i]));
    ParamSet *set = params_new_load(b->weights, weights_lookup, b->merged);
    return err_while(dit_new(&b->config, set, b->weights, &b->dit), "reading %s", b->path);
}

void bundle_close(Bundle *b)
{
    weights_close(b->merged);
    close_layout(b);
    if (b->text) text_encoder_close(b->text);
    if (b->file.map.bytes) safetensors_close(&b->file);
    arena_free(b->weights);
    memset(b, 0, sizeof *b);
}
