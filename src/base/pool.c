#define _GNU_SOURCE
#include "base/pool.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* A region is announced by a new generation number; workers spin briefly for it before they
 * sleep, because the regions of a training step are microseconds apart. */
enum { SPINS = 2000 };

typedef struct Worker {
    Pool *pool;
    int index;
    pthread_t thread;
} Worker;

struct Pool {
    int threads;
    Worker *workers; /* threads - 1 of them */
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    atomic_uint generation;
    atomic_size_t next;
    atomic_int busy; /* workers that have not left the current region */
    size_t count;
    PoolFn fn;
    void *ctx;
    bool quit;
};

static void drain(Pool *p, int worker)
{
    for (size_t i; (i = atomic_fetch_add(&p->next, 1)) < p->count;) p->fn(p->ctx, i, worker);
}

static unsigned await_region(Pool *p, unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        unsigned g = atomic_load(&p->generation);
        if (g != seen) return g;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    pthread_mutex_lock(&p->lock);
    while (atomic_load(&p->generation) == seen) pthread_cond_wait(&p->wake, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return atomic_load(&p->generation);
}

static void *worker_main(void *arg)
{
    Worker *w = arg;
    Pool *p = w->pool;
    for (unsigned seen = 0;;) {
        seen = await_region(p, seen);
        if (p->quit) return NULL;
        drain(p, w->index);
        if (atomic_fetch_sub(&p->busy, 1) == 1) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->done);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

static void announce(Pool *p)
{
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->generation, 1);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void parallel_for(Pool *p, size_t count, PoolFn fn, void *ctx)
{
    if (!p || p->threads == 1 || count <= 1) {
        for (size_t i = 0; i < count; i++) fn(ctx, i, 0);
        return;
    }
    p->fn = fn;
    p->ctx = ctx;
    p->count = count;
    atomic_store(&p->next, 0);
    atomic_store(&p->busy, p->threads - 1);
    announce(p);
    drain(p, 0);
    for (int i = 0; i < SPINS && atomic_load(&p->busy); i++) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    if (!atomic_load(&p->busy)) return;
    pthread_mutex_lock(&p->lock);
    while (atomic_load(&p->busy)) pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static int cpus_allowed(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int n = CPU_COUNT(&set);
    return n < POOL_THREADS_MAX ? n : POOL_THREADS_MAX;
}

SoraStatus pool_new(int threads, Pool **out)
{
    if (threads < 0 || threads > POOL_THREADS_MAX)
        return err_set(SORA_E_ARGUMENT, "%d threads: expected 1 to %d, or 0 for all cores", threads,
                       POOL_THREADS_MAX);
    int wanted = threads ? threads : cpus_allowed();
    Pool *p = calloc(1, sizeof *p);
    Worker *w = calloc((size_t)wanted, sizeof *w);
    if (!p || !w) {
        free(p);
        free(w);
        return err_set(SORA_E_MEMORY, "no memory for a pool of %d threads", wanted);
    }
    p->threads = 1;
    p->workers = w;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->done, NULL);
    for (int i = 0; i < wanted - 1; i++) {
        w[i] = (Worker){ .pool = p, .index = i + 1 };
        if (pthread_create(&w[i].thread, NULL, worker_main, &w[i]) != 0) {
            pool_free(p);
            return err_set(SORA_E_MEMORY, "the system refused thread %d of %d", i + 2, wanted);
        }
        p->threads++;
    }
    *out = p;
    return SORA_OK;
}

void pool_free(Pool *p)
{
    if (!p) return;
    p->quit = true;
    announce(p);
    for (int i = 0; i < p->threads - 1; i++) pthread_join(p->workers[i].thread, NULL);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->wake);
    pthread_cond_destroy(&p->done);
    free(p->workers);
    free(p);
}

int pool_threads(const Pool *p)
{
    return p ? p->threads : 1;
}
