#include "train/source_mix.h"

/* Of the first i examples so many are of `some`; in 32 bits of the share, so that it is exact. */
static uint64_t before(const SourceMix *m, uint64_t i)
{
    uint64_t share = (uint64_t)(m->share * 4294967296.0);
    return (i >> 32) * share + ((i & 0xffffffff) * share >> 32);
}

static const Source *choose(const SourceMix *m, uint64_t i, uint64_t *at)
{
    uint64_t some = before(m, i);
    bool is_some = before(m, i + 1) > some;
    *at = is_some ? some : i - some;
    return is_some ? &m->some : &m->most;
}

static void mix_size(const void *self, uint64_t i, SourceSize *out)
{
    uint64_t at;
    const Source *s = choose(self, i, &at);
    s->size(s->self, at, out);
}

static SoraStatus mix_make(const void *self, uint64_t i, Arena *a, Example *out)
{
    uint64_t at;
    const Source *s = choose(self, i, &at);
    return s->make(s->self, at, a, out);
}

Source source_mix(const SourceMix *m)
{
    return (Source){ mix_size, mix_make, (void *)m };
}
