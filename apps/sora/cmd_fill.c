/* sora fill CLIP [PROMPT]: frames that are missing, damaged, or between those there are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "progress.h"
#include "verb.h"

/* "2.0s-3.5s": frames from the first time up to the second are taken away. */
static SoraStatus open_gap(Verb *v, const char *text)
{
    char *at;
    double fps = sora_clip_fps(v->source), frames = sora_clip_frames(v->source);
    double from = strtod(text, &at);
    if (*at == 's') at++;
    bool ok = at != text && *at == '-';
    const char *second = at + 1;
    double to = ok ? strtod(second, &at) : 0;
    if (ok && *at == 's') at++;
    if (!ok || at == second || *at)
        return err_set(SORA_E_ARGUMENT, T("'%s' is no gap: write it as 2.0s-3.5s"), text);
    if (!(from >= 0 && to > from && to * fps <= frames + 0.5))
        return err_set(SORA_E_ARGUMENT, T("the gap %s is not inside the clip, which lasts %.2f s"), text,
                       frames / fps);
    for (int f = (int)ceil(from * fps - 1e-6); f < to * fps - 1e-6; f++) v->given[f] = 0;
    return SORA_OK;
}

/* Black frames, and frames that repeat the one before them to the byte. */
static void open_missing(Verb *v)
{
    size_t size = (size_t)sora_clip_height(v->source) * (size_t)sora_clip_width(v->source) * 3;
    for (int f = 0; f < sora_clip_frames(v->source); f++) {
        const uint8_t *now = sora_clip_pixels(v->source, f);
        uint64_t sum = 0;
        for (size_t i = 0; i < size; i++) sum += now[i];
        bool frozen = f && memcmp(now, sora_clip_pixels(v->source, f - 1), size) == 0;
        if (frozen || sum < 6 * size) v->given[f] = 0;
    }
}

/* At a higher rate the clip's own frames are where they were in time. */
static SoraStatus spread(Verb *v, const SoraClip *clip, double fps)
{
    int have = sora_clip_frames(clip);
    double step = fps / sora_clip_fps(clip);
    int frames = (int)floor((have - 1) * step + 1e-6) + 1;
    TRY(verb_begin(v, frames, sora_clip_height(clip), sora_clip_width(clip), fps));
    for (int f = 0; f < have; f++) {
        double at = f * step;
        if (fabs(at - rint(at)) < 1e-3) TRY(verb_give(v, clip, f, 1, (int)rint(at)));
    }
    return SORA_OK;
}

static SoraStatus fill(Verb *v, const OptionList *gaps, bool missing, double fps)
{
    SoraClip *clip;
    TRY(verb_read(v, v->make.cli->arg[0], 0, &clip));
    if (sora_clip_frames(clip) < 2) {
        sora_clip_free(clip);
        return err_set(SORA_E_ARGUMENT, T("%s is a picture: there is nothing between its frames"),
                       v->make.cli->arg[0]);
    }
    if (fps <= 0) fps = sora_clip_fps(clip);
    SoraStatus s = spread(v, clip, fps);
    sora_clip_free(clip);
    for (size_t i = 0; i < gaps->count && s == SORA_OK; i++) s = open_gap(v, gaps->item[i]);
    TRY(s);
    if (missing) open_missing(v);
    int made = 0, frames = sora_clip_frames(v->source);
    for (int f = 0; f < frames; f++) made += !v->given[f];
    if (!made) return err_set(SORA_E_ARGUMENT, T("nothing is missing in %s"), v->make.cli->arg[0]);
    if (made == frames)
        return err_set(SORA_E_ARGUMENT, T("nothing of %s is left to go by"), v->make.cli->arg[0]);
    progress_say(v->make.cli, T("%d of %d frames are made"), made, frames);
    return verb_finish(v, T("filling"));
}

SoraStatus cmd_fill(Cli *cli, int argc, char **argv)
{
    Verb v = { .strength = 1 };
    OptionList gaps = { 0 };
    bool missing = false;
    double fps = 0;
    make_init(&v.make, cli, arena_new("fill", 0));
    const Option own[] = {
        { .group = T("What") },
        { 0, "gaps", T("times that are made anew: 2.0s-3.5s,5s-6s"), .list = &gaps },
        { 0, "missing", T("find black and frozen frames, and make them"), .flag = &missing },
        { 0, "fps", T("a higher rate, whose frames between are made"), .number = &fps, .min = 1,
          .max = 240 },
        { 0 },
    };
    SoraStatus s = verb_parse(&v,
                              &(Usage){ .about = T("make the frames that are missing in a video"),
                                        .arguments = T("CLIP [PROMPT]"),
                                        .examples = "sora fill clip.mp4 --gaps 2.0s-3.5s -o whole.mp4\n"
                                                    "sora fill clip.mp4 --fps 24 -o smooth.mp4\n" },
                              own, 1, argc, argv);
    if (s == SORA_OK) s = fill(&v, &gaps, missing, fps);
    verb_close(&v);
    return s;
}
