/* The autoencoders beyond the goldens' numbers (tests/golden/golden_vae.c): the names of files,
 * streaming, tiles, memory, and what goes wrong. */
#include "golden.h"

#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "model/vae.h"

static const char *const folders[] = { "golden/vae21-diffusers", "golden/vae22-diffusers" };
enum { MODELS = 2, SIDE_21 = 8, SIDE_22 = 16 };

typedef struct Fixture {
    Arena *a, *step;
    Pool *pool;
    Compute *c;
    Safetensors weights[MODELS], io[MODELS];
    VaeStats stats[MODELS];
    EncoderFile file[MODELS];
    Vae *v[MODELS];
} Fixture;

static const char *data_of(int model, const char *file)
{
    static char name[256];
    snprintf(name, sizeof name, "%s/%s", folders[model], file);
    return test_data(name);
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    f->a = arena_new("test", 0);
    f->step = arena_new("step", 0);
    CHECK_OK(pool_new(2, &f->pool));
    CHECK_OK(compute_new(f->pool, NULL, &f->c));
    for (int m = 0; m < MODELS; m++) {
        CHECK_OK(safetensors_open(data_of(m, "vae/diffusion_pytorch_model.safetensors"), f->a,
                                  &f->weights[m]));
        CHECK_OK(safetensors_open(data_of(m, "io.safetensors"), f->a, &f->io[m]));
        CHECK_OK(vae_read_stats(data_of(m, "vae/config.json"), f->a, &f->stats[m]));
        f->file[m] = (EncoderFile){ golden_lookup, &f->weights[m], folders[m], f->a };
        CHECK_OK(vae_load(&f->file[m], &f->stats[m], &f->v[m]));
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    for (int m = 0; m < MODELS; m++) {
        safetensors_close(&f->weights[m]);
        safetensors_close(&f->io[m]);
    }
    compute_free(f->c);
    pool_free(f->pool);
    arena_free(f->step);
    arena_free(f->a);
    free(f);
    return 0;
}

static VaeRun run_of(const Fixture *f, GemmPrecision p)
{
    return (VaeRun){ .compute = f->c, .precision = p, .step = f->step, .raw = true };
}

/* ---- clips ------------------------------------------------------------------------------- */

/* Pixels and latents that depend on their place only, so that clips of any length begin alike. */
static float wave(size_t frame, size_t y, size_t x, size_t c)
{
    return sinf(0.7f * (float)frame + 0.9f * (float)y + 0.31f * (float)(x * x % 23) + (float)c);
}

typedef struct Clip {
    size_t size[3], frames; /* frames: that came */
    float *rgb;             /* [frames, height, width, 3] */
    size_t stop;            /* 0, or: give up at this frame */
} Clip;

static SoraStatus read_wave(void *self, size_t frame, float *rgb)
{
    const Clip *k = self;
    for (size_t i = 0; i < k->size[1] * k->size[2] * 3; i++)
        rgb[i] = wave(frame, i / 3 / k->size[2], i / 3 % k->size[2], i % 3);
    return SORA_OK;
}

static SoraStatus write_clip(void *self, size_t frame, const float *rgb)
{
    Clip *k = self;
    size_t n = k->size[1] * k->size[2] * 3;
    assert_int_equal(frame, k->frames);
    if (k->stop && frame == k->stop) return err_set(SORA_CANCELLED, "enough");
    if (k->rgb) memcpy(k->rgb + frame * n, rgb, n * sizeof *rgb);
    k->frames++;
    return SORA_OK;
}

static float *latents(const Vae *v, size_t frames, size_t height, size_t width)
{
    size_t n = vae_info(v)->channels, area = height * width;
    float *z = malloc(n * frames * area * sizeof *z);
    for (size_t i = 0; i < n * frames * area; i++)
        z[i] = 1.5f * wave(i / area % frames, i % area / width, i % width, i / area / frames);
    return z;
}

/* The clip that such latents become; free(rgb). */
static Clip decoded(const Fixture *f, const Vae *v, const VaeRun *run, const size_t size[3])
{
    const VaeInfo *i = vae_info(v);
    float *z = latents(v, size[0], size[1], size[2]);
    Clip k = { .size = { vae_frames(v, size[0]), size[1] * i->space, size[2] * i->space } };
    size_t n = k.size[0] * k.size[1] * k.size[2] * 3;
    k.rgb = malloc(n * sizeof *k.rgb);
    for (size_t p = 0; p < n; p++) k.rgb[p] = NAN;
    CHECK_OK(vae_decode(v, run, size, z, write_clip, &k));
    assert_int_equal(k.frames, k.size[0]);
    assert_int_equal(arena_used(f->step), 0);
    free(z);
    return k;
}

static float *encoded(const Fixture *f, const Vae *v, const VaeRun *run, const size_t size[3],
                      size_t *count)
{
    const VaeInfo *i = vae_info(v);
    Clip k = { .size = { size[0], size[1], size[2] } };
    *count =
        i->channels * vae_latent_frames(v, size[0]) * (size[1] / i->space) * (size[2] / i->space);
    float *z = malloc(*count * sizeof *z);
    for (size_t p = 0; p < *count; p++) z[p] = NAN;
    CHECK_OK(vae_encode(v, run, size, read_wave, &k, z, NULL));
    assert_int_equal(arena_used(f->step), 0);
    return z;
}

static void check_equal(const float *a, const float *b, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof *a) != 0)
            fail_msg("%s: number %zu is %.9g, expected %.9g", what, i, a[i], b[i]);
}

