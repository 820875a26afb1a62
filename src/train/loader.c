#include "train/loader.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"

/* One batch: its arenas are kept, one for each example, as examples are made in parallel. */
typedef struct Slot {
    Loaded loaded;
    Arena *arena[LOADER_EXAMPLES_MAX];
    Example example[LOADER_EXAMPLES_MAX];
    SoraStatus status[LOADER_EXAMPLES_MAX];
    char (*sentence)[ERR_TEXT_MAX];
    const Source *source;
} Slot;

struct Loader {
    Source source;
    Pool *pool; /* used by the thread alone */
    Slot slot[2];
    int making; /* the slot that the thread fills, or filled last */
    pthread_t thread;
    bool started; /* the thread exists */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool wanted, quit; /* the thread has something to do */
};

static void make_example(void *ctx, size_t i, int worker)
{
    (void)worker;
    Slot *s = ctx;
    const Source *from = s->source;
    s->example[i] = (Example){ 0 };
    s->status[i] = from->make(from->self, s->loaded.first + i, s->arena[i], &s->example[i]);
    if (s->status[i] != SORA_OK) snprintf(s->sentence[i], ERR_TEXT_MAX, "%s", err_text());
}

static void fill(Loader *l, Slot *s)
{
    Loaded *d = &s->loaded;
    for (size_t i = 0; i < d->asked; i++) {
        if (!s->arena[i]) s->arena[i] = arena_new("example", 0);
        arena_rewind(s->arena[i], (ArenaMark){ 0 });
    }
    parallel_for(l->pool, d->asked, make_example, s);
    d->example = s->example;
    d->made = 0;
    d->failed = SORA_OK;
    for (size_t i = 0; i < d->asked; i++) {
        if (s->status[i] == SORA_OK) {
            s->example[d->made++] = s->example[i];
        } else if (d->failed == SORA_OK) {
            d->failed = s->status[i];
            snprintf(d->sentence, sizeof d->sentence, "%s", s->sentence[i]);
        }
    }
}

static void *loader_main(void *arg)
{
    Loader *l = arg;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->wanted && !l->quit) pthread_cond_wait(&l->changed, &l->lock);
        if (l->quit) break;
        pthread_mutex_unlock(&l->lock);
        fill(l, &l->slot[l->making]);
        pthread_mutex_lock(&l->lock);
        l->wanted = false;
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

SoraStatus loader_new(Source source, int threads, Loader **out)
{
    Loader *l = calloc(1, sizeof *l);
    if (!l) return err_set(SORA_E_MEMORY, "no memory for a loader");
    l->source = source;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    SoraStatus s = pool_new(threads, &l->pool);
    for (int k = 0; k < 2; k++) {
        l->slot[k].sentence = calloc(LOADER_EXAMPLES_MAX, sizeof *l->slot[k].sentence);
        if (!l->slot[k].sentence) s = err_set(SORA_E_MEMORY, "no memory for a loader");
        l->slot[k].source = &l->source;
    }
    if (s == SORA_OK && pthread_create(&l->thread, NULL, loader_main, l) != 0)
        s = err_set(SORA_E_MEMORY, "the system gives no thread for the loader");
    l->started = s == SORA_OK;
    if (s == SORA_OK)
        *out = l;
    else
        loader_free(l);
    return s;
}

static void wait_until_idle(Loader *l)
{
    pthread_mutex_lock(&l->lock);
    while (l->wanted) pthread_cond_wait(&l->changed, &l->lock);
    pthread_mutex_unlock(&l->lock);
}

void loader_free(Loader *l)
{
    if (!l) return;
    if (l->started) {
        wait_until_idle(l);
        pthread_mutex_lock(&l->lock);
        l->quit = true;
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
        pthread_join(l->thread, NULL);
    }
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < LOADER_EXAMPLES_MAX; i++) arena_free(l->slot[k].arena[i]);
        free(l->slot[k].sentence);
    }
    pool_free(l->pool);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

void loader_start(Loader *l, uint64_t first, size_t count)
{
    wait_until_idle(l);
    l->making = !l->making;
    Loaded *d = &l->slot[l->making].loaded;
    d->first = first;
    d->asked = size_min(count, LOADER_EXAMPLES_MAX);
    pthread_mutex_lock(&l->lock);
    l->wanted = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

const Loaded *loader_take(Loader *l, uint64_t first, size_t count)
{
    wait_until_idle(l);
    const Loaded *d = &l->slot[l->making].loaded;
    if (d->first != first || d->asked != count) loader_start(l, first, count);
    wait_until_idle(l);
    return &l->slot[l->making].loaded;
}
