#include "train/source_world.h"

#include "base/rng.h"
#include "words/caption.h"
#include "world/naming.h"
#include "world/seen.h"

enum { DRAW_SIZE = 1, DRAW_FACTS, DRAW_RENDER, DRAW_STYLE, DRAW_CAPTION };

/* Example i shows facts number fact_index(i). */
static uint64_t fact_index(const WorldSource *w, uint64_t i)
{
    if (w->repeats < 2) return i;
    return i / (w->period * w->repeats) * w->period + i % w->period;
}

/* The size belongs to the facts: what an image can show is not what a clip can. */
static void world_size(const void *self, uint64_t i, SourceSize *out)
{
    const WorldSource *w = self;
    double u = rng_uniform(rng_split(w->seed, DRAW_SIZE), fact_index(w, i));
    size_t k = 0;
    while (k + 1 < w->size_count && u >= w->sizes[k].share) u -= w->sizes[k++].share;
    *out = w->sizes[k];
}

/* The boxes of the actors that can be seen. */
static void put_subjects(const Facts *facts, const WorldState *state, Arena *a, Example *out)
{
    size_t n = facts->actors;
    Box *box = arena_alloc(a, state->frames * n * sizeof *box);
    for (size_t f = 0; f < state->frames; f++)
        for (size_t i = 0; i < n; i++) {
            const BodyState *b = &state->frame[f].actor[i];
            float width = b->visible > 0 ? b->width / 2 : 0, height = b->height / 2;
            box[f * n + i] = (Box){ b->x - width, b->y - height, b->x + width, b->y + height };
        }
    out->subject = box;
    out->subjects = n;
}

static SoraStatus world_make(const void *self, uint64_t i, Arena *a, Example *out)
{
    const WorldSource *w = self;
    uint64_t fact = fact_index(w, i);
    SourceSize size;
    world_size(self, i, &size);
    WorldFrames frames = { size.frames, size.height, size.width, size.frames > 1 ? size.fps : 0 };
    WorldOptions o = { .split = w->split,
                       .image = size.frames == 1,
                       .actors_max = w->actors_max,
                       .actors = w->actors,
                       .scenes = w->scenes,
                       .seconds = size.frames > 1 ? (double)size.frames / size.fps : 0 };
    Facts *facts = arena_alloc(a, sizeof *facts);
    CaptionView *view = arena_alloc(a, sizeof *view);
    WorldState state;
    world_sample(w->world, rng_u64(rng_split(w->seed, DRAW_FACTS), fact), &o, facts);
    uint64_t look = rng_u64(rng_split(w->seed, DRAW_RENDER), i);
    TRY(world_render(w->world, facts, look, &frames, a, &out->clip, &state));
    put_subjects(facts, &state, a, out);
    *view = world_seen(w->world, facts, &state);
    CaptionStyle style;
    caption_mix(rng_u64(rng_split(w->seed, DRAW_STYLE), fact), &style);
    out->caption = arena_alloc(a, CAPTION_SIZE_MAX);
    TRY(naming_to_words(w->world, w->lexicon, facts, facts));
    caption_write(w->lexicon, facts, view, &style, out->caption, NULL);
    out->facts = facts;
    out->view = view;
    return SORA_OK;
}

Source source_world(const WorldSource *w)
{
    return (Source){ world_size, world_make, (void *)w };
}
