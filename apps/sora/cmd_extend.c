/* sora extend CLIP [PROMPT]: what comes after a video, and what came before. */
#include <math.h>

#include "base/error.h"
#include "verb.h"

static SoraStatus extend(Verb *v, double after_s, double before_s)
{
    SoraClip *clip;
    const char *path = v->make.cli->arg[0];
    if (after_s <= 0 && before_s <= 0) after_s = 2;
    TRY(verb_read(v, path, 0, &clip));
    verb_begin(v, sora_clip_height(clip), sora_clip_width(clip), sora_clip_fps(clip));
    int have = sora_clip_frames(clip), before = (int)rint(before_s * v->fps);
    v->frames = before + have + (int)rint(after_s * v->fps);
    if (v->frames == have)
        return err_set(SORA_E_ARGUMENT, T("that is less than one frame: nothing is to be made"));
    make_sound(&v->make, path, 0, 0, before / v->fps);
    TRY(verb_give(v, path, clip, 0, have, before));
    return verb_finish(v, T("extending"));
}

SoraStatus cmd_extend(Cli *cli, int argc, char **argv)
{
    Verb v = { .strength = 1, .keep = -1 };
    double after = 0, before = 0;
    make_init(&v.make, cli, arena_new("extend", 0));
    const Option own[] = {
        { .group = T("What") },
        { 0, "after", T("how much is made after the clip; 2s unless you say"), .seconds = &after,
          .min = 0.001, .max = 3600 },
        { 0, "before", T("how much is made before the clip"), .seconds = &before, .min = 0.001,
          .max = 3600 },
        { 0 },
    };
    SoraStatus s = verb_parse(
        &v,
        &(Usage){ .about = T("go on from the end of a video, or find what came before"),
                  .arguments = T("CLIP [PROMPT]"),
                  .examples =
                      "sora extend clip.mp4 --after 4s \"the dog runs off\" -o longer.mp4\n" },
        own, 1, argc, argv);
    if (s == SORA_OK) s = extend(&v, after, before);
    verb_close(&v);
    return s;
}
