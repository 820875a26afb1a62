/* Attention without a mask in bf16: forward, and forward and backward, at the sizes of the
 * reference model (a packed batch, to itself and to its text) and of Wan, whose heads are 128 wide.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "peer.h"
#include "tensor/attention.h"

typedef struct Shape {
    const char *part;
    size_t sequences, queries, keys, heads, head_dim;
    bool quick; /* also in a quick run */
} Shape;

static const Shape forward_shapes[] = {
    { "reference", 16, 448, 448, 4, 64, true }, { "reference", 16, 448, 32, 4, 64, true },
    { "reference", 1, 448, 448, 4, 64, true },  { "wan", 1, 1560, 1560, 12, 128, true },
    { "wan", 1, 1560, 512, 12, 128, true },     { "wan", 1, 8192, 8192, 4, 128, false },
    { "wan", 1, 32760, 32760, 2, 128, false },
};
static const Shape backward_shapes[] = {
    { "reference", 16, 448, 448, 4, 64, true },
    { "reference", 16, 448, 32, 4, 64, true },
    { "wan", 1, 1560, 1560, 12, 128, true },
    { "wan", 1, 4096, 4096, 4, 128, false },
};

typedef struct Work {
    const Compute *c;
    AttentionCall call;
    AttentionGrad grad;
} Work;

static void forward(void *ctx)
{
    Work *w = ctx;
    attention_forward(w->c, &w->call);
}

static void both(void *ctx)
{
    Work *w = ctx;
    attention_forward(w->c, &w->call);
    attention_backward(w->c, &w->call, &w->grad);
}

static const size_t *starts(Arena *a, size_t sequences, size_t length)
{
    size_t *start = arena_alloc(a, (sequences + 1) * sizeof *start);
    for (size_t i = 0; i <= sequences; i++) start[i] = i * length;
    return start;
}

/* Products of [queries, keys] by head_dim: two forward; backward computes the scores again and has
 * four more. */
static double operations(const Shape *s, bool back)
{
    double one = 2.0 * (double)s->sequences * (double)s->queries * (double)s->keys *
                 (double)s->heads * (double)s->head_dim;
    return one * (back ? 7 : 2);
}

static void compare(Bench *b, const Shape *s, Work *w, bool back)
{
    char name[96];
    snprintf(name, sizeof name, "%zu x %zu to %zu tokens, %zu heads of %zu", s->sequences,
             s->queries, s->keys, s->heads, s->head_dim);
    BenchContestant runs[2] = { { .name = "ours", .run = back ? both : forward, .ctx = w } };
    size_t count = 1;
    if (peer_prepare(b->torch, "attention %s %zu %zu %zu %zu %zu", back ? "both" : "forward",
                     s->sequences, s->queries, s->keys, s->heads, s->head_dim))
        runs[count++] = (BenchContestant){ "pytorch", NULL, peer_timed, b->torch };
    bench_compare(b,
                  &(BenchShape){ .group = back ? "attention_bwd" : "attention",
                                 .part = s->part,
                                 .name = name,
                                 .operations = operations(s, back),
                                 .peak = BENCH_PEAK_BF16 },
                  runs, count);
}

static SoraStatus measure(Bench *b, const Shape *s, bool back)
{
    size_t width = s->heads * s->head_dim;
    size_t q = s->sequences * s->queries * width, k = s->sequences * s->keys * width;
    void *x[8] = { 0 };
    SoraStatus status = SORA_OK;
    for (size_t i = 0; i < 8 && status == SORA_OK; i++) /* q, out, dout, dq, then k, v, dk, dv */
        status = bench_drawn(TYPE_BF16, i < 4 ? q : k, &x[i]);
    Arena *a = arena_new("bench", 0);
    if (status == SORA_OK && !a) status = err_set(SORA_E_MEMORY, "no memory to measure with");
    if (status == SORA_OK) {
        Work w = { .c = b->compute };
        w.call = (AttentionCall){ .heads = s->heads,
                                  .head_dim = s->head_dim,
                                  .scale = 0.1f,
                                  .sequences = s->sequences,
                                  .q_start = starts(a, s->sequences, s->queries),
                                  .k_start = starts(a, s->sequences, s->keys),
                                  .type = TYPE_BF16,
                                  .q = x[0],
                                  .out = x[1],
                                  .k = x[4],
                                  .v = x[5],
                                  .q_stride = width,
                                  .k_stride = width,
                                  .v_stride = width,
                                  .out_stride = width };
        if (back)
            w.call.lse = arena_alloc(a, s->heads * s->sequences * s->queries * sizeof *w.call.lse);
        w.grad = (AttentionGrad){
            .dout = x[2], .dq = x[3], .dk = x[6], .dv = x[7], .type = TYPE_BF16, .scratch = a
        };
        compare(b, s, &w, back);
    }
    arena_free(a);
    for (size_t i = 0; i < 8; i++) free(x[i]);
    return status;
}

static SoraStatus all(Bench *b, const Shape *shapes, size_t count, bool back)
{
    for (size_t i = 0; i < count; i++)
        if (shapes[i].quick || !b->quick) TRY(measure(b, &shapes[i], back));
    return SORA_OK;
}

static SoraStatus run_forward(Bench *b)
{
    return all(b, forward_shapes, sizeof forward_shapes / sizeof *forward_shapes, false);
}

static SoraStatus run_backward(Bench *b)
{
    return all(b, backward_shapes, sizeof backward_shapes / sizeof *backward_shapes, true);
}

const BenchGroup bench_attention = { "attention", "attention in bf16, forward", run_forward };
const BenchGroup bench_attention_bwd = { "attention_bwd", "attention in bf16, forward and backward",
                                         run_backward };
