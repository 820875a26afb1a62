/* Wan models of the published sizes with random weights (bench/wan_make.py writes them): one
 * denoising step, the autoencoder's decode, the text encoder, each in a process of its own, so that
 * its peak of memory is its own too. Peers do the same under bench/peer_wan.py. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "bench.h"
#include "model/umt5.h"
#include "pipeline/wan_plan.h"

enum { LATENT_CHANNELS = 16, TOKENS = 512, TEXT_WIDTH_MAX = 4096 };

/* What is made: 480x832, 17 frames; small when quick. */
typedef struct Shot {
    size_t frames, height, width;
} Shot;

typedef struct Part {
    Bench *b;
    const char *folder, *file;
    Compute *c;
    Arena *a;
    Shot shot;
    double planned;   /* bytes of weights and working memory; 0: not planned */
    double planned_s; /* 0: not planned */
} Part;

/* Seconds of one turn; SORA_OK or a sentence. */
typedef SoraStatus (*PartFn)(Part *p, double *seconds);

static const char *path_of(const Part *p)
{
    return arena_printf(p->a, "%s/%s", p->folder, p->file);
}

static LatentSize latent_of(const Shot *s)
{
    return (LatentSize){ LATENT_CHANNELS, patch_latent_frames(s->frames), s->height / 8,
                         s->width / 8 };
}

static SoraStatus plan(Part *p)
{
    WanParts parts = { .transformer = path_of(p) };
    WanBundle b = { 0 };
    WanPlan plan;
    TRY(wan_bundle_check(&parts, p->a, &b));
    WanJob j = wan_job_default(&b);
    j.frames = p->shot.frames, j.height = p->shot.height, j.width = p->shot.width;
    j.steps = 1, j.cfg_scale = j.cfg_high = 1;
    TRY(wan_plan_make(&b, p->c, &j, 0, &plan));
    p->planned_s = plan.seconds;
    p->planned = (double)plan.peak;
    return SORA_OK;
}

static SoraStatus step(Part *p, double *seconds)
{
    LatentSize s = latent_of(&p->shot);
    size_t n = latent_values(s);
    const WanModel *m;
    TRY(plan(p));
    WanNetOptions o = { .path = { path_of(p) },
                        .compute = p->c,
                        .precision = GEMM_BF16,
                        .size = s,
                        .step = arena_new("step", 0) };
    WanNet *net = wan_net_new(&o, p->a);
    TRY(wan_net_use(net, WAN_LOW, &m));
    float *z = arena_alloc(p->a, 2 * n * sizeof *z);
    rng_fill_normal(z, 0, n, 1);
    Tensor *text = tensor_new_2d(p->a, TYPE_F32, TOKENS, m->file.config.text_width);
    rng_fill_normal(text->data, 0, tensor_count(text), 2);
    WanPrompted prompted = { .expert = WAN_LOW, .text = text };
    Denoiser d = wan_net_denoiser(net, &prompted, p->a);
    double *level = arena_alloc(p->a, 2 * s.frames * sizeof *level);
    for (size_t f = 0; f < 2 * s.frames; f++) level[f] = f < s.frames ? 0.9 : 900;
    for (int turn = 0; turn < (p->b->quick ? 3 : 2); turn++) { /* the first one reads the file */
        double begun = bench_now();
        TRY(d.fn(d.self, z, level, level + s.frames, z + n));
        *seconds = turn ? fmin(*seconds, bench_now() - begun) : INFINITY;
    }
    wan_net_close(net);
    return SORA_OK;
}

static SoraStatus drop_frame(void *self, size_t frame, const float *rgb)
{
    double *sum = self;
    *sum += (double)rgb[frame];
    return SORA_OK;
}

static SoraStatus decode(Part *p, double *seconds)
{
    LatentSize s = latent_of(&p->shot);
    Weights *w;
    Vae *v;
    double sum = 0;
    TRY(weights_open(path_of(p), p->a, &w));
    EncoderFile file = { weights_lookup, w, p->file, p->a };
    TRY(vae_load(&file, NULL, &v));
    float *z = arena_alloc(p->a, latent_values(s) * sizeof *z);
    rng_fill_normal(z, 0, latent_values(s), 1);
    VaeRun run = { .compute = p->c, .precision = GEMM_BF16, .step = arena_new("decode", 0) };
    size_t size[3] = { s.frames, s.height, s.width }, bytes;
    TRY(vae_decode_bytes(v, &run, size, &bytes));
    p->planned = (double)(bytes + weights_bytes(w) + latent_values(s) * 4);
    double begun = bench_now();
    TRY(vae_decode(v, &run, size, z, drop_frame, &sum));
    *seconds = bench_now() - begun;
    return SORA_OK;
}

