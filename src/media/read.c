#include "media/read.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "config.h"
#include "media/read_source.h"
#include "media/webp.h"

enum { COMMENT_MAX = 1 << 20 };

struct Reader {
    Arena *arena;
    Source source;
    const SourceKind *kind;
    ReadInfo info;
    Picture now, ahead; /* what is shown, and what comes after it */
    bool begun, have_ahead;
    double zero_s;                /* when the first picture begins */
    double shortest_s, longest_s; /* between two pictures */
    size_t next, until;           /* the next frame out; `now` serves all below `until` */
};

void read_over_white(uint8_t *rgb, const uint8_t *rgba, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++, rgb += 3, rgba += 4) {
        unsigned alpha = rgba[3];
        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)((rgba[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

/* ---- opening ---- */

static bool begins(Slice file, const char *text)
{
    return file.size >= strlen(text) && memcmp(file.bytes, text, strlen(text)) == 0;
}

/* What would make a library open other files or addresses is named, not tried. */
static SoraStatus refuse_lists(Slice file, const char *path)
{
    static const char *const heads[] = { "#EXTM3U", "ffconcat", "[playlist]", "<?xml", "<MPD" };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (begins(file, heads[i]))
            return err_set(SORA_E_UNSUPPORTED,
                           "%s is a playlist or a page, not a video: name the video itself", path);
    if (!file.size) return err_set(SORA_E_FORMAT, "%s is empty", path);
    return SORA_OK;
}

static const SourceKind *kind_of(Slice file)
{
    if (webp_is(file)) return &read_webp;
#ifdef HAVE_AV
    return &read_libav;
#else
    return NULL;
#endif
}

/* Formats without a place for words have them in a file beside (write.h). */
static void read_beside(Reader *r, const char *path)
{
    const char *beside = arena_printf(r->arena, "%s.json", path);
    Slice text;
    if (r->info.comment || !file_exists(beside) ||
        file_read(beside, COMMENT_MAX, r->arena, &text) != SORA_OK)
        return;
    char *words = (char *)text.bytes;
    size_t n = strlen(words);
    while (n && words[n - 1] == '\n') words[--n] = 0;
    r->info.comment = words;
}

static SoraStatus open_source(Reader *r, const char *path)
{
    Source *s = &r->source;
    if (!r->kind) {
        TRY(refuse_lists(s->file, path));
        r->kind = kind_of(s->file);
    }
    if (!r->kind)
        return err_set(SORA_E_UNSUPPORTED, "%s: this build of sora has no FFmpeg libraries", path);
    TRY(r->kind->open(s));
    if (s->info.width > CLIP_SIDE_MAX || s->info.height > CLIP_SIDE_MAX || !s->info.width ||
        !s->info.height)
        return err_set(SORA_E_FORMAT, "%s is %zux%zu pixels, each side must be 1 to %d", path,
                       s->info.width, s->info.height, CLIP_SIDE_MAX);
    size_t bytes = s->info.width * s->info.height * 3;
    void *rgb;
    TRY(arena_try(r->arena, bytes, &rgb));
    r->now.rgb = rgb;
    TRY(arena_try(r->arena, bytes, &rgb));
    r->ahead.rgb = rgb;
    return SORA_OK;
}

SoraStatus read_open(const char *path, const ReadOptions *o, Reader **out)
{
    static const ReadOptions standard = { 0 };
    if (!o) o = &standard;
    if (o->fps != 0 && !(o->fps >= 0.1 && o->fps <= 1000))
        return err_set(SORA_E_ARGUMENT, "%s at %g frames a second: it must be 0.1 to 1000", path,
                       o->fps);
    if (strstr(path, "://") && !file_exists(path))
        return err_set(SORA_E_ARGUMENT, "%s is an address; only files are read", path);
    Slice file = { 0 };
    bool folder = file_is_folder(path);
    if (!folder) TRY(file_map(path, &file));
    Arena *a = arena_new("reader", 0);
    if (!a) {
        file_unmap(file);
        return err_set(SORA_E_MEMORY, "no memory to read %s", path);
    }
    Reader *r = arena_zero(a, sizeof *r);
    r->arena = a;
    if (folder) r->kind = &read_pictures;
    r->source = (Source){ .file = file,
                          .name = arena_strdup(a, path),
                          .threads = o->threads > 0 ? o->threads : 1,
                          .arena = a };
    SoraStatus s = open_source(r, path);
    if (s != SORA_OK) {
        read_close(r);
        return s;
    }
    r->info = r->source.info;
    if (r->info.fps > 0 && o->fps > 0) r->info.fps = o->fps;
    read_beside(r, path);
    *out = r;
    return SORA_OK;
}

const ReadInfo *read_info(const Reader *r)
{
    return &r->info;
}

void read_close(Reader *r)
{
    if (!r) return;
    if (r->kind) r->kind->close(&r->source);
    file_unmap(r->source.file);
    arena_free(r->arena);
}

/* ---- a constant rate ---- */

/* The next picture of the source, its times made sound: they never go back. */
static SoraStatus look_ahead(Reader *r)
{
    bool end = false;
    double own = r->source.info.fps > 0 ? 1 / r->source.info.fps : 0;
    TRY(r->kind->next(&r->source, &r->ahead, &end));
    r->have_ahead = !end;
    if (end) return SORA_OK;
    if (!r->begun) r->zero_s = isfinite(r->ahead.start_s) ? r->ahead.start_s : 0;
    double start = r->ahead.start_s - r->zero_s, end_s = r->ahead.end_s - r->zero_s;
    double least = r->begun ? r->now.start_s : 0;
    if (!isfinite(start)) start = r->begun ? r->now.end_s : 0;
    r->ahead.start_s = fmax(start, least);
    double shown = r->ahead.start_s - least;
    if (r->begun && shown > 0) {
        r->longest_s = fmax(r->longest_s, shown);
        r->shortest_s = r->shortest_s > 0 ? fmin(r->shortest_s, shown) : shown;
    }
    r->ahead.end_s = isfinite(end_s) && end_s > r->ahead.start_s ? end_s : r->ahead.start_s + own;
    return SORA_OK;
}

/* The frames out that show a picture are those whose time, rounded, it begins before. */
static size_t frame_at(const Reader *r, double s)
{
    double f = rint(s * r->info.fps);
    return f > CLIP_FRAMES_MAX ? CLIP_FRAMES_MAX + 1 : (size_t)f;
}

static SoraStatus advance(Reader *r)
{
    Picture was = r->now;
    r->now = r->ahead;
    r->ahead.rgb = was.rgb;
    r->begun = true;
    if (r->info.fps == 0) { /* a picture */
        r->have_ahead = false;
        r->until = 1;
        return SORA_OK;
    }
    TRY(look_ahead(r));
    r->until = frame_at(r, r->have_ahead ? r->ahead.start_s : r->now.end_s);
    if (!r->have_ahead && r->next == 0) r->until = size_max(r->until, 1);
    return SORA_OK;
}

SoraStatus read_frame(Reader *r, uint8_t *rgb, bool *end)
{
    if (!r->begun && !r->have_ahead) {
        TRY(look_ahead(r));
        if (!r->have_ahead) return err_set(SORA_E_FORMAT, "%s has no frames", r->source.name);
    }
    *end = false;
    while (r->next >= r->until) {
        if (!r->have_ahead) {
            *end = true;
            return SORA_OK;
        }
        TRY(advance(r));
    }
    memcpy(rgb, r->now.rgb, r->info.width * r->info.height * 3);
    r->next++;
    return SORA_OK;
}

/* ---- whole ---- */

static SoraStatus fill_clip(Reader *r, const ReadOptions *o, Arena *a, Clip *out)
{
    const ReadInfo *info = read_info(r);
    if (info->hdr)
        return err_set(
            SORA_E_UNSUPPORTED,
            "%s is HDR video (PQ or HLG), whose colours would be wrong: make it SDR first",
            r->source.name);
    size_t frame = info->width * info->height * 3;
    size_t bytes_max = o->bytes_max ? o->bytes_max : (size_t)2 << 30;
    size_t most = size_min(o->frames_max ? o->frames_max : CLIP_FRAMES_MAX, bytes_max / frame);
    uint8_t *rgb = NULL;
    size_t count = 0, room = 0;
    for (;;) {
        if (count == o->frames_max && count) break;
        if (count == room) { /* grows in a fresh place: arenas give nothing back */
            size_t guess = (size_t)fmin((double)most, ceil(info->seconds * info->fps) + 2);
            room = count ? size_min(2 * count, most + 1) : size_max(guess, 1);
            void *more;
            TRY(arena_try(a, room * frame, &more));
            if (count) memcpy(more, rgb, count * frame);
            rgb = more;
        }
        bool end;
        TRY(read_frame(r, rgb + count * frame, &end));
        if (end) break;
        if (++count > most)
            return err_set(SORA_E_MEMORY, "%s has more than the %zu frames of %zux%zu that fit",
                           r->source.name, most, info->width, info->height);
    }
    if (o->notes)
        *o->notes = (ReadNotes){ .turned = info->turned,
                                 .squared = info->squared,
                                 .alpha = info->alpha,
                                 .varies = r->longest_s > 1.6 * r->shortest_s + 0.002,
                                 .bits = info->bits,
                                 .sound = info->sound };
    *out = (Clip){
        .frames = count, .height = info->height, .width = info->width, .fps = info->fps, .rgb = rgb
    };
    return SORA_OK;
}

SoraStatus read_clip(const char *path, const ReadOptions *o, Arena *a, Clip *out)
{
    static const ReadOptions standard = { 0 };
    Reader *r;
    TRY(read_open(path, o, &r));
    SoraStatus s = fill_clip(r, o ? o : &standard, a, out);
    read_close(r);
    return s;
}
