/* A clip, or a picture, is laid out at half its size first. */
#include <math.h>

#include "base/rng.h"
#include "base/size.h"
#include "media/resize.h"
#include "pipeline/generate_parts.h"
#include "pipeline/plan.h"

/* More of a layout's steps are taken at much noise, and guided from the first: there it is decided
 * what moves where. */
static const double COARSE_SHIFT = 3;

enum { DRAW_COARSE = 0x636f6172 };

size_t generate_coarse_side(size_t side, size_t patch)
{
    return size_max(1, (side + patch) / (2 * patch)) * patch;
}

/* Areas of the clips, or pictures, that a model was taught: the least one, and the largest. */
static bool taught_areas(const Bundle *b, bool pictures, double *least, double *most)
{
    Native n;
    *least = INFINITY, *most = 0;
    if (native_read(b, &n) != SORA_OK) return false;
    for (size_t i = 0; i < n.count; i++) {
        double area = (double)(n.size[i].height * n.size[i].width);
        if ((n.size[i].frames < 2) != pictures) continue;
        *least = fmin(*least, area), *most = fmax(*most, area);
    }
    return true;
}

/* Were clips of the layout's size taught, and those of the clip's as well? Or pictures. */
static bool knows_both(const Bundle *b, const GenerateOptions *o)
{
    double least, most, other, nearly = 0.9; /* of other shapes */
    size_t patch = b->config.patch;
    bool picture = o->frames < 2;
    double layout = (double)generate_coarse_side(o->height, patch) *
                    (double)generate_coarse_side(o->width, patch);
    if (!taught_areas(b, picture, &other, &most)) return false;
    if (!taught_areas(generate_layouter(b), picture, &least, &other)) return false;
    return layout >= nearly * least && most >= 4 * least * nearly;
}

const Bundle *generate_layouter(const Bundle *b)
{
    return b->layout ? b->layout : b;
}

bool generate_lays_out(const Bundle *b, const GenerateOptions *o)
{
    const Condition *c = o->condition;
    PatchGrid grid = patch_grid(o->frames, o->height, o->width, b->config.patch);
    bool rolled = o->window && o->window < grid.frames;
    if (b->wan || rolled || o->keep) return false;
    if (c && c->source && (c->mask || c->strength < GENERATE_HAND_OVER)) return false;
    return knows_both(b, o);
}

void generate_coarse_options(GenerateOptions *o, size_t patch)
{
    o->height = generate_coarse_side(o->height, patch);
    o->width = generate_coarse_side(o->width, patch);
    o->seed = rng_split(o->seed, DRAW_COARSE);
    o->state = NULL;
    if (o->fast) return; /* its steps are what it was taught */
    o->shift *= COARSE_SHIFT;
    o->cfg_max = 1;
}

static SoraStatus resize(const uint8_t *rgb, const Clip *from, const Clip *to, ResizeFilter filter,
                         Arena *a, const uint8_t **out)
{
    Clip one = { 1, from->height, from->width, 0, (uint8_t *)rgb }, other;
    ResizeOptions o = { .height = to->height, .width = to->width, .filter = filter };
    TRY(resize_clip(&one, &o, a, &other));
    *out = other.rgb;
    return SORA_OK;
}

static Clip *size_of(const GenerateOptions *o, Arena *a)
{
    Clip *c = arena_alloc(a, sizeof *c);
    *c = (Clip){ o->frames, o->height, o->width, o->fps, NULL };
    return c;
}

SoraStatus generate_coarse_condition(GenerateOptions *o, Arena *a)
{
    const Condition *c = o->condition;
    if (!c || !c->source) return SORA_OK;
    Condition *small = arena_alloc(a, sizeof *small);
    const uint8_t **frame = arena_zero(a, o->frames * sizeof *frame);
    *small = *c;
    small->source = size_of(o, a);
    small->frame = frame;
    for (size_t f = 0; f < o->frames; f++) {
        const uint8_t *rgb = condition_frame(c, f);
        if (rgb) TRY(resize(rgb, c->source, small->source, RESIZE_AREA, a, &frame[f]));
    }
    o->condition = small;
    return SORA_OK;
}

SoraStatus generate_coarse_enlarge(const GenerateOptions *o, const Clip *layout, Arena *a,
                                   Condition *out)
{
    const Condition *c = o->condition && o->condition->source ? o->condition : NULL;
    const uint8_t **frame = arena_zero(a, o->frames * sizeof *frame);
    Clip *whole = size_of(o, a);
    for (size_t f = 0; f < o->frames; f++) {
        if (c && c->given && c->given[f])
            frame[f] = condition_frame(c, f);
        else
            TRY(resize(clip_frame(layout, f), layout, whole, RESIZE_LANCZOS, a, &frame[f]));
    }
    *out = (Condition){ .source = whole,
                        .frame = frame,
                        .given = c ? c->given : NULL,
                        .strength = GENERATE_HAND_OVER };
    return SORA_OK;
}
