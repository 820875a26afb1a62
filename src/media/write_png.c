#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/png.h"
#include "media/sheet.h"
#include "media/write_sink.h"

enum { SHEET_FRAMES_MAX = 64 };

/* A folder gets each frame as it comes; a single .png keeps frames until the end. */
typedef struct PngState {
    uint8_t *kept; /* [kept_room, height, width, 3] */
    size_t kept_count, kept_room;
} PngState;

static SoraStatus check_count(size_t frames)
{
    if (frames <= SHEET_FRAMES_MAX) return SORA_OK;
    return err_set(SORA_E_ARGUMENT,
                   "a contact sheet shows at most %d frames; name a folder/ for more",
                   SHEET_FRAMES_MAX);
}

/* The path of the picture that comes next, which must not be there yet. */
static SoraStatus next_path(const Sink *s, char path[4096])
{
    snprintf(path, 4096, "%s/%04zu.png", s->path, s->frames + 1);
    if (s->options->overwrite || !file_exists(path)) return SORA_OK;
    return err_set(SORA_E_IO, "%s exists already", path);
}

static SoraStatus open_png(Sink *s)
{
    char path[4096];
    s->state = arena_zero(s->arena, sizeof(PngState));
    return s->format == WRITE_PNGS ? next_path(s, path) : check_count(s->options->frames);
}

static SoraStatus write_numbered(const Sink *s, const uint8_t *rgb)
{
    char path[4096];
    const WriteOptions *o = s->options;
    TRY(next_path(s, path));
    Clip one = { .frames = 1, .height = o->height, .width = o->width, .rgb = (uint8_t *)rgb };
    return png_write(path, &one, 0, o->comment);
}

static SoraStatus keep(Sink *s, const uint8_t *rgb)
{
    PngState *p = s->state;
    size_t bytes = s->options->height * s->options->width * 3;
    TRY(check_count(p->kept_count + 1));
    if (p->kept_count == p->kept_room) {
        size_t room = p->kept_room ? 2 * p->kept_room : 1;
        uint8_t *more = realloc(p->kept, room * bytes);
        if (!more) return err_set(SORA_E_MEMORY, "no memory for %zu frames", room);
        p->kept = more, p->kept_room = room;
    }
    memcpy(p->kept + p->kept_count++ * bytes, rgb, bytes);
    return SORA_OK;
}

static SoraStatus frame_png(Sink *s, const uint8_t *rgb)
{
    return s->format == WRITE_PNGS ? write_numbered(s, rgb) : keep(s, rgb);
}

static SoraStatus finish_png(Sink *s)
{
    PngState *p = s->state;
    if (s->format == WRITE_PNGS) return SORA_OK;
    size_t bytes = s->options->height * s->options->width * 3;
    Clip all[SHEET_FRAMES_MAX] = { 0 }, sheet;
    for (size_t i = 0; i < p->kept_count; i++)
        all[i] = (Clip){ .frames = 1,
                         .height = s->options->height,
                         .width = s->options->width,
                         .rgb = p->kept + i * bytes };
    sheet = all[0];
    SheetOptions o = { .frames = 1, .gap = 2 };
    if (p->kept_count > 1) TRY(sheet_draw(all, p->kept_count, &o, s->arena, &sheet));
    Slice file;
    TRY(png_encode(&sheet, 0, s->options->comment, s->arena, &file));
    return file_put(s->file, file.bytes, file.size);
}

/* Pictures of a folder that did not become complete are left: each is whole, and of use. */
static void close_png(Sink *s)
{
    PngState *p = s->state;
    if (p) free(p->kept);
    if (p) p->kept = NULL;
}

const SinkKind write_png = { open_png, frame_png, finish_png, close_png };
