/* The autoencoders of video: encode and decode, and every layer's output where it is stored. */
#include <stdio.h>
#include <string.h>

#include "golden_kinds.h"

#include "model/vae.h"
#include "model/weights.h"

enum { TRACES_MAX = 128 };

/* The output of one layer, frames [height, width, channels] joined. */
typedef struct Trace {
    const char *name;
    float *data;
    size_t size[3], frames;
} Trace;

typedef struct Recorder {
    Golden *g;
    Trace trace[TRACES_MAX];
    size_t count;
    const float *frames; /* [3, frames, height, width]: read from and written to */
    float *decoded;
    size_t size[3];
} Recorder;

static void record(void *self, const char *name, size_t frame, const float *data,
                   const size_t size[3])
{
    Recorder *r = self;
    char key[128];
    snprintf(key, sizeof key, "trace.%s", name);
    if (!golden_wants(r->g, key)) return;
    Trace *t = r->trace;
    while (t < r->trace + r->count && strcmp(t->name, key) != 0) t++;
    if (t == r->trace + r->count) {
        if (r->count == TRACES_MAX) return;
        r->count++;
        t->name = arena_strdup(r->g->a, key);
        memcpy(t->size, size, sizeof t->size);
    }
    size_t n = size[0] * size[1] * size[2];
    float *more = arena_alloc(r->g->a, (frame + 1) * n * sizeof *more);
    if (frame) memcpy(more, t->data, frame * n * sizeof *more);
    memcpy(more + frame * n, data, n * sizeof *more);
    t->data = more;
    t->frames = frame + 1;
}

/* As [channels, frames, height, width]. */
static SoraStatus check_trace(Golden *g, const Trace *t)
{
    size_t area = t->size[0] * t->size[1], channels = t->size[2], n = area * t->frames;
    float *y = arena_alloc(g->a, n * channels * sizeof *y);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < channels; c++) y[c * n + i] = t->data[i * channels + c];
    return golden_check(g, t->name, y, n * channels);
}

static SoraStatus read_frame(void *self, size_t frame, float *rgb)
{
    const Recorder *r = self;
    size_t area = r->size[1] * r->size[2];
    for (size_t i = 0; i < area; i++)
        for (size_t c = 0; c < 3; c++)
            rgb[i * 3 + c] = r->frames[(c * r->size[0] + frame) * area + i];
    return SORA_OK;
}

static SoraStatus write_frame(void *self, size_t frame, const float *rgb)
{
    Recorder *r = self;
    size_t area = r->size[1] * r->size[2];
    for (size_t i = 0; i < area; i++)
        for (size_t c = 0; c < 3; c++)
            r->decoded[(c * r->size[0] + frame) * area + i] = rgb[i * 3 + c];
    return SORA_OK;
}

static SoraStatus load(Golden *g, Vae **v)
{
    const char *path;
    Weights *w;
    VaeStats stats = { 0 };
    TRY(golden_weights(g, NULL, &path));
    TRY(weights_open(path, g->a, &w)); /* mapped until the program ends */
    const char *slash = strrchr(path, '/');
    const char *config = arena_printf(g->a, "%.*s/config.json", (int)(slash - path), path);
    if (file_exists(config)) TRY(vae_read_stats(config, g->a, &stats));
    return vae_load(&(EncoderFile){ weights_lookup, w, path, g->a }, &stats, v);
}

static SoraStatus encode(Golden *g, const Vae *v, const VaeRun *run, Recorder *r,
                         const Tensor *frames)
{
    memcpy(r->size, frames->shape + 1, sizeof r->size);
    r->frames = frames->data;
    size_t n = vae_info(v)->channels * vae_latent_frames(v, r->size[0]) *
               (r->size[1] / vae_info(v)->space) * (r->size[2] / vae_info(v)->space);
    float *z = arena_alloc(g->a, n * sizeof *z), *mu = arena_alloc(g->a, n * sizeof *mu);
    TRY(vae_encode(v, run, r->size, read_frame, r, z, mu));
    TRY(golden_check(g, "mu", mu, n));
    return golden_check(g, "z", z, n);
}

static SoraStatus decode(Golden *g, const Vae *v, const VaeRun *run, Recorder *r, const Tensor *z)
{
    const VaeInfo *i = vae_info(v);
    if (z->rank != 4 || z->shape[0] != i->channels)
        return err_set(SORA_E_FORMAT, "z does not have %zu channels", i->channels);
    r->size[0] = vae_frames(v, z->shape[1]);
    r->size[1] = z->shape[2] * i->space;
    r->size[2] = z->shape[3] * i->space;
    size_t n = 3 * r->size[0] * r->size[1] * r->size[2];
    r->decoded = arena_alloc(g->a, n * sizeof *r->decoded);
    TRY(vae_decode(v, run, z->shape + 1, z->data, write_frame, r));
    return golden_check(g, "recon_unclamped", r->decoded, n);
}

static SoraStatus run_vae(Golden *g)
{
    Vae *v;
    const Tensor *frames, *z;
    TRY(load(g, &v));
    Recorder *r = arena_zero(g->a, sizeof *r);
    r->g = g;
    VaeRun run = { .compute = g->compute,
                   .precision = g->precision,
                   .step = g->step,
                   .raw = true,
                   .trace = record,
                   .trace_self = r };
    TRY(golden_input(g, "frames", &frames));
    TRY(golden_input(g, "z", &z));
    if (frames) TRY(encode(g, v, &run, r, frames));
    const char *stored = json_text(json_get(json_get(g->spec, "outputs"), "z"), "tensor");
    if (!z && stored) z = safetensors_find(&g->io, stored);
    if (z) TRY(decode(g, v, &run, r, z));
    for (size_t i = 0; i < r->count; i++) TRY(check_trace(g, &r->trace[i]));
    return SORA_OK;
}

const GoldenKind golden_vae = { "vae", run_vae, true, true };
