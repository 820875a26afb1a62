/* Clips to latents and back. */
#include "model/vae.h"

#include <assert.h>
#include <string.h>

#include "base/size.h"
#include "model/vae_parts.h"

enum { RGB = 3, SIDE_MAX = 1 << 16, FRAMES_MAX = 1 << 24 };

const VaeInfo *vae_info(const Vae *v)
{
    return &v->info;
}

size_t vae_latent_frames(const Vae *v, size_t frames)
{
    assert(frames > 0);
    return size_ceil_div(frames - 1, v->info.time) + 1;
}

size_t vae_frames(const Vae *v, size_t latent_frames)
{
    assert(latent_frames > 0);
    return (latent_frames - 1) * v->info.time + 1;
}

/* One direction at work on one clip. `grid` is the level at which tiles are laid out: latents when
 * encoding, pixels (in patches) when decoding; `seam` the one between local and global layers. */
typedef struct Job {
    const Vae *v;
    const VaeRun *run;
    const VaeHalf *half;
    bool measure;
    size_t bytes;                                /* measured */
    size_t frames, latent_frames, height, width; /* clip; height and width of a latent */
    size_t tile;                                 /* 0: whole */
    VaeFrame tile_part, seam;
    float *features; /* [latent frames, seam] when there are tiles */
    float *clip;     /* decoding in tiles: [frames, height, width, 3] */
    float *rgb;      /* one frame */
    size_t at;       /* frames that reached the sink */

    VaeReadFn read;
    VaeWriteFn write;
    void *self;
    const float *z_in;
    float *z, *mu;
} Job;

static size_t seam_count(const Job *j)
{
    return j->seam.all_height * j->seam.all_width * j->seam.channels;
}

/* A whole frame of latents or, in patches, pixels. */
static VaeFrame whole(size_t height, size_t width, size_t channels)
{
    return (VaeFrame){ .height = height,
                       .width = width,
                       .all_height = height,
                       .all_width = width,
                       .channels = channels };
}

static VaeFrame latent_frame(const Job *j)
{
    return whole(j->height, j->width, j->v->info.channels);
}

static VaeFrame pixel_frame(const Job *j)
{
    size_t patch = j->v->patch, scale = j->v->info.space / patch;
    return whole(j->height * scale, j->width * scale, RGB * patch * patch);
}

/* Memory of the job's own, counted when measuring. */
static SoraStatus take(Job *j, size_t count, float **out)
{
    size_t bytes;
    if (!size_mul(count, sizeof **out, &bytes))
        return err_set(SORA_E_MEMORY, "a clip of %zu frames does not fit in memory", j->frames);
    j->bytes += bytes;
    void *p = NULL;
    if (!j->measure) TRY(arena_try(j->run->step, bytes, &p));
    *out = p;
    return SORA_OK;
}

/* ---- pixels and latents ------------------------------------------------------------------ */

/* Channel (c * patch + column) * patch + row of a position is one pixel of the patch. */
static size_t channel_of(size_t patch, size_t c, size_t row, size_t column)
{
    return (c * patch + column % patch) * patch + row % patch;
}

/* The part of j->rgb that belongs to f. */
static void fold_pixels(const Job *j, VaeFrame *f)
{
    size_t patch = j->v->patch, width = j->width * j->v->info.space;
    float *to = f->data;
    for (size_t y = 0; y < f->height * patch; y++)
        for (size_t x = 0; x < f->width * patch; x++) {
            const float *rgb = j->rgb + ((f->y * patch + y) * width + f->x * patch + x) * RGB;
            float *position = to + (y / patch * f->width + x / patch) * f->channels;
            for (size_t c = 0; c < RGB; c++) position[channel_of(patch, c, y, x)] = rgb[c];
        }
}

/* The part `part` of f as pixels into a frame. */
static void unfold_pixels(const Job *j, const VaeFrame *f, const VaeFrame *part, float *frame)
{
    size_t patch = j->v->patch, width = j->width * j->v->info.space;
    for (size_t y = part->y * patch; y < (part->y + part->height) * patch; y++)
        for (size_t x = part->x * patch; x < (part->x + part->width) * patch; x++) {
            size_t at = (y / patch - f->y) * f->width + x / patch - f->x;
            const float *position = (const float *)f->data + at * f->channels;
            float *rgb = frame + (y * width + x) * RGB;
            for (size_t c = 0; c < RGB; c++) {
                float v = position[channel_of(patch, c, y, x)];
                rgb[c] = j->run->raw ? v : v < -1 ? -1 : v > 1 ? 1 : v;
            }
        }
}

