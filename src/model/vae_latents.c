/* Latents in files: what was generated is safe before it is decoded. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "model/vae.h"
#include "tensor/safetensors.h"

#define FORMAT "sora-latents-1"

enum { NUMBER_SIZE = 32, SIDE_MAX = 1 << 16, FRAMES_MAX = 1 << 24 };

SoraStatus vae_save_latents(const char *path, const VaeLatents *x)
{
    char frames[NUMBER_SIZE], height[NUMBER_SIZE], width[NUMBER_SIZE], fps[NUMBER_SIZE];
    snprintf(frames, sizeof frames, "%zu", x->frames);
    snprintf(height, sizeof height, "%zu", x->height);
    snprintf(width, sizeof width, "%zu", x->width);
    snprintf(fps, sizeof fps, "%.9g", x->fps);
    const SafetensorsMeta meta[] = { { "format", FORMAT },
                                     { "family", x->family },
                                     { "frames", frames },
                                     { "height", height },
                                     { "width", width },
                                     { "fps", fps },
                                     { "note", x->note ? x->note : "" } };
    SafetensorsEntry e = { "latents",
                           { .type = TYPE_F32,
                             .rank = 4,
                             .shape = { x->size[0], x->size[1], x->size[2], x->size[3], 1, 1 },
                             .data = (void *)x->z } };
    return safetensors_write(path, &e, 1, meta, sizeof meta / sizeof *meta);
}

/* A number of the metadata; a missing one is 0. */
static SoraStatus read_number(const Safetensors *st, const char *key, double most, double *out)
{
    const char *text = safetensors_metadata(st, key);
    char *end;
    *out = 0;
    if (!text || !*text) return SORA_OK;
    *out = strtod(text, &end);
    if (*end || !(*out >= 0 && *out <= most))
        return err_set(SORA_E_FORMAT, "%s is %.40s, not a number from 0 to %g", key, text, most);
    return SORA_OK;
}

static SoraStatus read_size(const Safetensors *st, const char *key, size_t most, size_t *out)
{
    double x;
    TRY(read_number(st, key, (double)most, &x));
    *out = (size_t)x;
    if ((double)*out == x) return SORA_OK;
    return err_set(SORA_E_FORMAT, "%s is %g, not a whole number", key, x);
}

static SoraStatus read_latents(const Safetensors *st, Arena *a, VaeLatents *out)
{
    const char *format = safetensors_metadata(st, "format");
    const char *family = safetensors_metadata(st, "family");
    const char *note = safetensors_metadata(st, "note");
    const Tensor *z = safetensors_find(st, "latents");
    char is[96];
    if (!format || strcmp(format, FORMAT) != 0 || !family || !z)
        return err_set(SORA_E_FORMAT, "it holds no latents (" FORMAT ")");
    if (z->type != TYPE_F32 || z->rank != 4 || tensor_count(z) == 0)
        return err_set(SORA_E_FORMAT, "latents are %s, expected f32 [channels,frames,height,width]",
                       tensor_describe(z, is, sizeof is));
    const float *from = z->data;
    for (size_t i = 0; i < tensor_count(z); i++)
        if (!isfinite(from[i]))
            return err_set(SORA_E_NUMBER, "number %zu of the latents is not finite", i);
    void *copy;
    TRY(arena_try(a, tensor_count(z) * sizeof(float), &copy));
    memcpy(copy, from, tensor_count(z) * sizeof(float));
    *out = (VaeLatents){ .family = arena_strdup(a, family),
                         .z = copy,
                         .note = arena_strdup(a, note ? note : "") };
    memcpy(out->size, z->shape, sizeof out->size);
    TRY(read_size(st, "frames", FRAMES_MAX, &out->frames));
    TRY(read_size(st, "height", SIDE_MAX, &out->height));
    TRY(read_size(st, "width", SIDE_MAX, &out->width));
    return read_number(st, "fps", 1000, &out->fps);
}

SoraStatus vae_load_latents(const char *path, Arena *a, VaeLatents *out)
{
    Safetensors st;
    TRY(safetensors_open(path, a, &st));
    SoraStatus status = read_latents(&st, a, out);
    safetensors_close(&st);
    return err_while(status, "reading %s", path);
}

SoraStatus vae_check_latents(const Vae *v, const VaeLatents *x)
{
    const VaeInfo *i = vae_info(v);
    if (x->size[0] != i->channels || strcmp(x->family, i->family) != 0)
        return err_set(SORA_E_ARGUMENT,
                       "latents of %s with %zu channels cannot be decoded by an autoencoder of %s "
                       "with %zu",
                       x->family, x->size[0], i->family, i->channels);
    if (x->frames > vae_frames(v, x->size[1]) || x->height > x->size[2] * i->space ||
        x->width > x->size[3] * i->space)
        return err_set(SORA_E_ARGUMENT,
                       "%zu frames of %zu x %zu are wanted, the latents are %zu of %zu x %zu",
                       x->frames, x->width, x->height, vae_frames(v, x->size[1]),
                       x->size[3] * i->space, x->size[2] * i->space);
    return SORA_OK;
}
