/* sora fill CLIP [PROMPT]: frames that are missing, damaged, or between those there are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "progress.h"
#include "verb.h"

/* A clip, and which of its frames are kept. */
typedef struct Filling {
    Verb *v;
    SoraClip *clip;
    int have;
    uint8_t *kept; /* [have] */
} Filling;

/* Frames from the first time up to the second are taken away. */
static SoraStatus open_gap(Filling *f, const char *text)
{
    double fps = sora_clip_fps(f->clip), from, to;
    TRY(verb_range(text, f->have / fps, &from, &to));
    for (int i = (int)ceil(from * fps - 1e-6); i < to * fps - 1e-6 && i < f->have; i++)
        f->kept[i] = 0;
    return SORA_OK;
}

static int compare(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* Three of four are smaller. */
static double upper_quarter(const double *x, int count, Arena *a)
{
    double *sorted = arena_alloc(a, (size_t)count * sizeof *sorted);
    memcpy(sorted, x, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, compare);
    return sorted[count * 3 / 4];
}

/* Black frames in a clip that is not dark, and frames that hardly differ from the one before in a
 * clip that moves: a codec leaves a trace of noise in both. */
static void open_missing(Filling *f)
{
    const double BLACK = 4; /* grey levels of 255 */
    Arena *a = f->v->make.arena;
    size_t size = (size_t)sora_clip_height(f->clip) * (size_t)sora_clip_width(f->clip) * 3;
    double *light = arena_zero(a, (size_t)f->have * sizeof *light);
    double *change = arena_zero(a, (size_t)f->have * sizeof *change);
    for (int i = 0; i < f->have; i++) {
        const uint8_t *now = sora_clip_pixels(f->clip, i);
        const uint8_t *before = sora_clip_pixels(f->clip, i ? i - 1 : 0);
        for (size_t k = 0; k < size; k++) {
            light[i] += now[k];
            change[i] += abs(now[k] - before[k]);
        }
        light[i] /= (double)size, change[i] /= (double)size;
    }
    double bright = upper_quarter(light, f->have, a),
           *own = arena_alloc(a, (size_t)f->have * sizeof *own);
    bool dark = bright <= 16;
    int count = 0; /* of changes that a black frame has no part in */
    for (int i = 1; i < f->have; i++)
        if (dark || (light[i] >= BLACK && light[i - 1] >= BLACK)) own[count++] = change[i];
    double moving = count ? upper_quarter(own, count, a) : 0;
    for (int i = 0; i < f->have; i++) {
        bool black = !dark && light[i] < BLACK;
        bool frozen = i && moving > 0.2 && change[i] < 0.1 * moving;
        if (black || frozen) f->kept[i] = 0;
    }
}

/* Runs of kept frames, where they are in time at the new rate; frames between two kept ones of it
 * are made as well. */
static SoraStatus give_kept(const Filling *f, int *given)
{
    Verb *v = f->v;
    const char *path = v->make.cli->arg[0];
    double step = v->fps / sora_clip_fps(f->clip);
    bool same = fabs(step - 1) < 1e-9;
    SoraClip *clip;
    TRY(make_fitted(&v->make, path, f->clip, v->height, v->width, &clip));
    for (int i = 0; i < f->have; i++) {
        int run = 1;
        double at = i * step;
        if (!f->kept[i] || fabs(at - rint(at)) > 1e-3) continue;
        while (same && i + run < f->have && f->kept[i + run]) run++;
        SoraPart p = { clip, i, run, (int)rint(at) };
        TRY(make_add_part(&v->make, p));
        *given += run;
        i += run - 1;
    }
    return SORA_OK;
}

static SoraStatus fill(Verb *v, const OptionList *gaps, bool missing, double fps)
{
    const char *path = v->make.cli->arg[0];
    Filling f = { .v = v };
    int given = 0;
    TRY(verb_read(v, path, 0, &f.clip));
    f.have = sora_clip_frames(f.clip);
    if (f.have < 2)
        return err_set(SORA_E_ARGUMENT, T("%s is a picture: there is nothing between its frames"),
                       path);
    double own = sora_clip_fps(f.clip);
    if (fps > 0 && fps < own - 1e-6)
        return err_set(SORA_E_ARGUMENT, T("%s has %g frames a second already, --fps must be more"),
                       path, own);
    verb_begin(v, sora_clip_height(f.clip), sora_clip_width(f.clip), fps > 0 ? fps : own);
    make_sound(&v->make, path, 0, 0, 0);
    f.kept = arena_alloc(v->make.arena, (size_t)f.have);
    memset(f.kept, 1, (size_t)f.have);
    for (size_t i = 0; i < gaps->count; i++) TRY(open_gap(&f, gaps->item[i]));
    if (missing) open_missing(&f);
    v->frames = (int)floor((f.have - 1) * v->fps / own + 1e-6) + 1;
    TRY(give_kept(&f, &given));
    int made = v->frames - given;
    if (!made) return err_set(SORA_E_ARGUMENT, T("nothing is missing in %s"), path);
    if (!given) return err_set(SORA_E_ARGUMENT, T("nothing of %s is left to go by"), path);
    progress_say(v->make.cli, T("%d of %d frames are made"), made, v->frames);
    return verb_finish(v, T("filling"));
}

SoraStatus cmd_fill(Cli *cli, int argc, char **argv)
{
    Verb v = { .strength = 1, .keep = -1 };
    OptionList gaps = { 0 };
    int missing = -1;
    double fps = 0;
    static const char *const finds[] = { "auto", NULL };
    make_init(&v.make, cli, arena_new("fill", 0));
    const Option own[] = {
        { .group = T("What") },
        { 0, "gaps", T("times that are made anew: 2.0s-3.5s,5s-6s"), .list = &gaps },
        { 0, "missing", T("auto: find black and frozen frames, and make them"), .choice = &missing,
          .names = finds },
        { 0, "fps", T("a higher rate, whose frames between are made"), .number = &fps, .min = 1,
          .max = 240 },
        { 0 },
    };
    SoraStatus s =
        verb_parse(&v,
                   &(Usage){ .about = T("make the frames that are missing in a video"),
                             .arguments = T("CLIP [PROMPT]"),
                             .examples = "sora fill clip.mp4 --gaps 2.0s-3.5s -o whole.mp4\n"
                                         "sora fill clip.mp4 --missing auto -o whole.mp4\n"
                                         "sora fill clip.mp4 --fps 24 -o smooth.mp4\n" },
                   own, 1, argc, argv);
    if (s == SORA_OK) s = fill(&v, &gaps, missing >= 0, fps);
    verb_close(&v);
    return s;
}
