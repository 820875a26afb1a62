#include "train/levels.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"

/* Purposes of the random numbers of one clip. */
enum { DRAW_KIND, DRAW_LOW, DRAW_SHAPE, DRAW_T = 16, DRAW_FRAME = 256 };

LevelMix levels_for_images(void)
{
    return (LevelMix){ .mean = -0.5f, .std = 0.9f, .low = 0.06f, .region = 0.04f };
}

/* Latent frames repeat each other, so the same t hides less of a clip than of an image. */
LevelMix levels_for_clips(void)
{
    return (LevelMix){ .mean = -1.3f,
                       .std = 1.0f,
                       .low = 0.08f,
                       .free = 0.14f,
                       .given = 0.2f,
                       .region = 0.04f,
                       .rising = 0.08f };
}

static float draw_t(const LevelMix *mix, uint64_t seed, uint64_t i)
{
    double x = (double)mix->mean + (double)mix->std * rng_normal(seed, DRAW_T + i);
    return (float)(1 / (1 + exp(-x)));
}

static void give_frame(Levels *l, PatchGrid g, size_t frame)
{
    size_t place, f = patch_latent_of(frame, &place), per = g.height * g.width;
    for (size_t i = f * per; i < (f + 1) * per; i++) {
        if (f == 0)
            memset(l->given + i * PATCH_FRAMES, 1, PATCH_FRAMES);
        else
            l->given[i * PATCH_FRAMES + place] = 1;
    }
}

/* A start, an end, both, or scattered frames: stills, extensions, joins and keyframes. */
static void give_frames(uint64_t seed, PatchGrid g, Levels *l)
{
    size_t frames = patch_video_frames(g.frames), kind = rng_below(seed, DRAW_SHAPE, 4);
    size_t head = 1 + rng_below(seed, DRAW_SHAPE + 1, size_max(1, frames / 2));
    if (rng_below(seed, DRAW_SHAPE + 3, 3) == 0) head = 1; /* a still is the commonest gift */
    for (size_t f = 0; f < frames; f++) {
        bool start = f < head, end = f + head >= frames;
        bool scattered = rng_below(seed, DRAW_FRAME + f, 5) == 0;
        if (kind == 0 ? start : kind == 1 ? end : kind == 2 ? start || end : scattered)
            give_frame(l, g, f);
    }
}

/* A rectangle of a quarter to three quarters of each side; inside or outside of it is given. */
static void give_region(uint64_t seed, PatchGrid g, Levels *l)
{
    size_t h = 1 + g.height / 4 + rng_below(seed, DRAW_SHAPE, g.height / 2 + 1);
    size_t w = 1 + g.width / 4 + rng_below(seed, DRAW_SHAPE + 1, g.width / 2 + 1);
    h = size_min(h, g.height), w = size_min(w, g.width);
    size_t top = rng_below(seed, DRAW_SHAPE + 2, g.height - h + 1);
    size_t left = rng_below(seed, DRAW_SHAPE + 3, g.width - w + 1);
    bool outside = rng_below(seed, DRAW_SHAPE + 4, 4) != 0; /* edits keep what is around */
    for (size_t i = 0; i < patch_tokens(g); i++) {
        size_t row = i / g.width % g.height, column = i % g.width;
        bool inside = row - top < h && column - left < w; /* wraps round below top and left */
        if (inside != outside) memset(l->given + i * PATCH_FRAMES, 1, PATCH_FRAMES);
    }
}

static bool all_given(const Levels *l, PatchGrid g)
{
    return !memchr(l->given, 0, patch_tokens(g) * PATCH_FRAMES);
}

void levels_draw(const LevelMix *mix, uint64_t seed, PatchGrid g, Levels *out)
{
    memset(out->given, 0, patch_tokens(g) * PATCH_FRAMES);
    float u = (float)rng_uniform(seed, DRAW_KIND), same = draw_t(mix, seed, 0);
    float free = mix->low + mix->free, given = free + mix->given, region = given + mix->region;
    if (u < mix->low) same = 0.1f * (float)rng_uniform(seed, DRAW_LOW);
    for (size_t f = 0; f < g.frames; f++) {
        out->t[f] = same;
        if (u >= mix->low && u < free) out->t[f] = draw_t(mix, seed, f);
        if (u >= region && u < region + mix->rising) /* from nearly clean to nearly noise */
            out->t[f] = fmaxf(0, fminf(1, same + 0.5f - ((float)f + 0.5f) / (float)g.frames));
    }
    if (u >= free && u < given) give_frames(seed, g, out);
    if (u >= given && u < region) give_region(seed, g, out);
    if (all_given(out, g)) memset(out->given, 0, patch_tokens(g) * PATCH_FRAMES);
}
