#define _GNU_SOURCE
#include "base/pool.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Workers spin for the next region before they sleep, because the regions of a training step are
 * microseconds apart. */
enum { SPINS = 2000, SPINS_PATIENT = 20000, CACHE_LINE = 64 };

/* A region is a generation number, whether it is closed, and how many workers are in it, in one
 * word: a worker that the system wakes too late finds the region closed and is not waited for. */
#define REGION_CLOSED (UINT64_C(1) << 31)
#define REGION_INSIDE (REGION_CLOSED - 1)

typedef struct Worker {
    Pool *pool;
    int index;
    pthread_t thread;
} Worker;

struct Pool {
    int threads;
    atomic_int spins;
    Worker *workers; /* threads - 1 of them */
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    size_t count; /* of the region, as fn and ctx: what is only read in it ... */
    PoolFn fn;
    void *ctx;
    bool quit;
    bool (*asked)(void *self);
    void *asked_self;
    double asked_s; /* when it was called last */
    atomic_bool stopped;
    atomic_int sleeping; /* workers that wait for `wake` */
    /* ... stands on other lines of the cache than what every task writes. */
    _Alignas(CACHE_LINE) _Atomic uint64_t region;
    _Alignas(CACHE_LINE) atomic_size_t next;
};

static const double ASK_EVERY_S = 0.05;

/* May the next piece begin? Worker 0 is the thread that may ask. */
static bool goes_on(Pool *p, int worker)
{
    if (atomic_load_explicit(&p->stopped, memory_order_relaxed)) return false;
    if (worker || !p->asked) return true;
    double now = clock_now_s();
    if (now - p->asked_s < ASK_EVERY_S) return true;
    p->asked_s = now;
    if (!p->asked(p->asked_self)) return true;
    atomic_store(&p->stopped, true);
    return false;
}

static void drain(Pool *p, int worker)
{
    for (size_t i; (i = atomic_fetch_add(&p->next, 1)) < p->count;)
        if (goes_on(p, worker)) p->fn(p->ctx, i, worker);
}

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Goes into a region that is open and not the one seen last. */
static bool enter(Pool *p, uint32_t *seen)
{
    uint64_t r = atomic_load(&p->region);
    while (r >> 32 != *seen && !(r & REGION_CLOSED)) {
        if (!atomic_compare_exchange_weak(&p->region, &r, r + 1)) continue;
        *seen = (uint32_t)(r >> 32);
        return true;
    }
    return false;
}

static void await_region(Pool *p, uint32_t *seen)
{
    const int spins = atomic_load_explicit(&p->spins, memory_order_relaxed);
    for (int i = 0; i < spins; i++, pause_briefly())
        if (enter(p, seen)) return;
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->sleeping, 1);
    while (!enter(p, seen)) pthread_cond_wait(&p->wake, &p->lock);
    atomic_fetch_sub(&p->sleeping, 1);
    pthread_mutex_unlock(&p->lock);
}

static void *worker_main(void *arg)
{
    Worker *w = arg;
    Pool *p = w->pool;
    for (uint32_t seen = 0;;) {
        await_region(p, &seen);
        if (p->quit) return NULL;
        drain(p, w->index);
        uint64_t r = atomic_fetch_sub(&p->region, 1) - 1;
        if (!(r & REGION_CLOSED) || (r & REGION_INSIDE)) continue;
        pthread_mutex_lock(&p->lock);
        pthread_cond_signal(&p->done);
        pthread_mutex_unlock(&p->lock);
    }
}

static void announce(Pool *p)
{
    uint32_t generation = (uint32_t)(atomic_load(&p->region) >> 32) + 1;
    atomic_store(&p->region, (uint64_t)generation << 32);
    if (!atomic_load(&p->sleeping)) return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void parallel_for(Pool *p, size_t count, PoolFn fn, void *ctx)
{
    if (!p || p->threads == 1 || count <= 1) {
        for (size_t i = 0; i < count; i++)
            if (!p || goes_on(p, 0)) fn(ctx, i, 0);
        return;
    }
    p->fn = fn;
    p->ctx = ctx;
    p->count = count;
    atomic_store(&p->next, 0);
    announce(p);
    drain(p, 0);
    if (!(atomic_fetch_or(&p->region, REGION_CLOSED) & REGION_INSIDE)) return;
    const int spins = atomic_load_explicit(&p->spins, memory_order_relaxed);
    for (int i = 0; i < spins; i++, pause_briefly())
        if (!(atomic_load(&p->region) & REGION_INSIDE)) return;
    pthread_mutex_lock(&p->lock);
    while (atomic_load(&p->region) & REGION_INSIDE) pthread_cond_wait(&p->done, &p->lock);
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
    Pool *p = aligned_alloc(CACHE_LINE, sizeof *p);
    Worker *w = calloc((size_t)wanted, sizeof *w);
    if (!p || !w) {
        free(p);
        free(w);
        return err_set(SORA_E_MEMORY, "no memory for a pool of %d threads", wanted);
    }
    memset(p, 0, sizeof *p);
    p->threads = 1;
    atomic_init(&p->spins, SPINS);
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

void pool_watch(Pool *p, bool (*asked)(void *self), void *self)
{
    p->asked = asked;
    p->asked_self = self;
    atomic_store(&p->stopped, false);
}

SoraStatus pool_status(const Pool *p)
{
    return p && atomic_load(&p->stopped) ? SORA_CANCELLED : SORA_OK;
}

SoraStatus pool_unwatch(Pool *p, SoraStatus s)
{
    SoraStatus stopped = pool_status(p);
    pool_watch(p, NULL, NULL);
    return stopped != SORA_OK ? stopped : s;
}

void pool_be_patient(Pool *p)
{
    atomic_store_explicit(&p->spins, SPINS_PATIENT, memory_order_relaxed);
}

int pool_threads(const Pool *p)
{
    return p ? p->threads : 1;
}
