/* Autoencoders out of files: which layers there are, and their weights. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/size.h"
#include "model/vae_parts.h"

enum { NAME_SIZE = 192, STAGES_MAX = 64, CHANNELS_MAX = 16384, CONFIG_MAX = 1 << 20 };

/* The published ones (Wan-Video/Wan2.1 wan/modules/vae.py, Wan2.2 wan/modules/vae2_2.py). */
enum { CHANNELS_21 = 16, CHANNELS_22 = 48 };
static const float mean_21[CHANNELS_21] = { -0.7571f, -0.7089f, -0.9113f, 0.1075f,
                                            -0.1745f, 0.9653f,  -0.1517f, 1.5508f,
                                            0.4134f,  -0.0715f, 0.5517f,  -0.3632f,
                                            -0.1922f, -0.9497f, 0.2503f,  -0.2921f };
static const float std_21[CHANNELS_21] = { 2.8184f, 1.4541f, 2.3275f, 2.6558f, 1.2196f, 1.7708f,
                                           2.6052f, 2.0743f, 3.2687f, 2.1526f, 2.8652f, 1.5579f,
                                           1.6382f, 1.1253f, 2.8251f, 1.9160f };
static const float mean_22[CHANNELS_22] = {
    -0.2289f, -0.0052f, -0.1323f, -0.2339f, -0.2799f, 0.0174f,  0.1838f,  0.1557f,
    -0.1382f, 0.0542f,  0.2813f,  0.0891f,  0.1570f,  -0.0098f, 0.0375f,  -0.1825f,
    -0.2246f, -0.1207f, -0.0698f, 0.5109f,  0.2665f,  -0.2108f, -0.2158f, 0.2502f,
    -0.2055f, -0.0322f, 0.1109f,  0.1567f,  -0.0729f, 0.0899f,  -0.2799f, -0.1230f,
    -0.0313f, -0.1649f, 0.0117f,  0.0723f,  -0.2839f, -0.2083f, -0.0520f, 0.3748f,
    0.0152f,  0.1957f,  0.1433f,  -0.2944f, 0.3573f,  -0.0548f, -0.1681f, -0.0667f
};
static const float std_22[CHANNELS_22] = {
    0.4765f, 1.0364f, 0.4514f, 1.1677f, 0.5313f, 0.4990f, 0.4818f, 0.5013f, 0.8158f, 1.0344f,
    0.5894f, 1.0901f, 0.6885f, 0.6165f, 0.8454f, 0.4978f, 0.5759f, 0.3523f, 0.7135f, 0.6804f,
    0.5833f, 1.4146f, 0.8986f, 0.5659f, 0.7069f, 0.5338f, 0.4889f, 0.4917f, 0.4069f, 0.4999f,
    0.6866f, 0.4093f, 0.5709f, 0.6065f, 0.6415f, 0.4944f, 0.5726f, 1.2042f, 0.5458f, 1.6887f,
    0.3971f, 1.0600f, 0.3943f, 0.5537f, 0.5444f, 0.4089f, 0.7468f, 0.7744f
};

/* ---- names ------------------------------------------------------------------------------- */

typedef enum Part {
    NORM1,
    CONV1,
    NORM2,
    CONV2,
    SHORTCUT,
    MIDDLE1,
    ATTENTION,
    MIDDLE2,
    HEAD_NORM,
    HEAD,
    FIRST,
    QUANT,
    UNQUANT,
    PARTS
} Part;
enum { ORIGINAL, DIFFUSERS, LAYOUTS };

