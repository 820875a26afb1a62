#include "pipeline/wan_plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "tensor/attention.h"
#include "tensor/gemm.h"

/* The program, its libraries and what a few small allocations round up to, measured. */
enum { PROGRAM = 24 << 20 };

/* ---- memory
 * -------------------------------------------------------------------------------------- */

/* Bytes of a token at the worst moment of a pass; `hidden` bytes a hidden value. Parts of a block
 * follow each other (dit.c): self-attention holds its input, q and k before and after their norm,
 * v and its result; the MLP its input and the hidden layer; each a new residual stream. */
static size_t token_bytes(const DitConfig *c, size_t hidden)
{
    bool exact = hidden == sizeof(float); /* two parts fewer are held then, as measured */
    size_t d = c->width, self = (exact ? 5 : 7) * hidden * d, cross = 4 * hidden * d;
    if (c->image_width) cross += (hidden + 4) * d;
    size_t mlp = hidden * (d + c->hidden), head = 4 * c->out_values;
    size_t part = size_max(size_max(self, cross), mlp) + 4 * d;
    size_t always = 4 * d + 4 * c->in_values + 4 * (d / c->heads) + 8;
    if (c->controls) always += 4 * d + 4 * c->control_values;
    return always + size_max(part, 4 * d + head);
}

static size_t cache_count(const WanJob *j)
{
    if (!(j->cache_threshold > 0)) return 0;
    return 1 + (j->cfg_scale != 1) + (j->skip_layers && j->skip_scale != 0);
}

static size_t activation_bytes(const WanBundle *b, const Compute *k, const WanJob *j,
                               const WanPlan *p)
{
    const DitConfig *c = &b->config;
    /* a processor that does not multiply bf16 works on f32 (grad/tape.c) */
    bool exact = j->precision == GEMM_F32 || !compute_has_bf16(k);
    size_t hidden = exact ? 4 : 2, latent = 4 * latent_values(p->size);
    size_t keys = c->text_rows + (c->image_width ? 2 * 257 : 0);
    size_t context = keys * c->width * 6 * hidden, tables = 16 * 6 * 4 * c->width;
    return p->tokens * (token_bytes(c, hidden) + 12 * c->width * cache_count(j)) + context +
           tables + 12 * latent;
}

/* Of a transformer whose blocks leave memory: one block and what is outside of blocks. */
static size_t streamed_bytes(const WanBundle *b)
{
    const DitConfig *c = &b->config;
    double d = (double)c->width,
           block = d * (8 * d + 2 * (double)c->hidden) * (c->image_width ? 1.2 : 1);
    double outside = d * (8 * d + (double)(c->in_values + c->out_values + c->text_width));
    double all = block * (double)(c->layers + c->controls) + outside;
    return (size_t)((double)b->transformer_bytes * fmin(1, (2 * block + outside) / all));
}

/* The embedding of words is mapped, and only the rows of a prompt are read. */
static size_t text_bytes(const WanBundle *b)
{
    enum { ROW = 40 };
    return b->text_bytes - b->text_unread + UMT5_TOKENS_MAX * ROW * b->config.text_width;
}

static bool is_given(const WanJob *j)
{
    return j->given.first || j->given.last || j->given.video || j->given.references;
}

static SoraStatus vae_memory(const WanBundle *b, const Compute *c, const WanJob *j, WanPlan *p)
{
    WanPart part;
    Vae *vae;
    size_t decode = 0, encode = 0, frames = patch_video_frames(p->size.frames);
    size_t latent[3] = { p->size.frames, p->size.height, p->size.width };
    size_t video[3] = { frames, j->height, j->width };
    if (!b->parts.vae) return SORA_OK;
    TRY(wan_open_vae(b, &part, &vae));
    VaeRun run = { .compute = c, .precision = j->vae_precision, .tile = p->tile };
    run.step = arena_new("plan", 0);
    SoraStatus s = run.step ? vae_decode_bytes(vae, &run, latent, &decode)
                            : err_set(SORA_E_MEMORY, "no memory for a plan");
    if (s == SORA_OK && is_given(j)) s = vae_encode_bytes(vae, &run, video, &encode);
    arena_free(run.step);
    wan_part_close(&part);
    TRY(s);
    size_t shown = j->frames * j->height * j->width * 3;
    p->vae = b->vae_bytes + decode + 4 * latent_values(p->size) + shown;
    p->condition = is_given(j) ? b->vae_bytes + encode + b->clip_bytes : 0;
    return SORA_OK;
}