/* Latents to what the decoder reads, in the original's operations. */
static void fill_latent(const Job *j, size_t frame, VaeFrame *f)
{
    size_t area = f->height * f->width, n = f->channels;
    float *to = f->data;
    for (size_t c = 0; c < n; c++) {
        float scale = 1 / j->v->std[c];
        const float *z = j->z_in + (c * j->latent_frames + frame) * area;
        for (size_t i = 0; i < area; i++) to[i * n + c] = z[i] / scale + j->v->mean[c];
    }
}

static SoraStatus store_latent(void *self, const VaeFrame *f)
{
    Job *j = self;
    size_t area = f->height * f->width, n = j->v->info.channels, frame = j->at++;
    const float *from = f->data;
    if (j->measure) return SORA_OK;
    for (size_t c = 0; c < n; c++) {
        float scale = 1 / j->v->std[c];
        size_t at = (c * j->latent_frames + frame) * area;
        for (size_t i = 0; i < area; i++) {
            float mu = from[i * f->channels + c];
            if (j->mu) j->mu[at + i] = mu;
            j->z[at + i] = (mu - j->v->mean[c]) * scale;
        }
    }
    return SORA_OK;
}

static SoraStatus hand_on(void *self, const VaeFrame *f)
{
    Job *j = self;
    size_t frame = j->at++;
    if (j->measure) return SORA_OK;
    unfold_pixels(j, f, f, j->rgb);
    return j->write(j->self, frame, j->rgb);
}

/* ---- tiles ------------------------------------------------------------------------------- */

/* Copies the part of f that is in `part` to or from a whole frame. */
static void copy_part(const VaeFrame *f, const VaeFrame *part, float *frame, bool out)
{
    for (size_t y = part->y; y < part->y + part->height; y++) {
        float *whole_row = frame + (y * f->all_width + part->x) * f->channels;
        float *row = (float *)f->data + ((y - f->y) * f->width + part->x - f->x) * f->channels;
        size_t bytes = part->width * f->channels * sizeof *row;
        if (out)
            memcpy(whole_row, row, bytes);
        else
            memcpy(row, whole_row, bytes);
    }
}

static SoraStatus keep_features(void *self, const VaeFrame *f)
{
    Job *j = self;
    float *frame = j->features + j->at++ * seam_count(j);
    if (!j->measure) copy_part(f, &j->tile_part, frame, true);
    return SORA_OK;
}

static SoraStatus keep_pixels(void *self, const VaeFrame *f)
{
    Job *j = self;
    size_t frame = j->at++, pixels = j->height * j->width * j->v->info.space * j->v->info.space;
    if (!j->measure) unfold_pixels(j, f, &j->tile_part, j->clip + frame * pixels * RGB);
    return SORA_OK;
}

/* The frames that go into some layers. */
typedef SoraStatus (*FillFn)(Job *j, size_t frame, VaeFrame *f);

static SoraStatus fill_pixels(Job *j, size_t frame, VaeFrame *f)
{
    TRY(j->read(j->self, frame, j->rgb));
    fold_pixels(j, f);
    return SORA_OK;
}

static SoraStatus fill_latents(Job *j, size_t frame, VaeFrame *f)
{
    fill_latent(j, frame, f);
    return SORA_OK;
}

static SoraStatus fill_features(Job *j, size_t frame, VaeFrame *f)
{
    copy_part(f, f, j->features + frame * seam_count(j), false);
    return SORA_OK;
}

typedef struct Pass {
    size_t first, end; /* layers */
    VaeFrame in;       /* what goes in: a part, or all */
    size_t frames;
    FillFn fill;
    VaeSinkFn sink;
} Pass;

/* All frames of a clip, or of a part of it, through some layers; memory is given back. When
 * measuring, a few frames are as good as all: buffers are the same from then on. */
