/* The transformer's configuration as the JSON object that a model file carries. */
#include <stddef.h>
#include <string.h>

#include "base/json.h"
#include "model/dit.h"

enum { WIDTH_MAX = 1 << 16, LAYERS_MAX = 1024 };

typedef struct Field {
    const char *name;
    size_t offset;
    enum { SIZE, FLAG, NUMBER } kind;
    size_t most; /* of a size */
} Field;

#define AT(name) offsetof(DitConfig, name)
static const Field fields[] = {
    { "width", AT(width), SIZE, WIDTH_MAX },
    { "heads", AT(heads), SIZE, 1024 },
    { "layers", AT(layers), SIZE, LAYERS_MAX },
    { "hidden", AT(hidden), SIZE, 4 * WIDTH_MAX },
    { "in_values", AT(in_values), SIZE, WIDTH_MAX },
    { "out_values", AT(out_values), SIZE, WIDTH_MAX },
    { "bottleneck", AT(bottleneck), SIZE, WIDTH_MAX },
    { "text_width", AT(text_width), SIZE, WIDTH_MAX },
    { "patch", AT(patch), SIZE, PATCH_SIDE_MAX },
    { "gated", AT(gated), FLAG, 0 },
    { "bias", AT(bias), FLAG, 0 },
    { "norm_heads", AT(norm_heads), FLAG, 0 },
    { "cross_norm_affine", AT(cross_norm_affine), FLAG, 0 },
    { "text_pooled", AT(text_pooled), FLAG, 0 },
    { "text_norm", AT(text_norm), FLAG, 0 },
    { "step_input", AT(step_input), FLAG, 0 },
    { "positions", AT(positions), FLAG, 0 },
    { "words", AT(words), FLAG, 0 },
    { "motion", AT(motion), FLAG, 0 },
    { "predicts_clean", AT(predicts_clean), FLAG, 0 },
    { "eps", AT(eps), NUMBER, 0 },
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static SoraStatus read_field(const Json *x, DitConfig *c)
{
    for (size_t i = 0; i < FIELDS; i++) {
        const Field *f = &fields[i];
        void *at = (char *)c + f->offset;
        if (strcmp(f->name, x->key) != 0) continue;
        if (f->kind == FLAG && x->kind == JSON_IS_BOOL)
            *(bool *)at = x->boolean;
        else if (f->kind == NUMBER && x->kind >= JSON_IS_INTEGER && x->kind <= JSON_IS_REAL)
            *(float *)at = (float)x->number;
        else if (f->kind == SIZE && x->kind == JSON_IS_INTEGER && x->integer >= 0 &&
                 (uint64_t)x->integer <= f->most)
            *(size_t *)at = (size_t)x->integer;
        else
            return err_set(SORA_E_FORMAT, "the model's \"%s\" is not what it can be (%s)", x->key,
                           f->kind == SIZE   ? "a size that is not too large"
                           : f->kind == FLAG ? "true or false"
                                             : "a number");
        return SORA_OK;
    }
    return err_set(SORA_E_FORMAT,
                   "the model has \"%s\", which this version does not know (is it a newer file?)",
                   x->key);
}

/* Sizes that the network can be built from. */
static SoraStatus check(const DitConfig *c)
{
    if (!c->width || !c->heads || !c->layers || !c->hidden || !c->in_values || !c->out_values)
        return err_set(SORA_E_FORMAT, "the model does not say all of its sizes");
    if (c->width % (2 * c->heads) || c->width / c->heads > 256)
        return err_set(SORA_E_FORMAT, "the model's %zu features do not make %zu heads of even size",
                       c->width, c->heads);
    if (c->patch &&
        (c->out_values != patch_values(c->patch) || c->in_values != c->out_values + PATCH_FRAMES))
        return err_set(SORA_E_FORMAT, "the model's patches of %zu pixels need %zu + %d values",
                       c->patch, patch_values(c->patch), PATCH_FRAMES);
    if (!(c->eps > 0 && c->eps < 1)) return err_set(SORA_E_FORMAT, "the model's eps is %g", c->eps);
    return SORA_OK;
}

SoraStatus dit_config_parse(const char *json, size_t size, DitConfig *out)
{
    Arena *a = arena_new("configuration", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a configuration");
    const Json *root = NULL;
    *out = (DitConfig){ .eps = 1e-6f };
    SoraStatus s = json_parse(json, size, "the model's configuration", a, &root);
    if (s == SORA_OK && root->kind != JSON_IS_OBJECT)
        s = err_set(SORA_E_FORMAT, "the model's configuration is no JSON object");
    for (size_t i = 0; s == SORA_OK && i < root->count; i++) s = read_field(&root->item[i], out);
    if (s == SORA_OK) s = check(out);
    arena_free(a);
    return s;
}

char *dit_config_write(const DitConfig *c, Arena *a)
{
    JsonWriter w = json_writer(a);
    json_begin(&w, NULL, '{');
    for (size_t i = 0; i < FIELDS; i++) {
        const Field *f = &fields[i];
        const void *at = (const char *)c + f->offset;
        if (f->kind == FLAG)
            json_put_bool(&w, f->name, *(const bool *)at);
        else if (f->kind == NUMBER)
            json_put_number(&w, f->name, (double)*(const float *)at);
        else
            json_put_integer(&w, f->name, (int64_t) * (const size_t *)at);
    }
    json_end(&w, '}');
    return w.text;
}