static void find_peak(const Compute *c, WanPlan *p)
{
    size_t scratch = (size_t)pool_threads(c->pool) * c->scratch_size / 2 + c->shared_size / 2;
    size_t most = size_max(size_max(p->text, p->condition), p->vae);
    p->peak = PROGRAM + scratch + size_max(most, p->transformer + p->activations);
}

static SoraStatus find_memory(const WanBundle *b, const Compute *c, const WanJob *j, WanPlan *p)
{
    p->text = b->parts.text ? text_bytes(b) : 0;
    p->transformer = p->stream ? streamed_bytes(b) : size_max(b->transformer_bytes, b->high_bytes);
    p->transformer += b->lora_held; /* merged weights stay, also between streamed blocks */
    if (!p->stream) p->transformer -= size_min(b->lora_replaced, p->transformer);
    p->activations = activation_bytes(b, c, j, p);
    TRY(vae_memory(b, c, j, p));
    find_peak(c, p);
    return SORA_OK;
}

/* ---- time
 * ---------------------------------------------------------------------------------------- */

/* Seconds of the best of a few calls. */
static double best_of(const Compute *c, void (*fn)(const Compute *c, void *call), void *call)
{
    double best = 1e9;
    for (int i = 0; i < 3; i++) {
        double begun = clock_now_s();
        fn(c, call);
        best = fmin(best, clock_now_s() - begun);
    }
    return fmax(best, 1e-7);
}

static void call_gemm(const Compute *c, void *call)
{
    gemm(c, call);
}

static void call_attention(const Compute *c, void *call)
{
    attention_forward(c, call);
}

/* Operations a second of products and of attention, shaped like the model's but small. */
typedef struct Speed {
    double products, attention;
} Speed;

static Speed measure(const Compute *c, const DitConfig *config, GemmPrecision precision, Arena *a)
{
    enum { ROWS = 512, KEYS = 1024 };
    size_t d = config->width, heads = size_min(config->heads, 4), hd = d / config->heads;
    Type type = precision == GEMM_F32 ? TYPE_F32 : TYPE_BF16;
    size_t size = type_block_bytes(type), start[2] = { 0, KEYS };
    void *x = arena_zero(a, size_max(ROWS * d, KEYS * heads * hd) * size);
    GemmCall g = { .m = ROWS, .n = d, .k = d, .c_type = TYPE_F32, .c_stride = d };
    g.precision = precision;
    g.a = (GemmMatrix){ .data = x, .type = type, .stride = d };
    g.b = (GemmMatrix){
        .data = arena_zero(a, d * d * size), .type = type, .stride = d, .transposed = true
    };
    g.c = arena_alloc(a, ROWS * d * sizeof(float));
    AttentionCall t = { .heads = heads, .head_dim = hd, .scale = 1, .sequences = 1, .type = type };
    t.q_start = t.k_start = start;
    t.q = t.k = t.v = x;
    t.q_stride = t.k_stride = t.v_stride = t.out_stride = heads * hd;
    t.out = arena_alloc(a, KEYS * heads * hd * size);
    t.exact = precision == GEMM_F32;
    return (Speed){ 2.0 * ROWS * (double)(d * d) / best_of(c, call_gemm, &g),
                    4.0 * KEYS * KEYS * (double)(heads * hd) / best_of(c, call_attention, &t) };
}

/* One pass: products at their speed, attention at its own, and a share for what is in between. */
static double pass_seconds(const DitConfig *c, double tokens, Speed s)
{
    double d = (double)c->width, blocks = (double)(c->layers + c->controls);
    double keys = (double)c->text_rows + (c->image_width ? 257 : 0);
    double products = tokens * (12 * d * d + 4 * d * (double)c->hidden);
    double mixing = 4 * tokens * tokens * d + 4 * tokens * keys * d;
    return 1.15 * blocks * (products / s.products + mixing / s.attention);
}

