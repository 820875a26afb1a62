#include "verb_caption.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "home.h"
#include "progress.h"

/* Beside the model that was named, else the shipped one. */
static const char *find_reader(const Make *m)
{
    const char *home = home_model("default/reader.safetensors", m->arena);
    if (m->model) {
        const char *slash = strrchr(m->model, '/');
        const char *inside = arena_printf(m->arena, "%s/reader.safetensors", m->model);
        const char *beside = arena_printf(m->arena, "%.*sreader.safetensors",
                                          slash ? (int)(slash + 1 - m->model) : 0, m->model);
        if (file_exists(inside)) return inside;
        if (file_exists(beside)) return beside;
    }
    return file_exists(home) ? home : NULL;
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

static SoraStatus open_reader(const Make *m, const char *file, SoraReader **out)
{
    SoraReaderOptions o;
    sora_reader_options_init(&o);
    o.file = file;
    o.threads = m->cli->threads;
    return sora_reader_open(&o, out);
}

static SoraStatus read_run(const Make *m, const char *file, const SoraClip *clip, const char **out)
{
    SoraReader *reader;
    SoraReading r;
    TRY(open_reader(m, file, &reader));
    SoraStatus s = sora_read(reader, clip, lang_chinese() ? "zh" : "en", &r);
    if (s == SORA_OK) *out = arena_strdup(m->arena, r.caption);
    sora_reader_close(reader);
    return s;
}

SoraStatus verb_caption(const Make *m, const SoraPart *part, size_t count, const char **out)
{
    const char *file = find_reader(m);
    SoraPart longest = { 0 };
    *out = "";
    for (size_t i = 0; i < count; i++)
        if (part[i].count > longest.count) longest = part[i];
    if (!file || !longest.clip) return SORA_OK;
    if (longest.count == 1) /* frames one by one, of a clip that gets more in between */
        longest.first = 0, longest.count = sora_clip_frames(longest.clip);
    SoraClip *clip;
    TRY(cut(longest.clip, longest.first, longest.count, &clip));
    SoraStatus s = read_run(m, file, clip, out);
    sora_clip_free(clip);
    if (s == SORA_OK && **out) progress_say(m->cli, T("no prompt: the clip shows \"%s\""), *out);
    return s;
}

SoraStatus verb_instruct(const Make *m, const SoraClip *clip, const char *words, const char **out,
                         bool *picture)
{
    SoraReader *reader;
    SoraInstruction x;
    const char *file = find_reader(m);
    if (!file)
        return err_set(
            SORA_E_IO,
            T("'%s' asks for a change, but there is no reader to see what the clip shows: "
              "describe the whole picture instead, or train one (sora train DIR --network "
              "reader)"),
            words);
    TRY(open_reader(m, file, &reader));
    SoraStatus s = sora_instruct(reader, clip, words, &x);
    if (s == SORA_OK) {
        *out = arena_strdup(m->arena, x.caption);
        *picture = x.picture;
        progress_say(m->cli, T("the clip shows \"%s\""), x.before);
        progress_say(m->cli, T("it becomes \"%s\""), x.caption);
        if (strcmp(x.before, x.caption) == 0)
            progress_say(m->cli, T("'%s' changes nothing of what such a picture can show"), words);
        if (*x.unknown) progress_say(m->cli, T("not understood: %s"), x.unknown);
    }
    sora_reader_close(reader);
    return s;
}
