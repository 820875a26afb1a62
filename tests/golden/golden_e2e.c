/* From a prompt to frames: text encoder, transformer with guidance, UniPC, autoencoder. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden_kinds.h"

#include "media/resize.h"
#include "pipeline/wan.h"
#include "pipeline/wan_size.h"

typedef struct Film {
    Golden *g;
    float *frames; /* [3, frames, height, width] */
    size_t count, height, width;
    SoraStatus status; /* of what was checked on the way */
} Film;

static void check_seen(void *self, const char *name, const float *x, size_t count)
{
    Film *f = self;
    if (f->status == SORA_OK) f->status = golden_check(f->g, name, x, count);
}

static SoraStatus keep_frame(void *self, size_t frame, const float *rgb)
{
    const Film *f = self;
    size_t pixels = f->height * f->width;
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < 3; c++)
            f->frames[(c * f->count + frame) * pixels + i] = rgb[3 * i + c];
    return SORA_OK;
}

/* Bytes may be off by the stated levels in up to 2 % of values; under bf16 all are. */
static SoraStatus check_bytes(Golden *g, const char *name, const uint8_t *got, size_t count)
{
    const Json *spec = json_get(json_get(g->spec, "outputs"), name);
    const Json *levels = json_get(json_get(spec, "tol"), "max_abs_levels");
    const Tensor *want = safetensors_find(&g->io, json_text(spec, "tensor"));
    if (!spec || g->precision != GEMM_F32) return SORA_OK;
    if (!levels || !want || want->type != TYPE_U8 || tensor_count(want) != count)
        return err_set(SORA_E_FORMAT, "output %s has %zu bytes, which are not those stored", name,
                       count);
    size_t off = 0;
    int most = 0;
    for (size_t i = 0; i < count; i++) {
        int d = abs((int)got[i] - ((uint8_t *)want->data)[i]);
        off += d > 0;
        if (d > most) most = d;
    }
    golden_expect(g, most <= levels->number && off * 50 <= count,
                  "%s: %zu of %zu bytes are off, by up to %d", name, off, count, most);
    return SORA_OK;
}

static SoraStatus check_film(const Film *f)
{
    size_t pixels = f->height * f->width, n = 3 * f->count * pixels;
    uint8_t *bytes = arena_alloc(f->g->a, n);
    TRY(golden_check(f->g, "frames", f->frames, n));
    for (size_t i = 0; i < n; i++) {
        size_t c = i % 3, frame = i / 3 / pixels, pixel = i / 3 % pixels;
        float x = f->frames[(c * f->count + frame) * pixels + pixel];
        bytes[i] = (uint8_t)((x + 1) / 2 * 255);
    }
    return check_bytes(f->g, "frames_u8", bytes, n);
}

/* ---- what is given --------------------------------------------------------------------------- */

static const Json *pair(const Golden *g, const char *name, size_t out[2])
{
    const Json *x = golden_scalar(g, name);
    if (!x || x->count != 2) return NULL;
    for (int i = 0; i < 2; i++) out[i] = (size_t)x->item[i].integer;
    return x;
}

static SoraStatus give_image(Golden *g, WanPicture *p, WanGiven *given)
{
    const Tensor *image;
    TRY(golden_input(g, "image", &image));
    if (!image || image->rank != 3) return err_set(SORA_E_FORMAT, "the case has no image");
    *p = (WanPicture){ image->data, image->shape[1], image->shape[2] };
    given->first = p;
    WanSize size = { 0 };
    size_t want[2] = { 0 };
    size_t area = (size_t)golden_number(g, "max_area", 0);
    bool made = wan_size_i2v((WanSize){ p->width, p->height }, area, 8, &size);
    if (area && pair(g, "size", want))
        golden_expect(g, made && size.height == want[0] && size.width == want[1],
                      "the size is %zux%zu", size.width, size.height);
    return SORA_OK;
}

/* Resized to cover, the middle cut out, all in bytes; then floats. */
static SoraStatus give_crop(Golden *g, WanPicture *p, WanGiven *given)
{
    const Tensor *image;
    TRY(golden_input(g, "image_u8", &image));
    if (!image || image->rank != 3) return err_set(SORA_E_FORMAT, "the case has no image");
    Clip in = { 1, image->shape[0], image->shape[1], 0, image->data }, large;
    WanCrop crop;
    if (!wan_size_ti2v((WanSize){ in.width, in.height }, (size_t)golden_number(g, "max_area", 0),
                       32, &crop))
        return err_set(SORA_E_FORMAT, "the image has no size");
    ResizeOptions o = { .height = crop.resized.height,
                        .width = crop.resized.width,
                        .filter = RESIZE_LANCZOS };
    TRY(resize_clip(&in, &o, g->a, &large));
    size_t height = crop.size.height, width = crop.size.width, n = height * width * 3;
    uint8_t *bytes = arena_alloc(g->a, n);
    for (size_t y = 0; y < height; y++)
        memcpy(bytes + y * width * 3, large.rgb + ((crop.y + y) * large.width + crop.x) * 3,
               width * 3);
    TRY(check_bytes(g, "crop_u8", bytes, n));
    /* later stages start from the stored bytes, as a level of difference is allowed here */
    const char *stored = json_text(json_get(json_get(g->spec, "outputs"), "crop_u8"), "tensor");
    const Tensor *exact = stored ? safetensors_find(&g->io, stored) : NULL;
    const uint8_t *from = exact && tensor_count(exact) == n ? exact->data : bytes;
    float *rgb = arena_alloc(g->a, n * sizeof *rgb);
    for (size_t i = 0; i < n; i++)
        rgb[i % 3 * height * width + i / 3] = ((float)from[i] / 255 - 0.5f) / 0.5f;
    *p = (WanPicture){ rgb, height, width };
    given->first = p;
    return SORA_OK;
}

