#include "pipeline/wan_condition.h"

#include <math.h>
#include <string.h>

#include "model/bicubic.h"
#include "pipeline/wan_vace.h"

static void show(const WanConditionCall *k, const char *name, const float *x, size_t count)
{
    if (k->trace) k->trace->fn(k->trace->self, name, x, count);
}

/* ---- the autoencoder ------------------------------------------------------------------------- */

SoraStatus wan_encode(const WanConditionCall *k, size_t frames, VaeReadFn read, void *self,
                      float *z)
{
    WanPart part;
    Vae *vae;
    TRY(wan_open_vae(k->b, &part, &vae));
    VaeRun run = {
        .compute = k->compute, .precision = k->vae_precision, .step = k->step, .tile = k->tile
    };
    size_t size[3] = { frames, k->height, k->width };
    SoraStatus s = vae_encode(vae, &run, size, read, self, z, NULL);
    wan_part_close(&part);
    return s;
}

/* A video of one or two pictures: grey between them. */
typedef struct Stills {
    size_t frames, pixels;
    const float *first, *last; /* [3, height, width] or NULL */
} Stills;

static SoraStatus read_still(void *self, size_t frame, float *rgb)
{
    const Stills *s = self;
    const float *x = frame == 0 ? s->first : frame + 1 == s->frames ? s->last : NULL;
    for (size_t i = 0; i < s->pixels; i++)
        for (size_t c = 0; c < 3; c++) rgb[3 * i + c] = x ? x[c * s->pixels + i] : 0;
    return SORA_OK;
}

/* The picture stretched to the video's size, which was chosen after its shape (wan_size.h). */
static float *fitted(const WanConditionCall *k, const WanPicture *p, Arena *a)
{
    size_t from[2] = { p->height, p->width }, to[2] = { k->height, k->width };
    float *out = arena_alloc(a, 3 * k->height * k->width * sizeof *out);
    bicubic_resize(p->rgb, 3, from, to, k->step, out);
    return out;
}

/* ---- I2V and FLF2V ----------------------------------------------------------------------------
 */

enum { MASKS = 4 };

/* [4, T, h, w]: 1 where a frame is given. Latent frame 0 stands for one frame, four times. */
static void fill_mask(const WanConditionCall *k, bool last, float *mask)
{
    size_t frames = k->size.frames, plane = k->size.height * k->size.width;
    for (size_t j = 0; j < MASKS; j++)
        for (size_t f = 0; f < frames; f++) {
            bool given = f == 0 || (last && f + 1 == frames && j == MASKS - 1);
            for (size_t i = 0; i < plane; i++) mask[(j * frames + f) * plane + i] = given;
        }
}

static SoraStatus read_clip_states(const WanConditionCall *k, Arena *a, Tensor **out)
{
    const WanPicture *picture[2] = { k->given->first, k->given->last };
    size_t count = picture[1] ? 2 : 1;
    WanPart part;
    ClipImage *clip;
    TRY(wan_open_clip(k->b, &part, &clip));
    size_t rows = clip_image_tokens(clip), width = clip_image_width(clip);
    *out = tensor_new_2d(a, TYPE_F32, count * rows, width);
    for (size_t i = 0; i < count; i++) {
        size_t size[2] = { picture[i]->height, picture[i]->width };
        clip_image_encode(clip, k->compute, k->precision, picture[i]->rgb, size, k->step,
                          (float *)(*out)->data + i * rows * width, NULL);
    }
    wan_part_close(&part);
    TRY(pool_status(k->compute->pool));
    for (size_t i = 0; i < tensor_count(*out); i++)
        if (!isfinite(((float *)(*out)->data)[i]))
            return err_set(SORA_E_NUMBER, "CLIP makes no number of the image");
    show(k, "clip", (*out)->data, tensor_count(*out));
    return SORA_OK;
}

