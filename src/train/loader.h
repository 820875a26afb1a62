/* The loader: makes the examples of the next batch on threads of its own while the caller works
 * on this one. Which examples come out depends on what was asked for alone, never on timing. */
#ifndef TRAIN_LOADER_H
#define TRAIN_LOADER_H

#include "base/pool.h"
#include "train/source.h"

enum { LOADER_EXAMPLES_MAX = 1024 };

/* Examples [first, first + asked) of a source, those that could be made, in order. */
typedef struct Loaded {
    uint64_t first;
    size_t asked, made;
    Example *example;            /* [made] */
    SoraStatus failed;           /* SORA_OK, or what the first that could not be made said ... */
    char sentence[ERR_TEXT_MAX]; /* ... and its sentence */
} Loaded;

typedef struct Loader Loader;

/* `threads` as in pool_new. */
SoraStatus loader_new(Source source, int threads, Loader **out);
void loader_free(Loader *l); /* NULL is fine */

/* Starts to make examples in the background; at most LOADER_EXAMPLES_MAX. */
void loader_start(Loader *l, uint64_t first, size_t count);

/* Waits for them, and makes them if nobody started to; count > 0. The result lives until the
 * second loader_start from here: one batch is used while the next is made. */
const Loaded *loader_take(Loader *l, uint64_t first, size_t count);

#endif
