#include "model/dit_cache.h"

#include <assert.h>
#include <math.h>
#include <string.h>

DitCache *dit_cache_new(Arena *a, size_t tokens, size_t width, double threshold)
{
    DitCache *c = arena_zero(a, sizeof *c);
    c->threshold = threshold;
    c->count = tokens * width;
    c->before = arena_alloc(a, c->count * sizeof(float));
    c->first = arena_alloc(a, c->count * sizeof(float));
    c->rest = arena_alloc(a, c->count * sizeof(float));
    return c;
}

void dit_cache_fill(DitCache *c, const float *first, const float *rest)
{
    memcpy(c->first, first, c->count * sizeof(float));
    memcpy(c->rest, rest, c->count * sizeof(float));
    c->filled = true;
}

void dit_cache_begin(DitCache *c, const Tensor *x)
{
    assert(x->type == TYPE_F32 && tensor_count(x) == c->count);
    memcpy(c->before, x->data, c->count * sizeof(float));
}

/* How far block 0's part now (x - before) is from its part then. */
static double change(const DitCache *c, const float *x)
{
    double off = 0, size = 0;
    for (size_t i = 0; i < c->count; i++) {
        off += fabs((double)(x[i] - c->before[i]) - (double)c->first[i]);
        size += fabs((double)c->first[i]);
    }
    return size > 0 ? off / size : INFINITY;
}

bool dit_cache_reuse(DitCache *c, Tensor *x)
{
    float *v = x->data;
    bool near = c->filled && !c->always && change(c, v) <= c->threshold;
    for (size_t i = 0; i < c->count; i++) {
        if (near) {
            v[i] += c->rest[i];
        } else {
            c->first[i] = v[i] - c->before[i];
            c->before[i] = v[i];
        }
    }
    near ? c->used++ : c->computed++;
    return near;
}

void dit_cache_end(DitCache *c, const Tensor *x)
{
    const float *v = x->data;
    for (size_t i = 0; i < c->count; i++) c->rest[i] = v[i] - c->before[i];
    c->filled = true;
}