/* ---- the run -----------------------------------------------------------------------------------
 */

static SoraStatus find_parts(Golden *g, WanParts *p)
{
    TRY(golden_weights(g, "dit", &p->transformer));
    TRY(golden_weights(g, "umt5", &p->text));
    TRY(golden_weights(g, "vae", &p->vae));
    TRY(golden_weights(g, "tokenizer", &p->tokenizer));
    return json_get(json_get(g->spec, "weights"), "clip") ? golden_weights(g, "clip", &p->clip)
                                                          : SORA_OK;
}

/* The CLIP model's heads are said by the case that is its own. */
static size_t clip_heads(const Golden *g)
{
    const char *clip = json_text(json_get(g->spec, "weights"), "clip");
    for (size_t i = 0; clip && i < g->cases->count; i++) {
        const Json *spec = &g->cases->item[i], *w = json_get(spec, "weights");
        const char *kind = json_text(spec, "kind");
        if (!kind || strcmp(kind, "clip") != 0) continue;
        for (size_t k = 0; w && k < w->count; k++)
            if (w->item[k].string && strcmp(w->item[k].string, clip) == 0)
                return (size_t)json_get(json_get(spec, "config"), "heads")->integer;
    }
    return 0;
}

static SoraStatus make_job(Golden *g, const WanBundle *b, WanJob *j)
{
    const Tensor *noise;
    size_t size[2];
    const Json *prompt = golden_scalar(g, "prompt"), *negative = golden_scalar(g, "negative");
    TRY(golden_input(g, "noise", &noise));
    if (!noise || !prompt || !prompt->string || !pair(g, "size", size))
        return err_set(SORA_E_FORMAT, "the case lacks a prompt, a size or noise");
    *j = wan_job_default(b);
    j->prompt = prompt->string;
    j->negative = negative && negative->string ? negative->string : "";
    j->frames = (size_t)golden_number(g, "frames", 1);
    j->height = size[0], j->width = size[1];
    j->steps = (size_t)golden_number(g, "steps", 1);
    j->shift = golden_number(g, "shift", 1);
    j->cfg_scale = golden_number(g, "guidance", 1);
    j->noise = noise->data;
    j->precision = g->precision;
    j->vae_precision = GEMM_F32; /* as the reference, in both */
    LatentSize s;
    TRY(wan_latent_size(b, j, &s));
    return latent_values(s) == tensor_count(noise)
               ? SORA_OK
               : err_set(SORA_E_FORMAT, "the noise is not of the latent's size");
}

static SoraStatus run(Golden *g)
{
    WanParts parts = { 0 };
    WanBundle b = { .clip_heads = clip_heads(g) };
    WanJob j;
    WanPicture picture;
    float *z;
    const char *kind = json_text(g->spec, "kind");
    TRY(find_parts(g, &parts));
    TRY(wan_bundle_check(&parts, g->a, &b));
    TRY(make_job(g, &b, &j));
    if (strcmp(kind, "e2e-i2v") == 0) TRY(give_image(g, &picture, &j.given));
    if (strcmp(kind, "e2e-ti2v") == 0) TRY(give_crop(g, &picture, &j.given));
    Film f = { .g = g, .count = j.frames, .height = j.height, .width = j.width };
    f.frames = arena_alloc(g->a, 3 * f.count * f.height * f.width * sizeof(float));
    WanTrace trace = { check_seen, &f };
    j.trace = &trace;
    TRY(wan_sample(&b, g->compute, &j, g->a, &z));
    TRY(f.status);
    TRY(wan_decode(&b, g->compute, &j, z, keep_frame, &f));
    return check_film(&f);
}

const GoldenKind golden_e2e_t2v = { "e2e-t2v", run, false, true };
const GoldenKind golden_e2e_i2v = { "e2e-i2v", run, false, true };
const GoldenKind golden_e2e_ti2v = { "e2e-ti2v", run, false, true };