static SoraStatus make_image(const WanConditionCall *k, Arena *a, WanCondition *out)
{
    const WanGiven *g = k->given;
    LatentSize s = k->size;
    size_t plane = s.frames * s.height * s.width;
    Stills stills = { k->frames, k->height * k->width, fitted(k, g->first, a), NULL };
    if (g->last) stills.last = fitted(k, g->last, a);
    show(k, "first_frame", stills.first, 3 * stills.pixels);
    float *y = arena_alloc(a, (MASKS + s.channels) * plane * sizeof *y);
    fill_mask(k, g->last != NULL, y);
    TRY(err_while(wan_encode(k, k->frames, read_still, &stills, y + MASKS * plane),
                  "encoding the given image"));
    show(k, "y", y, (MASKS + s.channels) * plane);
    out->inputs.beside = y;
    out->inputs.beside_channels = MASKS + s.channels;
    return k->b->config.image_width ? read_clip_states(k, a, &out->inputs.image) : SORA_OK;
}

/* ---- TI2V --------------------------------------------------------------------------------------
 */

static SoraStatus make_held(const WanConditionCall *k, Arena *a, WanCondition *out)
{
    size_t count = k->size.channels * k->size.height * k->size.width;
    float *z = arena_alloc(a, count * sizeof *z);
    Stills still = { 1, k->height * k->width, fitted(k, k->given->first, a), NULL };
    TRY(err_while(wan_encode(k, 1, read_still, &still, z), "encoding the given image"));
    show(k, "z0", z, count);
    out->held = z;
    return SORA_OK;
}

/* ---- video to video
 * ------------------------------------------------------------------------------ */

typedef struct Source {
    const float *rgb;
    size_t values; /* of a frame */
} Source;

static SoraStatus read_source(void *self, size_t frame, float *rgb)
{
    const Source *s = self;
    memcpy(rgb, s->rgb + frame * s->values, s->values * sizeof *rgb);
    return SORA_OK;
}

static SoraStatus make_start(const WanConditionCall *k, Arena *a, WanCondition *out)
{
    float *z = arena_alloc(a, latent_values(k->size) * sizeof *z);
    Source source = { k->given->video->rgb, k->height * k->width * 3 };
    TRY(err_while(wan_encode(k, k->frames, read_source, &source, z), "encoding the given video"));
    out->start = z;
    return SORA_OK;
}

/* ---- who makes what
 * ------------------------------------------------------------------------------ */

static SoraStatus refuse(const WanConditionCall *k, const char *what)
{
    return err_set(SORA_E_ARGUMENT, "%s (%s) has no use for %s", k->b->parts.transformer,
                   wan_family_name(k->b->family), what);
}

/* What is given is what the family reads; SORA_E_ARGUMENT says what is too much or missing. */
static SoraStatus check(const WanConditionCall *k)
{
    const WanGiven *g = k->given;
    WanFamily f = k->b->family;
    bool image = f == WAN_I2V || f == WAN_I2V_2 || f == WAN_FLF2V;
    if (g->first && !image && f != WAN_TI2V && f != WAN_VACE) return refuse(k, "an image");
    if (g->last && f != WAN_FLF2V && f != WAN_I2V_2) return refuse(k, "a last image");
    if (g->video && image) return refuse(k, "a video");
    if (g->references && f != WAN_VACE) return refuse(k, "reference images");
    if (image && !g->first)
        return err_set(SORA_E_ARGUMENT, "%s (%s) starts from an image; none is given",
                       k->b->parts.transformer, wan_family_name(f));
    if (f == WAN_FLF2V && !g->last)
        return err_set(SORA_E_ARGUMENT,
                       "%s (%s) needs a first and a last image; the last is missing",
                       k->b->parts.transformer, wan_family_name(f));
    return SORA_OK;
}

SoraStatus wan_condition_make(const WanConditionCall *k, Arena *a, WanCondition *out)
{
    *out = (WanCondition){ .inputs.control_scale = 1 };
    TRY(check(k));
    switch (k->b->family) {
    case WAN_I2V:
    case WAN_I2V_2:
    case WAN_FLF2V: return make_image(k, a, out);
    case WAN_VACE: return wan_vace_make(k, a, out);
    case WAN_TI2V:
        if (k->given->first) TRY(make_held(k, a, out));
        break;
    default: break;
    }
    return k->given->video ? make_start(k, a, out) : SORA_OK;
}