/* ---- the goldens ------------------------------------------------------------------------- */

typedef struct Planes {
    const float *from; /* [3, frames, height, width] */
    float *to;
    size_t size[3];
} Planes;

static SoraStatus read_planes(void *self, size_t frame, float *rgb)
{
    const Planes *p = self;
    size_t area = p->size[1] * p->size[2];
    for (size_t i = 0; i < area * 3; i++)
        rgb[i] = p->from[(i % 3 * p->size[0] + frame) * area + i / 3];
    return SORA_OK;
}

static SoraStatus write_planes(void *self, size_t frame, const float *rgb)
{
    const Planes *p = self;
    size_t area = p->size[1] * p->size[2];
    for (size_t i = 0; i < area * 3; i++)
        p->to[(i % 3 * p->size[0] + frame) * area + i / 3] = rgb[i];
    return SORA_OK;
}

/* The smallest limits of the two cases. */
static void check_case(const Fixture *f, const Vae *v, int model, GemmPrecision p)
{
    const Safetensors *io = &f->io[model];
    Limit encode = { 1e-5, 1.3e-5 }, decode = { 1e-5, 8.9e-6 };
    if (p == GEMM_BF16) encode = (Limit){ 0.0117, 0.0245 }, decode = (Limit){ 0.0266, 0.0668 };
    const Tensor *frames = safetensors_find(io, "f5.frames"), *z = safetensors_find(io, "f5.z");
    VaeRun run = run_of(f, p);
    Planes k = { frames->data, malloc(tensor_count(frames) * 4), { 0 } };
    memcpy(k.size, frames->shape + 1, sizeof k.size);
    float *got = malloc(tensor_count(z) * 4), *mu = malloc(tensor_count(z) * 4);
    CHECK_OK(vae_encode(v, &run, k.size, read_planes, &k, got, mu));
    check_tensor(io, "f5.mu", mu, encode);
    check_tensor(io, "f5.z", got, encode);
    CHECK_OK(vae_decode(v, &run, z->shape + 1, z->data, write_planes, &k));
    check_tensor(io, "f5.recon_unclamped", k.to, decode);
    free(k.to);
    free(got);
    free(mu);
}

static void equals_the_original(void **state)
{
    const Fixture *f = *state;
    for (int m = 0; m < MODELS; m++)
        for (int p = GEMM_BF16; p <= GEMM_F32; p++) check_case(f, f->v[m], m, (GemmPrecision)p);
}

