/* A peer that lives in a process of its own: PyTorch, driven over two pipes (peer_torch.py). */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>

typedef struct BenchPeer BenchPeer;

/* Starts $SORA_BENCH_PYTHON $SORA_BENCH_PEER; NULL when one is not set or torch is missing. */
BenchPeer *peer_start(int threads);
void peer_stop(BenchPeer *p); /* NULL is fine */

/* Tells the peer what to work on from now on, as "NAME ARGUMENTS...": a function prepare_NAME of
 * peer_torch.py. false when there is no peer or it cannot. */
bool peer_prepare(BenchPeer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For BenchContestant.timed, ctx being the peer. */
double peer_timed(void *ctx, int times);

#endif
