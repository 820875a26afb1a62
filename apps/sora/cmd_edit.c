/* sora edit CLIP PROMPT: a video changed by words, as far as `strength` lets it. */
#include <string.h>

#include "base/error.h"
#include "verb.h"
#include "verb_caption.h"

/* White in the mask is where the clip may change; a mask of one frame holds for all. */
static SoraStatus read_mask(Verb *v, const char *path)
{
    SoraClip *mask;
    size_t pixels = (size_t)v->height * (size_t)v->width;
    TRY(verb_read(v, path, 0, &mask));
    TRY(make_fitted(&v->make, path, mask, v->height, v->width, &mask));
    int have = sora_clip_frames(mask);
    void *out = NULL;
    if (have != 1 && have < v->frames)
        return err_set(SORA_E_ARGUMENT, T("the mask has %d frames, the clip %d"), have, v->frames);
    TRY(arena_try(v->make.arena, (size_t)v->frames * pixels, &out));
    for (int f = 0; f < v->frames; f++) {
        const uint8_t *rgb = sora_clip_pixels(mask, have == 1 ? 0 : f);
        for (size_t i = 0; i < pixels; i++)
            ((uint8_t *)out)[(size_t)f * pixels + i] = rgb[3 * i] > 127;
    }
    v->mask = out;
    return SORA_OK;
}

/* Strength 0 gives the clip back: all of it is given. */
static SoraStatus edit(Verb *v, const char *mask)
{
    SoraClip *clip;
    const char *path = v->make.cli->arg[0];
    if (!*v->prompt)
        return err_set(SORA_E_ARGUMENT, T("the prompt is empty: say what should be seen"));
    TRY(verb_read(v, path, 0, &clip));
    verb_begin(v, sora_clip_height(clip), sora_clip_width(clip), sora_clip_fps(clip));
    v->frames = sora_clip_frames(clip);
    make_sound(&v->make, path, 0, 0, 0);
    if (v->strength <= 0) {
        TRY(verb_give(v, path, clip, 0, v->frames, 0));
        v->strength = 1;
    } else {
        if (sora_is_instruction(v->prompt)) {
            v->instruction = v->prompt;
            bool picture;
            TRY(verb_instruct(&v->make, clip, v->instruction, &v->prompt, &picture));
            v->recolour |= picture;
        }
        TRY(make_fitted(&v->make, path, clip, v->height, v->width, &clip));
        v->source = clip;
        if (mask) TRY(read_mask(v, mask));
    }
    return verb_finish(v, T("editing"));
}

SoraStatus cmd_edit(Cli *cli, int argc, char **argv)
{
    Verb v = { .strength = 0.7, .keep = -1 };
    const char *mask = NULL;
    static const char *const keeps[] = { "layout", "motion", NULL };
    make_init(&v.make, cli, arena_new("edit", 0));
    const Option own[] = {
        { .group = T("What") },
        { 0, "strength", T("0 gives the clip back, 1 keeps nothing of it"), .number = &v.strength,
          .max = 1 },
        { 0, "keep", T("layout: large shapes and their colours stay; motion: only how they move"),
          .choice = &v.keep, .names = keeps },
        { 0, "recolour",
          T("begin with the colours of what is asked for; another hour, weather or place does"),
          .flag = &v.recolour },
        { 0, "mask", T("a picture or video, white where the clip may change"), .path = &mask },
        { 0 },
    };
    SoraStatus s = verb_parse(
        &v,
        &(Usage){
            .about = T("change a video by words"),
            .arguments = T("CLIP PROMPT"),
            .examples =
                "sora edit clip.mp4 \"make it night\" -o night.mp4\n"
                "sora edit clip.mp4 \"a fox in the snow at night\" --strength 0.6 -o night.mp4\n" },
        own, 1, argc, argv);
    if (s == SORA_OK) s = edit(&v, mask);
    verb_close(&v);
    return s;
}