static void knows_what_it_is(void **state)
{
    const Fixture *f = *state;
    const VaeInfo *a = vae_info(f->v[0]), *b = vae_info(f->v[1]);
    assert_string_equal(a->family, "wan2.1");
    assert_string_equal(b->family, "wan2.2");
    assert_int_equal(a->channels, 16);
    assert_int_equal(b->channels, 12);
    assert_int_equal(a->space, SIDE_21);
    assert_int_equal(b->space, SIDE_22);
    assert_int_equal(a->time, 4);
    assert_int_equal(vae_latent_frames(f->v[0], 1), 1);
    assert_int_equal(vae_latent_frames(f->v[0], 2), 2);
    assert_int_equal(vae_latent_frames(f->v[0], 5), 2);
    assert_int_equal(vae_latent_frames(f->v[0], 6), 3);
    assert_int_equal(vae_frames(f->v[0], 3), 9);
}

/* ---- names ------------------------------------------------------------------------------- */

typedef struct Renaming {
    const char *from, *to;
} Renaming;

/* Replaces the first of the pairs that fits, once. */
static void rename_part(char *name, size_t size, const Renaming *r, size_t count)
{
    char old[256];
    for (size_t i = 0; i < count; i++) {
        char *at = strstr(name, r[i].from);
        if (!at) continue;
        snprintf(old, sizeof old, "%s", at + strlen(r[i].from));
        snprintf(at, size - (size_t)(at - name), "%s%s", r[i].to, old);
        return;
    }
}

static const Renaming inside[] = { { ".residual.0.", ".norm1." },
                                   { ".residual.2.", ".conv1." },
                                   { ".residual.3.", ".norm2." },
                                   { ".residual.6.", ".conv2." },
                                   { ".shortcut.", ".conv_shortcut." } };
static const Renaming outside[] = {
    { "coder.conv1.", "coder.conv_in." },
    { ".head.0.", ".norm_out." },
    { ".head.2.", ".conv_out." },
    { ".middle.0.", ".mid_block.resnets.0." },
    { ".middle.1.", ".mid_block.attentions.0." },
    { ".middle.2.", ".mid_block.resnets.1." },
};

/* 2.2: a block of an original stage is a resnet, or the one that resamples. */
static void rename_nested(char *name, size_t size)
{
    char side[16], list[16], again[16], rest[128];
    unsigned stage, block;
    if (sscanf(name, "%15[a-z].%15[a-z].%u.%15[a-z].%u.%127s", side, list, &stage, again, &block,
               rest) != 6 ||
        strcmp(list, again) != 0)
        return;
    bool down = strcmp(list, "downsamples") == 0;
    if (block == (down ? 2 : 3))
        snprintf(name, size, "%s.%s.%u.%s.%s", side, down ? "down_blocks" : "up_blocks", stage,
                 down ? "downsampler" : "upsampler", rest);
    else
        snprintf(name, size, "%s.%s.%u.resnets.%u.%s", side, down ? "down_blocks" : "up_blocks",
                 stage, block, rest);
}

/* 2.1: the decoder's flat list is stages of three blocks and one that resamples. */
static void rename_flat(char *name, size_t size)
{
    char side[16], list[16], rest[128];
    unsigned i;
    if (sscanf(name, "%15[a-z].%15[a-z].%u.%127s", side, list, &i, rest) != 4) return;
    if (strcmp(list, "downsamples") == 0)
        snprintf(name, size, "%s.down_blocks.%u.%s", side, i, rest);
    else if (strcmp(list, "upsamples") == 0 && i % 4 == 3)
        snprintf(name, size, "%s.up_blocks.%u.upsamplers.0.%s", side, i / 4, rest);
    else if (strcmp(list, "upsamples") == 0)
        snprintf(name, size, "%s.up_blocks.%u.resnets.%u.%s", side, i / 4, i % 4, rest);
}

