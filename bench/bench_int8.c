/* Products with weights in Q8_0: in whole numbers (tensor/gemm_int8.h) where the level has them,
 * beside the same with the weights decoded to what the level multiplies else. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "tensor/gemm.h"
#include "tensor/quant.h"

typedef struct Work {
    Compute c;
    GemmCall call;
} Work;

static void multiply(void *ctx)
{
    const Work *w = ctx;
    gemm(&w->c, &w->call);
}

static SoraStatus measure(Bench *b, size_t m, size_t n, size_t k)
{
    void *x = NULL, *w = NULL, *y = NULL;
    void *blocks = malloc(n * k / 32 * type_block_bytes(TYPE_Q8_0));
    SoraStatus status = blocks ? SORA_OK : err_set(SORA_E_MEMORY, "no memory for a weight");
    if (status == SORA_OK) status = bench_drawn(TYPE_BF16, m * k, &x);
    if (status == SORA_OK) status = bench_drawn(TYPE_F32, n * k, &w);
    if (status == SORA_OK) status = bench_drawn(TYPE_F32, m * n, &y);
    if (status == SORA_OK) {
        char name[96];
        quant_encode(blocks, TYPE_Q8_0, w, n * k);
        Work whole = { .c = *b->compute, .call = { .m = m, .n = n, .k = k } };
        whole.call.a = (GemmMatrix){ .data = x, .type = TYPE_BF16, .stride = k };
        whole.call.b = (GemmMatrix){ blocks, TYPE_Q8_0, k, true, NULL };
        whole.call.c = y, whole.call.c_type = TYPE_F32, whole.call.c_stride = n;
        Work decoded = whole;
        whole.c.int8 = true;
        snprintf(name, sizeof name, "%zu x %zu x %zu", m, n, k);
        bench_compare(
            b,
            &(BenchShape){ .group = "int8",
                           .name = name,
                           .operations = 2.0 * (double)m * (double)n * (double)k },
            (BenchContestant[]){ { .name = "ours", .run = multiply, .ctx = &whole },
                                 { .name = "decoded", .run = multiply, .ctx = &decoded } },
            2);
    }
    free(x);
    free(w);
    free(y);
    free(blocks);
    return status;
}

static SoraStatus run(Bench *b)
{
    TRY(measure(b, 1560, 1536, 1536)); /* Wan 1.3B */
    TRY(measure(b, 1560, 8960, 1536));
    TRY(measure(b, 1560, 1536, 8960));
    return measure(b, 512, 10240, 4096); /* umT5 */
}

const BenchGroup bench_int8 = { "int8", "products with Q8_0 weights, whole and decoded", run };
