/* Single layers of the autoencoders: a layer or two made by hand, and a clip [channels, frames,
 * height, width] sent through them frame by frame, as the whole networks are. */
#include <string.h>

#include "golden_kinds.h"

#include "model/vae_parts.h"
#include "tensor/rows.h"

enum { LAYERS = 4 };

typedef struct Layers {
    Golden *g;
    VaeLayer layer[LAYERS];
    VaeHalf half;
    size_t frames;  /* that came out so far */
    size_t size[3]; /* channels, height, width of those */
    float *out[1024];
} Layers;

static SoraStatus need_clip(Golden *g, const Tensor **out)
{
    TRY(golden_input(g, "x", out));
    if (!*out || (*out)->rank != 4 || (*out)->type != TYPE_F32)
        return err_set(SORA_E_FORMAT, "there is no clip x");
    return SORA_OK;
}

static SoraStatus collect(void *self, const VaeFrame *f)
{
    Layers *l = self;
    size_t n = f->height * f->width * f->channels;
    if (l->frames == sizeof l->out / sizeof *l->out)
        return err_set(SORA_E_UNSUPPORTED, "too many frames");
    float *copy = arena_alloc(l->g->a, n * sizeof *copy);
    memcpy(copy, f->data, n * sizeof *copy);
    l->out[l->frames++] = copy;
    memcpy(l->size, (size_t[]){ f->channels, f->height, f->width }, sizeof l->size);
    return SORA_OK;
}

/* x through the layers, compared with y. */
static SoraStatus run_layers(Layers *l, const Tensor *x)
{
    Golden *g = l->g;
    size_t channels = x->shape[0], area = x->shape[2] * x->shape[3];
    VaeRun run = { .compute = g->compute, .precision = g->precision, .step = g->step };
    VaeFrame like = { .channels = channels, .height = x->shape[2], .width = x->shape[3] }, *f;
    like.all_height = like.height;
    like.all_width = like.width;
    VaeStream *s;
    l->half.layer = l->layer;
    TRY(vae_stream_new(&l->half, 0, l->half.count, &run, false, &s));
    vae_stream_sink(s, collect, l);
    for (size_t t = 0; t < x->shape[1]; t++) {
        TRY(vae_stream_frame(s, &like, &f));
        for (size_t i = 0; i < area; i++)
            for (size_t c = 0; c < channels; c++)
                ((float *)f->data)[i * channels + c] =
                    ((const float *)x->data)[(c * x->shape[1] + t) * area + i];
        TRY(vae_stream_push(s, f));
    }
    if (!l->frames) return err_set(SORA_E_FORMAT, "no frame came out");
    size_t many = l->size[1] * l->size[2], n = many * l->frames;
    float *y = arena_alloc(g->a, n * l->size[0] * sizeof *y);
    for (size_t t = 0; t < l->frames; t++)
        for (size_t i = 0; i < many * l->size[0]; i++)
            y[i % l->size[0] * n + t * many + i / l->size[0]] = l->out[t][i];
    return golden_check(g, "y", y, n * l->size[0]);
}

/* ---- convolutions and norms --------------------------------------------------------------- */

static SoraStatus read_conv(Golden *g, const char *name, VaeConv *out)
{
    const Tensor *weight, *bias;
    TRY(golden_input(g, arena_printf(g->a, "%s%sweight", name, *name ? "." : ""), &weight));
    TRY(golden_input(g, arena_printf(g->a, "%s%sbias", name, *name ? "." : ""), &bias));
    if (!weight || weight->rank < 4)
        return err_set(SORA_E_FORMAT, "there is no convolution %s", name);
    *out = (VaeConv){ .weight = weight, .bias = bias ? bias->data : NULL };
    out->out = weight->shape[0];
    out->in = weight->shape[1];
    bool flat = weight->rank == 4; /* [out, in, height, width] */
    out->kernel[0] = flat ? 1 : weight->shape[2];
    out->kernel[1] = weight->shape[flat ? 2 : 3];
    out->kernel[2] = weight->shape[flat ? 3 : 4];
    return SORA_OK;
}

static SoraStatus read_gamma(Golden *g, const char *name, const float **out)
{
    const Tensor *x;
    TRY(golden_input(g, name, &x));
    *out = x ? x->data : NULL;
    return x ? SORA_OK : err_set(SORA_E_FORMAT, "there is no %s", name);
}

static SoraStatus run_conv(Golden *g)
{
    const Tensor *x;
    Layers l = { .g = g, .half.count = 1 };
    VaeLayer *y = l.layer;
    TRY(need_clip(g, &x));
    y->kind = VAE_CONV;
    TRY(read_conv(g, "", &y->conv[0]));
    y->in = y->conv[0].in, y->out = y->conv[0].out;
    return run_layers(&l, x);
}

