/* Benchmarks against other people's programs. A group (one file, one entry in the table of
 * bench.c) measures shapes; for each it hands over contestants, ours first, which take turns for
 * several rounds, and the fastest turn of each counts: on a shared machine noise only adds. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "tensor/compute.h"
#include "tensor/tensor.h"

typedef struct BenchPeer BenchPeer; /* peer.h */

enum { BENCH_CONTESTANTS_MAX = 8, BENCH_MEANS_MAX = 32 };

/* Over the shapes of a part of a group: logarithms of ratios. */
typedef struct BenchMean {
    const char *group, *part; /* part NULL: all of it */
    int shapes;
    double peak_share;
    const char *peer[BENCH_CONTESTANTS_MAX];
    double ratio[BENCH_CONTESTANTS_MAX];
    int count[BENCH_CONTESTANTS_MAX];
} BenchMean;

typedef struct Bench {
    Compute *compute;
    int threads;
    bool quick, json;
    const char *only; /* shapes whose names have this in them; NULL: all */
    size_t frames;    /* of Wan's videos; 0: what the group measures by itself */
    BenchPeer *torch; /* NULL: not installed */
    BenchMean mean[BENCH_MEANS_MAX];
    int means;
} Bench;

typedef struct BenchGroup {
    const char *name, *about;
    SoraStatus (*run)(Bench *b);
} BenchGroup;

/* Somebody who does the work: `run` once, or, for another process that has its own clock, `timed`
 * says the seconds that `times` turns took. */
typedef struct BenchContestant {
    const char *name;
    void (*run)(void *ctx);
    double (*timed)(void *ctx, int times);
    void *ctx;
} BenchContestant;

/* What the processor can do at most: multiply-adds of f32, or of bf16 (AMX, where that is the
 * level, else AVX-512). */
typedef enum BenchPeak { BENCH_NO_PEAK, BENCH_PEAK_F32, BENCH_PEAK_BF16 } BenchPeak;

typedef struct BenchShape {
    const char *group, *part, *name; /* part: of the group, for the means; NULL: it has none */
    double operations;               /* of one turn; 2 for a multiply-add */
    BenchPeak peak;
    double items; /* clips, prompts ... of one turn, for a rate; 0: none */
} BenchShape;

/* Measures and prints one line; ours is contestants[0]. */
void bench_compare(Bench *b, const BenchShape *shape, const BenchContestant *contestants,
                   size_t count);

/* Was this shape asked for (--only)? */
bool bench_wants(const Bench *b, const char *shape);

double bench_now(void); /* seconds */

/* Seconds that `operations` take at the measured peak of all threads (peak.c). */
double bench_peak_seconds(const Bench *b, BenchPeak peak, double operations);

/* n pseudorandom values in [-1, 1) of a plain type; NULL and a sentence when memory runs out. */
SoraStatus bench_drawn(Type type, size_t n, void **out);

#endif
