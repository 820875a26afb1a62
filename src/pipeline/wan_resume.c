#include "pipeline/wan_resume.h"

#include <stdlib.h>
#include <string.h>

#define KIND "wan"

enum { SETTINGS_MAX = 32, CACHED_PARTS = 2, TENSORS_MAX = 2 + SAMPLER_BUFFERS + 2 * WAN_CALLS_MAX };

static const char *const buffer_names[SAMPLER_BUFFERS] = { "left", "new", "current", "previous" };

/* ---- what decides the result ------------------------------------------------------------------
 */

typedef struct Settings {
    SafetensorsMeta meta[SETTINGS_MAX];
    size_t count;
    Arena *a;
} Settings;

static void add_text(Settings *s, const char *key, const char *value)
{
    s->meta[s->count++] = (SafetensorsMeta){ key, value ? value : "" };
}

static uint64_t hash(uint64_t h, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    for (uint64_t word; bytes >= sizeof word; bytes -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        h = (h ^ word) * 0x100000001b3;
        h ^= h >> 29;
    }
    while (bytes--) h = (h ^ *p++) * 0x100000001b3;
    return h;
}

static uint64_t hash_picture(uint64_t h, const WanPicture *p)
{
    if (!p) return hash(h, "-", 1);
    size_t size[2] = { p->height, p->width };
    return hash(hash(h, size, sizeof size), p->rgb, 3 * p->height * p->width * sizeof *p->rgb);
}

static uint64_t hash_given(const WanResumeRun *r)
{
    const WanJob *j = r->job;
    const WanGiven *g = &j->given;
    size_t pixels = patch_video_frames(patch_latent_frames(j->frames)) * j->height * j->width;
    uint64_t h = hash_picture(hash_picture(0xcbf29ce484222325, g->first), g->last);
    if (g->video) h = hash(h, g->video->rgb, pixels * 3 * sizeof *g->video->rgb);
    if (g->video && g->video->mask) h = hash(h, g->video->mask, pixels);
    for (size_t i = 0; i < g->reference_count; i++) h = hash_picture(h, &g->references[i]);
    if (j->noise) h = hash(h, j->noise, latent_values(r->size) * sizeof *j->noise);
    return h;
}

static const char *skipped(const WanResumeRun *r, Arena *a)
{
    const WanJob *j = r->job;
    char *text = arena_zero(a, j->layers + 1);
    for (size_t i = 0; i < j->layers && j->skip_layers; i++)
        text[i] = j->skip_layers[i] ? 'x' : '.';
    return text;
}

