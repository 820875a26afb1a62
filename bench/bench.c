/* usage: bench [GROUP...] [--quick] [--json] [--threads N] [--only TEXT] [--frames N] */
#define _GNU_SOURCE
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peer.h"
#include "tensor/convert.h"

extern const BenchGroup bench_gemm, bench_gemm_f32, bench_text, bench_train_step, bench_world;
extern const BenchGroup bench_attention, bench_attention_bwd, bench_conv3d, bench_conv3d_f32;
extern const BenchGroup bench_wan;
extern const BenchGroup bench_int8;

static const BenchGroup *const groups[] = {
    &bench_gemm,   &bench_gemm_f32,   &bench_attention, &bench_attention_bwd,
    &bench_conv3d, &bench_conv3d_f32, &bench_text,      &bench_train_step,
    &bench_world,  &bench_int8,       &bench_wan,
};
enum { GROUPS = sizeof groups / sizeof *groups };

/* A turn lasts TURN seconds at least (short runs are repeated), a shape gets ROUNDS of them,
 * fewer where they take longer than PATIENCE together. Before each turn everybody rests: threads
 * of OpenMP keep looking for work for some milliseconds, at the cost of whoever is next. */
static const double TURN = 0.02, PATIENCE = 20;
static const struct timespec REST = { 0, 10000000 };
enum { ROUNDS = 9, ROUNDS_QUICK = 5, ROUNDS_MIN = 2 };

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

SoraStatus bench_drawn(Type type, size_t n, void **out)
{
    char *p = malloc(n * type_block_bytes(type) + 1);
    if (!p) return err_set(SORA_E_MEMORY, "no memory for %zu values to measure with", n);
    uint32_t state = 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        float x = (float)(int32_t)state * 0x1p-31f;
        if (type == TYPE_F32)
            memcpy(p + 4 * i, &x, 4);
        else
            convert_row(p + i * type_block_bytes(type), type, &x, TYPE_F32, 1);
    }
    *out = p;
    return SORA_OK;
}

static double turn(const BenchContestant *c, int times)
{
    nanosleep(&REST, NULL);
    if (c->timed) return c->timed(c->ctx, times);
    double start = bench_now();
    for (int i = 0; i < times; i++) c->run(c->ctx);
    return bench_now() - start;
}

/* Seconds of one run each, the fastest of the rounds; peak: of the same operations. */
static double measure(Bench *b, const BenchShape *shape, const BenchContestant *contestants,
                      size_t count, double *seconds)
{
    int times[BENCH_CONTESTANTS_MAX];
    double round = 0, peak = INFINITY;
    for (size_t i = 0; i < count; i++) {
        turn(&contestants[i], 1); /* the first one pays for pages and just-in-time code */
        double once = turn(&contestants[i], 2) / 2;
        times[i] = once < TURN ? (int)ceil(TURN / once) : 1;
        round += once * times[i];
        seconds[i] = INFINITY;
    }
    double rounds = fmin(b->quick ? ROUNDS_QUICK : ROUNDS, fmax(ROUNDS_MIN, PATIENCE / round));
    for (int r = 0; r < (int)rounds; r++) {
        for (size_t i = 0; i < count; i++)
            seconds[i] = fmin(seconds[i], turn(&contestants[i], times[i]) / times[i]);
        if (shape->peak != BENCH_NO_PEAK)
            peak = fmin(peak, bench_peak_seconds(b, shape->peak, shape->operations));
    }
    return peak;
}

