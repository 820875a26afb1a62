#include "api/clip.h"

#include <stdlib.h>
#include <string.h>

#include "api/version.h"
#include "config.h"
#include "media/read.h"
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

SoraStatus sora_clip_read(const char *path, double fps, int frames_max, SoraClip **out)
{
    SoraClip *c = NULL;
    if (frames_max < 0)
        return err_set(SORA_E_ARGUMENT, "at most %d frames of %s", frames_max, path);
    ReadOptions o = { .fps = fps, .frames_max = (size_t)frames_max };
    TRY(clip_begin(&c));
    SoraStatus s = read_clip(path, &o, c->arena, &c->clip);
    if (s == SORA_OK)
        *out = c;
    else
        sora_clip_free(c);
    return s;
}

void sora_write_options_init(SoraWriteOptions *o)
{
    *o = (SoraWriteOptions){ .size = sizeof *o };
}

SoraStatus sora_clip_write(const SoraClip *clip, const char *path, const SoraWriteOptions *o)
{
    SoraWriteOptions own;
    sora_write_options_init(&own);
    if (o) TRY(version_copy(&own, sizeof own, o, "SoraWriteOptions"));
    WriteOptions w = { .overwrite = own.overwrite, .quality = own.quality, .comment = own.comment };
    return write_clip(path, &clip->clip, &w);
}
