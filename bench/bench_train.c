/* A training step of the reference model: batch, forward, backward and optimizer, on clips of 448
 * tokens and on single images of 64, as the first run of a new model reads them. */
#include <stdio.h>

#include "base/rng.h"
#include "bench.h"
#include "grad/ops.h"
#include "peer.h"
#include "train/batch.h"
#include "train/optim.h"

typedef struct Case {
    const char *name, *peer;
    size_t count, frames, text_tokens;
    float keep; /* share of tokens in the middle blocks */
} Case;

static const Case cases[] = {
    { "images 64 x 64 tokens", "images", 64, 1, 25, 1 },
    { "images 64 x 64 tokens, routed 0.5", NULL, 64, 1, 25, 0.5f },
    { "clips 16 x 448 tokens", "clips", 16, 25, 32, 1 },
    { "clips 16 x 448 tokens, routed 0.5", NULL, 16, 25, 32, 0.5f },
};

enum { SIDE = 64 };

typedef struct Run {
    const Case *of;
    const Compute *c;
    Arena *weights, *step;
    DitConfig config;
    ParamSet *set;
    Dit *dit;
    Optim *optim;
    Example *example;
    TextStates text;
    uint64_t steps;
    SoraStatus status;
} Run;

static void train(void *ctx)
{
    Run *r = ctx;
    ArenaMark mark = arena_mark(r->step);
    BatchOptions o = { .seed = r->steps++,
                       .images = levels_for_images(),
                       .clips = levels_for_clips(),
                       .keep = r->of->keep };
    Batch b;
    batch_make(&r->config, r->c, r->example, r->of->count, &r->text, &o, r->step, &b);
    Tape *t = tape_new(r->step, r->c, GEMM_BF16, true);
    Tensor *loss = op_mse(t, dit_forward(r->dit, t, &b.input), b.target, b.weight);
    tape_backward(t, loss, 1);
    r->status = optim_step(r->optim, r->c, 1e-3f, r->step, NULL);
    arena_rewind(r->step, mark);
}

static SoraStatus draw_examples(Run *r)
{
    const Case *k = r->of;
    r->example = arena_zero(r->weights, k->count * sizeof *r->example);
    r->text.start = arena_zero(r->weights, (k->count + 1) * sizeof(size_t));
    for (size_t i = 0; i < k->count; i++) {
        Clip *clip = &r->example[i].clip;
        TRY(clip_new(r->weights, k->frames, SIDE, SIDE, k->frames > 1 ? 24 : 0, clip));
        for (size_t j = 0; j < k->frames * SIDE * SIDE * 3; j++)
            clip->rgb[j] = (uint8_t)rng_u64(i, j);
        r->text.start[i + 1] = (i + 1) * k->text_tokens;
    }
    size_t tokens = k->count * k->text_tokens, width = r->config.text_width;
    r->text.states = tensor_new_2d(r->weights, TYPE_F32, tokens, width);
    r->text.pooled = tensor_new_2d(r->weights, TYPE_F32, k->count, width);
    rng_fill_normal(r->text.states->data, 0, tokens * width, 1);
    rng_fill_normal(r->text.pooled->data, 0, k->count * width, 2);
    return SORA_OK;
}

/* Multiply-adds of one step count twice; backward takes twice what forward does. The five
 * Newton-Schulz steps are counted as they are usually done, two long products and a square one. */
static double operations(const Run *r)
{
    const DitConfig *c = &r->config;
    PatchGrid g = patch_grid(r->of->frames, SIDE, SIDE, c->patch);
    double d = (double)c->width, h = (double)c->hidden, n = (double)patch_tokens(g), sum = 0;
    double text = (double)r->of->text_tokens, per_layer = 6 * d * d + 3 * d * h;
    for (size_t i = 0; i < c->layers; i++) {
        double kept = i > 0 && i + 1 < c->layers ? (double)r->of->keep * n : n;
        sum += kept * per_layer + text * 2 * d * d + 2 * kept * (kept + text) * d;
    }
    sum += n * ((double)c->bottleneck * ((double)c->in_values + d) + d * (double)c->out_values);
    sum += text * d * ((double)c->text_width + d);
    double all = 6 * sum * (double)r->of->count;
    for (size_t i = 0; i < params_count(r->set); i++) {
        const Param *p = params_at(r->set, i);
        if (p->kind != PARAM_HIDDEN || p->value->rank != 2) continue;
        double m = (double)p->value->shape[0], o = (double)p->value->shape[1];
        double less = m < o ? m : o;
        all += 5 * (4 * less * m * o + 2 * less * less * less);
    }
    return all;
}

static SoraStatus measure(Bench *b, Run *r)
{
    const Case *k = r->of;
    r->set = params_new_train(r->weights, 3, NULL, NULL);
    TRY(dit_new(&r->config, r->set, r->weights, &r->dit));
    OptimConfig o = optim_config_default();
    r->optim = optim_new(r->set, &o, r->weights);
    TRY(draw_examples(r));
    BenchContestant runs[2] = { { .name = "ours", .run = train, .ctx = r } };
    size_t count = 1;
    if (k->peer && peer_prepare(b->torch, "train_step %s compiled", k->peer))
        runs[count++] = (BenchContestant){ "pytorch", NULL, peer_timed, b->torch };
    BenchShape shape = { .group = "train_step",
                         .name = k->name,
                         .operations = operations(r),
                         .peak = BENCH_PEAK_F32,
                         .items = (double)k->count };
    if (b->compute->level >= CPU_AVX512BF16) shape.peak = BENCH_PEAK_BF16;
    bench_compare(b, &shape, runs, count);
    return r->status;
}

static SoraStatus run(Bench *b)
{
    SoraStatus status = SORA_OK;
    for (size_t i = 0; i < sizeof cases / sizeof *cases && status == SORA_OK; i++) {
        Run r = { .of = &cases[i],
                  .c = b->compute,
                  .config = dit_config_default(),
                  .weights = arena_new("weights", 0),
                  .step = arena_new("step", 0) };
        status = measure(b, &r);
        arena_free(r.step);
        arena_free(r.weights);
    }
    return status;
}

const BenchGroup bench_train_step = { "train_step", "a training step of the reference model", run };
