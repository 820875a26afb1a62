/* sora join A B [PROMPT]: two videos with an invented passage between them. */
#include <math.h>

#include "base/error.h"
#include "verb.h"

static SoraStatus put_together(Verb *v, const SoraClip *a, const SoraClip *b, double length_s)
{
    double fps = sora_clip_fps(a) > 0 ? sora_clip_fps(a) : 24;
    int first = sora_clip_frames(a), second = sora_clip_frames(b), gap = (int)rint(length_s * fps);
    TRY(verb_begin(v, first + gap + second, sora_clip_height(a), sora_clip_width(a), fps));
    TRY(verb_give(v, a, 0, first, 0));
    TRY(verb_give(v, b, 0, second, first + gap));
    return verb_finish(v, T("joining"));
}

static SoraStatus join(Verb *v, double length_s)
{
    SoraClip *a, *b;
    char **path = v->make.cli->arg;
    TRY(verb_read(v, path[0], 0, &a));
    SoraStatus s = verb_read(v, path[1], sora_clip_fps(a), &b);
    if (s == SORA_OK) {
        s = put_together(v, a, b, length_s);
        sora_clip_free(b);
    }
    sora_clip_free(a);
    return s;
}

SoraStatus cmd_join(Cli *cli, int argc, char **argv)
{
    Verb v = { .strength = 1 };
    double length = 1;
    make_init(&v.make, cli, arena_new("join", 0));
    const Option own[] = {
        { .group = T("What") },
        { 0, "length", T("how long the passage between is"), .seconds = &length, .min = 0.01,
          .max = 3600 },
        { 0 },
    };
    SoraStatus s = verb_parse(&v,
                              &(Usage){ .about = T("join two videos by an invented passage"),
                                        .arguments = T("A B [PROMPT]"),
                                        .examples = "sora join a.mp4 b.mp4 --length 2s -o both.mp4\n" },
                              own, 2, argc, argv);
    if (s == SORA_OK) s = join(&v, length);
    verb_close(&v);
    return s;
}
