#include "pipeline/condition.h"

#include <string.h>

#include "base/size.h"

/* Is everything of video frame f kept inside the patch at (row, column)? */
static bool patch_kept(const Condition *c, size_t f, size_t row, size_t column, size_t patch)
{
    const Clip *s = c->source;
    if (c->given && c->given[f]) return true;
    if (!c->mask) return false;
    size_t bottom = size_min((row + 1) * patch, s->height);
    size_t right = size_min((column + 1) * patch, s->width);
    for (size_t y = row * patch; y < bottom; y++)
        for (size_t x = column * patch; x < right; x++)
            if (c->mask[(f * s->height + y) * s->width + x]) return false;
    return true;
}

static void give_token(const Condition *c, PatchGrid g, size_t i, size_t patch, uint8_t *given)
{
    size_t latent = i / (g.height * g.width), row = i / g.width % g.height, column = i % g.width;
    for (size_t k = 0; k < PATCH_FRAMES; k++) {
        size_t f = latent ? (latent - 1) * PATCH_FRAMES + 1 + k : 0;
        f = size_min(f, c->source->frames - 1); /* frames past the end repeat the last */
        given[k] = patch_kept(c, f, row, column, patch);
    }
}

SoraStatus condition_tokens(const Condition *c, PatchGrid g, size_t patch, Arena *a,
                            ConditionTokens *out)
{
    size_t tokens = patch_tokens(g), values = patch_values(patch), per = g.height * g.width;
    out->clean = arena_zero(a, tokens * values * sizeof(float));
    out->given = arena_zero(a, tokens * PATCH_FRAMES);
    out->frame = arena_zero(a, g.frames * sizeof(bool));
    if (!c || !c->source) return SORA_OK;
    const Clip *s = c->source;
    PatchGrid have = patch_grid(s->frames, s->height, s->width, patch);
    if (memcmp(&have, &g, sizeof g) != 0)
        return err_set(SORA_E_ARGUMENT,
                       "what is given has %zu frames of %zux%zu, which is not the size of the clip",
                       s->frames, s->width, s->height);
    patch_pack(s->rgb, s->frames, s->height, s->width, patch, out->clean);
    for (size_t i = 0; i < tokens; i++) give_token(c, g, i, patch, out->given + i * PATCH_FRAMES);
    for (size_t f = 0; f < g.frames; f++)
        out->frame[f] = !memchr(out->given + f * per * PATCH_FRAMES, 0, per * PATCH_FRAMES);
    return SORA_OK;
}

void condition_restore(const Condition *c, Clip *made)
{
    if (!c || !c->source) return;
    size_t pixels = made->height * made->width;
    for (size_t f = 0; f < made->frames; f++) {
        const uint8_t *from = clip_frame(c->source, f);
        uint8_t *to = clip_frame(made, f);
        bool whole = c->given && c->given[f];
        if (whole)
            memcpy(to, from, pixels * 3);
        else if (c->mask)
            for (size_t i = 0; i < pixels; i++)
                if (!c->mask[f * pixels + i]) memcpy(to + 3 * i, from + 3 * i, 3);
    }
}
