#include "wan_maker.h"

#include "model/bundle.h"
#include "pipeline/wan_generate.h"

static char folder[] = "/tmp/sora-wan-XXXXXX";

typedef struct Fixture {
    Arena *a;
    Pool *pool;
    Compute *c;
} Fixture;

static char *in_folder(const char *name)
{
    static char path[4][512];
    static int turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

/* One model folder for every family. */
static const char *const names[WAN_FAMILIES] = { "t2v", "i2v", "flf2v", "i2v2", "ti2v", "vace" };

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    if (!mkdtemp(folder)) return -1;
    f->a = arena_new("test", 0);
    CHECK_OK(pool_new(2, &f->pool));
    CHECK_OK(compute_new(f->pool, NULL, &f->c));
    for (int i = 0; i < WAN_FAMILIES; i++) {
        DitConfig c = maker_config(i, 64, 4, i == WAN_TI2V ? 12 : 16);
        if (i == WAN_FLF2V) c.image_positions = 34;
        char path[512], inner[520];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        snprintf(inner, sizeof inner, "%s/a", path);
        mkdir(path, 0755);
        maker_write(&c, (uint64_t)i, inner);
        maker_parts(path, i == WAN_TI2V ? "vae22-diffusers" : "vae21-diffusers",
                    i == WAN_I2V || i == WAN_FLF2V);
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    char command[300];
    compute_free(f->c);
    pool_free(f->pool);
    arena_free(f->a);
    free(f);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void open_family(Fixture *f, WanFamily family, Bundle *b)
{
    CHECK_OK(bundle_open(in_folder(names[family]), NULL, NULL, f->c, b));
    assert_non_null(b->wan);
    assert_int_equal(b->wan->family, family);
}

static GenerateOptions small(const Bundle *b)
{
    GenerateOptions o = generate_options_default();
    wan_generate_default(b->wan, &o);
    o.prompt = "a cat";
    o.frames = 5;
    o.height = 32, o.width = 64;
    o.steps = 3;
    return o;
}

/* A clip of the options' size with something in it. */
static Clip picture(Fixture *f, const GenerateOptions *o)
{
    Clip c;
    CHECK_OK(clip_new(f->a, o->frames, o->height, o->width, 16, &c));
    for (size_t i = 0; i < o->frames * o->height * o->width * 3; i++)
        c.rgb[i] = (uint8_t)(i * 37 % 251);
    return c;
}

static bool same(const Clip *a, const Clip *b)
{
    return memcmp(a->rgb, b->rgb, a->frames * a->height * a->width * 3) == 0;
}

static void finds_parts_by_looking_inside(void **state)
{
    Bundle b;
    open_family(*state, WAN_I2V, &b);
    assert_non_null(strstr(b.wan->parts.transformer, "/a/weights.safetensors"));
    assert_non_null(strstr(b.wan->parts.text, "b.safetensors"));
    assert_non_null(strstr(b.wan->parts.tokenizer, "c.model"));
    assert_non_null(strstr(b.wan->parts.vae, "d/x.safetensors"));
    assert_non_null(strstr(b.wan->parts.clip, "e/y.safetensors"));
    assert_null(b.wan->parts.high);
    bundle_close(&b);
}

static void makes_the_same_bytes_again(void **state)
{
    Fixture *f = *state;
    Bundle b;
    Clip first, again, other;
    open_family(f, WAN_T2V, &b);
    GenerateOptions o = small(&b);
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &first));
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &again));
    assert_true(same(&first, &again));
    o.seed = 2;
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &other));
    assert_false(same(&first, &other));
    o.seed = 1;
    o.prompt = "a dog in the rain";
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &other));
    assert_false(same(&first, &other));
    bundle_close(&b);
}

/* Given frames change what is made, and who cannot use them says so. */
static void every_family_takes_its_own_conditions(void **state)
{
    Fixture *f = *state;
    static const struct {
        bool none, first, both, middle;
    } takes[WAN_FAMILIES] = {
        [WAN_T2V] = { .none = true },
        [WAN_I2V] = { .first = true },
        [WAN_FLF2V] = { .both = true },
        [WAN_I2V_2] = { .first = true, .both = true },
        [WAN_TI2V] = { .none = true, .first = true },
        [WAN_VACE] = { .none = true, .first = true, .both = true, .middle = true },
    };
    static const uint8_t given[4][5] = { { 0 }, { 1 }, { 1, 0, 0, 0, 1 }, { 0, 0, 1 } };
    for (int i = 0; i < WAN_FAMILIES; i++) {
        Bundle b;
        open_family(f, i, &b);
        GenerateOptions o = small(&b);
        Clip source = picture(f, &o), out, before = { 0 };
        bool may[4] = { takes[i].none, takes[i].first, takes[i].both, takes[i].middle };
        for (int k = 0; k < 4; k++) {
            Condition c = { .source = &source, .given = given[k], .strength = 1 };
            o.condition = k ? &c : NULL;
            SoraStatus s = generate_clip(&b, f->c, &o, f->a, &out);
            if (s != (may[k] ? SORA_OK : SORA_E_ARGUMENT))
                fail_msg("%s, condition %d: %s", names[i], k, s ? err_text() : "it was taken");
            if (s != SORA_OK) continue;
            if (before.rgb && same(&before, &out)) fail_msg("%s: %d changes nothing", names[i], k);
            before = out;
        }
        bundle_close(&b);
    }
}