static const char *const names[PARTS][LAYOUTS] = {
    [NORM1] = { "residual.0", "norm1" },
    [CONV1] = { "residual.2", "conv1" },
    [NORM2] = { "residual.3", "norm2" },
    [CONV2] = { "residual.6", "conv2" },
    [SHORTCUT] = { "shortcut", "conv_shortcut" },
    [MIDDLE1] = { "middle.0", "mid_block.resnets.0" },
    [ATTENTION] = { "middle.1", "mid_block.attentions.0" },
    [MIDDLE2] = { "middle.2", "mid_block.resnets.1" },
    [HEAD_NORM] = { "head.0", "norm_out" },
    [HEAD] = { "head.2", "conv_out" },
    [FIRST] = { "conv1", "conv_in" },
    [QUANT] = { "conv1", "quant_conv" },
    [UNQUANT] = { "conv2", "post_quant_conv" },
};

typedef struct Loader {
    const EncoderFile *file;
    Vae *v;
    VaeHalf *half;
    const char *side; /* "encoder" or "decoder" */
    int layout;
    bool down, nested; /* an encoder; stages with a shortcut around them: 2.2 */
    size_t channels;   /* after the last layer */
    char name[2 * NAME_SIZE];
} Loader;

static const char *named(Loader *l, const char *at, const char *part, const char *kind)
{
    snprintf(l->name, sizeof l->name, "%s%s%s%s%s", at, *part ? "." : "", part, *kind ? "." : "",
             kind);
    return l->name;
}

static bool has(Loader *l, const char *at, const char *part, const char *kind)
{
    return encoder_has(l->file, named(l, at, part, kind));
}

/* Does the file hold this half, and in whose names? */
static bool find_layout(Loader *l, const char *side)
{
    char at[NAME_SIZE];
    for (l->layout = 0; l->layout < LAYOUTS; l->layout++) {
        snprintf(at, sizeof at, "%s.%s", side, names[MIDDLE1][l->layout]);
        if (has(l, at, names[NORM1][l->layout], "gamma")) return true;
    }
    return false;
}

bool vae_fits(const EncoderFile *f)
{
    Loader l = { .file = f };
    return find_layout(&l, "decoder") || find_layout(&l, "encoder");
}

/* ---- weights ----------------------------------------------------------------------------- */

static VaeLayer *add_layer(Loader *l, VaeKind kind, const char *name)
{
    VaeLayer *y = &l->half->layer[l->half->count++];
    *y = (VaeLayer){ .kind = kind, .name = name, .in = l->channels, .out = l->channels };
    return y;
}

/* How many channels a convolution gives: its bias says. */
static SoraStatus count_out(Loader *l, const char *at, const char *part, size_t *out)
{
    const char *name = named(l, at, part, "bias");
    const Tensor *bias = l->file->lookup(l->file->self, name);
    if (!bias) return err_set(SORA_E_FORMAT, "%s: there is no tensor %s", l->file->name, name);
    *out = tensor_count(bias);
    if (*out == 0 || *out > CHANNELS_MAX)
        return err_set(SORA_E_FORMAT, "%s: %s has %zu channels, between 1 and %d can be run",
                       l->file->name, name, *out, CHANNELS_MAX);
    return SORA_OK;
}

static SoraStatus load_conv(Loader *l, const char *at, const char *part, VaeConv y, VaeConv *out)
{
    const EncoderFile *f = l->file;
    size_t taps = y.kernel[0] * y.kernel[1] * y.kernel[2];
    if (!y.out) TRY(count_out(l, at, part, &y.out));
    if (y.in * taps > CONV3D_DEPTH_MAX)
        return err_set(SORA_E_FORMAT, "%s: %s reads %zu channels, at most %zu can be run", f->name,
                       named(l, at, part, "weight"), y.in, CONV3D_DEPTH_MAX / taps);
    TRY(encoder_matrix(f, named(l, at, part, "weight"), y.out, y.in * taps, &y.weight));
    TRY(encoder_vector(f, named(l, at, part, "bias"), y.out, &y.bias));
    *out = y;
    return SORA_OK;
}

static SoraStatus load_gamma(Loader *l, const char *at, const char *part, size_t n,
                             const float **out)
{
    return encoder_vector(l->file, named(l, at, part, "gamma"), n, out);
}