/* Of a decoder with the published one's shape, operations a pixel and parameter (wan.md, 15). */
static double vae_seconds(const WanBundle *b, const WanJob *j, Speed s)
{
    double pixels = (double)(j->frames * j->height * j->width);
    double flop = 0.116 * (double)b->vae_bytes / 4 * 0.58 * pixels;
    return (is_given(j) ? 1.6 : 1) * flop / (0.5 * s.products);
}

static SoraStatus find_time(const WanBundle *b, const Compute *c, const WanJob *j, WanPlan *p)
{
    Arena *a = arena_new("plan", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a plan");
    Speed s = measure(c, &b->config, j->precision, a);
    double passes = (double)j->steps * (j->cfg_scale != 1 ? 2 : 1);
    if (j->skip_layers && j->skip_scale != 0)
        passes += fmax(0, fmin(1, j->skip_end) - fmax(0, j->skip_start)) * (double)j->steps;
    p->seconds = passes * pass_seconds(&b->config, (double)p->tokens, s) + vae_seconds(b, j, s);
    p->seconds += 2 * 64 * 2 * (double)(b->text_bytes - b->text_unread) / 2 / s.products;
    arena_free(a);
    return SORA_OK;
}

/* ---- the plan
 * -------------------------------------------------------------------------------------- */

static SoraStatus fit(const WanBundle *b, const Compute *c, const WanJob *j, size_t limit,
                      WanPlan *p)
{
    static const size_t tiles[] = { 512, 256, 128 };
    TRY(find_memory(b, c, j, p));
    for (size_t i = 0; p->peak > limit && !j->tile && i < 3; i++) {
        size_t vae = size_max(p->vae, p->condition),
               other = size_max(p->text, p->transformer + p->activations);
        if (vae <= other) break; /* it is not the autoencoder */
        WanPlan tiled = *p;
        tiled.tile = tiles[i];
        TRY(find_memory(b, c, j, &tiled));
        if (tiled.peak < p->peak) *p = tiled;
    }
    if (p->peak > limit && !p->stream) {
        p->stream = true;
        TRY(find_memory(b, c, j, p));
    }
    char text[256];
    if (p->peak <= limit) return SORA_OK;
    return err_set(SORA_E_MEMORY, "this %s, and %.1f GB are allowed: make it smaller or shorter",
                   wan_plan_describe(p, text, sizeof text), (double)limit / 1e9);
}

SoraStatus wan_plan_make(const WanBundle *b, const Compute *c, const WanJob *j, size_t limit,
                         WanPlan *out)
{
    *out = (WanPlan){ .tile = j->tile, .stream = j->stream };
    TRY(wan_latent_size(b, j, &out->size));
    LatentSize whole = out->size;
    whole.frames += j->given.reference_count;
    out->tokens = patch_tokens(latent_grid(whole));
    TRY(find_time(b, c, j, out));
    return fit(b, c, j, limit ? limit : SIZE_MAX, out);
}

void wan_plan_apply(const WanPlan *p, WanJob *j)
{
    j->tile = p->tile;
    j->stream = p->stream;
    j->working_memory = p->activations + p->activations / 16;
}

static const char *duration(double seconds, char *text, size_t size)
{
    if (seconds < 90)
        snprintf(text, size, "%.0f seconds", fmax(1, seconds));
    else if (seconds < 5400)
        snprintf(text, size, "%.0f minutes", seconds / 60);
    else
        snprintf(text, size, "%.1f hours", seconds / 3600);
    return text;
}

const char *wan_plan_describe(const WanPlan *p, char *text, size_t size)
{
    char time[32];
    snprintf(text, size,
             "needs %.1f GB: text %.1f (freed), transformer %.1f%s, activations %.1f, VAE %.1f%s; "
             "about %s",
             (double)p->peak / 1e9, (double)p->text / 1e9, (double)p->transformer / 1e9,
             p->stream ? " (streamed)" : "", (double)p->activations / 1e9, (double)p->vae / 1e9,
             p->tile ? " (tiled)" : "", duration(p->seconds, time, sizeof time));
    return text;
}
