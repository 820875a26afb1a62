#include "train/source_folder.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "media/read.h"
#include "media/resize.h"
#include "train/folder_scan.h"

enum { LOCKS = 16 };
static const size_t REMEMBERED_MAX = (size_t)1 << 30; /* bytes of decoded clips */
static const double SECONDS_MAX = 60;                 /* of a file that are used */

enum { DRAW_ORDER = 1, DRAW_SIZE, DRAW_START };

/* A file and the sizes it can be shown at. A clip as it was decoded for a size is remembered. */
typedef struct Item {
    const FolderFile *file;
    uint32_t sizes;              /* bit k: sizes[k] */
    Arena *arena;                /* of what is remembered; NULL: nothing yet */
    Clip clip[SOURCE_SIZES_MAX]; /* rgb NULL: not remembered */
} Item;

struct Folder {
    FolderOptions o;
    SourceSize sizes[SOURCE_SIZES_MAX];
    FolderScan scan;
    Arena *arena;
    Item *training, *validation;
    FolderCount count;
    pthread_mutex_t lock[LOCKS]; /* of item i: lock[i % LOCKS] */
    atomic_size_t remembered;
};

/* ---- which file at which size ---------------------------------------------------------- */

/* Of the pictures' sizes and of the clips' sizes the ones nearest in shape. A size that needs
 * more seconds than the file has is none of its. */
static uint32_t sizes_of(const Folder *f, const FolderFile *file)
{
    double shape = log((double)file->width / (double)file->height), best[2] = { 1e9, 1e9 };
    uint32_t found[2] = { 0 };
    for (size_t k = 0; k < f->o.size_count; k++) {
        const SourceSize *s = &f->sizes[k];
        int moves = s->frames > 1;
        if (moves && file->seconds < (double)s->frames / s->fps - 1e-3) continue;
        double off = fabs(log((double)s->width / (double)s->height) - shape);
        if (off > best[moves] + 1e-6) continue;
        if (off < best[moves] - 1e-6) found[moves] = 0;
        best[moves] = fmin(best[moves], off);
        found[moves] |= 1u << k;
    }
    return found[0] | found[1];
}

static size_t pick_size(const Folder *f, const Item *item, uint64_t i)
{
    double sum = 0, u;
    size_t last = 0;
    for (size_t k = 0; k < f->o.size_count; k++)
        if (item->sizes >> k & 1) sum += f->sizes[k].share, last = k;
    u = sum * rng_uniform(rng_split(f->o.seed, DRAW_SIZE), i);
    for (size_t k = 0; k < last; k++)
        if (item->sizes >> k & 1 && (u -= f->sizes[k].share) < 0) return k;
    return last;
}

/* Position `at` of a random order of 0 .. n-1: a Feistel network over the next power of four,
 * walked until it falls inside. */
static size_t shuffled(uint64_t seed, size_t at, size_t n)
{
    unsigned half = 1;
    while ((uint64_t)1 << 2 * half < n) half++;
    uint64_t mask = ((uint64_t)1 << half) - 1, x = at;
    do {
        for (uint64_t round = 0; round < 4; round++) {
            uint64_t left = x >> half, right = x & mask;
            x = right << half | ((left ^ rng_u64(rng_split(seed, round), right)) & mask);
        }
    } while (x >= n);
    return (size_t)x;
}

static Item *training_item(const Folder *f, uint64_t i)
{
    size_t n = f->count.training;
    uint64_t round = rng_split(rng_split(f->o.seed, DRAW_ORDER), i / n);
    return &f->training[shuffled(round, (size_t)(i % n), n)];
}

/* ---- pixels ---------------------------------------------------------------------------- */