#define CUBE  3, 3, 3
#define POINT 1, 1, 1
#define PLANE 1, 3, 3
#define LINE  3, 1, 1

static SoraStatus load_residual(Loader *l, const char *at, const char *name)
{
    VaeLayer *y = add_layer(l, VAE_RESIDUAL, name);
    TRY(load_gamma(l, at, names[NORM1][l->layout], y->in, &y->gamma[0]));
    TRY(load_conv(l, at, names[CONV1][l->layout], (VaeConv){ .in = y->in, .kernel = { CUBE } },
                  &y->conv[0]));
    y->out = l->channels = y->conv[0].out;
    TRY(load_gamma(l, at, names[NORM2][l->layout], y->out, &y->gamma[1]));
    TRY(load_conv(l, at, names[CONV2][l->layout],
                  (VaeConv){ .in = y->out, .out = y->out, .kernel = { CUBE } }, &y->conv[1]));
    if (y->in == y->out) return SORA_OK;
    return load_conv(l, at, names[SHORTCUT][l->layout],
                     (VaeConv){ .in = y->in, .out = y->out, .kernel = { POINT } }, &y->conv[2]);
}

static SoraStatus load_attention(Loader *l, const char *at, const char *name)
{
    VaeLayer *y = add_layer(l, VAE_ATTENTION, name);
    TRY(load_gamma(l, at, "norm", y->in, &y->gamma[0]));
    TRY(load_conv(l, at, "to_qkv", (VaeConv){ .in = y->in, .out = 3 * y->in, .kernel = { POINT } },
                  &y->conv[0]));
    return load_conv(l, at, "proj", (VaeConv){ .in = y->in, .out = y->in, .kernel = { POINT } },
                     &y->conv[1]);
}

/* The two halves of a time convolution: the first and the second of the frames it makes of one. */
static SoraStatus split(Loader *l, VaeConv whole, VaeConv *half)
{
    size_t n = whole.out / 2, row = tensor_count(whole.weight) / whole.out;
    if (n * row % type_block(whole.weight->type))
        return err_set(SORA_E_UNSUPPORTED, "%s: a time convolution of %zu channels cannot be %s",
                       l->file->name, whole.in, type_name(whole.weight->type));
    for (size_t i = 0; i < 2; i++) {
        half[i] = whole;
        half[i].part = *whole.weight;
        half[i].part.shape[0] = n;
        half[i].part.data = (char *)whole.weight->data + i * n * row /
                                                             type_block(whole.weight->type) *
                                                             type_block_bytes(whole.weight->type);
        if (whole.weight->scale) half[i].part.scale = whole.weight->scale + i * n;
        half[i].weight = &half[i].part;
        half[i].bias = whole.bias + i * n;
        half[i].out = n;
    }
    return SORA_OK;
}

static SoraStatus load_resample(Loader *l, const char *at, const char *name)
{
    VaeLayer *y = add_layer(l, l->down ? VAE_DOWN : VAE_UP, name);
    TRY(load_conv(l, at, "resample.1", (VaeConv){ .in = y->in, .kernel = { PLANE } }, &y->conv[0]));
    y->out = l->channels = y->conv[0].out;
    if (!has(l, at, "time_conv", "weight")) return SORA_OK;
    VaeConv time = { .in = l->down ? y->out : y->in, .kernel = { LINE } };
    time.out = l->down ? y->out : 2 * y->in;
    TRY(load_conv(l, at, "time_conv", time, &y->conv[1]));
    return l->down ? SORA_OK : split(l, y->conv[1], &y->conv[1]);
}

/* ---- layers ------------------------------------------------------------------------------ */

typedef enum Block { NO_BLOCK, RESIDUAL, RESAMPLE } Block;