static bool same_part(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static BenchMean *mean_of(Bench *b, const BenchShape *shape)
{
    for (int i = 0; i < b->means; i++)
        if (strcmp(b->mean[i].group, shape->group) == 0 && same_part(b->mean[i].part, shape->part))
            return &b->mean[i];
    if (b->means == BENCH_MEANS_MAX) return NULL;
    b->mean[b->means] = (BenchMean){ .group = shape->group, .part = shape->part };
    return &b->mean[b->means++];
}

static void add_to_mean(BenchMean *m, const char *peer, double ratio)
{
    size_t i = 0;
    while (i < BENCH_CONTESTANTS_MAX && m->peer[i] && strcmp(m->peer[i], peer) != 0) i++;
    if (i == BENCH_CONTESTANTS_MAX || !isfinite(ratio)) return;
    m->peer[i] = peer;
    m->ratio[i] += log(ratio);
    m->count[i]++;
}

/* Geometric means; beside JSON on standard error. */
static void print_means(const Bench *b)
{
    FILE *to = b->json ? stderr : stdout;
    for (int i = 0; i < b->means; i++) {
        const BenchMean *m = &b->mean[i];
        fprintf(to, "%-13s geometric mean of %d shapes%s%s:", m->group, m->shapes,
                m->part ? ", " : "", m->part ? m->part : "");
        if (m->peak_share != 0)
            fprintf(to, " %.0f%% of peak", 100 * exp(m->peak_share / m->shapes));
        for (size_t k = 0; k < BENCH_CONTESTANTS_MAX && m->peer[k]; k++)
            fprintf(to, "  %s %.2fx", m->peer[k], exp(m->ratio[k] / m->count[k]));
        fprintf(to, "\n");
    }
}

bool bench_wants(const Bench *b, const char *shape)
{
    return !b->only || strstr(shape, b->only);
}

void bench_compare(Bench *b, const BenchShape *shape, const BenchContestant *contestants,
                   size_t count)
{
    double seconds[BENCH_CONTESTANTS_MAX];
    if (!bench_wants(b, shape->name)) return;
    double peak = measure(b, shape, contestants, count, seconds);
    BenchMean *mean = mean_of(b, shape);
    if (mean) {
        mean->shapes++;
        if (shape->peak != BENCH_NO_PEAK) mean->peak_share += log(peak / seconds[0]);
        for (size_t i = 1; i < count; i++)
            add_to_mean(mean, contestants[i].name, seconds[i] / seconds[0]);
    }
    if (b->json) {
        printf("{\"group\":\"%s\",\"shape\":\"%s\",\"ours\":%.6g,\"peers\":{", shape->group,
               shape->name, seconds[0]);
        for (size_t i = 1; i < count; i++)
            printf("%s\"%s\":%.6g", i > 1 ? "," : "", contestants[i].name, seconds[i]);
        printf("}");
        if (shape->items > 0) printf(",\"per_second\":%.6g", shape->items / seconds[0]);
        if (shape->peak != BENCH_NO_PEAK) printf(",\"peak_share\":%.3f", peak / seconds[0]);
        printf("}\n");
    } else {
        printf("%-12s %-34s %9.3f ms", shape->group, shape->name, seconds[0] * 1e3);
        if (shape->operations > 0) printf(" %7.1f Gop/s", shape->operations / seconds[0] * 1e-9);
        if (shape->items > 0) printf(" %9.1f/s", shape->items / seconds[0]);
        if (shape->peak != BENCH_NO_PEAK) printf("  %3.0f%% of peak", 100 * peak / seconds[0]);
        for (size_t i = 1; i < count; i++)
            printf("   %s %.2fx", contestants[i].name, seconds[i] / seconds[0]);
        printf("\n");
    }
    fflush(stdout);
}

static const BenchGroup *group_named(const char *name)
{
    for (size_t i = 0; i < GROUPS; i++)
        if (strcmp(groups[i]->name, name) == 0) return groups[i];
    return NULL;
}

static int usage(FILE *to)
{
    fprintf(to, "usage: bench [GROUP...] [--quick] [--json] [--threads N] [--only TEXT]\n"
                "             [--frames N]\n"
                "Prints our time, how much of the machine's measured peak that is, and how many\n"
                "times longer each peer takes (--json: seconds, one object a line).\n");
    for (size_t i = 0; i < GROUPS; i++)
        fprintf(to, "  %-14s %s\n", groups[i]->name, groups[i]->about);
    return to == stderr ? 2 : 0;
}

static void print_machine(const Bench *b)
{
    double f32 = bench_peak_seconds(b, BENCH_PEAK_F32, 1e9);
    double bf16 = bench_peak_seconds(b, BENCH_PEAK_BF16, 1e9);
    fprintf(stderr, "bench: %s, %d threads, measured peak f32 %.0f, bf16 %.0f Gop/s\n",
            cpu_level_name(b->compute->level), b->threads, f32 > 0 ? 1 / f32 : 0,
            bf16 > 0 ? 1 / bf16 : 0);
}

static SoraStatus run(Bench *b, const BenchGroup *const *chosen, size_t count)
{
    Pool *pool = NULL;
    TRY(pool_new(b->threads, &pool));
    b->threads = pool_threads(pool);
    SoraStatus status = compute_new(pool, NULL, &b->compute);
    if (status == SORA_OK && b->compute->note) fprintf(stderr, "bench: %s\n", b->compute->note);
    if (status == SORA_OK) b->torch = peer_start(b->threads);
    if (status == SORA_OK) print_machine(b);
    for (size_t i = 0; i < count && status == SORA_OK; i++) status = chosen[i]->run(b);
    print_means(b);
    peer_stop(b->torch);
    compute_free(b->compute);
    pool_free(pool);
    return status;
}

int main(int argc, char **argv)
{
    Bench b = { 0 };
    const BenchGroup *chosen[GROUPS];
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        const BenchGroup *named = group_named(argv[i]);
        if (strcmp(argv[i], "--quick") == 0)
            b.quick = true;
        else if (strcmp(argv[i], "--json") == 0)
            b.json = true;
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            b.threads = atoi(argv[++i]);
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            b.only = argv[++i];
        else if (strcmp(argv[i], "--frames") == 0 && i + 1 < argc && atoi(argv[i + 1]) > 0)
            b.frames = (size_t)atoi(argv[++i]);
        else if (named && count < GROUPS)
            chosen[count++] = named;
        else
            return usage(strcmp(argv[i], "--help") == 0 ? stdout : stderr);
    }
    if (count == 0) {
        memcpy(chosen, groups, sizeof groups);
        count = GROUPS;
    }
    if (run(&b, chosen, count) == SORA_OK) return 0;
    fprintf(stderr, "bench: %s\n", err_text());
    return 1;
}
