/* sora loop CLIP [PROMPT]: a passage from the end of a video back to its beginning. */
#include <math.h>

#include "base/error.h"
#include "verb.h"

/* The first frame is given once more at the end, and left out of the result. */
static SoraStatus loop(Verb *v, double length_s)
{
    SoraClip *clip;
    const char *path = v->make.cli->arg[0];
    TRY(verb_read(v, path, 0, &clip));
    verb_begin(v, sora_clip_height(clip), sora_clip_width(clip), sora_clip_fps(clip));
    int have = sora_clip_frames(clip), gap = (int)rint(length_s * v->fps);
    if (gap < 1)
        return err_set(SORA_E_ARGUMENT, T("that is less than one frame: nothing is to be made"));
    v->frames = have + gap + 1;
    v->drop = 1;
    make_sound(&v->make, path, 0, have / v->fps, 0);
    TRY(verb_give(v, path, clip, 0, have, 0));
    TRY(verb_give(v, path, clip, 0, 1, have + gap));
    return verb_finish(v, T("closing the loop"));
}

SoraStatus cmd_loop(Cli *cli, int argc, char **argv)
{
    Verb v = { .strength = 1, .keep = -1 };
    double length = 1;
    make_init(&v.make, cli, arena_new("loop", 0));
    const Option own[] = {
        { .group = T("What") },
        { 0, "length", T("how long the way back to the beginning is"), .seconds = &length,
          .min = 0.01, .max = 3600 },
        { 0 },
    };
    SoraStatus s = verb_parse(&v,
                              &(Usage){ .about = T("make a video end where it began"),
                                        .arguments = T("CLIP [PROMPT]"),
                                        .examples = "sora loop clip.mp4 -o loop.webp\n" },
                              own, 1, argc, argv);
    if (s == SORA_OK) s = loop(&v, length);
    verb_close(&v);
    return s;
}