static Block block_at(Loader *l, const char *at)
{
    if (has(l, at, names[NORM1][l->layout], "gamma")) return RESIDUAL;
    return has(l, at, "resample.1", "weight") ? RESAMPLE : NO_BLOCK;
}

/* Where block i of a stage is; and, in diffusers' names, its resampling (i = SIZE_MAX). */
static void block_name(const Loader *l, size_t stage, size_t i, char at[NAME_SIZE])
{
    const char *list = l->down ? "downsamples" : "upsamples";
    const char *blocks = l->down ? "down_blocks" : "up_blocks";
    const char *last = l->down ? "downsampler" : l->nested ? "upsampler" : "upsamplers.0";
    if (l->layout == ORIGINAL && l->nested)
        snprintf(at, NAME_SIZE, "%s.%s.%zu.%s.%zu", l->side, list, stage, list, i);
    else if (l->layout == ORIGINAL)
        snprintf(at, NAME_SIZE, "%s.%s.%zu", l->side, list, i);
    else if (!l->nested && l->down)
        snprintf(at, NAME_SIZE, "%s.%s.%zu", l->side, blocks, i);
    else if (i == SIZE_MAX)
        snprintf(at, NAME_SIZE, "%s.%s.%zu.%s", l->side, blocks, stage, last);
    else
        snprintf(at, NAME_SIZE, "%s.%s.%zu.resnets.%zu", l->side, blocks, stage, i);
}

/* Block names of the original, whatever those of the file. `flat`: blocks before it. */
static const char *shown(Loader *l, size_t stage, size_t i, size_t flat)
{
    const char *list = l->down ? "downsamples" : "upsamples";
    return l->nested
               ? arena_printf(l->file->weights, "%s.%s.%zu.%s.%zu", l->side, list, stage, list, i)
               : arena_printf(l->file->weights, "%s.%s.%zu", l->side, list, flat);
}

static SoraStatus load_block(Loader *l, const char *at, Block block, const char *name)
{
    if (l->half->count + 16 > STAGES_MAX * 4)
        return err_set(SORA_E_FORMAT, "%s: the %s has too many layers", l->file->name, l->side);
    return block == RESIDUAL ? load_residual(l, at, name) : load_resample(l, at, name);
}

/* The blocks of a stage; *count 0: there is no such stage. */
static SoraStatus load_blocks(Loader *l, size_t stage, size_t *flat, size_t *count)
{
    char at[NAME_SIZE];
    Block block;
    for (*count = 0;; ++*count, ++*flat) {
        block_name(l, stage, *count, at);
        if ((block = block_at(l, at)) == NO_BLOCK) break;
        TRY(load_block(l, at, block, shown(l, stage, *count, *flat)));
    }
    block_name(l, stage, SIZE_MAX, at);
    bool apart = l->layout == DIFFUSERS && (l->nested || !l->down) && *count;
    if (apart && block_at(l, at) == RESAMPLE)
        return load_resample(l, at, shown(l, stage, *count, (*flat)++));
    return SORA_OK;
}

/* The shortcut around a stage: averages down, repeats up; the decoder's last stage has none. */
static SoraStatus end_stage(Loader *l, size_t start, const char *name)
{
    const VaeLayer *last = &l->half->layer[l->half->count - 1], *stage = &l->half->layer[start];
    bool resamples = last->kind == VAE_DOWN || last->kind == VAE_UP;
    VaeLayer *y = add_layer(l, VAE_STAGE_END, name);
    y->stage = start;
    y->in = stage->in;
    y->down = l->down;
    y->time = resamples && last->conv[1].weight ? 2 : 1;
    l->half->layer[start].down = l->down && y->time > 1; /* looks back */
    y->space = resamples ? 2 : l->down ? 1 : 0;
    size_t many = y->time * y->space * y->space;
    size_t from = l->down ? y->in * many : y->out * many, to = l->down ? y->out : y->in;
    if (y->space && from % to)
        return err_set(SORA_E_FORMAT, "%s: %s goes from %zu to %zu channels: no shortcut fits",
                       l->file->name, name, y->in, y->out);
    return SORA_OK;
}

