/* The state of a clip that is rolled: what is under way in PATH.roll, what is done in PATH.frames.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "pipeline/generate_parts.h"
#include "tensor/safetensors.h"

enum { TENSORS = SAMPLER_BUFFERS + 2 };

const char *generate_state_roll(const char *path, Arena *a)
{
    return arena_printf(a, "%s.roll", path);
}

const char *generate_state_frames(const char *path, Arena *a)
{
    return arena_printf(a, "%s.frames", path);
}

static size_t frame_bytes(const Run *r)
{
    return r->o->height * r->o->width * 3;
}

static bool keeps(const Run *r)
{
    return r->o->state && r->window < r->grid.frames;
}

/* Names and places of all that is under way; `order` holds the sampler's as numbers of a tensor. */
static void list_tensors(const Run *r, float *order, SafetensorsEntry entry[TENSORS])
{
    static const char *const names[SAMPLER_BUFFERS] = { "left", "new", "current", "previous" };
    SamplerMemory m = sampler_memory(r->sampler);
    size_t shape[2] = { r->window, r->per * r->values };
    Tensor wide = { .type = TYPE_F32, .rank = 2 }, flat = { .type = TYPE_F32, .rank = 1 };
    for (int i = 0; i < TENSOR_RANK_MAX; i++) wide.shape[i] = flat.shape[i] = 1;
    memcpy(wide.shape, shape, sizeof shape);
    flat.shape[0] = r->window;
    for (size_t b = 0; b < SAMPLER_BUFFERS; b++) {
        entry[b] = (SafetensorsEntry){ names[b], wide };
        entry[b].tensor.data = m.buffer[b];
    }
    entry[SAMPLER_BUFFERS] = (SafetensorsEntry){ "z", wide };
    entry[SAMPLER_BUFFERS].tensor.data = r->z;
    entry[SAMPLER_BUFFERS + 1] = (SafetensorsEntry){ "order", flat };
    entry[SAMPLER_BUFFERS + 1].tensor.data = order;
}

SoraStatus generate_state_save(const Run *r)
{
    if (!r->frames) return SORA_OK;
    const GenerateState *s = r->o->state;
    ArenaMark mark = arena_mark(r->step);
    SafetensorsEntry entry[TENSORS];
    float *order = arena_alloc(r->step, r->window * sizeof *order);
    for (size_t f = 0; f < r->window; f++) order[f] = (float)sampler_memory(r->sampler).order[f];
    list_tensors(r, order, entry);
    SafetensorsMeta meta[] = {
        { "sora.kind", "roll" },
        { "sora.key", s->key },
        { "sora.comment", s->comment ? s->comment : "" },
        { "sora.step", arena_printf(r->step, "%zu", r->step_number) },
        { "sora.base", arena_printf(r->step, "%zu", r->base) },
        { "sora.done", arena_printf(r->step, "%zu", r->emitted) },
    };
    SoraStatus status = SORA_OK;
    /* they are on the disk before the roll counts on them */
    if (fflush(r->frames) != 0 || fsync(fileno(r->frames)) != 0)
        status = err_set(SORA_E_IO, "cannot write %s.frames: %s", s->path, strerror(errno));
    if (status == SORA_OK)
        status = safetensors_write(generate_state_roll(s->path, r->step), entry, TENSORS, meta,
                                   sizeof meta / sizeof *meta);
    arena_rewind(r->step, mark);
    return err_while(status, "saving the state of %s", s->path);
}

SoraStatus generate_state_frame(const Run *r, const uint8_t *rgb)
{
    if (!r->frames || fwrite(rgb, frame_bytes(r), 1, r->frames) == 1) return SORA_OK;
    return err_set(SORA_E_IO, "cannot write %s.frames: %s", r->o->state->path, strerror(errno));
}

void generate_state_close(Run *r)
{
    if (r->frames) fclose(r->frames);
    r->frames = NULL;
}

/* ---- going on -------------------------------------------------------------------------- */

static SoraStatus read_count(const Safetensors *st, const char *key, size_t most, size_t *out)
{
    const char *text = safetensors_metadata(st, key);
    char *end = NULL;
    errno = 0;
    unsigned long long x = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
    if (!end || *end || errno || x > most)
        return err_set(SORA_E_FORMAT, "its %s is \"%s\"", key, text ? text : "");
    *out = (size_t)x;
    return SORA_OK;
}

static SoraStatus same_shot(const Safetensors *st, const GenerateState *s)
{
    const char *key = safetensors_metadata(st, "sora.key");
    if (key && strcmp(key, s->key) == 0) return SORA_OK;
    return err_set(SORA_E_ARGUMENT, "it belongs to another shot, or was made with other settings: "
                                    "say the same as then, or begin anew");
}

