/* Clips of the world for a suite: drawn by number, so that everybody is asked the same. */
#ifndef EVAL_DRAW_H
#define EVAL_DRAW_H

#include "base/pool.h"
#include "words/caption.h"
#include "world/world.h"

/* NULL, or told how much is done; anything but 0 stops with SORA_CANCELLED. */
typedef struct Progress {
    int (*fn)(void *self, double done, double total);
    void *self;
} Progress;

SoraStatus draw_progress(const Progress *p, double done, double total);

typedef struct DrawOptions {
    const World *world;
    const Lexicon *lexicon;
    WorldOptions pick; /* seconds and image follow the size */
    WorldFrames size;
    uint64_t seed;
} DrawOptions;

typedef struct Drawn {
    Facts facts;  /* numbered as the lexicon does */
    Facts placed; /* as the world does */
    CaptionView view;
    Clip clip;
    WorldState state;
} Drawn;

/* Facts number `i`. */
SoraStatus draw_facts(const DrawOptions *o, uint64_t i, Facts *placed, Facts *named);

/* Renders facts (numbered as the world does) as clip number `i` of the draw. */
SoraStatus draw_render(const DrawOptions *o, const Facts *placed, uint64_t i, Arena *a, Drawn *out);

/* Clips [first, first + count), in parallel, in arenas of their own until draw_free. */
typedef struct DrawBatch {
    size_t count;
    Drawn *clip;
    Arena **arena;
} DrawBatch;
SoraStatus draw_clips(const DrawOptions *o, Pool *pool, uint64_t first, size_t count,
                      DrawBatch *out);
void draw_free(DrawBatch *b); /* a zeroed one is fine */

#endif