static SoraStatus load_stages(Loader *l)
{
    const char *list = l->down ? "downsamples" : "upsamples";
    size_t flat = 0, count;
    for (size_t stage = 0; stage < STAGES_MAX; stage++) {
        size_t start = l->half->count;
        if (l->nested) add_layer(l, VAE_STAGE, NULL);
        TRY(load_blocks(l, stage, &flat, &count));
        if (!count) {
            l->half->count = start;
            break;
        }
        const char *name =
            l->nested ? arena_printf(l->file->weights, "%s.%s.%zu", l->side, list, stage) : NULL;
        if (l->nested) TRY(end_stage(l, start, name));
        if (!l->nested && (l->layout == ORIGINAL || l->down)) break;
    }
    return flat ? SORA_OK
                : err_set(SORA_E_FORMAT, "%s: the %s has no blocks", l->file->name, l->side);
}

static SoraStatus load_middle(Loader *l)
{
    static const Part part[] = { MIDDLE1, ATTENTION, MIDDLE2 };
    char at[NAME_SIZE];
    for (size_t i = 0; i < 3; i++) {
        const char *name = arena_printf(l->file->weights, "%s.middle.%zu", l->side, i);
        snprintf(at, sizeof at, "%s.%s", l->side, names[part[i]][l->layout]);
        if (part[i] == ATTENTION)
            TRY(load_attention(l, at, name));
        else
            TRY(load_residual(l, at, name));
    }
    return SORA_OK;
}

static SoraStatus load_head(Loader *l)
{
    VaeLayer *y = add_layer(l, VAE_HEAD, arena_printf(l->file->weights, "%s.head", l->side));
    TRY(load_gamma(l, l->side, names[HEAD_NORM][l->layout], y->in, &y->gamma[0]));
    TRY(load_conv(l, l->side, names[HEAD][l->layout], (VaeConv){ .in = y->in, .kernel = { CUBE } },
                  &y->conv[0]));
    y->out = l->channels = y->conv[0].out;
    return SORA_OK;
}

static SoraStatus load_plain(Loader *l, const char *at, const char *part, VaeConv conv,
                             const char *name)
{
    VaeLayer *y = add_layer(l, VAE_CONV, name);
    TRY(load_conv(l, at, part, conv, &y->conv[0]));
    y->in = y->conv[0].in;
    y->out = l->channels = y->conv[0].out;
    return SORA_OK;
}

static void start_half(Loader *l, VaeHalf *half, const char *side, bool down)
{
    static const char *const signs[] = { "encoder.downsamples.0.downsamples.0",
                                         "encoder.down_blocks.0.resnets.0",
                                         "decoder.upsamples.0.upsamples.0",
                                         "decoder.up_blocks.0.upsampler" };
    l->half = half;
    l->side = side;
    l->down = down;
    half->layer = arena_zero(l->file->weights, STAGES_MAX * 4 * sizeof *half->layer);
    l->nested = false;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        l->nested |= block_at(l, signs[i]) != NO_BLOCK;
}

/* How many channels the first convolution reads. */
static SoraStatus count_in(Loader *l, size_t *in)
{
    const char *name = named(l, l->side, names[FIRST][l->layout], "weight");
    const Tensor *w = l->file->lookup(l->file->self, name);
    char is[64];
    if (!w) return err_set(SORA_E_FORMAT, "%s: there is no tensor %s", l->file->name, name);
    size_t taps = 27, rows = w->rank ? w->shape[0] : 0;
    if (!rows || tensor_count(w) % (rows * taps) || tensor_count(w) / rows / taps > CHANNELS_MAX)
        return err_set(SORA_E_FORMAT, "%s: %s is %s, not a 3 x 3 x 3 convolution", l->file->name,
                       name, tensor_describe(w, is, sizeof is));
    *in = tensor_count(w) / rows / taps;
    return SORA_OK;
}