static SoraStatus run_residual(Golden *g)
{
    const Tensor *x, *shortcut;
    Layers l = { .g = g, .half.count = 1 };
    VaeLayer *y = l.layer;
    TRY(need_clip(g, &x));
    y->kind = VAE_RESIDUAL;
    TRY(read_gamma(g, "residual.0.gamma", &y->gamma[0]));
    TRY(read_conv(g, "residual.2", &y->conv[0]));
    TRY(read_gamma(g, "residual.3.gamma", &y->gamma[1]));
    TRY(read_conv(g, "residual.6", &y->conv[1]));
    TRY(golden_input(g, "shortcut.weight", &shortcut));
    if (shortcut) TRY(read_conv(g, "shortcut", &y->conv[2]));
    y->in = y->conv[0].in, y->out = y->conv[1].out;
    return run_layers(&l, x);
}

static SoraStatus run_attention(Golden *g)
{
    const Tensor *x;
    Layers l = { .g = g, .half.count = 1 };
    VaeLayer *y = l.layer;
    TRY(need_clip(g, &x));
    y->kind = VAE_ATTENTION;
    TRY(read_gamma(g, "norm.gamma", &y->gamma[0]));
    TRY(read_conv(g, "to_qkv", &y->conv[0]));
    TRY(read_conv(g, "proj", &y->conv[1]));
    y->in = y->out = x->shape[0];
    return run_layers(&l, x);
}

/* The norm alone, which no layer is: as vae_stream.c calls it. */
static SoraStatus run_norm(Golden *g)
{
    const Tensor *x;
    const float *gamma;
    TRY(need_clip(g, &x));
    TRY(read_gamma(g, "gamma", &gamma));
    size_t c = x->shape[0], n = tensor_count(x) / c;
    float *rows = arena_alloc(g->a, n * c * sizeof *rows);
    float *y = arena_alloc(g->a, n * c * sizeof *y);
    for (size_t i = 0; i < n * c; i++) rows[i % n * c + i / n] = ((const float *)x->data)[i];
    rows_norm(g->compute, &(RowsNorm){ .rows = n,
                                       .width = c,
                                       .rms = true,
                                       .least = 1e-24f / (float)c,
                                       .x = rows_f32(rows, c),
                                       .y = rows_f32(rows, c),
                                       .scale = gamma,
                                       .table_stride = c });
    for (size_t i = 0; i < n * c; i++) y[i] = rows[i % n * c + i / n];
    return golden_check(g, "y", y, n * c);
}

/* ---- other sizes -------------------------------------------------------------------------- */

static SoraStatus run_resample(Golden *g)
{
    const Tensor *x, *time;
    const char *op = json_text(g->spec, "op");
    bool down = strstr(op, "downsample") != NULL;
    Layers l = { .g = g, .half.count = 1 };
    VaeLayer *y = l.layer;
    TRY(need_clip(g, &x));
    y->kind = down ? VAE_DOWN : VAE_UP;
    TRY(read_conv(g, "resample.1", &y->conv[0]));
    y->in = y->conv[0].in, y->out = y->conv[0].out;
    TRY(golden_input(g, "time_conv.weight", &time));
    if (!time) return run_layers(&l, x);
    VaeConv whole;
    TRY(read_conv(g, "time_conv", &whole));
    y->conv[1] = whole;
    for (size_t i = 0; i < 2 && !down; i++) { /* its halves, one for each of two frames */
        VaeConv *half = &y->conv[1 + i];
        *half = whole;
        half->out = whole.out / 2;
        half->part = *whole.weight;
        half->part.shape[0] = half->out;
        half->part.data = (float *)whole.weight->data + i * tensor_count(whole.weight) / 2;
        half->weight = &half->part;
        half->bias = whole.bias + i * half->out;
    }
    return run_layers(&l, x);
}

static VaeConv zero_conv(Golden *g, size_t in, size_t out, size_t time, size_t space)
{
    size_t shape[5] = { out, in, time, space, space };
    VaeConv c = { .in = in, .out = out, .kernel = { time, space, space } };
    Tensor *w = arena_zero(g->a, sizeof *w);
    w->rank = 5;
    w->type = TYPE_F32;
    memcpy(w->shape, shape, sizeof shape);
    w->data = arena_zero(g->a, tensor_count(w) * sizeof(float));
    c.weight = w;
    return c;
}

