/* Options of Wan models, under the names that users of stable-diffusion.cpp know as well. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "make.h"

static const char *const precisions[] = { "bf16", "f32", "int8", NULL };

Option *make_wan_options(Make *m, Option *table)
{
    const Option own[] = {
        { .group = T("Wan models") },
        { 0, "diffusion-model", T("the transformer's file, as --model"), .path = &m->model },
        { 0, "high-noise-diffusion-model", T("the high-noise expert of Wan 2.2 A14B"),
          .path = &m->high_noise },
        { 0, "vae", T("the autoencoder's file"), .path = &m->vae },
        { 0, "t5xxl", T("the text encoder's file, as --text-encoder"), .path = &m->text_encoder },
        { 0, "clip-vision", T("the image encoder's file"), .path = &m->clip_image },
        { 0, "init-img", T("as --image"), .path = &m->image },
        { 0, "end-img", T("as --last-image"), .path = &m->last_image },
        { 0, "negative-prompt", T("as --negative"), .text = &m->negative },
        { 0, "flow-shift", T("as --shift"), .number = &m->shift, .min = 0.05, .max = 50,
          .given = &m->shift_given },
        { 0, "reference", T("VACE: a picture of something that shall appear"), .value = "FILE,...",
          .list = &m->references },
        { 0, "control-strength", T("VACE: how strongly what is given steers"),
          .number = &m->control_scale, .max = 10 },
        { 0, "cache", T("take steps that change less than this from the one before, 0 for none"),
          .number = &m->cache, .max = 1 },
        { 0, "precision", T("of products; int8: whole numbers where weights have 8 bits"),
          .choice = &m->precision, .names = precisions },
        { 0, "latents", T("save the latent there before it is decoded"), .path = &m->latents },
    };
    memcpy(table, own, sizeof own);
    return table + sizeof own / sizeof own[0];
}

void make_wan_engine(const Make *m, SoraEngineOptions *o)
{
    o->vae = m->vae;
    o->precision = precisions[m->precision];
    o->clip_image = m->clip_image;
    o->high_noise = m->high_noise;
}

static SoraStatus read_references(Make *m, SoraShot *shot)
{
    for (size_t i = 0; i < m->references.count; i++) {
        SoraClip *clip;
        TRY(sora_clip_read(m->references.item[i], 0, 1, &clip));
        TRY(make_own(m, clip));
        m->reference[i] = clip;
    }
    shot->references = m->reference;
    shot->reference_count = m->references.count;
    return SORA_OK;
}

SoraStatus make_wan_shot(Make *m, SoraShot *shot)
{
    SoraShot fast = *shot; /* only sora's own models have --fast */
    if (m->latents && sora_shot_fast(m->engine, &fast) == SORA_OK)
        return err_set(SORA_E_UNSUPPORTED,
                       T("--latents is for Wan models: those of sora's own make pixels and have no "
                         "latent to save"));
    shot->cache = m->cache;
    shot->latents = m->latents;
    shot->control_scale = m->control_scale;
    return read_references(m, shot);
}
