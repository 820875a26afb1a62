#include "verb_caption.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "home.h"
#include "progress.h"

static const char *find_reader(const Make *m)
{
    const char *slash = strrchr(m->model, '/');
    const char *inside = arena_printf(m->arena, "%s/reader.safetensors", m->model);
    const char *beside = arena_printf(m->arena, "%.*sreader.safetensors",
                                      slash ? (int)(slash + 1 - m->model) : 0, m->model);
    const char *home = home_model("default/reader.safetensors", m->arena);
    return file_exists(inside)   ? inside
           : file_exists(beside) ? beside
           : file_exists(home)   ? home
                                 : NULL;
}

/* A copy of frames [first, first + count). */
static SoraStatus cut(const SoraClip *clip, int first, int count, SoraClip **out)
{
    int height = sora_clip_height(clip), width = sora_clip_width(clip);
    TRY(sora_clip_new(count, height, width, sora_clip_fps(clip), out));
    for (int f = 0; f < count; f++)
        memcpy(sora_clip_pixels(*out, f), sora_clip_pixels(clip, first + f),
               (size_t)height * (size_t)width * 3);
    return SORA_OK;
}

static SoraStatus read_run(const Make *m, const char *file, const SoraClip *clip, const char **out)
{
    SoraReaderOptions o;
    SoraReader *reader;
    SoraReading r;
    sora_reader_options_init(&o);
    o.file = file;
    o.threads = m->cli->threads;
    TRY(sora_reader_open(&o, &reader));
    SoraStatus s = sora_read(reader, clip, lang_chinese() ? "zh" : "en", &r);
    if (s == SORA_OK) *out = arena_strdup(m->arena, r.caption);
    sora_reader_close(reader);
    return s;
}

SoraStatus verb_caption(const Make *m, const SoraClip *source, const uint8_t *given,
                        const char **out)
{
    int frames = sora_clip_frames(source), first = 0, count = 0;
    const char *file = find_reader(m);
    *out = "";
    for (int f = 0, run = 0; f < frames; f++) {
        run = given[f] ? run + 1 : 0;
        if (run > count) count = run, first = f + 1 - run;
    }
    if (!file || !count) return SORA_OK;
    SoraClip *clip;
    TRY(cut(source, first, count, &clip));
    SoraStatus s = read_run(m, file, clip, out);
    sora_clip_free(clip);
    if (s == SORA_OK && **out) progress_say(m->cli, T("no prompt: the clip shows \"%s\""), *out);
    return s;
}