/* The names are those of the command line, for the sentence that says what differs. */
static void list_settings(const WanResumeRun *r, Settings *s)
{
    const WanJob *j = r->job;
    add_text(s, "engine", j->resume.engine);
    add_text(s, "prompt", j->prompt);
    add_text(s, "negative prompt", j->negative ? j->negative : "(the model's)");
    add_text(s, "seed", arena_printf(s->a, "%llu", (unsigned long long)j->seed));
    add_text(s, "skip-layers", skipped(r, s->a));
    const struct Number {
        const char *key;
        double value;
    } numbers[] = {
        { "frames", (double)j->frames },
        { "height", (double)j->height },
        { "width", (double)j->width },
        { "steps", (double)j->steps },
        { "shift", j->shift },
        { "sampler", j->sampler },
        { "grid", j->grid },
        { "cfg-scale", j->cfg_scale },
        { "cfg-scale of the high-noise model", j->cfg_high },
        { "cfg-min", j->cfg_min },
        { "cfg-max", j->cfg_max },
        { "slg-scale", j->skip_layers ? j->skip_scale : 0 },
        { "skip-layer-start", j->skip_layers ? j->skip_start : 0 },
        { "skip-layer-end", j->skip_layers ? j->skip_end : 0 },
        { "cache", j->cache_threshold },
        { "strength", j->strength },
        { "control-strength", (double)j->given.control_scale },
        { "precision", j->precision },
        { "noise", j->torch_noise },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        add_text(s, numbers[i].key, arena_printf(s->a, "%.17g", numbers[i].value));
    add_text(s, "given pictures", arena_printf(s->a, "%016llx", (unsigned long long)hash_given(r)));
}

static SoraStatus compare(const WanResumeRun *r, const Safetensors *st, Arena *a)
{
    Settings s = { .a = a };
    list_settings(r, &s);
    for (size_t i = 0; i < s.count; i++) {
        const char *was = safetensors_metadata(st, s.meta[i].key), *is = s.meta[i].value;
        if (!was) return err_set(SORA_E_FORMAT, "it does not say its %s", s.meta[i].key);
        if (strcmp(was, is) != 0)
            return err_set(SORA_E_ARGUMENT,
                           "it is of a run whose %s is \"%.80s\", here it is \"%.80s\"",
                           s.meta[i].key, was, is);
    }
    return SORA_OK;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static Tensor latent_tensor(LatentSize s, const float *data)
{
    return (Tensor){ .type = TYPE_F32,
                     .rank = 4,
                     .shape = { s.channels, s.frames, s.height, s.width, 1, 1 },
                     .data = (void *)data };
}

static Tensor row_tensor(Type type, size_t count, const void *data)
{
    return (
        Tensor){ .type = type, .rank = 1, .shape = { count, 1, 1, 1, 1, 1 }, .data = (void *)data };
}

static size_t add_caches(const WanResumeRun *r, Arena *a, SafetensorsEntry *e)
{
    size_t n = 0;
    for (size_t i = 0; i < WAN_CALLS_MAX; i++) {
        const DitCache *c = wan_net_cache(r->net, i);
        if (!c || !c->filled) continue;
        const float *part[CACHED_PARTS] = { c->first, c->rest };
        for (size_t k = 0; k < CACHED_PARTS; k++)
            e[n++] = (SafetensorsEntry){ arena_printf(a, "cache%zu.%zu", i, k),
                                         row_tensor(TYPE_F32, c->count, part[k]) };
    }
    return n;
}

SoraStatus wan_resume_save(const WanResumeRun *r, size_t done, const SamplerMemory *m,
                           const float *z, Arena *step)
{
    const WanResume *to = &r->job->resume;
    ArenaMark mark = arena_mark(step);
    Settings meta = { .a = step };
    SafetensorsEntry e[TENSORS_MAX];
    size_t n = 0, frames = r->size.frames;
    add_text(&meta, "sora.kind", KIND);
    add_text(&meta, "sora.comment", to->note);
    add_text(&meta, "sora.done", arena_printf(meta.a, "%zu", done));
    list_settings(r, &meta);
    int64_t *order = arena_alloc(step, frames * sizeof *order);
    for (size_t f = 0; f < frames; f++) order[f] = m->order[f];
    e[n++] = (SafetensorsEntry){ "order", row_tensor(TYPE_I64, frames, order) };
    e[n++] = (SafetensorsEntry){ "z", latent_tensor(r->size, z) };
    for (int i = 0; i < SAMPLER_BUFFERS; i++)
        e[n++] = (SafetensorsEntry){ buffer_names[i], latent_tensor(r->size, m->buffer[i]) };
    n += add_caches(r, step, e + n);
    SoraStatus status = safetensors_write(to->path, e, n, meta.meta, meta.count);
    arena_rewind(step, mark);
    return err_while(status, "saving the state of a run");
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static SoraStatus find(const Safetensors *st, const char *name, Type type, size_t count,
                       const void **out)
{
    const Tensor *x = safetensors_find(st, name);
    if (!x || x->type != type || tensor_count(x) != count)
        return err_set(SORA_E_FORMAT, "%s is missing or of another size", name);
    *out = x->data;
    return SORA_OK;
}

static SoraStatus read_caches(const WanResumeRun *r, const Safetensors *st, Arena *a)
{
    for (size_t i = 0; i < WAN_CALLS_MAX; i++) {
        const void *part[CACHED_PARTS];
        if (!safetensors_find(st, arena_printf(a, "cache%zu.0", i))) continue;
        for (size_t k = 0; k < CACHED_PARTS; k++)
            TRY(find(st, arena_printf(a, "cache%zu.%zu", i, k), TYPE_F32, r->cached, &part[k]));
        wan_net_fill_cache(r->net, i, part[0], part[1]);
    }
    return SORA_OK;
}

static SoraStatus read_state(const WanResumeRun *r, const Safetensors *st, Arena *a,
                             WanResumed *out)
{
    size_t n = latent_values(r->size), frames = r->size.frames;
    const char *done = safetensors_metadata(st, "sora.done");
    const char *kind = safetensors_metadata(st, "sora.kind");
    const void *data = NULL;
    if (!kind || strcmp(kind, KIND) != 0)
        return err_set(SORA_E_FORMAT, "it is not the state of a Wan model's run");
    TRY(compare(r, st, a));
    out->done = done ? (size_t)strtoul(done, NULL, 10) : 0;
    if (!out->done || out->done > r->job->steps)
        return err_set(SORA_E_FORMAT, "%s of %zu steps are done", done ? done : "none",
                       r->job->steps);
    TRY(find(st, "order", TYPE_I64, frames, &data));
    out->memory.order = arena_alloc(a, frames * sizeof(int));
    for (size_t f = 0; f < frames; f++) out->memory.order[f] = (int)((const int64_t *)data)[f];
    TRY(find(st, "z", TYPE_F32, n, &data));
    out->z = data;
    for (int i = 0; i < SAMPLER_BUFFERS; i++) {
        TRY(find(st, buffer_names[i], TYPE_F32, n, &data));
        out->memory.buffer[i] = (float *)data;
    }
    return read_caches(r, st, a);
}

SoraStatus wan_resume_open(const WanResumeRun *r, Arena *a, WanResumed *out)
{
    const WanResume *from = &r->job->resume;
    *out = (WanResumed){ 0 };
    if (!from->path || !from->go_on) return SORA_OK;
    if (!file_exists(from->path))
        return err_set(SORA_E_IO, "there is nothing to go on with: no %s", from->path);
    TRY(safetensors_open(from->path, a, &out->st));
    SoraStatus s = read_state(r, &out->st, a, out);
    if (s != SORA_OK) wan_resume_close(out);
    return err_while(s, "going on with %s", from->path);
}

void wan_resume_close(WanResumed *r)
{
    if (r->st.map.bytes) safetensors_close(&r->st);
    *r = (WanResumed){ 0 };
}