static SoraStatus load_encoder(Loader *l)
{
    size_t in;
    start_half(l, &l->v->encoder, "encoder", true);
    TRY(count_in(l, &in));
    TRY(load_plain(l, l->side, names[FIRST][l->layout], (VaeConv){ .in = in, .kernel = { CUBE } },
                   "encoder.conv1"));
    TRY(load_stages(l));
    l->half->border = l->half->count;
    TRY(load_middle(l));
    TRY(load_head(l));
    return load_plain(l, names[QUANT][l->layout], "",
                      (VaeConv){ .in = l->channels, .out = l->channels, .kernel = { POINT } },
                      "conv1");
}

static SoraStatus load_decoder(Loader *l)
{
    size_t in;
    start_half(l, &l->v->decoder, "decoder", false);
    TRY(count_in(l, &in));
    TRY(load_plain(l, names[UNQUANT][l->layout], "",
                   (VaeConv){ .in = in, .out = in, .kernel = { POINT } }, "conv2"));
    TRY(load_plain(l, l->side, names[FIRST][l->layout], (VaeConv){ .in = in, .kernel = { CUBE } },
                   "decoder.conv1"));
    TRY(load_middle(l));
    l->half->border = l->half->count;
    TRY(load_stages(l));
    return load_head(l);
}

/* ---- the whole --------------------------------------------------------------------------- */

/* What a half does to sizes and channels, for both to agree. */
typedef struct Sides {
    size_t channels, patch, time, space;
} Sides;

static SoraStatus sides_of(Loader *l, const VaeHalf *half, bool down, Sides *out)
{
    const VaeLayer *first = half->layer, *last = &half->layer[half->count - 1];
    size_t pixels = down ? first->in : last->out;
    *out = (Sides){ .channels = down ? last->out / 2 : first->in, .time = 1, .space = 1 };
    out->patch = (size_t)lround(sqrt((double)pixels / 3));
    if (out->patch * out->patch * 3 != pixels || out->patch > 8 || (down && last->out % 2))
        return err_set(SORA_E_FORMAT, "%s: an autoencoder of %zu channels to a pixel cannot be run",
                       l->file->name, pixels);
    for (size_t i = 0; i < half->count; i++) {
        const VaeLayer *y = &half->layer[i];
        if (y->kind != VAE_DOWN && y->kind != VAE_UP) continue;
        out->space *= 2;
        out->time *= y->conv[1].weight ? 2 : 1;
    }
    out->space *= out->patch;
    if (out->space > 1024 || out->time > 1024)
        return err_set(SORA_E_FORMAT, "%s: latents of %zu pixels and %zu frames cannot be run",
                       l->file->name, out->space, out->time);
    return SORA_OK;
}

static SoraStatus agree(Loader *l, Sides *s)
{
    Vae *v = l->v;
    Sides up;
    if (v->info.encodes) TRY(sides_of(l, &v->encoder, true, s));
    if (v->info.decodes) TRY(sides_of(l, &v->decoder, false, &up));
    if (!v->info.encodes) *s = up;
    if (v->info.decodes && memcmp(s, &up, sizeof up) != 0)
        return err_set(SORA_E_FORMAT,
                       "%s: the encoder makes %zu channels of %zu pixels and %zu frames, the "
                       "decoder reads %zu of %zu and %zu",
                       l->file->name, s->channels, s->space, s->time, up.channels, up.space,
                       up.time);
    return SORA_OK;
}