/* One frame of the file, filling the frame of the size. */
static SoraStatus shrink(const Clip *frame, const Clip *out, size_t f, Arena *scratch)
{
    Clip small;
    ResizeOptions o = { .height = out->height,
                        .width = out->width,
                        .filter = RESIZE_AREA,
                        .window = resize_cover(frame, out->height, out->width) };
    ArenaMark mark = arena_mark(scratch);
    SoraStatus s = resize_clip(frame, &o, scratch, &small);
    if (s == SORA_OK) memcpy(clip_frame(out, f), small.rgb, out->height * out->width * 3);
    arena_rewind(scratch, mark);
    return s;
}

/* Reads frame by frame, as whole files may be larger than memory. */
static SoraStatus decode_frames(Reader *r, Arena *scratch, Clip *out)
{
    const ReadInfo *info = read_info(r);
    Clip frame;
    TRY(clip_new(scratch, 1, info->height, info->width, 0, &frame));
    size_t f = 0;
    for (bool end = false; f < out->frames; f++) {
        TRY(read_frame(r, frame.rgb, &end));
        if (end) break;
        TRY(shrink(&frame, out, f, scratch));
    }
    out->frames = f;
    return SORA_OK;
}

/* The file at a size: upright, at the size's rate. */
static SoraStatus decode(const Item *item, const SourceSize *size, Arena *a, Clip *out)
{
    const FolderFile *file = item->file;
    bool moves = file->seconds > 0;
    size_t most = moves ? (size_t)(fmin(file->seconds + 1, SECONDS_MAX) * size->fps) + 1 : 1;
    ReadOptions o = { .fps = moves ? size->fps : 0 };
    Reader *r;
    TRY(clip_new(a, most, size->height, size->width, moves ? size->fps : 0, out));
    TRY(read_open(file->path, &o, &r));
    Arena *scratch = arena_new("decode", 0);
    SoraStatus s = scratch ? decode_frames(r, scratch, out)
                           : err_set(SORA_E_MEMORY, "no memory to decode %s", file->path);
    arena_free(scratch);
    read_close(r);
    if (s == SORA_OK && out->frames < size->frames)
        s = err_set(SORA_E_FORMAT, "%s has %zu frames at %g a second, %zu are needed", file->path,
                    out->frames, size->fps, size->frames);
    return s;
}

/* Decodes once while there is room to remember. */
static SoraStatus get_clip(const Folder *f, Item *item, size_t k, Arena *a, Clip *out)
{
    Folder *shared = (Folder *)f; /* what is remembered changes no result */
    pthread_mutex_t *lock = &shared->lock[(size_t)(item->file - f->scan.file) % LOCKS];
    pthread_mutex_lock(lock);
    SoraStatus s = SORA_OK;
    if (!item->clip[k].rgb) {
        s = decode(item, &f->sizes[k], a, out);
        size_t bytes = s == SORA_OK ? out->frames * out->height * out->width * 3 : 0;
        if (s == SORA_OK &&
            atomic_fetch_add(&shared->remembered, bytes) + bytes <= REMEMBERED_MAX) {
            if (!item->arena) item->arena = arena_new("clips", 0);
            Clip kept = *out;
            kept.rgb = arena_alloc(item->arena, bytes);
            memcpy(kept.rgb, out->rgb, bytes);
            item->clip[k] = kept;
        }
    } else {
        *out = item->clip[k];
    }
    pthread_mutex_unlock(lock);
    return s;
}

static SoraStatus make(const Folder *f, Item *item, uint64_t i, bool from_start, Arena *a,
                       Example *out)
{
    size_t k = pick_size(f, item, i);
    const SourceSize *size = &f->sizes[k];
    Clip whole;
    TRY(get_clip(f, item, k, a, &whole));
    size_t spare = whole.frames - size->frames;
    size_t first = from_start ? 0 : rng_below(rng_split(f->o.seed, DRAW_START), i, spare + 1);
    TRY(clip_new(a, size->frames, size->height, size->width, size->frames > 1 ? size->fps : 0,
                 &out->clip));
    memcpy(out->clip.rgb, clip_frame(&whole, first), size->frames * size->height * size->width * 3);
    out->caption = arena_strdup(a, item->file->caption);
    return SORA_OK;
}

