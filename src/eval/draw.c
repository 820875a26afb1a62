#include "eval/draw.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "world/naming.h"
#include "world/seen.h"

enum { DRAW_FACTS = 1, DRAW_LOOK };

SoraStatus draw_progress(const Progress *p, double done, double total)
{
    return p->fn && p->fn(p->self, done, total) ? SORA_CANCELLED : SORA_OK;
}

SoraStatus draw_facts(const DrawOptions *o, uint64_t i, Facts *placed, Facts *named)
{
    WorldOptions pick = o->pick;
    pick.image = o->size.frames == 1;
    pick.seconds = pick.image ? 0 : (double)o->size.frames / o->size.fps;
    world_sample(o->world, rng_u64(rng_split(o->seed, DRAW_FACTS), i), &pick, placed);
    return naming_to_words(o->world, o->lexicon, placed, named);
}

SoraStatus draw_render(const DrawOptions *o, const Facts *placed, uint64_t i, Arena *a, Drawn *out)
{
    out->placed = *placed;
    TRY(naming_to_words(o->world, o->lexicon, placed, &out->facts));
    TRY(world_render(o->world, placed, rng_u64(rng_split(o->seed, DRAW_LOOK), i), &o->size, a,
                     &out->clip, &out->state));
    out->view = world_seen(o->world, placed, &out->state);
    return SORA_OK;
}

typedef struct Task {
    const DrawOptions *o;
    DrawBatch *b;
    uint64_t first;
    SoraStatus *status;
    char (*sentence)[ERR_TEXT_MAX];
} Task;

static void draw_one(void *ctx, size_t i, int worker)
{
    const Task *t = ctx;
    Facts placed, named;
    (void)worker;
    SoraStatus s = draw_facts(t->o, t->first + i, &placed, &named);
    if (s == SORA_OK) s = draw_render(t->o, &placed, t->first + i, t->b->arena[i], &t->b->clip[i]);
    t->status[i] = s;
    if (s != SORA_OK) snprintf(t->sentence[i], ERR_TEXT_MAX, "%s", err_text());
}

SoraStatus draw_clips(const DrawOptions *o, Pool *pool, uint64_t first, size_t count,
                      DrawBatch *out)
{
    *out = (DrawBatch){ .clip = calloc(count, sizeof *out->clip),
                        .arena = calloc(count, sizeof *out->arena) };
    Task t = { .o = o,
               .b = out,
               .first = first,
               .status = calloc(count, sizeof *t.status),
               .sentence = calloc(count, sizeof *t.sentence) };
    bool room = out->clip && out->arena && t.status && t.sentence;
    for (; room && out->count < count; out->count++) {
        out->arena[out->count] = arena_new("clip", 0);
        room = out->arena[out->count] != NULL;
    }
    SoraStatus s = room ? SORA_OK : err_set(SORA_E_MEMORY, "no memory for %zu clips", count);
    if (room) parallel_for(pool, count, draw_one, &t);
    if (s == SORA_OK) s = pool_status(pool);
    for (size_t i = 0; room && i < count && s == SORA_OK; i++)
        if (t.status[i] != SORA_OK) s = err_set(t.status[i], "%s", t.sentence[i]);
    free(t.status);
    free(t.sentence);
    if (s != SORA_OK) draw_free(out);
    return s;
}

void draw_free(DrawBatch *b)
{
    for (size_t i = 0; b->arena && i < b->count; i++) arena_free(b->arena[i]);
    free(b->arena);
    free(b->clip);
    *b = (DrawBatch){ 0 };
}
