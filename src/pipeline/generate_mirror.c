/* The network looks at the clip in a mirror. */
#include "model/motion.h"
#include "pipeline/generate_parts.h"

bool generate_can_mirror(const GenerateOptions *o)
{
    const Condition *c = o->condition;
    return o->mirrored && !o->later_count && !(c && (c->given || c->mask));
}

float *generate_mirror(const Run *r, const float *z)
{
    size_t count = r->per * r->values, pixels = r->pixels * r->values;
    float *out = arena_alloc(r->step, r->window * count * sizeof *out), *to = out;
    for (size_t f = 0; f < r->window; f++, z += count, to += count) {
        patch_mirror(z, r->grid, r->b->config.patch, to);
        if (r->per > r->pixels) motion_mirror(z + pixels, r->b->config.patch, to + pixels);
    }
    return out;
}