/* A file of diffusers' names as one of the original names: what shared/wan.md 11.5 says. */
static const Tensor *translated(void *file, const char *original, void (*rename)(char *, size_t))
{
    char name[256];
    snprintf(name, sizeof name, "%s", original);
    if (strstr(name, "_blocks") || strstr(name, "mid_block") || strstr(name, "quant_conv"))
        return NULL;
    if (strncmp(name, "conv1.", 6) == 0)
        snprintf(name, sizeof name, "quant_conv.%s", original + 6);
    else if (strncmp(name, "conv2.", 6) == 0)
        snprintf(name, sizeof name, "post_quant_conv.%s", original + 6);
    else
        rename(name, sizeof name);
    rename_part(name, sizeof name, inside, sizeof inside / sizeof *inside);
    rename_part(name, sizeof name, outside, sizeof outside / sizeof *outside);
    return safetensors_find(file, name);
}

static const Tensor *from_21(void *file, const char *original)
{
    return translated(file, original, rename_flat);
}

static const Tensor *from_22(void *file, const char *original)
{
    return translated(file, original, rename_nested);
}

static void reads_original_names(void **state)
{
    const Fixture *f = *state;
    static const ParamLookup lookup[] = { from_21, from_22 };
    for (int m = 0; m < MODELS; m++) {
        EncoderFile file = f->file[m];
        Vae *v;
        file.lookup = lookup[m];
        assert_true(vae_fits(&file));
        CHECK_OK(vae_load(&file, &f->stats[m], &v));
        check_case(f, v, m, GEMM_F32);
    }
}

static const Tensor *without_decoder(void *file, const char *name)
{
    return strncmp(name, "decoder", 7) && strncmp(name, "post_", 5) ? safetensors_find(file, name)
                                                                    : NULL;
}

static void runs_half_a_file(void **state)
{
    const Fixture *f = *state;
    EncoderFile file = f->file[0];
    VaeRun run = run_of(f, GEMM_F32);
    size_t size[] = { 1, 16, 24 }, latent[] = { 1, 2, 3 }, n;
    Vae *v;
    file.lookup = without_decoder;
    CHECK_OK(vae_load(&file, &f->stats[0], &v));
    assert_false(vae_info(v)->decodes);
    float *z = encoded(f, v, &run, size, &n), *want = encoded(f, f->v[0], &run, size, &n);
    check_equal(z, want, n, "z");
    CHECK_FAILS(vae_decode(v, &run, latent, z, write_clip, NULL), SORA_E_UNSUPPORTED,
                "an encoder only");
    free(z);
    free(want);
}

/* ---- streaming --------------------------------------------------------------------------- */

/* A longer clip begins as a shorter one does, and takes no more memory. */
static void does_not_look_ahead(void **state)
{
    const Fixture *f = *state;
    for (int m = 0; m < MODELS; m++) {
        VaeRun run = run_of(f, GEMM_BF16);
        size_t few[] = { 4, 2, 3 }, many[] = { 9, 2, 3 }, peak[2], n, more;
        Clip a[2];
        for (int i = 0; i < 2; i++) {
            run.step = arena_new("step", 0);
            a[i] = decoded(f, f->v[m], &run, i ? many : few);
            peak[i] = arena_peak(run.step);
            arena_free(run.step);
        }
        assert_int_equal(peak[0], peak[1]);
        check_equal(a[1].rgb, a[0].rgb, a[0].size[0] * a[0].size[1] * a[0].size[2] * 3, "a frame");
        free(a[0].rgb);
        free(a[1].rgb);

        run = run_of(f, GEMM_F32);
        size_t side = vae_info(f->v[m])->space, clip[] = { 9, side, 2 * side },
               longer[] = { 17, side, 2 * side };
        float *z = encoded(f, f->v[m], &run, clip, &n),
              *w = encoded(f, f->v[m], &run, longer, &more);
        for (size_t c = 0; c < vae_info(f->v[m])->channels; c++)
            check_equal(w + c * 5 * 2, z + c * 3 * 2, 3 * 2, "a latent");
        free(z);
        free(w);
    }
}

