#include "train/samples.h"

#include <string.h>

#include "base/file.h"
#include "media/png.h"
#include "media/sheet.h"
#include "pipeline/generate.h"

enum { LOOK_MAX = 4096, SAMPLE_SEED = 1, SAMPLE_STEPS = 25, CLIP_FRAMES_SHOWN = 5 };

typedef struct Sheet {
    const Bundle *b;
    const Compute *c;
    const SamplesOptions *o;
    const SourceSize *size;
    Arena *a;
    const char **prompt; /* [count] */
    Clip *real;          /* [count], NULL: the prompts are the user's */
    size_t count;
} Sheet;

/* ---- prompts --------------------------------------------------------------------------- */

static bool same_size(const SourceSize *x, const SourceSize *y)
{
    return x->frames == y->frames && x->height == y->height && x->width == y->width;
}

/* The first captions of examples of this size. */
static void take_captions(Sheet *s)
{
    const SamplesOptions *o = s->o;
    s->real = arena_alloc(s->a, o->count * sizeof *s->real);
    for (uint64_t i = 0; i < LOOK_MAX && s->count < o->count; i++) {
        SourceSize size;
        Example e;
        o->source.size(o->source.self, i, &size);
        if (!same_size(&size, s->size) || o->source.make(o->source.self, i, s->a, &e) != SORA_OK)
            continue;
        s->real[s->count] = e.clip;
        s->prompt[s->count++] = e.caption;
    }
}

static void take_lines(Sheet *s)
{
    const char *at = s->o->prompts;
    while (*at && s->count < s->o->count) {
        size_t length = strcspn(at, "\r\n");
        if (length) s->prompt[s->count++] = arena_printf(s->a, "%.*s", (int)length, at);
        at += length;
        at += strspn(at, "\r\n");
    }
}

/* ---- sheets ---------------------------------------------------------------------------- */

static SoraStatus path_of(const Sheet *s, const char *name, char **out)
{
    char *dir = arena_printf(s->a, "%s/samples", s->o->dir);
    TRY(file_make_folder(dir));
    const char *frames = s->size->frames > 1 ? arena_printf(s->a, "x%zu", s->size->frames) : "";
    *out = arena_printf(s->a, "%s/%s-%zux%zu%s.png", dir, name, s->size->width, s->size->height,
                        frames);
    return SORA_OK;
}

static SoraStatus draw(const Sheet *s, const Clip *clips, Clip *out, Slice *png)
{
    SheetOptions o = { .frames = s->size->frames > 1 ? CLIP_FRAMES_SHOWN : 1, .gap = 2 };
    TRY(sheet_draw(clips, s->count, &o, s->a, out));
    return png_encode(out, 0, NULL, s->a, png);
}

static SoraStatus write_real(const Sheet *s)
{
    char *path;
    Clip picture;
    Slice png;
    TRY(path_of(s, "real", &path));
    if (!s->real || file_exists(path)) return SORA_OK;
    TRY(draw(s, s->real, &picture, &png));
    return file_write(path, png.bytes, png.size);
}

static SoraStatus write_prompts(const Sheet *s)
{
    char *path;
    size_t size = 0;
    TRY(path_of(s, "prompts", &path));
    memcpy(strrchr(path, '.'), ".txt", sizeof ".txt");
    if (file_exists(path)) return SORA_OK;
    for (size_t i = 0; i < s->count; i++) size += strlen(s->prompt[i]) + 1;
    char *text = arena_alloc(s->a, size + 1), *end = text;
    for (size_t i = 0; i < s->count; i++) end += sprintf(end, "%s\n", s->prompt[i]);
    return file_write(path, text, size);
}

static SoraStatus generate_all(const Sheet *s, Clip *clips)
{
    GenerateOptions g = generate_options_default();
    g.frames = s->size->frames, g.height = s->size->height, g.width = s->size->width;
    g.fps = s->size->fps;
    g.steps = SAMPLE_STEPS;
    for (size_t i = 0; i < s->count; i++) {
        if (s->o->stop && s->o->stop(s->o->stop_self)) return SORA_CANCELLED;
        g.prompt = s->prompt[i];
        g.seed = SAMPLE_SEED + i;
        TRY(generate_clip(s->b, s->c, &g, s->a, &clips[i]));
    }
    return SORA_OK;
}

static SoraStatus write_sheet(Sheet *s)
{
    char *path, name[32];
    Clip picture;
    Slice png;
    s->prompt = arena_alloc(s->a, s->o->count * sizeof *s->prompt);
    if (s->o->prompts)
        take_lines(s);
    else
        take_captions(s);
    if (!s->count) return SORA_OK;
    Clip *clips = arena_alloc(s->a, s->count * sizeof *clips);
    TRY(generate_all(s, clips));
    TRY(draw(s, clips, &picture, &png));
    snprintf(name, sizeof name, "%07llu", (unsigned long long)s->o->step);
    TRY(path_of(s, name, &path));
    TRY(file_write(path, png.bytes, png.size));
    journal_picture(s->o->journal, s->size->frames > 1 ? "clips" : "images", s->o->step,
                    picture.height, picture.width, png);
    TRY(write_prompts(s));
    return write_real(s);
}

SoraStatus samples_write(const Bundle *b, const Compute *c, const SamplesOptions *o, Arena *a)
{
    for (int moves = 0; moves < 2; moves++) {
        const SourceSize *best = NULL;
        for (size_t k = 0; k < o->size_count; k++)
            if ((o->sizes[k].frames > 1) == moves && (!best || o->sizes[k].share > best->share))
                best = &o->sizes[k];
        if (!best) continue;
        ArenaMark mark = arena_mark(a);
        Sheet s = { .b = b, .c = c, .o = o, .size = best, .a = a };
        SoraStatus status = write_sheet(&s);
        arena_rewind(a, mark);
        TRY(status);
    }
    return SORA_OK;
}
