/* Matrix products: linear layers forward (nt, X W^T), the gradients of their inputs (nn, dY W) and
 * of their weights (tn, dY^T X), in bf16 with f32 sums, and in f32. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "peer.h"
#include "peer_blas.h"
#include "tensor/gemm.h"

typedef struct Linear {
    size_t in, out;
} Linear;

static void ours(void *ctx)
{
    const void *const *both = ctx;
    gemm(both[0], both[1]);
}

/* All contestants on one product whose operands are there. */
static void compare(Bench *b, const char *group, const char *part, const char *form,
                    const GemmCall *g)
{
    char name[96];
    const char *kind = g->precision == GEMM_BF16 ? "bf16" : "f32";
    snprintf(name, sizeof name, "%s %zux%zux%zu", form, g->m, g->n, g->k);
    const void *both[] = { b->compute, g };
    BenchContestant runs[BENCH_CONTESTANTS_MAX] = { { .name = "ours", .run = ours, .ctx = both } };
    size_t count = 1;
    PeerBlas *peers[] = { peer_onednn(b, g), peer_onednn3(b, g), peer_openblas(b, g) };
    enum { PEERS = sizeof peers / sizeof *peers };
    for (size_t i = 0; i < PEERS; i++)
        if (peers[i]) runs[count++] = peer_blas_contestant(peers[i]);
    if (peer_prepare(b->torch, "gemm %s %s %zu %zu %zu", kind, form, g->m, g->n, g->k))
        runs[count++] = (BenchContestant){ "pytorch", NULL, peer_timed, b->torch };
    bench_compare(
        b,
        &(BenchShape){ .group = group,
                       .part = part,
                       .name = name,
                       .operations = 2.0 * (double)g->m * (double)g->n * (double)g->k,
                       .peak = g->precision == GEMM_BF16 ? BENCH_PEAK_BF16 : BENCH_PEAK_F32 },
        runs, count);
    for (size_t i = 0; i < PEERS; i++) peer_blas_free(peers[i]);
}

static SoraStatus product(Bench *b, const char *part, const char *form, size_t m, size_t n,
                          size_t k, GemmPrecision precision)
{
    Type type = precision == GEMM_BF16 ? TYPE_BF16 : TYPE_F32;
    bool a_turned = form[0] == 't', b_turned = form[1] == 't';
    void *x = NULL, *w = NULL, *y = NULL;
    SoraStatus status = bench_drawn(type, m * k, &x);
    if (status == SORA_OK) status = bench_drawn(type, k * n, &w);
    if (status == SORA_OK) status = bench_drawn(type, m * n, &y);
    if (status == SORA_OK)
        compare(b, precision == GEMM_BF16 ? "gemm" : "gemm_f32", part, form,
                &(GemmCall){ .m = m,
                             .n = n,
                             .k = k,
                             .a = { x, type, a_turned ? m : k, a_turned },
                             .b = { w, type, b_turned ? k : n, b_turned },
                             .c = y,
                             .c_type = type,
                             .c_stride = n,
                             .precision = precision });
    free(x);
    free(w);
    free(y);
    return status;
}

/* The reference model: width 256, SwiGLU of 704, 768 + 4 inputs. */
static const Linear model[] = {
    { 256, 256 }, { 256, 768 }, { 256, 1408 }, { 704, 256 }, { 772, 256 }
};

/* Wan 2.1, 1.3B and 14B: width 1536 and 5120, feed-forward 8960 and 13824. */
static const Linear wan[] = { { 1536, 1536 }, { 1536, 8960 },  { 8960, 1536 },
                              { 5120, 5120 }, { 5120, 13824 }, { 13824, 5120 } };

static SoraStatus model_linears(Bench *b, GemmPrecision precision, size_t tokens)
{
    for (size_t i = 0; i < sizeof model / sizeof *model; i++) {
        Linear l = model[i];
        TRY(product(b, "reference", "nt", tokens, l.out, l.in, precision));
        TRY(product(b, "reference", "nn", tokens, l.in, l.out, precision));
        TRY(product(b, "reference", "tn", l.out, l.in, tokens, precision));
    }
    return SORA_OK;
}

static SoraStatus all(Bench *b, GemmPrecision precision)
{
    TRY(model_linears(b, precision, 448));
    TRY(model_linears(b, precision, 2048));
    if (!b->quick) TRY(model_linears(b, precision, 8192));
    for (size_t i = 0; i < sizeof wan / sizeof *wan; i++) {
        TRY(product(b, "wan", "nt", 1560, wan[i].out, wan[i].in, precision));
        if (!b->quick) TRY(product(b, "wan", "nt", 32760, wan[i].out, wan[i].in, precision));
    }
    return SORA_OK;
}

static SoraStatus run_bf16(Bench *b)
{
    return all(b, GEMM_BF16);
}

static SoraStatus run_f32(Bench *b)
{
    return all(b, GEMM_F32);
}

const BenchGroup bench_gemm = { "gemm", "matrix products in bf16", run_bf16 };
const BenchGroup bench_gemm_f32 = { "gemm_f32", "matrix products in f32", run_f32 };