static SoraStatus set_stats(Loader *l, const VaeStats *stats)
{
    Vae *v = l->v;
    size_t n = v->info.channels;
    if (stats && stats->count && stats->count != n)
        return err_set(SORA_E_FORMAT, "%s: latents have %zu channels, but there are %zu means",
                       l->file->name, n, stats->count);
    if (!(stats && stats->count) && n != CHANNELS_21 && n != CHANNELS_22)
        return err_set(SORA_E_FORMAT,
                       "%s: latents have %zu channels, and no config.json says their means and "
                       "deviations",
                       l->file->name, n);
    float *mean = arena_alloc(l->file->weights, n * sizeof *mean);
    float *std = arena_alloc(l->file->weights, n * sizeof *std);
    const float *from_mean = n == CHANNELS_21 ? mean_21 : mean_22;
    const float *from_std = n == CHANNELS_21 ? std_21 : std_22;
    if (stats && stats->count) from_mean = stats->mean, from_std = stats->std;
    memcpy(mean, from_mean, n * sizeof *mean);
    memcpy(std, from_std, n * sizeof *std);
    v->mean = mean;
    v->std = std;
    return SORA_OK;
}

SoraStatus vae_load(const EncoderFile *f, const VaeStats *stats, Vae **out)
{
    Vae *v = arena_zero(f->weights, sizeof *v);
    Loader l = { .file = f, .v = v };
    if (!vae_fits(f))
        return err_set(SORA_E_FORMAT, "%s holds no Wan autoencoder: there is no tensor %s", f->name,
                       "decoder.middle.0.residual.0.gamma");
    if (find_layout(&l, "encoder")) {
        v->info.encodes = true;
        TRY(load_encoder(&l));
    }
    if (find_layout(&l, "decoder")) {
        v->info.decodes = true;
        TRY(load_decoder(&l));
    }
    Sides s = { 0 };
    TRY(agree(&l, &s));
    v->patch = s.patch;
    v->info.channels = s.channels;
    v->info.time = s.time;
    v->info.space = s.space;
    v->info.family = l.nested ? "wan2.2" : "wan2.1";
    TRY(set_stats(&l, stats));
    *out = v;
    return SORA_OK;
}

/* ---- config.json ------------------------------------------------------------------------- */

static SoraStatus read_list(const Json *root, const char *key, const char *path, Arena *a,
                            size_t *count, const float **out)
{
    const Json *list = json_get(root, key);
    *count = 0;
    if (!list || list->kind == JSON_IS_NULL) return SORA_OK;
    if (list->kind != JSON_IS_ARRAY || !list->count || list->count > CHANNELS_MAX)
        return err_set(SORA_E_FORMAT, "%s: %s is no list of numbers", path, key);
    float *y = arena_alloc(a, list->count * sizeof *y);
    for (size_t i = 0; i < list->count; i++) {
        const Json *x = &list->item[i];
        bool number = x->kind == JSON_IS_REAL || x->kind == JSON_IS_INTEGER;
        if (!number || !(fabs(x->number) < 1e6))
            return err_set(SORA_E_FORMAT, "%s: entry %zu of %s is no number", path, i, key);
        y[i] = (float)x->number;
    }
    *count = list->count;
    *out = y;
    return SORA_OK;
}

SoraStatus vae_read_stats(const char *path, Arena *a, VaeStats *out)
{
    Slice text;
    const Json *root;
    VaeStats s = { 0 };
    size_t count = 0;
    TRY(file_read(path, CONFIG_MAX, a, &text));
    TRY(json_parse((const char *)text.bytes, text.size, path, a, &root));
    TRY(read_list(root, "latents_mean", path, a, &s.count, &s.mean));
    TRY(read_list(root, "latents_std", path, a, &count, &s.std));
    if (s.count != count)
        return err_set(SORA_E_FORMAT, "%s: latents_mean has %zu numbers, latents_std %zu", path,
                       s.count, count);
    for (size_t i = 0; i < count; i++)
        if (!(s.std[i] > 1e-6f))
            return err_set(SORA_E_FORMAT, "%s: latents_std[%zu] is %g, not above 0", path, i,
                           (double)s.std[i]);
    *out = s;
    return SORA_OK;
}