/* The same is known before any work, and those that can are named. */
static void every_family_says_what_it_cannot_do(void **state)
{
    Fixture *f = *state;
    static const WanAsk ask[4] = {
        { 0 }, { .first = true }, { .first = true, .last = true }, { .middle = true }
    };
    static const char *const who[4] = { "T2V models", "I2V, TI2V and VACE", "FLF2V and VACE",
                                        "VACE models and sora's own can" };
    static const bool may[WAN_FAMILIES][4] = {
        [WAN_T2V] = { true },
        [WAN_I2V] = { false, true },
        [WAN_FLF2V] = { false, false, true },
        [WAN_I2V_2] = { false, true, true },
        [WAN_TI2V] = { true, true },
        [WAN_VACE] = { true, true, true, true },
    };
    for (int i = 0; i < WAN_FAMILIES; i++) {
        Bundle b;
        open_family(f, i, &b);
        for (int k = 0; k < 4; k++) {
            if (may[i][k]) CHECK_OK(wan_generate_check(b.wan, &ask[k]));
            if (!may[i][k])
                CHECK_FAILS(wan_generate_check(b.wan, &ask[k]), SORA_E_ARGUMENT, who[k]);
        }
        CHECK_FAILS(wan_generate_check(b.wan, &(WanAsk){ .first = true, .later = true }),
                    SORA_E_ARGUMENT, "words that change");
        CHECK_FAILS(wan_generate_check(b.wan, &(WanAsk){ .keep = true }), SORA_E_ARGUMENT,
                    "sora's own");
        bundle_close(&b);
    }
}

static void starts_from_a_video(void **state)
{
    Fixture *f = *state;
    Bundle b;
    Clip near, far;
    open_family(f, WAN_T2V, &b);
    GenerateOptions o = small(&b);
    Clip source = picture(f, &o);
    Condition c = { .source = &source, .strength = 0.3 };
    o.condition = &c;
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &near));
    c.strength = 0.9;
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &far));
    assert_false(same(&near, &far));
    bundle_close(&b);
}

/* VACE keeps what the mask keeps out of the reactive half. */
typedef struct Seen {
    float mask[64 * 2 * 4 * 8];
    size_t count;
} Seen;

static void see_control(void *self, const char *name, const float *x, size_t count)
{
    Seen *s = self;
    size_t n = sizeof s->mask / sizeof *s->mask;
    if (strcmp(name, "vace_context") != 0) return;
    s->count = count;
    memcpy(s->mask, x + count - n, sizeof s->mask);
}

static void a_mask_becomes_channels(void **state)
{
    Fixture *f = *state;
    Bundle b;
    Seen seen = { .count = 0 };
    WanJob j;
    float *z;
    open_family(f, WAN_VACE, &b);
    GenerateOptions o = small(&b);
    Clip source = picture(f, &o);
    uint8_t *mask = arena_zero(f->a, 5 * 32 * 64);
    for (size_t i = 0; i < 5; i++) mask[i * 32 * 64 + 9 * 64 + 3] = 1; /* row 9, column 3 */
    Condition c = { .source = &source, .mask = mask, .strength = 1 };
    o.condition = &c;
    CHECK_OK(wan_generate_job(b.wan, &o, f->a, &j));
    WanTrace trace = { see_control, &seen };
    j.trace = &trace;
    CHECK_OK(wan_sample(b.wan, f->c, &j, f->a, &z));
    assert_int_equal(seen.count, 96 * 2 * 4 * 8);
    for (size_t i = 0; i < 64 * 2 * 4 * 8; i++) {
        size_t channel = i / 64, row = i / 8 % 4, column = i % 8;
        bool made = channel == 1 * 8 + 3 && row == 1 && column == 0;
        CHECK_CLOSE(seen.mask[i], made ? 1 : 0, 0);
    }
    bundle_close(&b);
}

