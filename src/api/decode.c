/* sora_decode: a saved latent to a clip, without the rest of the model. */
#include <string.h>

#include "base/file.h"
#include "api/clip.h"
#include "model/bundle_wan.h"

typedef struct Decode {
    Pool *pool;
    Compute *compute;
    Arena *a, *step;
    WanPart part;
    Vae *vae;
    VaeLatents latents;
    SoraClip *clip;
    size_t frames;
} Decode;

/* The autoencoder's file, or the one in a model's folder. */
static SoraStatus find_vae(const char *path, Decode *d, WanBundle *b)
{
    b->parts.vae = path;
    if (!file_is_folder(path)) return SORA_OK;
    WanParts given = { .transformer = "" }; /* is not looked for */
    TRY(wan_parts_find(path, &given, d->a, &b->parts));
    return b->parts.vae ? SORA_OK : err_set(SORA_E_FORMAT, "%s holds no autoencoder", path);
}

/* Latents may be larger than what was wanted of them. */
static SoraStatus put_frame(void *self, size_t frame, const float *rgb)
{
    const Decode *d = self;
    const Clip *c = &d->clip->clip;
    if (frame >= c->frames) return SORA_OK;
    size_t wide = d->latents.size[3] * vae_info(d->vae)->space;
    for (size_t y = 0; y < c->height; y++)
        for (size_t x = 0; x < 3 * c->width; x++)
            clip_frame(c, frame)[y * c->width * 3 + x] =
                (uint8_t)((rgb[y * wide * 3 + x] + 1) / 2 * 255);
    return SORA_OK;
}

static SoraStatus begin_clip(Decode *d)
{
    const VaeLatents *l = &d->latents;
    size_t space = vae_info(d->vae)->space, frames = vae_frames(d->vae, l->size[1]);
    size_t height = l->size[2] * space, width = l->size[3] * space;
    if (l->frames && l->frames < frames) frames = l->frames;
    if (l->height && l->height < height) height = l->height;
    if (l->width && l->width < width) width = l->width;
    TRY(clip_begin(&d->clip));
    return clip_new(d->clip->arena, frames, height, width, frames > 1 ? l->fps : 0, &d->clip->clip);
}

static SoraStatus decode(const char *latents, const char *vae, int threads, Decode *d)
{
    WanBundle b = { .family = WAN_T2V };
    TRY(pool_new(threads, &d->pool));
    TRY(compute_new(d->pool, NULL, &d->compute));
    TRY(vae_load_latents(latents, d->a, &d->latents));
    TRY(find_vae(vae, d, &b));
    TRY(wan_open_vae(&b, &d->part, &d->vae));
    TRY(vae_check_latents(d->vae, &d->latents));
    TRY(begin_clip(d));
    VaeRun run = { .compute = d->compute, .precision = GEMM_BF16, .step = d->step };
    return vae_decode(d->vae, &run, d->latents.size + 1, d->latents.z, put_frame, d);
}

SoraStatus sora_decode(const char *latents, const char *vae, int threads, SoraClip **out)
{
    Decode d = { .a = arena_new("latents", 0), .step = arena_new("decode", 0) };
    SoraStatus s = d.a && d.step ? decode(latents, vae, threads, &d)
                                 : err_set(SORA_E_MEMORY, "no memory to decode");
    wan_part_close(&d.part);
    arena_free(d.step);
    arena_free(d.a);
    compute_free(d.compute);
    pool_free(d.pool);
    if (s == SORA_OK)
        *out = d.clip;
    else
        sora_clip_free(d.clip);
    return s;
}
