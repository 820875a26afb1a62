#include "pipeline/condition.h"

#include <string.h>

#include "base/size.h"
#include "model/motion.h"

const uint8_t *condition_frame(const Condition *c, size_t f)
{
    if (!c || !c->source || f >= c->source->frames) return NULL;
    return c->frame ? c->frame[f] : clip_frame(c->source, f);
}

SoraStatus condition_check(const Condition *c, size_t frames, size_t height, size_t width)
{
    const Clip *s = c ? c->source : NULL;
    if (!s || (s->frames == frames && s->height == height && s->width == width)) return SORA_OK;
    return err_set(SORA_E_ARGUMENT,
                   "what is given has %zu frames of %zux%zu, the clip has %zu of %zux%zu",
                   s->frames, s->width, s->height, frames, width, height);
}

/* Is everything of video frame f kept inside the patch at (row, column)? */
static bool patch_kept(const Condition *c, size_t f, size_t row, size_t column, size_t patch)
{
    const Clip *s = c->source;
    if (c->given && c->given[f]) return true;
    if (!c->mask || c->frame) return false;
    size_t bottom = size_min((row + 1) * patch, s->height);
    size_t right = size_min((column + 1) * patch, s->width);
    for (size_t y = row * patch; y < bottom; y++)
        for (size_t x = column * patch; x < right; x++)
            if (c->mask[(f * s->height + y) * s->width + x]) return false;
    return true;
}

/* The frame at place k of latent frame f; frames past the end repeat the last. */
static size_t place(const Condition *c, size_t f, size_t k)
{
    return size_min(patch_frame_at(f, k), c->source->frames - 1);
}

double condition_start(const Condition *c, size_t f)
{
    if (!c || !c->source) return 1;
    for (size_t k = 0; k < PATCH_FRAMES; k++) {
        size_t at = place(c, f, k);
        if (c->given && c->given[at]) continue;
        if (!condition_frame(c, at) || (c->guess && !c->guess[at])) return 1;
    }
    return c->strength;
}

bool condition_holds(const Condition *c, size_t patch, size_t f)
{
    if (!c || !c->source) return false;
    PatchGrid g = patch_grid(1, c->source->height, c->source->width, patch);
    for (size_t k = 0; k < PATCH_FRAMES; k++)
        for (size_t i = 0; i < g.height * g.width; i++)
            if (!patch_kept(c, place(c, f, k), i / g.width, i % g.width, patch)) return false;
    return true;
}

void condition_latent(const Condition *c, PatchGrid g, size_t patch, size_t f, float *clean,
                      uint8_t *given)
{
    size_t per = g.height * g.width, values = patch_values(patch), one = values / PATCH_FRAMES;
    const uint8_t *frame[PATCH_FRAMES], *any = NULL;
    memset(clean, 0, per * values * sizeof *clean);
    memset(given, 0, per * PATCH_FRAMES);
    if (!c || !c->source) return;
    for (size_t k = 0; k < PATCH_FRAMES; k++) {
        frame[k] = condition_frame(c, place(c, f, k));
        if (frame[k]) any = frame[k];
    }
    if (!any) return;
    for (size_t k = 0; k < PATCH_FRAMES; k++)
        if (!frame[k]) frame[k] = any; /* read, and cleared again below */
    patch_pack_latent(frame, c->source->height, c->source->width, patch, clean);
    for (size_t k = 0; k < PATCH_FRAMES; k++) {
        size_t at = place(c, f, k);
        bool there = condition_frame(c, at) != NULL;
        for (size_t i = 0; i < per; i++) {
            given[i * PATCH_FRAMES + k] =
                there && patch_kept(c, at, i / g.width, i % g.width, patch);
            if (!there) memset(clean + i * values + k * one, 0, one * sizeof *clean);
        }
    }
}

void condition_motion(const Condition *c, size_t patch, size_t f, double fps, Arena *a,
                      float *clean, uint8_t *given)
{
    size_t values = patch_values(patch), one = values / PATCH_FRAMES;
    memset(clean, 0, values * sizeof *clean);
    memset(given, 0, PATCH_FRAMES);
    if (!c || !c->source) return;
    ArenaMark mark = arena_mark(a);
    const Clip *s = c->source;
    uint8_t *room = arena_alloc(a, motion_room(s->height, s->width));
    for (size_t k = 0; k < PATCH_FRAMES; k++) {
        size_t at = place(c, f, k), from = motion_from(at);
        const uint8_t *now = condition_frame(c, at), *before = condition_frame(c, from);
        if (!now || !before) continue;
        motion_map(before, now, s->height, s->width, (double)(at - from) / fps, patch, room,
                   clean + k * one);
        given[k] = c->given && c->given[at] && c->given[from];
    }
    arena_rewind(a, mark);
}

void condition_restore(const Condition *c, size_t f, uint8_t *rgb)
{
    const uint8_t *from = condition_frame(c, f);
    if (!from) return;
    size_t pixels = c->source->height * c->source->width;
    if (c->given && c->given[f]) {
        memcpy(rgb, from, pixels * 3);
    } else if (c->mask && !c->frame) {
        const uint8_t *mask = c->mask + f * pixels;
        for (size_t i = 0; i < pixels; i++)
            if (!mask[i]) memcpy(rgb + 3 * i, from + 3 * i, 3);
    }
}
