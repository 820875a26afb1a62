/* sora recut CLIP [PROMPT]: stretches of a video stay at their times, the rest is made anew. */
#include <math.h>

#include "base/error.h"
#include "progress.h"
#include "verb.h"

static SoraStatus keep_range(Verb *v, SoraClip *clip, const char *text, int *kept)
{
    const char *path = v->make.cli->arg[0];
    int have = sora_clip_frames(clip);
    double from, to;
    TRY(verb_range(text, have / v->fps, &from, &to));
    int first = (int)ceil(from * v->fps - 1e-6), end = (int)ceil(to * v->fps - 1e-6);
    if (end > have) end = have;
    if (end <= first) return err_set(SORA_E_ARGUMENT, T("there is no frame in %s"), text);
    if (end > v->frames)
        return err_set(SORA_E_ARGUMENT, T("%s is kept, so --length must be %g s or more"), text,
                       end / v->fps);
    for (size_t i = 0; i < v->make.part_count; i++) {
        const SoraPart *p = &v->make.part[i];
        if (first < p->at + p->count && p->at < end)
            return err_set(SORA_E_ARGUMENT, T("%s overlaps another stretch that is kept"), text);
    }
    *kept += end - first;
    make_sound(&v->make, path, from, to - from, from);
    return verb_give(v, path, clip, first, end - first, first);
}

static SoraStatus recut(Verb *v, const OptionList *keep, double length_s)
{
    SoraClip *clip;
    const char *path = v->make.cli->arg[0];
    int kept = 0;
    if (!keep->count)
        return err_set(SORA_E_ARGUMENT,
                       T("--keep is missing: say what stays, such as --keep 1s-2s"));
    TRY(verb_read(v, path, 0, &clip));
    if (sora_clip_frames(clip) < 2)
        return err_set(SORA_E_ARGUMENT, T("%s is a picture: there is nothing between its frames"),
                       path);
    verb_begin(v, sora_clip_height(clip), sora_clip_width(clip), sora_clip_fps(clip));
    v->frames = length_s > 0 ? (int)fmax(1, rint(length_s * v->fps)) : sora_clip_frames(clip);
    TRY(make_fitted(&v->make, path, clip, v->height, v->width, &clip));
    for (size_t i = 0; i < keep->count; i++) TRY(keep_range(v, clip, keep->item[i], &kept));
    if (kept == v->frames)
        return err_set(SORA_E_ARGUMENT, T("all of %s is kept: nothing is to be made"), path);
    progress_say(v->make.cli, T("%d of %d frames are made"), v->frames - kept, v->frames);
    return verb_finish(v, T("recutting"));
}

SoraStatus cmd_recut(Cli *cli, int argc, char **argv)
{
    Verb v = { .strength = 1, .keep = -1 };
    OptionList keep = { 0 };
    double length = 0;
    make_init(&v.make, cli, arena_new("recut", 0));
    const Option own[] = {
        { .group = T("What") },
        { 0, "keep", T("what stays, at its own time: 1s-2s,4s-5s"), .list = &keep },
        { 0, "length", T("of the result; as long as the clip unless you say"), .seconds = &length,
          .min = 0.01, .max = 3600 },
        { 0 },
    };
    SoraStatus s = verb_parse(
        &v,
        &(Usage){ .about = T("keep the best of a video, and make the rest anew"),
                  .arguments = T("CLIP [PROMPT]"),
                  .examples = "sora recut clip.mp4 --keep 1s-2s --length 6s -o recut.mp4\n" },
        own, 1, argc, argv);
    if (s == SORA_OK) s = recut(&v, &keep, length);
    verb_close(&v);
    return s;
}
