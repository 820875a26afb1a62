#include "api/clip.h"

#include "media/resize.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/version.h"
#include "config.h"
#include "media/read.h"
#include "media/resize.h"
#include "media/write.h"

const char *sora_version(void)
{
    return SORA_VERSION;
}

const char *sora_error(void)
{
    return err_text();
}

SoraStatus clip_begin(SoraClip **out)
{
    Arena *a = arena_new("clip", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a clip");
    *out = arena_zero(a, sizeof **out);
    (*out)->arena = a;
    return SORA_OK;
}

SoraStatus sora_clip_new(int frames, int height, int width, double fps, SoraClip **out)
{
    SoraClip *c = NULL;
    if (frames < 0 || height < 0 || width < 0)
        return err_set(SORA_E_ARGUMENT, "a clip of %d frames of %dx%d", frames, width, height);
    TRY(clip_begin(&c));
    SoraStatus s = clip_new(c->arena, (size_t)frames, (size_t)height, (size_t)width, fps, &c->clip);
    if (s != SORA_OK) {
        sora_clip_free(c);
        return s;
    }
    memset(c->clip.rgb, 0, c->clip.frames * c->clip.height * c->clip.width * 3);
    *out = c;
    return SORA_OK;
}

SoraStatus sora_clip_fit(const SoraClip *clip, int height, int width, SoraClip **out)
{
    SoraClip *c = NULL;
    if (height < 1 || width < 1 || height > CLIP_SIDE_MAX || width > CLIP_SIDE_MAX)
        return err_set(SORA_E_ARGUMENT, "a clip of %dx%d", width, height);
    ResizeOptions o = { .height = (size_t)height, .width = (size_t)width };
    o.filter = RESIZE_LANCZOS;
    o.window = resize_cover(&clip->clip, o.height, o.width);
    TRY(clip_begin(&c));
    SoraStatus s = resize_clip(&clip->clip, &o, c->arena, &c->clip);
    if (s == SORA_OK)
        *out = c;
    else
        sora_clip_free(c);
    return s;
}

void sora_clip_free(SoraClip *clip)
{
    if (clip) arena_free(clip->arena);
}

int sora_clip_frames(const SoraClip *clip)
{
    return (int)clip->clip.frames;
}

int sora_clip_height(const SoraClip *clip)
{
    return (int)clip->clip.height;
}

int sora_clip_width(const SoraClip *clip)
{
    return (int)clip->clip.width;
}

double sora_clip_fps(const SoraClip *clip)
{
    return clip->clip.fps;
}

uint8_t *sora_clip_pixels(const SoraClip *clip, int f)
{
    return f >= 0 && (size_t)f < clip->clip.frames ? clip_frame(&clip->clip, (size_t)f) : NULL;
}

static void take_notes(SoraClip *c, const ReadNotes *n)
{
    int count = 0;
    if (n->turned) c->note[count++] = "it was stored on its side or mirrored and is turned upright";
    if (n->squared) c->note[count++] = "its pixels were not square and are now";
    if (n->alpha) c->note[count++] = "where it was see-through it is white";
    if (n->bits > 8)
        c->note[count++] = arena_printf(c->arena, "its %d bits a colour become 8", n->bits);
    if (n->varies)
        c->note[count++] =
            arena_printf(c->arena, "its rate varies and becomes %.6g frames a second", c->clip.fps);
}

SoraStatus sora_clip_read(const char *path, double fps, int frames_max, SoraClip **out)
{
    SoraClip *c = NULL;
    if (frames_max < 0)
        return err_set(SORA_E_ARGUMENT, "at most %d frames of %s", frames_max, path);
    ReadNotes notes = { 0 };
    ReadOptions o = { .fps = fps, .frames_max = (size_t)frames_max, .notes = &notes };
    TRY(clip_begin(&c));
    SoraStatus s = read_clip(path, &o, c->arena, &c->clip);
    if (s != SORA_OK) {
        sora_clip_free(c);
        return s;
    }
    take_notes(c, &notes);
    *out = c;
    return SORA_OK;
}

const char *sora_clip_note(const SoraClip *clip, int i)
{
    return i >= 0 && i < CLIP_NOTES ? clip->note[i] : NULL;
}

void sora_write_options_init(SoraWriteOptions *o)
{
    *o = (SoraWriteOptions){ .size = sizeof *o };
}

/* A path "x.mp4" has the ending of every name in the list. */
static SoraStatus format_by_name(const char *name, WriteFormat *out)
{
    char path[32];
    *out = WRITE_AUTO;
    if (!name) return SORA_OK;
    snprintf(path, sizeof path, "x.%.16s", name);
    *out = write_format(path);
    if (*out != WRITE_AUTO) return SORA_OK;
    return err_set(SORA_E_ARGUMENT, "\"%s\" is no format; there are mp4, webm, gif, webp, png, y4m",
                   name);
}

_Static_assert(sizeof(WriteSound) == sizeof(SoraSound) &&
                   offsetof(WriteSound, at_s) == offsetof(SoraSound, at_s),
               "one layout, two names");

static SoraStatus read_colour(const char *path, MediaColour *out)
{
    Reader *r;
    TRY(read_open(path, NULL, &r));
    *out = read_info(r)->colour;
    read_close(r);
    return SORA_OK;
}

SoraStatus clip_write_options(const SoraWriteOptions *theirs, WriteOptions *out)
{
    SoraWriteOptions own;
    sora_write_options_init(&own);
    if (theirs) TRY(version_copy(&own, sizeof own, theirs, "SoraWriteOptions"));
    *out = (WriteOptions){ .overwrite = own.overwrite,
                           .quality = own.quality,
                           .yuv444 = own.full_colour,
                           .comment = own.comment,
                           .sound = (const WriteSound *)own.sound,
                           .sound_count = own.sound_count,
                           .log = own.log,
                           .log_self = own.log_self };
    if (own.colour_of) TRY(read_colour(own.colour_of, &out->colour));
    return format_by_name(own.format, &out->format);
}

SoraStatus sora_clip_write(const SoraClip *clip, const char *path, const SoraWriteOptions *o)
{
    WriteOptions w;
    TRY(clip_write_options(o, &w));
    return write_clip(path, &clip->clip, &w);
}

SoraStatus sora_clip_write_check(const char *path, int height, int width, double fps,
                                 const SoraWriteOptions *o)
{
    WriteOptions w;
    Writer *writer;
    TRY(clip_write_options(o, &w));
    if (strcmp(path, "-") == 0) return SORA_OK; /* opening it would write */
    w.height = (size_t)height, w.width = (size_t)width, w.fps = fps;
    TRY(write_open(path, &w, &writer));
    write_abort(writer);
    return SORA_OK;
}

uint64_t sora_clip_write_bytes(const char *path, int frames, int height, int width,
                               const SoraWriteOptions *o)
{
    WriteOptions w;
    if (frames < 1 || height < 1 || width < 1 || clip_write_options(o, &w) != SORA_OK) return 0;
    WriteFormat format = strcmp(path, "-") == 0 ? w.format : write_format(path);
    return write_bytes(format, (size_t)frames, (size_t)height, (size_t)width);
}

SoraStatus sora_comment_read(const char *path, char *out, size_t room)
{
    Reader *r;
    TRY(read_open(path, &(ReadOptions){ 0 }, &r));
    const char *comment = read_info(r)->comment;
    SoraStatus s = SORA_OK;
    if (!comment)
        s = err_set(SORA_E_FORMAT, "%s says nothing of how it was made", path);
    else if (strlen(comment) >= room)
        s = err_set(SORA_E_FORMAT, "the comment of %s has %zu bytes, at most %zu", path,
                    strlen(comment), room - 1);
    else
        memcpy(out, comment, strlen(comment) + 1);
    read_close(r);
    return s;
}
