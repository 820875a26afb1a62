/* The network looks at the clip half a patch aside. */
#include <string.h>

#include "pipeline/generate_parts.h"

/* Where a pixel beyond the picture is seen: in its mirror. */
static size_t mirror(size_t i, size_t half, size_t n)
{
    if (i < half) return half - 1 - i;
    return i - half < n ? i - half : 2 * n - 1 - (i - half);
}

/* Values of one latent frame between two grids: aside [h + 1, w + 1] tokens, straight [h, w]. */
typedef struct Frames {
    size_t height, width; /* straight tokens */
    size_t patch;
    float *aside, *straight;
} Frames;

static float *pixel(float *tokens, size_t columns, size_t patch, size_t place, size_t y, size_t x)
{
    size_t token = y / patch * columns + x / patch, inside = y % patch * patch + x % patch;
    return tokens + ((token * PATCH_FRAMES + place) * patch * patch + inside) * PATCH_CHANNELS;
}

static void step_aside(const Frames *f)
{
    size_t half = f->patch / 2, height = f->height * f->patch, width = f->width * f->patch;
    for (size_t k = 0; k < PATCH_FRAMES; k++)
        for (size_t y = 0; y < height + f->patch; y++)
            for (size_t x = 0; x < width + f->patch; x++)
                memcpy(pixel(f->aside, f->width + 1, f->patch, k, y, x),
                       pixel(f->straight, f->width, f->patch, k, mirror(y, half, height),
                             mirror(x, half, width)),
                       PATCH_CHANNELS * sizeof(float));
}

/* Of pixel i along an axis: 1 in the middle of its patch, 0 at the border. */
static float inside(size_t i, size_t patch)
{
    float at = ((float)(i % patch) + 0.5f) / ((float)patch / 2);
    return at < 1 ? at : 2 - at;
}

/* How much the straight way counts where both are looked at: less the nearer its borders are. */
static float straight_share(size_t y, size_t x, size_t patch)
{
    float down = inside(y, patch), across = inside(x, patch);
    float straight = down * across, aside = (1 - down) * (1 - across);
    return straight / (straight + aside);
}

static void step_back(const Frames *f, bool both)
{
    size_t half = f->patch / 2, height = f->height * f->patch, width = f->width * f->patch;
    for (size_t k = 0; k < PATCH_FRAMES; k++)
        for (size_t y = 0; y < height; y++)
            for (size_t x = 0; x < width; x++) {
                const float *from = pixel(f->aside, f->width + 1, f->patch, k, y + half, x + half);
                float *to = pixel(f->straight, f->width, f->patch, k, y, x);
                float share = both ? straight_share(y, x, f->patch) : 0;
                for (size_t c = 0; c < PATCH_CHANNELS; c++)
                    to[c] = from[c] + share * (to[c] - from[c]);
            }
}

bool generate_can_step_aside(size_t patch, PatchGrid g)
{
    return patch >= 2 && patch % 2 == 0 && g.height >= 2 && g.width >= 2;
}

void generate_aside(Run *r)
{
    size_t patch = r->b->config.patch, n = r->values;
    const Condition *c = r->o->condition;
    if (!generate_can_step_aside(patch, r->grid) || (c && c->mask)) return;
    Run *o = arena_alloc(r->a, sizeof *o);
    *o = *r;
    o->aside = NULL;
    o->grid.height++, o->grid.width++;
    o->pixels = o->grid.height * o->grid.width;
    o->per = o->pixels + r->per - r->pixels;
    PatchGrid seen = { o->window, o->grid.height, o->grid.width };
    DitSequence sequence = r->layout->sequence[0];
    sequence.grid = seen;
    sequence.beyond = 1;
    o->layout = dit_layout(&r->b->config, &sequence, 1, r->a);
    o->z = arena_zero(r->a, o->window * o->per * n * sizeof *o->z);
    o->given = arena_zero(r->a, o->window * o->per * PATCH_FRAMES);
    r->aside = o;
}

/* Where nothing is masked, a frame is given in all its tokens of pixels or in none. */
static void give_aside(const Run *r, Run *o)
{
    for (size_t f = 0; f < r->window; f++)
        for (size_t i = 0; i < o->per; i++) {
            size_t from = f * r->per + (i < o->pixels ? 0 : r->pixels);
            memcpy(o->given + (f * o->per + i) * PATCH_FRAMES, r->given + from * PATCH_FRAMES,
                   PATCH_FRAMES);
        }
}

/* The token of motion is the same on both grids. */
static void motion_aside(const Run *r, size_t f, const float *straight, float *aside)
{
    if (r->per > r->pixels)
        memcpy(aside + (f * r->aside->per + r->aside->pixels) * r->values,
               straight + (f * r->per + r->pixels) * r->values, r->values * sizeof *aside);
}

static void motion_back(const Run *r, size_t f, const float *aside, bool both, float *straight)
{
    if (r->per == r->pixels) return;
    const float *from = aside + (f * r->aside->per + r->aside->pixels) * r->values;
    float *to = straight + (f * r->per + r->pixels) * r->values;
    for (size_t i = 0; i < r->values; i++) to[i] = both ? (to[i] + from[i]) / 2 : from[i];
}

/* Latent frame i of both windows. */
static Frames frames_of(const Run *r, size_t i, float *aside, float *straight)
{
    return (Frames){ .height = r->grid.height,
                     .width = r->grid.width,
                     .patch = r->b->config.patch,
                     .aside = aside + i * r->aside->per * r->values,
                     .straight = straight + i * r->per * r->values };
}

void generate_step_aside(const Run *r, const float *z)
{
    Run *o = r->aside;
    o->mirror = r->mirror;
    o->base = r->base, o->step_number = r->step_number, o->emitted = r->emitted;
    give_aside(r, o);
    for (size_t i = 0; i < r->window; i++) {
        Frames f = frames_of(r, i, o->z, (float *)z);
        step_aside(&f);
        motion_aside(r, i, z, o->z);
    }
}

void generate_step_back(const Run *r, float *aside, bool both, float *straight)
{
    for (size_t i = 0; i < r->window; i++) {
        Frames f = frames_of(r, i, aside, straight);
        step_back(&f, both);
        motion_back(r, i, aside, both, straight);
    }
}
