/* Causal convolutions at the shapes of the Wan autoencoder, 3 x 3 x 3 over two frames before and
 * one more, forward and backward. A decoder's whole clip: bench_wan.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "peer.h"
#include "tensor/conv3d.h"

enum { FRAMES = 3, TAPS = 27 };

/* Positions and channels of the decoder at 480x832, from its end. */
typedef struct Level {
    size_t channels, height, width;
} Level;
static const Level levels[] = {
    { 96, 480, 832 }, { 192, 240, 416 }, { 384, 120, 208 }, { 384, 60, 104 }
};

typedef struct Work {
    const Compute *c;
    Conv3dCall call;
    Conv3dGrad grad;
} Work;

static void forward(void *ctx)
{
    const Work *w = ctx;
    conv3d(w->c, &w->call);
}

static void backward(void *ctx)
{
    const Work *w = ctx;
    conv3d_backward(w->c, &w->call, &w->grad);
}

static void compare(Bench *b, const char *group, Work *w, bool back)
{
    const Conv3dShape *s = &w->call.shape;
    const char *kind = w->call.precision == GEMM_BF16 ? "bf16" : "f32";
    char name[96];
    snprintf(name, sizeof name, "%s %zu to %zu, %zux%zu", back ? "back" : "forward", s->in, s->out,
             s->size[CONV3D_H], s->size[CONV3D_W]);
    BenchContestant runs[BENCH_CONTESTANTS_MAX] = {
        { .name = "ours", .run = back ? backward : forward, .ctx = w }
    };
    size_t count = 1;
    if (peer_prepare(b->torch, "conv3d %s %s %zu %zu %zu %zu", kind, back ? "back" : "forward",
                     s->in, s->out, s->size[CONV3D_H], s->size[CONV3D_W]))
        runs[count++] = (BenchContestant){ "pytorch", NULL, peer_timed, b->torch };
    double positions = (double)s->size[CONV3D_H] * (double)s->size[CONV3D_W];
    double once = 2.0 * positions * (double)s->in * (double)s->out * TAPS;
    bench_compare(
        b,
        &(BenchShape){ .group = group,
                       .name = name,
                       .operations = back ? 2 * once : once,
                       .peak = w->call.precision == GEMM_BF16 ? BENCH_PEAK_BF16 : BENCH_PEAK_F32 },
        runs, count);
}

static SoraStatus measure(Bench *b, GemmPrecision p, Level l, Arena *a, bool back)
{
    Type type = p == GEMM_BF16 ? TYPE_BF16 : TYPE_F32;
    size_t n = l.height * l.width * l.channels, weights = l.channels * l.channels * TAPS;
    void *x = NULL, *w = NULL, *y = NULL, *bias = NULL;
    SoraStatus status = bench_drawn(type, FRAMES * n, &x);
    if (status == SORA_OK) status = bench_drawn(type, weights, &w);
    if (status == SORA_OK) status = bench_drawn(type, n, &y);
    if (status == SORA_OK) status = bench_drawn(TYPE_F32, l.channels, &bias);
    const char *from = x;
    size_t step = n * type_block_bytes(type);
    const void *frames[] = { from, from + step, from + 2 * step }, *dy = y;
    void *dx[] = { x, (char *)x + step, (char *)x + 2 * step };
    Tensor weight = { .type = type, .rank = 5, .data = w };
    memcpy(weight.shape, (size_t[]){ l.channels, l.channels, 3, 3, 3, 1 }, sizeof weight.shape);
    Work work = { b->compute };
    work.call = (Conv3dCall){ .shape = { .in = l.channels,
                                         .out = l.channels,
                                         .kernel = { 3, 3, 3 },
                                         .stride = { 1, 1, 1 },
                                         .pad = { { 0, 0 }, { 1, 1 }, { 1, 1 } },
                                         .size = { FRAMES, l.height, l.width } },
                              .precision = p,
                              .x = frames,
                              .x_type = type,
                              .weight = &weight,
                              .bias = bias,
                              .y = &y,
                              .y_type = type };
    work.grad = (Conv3dGrad){ .dy = &dy, .dy_type = type, .dx = dx, .dx_type = type, .scratch = a };
    if (back) work.grad.dweight = arena_zero(a, weights * sizeof(float));
    if (status == SORA_OK) compare(b, p == GEMM_BF16 ? "conv3d" : "conv3d_f32", &work, back);
    free(x);
    free(w);
    free(y);
    free(bias);
    return status;
}

static SoraStatus all(Bench *b, GemmPrecision p)
{
    Arena *a = arena_new("bench", 0);
    SoraStatus status = SORA_OK;
    for (size_t i = 0; i < sizeof levels / sizeof *levels && status == SORA_OK; i++)
        if (!b->quick || i > 0) status = measure(b, p, levels[i], a, false);
    Level small = { 96, 120, 208 };
    if (status == SORA_OK) status = measure(b, p, small, a, false);
    if (status == SORA_OK && !b->quick) status = measure(b, p, small, a, true);
    arena_free(a);
    return status;
}

static SoraStatus run_bf16(Bench *b)
{
    return all(b, GEMM_BF16);
}

static SoraStatus run_f32(Bench *b)
{
    return all(b, GEMM_F32);
}

const BenchGroup bench_conv3d = { "conv3d", "causal convolutions in bf16", run_bf16 };
const BenchGroup bench_conv3d_f32 = { "conv3d_f32", "causal convolutions in f32", run_f32 };
