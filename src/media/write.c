#include "media/write.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "config.h"
#include "media/write_sink.h"

enum { GIF_FPS_MAX = 100 };

struct Writer {
    Sink sink;
    WriteOptions options;
    FileWriter file;
    const SinkKind *kind;
    bool pipe, folder, made_folder;
};

typedef struct Ending {
    const char *text;
    WriteFormat format;
} Ending;

static const Ending endings[] = {
    { ".mp4", WRITE_MP4 },   { ".m4v", WRITE_MP4 }, { ".mov", WRITE_MP4 },
    { ".webm", WRITE_WEBM }, { ".gif", WRITE_GIF }, { ".webp", WRITE_WEBP },
    { ".y4m", WRITE_Y4M },   { ".png", WRITE_PNG }, { "/", WRITE_PNGS },
};

WriteFormat write_format(const char *path)
{
    size_t size = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i].text);
        if (size > n && strcasecmp(path + size - n, endings[i].text) == 0) return endings[i].format;
    }
    return file_is_folder(path) ? WRITE_PNGS : WRITE_AUTO;
}

/* As tests/media/test_write_bytes.c measures: H.264 and VP9 look ahead at frames to come, GIF keeps
 * them for its palette, a contact sheet is all of them and the sheet. */
size_t write_bytes(WriteFormat format, size_t frames, size_t height, size_t width)
{
    static const struct {
        size_t always, pixel;
    } TAKES[WRITE_FORMAT_COUNT] = {
        [WRITE_MP4] = { 16000000, 240 }, [WRITE_WEBM] = { 46000000, 150 },
        [WRITE_GIF] = { 7000000, 155 },  [WRITE_WEBP] = { 2000000, 27 },
        [WRITE_Y4M] = { 5000000, 3 },    [WRITE_PNG] = { 5000000, 14 },
        [WRITE_PNGS] = { 5000000, 14 },
    };
    size_t pixels = height * width * (format == WRITE_PNG ? frames : 1);
    return TAKES[format].always + TAKES[format].pixel * pixels;
}

static const SinkKind *kind_of(WriteFormat format)
{
    switch (format) {
    case WRITE_WEBP: return &write_webp;
    case WRITE_PNG:
    case WRITE_PNGS: return &write_png;
    default:
#ifdef HAVE_AV
        return &write_libav;
#else
        return NULL;
#endif
    }
}

static SoraStatus check(const char *path, const Writer *w)
{
    const WriteOptions *o = &w->options;
    if (o->format <= WRITE_AUTO || o->format >= WRITE_FORMAT_COUNT)
        return w->pipe ? err_set(SORA_E_ARGUMENT, "a format is needed to write to a pipe")
                       : err_set(SORA_E_ARGUMENT,
                                 "%s: the name must end in .mp4, .webm, .gif, .webp, .png, .y4m "
                                 "or / for a folder of pictures",
                                 path);
    if (!o->height || !o->width || o->height > CLIP_SIDE_MAX || o->width > CLIP_SIDE_MAX)
        return err_set(SORA_E_ARGUMENT, "%s: a video of %zux%zu pixels, each side must be 1 to %d",
                       path, o->width, o->height, CLIP_SIDE_MAX);
    if (!(o->fps >= 0.1 && o->fps <= 1000))
        return err_set(SORA_E_ARGUMENT, "%s: %g frames a second, it must be 0.1 to 1000", path,
                       o->fps);
    if (o->format == WRITE_GIF && o->fps > GIF_FPS_MAX)
        return err_set(
            SORA_E_ARGUMENT,
            "%s: %g frames a second, a GIF counts time in hundredths of a second: at most %d", path,
            o->fps, GIF_FPS_MAX);
    if (o->quality < 0 || o->quality > 100)
        return err_set(SORA_E_ARGUMENT, "%s: a quality of %d, it must be 1 to 100", path,
                       o->quality);
    if (o->format == WRITE_MP4 && !o->yuv444 && (o->height % 2 || o->width % 2))
        return err_set(SORA_E_ARGUMENT, "%s: an MP4 has even sides, this is %zux%zu", path,
                       o->width, o->height);
    if (!w->kind)
        return err_set(SORA_E_UNSUPPORTED, "%s: this build of sora has no FFmpeg libraries", path);
    if (w->pipe && o->format == WRITE_PNGS)
        return err_set(SORA_E_ARGUMENT, "a folder of pictures does not fit through a pipe");
    return SORA_OK;
}

bool write_has_beside(WriteFormat format)
{
    return format == WRITE_GIF || format == WRITE_Y4M;
}

/* NULL: not needed. */
static const char *path_beside(const Writer *w)
{
    if (!w->options.comment || w->pipe || !write_has_beside(w->sink.format)) return NULL;
    return arena_printf(w->sink.arena, "%s.json", w->sink.path);
}