/* The roll of this very shot. */
static SoraStatus open_roll(const GenerateState *s, Arena *a, Safetensors *st)
{
    const char *roll = generate_state_roll(s->path, a);
    if (!file_exists(roll))
        return err_set(SORA_E_IO, "there is nothing to go on with: no %s", roll);
    TRY(safetensors_open(roll, a, st));
    SoraStatus status = same_shot(st, s);
    if (status != SORA_OK) safetensors_close(st);
    return err_while(status, "going on with %s", roll);
}

SoraStatus generate_state_check(const GenerateState *s, Arena *a)
{
    Safetensors st;
    if (!s || !s->resume) return SORA_OK;
    ArenaMark mark = arena_mark(a);
    SoraStatus status = open_roll(s, a, &st);
    if (status == SORA_OK) safetensors_close(&st);
    arena_rewind(a, mark);
    return status;
}

static SoraStatus read_roll(Run *r, const Safetensors *st)
{
    TRY(read_count(st, "sora.step", r->total, &r->step_number));
    TRY(read_count(st, "sora.base", r->grid.frames - r->window, &r->base));
    TRY(read_count(st, "sora.done", r->grid.frames, &r->emitted));
    if (r->base != generate_window_start(r))
        return err_set(SORA_E_FORMAT, "its window is not where its frames end");
    SafetensorsEntry entry[TENSORS];
    float *order = arena_alloc(r->step, r->window * sizeof *order);
    list_tensors(r, order, entry);
    for (size_t f = 0; f < r->window; f++) generate_give(r, f); /* comes from the condition */
    for (size_t i = 0; i < TENSORS; i++) {
        const Tensor *t = safetensors_find(st, entry[i].name);
        if (!t || t->type != TYPE_F32 || tensor_count(t) != tensor_count(&entry[i].tensor))
            return err_set(SORA_E_FORMAT, "its \"%s\" is missing or of another size",
                           entry[i].name);
        memcpy(entry[i].tensor.data, t->data, tensor_count(t) * sizeof(float));
    }
    for (size_t f = 0; f < r->window; f++) sampler_memory(r->sampler).order[f] = (int)order[f];
    return SORA_OK;
}

static SoraStatus replay(Run *r, FrameSink sink)
{
    size_t frames = generate_frames(r, r->emitted), bytes = frame_bytes(r);
    uint8_t *rgb = arena_alloc(r->step, bytes);
    for (size_t f = 0; f < frames; f++) {
        if (fread(rgb, bytes, 1, r->frames) != 1)
            return err_set(SORA_E_FORMAT, "%s.frames has %zu frames, %zu are needed to go on",
                           r->o->state->path, f, frames);
        TRY(sink.fn(sink.self, f, rgb));
    }
    if (ftruncate(fileno(r->frames), (off_t)(frames * bytes)) != 0 ||
        fseek(r->frames, 0, SEEK_END) != 0)
        return err_set(SORA_E_IO, "cannot go on with %s.frames: %s", r->o->state->path,
                       strerror(errno));
    return SORA_OK;
}

static SoraStatus resume(Run *r, FrameSink sink)
{
    const GenerateState *s = r->o->state;
    Safetensors st;
    const char *done = generate_state_frames(s->path, r->step);
    TRY(open_roll(s, r->step, &st));
    SoraStatus status = read_roll(r, &st);
    safetensors_close(&st);
    TRY(err_while(status, "going on with %s", generate_state_roll(s->path, r->step)));
    r->frames = fopen(done, "r+b");
    if (!r->frames) return err_set(SORA_E_IO, "cannot go on without %s: %s", done, strerror(errno));
    return replay(r, sink);
}

SoraStatus generate_state_open(Run *r, FrameSink sink, bool *resumed)
{
    const GenerateState *s = r->o->state;
    if (s && s->resume && !keeps(r))
        return err_set(SORA_E_ARGUMENT, "this shot is short enough to be made whole: there is "
                                        "nothing to go on with");
    if (!keeps(r)) return SORA_OK;
    ArenaMark mark = arena_mark(r->step);
    const char *done = generate_state_frames(s->path, r->step);
    SoraStatus status = SORA_OK;
    *resumed = s->resume;
    if (s->resume) {
        status = resume(r, sink);
    } else {
        remove(generate_state_roll(s->path, r->step));
        r->frames = fopen(done, "wb");
        if (!r->frames) status = err_set(SORA_E_IO, "cannot write %s: %s", done, strerror(errno));
    }
    arena_rewind(r->step, mark);
    return status;
}