/* One latent more brings four frames more: what was handed on before was right. */
static void hands_frames_on(void **state)
{
    const Fixture *f = *state;
    VaeRun run = run_of(f, GEMM_F32);
    size_t size[] = { 5, 2, 2 };
    float *z = latents(f->v[0], 5, 2, 2);
    z[4 * 4] = NAN; /* in the last latent frame of the first channel */
    Clip k = { .size = { 17, 16, 16 } };
    CHECK_FAILS(vae_decode(f->v[0], &run, size, z, write_clip, &k), SORA_E_NUMBER, "conv2");
    assert_int_equal(k.frames, 13);
    k = (Clip){ .size = { 17, 16, 16 }, .stop = 6 };
    assert_int_equal(vae_decode(f->v[0], &run, size, z, write_clip, &k), SORA_CANCELLED);
    assert_int_equal(k.frames, 6);
    free(z);
}

/* Wants to stop from the trace of one layer on, which is before its numbers are looked at. */
typedef struct Stop {
    size_t traced, at;
} Stop;

static void trace_stop(void *self, const char *name, size_t frame, const float *x,
                       const size_t size[3])
{
    Stop *k = self;
    (void)name, (void)frame, (void)x, (void)size;
    if (k->traced++ == k->at) usleep(60000); /* a pool asks every 50 ms */
}

static bool wants_stop(void *self)
{
    const Stop *k = self;
    return k->traced > k->at;
}

/* Rows that nobody looked at are not taken for numbers that are not finite. */
static void stops_at_any_layer(void **state)
{
    const Fixture *f = *state;
    size_t size[] = { 2, 2, 2 };
    Pool *pool;
    Compute *c;
    VaeRun run = run_of(f, GEMM_F32);
    CHECK_OK(pool_new(1, &pool));
    CHECK_OK(compute_new(pool, NULL, &c));
    float *z = latents(f->v[0], 2, 2, 2);
    Stop k = { 0 };
    run.compute = c;
    run.trace = trace_stop;
    run.trace_self = &k;
    for (bool stopped = true; stopped; k.at += 3) {
        Clip clip = { .size = { 5, 16, 16 } };
        ArenaMark mark = arena_mark(f->step);
        memset(arena_alloc(f->step, 1 << 20), 0xC0, 1 << 20); /* what was there before */
        arena_rewind(f->step, mark);
        k.traced = 0;
        pool_watch(pool, wants_stop, &k);
        SoraStatus s = vae_decode(f->v[0], &run, size, z, write_clip, &clip);
        stopped = pool_status(pool) != SORA_OK;
        assert_int_equal(stopped, k.traced > k.at);
        assert_true(s == SORA_OK || (stopped && s == SORA_CANCELLED));
    }
    assert_true(k.at > 10);
    compute_free(c);
    pool_free(pool);
    free(z);
}

static void same_on_any_number_of_threads(void **state)
{
    const Fixture *f = *state;
    size_t size[] = { 2, 3, 5 };
    for (int m = 0; m < MODELS; m++) {
        Clip a[3];
        for (int i = 0; i < 3; i++) {
            Pool *pool;
            Compute *c;
            VaeRun run = run_of(f, GEMM_BF16);
            CHECK_OK(pool_new(i + 1, &pool));
            CHECK_OK(compute_new(pool, NULL, &c));
            run.compute = c;
            a[i] = decoded(f, f->v[m], &run, size);
            check_equal(a[i].rgb, a[0].rgb, a[0].size[0] * a[0].size[1] * a[0].size[2] * 3, "rgb");
            compute_free(c);
            pool_free(pool);
        }
        for (int i = 0; i < 3; i++) free(a[i].rgb);
    }
}

/* ---- tiles ------------------------------------------------------------------------------- */

