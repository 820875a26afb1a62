/* sora edit CLIP PROMPT: a video changed by words, as far as `strength` lets it. */
#include <string.h>

#include "base/error.h"
#include "verb.h"

/* White in the mask is where the clip may change; a mask of one frame holds for all. */
static SoraStatus read_mask(Verb *v, const char *path)
{
    SoraClip *mask, *fitted;
    int frames = sora_clip_frames(v->source), height = sora_clip_height(v->source);
    int width = sora_clip_width(v->source);
    size_t pixels = (size_t)height * (size_t)width;
    TRY(verb_read(v, path, 0, &mask));
    SoraStatus s = sora_clip_fit(mask, height, width, &fitted);
    sora_clip_free(mask);
    TRY(s);
    int have = sora_clip_frames(fitted);
    void *out = NULL;
    if (have != 1 && have < frames)
        s = err_set(SORA_E_ARGUMENT, T("the mask has %d frames, the clip %d"), have, frames);
    if (s == SORA_OK) s = arena_try(v->make.arena, (size_t)frames * pixels, &out);
    for (int f = 0; f < frames && s == SORA_OK; f++) {
        const uint8_t *rgb = sora_clip_pixels(fitted, have == 1 ? 0 : f);
        for (size_t i = 0; i < pixels; i++)
            ((uint8_t *)out)[(size_t)f * pixels + i] = rgb[3 * i] > 127;
    }
    sora_clip_free(fitted);
    v->mask = out;
    return s;
}

static SoraStatus edit(Verb *v, const char *mask)
{
    SoraClip *clip;
    if (!*v->prompt) return err_set(SORA_E_ARGUMENT, T("the prompt is empty: say what should be seen"));
    TRY(verb_read(v, v->make.cli->arg[0], 0, &clip));
    int frames = sora_clip_frames(clip);
    SoraStatus s = verb_begin(v, frames, sora_clip_height(clip), sora_clip_width(clip),
                              sora_clip_fps(clip));
    if (s == SORA_OK) s = verb_give(v, clip, 0, frames, 0);
    sora_clip_free(clip);
    if (s == SORA_OK && mask) s = read_mask(v, mask);
    TRY(s);
    memset(v->given, v->strength <= 0, (size_t)frames); /* strength 0 gives the clip back */
    return verb_finish(v, T("editing"));
}

SoraStatus cmd_edit(Cli *cli, int argc, char **argv)
{
    Verb v = { .strength = 0.6 };
    const char *mask = NULL;
    make_init(&v.make, cli, arena_new("edit", 0));
    const Option own[] = {
        { .group = T("What") },
        { 0, "strength", T("0 gives the clip back, 1 keeps nothing of it"), .number = &v.strength,
          .max = 1 },
        { 0, "mask", T("a picture or video, white where the clip may change"), .path = &mask },
        { 0 },
    };
    SoraStatus s = verb_parse(&v,
                              &(Usage){ .about = T("change a video by words"),
                                        .arguments = T("CLIP PROMPT"),
                                        .examples = "sora edit clip.mp4 \"a fox in the snow at night\" --strength 0.6 -o night.mp4\n" },
                              own, 1, argc, argv);
    if (s == SORA_OK) s = edit(&v, mask);
    verb_close(&v);
    return s;
}
