#include "verb.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
    if (!v->prompt[strspn(v->prompt, " \t\r\n")]) v->prompt = "";
    for (int i = 0; i < clips; i++) TRY(make_check_input(&v->make, v->make.cli->arg[i]));
    TRY(make_check_output(&v->make, v->make.output));
    return make_open(&v->make);
}

SoraStatus verb_read(Verb *v, const char *path, double fps, SoraClip **out)
{
    TRY(make_check_input(&v->make, path));
    TRY(sora_clip_read(path, fps, 0, out));
    TRY(make_own(&v->make, *out));
    const char *note;
    for (int i = 0; (note = sora_clip_note(*out, i)); i++) {
        char room[512];
        progress_say(v->make.cli, "%s: %s", path, lang_sentence(note, room, sizeof room));
    }
    if (!v->make.colour_of && sora_clip_fps(*out) > 0) v->make.colour_of = path;
    return SORA_OK;
}

/* H.264 in 4:2:0 halves its sides. */
static bool needs_even(const Make *m)
{
    static const char *const endings[] = { ".mp4", ".m4v", ".mov" };
    size_t n = strlen(m->output);
    if (strcmp(m->output, "-") == 0) return m->format && strcmp(m->format, "mp4") == 0;
    for (size_t i = 0; i < 3; i++)
        if (n > 4 && strcasecmp(m->output + n - 4, endings[i]) == 0) return true;
    return false;
}

void verb_begin(Verb *v, int height, int width, double fps)
{
    v->height = height, v->width = width;
    v->fps = fps > 0 ? fps : 24;
    if (!needs_even(&v->make) || (height % 2 == 0 && width % 2 == 0)) return;
    if (height > 2) v->height -= height % 2;
    if (width > 2) v->width -= width % 2;
    progress_say(v->make.cli,
                 T("an MP4 has even sides: %dx%d becomes %dx%d (.webm and .png keep it)"), width,
                 height, v->width, v->height);
}

SoraStatus verb_give(Verb *v, const char *name, SoraClip *from, int first, int count, int at)
{
    Make *m = &v->make;
    TRY(make_fitted(m, name, from, v->height, v->width, &from));
    return make_add_part(m, (SoraPart){ from, first, count, at });
}

SoraStatus verb_range(const char *text, double length_s, double *from_s, double *to_s)
{
    char *at;
    double from = strtod(text, &at), to = 0;
    bool ok = at != text;
    if (*at == 's') at++;
    ok = ok && *at == '-';
    if (ok) {
        const char *second = at + 1;
        to = strtod(second, &at);
        ok = at != second;
        if (*at == 's') at++;
    }
    if (!ok || *at)
        return err_set(SORA_E_ARGUMENT, T("'%s' is no stretch of time: write it as 2.0s-3.5s"),
                       text);
    if (to <= from) return err_set(SORA_E_ARGUMENT, T("%s ends before it begins"), text);
    if (!(from >= 0 && to <= length_s + 1e-3))
        return err_set(SORA_E_ARGUMENT, T("%s is not inside the clip, which lasts %.2f s"), text,
                       length_s);
    *from_s = from, *to_s = to;
    return SORA_OK;
}

SoraStatus verb_finish(Verb *v, const char *what)
{
    Make *m = &v->make;
    SoraShot shot;
    const char *before = NULL;
    if (*v->prompt)
        TRY(make_tell_prompt(m, v->prompt, &before));
    else
        TRY(verb_caption(m, m->part, m->part_count, &v->prompt));
    TRY(make_shot(m, &shot));
    shot.prompt = v->prompt;
    shot.frames = v->frames, shot.height = v->height, shot.width = v->width;
    shot.fps = v->fps;
    shot.part = m->part, shot.part_count = m->part_count;
    shot.later = m->later, shot.later_count = m->later_count;
    make_beside_given(m, &shot);
    shot.source = v->source, shot.mask = v->mask;
    shot.strength = v->strength;
    shot.recolour = v->recolour;
    shot.keep = v->source ? v->keep + 1 : 0;
    shot.drop = v->drop;
    TRY(make_plan(m, &shot, m->output));
    JsonWriter notes = make_notes(m, &shot);
    if (!m->no_metadata) json_put_text(&notes, "source", m->cli->arg[0]);
    if (!m->no_metadata && v->instruction) json_put_text(&notes, "instruction", v->instruction);
    return make_file(m, &shot, what, &notes, m->output);
}

void verb_close(Verb *v)
{
    make_given_free(&v->make);
    sora_engine_close(v->make.engine);
    arena_free(v->make.arena);
}
