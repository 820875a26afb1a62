/* Clips of the world a second, on the mixture that training uses, captions included. */
#include "bench.h"

#include <stdio.h>

#include "base/pool.h"
#include "base/rng.h"
#include "world/naming.h"
#include "world/seen.h"

static const char CAST[] = ".cache/cast.bin";

typedef struct Making {
    const World *world;
    const Lexicon *lexicon;
    Pool *pool;
    Arena **scratch; /* [threads] */
    WorldFrames size;
    size_t clips;
    uint64_t first;
    SoraStatus status;
} Making;

static void make_one(void *ctx, size_t i, int worker)
{
    Making *m = ctx;
    Arena *a = m->scratch[worker];
    ArenaMark mark = arena_mark(a);
    uint64_t seed = m->first + i;
    WorldOptions o = { .image = m->size.frames == 1,
                       .seconds = m->size.frames > 1 ? (double)m->size.frames / m->size.fps : 0 };
    Facts facts, named;
    Clip clip;
    WorldState state;
    world_sample(m->world, seed, &o, &facts);
    SoraStatus s = world_render(m->world, &facts, seed, &m->size, a, &clip, &state);
    if (s == SORA_OK) s = naming_to_words(m->world, m->lexicon, &facts, &named);
    if (s == SORA_OK) {
        CaptionView view = world_seen(m->world, &facts, &state);
        CaptionStyle style;
        caption_mix(seed, &style);
        caption_write(m->lexicon, &named, &view, &style, arena_alloc(a, CAPTION_SIZE_MAX), NULL);
    } else {
        m->status = s;
    }
    arena_rewind(a, mark);
}

/* Other clips each time: what is drawn costs more or less. */
static void make_all(void *ctx)
{
    Making *m = ctx;
    parallel_for(m->pool, m->clips, make_one, m);
    m->first += m->clips;
}

static SoraStatus measure(Bench *b, Making *m)
{
    static const struct {
        size_t side, frames, clips;
    } SHAPE[] = { { 64, 1, 512 }, { 64, 25, 128 }, { 128, 25, 48 }, { 256, 25, 16 } };
    for (size_t i = 0; i < sizeof SHAPE / sizeof *SHAPE; i++) {
        char name[64];
        m->size = (WorldFrames){ SHAPE[i].frames, SHAPE[i].side, SHAPE[i].side, 12 };
        m->clips = SHAPE[i].clips;
        m->first = 0;
        snprintf(name, sizeof name, "%zux%zux%zu, %zu clips", m->size.width, m->size.height,
                 m->size.frames, m->clips);
        BenchShape shape = { .group = "world", .name = name, .items = (double)m->clips };
        bench_compare(b, &shape, &(BenchContestant){ "sora", make_all, NULL, m }, 1);
        TRY(m->status);
    }
    return SORA_OK;
}

static SoraStatus run(Bench *b)
{
    World *world = NULL;
    Arena *a = arena_new("bench", 0);
    Making m = { 0 };
    SoraStatus s = lexicon_builtin(a, &m.lexicon);
    if (s == SORA_OK) s = world_open(CAST, &world);
    if (s == SORA_OK) s = pool_new(b->threads, &m.pool);
    if (s == SORA_OK) {
        int threads = pool_threads(m.pool);
        m.world = world;
        m.scratch = arena_alloc(a, (size_t)threads * sizeof *m.scratch);
        for (int i = 0; i < threads; i++) m.scratch[i] = arena_new("clips", 0);
        s = measure(b, &m);
        for (int i = 0; i < threads; i++) arena_free(m.scratch[i]);
    }
    pool_free(m.pool);
    world_close(world);
    arena_free(a);
    return s;
}

const BenchGroup bench_world = { "world", "clips of the world with captions, per second", run };
