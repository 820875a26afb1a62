/* Matrix products of oneDNN and OpenBLAS, where this build found them. */
#ifndef BENCH_PEER_BLAS_H
#define BENCH_PEER_BLAS_H

#include "bench.h"
#include "tensor/gemm.h"

/* A contestant that computes what `g` says, without its epilogue, into `c`, prepared once; free
 * it with peer_blas_free. NULL (and nothing to free) where the library is missing or cannot. */
typedef struct PeerBlas PeerBlas;
struct PeerBlas {
    const char *name;
    void (*run)(void *peer);
    void (*free)(PeerBlas *p); /* of the state; NULL: there is none */
    GemmCall call;
    void *state;
};
PeerBlas *peer_onednn(const Bench *b, const GemmCall *g);  /* 2.x, Debian's */
PeerBlas *peer_onednn3(const Bench *b, const GemmCall *g); /* 3.x, PyPI's */
PeerBlas *peer_openblas(const Bench *b, const GemmCall *g);
BenchContestant peer_blas_contestant(PeerBlas *p);
void peer_blas_free(PeerBlas *p); /* NULL is fine */

#endif