static SoraStatus run_pass(Job *j, Pass p)
{
    enum { FRAMES_MEASURED = 16 };
    ArenaMark mark = arena_mark(j->run->step);
    VaeStream *s;
    VaeFrame *f;
    TRY(vae_stream_new(j->half, p.first, p.end, j->run, j->measure, &s));
    vae_stream_sink(s, p.sink, j);
    j->at = 0;
    size_t frames = j->measure ? size_min(p.frames, FRAMES_MEASURED) : p.frames;
    for (size_t i = 0; i < frames; i++) {
        TRY(vae_stream_frame(s, &p.in, &f));
        if (!j->measure) TRY(p.fill(j, i, f));
        TRY(vae_stream_push(s, f));
    }
    size_t needed = vae_stream_bytes(s);
    arena_rewind(j->run->step, mark);
    if (j->measure) j->bytes += needed;
    return SORA_OK;
}

/* A pass for every tile of the level that `p.in` gives the whole of when `up` layers are done. */
static SoraStatus run_tiles(Job *j, Pass p, VaeFrame grid, size_t tile)
{
    size_t down = size_ceil_div(grid.all_height, tile), most = 0, before = j->bytes;
    size_t across = size_ceil_div(grid.all_width, tile);
    for (size_t i = 0; i < down * across; i++) {
        size_t row = i / across, column = i % across;
        VaeFrame *t = &j->tile_part;
        *t = grid;
        t->y = grid.all_height * row / down;
        t->x = grid.all_width * column / across;
        t->height = grid.all_height * (row + 1) / down - t->y;
        t->width = grid.all_width * (column + 1) / across - t->x;
        p.in = vae_input_part(j->half, p.first, p.end, *t);
        TRY(run_pass(j, p));
        most = size_max(most, j->bytes - before);
        j->bytes = before;
    }
    j->bytes += most;
    return SORA_OK;
}

/* ---- encoding ---------------------------------------------------------------------------- */

static SoraStatus check_sizes(Job *j, const size_t size[3], const char *what)
{
    if (!size[0] || !size[1] || !size[2] || size[0] > FRAMES_MAX || size[1] > SIDE_MAX ||
        size[2] > SIDE_MAX)
        return err_set(SORA_E_ARGUMENT, "%s of %zu frames of %zu x %zu cannot be run", what,
                       size[0], size[2], size[1]);
    (void)j;
    return SORA_OK;
}

static SoraStatus start_encoding(Job *j, const size_t size[3])
{
    const VaeInfo *i = &j->v->info;
    TRY(check_sizes(j, size, "a clip"));
    if (!i->encodes)
        return err_set(SORA_E_UNSUPPORTED, "the autoencoder's file has a decoder only");
    if ((size[0] - 1) % i->time || size[1] % i->space || size[2] % i->space)
        return err_set(SORA_E_ARGUMENT,
                       "a clip of %zu frames of %zu x %zu cannot be encoded: frames are 1 and a "
                       "multiple of %zu, sides multiples of %zu",
                       size[0], size[2], size[1], i->time, i->space);
    j->half = &j->v->encoder;
    j->frames = size[0];
    j->latent_frames = vae_latent_frames(j->v, size[0]);
    j->height = size[1] / i->space;
    j->width = size[2] / i->space;
    if (j->run->tile) j->tile = size_max(j->run->tile / i->space, 1);
    if (j->tile >= size_max(j->height, j->width)) j->tile = 0;
    j->seam = vae_output_frame(j->half, 0, j->half->border, pixel_frame(j));
    return take(j, size[1] * size[2] * RGB, &j->rgb);
}

static SoraStatus encode(Job *j)
{
    size_t border = j->half->border, end = j->half->count;
    Pass all = { 0, end, pixel_frame(j), j->frames, fill_pixels, store_latent };
    if (!j->tile) return run_pass(j, all);
    TRY(take(j, j->latent_frames * seam_count(j), &j->features));
    Pass local = { 0, border, pixel_frame(j), j->frames, fill_pixels, keep_features };
    Pass global = { border, end, j->seam, j->latent_frames, fill_features, store_latent };
    size_t before = j->bytes;
    TRY(run_tiles(j, local, j->seam, j->tile));
    size_t after = j->bytes;
    j->bytes = before;
    TRY(run_pass(j, global));
    j->bytes = size_max(j->bytes, after);
    return SORA_OK;
}

