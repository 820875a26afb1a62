#include "media/clip.h"

#include "base/size.h"

SoraStatus clip_new(Arena *a, size_t frames, size_t height, size_t width, double fps, Clip *out)
{
    if (!height || !width || height > CLIP_SIDE_MAX || width > CLIP_SIDE_MAX)
        return err_set(SORA_E_ARGUMENT, "a clip of %zux%zu pixels: each side must be 1 to %d",
                       width, height, CLIP_SIDE_MAX);
    if (!frames || frames > CLIP_FRAMES_MAX)
        return err_set(SORA_E_ARGUMENT, "a clip of %zu frames: it must have 1 to %d", frames,
                       CLIP_FRAMES_MAX);
    size_t bytes;
    if (!size_mul(height * width * 3, frames, &bytes))
        return err_set(SORA_E_MEMORY, "%zu frames of %zux%zu do not fit in memory", frames, width,
                       height);
    void *rgb;
    TRY(arena_try(a, bytes, &rgb));
    *out = (Clip){ .frames = frames, .height = height, .width = width, .fps = fps, .rgb = rgb };
    return SORA_OK;
}
