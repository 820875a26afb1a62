#include "model/upscale.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/size.h"
#include "grad/ops.h"
#include "model/bundle.h"

enum { FACTOR_MAX = 8, WIDTH_MAX = 512, BLOCKS_MAX = 64, PATCH_MAX = 64 };
enum { CHANNELS = 3, PLACE = 4, KERNEL = 3 };

typedef struct Conv {
    const Param *weight, *bias;
    size_t in, out;
} Conv;

struct Upscale {
    UpscaleConfig c;
    Conv first, last, (*block)[2];
};

UpscaleConfig upscale_config_default(void)
{
    return (UpscaleConfig){ .factor = 4, .width = 64, .blocks = 3 };
}

static SoraStatus read_size(const Json *root, const char *name, size_t least, size_t most,
                            size_t *out)
{
    const Json *x = json_get(root, name);
    *out = 0;
    if (!x && !least) return SORA_OK;
    if (!x || x->kind != JSON_IS_INTEGER || x->integer < (int64_t)least ||
        (uint64_t)x->integer > most)
        return err_set(SORA_E_FORMAT, "the upscaler's \"%s\" is not a number from %zu to %zu", name,
                       least, most);
    *out = (size_t)x->integer;
    return SORA_OK;
}

SoraStatus upscale_config_parse(const char *json, size_t size, UpscaleConfig *out)
{
    Arena *a = arena_new("configuration", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a configuration");
    const Json *root = NULL;
    SoraStatus s = json_parse(json, size, "the upscaler's configuration", a, &root);
    if (s == SORA_OK) s = read_size(root, "factor", 1, FACTOR_MAX, &out->factor);
    if (s == SORA_OK) s = read_size(root, "width", 1, WIDTH_MAX, &out->width);
    if (s == SORA_OK) s = read_size(root, "blocks", 1, BLOCKS_MAX, &out->blocks);
    if (s == SORA_OK) s = read_size(root, "patch", 0, PATCH_MAX, &out->patch);
    if (s == SORA_OK) s = read_size(root, "crisp", 0, 1, &out->crisp);
    arena_free(a);
    return s;
}

char *upscale_config_write(const UpscaleConfig *c, Arena *a)
{
    JsonWriter w = json_writer(a);
    json_begin(&w, NULL, '{');
    json_put_integer(&w, "factor", (int64_t)c->factor);
    json_put_integer(&w, "width", (int64_t)c->width);
    json_put_integer(&w, "blocks", (int64_t)c->blocks);
    json_put_integer(&w, "patch", (int64_t)c->patch);
    json_put_integer(&w, "crisp", (int64_t)c->crisp);
    json_end(&w, '}');
    return w.text;
}

/* ---- the network ----------------------------------------------------------------------- */

static SoraStatus conv(ParamSet *set, const char *name, size_t in, size_t out, bool zero, Conv *c)
{
    char full[96];
    size_t shape[5] = { out, in, 1, KERNEL, KERNEL };
    ParamInit init = { 0, zero ? 0 : 1 / sqrtf((float)(in * KERNEL * KERNEL)) };
    *c = (Conv){ .in = in, .out = out };
    snprintf(full, sizeof full, "%s.weight", name);
    TRY(params_declare(set, full, PARAM_OTHER, init, 5, shape, &c->weight));
    snprintf(full, sizeof full, "%s.bias", name);
    return params_declare(set, full, PARAM_OTHER, (ParamInit){ 0, 0 }, 1, shape, &c->bias);
}

SoraStatus upscale_new(const UpscaleConfig *config, ParamSet *set, Arena *weights, Upscale **out)
{
    Upscale *u = arena_zero(weights, sizeof *u);
    u->c = *config;
    size_t w = config->width;
    u->block = arena_zero(weights, config->blocks * sizeof *u->block);
    TRY(conv(set, "first", CHANNELS + (config->patch ? PLACE : 0), w, false, &u->first));
    for (size_t i = 0; i < config->blocks; i++) {
        char name[64];
        snprintf(name, sizeof name, "block.%zu.0", i);
        TRY(conv(set, name, w, w, false, &u->block[i][0]));
        snprintf(name, sizeof name, "block.%zu.1", i);
        TRY(conv(set, name, w, w, true, &u->block[i][1]));
    }
    TRY(conv(set, "last", w, CHANNELS * config->factor * config->factor, true, &u->last));
    *out = u;
    return SORA_OK;
}

const UpscaleConfig *upscale_config(const Upscale *u)
{
    return &u->c;
}

double upscale_flop(const UpscaleConfig *c)
{
    double w = (double)c->width, out = CHANNELS * (double)(c->factor * c->factor);
    double in = CHANNELS + (c->patch ? PLACE : 0);
    return 2.0 * KERNEL * KERNEL * w * (in + 2 * (double)c->blocks * w + out);
}

size_t upscale_bytes(const UpscaleConfig *c)
{
    size_t out = CHANNELS * c->factor * c->factor;
    return ((4 * c->blocks + 4) * c->width + 3 * out) * sizeof(float);
}

static Tensor *run(Tape *t, const Conv *c, Tensor *x, const size_t size[CONV3D_AXES], bool full)
{
    Conv3dShape s = { .in = c->in,
                      .out = c->out,
                      .kernel = { 1, KERNEL, KERNEL },
                      .stride = { 1, 1, 1 },
                      .pad = { { 0, 0 }, { 1, 1 }, { 1, 1 } },
                      .size = { size[0], size[1], size[2] } };
    return op_conv3d(t, x, c->weight, c->bias, &s, full);
}

/* Cosine and sine of the way through the patch, down and across. */
static void put_place(size_t row, size_t column, size_t patch, float *y)
{
    float turn = 6.2831853f / (float)patch;
    float down = ((float)(row % patch) + 0.5f) * turn;
    float across = ((float)(column % patch) + 0.5f) * turn;
    y[0] = cosf(down), y[1] = sinf(down);
    y[2] = cosf(across), y[3] = sinf(across);
}

/* x with every pixel's place beside it. */
static Tensor *add_places(Tape *t, const Tensor *x, const size_t size[CONV3D_AXES], size_t patch)
{
    Arena *a = tape_arena(t);
    size_t height = size[CONV3D_H], width = size[CONV3D_W];
    float *place = arena_alloc(a, height * width * PLACE * sizeof *place);
    for (size_t i = 0; i < height * width; i++)
        put_place(i / width, i % width, patch, place + i * PLACE);
    Tensor *y = tensor_new_2d(a, TYPE_F32, tensor_row_count(x), CHANNELS + PLACE);
    const float *from = x->data;
    float *to = y->data;
    for (size_t i = 0; i < tensor_row_count(x); i++, from += CHANNELS, to += CHANNELS + PLACE) {
        memcpy(to, from, CHANNELS * sizeof *to);
        memcpy(to + CHANNELS, place + i % (height * width) * PLACE, PLACE * sizeof *to);
    }
    return y;
}

Tensor *upscale_forward(const Upscale *u, Tape *t, Tensor *x, size_t frames, size_t height,
                        size_t width)
{
    size_t size[CONV3D_AXES] = { frames, height, width };
    if (u->c.patch) x = add_places(t, x, size, u->c.patch);
    Tensor *h = run(t, &u->first, x, size, true);
    for (size_t i = 0; i < u->c.blocks; i++) {
        Tensor *r = run(t, &u->block[i][0], op_gelu(t, h, true), size, false);
        h = op_add(t, h, run(t, &u->block[i][1], op_gelu(t, r, true), size, true));
    }
    return run(t, &u->last, op_gelu(t, h, true), size, true);
}

/* ---- pixels ---------------------------------------------------------------------------- */

void upscale_pack(const uint8_t *rgb, size_t pixels, float *x)
{
    for (size_t i = 0; i < pixels * CHANNELS; i++) x[i] = (float)rgb[i] / 127.5f - 1;
}

/* Catmull-Rom weights of the four pixels around a place `f` of the way from the second to the
 * third. */
static void cubic(float f, float w[4])
{
    float f2 = f * f, f3 = f2 * f;
    w[0] = 0.5f * (-f3 + 2 * f2 - f);
    w[1] = 0.5f * (3 * f3 - 5 * f2 + 2);
    w[2] = 0.5f * (-3 * f3 + 4 * f2 + f);
    w[3] = 0.5f * (f3 - f2);
}

/* The four source indices and weights of small pixel i's part `sub`. */
static void taps(size_t i, size_t sub, size_t factor, size_t n, size_t at[4], float w[4])
{
    float f = ((float)sub + 0.5f) / (float)factor - 0.5f;
    long first = (long)i + (f < 0 ? -2 : -1);
    cubic(f < 0 ? f + 1 : f, w);
    for (long k = 0; k < 4; k++) at[k] = size_inside(first + k, n);
}

void upscale_base(const float *x, size_t height, size_t width, size_t factor, float *y)
{
    for (size_t row = 0; row < height; row++)
        for (size_t column = 0; column < width; column++)
            for (size_t sub = 0; sub < factor * factor; sub++, y += CHANNELS) {
                size_t ay[4], ax[4];
                float wy[4], wx[4];
                taps(row, sub / factor, factor, height, ay, wy);
                taps(column, sub % factor, factor, width, ax, wx);
                for (size_t c = 0; c < CHANNELS; c++) {
                    float sum = 0;
                    for (int j = 0; j < 4; j++)
                        for (int i = 0; i < 4; i++)
                            sum += wy[j] * wx[i] * x[(ay[j] * width + ax[i]) * CHANNELS + c];
                    y[c] = sum;
                }
            }
}

/* The large pixel of small pixel (row, column) and part `sub`. */
static size_t large_at(size_t row, size_t column, size_t sub, size_t width, size_t factor)
{
    return ((row * factor + sub / factor) * width + column) * factor + sub % factor;
}

void upscale_unpack(const float *y, size_t height, size_t width, size_t factor, uint8_t *rgb)
{
    for (size_t i = 0; i < height * width; i++)
        for (size_t sub = 0; sub < factor * factor; sub++, y += CHANNELS) {
            uint8_t *to = rgb + large_at(i / width, i % width, sub, width, factor) * CHANNELS;
            for (size_t c = 0; c < CHANNELS; c++)
                to[c] = (uint8_t)fmaxf(0, fminf(255, (y[c] + 1) * 127.5f + 0.5f));
        }
}

void upscale_rows(const uint8_t *rgb, size_t height, size_t width, size_t factor, float *y)
{
    for (size_t i = 0; i < height * width; i++)
        for (size_t sub = 0; sub < factor * factor; sub++, y += CHANNELS)
            upscale_pack(rgb + large_at(i / width, i % width, sub, width, factor) * CHANNELS, 1, y);
}

void upscale_frame(const Upscale *u, const Compute *c, const uint8_t *rgb, size_t height,
                   size_t width, Arena *step, uint8_t *out)
{
    ArenaMark mark = arena_mark(step);
    size_t pixels = height * width, f = u->c.factor, values = CHANNELS * f * f;
    Tensor *x = tensor_new_2d(step, TYPE_F32, pixels, CHANNELS);
    upscale_pack(rgb, pixels, x->data);
    float *base = arena_alloc(step, pixels * values * sizeof *base);
    upscale_base(x->data, height, width, f, base);
    Tape *t = tape_new(step, c, GEMM_BF16, false);
    const float *more = upscale_forward(u, t, x, 1, height, width)->data;
    for (size_t i = 0; i < pixels * values; i++) base[i] += more[i];
    upscale_unpack(base, height, width, f, out);
    arena_rewind(step, mark);
}

/* ---- the file -------------------------------------------------------------------------- */

static SoraStatus open_file(const char *path, UpscaleFile *f)
{
    TRY(safetensors_open(path, f->weights, &f->file));
    const char *kind = safetensors_metadata(&f->file, "sora.kind");
    const char *config = safetensors_metadata(&f->file, "sora.upscale");
    if (!kind || strcmp(kind, "upscale") != 0 || !config)
        return err_set(SORA_E_FORMAT, "%s is no upscaler%s%s%s", path,
                       kind ? ": it says it is a \"" : "", kind ? kind : "", kind ? "\"" : "");
    UpscaleConfig c;
    TRY(err_while(upscale_config_parse(config, strlen(config), &c), "reading %s", path));
    ParamSet *set = params_new_load(f->weights, bundle_lookup, &f->file);
    return err_while(upscale_new(&c, set, f->weights, &f->upscale), "reading %s", path);
}

SoraStatus upscale_open(const char *path, UpscaleFile *out)
{
    *out = (UpscaleFile){ .weights = arena_new("upscaler", 0) };
    if (!out->weights) return err_set(SORA_E_MEMORY, "no memory for an upscaler");
    SoraStatus s = open_file(path, out);
    if (s != SORA_OK) upscale_close(out);
    return s;
}

SoraStatus upscale_open_beside(const char *model, UpscaleFile *out)
{
    static const char name[] = "upscale.safetensors";
    const char *slash = strrchr(model, '/');
    bool folder = file_is_folder(model);
    int length = folder ? (int)strlen(model) : slash ? (int)(slash + 1 - model) : 0;
    size_t size = strlen(model) + sizeof name + 1;
    *out = (UpscaleFile){ 0 };
    char *path = malloc(size);
    if (!path) return err_set(SORA_E_MEMORY, "no memory for a path");
    snprintf(path, size, "%.*s%s%s", length, model, folder ? "/" : "", name);
    SoraStatus s = file_exists(path) ? upscale_open(path, out) : SORA_OK;
    free(path);
    return s;
}

void upscale_close(UpscaleFile *f)
{
    if (f->file.map.bytes) safetensors_close(&f->file);
    arena_free(f->weights);
    *f = (UpscaleFile){ 0 };
}
