/* sora join A B [PROMPT]: two videos with an invented passage between them. */
#include <math.h>

#include "base/error.h"
#include "verb.h"
#include "verb_caption.h"

/* Each clip's own words, which change in the middle of the passage. */
static SoraStatus both_captions(Verb *v, double middle_s)
{
    Make *m = &v->make;
    const char *after;
    TRY(verb_caption(m, m->part, 1, &v->prompt));
    TRY(verb_caption(m, m->part + 1, 1, &after));
    if (*v->prompt && *after) m->later[m->later_count++] = (SoraPrompt){ middle_s, after };
    return SORA_OK;
}

static SoraStatus join(Verb *v, double length_s)
{
    SoraClip *a, *b;
    char **path = v->make.cli->arg;
    TRY(verb_read(v, path[0], 0, &a));
    verb_begin(v, sora_clip_height(a), sora_clip_width(a), sora_clip_fps(a));
    TRY(verb_read(v, path[1], v->fps, &b));
    int first = sora_clip_frames(a), second = sora_clip_frames(b),
        gap = (int)rint(length_s * v->fps);
    if (gap < 1)
        return err_set(SORA_E_ARGUMENT, T("that is less than one frame: nothing is to be made"));
    v->frames = first + gap + second;
    make_sound(&v->make, path[0], 0, first / v->fps, 0);
    make_sound(&v->make, path[1], 0, second / v->fps, (first + gap) / v->fps);
    TRY(verb_give(v, path[0], a, 0, first, 0));
    TRY(verb_give(v, path[1], b, 0, second, first + gap));
    if (!*v->prompt) TRY(both_captions(v, (first + gap / 2.0) / v->fps));
    return verb_finish(v, T("joining"));
}

SoraStatus cmd_join(Cli *cli, int argc, char **argv)
{
    Verb v = { .strength = 1, .keep = -1 };
    double length = 1;
    make_init(&v.make, cli, arena_new("join", 0));
    const Option own[] = {
        { .group = T("What") },
        { 0, "length", T("how long the passage between is"), .seconds = &length, .min = 0.01,
          .max = 3600 },
        { 0 },
    };
    SoraStatus s =
        verb_parse(&v,
                   &(Usage){ .about = T("join two videos by an invented passage"),
                             .arguments = T("A B [PROMPT]"),
                             .examples = "sora join a.mp4 b.mp4 --length 2s -o both.mp4\n" },
                   own, 2, argc, argv);
    if (s == SORA_OK) s = join(&v, length);
    verb_close(&v);
    return s;
}