/* The same numbers, bit for bit: there cannot be a seam. */
static void check_tiles(const Fixture *f, const Vae *v, GemmPrecision p, const size_t size[3],
                        size_t tile)
{
    VaeRun run = run_of(f, p);
    size_t n, side = vae_info(v)->space;
    size_t clip[] = { vae_frames(v, size[0]), size[1] * side, size[2] * side };
    Clip want = decoded(f, v, &run, size);
    float *z = encoded(f, v, &run, clip, &n);
    run.tile = tile;
    Clip got = decoded(f, v, &run, size);
    check_equal(got.rgb, want.rgb, clip[0] * clip[1] * clip[2] * 3, "decoded in tiles");
    run.tile = size_max(tile, side);
    float *w = encoded(f, v, &run, clip, &n);
    check_equal(w, z, n, "encoded in tiles");
    free(got.rgb);
    free(want.rgb);
    free(w);
    free(z);
}

static void tiles_leave_no_seam(void **state)
{
    const Fixture *f = *state;
    static const size_t high[] = { 3, 7, 5 }, wide[] = { 2, 1, 9 }, small[] = { 1, 2, 1 };
    for (int m = 0; m < MODELS; m++) {
        size_t side = vae_info(f->v[m])->space;
        check_tiles(f, f->v[m], GEMM_BF16, high, 3 * side);
        check_tiles(f, f->v[m], GEMM_F32, high, 4 * side + 2); /* of uneven size */
        check_tiles(f, f->v[m], GEMM_F32, wide, 2 * side);
        check_tiles(f, f->v[m], GEMM_BF16, wide, 5 * side);
        check_tiles(f, f->v[m], GEMM_F32, small, 5);
    }
}

/* ---- memory ------------------------------------------------------------------------------ */

static void foresees_its_memory(void **state)
{
    const Fixture *f = *state;
    for (int m = 0; m < MODELS; m++)
        for (int i = 0; i < 4; i++) {
            VaeRun run = run_of(f, i % 2 ? GEMM_F32 : GEMM_BF16);
            size_t side = vae_info(f->v[m])->space, foreseen, n;
            size_t size[] = { 3, 6, 5 }, clip[] = { 9, 6 * side, 5 * side };
            run.tile = i / 2 * 3 * side;
            run.step = arena_new("step", 0);
            CHECK_OK(vae_decode_bytes(f->v[m], &run, size, &foreseen));
            free(decoded(f, f->v[m], &run, size).rgb);
            double peak = (double)arena_peak(run.step);
            if (!(fabs(peak - (double)foreseen) <= 0.05 * peak))
                fail_msg("decoding takes %.0f bytes, foreseen were %zu", peak, foreseen);
            arena_free(run.step);
            run.step = arena_new("step", 0);
            CHECK_OK(vae_encode_bytes(f->v[m], &run, clip, &foreseen));
            free(encoded(f, f->v[m], &run, clip, &n));
            peak = (double)arena_peak(run.step);
            if (!(fabs(peak - (double)foreseen) <= 0.05 * peak))
                fail_msg("encoding takes %.0f bytes, foreseen were %zu", peak, foreseen);
            arena_free(run.step);
        }
}

static void says_when_memory_does_not_do(void **state)
{
    const Fixture *f = *state;
    VaeRun run = run_of(f, GEMM_F32);
    size_t size[] = { 2, 8, 8 };
    float *z = latents(f->v[0], 2, 8, 8);
    Clip k = { .size = { 5, 64, 64 } };
    run.step = arena_new("video", 1 << 20);
    CHECK_FAILS(vae_decode(f->v[0], &run, size, z, write_clip, &k), SORA_E_MEMORY, "video memory");
    assert_int_equal(arena_used(run.step), 0);
    arena_free(run.step);
    free(z);
}

/* ---- what goes wrong --------------------------------------------------------------------- */

static const Tensor *without_one(void *file, const char *name)
{
    return strcmp(name, "decoder.up_blocks.1.resnets.0.conv2.bias") ? safetensors_find(file, name)
                                                                    : NULL;
}

static const Tensor *with_another_shape(void *file, const char *name)
{
    bool other = strcmp(name, "encoder.mid_block.attentions.0.to_qkv.weight") == 0;
    return safetensors_find(file, other ? "encoder.mid_block.attentions.0.proj.weight" : name);
}

static const Tensor *nothing(void *file, const char *name)
{
    (void)file;
    (void)name;
    return NULL;
}

