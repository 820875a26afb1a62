/* One pool of threads behind parallel_for. Work is cut by size, never by the number of threads,
 * so results are the same on 1 and 64 threads. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct Pool Pool;

enum { POOL_THREADS_MAX = 256 };

/* `threads` in all, the caller's own counted; 0: as many as the process may run on. */
SoraStatus pool_new(int threads, Pool **out);
void pool_free(Pool *p); /* NULL is fine */

/* Idle threads stay awake for about two milliseconds, not a fifth of one: for hours of work beside
 * other programs, where a core that was given away comes back late (beside one busy process a
 * training step took half as long again without). */
void pool_be_patient(Pool *p);

/* 1 for NULL: every function that takes a Pool takes NULL and then runs on the caller alone. */
int pool_threads(const Pool *p);

/* Calls fn(ctx, i, worker) for every i in [0, count), each once, in any order and on any thread,
 * and returns when all are done. `worker` is in [0, pool_threads) and no two calls that run at
 * the same time share it: it picks scratch memory, and must not influence results.
 * fn cannot fail and must not call parallel_for on the same pool. */
typedef void (*PoolFn)(void *ctx, size_t i, int worker);
void parallel_for(Pool *p, size_t count, PoolFn fn, void *ctx);

/* Stopping in the middle of a long computation. `asked` is called now and then between pieces of
 * work, on the thread that called parallel_for. Once it says true, what is left of this region and
 * of all later ones is left out, and results are worthless: whoever would use them asks pool_status
 * first, which is then SORA_CANCELLED. pool_watch begins anew; `asked` NULL: nobody asks. */
void pool_watch(Pool *p, bool (*asked)(void *self), void *self);
SoraStatus pool_status(const Pool *p);
/* Nobody asks any more. Returns what came of the computation: SORA_CANCELLED if it was stopped,
 * otherwise `s`. */
SoraStatus pool_unwatch(Pool *p, SoraStatus s);

#endif