/* The shortcut around a stage that itself gives zeros. */
static SoraStatus run_shortcut(Golden *g)
{
    const Tensor *x;
    bool down = strncmp(json_text(g->spec, "op"), "avgdown", 7) == 0;
    size_t in = (size_t)golden_number(g, "in", 0), out = (size_t)golden_number(g, "out", 0);
    size_t time = (size_t)golden_number(g, "ft", 1), space = (size_t)golden_number(g, "fs", 1);
    Layers l = { .g = g, .half.count = 4 };
    VaeLayer *y = l.layer;
    TRY(need_clip(g, &x));
    if (x->shape[0] != in || !out || time > 2 || space > 2)
        return err_set(SORA_E_FORMAT, "such a shortcut there is not");
    y[0] = (VaeLayer){ .kind = VAE_STAGE, .in = in, .out = in, .down = down && time > 1 };
    y[1] = (VaeLayer){ .kind = VAE_CONV, .in = in, .out = out };
    y[1].conv[0] = zero_conv(g, in, out, 1, 1);
    y[2] = (VaeLayer){ .kind = down ? VAE_DOWN : VAE_UP, .in = out, .out = out };
    if (space == 1) y[2].kind = VAE_CONV;
    y[2].conv[0] = zero_conv(g, out, out, 1, space == 1 ? 1 : 3);
    if (time == 2) y[2].conv[1] = y[2].conv[2] = zero_conv(g, out, out, 3, 1);
    y[3] = (VaeLayer){ .kind = VAE_STAGE_END, .in = in, .out = out, .time = time };
    y[3].space = space;
    y[3].down = down;
    return run_layers(&l, x);
}

/* ---- pixels ------------------------------------------------------------------------------- */

/* An autoencoder that does nothing but fold 2 x 2 pixels into channels. */
static Vae *folder(Golden *g)
{
    enum { PATCH = 2, CHANNELS = 3 * PATCH * PATCH };
    Vae *v = arena_zero(g->a, sizeof *v);
    VaeLayer *y = arena_zero(g->a, sizeof *y);
    float *std = arena_alloc(g->a, CHANNELS * sizeof *std);
    *y = (VaeLayer){ .kind = VAE_CONV, .in = CHANNELS, .out = CHANNELS };
    y->conv[0] = zero_conv(g, CHANNELS, CHANNELS, 1, 1);
    for (size_t i = 0; i < CHANNELS; i++) {
        ((float *)y->conv[0].weight->data)[i * CHANNELS + i] = 1;
        std[i] = 1;
    }
    v->info = (VaeInfo){ "fold", CHANNELS, 1, PATCH, true, true };
    v->mean = arena_zero(g->a, CHANNELS * sizeof *v->mean);
    v->std = std;
    v->patch = PATCH;
    v->encoder = v->decoder = (VaeHalf){ .layer = y, .count = 1 };
    return v;
}

/* Frames [height, width, 3] from and to a clip [3, frames, height, width]. */
typedef struct Pixels {
    float *clip;
    size_t frames, area;
} Pixels;

static SoraStatus read_pixels(void *self, size_t frame, float *rgb)
{
    const Pixels *p = self;
    for (size_t i = 0; i < 3 * p->area; i++)
        rgb[i] = p->clip[(i % 3 * p->frames + frame) * p->area + i / 3];
    return SORA_OK;
}

static SoraStatus write_pixels(void *self, size_t frame, const float *rgb)
{
    const Pixels *p = self;
    for (size_t i = 0; i < 3 * p->area; i++)
        p->clip[(i % 3 * p->frames + frame) * p->area + i / 3] = rgb[i];
    return SORA_OK;
}

static SoraStatus run_fold(Golden *g)
{
    const Tensor *x;
    bool unfold = strstr(json_text(g->spec, "op"), "unpatchify") != NULL;
    Vae *v = folder(g);
    VaeRun run = { .compute = g->compute, .precision = GEMM_F32, .step = g->step, .raw = true };
    TRY(need_clip(g, &x));
    if (x->shape[0] != (unfold ? v->info.channels : 3))
        return err_set(SORA_E_FORMAT, "x has %zu channels", x->shape[0]);
    size_t size[3] = { x->shape[1], x->shape[2], x->shape[3] }, n = tensor_count(x);
    float *y = arena_alloc(g->a, n * sizeof *y);
    Pixels p = { unfold ? y : x->data, size[0], size[1] * size[2] * (unfold ? 4 : 1) };
    if (unfold)
        TRY(vae_decode(v, &run, size, x->data, write_pixels, &p));
    else
        TRY(vae_encode(v, &run, size, read_pixels, &p, y, NULL));
    return golden_check(g, "y", y, n);
}

SoraStatus (*golden_vae_op(const char *op))(Golden *row)
{
    if (!op) return NULL;
    if (strncmp(op, "causal_conv", 11) == 0) return run_conv;
    if (strncmp(op, "resblock", 8) == 0) return run_residual;
    if (strncmp(op, "vae_attention", 13) == 0) return run_attention;
    if (strncmp(op, "vae_rmsnorm", 11) == 0) return run_norm;
    if (strncmp(op, "avgdown", 7) == 0 || strncmp(op, "dupup", 5) == 0) return run_shortcut;
    if (strstr(op, "patchify")) return run_fold;
    return strncmp(op, "vae2", 4) == 0 && strstr(op, "sample") ? run_resample : NULL;
}