static void training_size(const void *self, uint64_t i, SourceSize *out)
{
    const Folder *f = self;
    *out = f->sizes[pick_size(f, training_item(f, i), i)];
}

static SoraStatus training_make(const void *self, uint64_t i, Arena *a, Example *out)
{
    return make(self, training_item(self, i), i, false, a, out);
}

static void validation_size(const void *self, uint64_t i, SourceSize *out)
{
    const Folder *f = self;
    *out = f->sizes[pick_size(f, &f->validation[i % f->count.validation], i)];
}

static SoraStatus validation_make(const void *self, uint64_t i, Arena *a, Example *out)
{
    const Folder *f = self;
    return make(f, &f->validation[i % f->count.validation], i, true, a, out);
}

Source folder_training(const Folder *f)
{
    return (Source){ training_size, training_make, (void *)f };
}

Source folder_validation(const Folder *f)
{
    return (Source){ validation_size, validation_make, (void *)f };
}

/* ---- opening --------------------------------------------------------------------------- */

static void drop(Folder *f, const FolderFile *file)
{
    f->count.dropped++;
    err_set(SORA_E_FORMAT, "%s lasts %.2f s, which is too short for every size asked for",
            file->path, file->seconds);
    if (f->o.dropped) f->o.dropped(f->o.dropped_self, err_text());
}

/* By the name inside the folder, so that a file stays on its side when others come or go. */
static bool for_validation(const Folder *f, const char *dir, const FolderFile *file)
{
    uint64_t h = 0xcbf29ce484222325;
    for (const char *s = file->path + strlen(dir); *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3;
    return rng_uniform(h, 0) < f->o.validation;
}

static SoraStatus sort_out(Folder *f, const char *dir)
{
    FolderScanOptions o = { f->o.decode, f->o.dropped, f->o.dropped_self, f->o.stop,
                            f->o.stop_self };
    TRY(folder_scan(dir, &o, f->arena, &f->scan));
    f->count.dropped = f->scan.dropped;
    f->training = arena_zero(f->arena, (f->scan.count + 1) * sizeof *f->training);
    f->validation = arena_zero(f->arena, (f->scan.count + 1) * sizeof *f->validation);
    for (size_t i = 0; i < f->scan.count; i++) {
        Item item = { &f->scan.file[i], sizes_of(f, &f->scan.file[i]), NULL, { { 0 } } };
        if (!item.sizes)
            drop(f, item.file);
        else if (for_validation(f, dir, item.file))
            f->validation[f->count.validation++] = item;
        else
            f->training[f->count.training++] = item;
    }
    if (f->count.training) return SORA_OK;
    return err_set(
        SORA_E_FORMAT,
        "%s has no video or picture with a caption (a .txt of the same name) that can be "
        "used; %zu were left out",
        dir, f->count.dropped);
}

SoraStatus folder_open(const char *dir, const FolderOptions *o, Folder **out)
{
    Arena *a = arena_new("folder", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a folder");
    Folder *f = arena_zero(a, sizeof *f);
    f->arena = a;
    f->o = *o;
    memcpy(f->sizes, o->sizes, o->size_count * sizeof *o->sizes);
    for (size_t i = 0; i < LOCKS; i++) pthread_mutex_init(&f->lock[i], NULL);
    SoraStatus s = sort_out(f, dir);
    if (s == SORA_OK)
        *out = f;
    else
        folder_close(f);
    return s;
}

void folder_close(Folder *f)
{
    if (!f) return;
    for (size_t i = 0; i < f->count.training; i++) arena_free(f->training[i].arena);
    for (size_t i = 0; i < f->count.validation; i++) arena_free(f->validation[i].arena);
    for (size_t i = 0; i < LOCKS; i++) pthread_mutex_destroy(&f->lock[i]);
    arena_free(f->arena);
}

FolderCount folder_count(const Folder *f)
{
    return f->count;
}