static SoraStatus check_free(const Writer *w)
{
    if (w->options.overwrite || w->pipe || w->folder) return SORA_OK;
    const char *both[2] = { w->sink.path, path_beside(w) };
    for (int i = 0; i < 2; i++)
        if (both[i] && file_exists(both[i]))
            return err_set(SORA_E_IO, "%s exists already", both[i]);
    return SORA_OK;
}

/* The place the bytes go to until they are complete. */
static SoraStatus begin(Writer *w, const char *path)
{
    if (w->pipe) {
        w->file.f = stdout;
        snprintf(w->file.path, sizeof w->file.path, "%s", "standard output");
        return SORA_OK;
    }
    if (!w->folder) return file_begin(path, &w->file);
    if (strlen(path) >= sizeof w->file.path - 32)
        return err_set(SORA_E_ARGUMENT, "the path has %zu bytes, too many", strlen(path));
    w->made_folder = !file_is_folder(path);
    return file_make_folder(path);
}

/* Of a folder what was written stays: each picture is whole, and of use. */
static void drop_file(Writer *w)
{
    if (w->file.f && !w->pipe) file_abort(&w->file);
    if (w->made_folder && !w->sink.frames) rmdir(w->sink.path);
}

static void tell_silent(const Writer *w)
{
    const WriteOptions *o = &w->options;
    bool holds = o->format == WRITE_MP4 || o->format == WRITE_WEBM;
    if (holds || !o->sound_count || !o->log) return;
    o->log(o->log_self, "the sound is left out: this kind of file has none");
}

SoraStatus write_open(const char *path, const WriteOptions *o, Writer **out)
{
    Arena *a = arena_new("writer", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory to write %s", path);
    Writer *w = arena_zero(a, sizeof *w);
    w->options = *o;
    w->pipe = strcmp(path, "-") == 0;
    if (o->format == WRITE_AUTO && !w->pipe) w->options.format = write_format(path);
    if (o->fps == 0) w->options.fps = 24;
    if (o->comment) w->options.comment = arena_strdup(a, o->comment);
    w->folder = w->options.format == WRITE_PNGS;
    w->kind = kind_of(w->options.format);
    w->sink = (Sink){ .options = &w->options,
                      .format = w->options.format,
                      .path = arena_strdup(a, path),
                      .file = &w->file,
                      .arena = a };
    SoraStatus s = check(path, w);
    if (s == SORA_OK) s = check_free(w);
    if (s == SORA_OK) s = begin(w, path);
    if (s == SORA_OK) {
        s = w->kind->open(&w->sink);
        if (s != SORA_OK) {
            w->kind->close(&w->sink);
            drop_file(w);
        }
    }
    if (s != SORA_OK) {
        arena_free(a);
        return s;
    }
    tell_silent(w);
    *out = w;
    return SORA_OK;
}

SoraStatus write_frame(Writer *w, const uint8_t *rgb)
{
    SoraStatus s = w->kind->frame(&w->sink, rgb);
    if (s == SORA_OK) w->sink.frames++;
    return err_while(s, "writing frame %zu of %s", w->sink.frames + 1, w->sink.path);
}

static SoraStatus write_beside(const Writer *w)
{
    const char *path = path_beside(w);
    if (!path) return SORA_OK;
    const char *text = arena_printf(w->sink.arena, "%s\n", w->options.comment);
    return file_write(path, text, strlen(text));
}

static SoraStatus put_in_place(Writer *w)
{
    if (w->pipe)
        return fflush(stdout) == 0
                   ? SORA_OK
                   : err_set(SORA_E_IO, "cannot write to standard output: %s", strerror(errno));
    if (w->folder) return SORA_OK;
    SoraStatus s = check_free(w); /* it may have appeared meanwhile */
    if (s == SORA_OK) s = write_beside(w);
    if (s == SORA_OK) return file_commit(&w->file);
    return s;
}

SoraStatus write_commit(Writer *w)
{
    if (!w) return SORA_OK;
    Arena *a = w->sink.arena;
    SoraStatus s = w->sink.frames
                       ? w->kind->finish(&w->sink)
                       : err_set(SORA_E_ARGUMENT, "%s: no frame was written", w->sink.path);
    w->kind->close(&w->sink);
    if (s == SORA_OK) s = put_in_place(w);
    drop_file(w);
    arena_free(a);
    return s;
}

void write_abort(Writer *w)
{
    if (!w) return;
    Arena *a = w->sink.arena;
    w->kind->close(&w->sink);
    drop_file(w);
    arena_free(a);
}

SoraStatus write_clip(const char *path, const Clip *clip, const WriteOptions *o)
{
    WriteOptions all = *o;
    all.height = clip->height, all.width = clip->width, all.fps = clip->fps;
    all.frames = clip->frames;
    Writer *w;
    TRY(write_open(path, &all, &w));
    SoraStatus s = SORA_OK;
    for (size_t f = 0; f < clip->frames && s == SORA_OK; f++)
        s = write_frame(w, clip_frame(clip, f));
    if (s == SORA_OK) return write_commit(w);
    write_abort(w);
    return s;
}
