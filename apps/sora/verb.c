#include "verb.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "progress.h"
#include "verb_caption.h"

SoraStatus verb_parse(Verb *v, const Usage *usage, const Option *own, int clips, int argc,
                      char **argv)
{
    Option table[VERB_OPTIONS], *end = table;
    Usage u = *usage;
    for (; own->name || own->group; own++) *end++ = *own;
    end = make_options(&v->make, end);
    *end = (Option){ 0 };
    u.options = table;
    u.arg_min = (size_t)clips;
    u.arg_max = (size_t)clips + 1;
    TRY(options_parse(&u, v->make.cli, argc, argv));
    v->prompt = v->make.cli->arg_count > (size_t)clips ? v->make.cli->arg[clips] : "";
    return make_open(&v->make);
}

/* Two names of one file count as one. */
static bool same_file(const char *x, const char *y)
{
    struct stat s, t;
    return stat(x, &s) == 0 && stat(y, &t) == 0 && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

SoraStatus verb_read(const Verb *v, const char *path, double fps, SoraClip **out)
{
    if (same_file(path, v->make.output))
        return err_set(SORA_E_ARGUMENT, T("%s would be written over itself"), path);
    return sora_clip_read(path, fps, 0, out);
}

SoraStatus verb_begin(Verb *v, int frames, int height, int width, double fps)
{
    v->given = arena_zero(v->make.arena, (size_t)(frames > 0 ? frames : 1));
    return sora_clip_new(frames, height, width, fps, &v->source);
}

SoraStatus verb_give(Verb *v, const SoraClip *from, int first, int count, int at)
{
    int height = sora_clip_height(v->source), width = sora_clip_width(v->source);
    SoraClip *fitted = NULL;
    if (sora_clip_height(from) != height || sora_clip_width(from) != width) {
        progress_say(v->make.cli, T("%dx%d is fitted to %dx%d"), sora_clip_width(from),
                     sora_clip_height(from), width, height);
        TRY(sora_clip_fit(from, height, width, &fitted));
        from = fitted;
    }
    for (int f = 0; f < count; f++) {
        uint8_t *to = sora_clip_pixels(v->source, at + f), *pixels = sora_clip_pixels(from, first + f);
        if (!to || !pixels) continue;
        memcpy(to, pixels, (size_t)height * (size_t)width * 3);
        v->given[at + f] = 1;
    }
    sora_clip_free(fitted);
    return SORA_OK;
}

/* The clip without its last frames. */
static SoraStatus cut(const SoraClip *clip, int drop, SoraClip **out)
{
    int frames = sora_clip_frames(clip) - drop;
    int height = sora_clip_height(clip), width = sora_clip_width(clip);
    TRY(sora_clip_new(frames, height, width, sora_clip_fps(clip), out));
    for (int f = 0; f < frames; f++)
        memcpy(sora_clip_pixels(*out, f), sora_clip_pixels(clip, f),
               (size_t)height * (size_t)width * 3);
    return SORA_OK;
}

SoraStatus verb_finish(Verb *v, const char *what)
{
    Make *m = &v->make;
    SoraShot shot;
    SoraClip *clip, *shown = NULL;
    if (!*v->prompt) TRY(verb_caption(m, v->source, v->given, &v->prompt));
    TRY(make_shot(m, &shot));
    shot.prompt = v->prompt;
    shot.frames = sora_clip_frames(v->source);
    shot.height = sora_clip_height(v->source), shot.width = sora_clip_width(v->source);
    if (sora_clip_fps(v->source) > 0) shot.fps = sora_clip_fps(v->source);
    shot.source = v->source, shot.given = v->given, shot.mask = v->mask;
    shot.strength = v->strength;
    TRY(make_plan(m, &shot, m->output));
    TRY(make_clip(m, &shot, what, &clip));
    JsonWriter notes = make_notes(m, &shot);
    if (!m->no_metadata) json_put_text(&notes, "source", m->cli->arg[0]);
    SoraStatus s = v->drop ? cut(clip, v->drop, &shown) : SORA_OK;
    if (s == SORA_OK) s = make_write(m, &shot, shown ? shown : clip, &notes, m->output);
    sora_clip_free(shown);
    sora_clip_free(clip);
    return s;
}

void verb_close(Verb *v)
{
    sora_clip_free(v->source);
    sora_engine_close(v->make.engine);
    arena_free(v->make.arena);
}