static void wrong_mixes_are_refused(void **state)
{
    Fixture *f = *state;
    Bundle b;
    WanParts vae22 = { .vae = test_data(
                           "golden/vae22-diffusers/vae/diffusion_pytorch_model.safetensors") };
    CHECK_FAILS(bundle_open_wan(in_folder("t2v"), &vae22, &b), SORA_E_FORMAT,
                "wan2.2, with latents of 12 channels");
    WanParts high = { .transformer = in_folder("t2v/a/weights.safetensors"),
                      .high = in_folder("i2v2/a/weights.safetensors") };
    CHECK_FAILS(bundle_open_wan(NULL, &high, &b), SORA_E_FORMAT, "as two experts are");
    CHECK_FAILS(bundle_open(in_folder("t2v/d"), NULL, NULL, f->c, &b), SORA_E_FORMAT,
                "nor a Wan transformer");
    WanParts text = { .text = test_data("golden/vae21-diffusers/io.safetensors") };
    assert_int_equal(bundle_open_wan(in_folder("t2v"), &text, &b), SORA_E_FORMAT);
    open_family(f, WAN_T2V, &b);
    GenerateOptions o = small(&b);
    Clip out;
    o.height = 40;
    CHECK_FAILS(generate_clip(&b, f->c, &o, f->a, &out), SORA_E_ARGUMENT, "multiples of 16");
    bundle_close(&b);
    CHECK_OK(bundle_open_wan(in_folder("t2v/a"), NULL, &b));
    o = small(&b);
    CHECK_FAILS(generate_clip(&b, f->c, &o, f->a, &out), SORA_E_FORMAT, "no text encoder");
    bundle_close(&b);
}

static void two_transformers_are_experts_or_refused(void **state)
{
    Fixture *f = *state;
    Bundle b;
    Clip out;
    DitConfig c = maker_config(WAN_T2V, 64, 2, 16);
    mkdir(in_folder("moe"), 0755);
    maker_write(&c, 1, in_folder("moe/high_noise_model"));
    maker_write(&c, 2, in_folder("moe/low_noise_model"));
    maker_parts(in_folder("moe"), "vae21-diffusers", false);
    CHECK_OK(bundle_open(in_folder("moe"), NULL, NULL, f->c, &b));
    assert_non_null(strstr(b.wan->parts.high, "high_noise_model"));
    assert_non_null(strstr(b.wan->parts.transformer, "low_noise_model"));
    CHECK_CLOSE(b.wan->boundary, 0.875, 0);
    GenerateOptions o = small(&b);
    CHECK_CLOSE(o.shift, 12, 0);
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &out));
    bundle_close(&b);
    assert_int_equal(rename(in_folder("moe/high_noise_model"), in_folder("moe/one")), 0);
    assert_int_equal(rename(in_folder("moe/low_noise_model"), in_folder("moe/two")), 0);
    CHECK_FAILS(bundle_open(in_folder("moe"), NULL, NULL, f->c, &b), SORA_E_ARGUMENT,
                "hold a transformer");
}

/* Blocks that leave memory and tiles give the same as whole ones; too little is refused. */
static void less_memory_gives_the_same(void **state)
{
    Fixture *f = *state;
    Bundle b;
    WanJob j;
    WanPlan plan;
    float *whole, *streamed;
    open_family(f, WAN_T2V, &b);
    GenerateOptions o = small(&b);
    CHECK_OK(wan_generate_job(b.wan, &o, f->a, &j));
    LatentSize s;
    CHECK_OK(wan_latent_size(b.wan, &j, &s));
    CHECK_OK(wan_sample(b.wan, f->c, &j, f->a, &whole));
    j.stream = true;
    CHECK_OK(wan_sample(b.wan, f->c, &j, f->a, &streamed));
    assert_memory_equal(whole, streamed, latent_values(s) * sizeof *whole);
    CHECK_OK(wan_plan_make(b.wan, f->c, &j, 0, &plan));
    assert_int_equal(plan.tokens, 2 * 2 * 4);
    char text[256];
    assert_non_null(strstr(wan_plan_describe(&plan, text, sizeof text), "needs "));
    CHECK_FAILS(wan_plan_make(b.wan, f->c, &j, 1 << 20, &plan), SORA_E_MEMORY, "GB are allowed");
    bundle_close(&b);
}

/* Of a network large enough that its activations are what matters: what a pass takes at most is
 * within a tenth of what the plan says of it. */