static SoraStatus encode(Part *p, double *seconds)
{
    Weights *w;
    Umt5 *e;
    uint32_t id[TOKENS];
    size_t start[2] = { 0, TOKENS };
    TRY(weights_open(path_of(p), p->a, &w));
    EncoderFile file = { weights_lookup, w, p->file, p->a };
    TRY(umt5_load(&file, &e));
    for (size_t i = 0; i < TOKENS; i++) id[i] = (uint32_t)(i * 37 % umt5_words(e));
    float *out = arena_alloc(p->a, TOKENS * umt5_width(e) * sizeof *out);
    Arena *a = arena_new("text", 0);
    for (int turn = 0; turn < 2; turn++) {
        double begun = bench_now();
        umt5_forward(e, p->c, GEMM_BF16, id, start, 1, a, out, NULL);
        *seconds = turn ? fmin(*seconds, bench_now() - begun) : INFINITY;
    }
    return SORA_OK;
}

/* ---- each by itself ----------------------------------------------------------------------------
 */

static int child(Part *p, PartFn fn, int to)
{
    Pool *pool;
    double result[3] = { 0, 0, 0 };
    SoraStatus s = pool_new(p->b->threads, &pool);
    if (s == SORA_OK) s = compute_new(pool, NULL, &p->c);
    p->a = arena_new("bench", 0);
    if (s == SORA_OK) s = fn(p, &result[0]);
    if (s != SORA_OK) fprintf(stderr, "bench: %s\n", err_text());
    result[1] = p->planned;
    result[2] = p->planned_s;
    bool told = s == SORA_OK && write(to, result, sizeof result) == sizeof result;
    return told ? 0 : 1;
}

/* result: seconds, bytes and seconds planned */
static void report(const Bench *b, const char *name, const double result[3], double peak)
{
    double seconds = result[0], planned = result[1];
    if (b->json) {
        printf("{\"group\":\"wan\",\"shape\":\"%s\",\"who\":\"sora\",\"seconds\":%.4g,"
               "\"peak_bytes\":%.0f,\"planned_bytes\":%.0f,\"planned_seconds\":%.4g}\n",
               name, seconds, peak, planned, result[2]);
    } else {
        printf("wan          %-40s %10.2f s %7.2f GB", name, seconds, peak / 1e9);
        if (planned > 0) printf(" (planned %.2f)", planned / 1e9);
        if (result[2] > 0) printf(" (planned %.1f s)", result[2]);
        printf("\n");
    }
    fflush(stdout);
}

static SoraStatus measure(Bench *b, const char *name, const char *file, PartFn fn)
{
    int pipe_ends[2], status;
    double result[3];
    struct rusage use;
    Shot shot = { 17, 480, 832 }, small = { 5, 96, 160 };
    Part p = { .b = b, .folder = getenv("SORA_BENCH_WAN"), .file = file };
    p.shot = b->quick ? small : shot;
    if (b->frames) p.shot.frames = b->frames;
    if (!bench_wants(b, name)) return SORA_OK;
    if (pipe(pipe_ends) != 0) return err_set(SORA_E_IO, "no pipe");
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) return err_set(SORA_E_IO, "no process");
    if (pid == 0) _exit(child(&p, fn, pipe_ends[1]));
    close(pipe_ends[1]);
    bool told = read(pipe_ends[0], result, sizeof result) == sizeof result;
    close(pipe_ends[0]);
    wait4(pid, &status, 0, &use);
    if (!told) return err_set(SORA_E_IO, "%s was not measured", name);
    report(b, name, result, (double)use.ru_maxrss * 1024);
    return SORA_OK;
}

static SoraStatus run(Bench *b)
{
    if (!getenv("SORA_BENCH_WAN")) {
        fprintf(stderr, "bench: no Wan weights to measure with: scripts/bench wan makes them\n");
        return SORA_OK;
    }
    TRY(measure(b, "denoising step", "dit/diffusion_pytorch_model.safetensors", step));
    TRY(measure(b, "autoencoder decode", "vae.safetensors", decode));
    TRY(measure(b, "umT5, 512 tokens, bf16", "t5.safetensors", encode));
    return measure(b, "umT5, 512 tokens, Q8_0", "t5_q8_0.gguf", encode);
}

const BenchGroup bench_wan = { "wan", "Wan models with random weights: step, decode, text", run };