/* ---- decoding ---------------------------------------------------------------------------- */

static SoraStatus start_decoding(Job *j, const size_t size[3])
{
    const VaeInfo *i = &j->v->info;
    TRY(check_sizes(j, size, "latents"));
    if (!i->decodes)
        return err_set(SORA_E_UNSUPPORTED, "the autoencoder's file has an encoder only");
    j->half = &j->v->decoder;
    j->latent_frames = size[0];
    j->frames = vae_frames(j->v, size[0]);
    j->height = size[1];
    j->width = size[2];
    if (j->run->tile) j->tile = size_max(j->run->tile / j->v->patch, 1);
    VaeFrame pixels = pixel_frame(j);
    if (j->tile >= size_max(pixels.height, pixels.width)) j->tile = 0;
    j->seam = vae_output_frame(j->half, 0, j->half->border, latent_frame(j));
    return j->tile ? SORA_OK : take(j, size[1] * size[2] * i->space * i->space * RGB, &j->rgb);
}

static SoraStatus decode(Job *j)
{
    size_t border = j->half->border, end = j->half->count;
    VaeFrame in = latent_frame(j);
    Pass all = { 0, end, in, j->latent_frames, fill_latents, hand_on };
    if (!j->tile) return run_pass(j, all);
    size_t pixels = j->height * j->width * j->v->info.space * j->v->info.space;
    TRY(take(j, j->latent_frames * seam_count(j), &j->features));
    TRY(take(j, j->frames * pixels * RGB, &j->clip));
    Pass global = { 0, border, in, j->latent_frames, fill_latents, keep_features };
    Pass local = { border, end, j->seam, j->latent_frames, fill_features, keep_pixels };
    j->tile_part = j->seam;
    size_t before = j->bytes;
    TRY(run_pass(j, global));
    size_t after = j->bytes;
    j->bytes = before;
    TRY(run_tiles(j, local, pixel_frame(j), j->tile));
    j->bytes = size_max(j->bytes, after);
    for (size_t i = 0; i < j->frames && !j->measure; i++)
        TRY(j->write(j->self, i, j->clip + i * pixels * RGB));
    return SORA_OK;
}

/* ---- what others call -------------------------------------------------------------------- */

SoraStatus vae_encode(const Vae *v, const VaeRun *run, const size_t size[3], VaeReadFn read,
                      void *self, float *z, float *mu)
{
    ArenaMark mark = arena_mark(run->step);
    Job j = { .v = v, .run = run, .read = read, .self = self, .z = z, .mu = mu };
    SoraStatus status = start_encoding(&j, size);
    if (status == SORA_OK) status = encode(&j);
    arena_rewind(run->step, mark);
    return status;
}

SoraStatus vae_decode(const Vae *v, const VaeRun *run, const size_t size[3], const float *z,
                      VaeWriteFn write, void *self)
{
    ArenaMark mark = arena_mark(run->step);
    Job j = { .v = v, .run = run, .write = write, .self = self, .z_in = z };
    SoraStatus status = start_decoding(&j, size);
    if (status == SORA_OK) status = decode(&j);
    arena_rewind(run->step, mark);
    return status;
}

SoraStatus vae_encode_bytes(const Vae *v, const VaeRun *run, const size_t size[3], size_t *bytes)
{
    ArenaMark mark = arena_mark(run->step);
    Job j = { .v = v, .run = run, .measure = true };
    SoraStatus status = start_encoding(&j, size);
    if (status == SORA_OK) status = encode(&j);
    arena_rewind(run->step, mark);
    *bytes = j.bytes;
    return status;
}

SoraStatus vae_decode_bytes(const Vae *v, const VaeRun *run, const size_t size[3], size_t *bytes)
{
    ArenaMark mark = arena_mark(run->step);
    Job j = { .v = v, .run = run, .measure = true };
    SoraStatus status = start_decoding(&j, size);
    if (status == SORA_OK) status = decode(&j);
    arena_rewind(run->step, mark);
    *bytes = j.bytes;
    return status;
}
