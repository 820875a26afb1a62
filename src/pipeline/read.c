#include "pipeline/read.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "media/resize.h"

/* Frames of the clip that are read, evenly spaced; *fps is theirs. */
static size_t choose(const Clip *clip, size_t frame[READER_FRAMES], double *fps)
{
    double rate = clip->fps > 0 ? clip->fps : READER_FPS, last = (double)clip->frames - 1;
    *fps = 0;
    frame[0] = 0;
    if (clip->frames < 2) return 1;
    *fps = fmin(rate, READER_FPS);
    if (last / rate * *fps > READER_FRAMES - 1) *fps = (READER_FRAMES - 1) * rate / last;
    size_t n = (size_t)floor(last / rate * *fps + 1e-6) + 1;
    for (size_t i = 0; i < n; i++) frame[i] = (size_t)fmin(last, rint((double)i * rate / *fps));
    return n;
}

/* The shorter side becomes READER_SIDE. */
static void sizes(const Clip *clip, ResizeOptions *o)
{
    double h = (double)clip->height, w = (double)clip->width, scale = READER_SIDE / fmin(h, w);
    o->height = size_min(READER_LONG, size_max(1, (size_t)rint(h * scale)));
    o->width = size_min(READER_LONG, size_max(1, (size_t)rint(w * scale)));
    o->filter = scale < 1 ? RESIZE_AREA : RESIZE_LANCZOS;
    o->window = resize_cover(clip, o->height, o->width);
}

SoraStatus read_fit(const Clip *clip, Arena *a, Clip *out)
{
    size_t frame[READER_FRAMES], bytes = clip->height * clip->width * 3;
    double fps;
    Clip few;
    size_t n = choose(clip, frame, &fps);
    TRY(clip_new(a, n, clip->height, clip->width, fps, &few));
    for (size_t i = 0; i < n; i++) memcpy(clip_frame(&few, i), clip_frame(clip, frame[i]), bytes);
    ResizeOptions o = { 0 };
    sizes(clip, &o);
    if (o.height == few.height && o.width == few.width) {
        *out = few;
        return SORA_OK;
    }
    TRY(resize_clip(&few, &o, a, out));
    out->fps = fps;
    return SORA_OK;
}

SoraStatus read_clips(const Reader *r, const Compute *c, const Clip *clips, size_t count,
                      Arena *step, Arena *out_arena, Reading *out)
{
    ArenaMark mark = arena_mark(step);
    ReaderClip *seen = arena_alloc(step, count * sizeof *seen);
    SoraStatus s = SORA_OK;
    for (size_t i = 0; i < count && s == SORA_OK; i++) {
        Clip fitted;
        s = read_fit(&clips[i], step, &fitted);
        seen[i] =
            (ReaderClip){ fitted.rgb, fitted.frames, fitted.height, fitted.width, fitted.fps };
    }
    if (s == SORA_OK) {
        ReaderInput in;
        reader_pack(seen, count, step, &in);
        reader_read(r, c, &in, step, out_arena, out);
        s = pool_status(c->pool);
    }
    arena_rewind(step, mark);
    return s;
}
