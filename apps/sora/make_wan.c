/* Options of Wan models, under the names that users of stable-diffusion.cpp know as well. */
#include <string.h>

#include "make.h"

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
        { 0, "flow-shift", T("as --shift"), .number = &m->shift, .min = 0.05, .max = 50,
          .given = &m->shift_given },
        { 0, "cache", T("take steps that change less than this from the one before, 0 for none"),
          .number = &m->cache, .max = 1 },
        { 0, "latents", T("save the latent there before it is decoded"), .path = &m->latents },
    };
    memcpy(table, own, sizeof own);
    return table + sizeof own / sizeof own[0];
}

void make_wan_engine(const Make *m, SoraEngineOptions *o)
{
    o->vae = m->vae;
    o->clip_image = m->clip_image;
    o->high_noise = m->high_noise;
}

void make_wan_shot(const Make *m, SoraShot *shot)
{
    shot->cache = m->cache;
    shot->latents = m->latents;
}
