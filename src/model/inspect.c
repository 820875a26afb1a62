#include "model/inspect.h"

#include "model/clip_image.h"
#include "model/import/wan.h"
#include "model/lora.h"
#include "model/umt5.h"
#include "model/vae.h"

const char *inspect_kind_name(InspectKind k)
{
    static const char *const names[INSPECT_KINDS] = { "unknown", "sora", "wan", "vae",
                                                      "umt5",    "clip", "lora" };
    return names[k];
}

/* Texts are made before anything else can fail. */
static const char *reason(SoraStatus s, Arena *a)
{
    return s == SORA_OK ? NULL : arena_strdup(a, err_text());
}

static void look_at_wan(const Weights *w, Arena *a, Inspect *out)
{
    WanFile f;
    Dit *dit;
    SoraStatus s = wan_open(w, NULL, a, &f);
    if (s == SORA_OK) {
        const DitConfig *c = &f.config;
        out->details = arena_printf(a,
                                    "%s, width %zu, %zu layers, %zu heads, hidden %zu, %zu "
                                    "channels in, %zu out",
                                    wan_family_name(f.family), c->width, c->layers, c->heads,
                                    c->hidden, c->in_values / 4, c->out_values / 4);
        ParamSet *set = params_new_load(a, wan_lookup, &f);
        s = dit_new(c, set, a, &dit);
        if (s == SORA_OK) s = wan_check_rest(&f, set);
    }
    out->missing = reason(s, a);
}

static void look_at_vae(const EncoderFile *file, Arena *a, Inspect *out)
{
    Vae *v;
    SoraStatus s = vae_load(file, NULL, &v);
    if (s == SORA_OK) {
        const VaeInfo *i = vae_info(v);
        out->details = arena_printf(a, "%s, %zu channels, %zux%zux%zu to a latent%s", i->family,
                                    i->channels, i->time, i->space, i->space,
                                    !i->encodes   ? ", decoder only"
                                    : !i->decodes ? ", encoder only"
                                                  : "");
    }
    out->missing = reason(s, a);
}

static void look_at_umt5(const EncoderFile *file, Arena *a, Inspect *out)
{
    Umt5 *e;
    SoraStatus s = umt5_load(file, &e);
    if (s == SORA_OK)
        out->details = arena_printf(a, "width %zu, %zu layers, %zu words", umt5_width(e),
                                    umt5_layers(e), umt5_words(e));
    out->missing = reason(s, a);
}

static InspectKind kind_of(const Weights *w, const EncoderFile *f)
{
    return weights_metadata(w, "sora.kind") ? INSPECT_SORA
           : wan_fits(w)                    ? INSPECT_WAN
           : vae_fits(f)                    ? INSPECT_VAE
           : umt5_fits(f)                   ? INSPECT_UMT5
           : clip_image_fits(f)             ? INSPECT_CLIP
           : lora_fits(w)                   ? INSPECT_LORA
                                            : INSPECT_UNKNOWN;
}

void inspect(Weights *w, Arena *a, Inspect *out)
{
    EncoderFile f = { weights_lookup, w, weights_path(w), a };
    *out = (Inspect){ .kind = kind_of(w, &f), .tensors = weights_count(w), .details = "" };
    for (size_t i = 0; i < out->tensors; i++) {
        const Tensor *x = weights_at(w, i);
        out->numbers += tensor_count(x);
        out->by_type[x->type] += tensor_count(x);
    }
    if (out->kind == INSPECT_SORA) out->details = weights_metadata(w, "sora.kind");
    if (out->kind == INSPECT_WAN) look_at_wan(w, a, out);
    if (out->kind == INSPECT_VAE) look_at_vae(&f, a, out);
    if (out->kind == INSPECT_UMT5) look_at_umt5(&f, a, out);
}