static Tensor poisoned;

static const Tensor *with_nan(void *file, const char *name)
{
    return strcmp(name, "decoder.up_blocks.2.resnets.1.conv1.bias") ? safetensors_find(file, name)
                                                                    : &poisoned;
}

static void names_what_is_wrong(void **state)
{
    const Fixture *f = *state;
    EncoderFile file = f->file[0];
    Vae *v;
    file.lookup = nothing;
    assert_false(vae_fits(&file));
    CHECK_FAILS(vae_load(&file, NULL, &v), SORA_E_FORMAT, "no Wan autoencoder");
    file.lookup = without_one;
    CHECK_FAILS(vae_load(&file, NULL, &v), SORA_E_FORMAT,
                "no tensor decoder.up_blocks.1.resnets.0.conv2.bias");
    file.lookup = with_another_shape;
    CHECK_FAILS(vae_load(&file, NULL, &v), SORA_E_FORMAT, "the model needs [48,16]");
    CHECK_FAILS(vae_load(&f->file[0], &f->stats[1], &v), SORA_E_FORMAT, "there are 12 means");
    CHECK_FAILS(vae_load(&f->file[1], NULL, &v), SORA_E_FORMAT, "no config.json says");
    VaeRun run = run_of(f, GEMM_F32);
    float rgb[3] = { 0 };
    size_t even[] = { 4, 16, 16 }, odd[] = { 5, 20, 16 }, none[] = { 1, 0, 8 };
    CHECK_FAILS(vae_encode(f->v[0], &run, even, read_wave, NULL, rgb, NULL), SORA_E_ARGUMENT,
                "4 frames of 16 x 16");
    CHECK_FAILS(vae_encode(f->v[0], &run, odd, read_wave, NULL, rgb, NULL), SORA_E_ARGUMENT,
                "multiples of 8");
    CHECK_FAILS(vae_decode(f->v[0], &run, none, rgb, write_clip, NULL), SORA_E_ARGUMENT, "8 x 0");
}

static void names_where_numbers_are_lost(void **state)
{
    const Fixture *f = *state;
    EncoderFile file = f->file[0];
    VaeRun run = run_of(f, GEMM_BF16);
    size_t size[] = { 2, 2, 2 };
    Vae *v;
    float bias[8] = { 0, 0, INFINITY };
    poisoned = *safetensors_find(&f->weights[0], "decoder.up_blocks.2.resnets.1.conv1.bias");
    assert_int_equal(tensor_count(&poisoned), 8);
    poisoned.type = TYPE_F32;
    poisoned.data = bias;
    file.lookup = with_nan;
    CHECK_OK(vae_load(&file, &f->stats[0], &v));
    float *z = latents(v, 2, 2, 2);
    Clip k = { .size = { 5, 16, 16 } };
    CHECK_FAILS(vae_decode(v, &run, size, z, write_clip, &k), SORA_E_NUMBER,
                "decoder.upsamples.9 ");
    assert_int_equal(k.frames, 0);
    free(z);
}

/* ---- files ------------------------------------------------------------------------------- */

static const char *temporary(const char *name)
{
    static char path[512];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/sora-test-vae-%ld-%s", folder ? folder : "/tmp", (long)getpid(),
             name);
    return path;
}

static SoraStatus read_config(const Fixture *f, const char *text, VaeStats *out)
{
    const char *path = temporary("config.json");
    CHECK_OK(file_write(path, text, strlen(text)));
    SoraStatus s = vae_read_stats(path, f->a, out);
    remove(path);
    return s;
}