static void the_plan_knows_what_a_pass_takes(void **state)
{
    Fixture *f = *state;
    WanBundle b = { 0 };
    WanPlan plan;
    char *at = in_folder("wide");
    DitConfig c = maker_config(WAN_T2V, 256, 2, 16);
    maker_write(&c, 1, at);
    WanParts parts = { .transformer = arena_printf(f->a, "%s/weights.safetensors", at) };
    CHECK_OK(wan_bundle_check(&parts, f->a, &b));
    WanJob j = wan_job_default(&b);
    j.frames = 17, j.height = 192, j.width = 256;
    CHECK_OK(wan_plan_make(&b, f->c, &j, 0, &plan));
    assert_int_equal(plan.tokens, 5 * 12 * 16);
    Arena *run = arena_new("run", 0), *step = arena_new("step", 0);
    WanNetOptions o = { .path = { parts.transformer },
                        .compute = f->c,
                        .precision = GEMM_BF16,
                        .size = plan.size,
                        .step = step };
    WanNet *net = wan_net_new(&o, run);
    const WanModel *m;
    CHECK_OK(wan_net_use(net, WAN_LOW, &m));
    size_t n = latent_values(plan.size);
    float *z = arena_zero(run, 2 * n * sizeof *z);
    Tensor *text = tensor_new_2d(run, TYPE_F32, 512, c.text_width);
    memset(text->data, 0, tensor_count(text) * sizeof(float));
    WanPrompted prompted = { .expert = WAN_LOW, .text = text };
    Denoiser d = wan_net_denoiser(net, &prompted, run);
    double level[10];
    for (size_t i = 0; i < 10; i++) level[i] = i < 5 ? 0.9 : 900;
    CHECK_OK(d.fn(d.self, z, level, level + 5, z + n));
    /* ten more latents are the sampler's, which is not here */
    double took = (double)(arena_peak(step) + arena_peak(run) + 10 * n * sizeof *z);
    if (!(fabs(took / (double)plan.activations - 1) < 0.1))
        fail_msg("a pass took %.0f bytes, the plan says %zu", took, plan.activations);
    wan_net_close(net);
    arena_free(step);
    arena_free(run);
}

/* The share of passes that a cache saves, and what it does to the latent. */
static void a_cache_saves_passes(void **state)
{
    Fixture *f = *state;
    Bundle b;
    WanJob j;
    WanStats stats;
    float *exact, *cached;
    LatentSize s;
    open_family(f, WAN_T2V, &b);
    GenerateOptions o = small(&b);
    o.steps = 20;
    CHECK_OK(wan_generate_job(b.wan, &o, f->a, &j));
    CHECK_OK(wan_latent_size(b.wan, &j, &s));
    CHECK_OK(wan_sample(b.wan, f->c, &j, f->a, &exact));
    j.stats = &stats;
    static const double threshold[] = { 1e-9, 0.3, 1 };
    for (int k = 0; k < 3; k++) {
        j.cache_threshold = threshold[k];
        CHECK_OK(wan_sample(b.wan, f->c, &j, f->a, &cached));
        double off = 0, all = 0;
        for (size_t i = 0; i < latent_values(s); i++) {
            off += pow((double)exact[i] - (double)cached[i], 2);
            all += pow((double)exact[i], 2);
        }
        double rel = sqrt(off / all);
        print_message("# threshold %g: %zu of %zu passes reused, the latent is off by %.4f\n",
                      threshold[k], stats.reused, stats.passes, rel);
        assert_int_equal(stats.passes, 40);
        assert_true(k ? stats.reused > 0 && rel > 0 : stats.reused == 0 && rel == 0);
        assert_true(rel < 0.1);
    }
    bundle_close(&b);
}

static void skipped_layers_guide(void **state)
{
    Fixture *f = *state;
    Bundle b;
    WanJob j;
    float *plain, *guided;
    LatentSize s;
    static const bool skip[4] = { false, true };
    open_family(f, WAN_T2V, &b);
    GenerateOptions o = small(&b);
    CHECK_OK(wan_generate_job(b.wan, &o, f->a, &j));
    CHECK_OK(wan_latent_size(b.wan, &j, &s));
    CHECK_OK(wan_sample(b.wan, f->c, &j, f->a, &plain));
    j.skip_layers = skip;
    j.skip_scale = 2;
    CHECK_OK(wan_sample(b.wan, f->c, &j, f->a, &guided));
    assert_memory_not_equal(plain, guided, latent_values(s) * sizeof *plain);
    j.skip_start = j.skip_end = 0.5; /* never */
    CHECK_OK(wan_sample(b.wan, f->c, &j, f->a, &guided));
    assert_memory_equal(plain, guided, latent_values(s) * sizeof *plain);
    bundle_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_parts_by_looking_inside),
        cmocka_unit_test(makes_the_same_bytes_again),
        cmocka_unit_test(every_family_takes_its_own_conditions),
        cmocka_unit_test(every_family_says_what_it_cannot_do),
        cmocka_unit_test(starts_from_a_video),
        cmocka_unit_test(a_mask_becomes_channels),
        cmocka_unit_test(wrong_mixes_are_refused),
        cmocka_unit_test(two_transformers_are_experts_or_refused),
        cmocka_unit_test(less_memory_gives_the_same),
        cmocka_unit_test(the_plan_knows_what_a_pass_takes),
        cmocka_unit_test(a_cache_saves_passes),
        cmocka_unit_test(skipped_layers_guide),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
