#include "media/sheet.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "media/png.h"
#include "media/resize.h"

typedef struct Sheet {
    size_t frames, columns, rows, gap, height, width; /* height and width of one frame */
    Clip *out;
} Sheet;

static SoraStatus plan(const Clip *clips, size_t count, const SheetOptions *o, Sheet *s)
{
    if (!count) return err_set(SORA_E_ARGUMENT, "a contact sheet needs at least one clip");
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        if (clips[i].width != clips[0].width || clips[i].height != clips[0].height)
            return err_set(SORA_E_ARGUMENT, "clip %zu of the sheet is %zux%zu, the first %zux%zu",
                           i + 1, clips[i].width, clips[i].height, clips[0].width, clips[0].height);
        longest = size_max(longest, clips[i].frames);
    }
    *s = (Sheet){ .frames = size_min(o->frames ? o->frames : 8, longest), .gap = o->gap };
    s->height = clips[0].height, s->width = clips[0].width;
    if (o->side) {
        double scale = (double)o->side / (double)size_max(s->height, s->width);
        s->height = size_max(1, (size_t)lround((double)s->height * scale));
        s->width = size_max(1, (size_t)lround((double)s->width * scale));
    }
    double wide = (double)(s->width * s->frames), ratio = (double)s->height / wide;
    s->columns = o->columns ? o->columns : (size_t)lround(sqrt((double)count * ratio * 1.4));
    s->columns = size_min(size_max(s->columns, 1), count);
    s->rows = size_ceil_div(count, s->columns);
    return SORA_OK;
}

/* Frame k of n, spread over all frames of the clip. */
static size_t pick(const Clip *c, size_t k, size_t n)
{
    return n < 2 ? 0 : (k * (c->frames - 1) + (n - 1) / 2) / (n - 1);
}

static void paste(const Sheet *s, const Clip *from, size_t f, size_t x, size_t y)
{
    for (size_t row = 0; row < s->height; row++)
        memcpy(s->out->rgb + ((y + row) * s->out->width + x) * 3,
               clip_frame(from, f) + row * s->width * 3, s->width * 3);
}

static SoraStatus paste_clip(const Sheet *s, const Clip *clip, size_t i, Arena *a)
{
    size_t n = size_min(s->frames, clip->frames);
    size_t x = i % s->columns * (s->width * s->frames + s->gap);
    size_t y = i / s->columns * (s->height + s->gap);
    for (size_t k = 0; k < n; k++) {
        ArenaMark mark = arena_mark(a);
        Clip one = *clip, small;
        one.rgb = clip_frame(clip, pick(clip, k, n));
        one.frames = 1;
        ResizeOptions r = { .height = s->height, .width = s->width, .filter = RESIZE_AREA };
        bool same = s->height == clip->height && s->width == clip->width;
        if (!same) TRY(resize_clip(&one, &r, a, &small));
        paste(s, same ? &one : &small, 0, x + k * s->width, y);
        arena_rewind(a, mark);
    }
    return SORA_OK;
}

SoraStatus sheet_draw(const Clip *clips, size_t count, const SheetOptions *o, Arena *a, Clip *out)
{
    Sheet s = { 0 };
    TRY(plan(clips, count, o, &s));
    size_t width = s.columns * (s.width * s.frames + s.gap) - s.gap;
    size_t height = s.rows * (s.height + s.gap) - s.gap;
    TRY(err_while(clip_new(a, 1, height, width, 0, out), "drawing a contact sheet"));
    memset(out->rgb, 255, height * width * 3);
    s.out = out;
    for (size_t i = 0; i < count; i++) TRY(paste_clip(&s, &clips[i], i, a));
    return SORA_OK;
}

SoraStatus sheet_write(const char *path, const Clip *clips, size_t count, const SheetOptions *o)
{
    Arena *a = arena_new("sheet", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a contact sheet");
    Clip sheet;
    SoraStatus s = sheet_draw(clips, count, o, a, &sheet);
    if (s == SORA_OK) s = png_write(path, &sheet, 0, NULL);
    arena_free(a);
    return s;
}