static void reads_configs(void **state)
{
    const Fixture *f = *state;
    VaeStats s;
    CHECK_OK(read_config(f, "{\"z_dim\": 16}", &s));
    assert_int_equal(s.count, 0);
    CHECK_OK(read_config(f, "{\"latents_mean\": [1, -2.5], \"latents_std\": [0.5, 2]}", &s));
    assert_int_equal(s.count, 2);
    assert_float_equal(s.mean[1], -2.5, 0);
    CHECK_FAILS(read_config(f, "{\"latents_mean\": [1], \"latents_std\": [1, 2]}", &s),
                SORA_E_FORMAT, "1 numbers, latents_std 2");
    CHECK_FAILS(read_config(f, "{\"latents_mean\": [1], \"latents_std\": [0]}", &s), SORA_E_FORMAT,
                "not above 0");
    CHECK_FAILS(read_config(f, "{\"latents_mean\": [\"1\"]}", &s), SORA_E_FORMAT,
                "entry 0 of latents_mean");
    CHECK_FAILS(read_config(f, "{\"latents_mean\": 3}", &s), SORA_E_FORMAT, "no list");
}

static void keeps_latents_in_files(void **state)
{
    const Fixture *f = *state;
    const char *path = temporary("latents.safetensors");
    float *z = latents(f->v[0], 3, 2, 5);
    VaeLatents x = { "wan2.1", { 16, 3, 2, 5 }, z, 8, 15, 40, 23.976, "a fox" }, y;
    CHECK_OK(vae_save_latents(path, &x));
    CHECK_OK(vae_load_latents(path, f->a, &y));
    CHECK_OK(vae_check_latents(f->v[0], &y));
    assert_memory_equal(y.size, x.size, sizeof x.size);
    check_equal(y.z, z, 16 * 3 * 2 * 5, "a latent");
    assert_string_equal(y.note, "a fox");
    assert_int_equal(y.frames, 8);
    assert_int_equal(y.height, 15);
    assert_int_equal(y.width, 40);
    CHECK_CLOSE(y.fps, 23.976, 1e-9);
    CHECK_FAILS(vae_check_latents(f->v[1], &y), SORA_E_ARGUMENT,
                "latents of wan2.1 with 16 channels cannot be decoded by an autoencoder of wan2.2");
    y.frames = 10;
    CHECK_FAILS(vae_check_latents(f->v[0], &y), SORA_E_ARGUMENT, "10 frames of 40 x 15 are wanted");
    z[7] = NAN;
    CHECK_OK(vae_save_latents(path, &x));
    CHECK_FAILS(vae_load_latents(path, f->a, &y), SORA_E_NUMBER, "number 7 of the latents");
    SafetensorsEntry e = { "latents", { .type = TYPE_F32, .rank = 1, .shape = { 3 }, .data = z } };
    CHECK_OK(safetensors_write(path, &e, 1, NULL, 0));
    CHECK_FAILS(vae_load_latents(path, f->a, &y), SORA_E_FORMAT, "it holds no latents");
    SafetensorsMeta meta[] = { { "format", "sora-latents-1" }, { "family", "wan2.1" } };
    CHECK_OK(safetensors_write(path, &e, 1, meta, 2));
    CHECK_FAILS(vae_load_latents(path, f->a, &y), SORA_E_FORMAT, "latents are [3] f32");
    SafetensorsMeta more[] = { meta[0], meta[1], { "frames", "many" } };
    e.tensor = (Tensor){ .type = TYPE_F32, .rank = 4, .shape = { 1, 1, 1, 3, 1, 1 }, .data = z };
    CHECK_OK(safetensors_write(path, &e, 1, more, 3));
    CHECK_FAILS(vae_load_latents(path, f->a, &y), SORA_E_FORMAT, "frames is many");
    remove(path);
    free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_original),
        cmocka_unit_test(knows_what_it_is),
        cmocka_unit_test(reads_original_names),
        cmocka_unit_test(runs_half_a_file),
        cmocka_unit_test(does_not_look_ahead),
        cmocka_unit_test(hands_frames_on),
        cmocka_unit_test(stops_at_any_layer),
        cmocka_unit_test(same_on_any_number_of_threads),
        cmocka_unit_test(tiles_leave_no_seam),
        cmocka_unit_test(foresees_its_memory),
        cmocka_unit_test(says_when_memory_does_not_do),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(names_where_numbers_are_lost),
        cmocka_unit_test(reads_configs),
        cmocka_unit_test(keeps_latents_in_files),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
