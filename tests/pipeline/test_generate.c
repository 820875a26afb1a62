/* Generation frame by frame: windows that roll, few given frames, what an edit keeps. */
#include "check.h"

#include <unistd.h>

#include "base/rng.h"
#include "model/bundle.h"
#include "pipeline/generate_parts.h"
#include "pipeline/plan.h"
#include "pipeline/recolour.h"

typedef struct Fixture {
    Arena *a;
    Pool *pool;
    Compute *c;
    Bundle b;
} Fixture;

/* A small network of random weights with the real text encoder. */
static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    char text[1024];
    f->a = arena_new("test", 0);
    CHECK_OK(pool_new(2, &f->pool));
    CHECK_OK(compute_new(f->pool, NULL, &f->c));
    snprintf(text, sizeof text, "%s/models/default/text.safetensors", getenv("SORA_SOURCE"));
    CHECK_OK(text_encoder_open(text, f->c, f->a, &f->b.text));
    f->b.config = dit_config_default();
    f->b.config.width = 64, f->b.config.heads = 2, f->b.config.layers = 2, f->b.config.hidden = 64;
    ParamSet *set = params_new_train(f->a, 3, NULL, NULL);
    CHECK_OK(dit_new(&f->b.config, set, f->a, &f->b.dit));
    for (size_t i = 0; i < params_count(set); i++) {
        Param *p = params_at(set, i);
        if (strcmp(p->name, "head.head.weight") != 0) continue;
        rng_fill_normal(p->value->data, 0, tensor_count(p->value), 5);
        for (size_t j = 0; j < tensor_count(p->value); j++) ((float *)p->value->data)[j] *= 0.1f;
    }
    params_refresh(set, f->c);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    text_encoder_close(f->b.text);
    compute_free(f->c);
    pool_free(f->pool);
    arena_free(f->a);
    free(f);
    return 0;
}

static GenerateOptions small(size_t frames)
{
    GenerateOptions o = generate_options_default();
    o.prompt = "a fox";
    o.frames = frames, o.height = 16, o.width = 24, o.fps = 12, o.steps = 6;
    o.window = 4;
    return o;
}

typedef struct Seen {
    size_t frames, bytes;
    uint8_t *rgb; /* NULL: only counted */
} Seen;

static SoraStatus see(void *self, size_t f, const uint8_t *rgb)
{
    Seen *s = self;
    assert_int_equal(f, s->frames);
    if (s->rgb) memcpy(s->rgb + f * s->bytes, rgb, s->bytes);
    s->frames++;
    return SORA_OK;
}

/* What a rolled clip holds in memory does not grow with its length, but for a few bytes a frame
 * that say when it begins and whether it is given. */
static void test_memory(void **state)
{
    Fixture *f = *state;
    size_t peak[2], latents[2];
    for (int i = 0; i < 2; i++) {
        Arena *a = arena_new("roll", 0);
        GenerateOptions o = small(i ? 401 : 41);
        Seen seen = { 0 };
        o.steps = 2;
        CHECK_OK(generate_stream(&f->b, f->c, &o, a, (FrameSink){ see, &seen }));
        assert_int_equal(seen.frames, o.frames);
        peak[i] = arena_peak(a);
        latents[i] = patch_latent_frames(o.frames);
        arena_free(a);
    }
    assert_true(peak[1] - peak[0] <= 60 * (latents[1] - latents[0]) + 2 * ARENA_ALIGN);
}

typedef struct Stop {
    Seen seen;
    size_t at;
    bool now;
} Stop;

static SoraStatus see_and_stop(void *self, size_t f, const uint8_t *rgb)
{
    Stop *s = self;
    if (f == s->at) usleep(60000), s->now = true; /* a pool asks every 50 ms */
    return see(&s->seen, f, rgb);
}

static bool wants_stop(void *self)
{
    return ((Stop *)self)->now;
}

/* The state of a clip that was stopped in the middle of a step, though nobody is told of steps, is
 * that of the step before; one that was tampered with is refused. */
static void test_stopped_roll(void **state)
{
    Fixture *f = *state;
    enum { FRAMES = 41, BYTES = 16 * 24 * 3 };
    char folder[] = "/tmp/sora-roll-XXXXXX", path[64], command[128];
    ArenaMark mark = arena_mark(f->a);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.mp4", folder);
    GenerateOptions o = small(FRAMES);
    GenerateState roll = { .path = path, .key = "a fox", .engine = "tiny" };
    Seen whole = { 0, BYTES, arena_alloc(f->a, FRAMES * BYTES) }, again = whole;
    again.rgb = arena_alloc(f->a, FRAMES * BYTES);
    Stop stop = { .at = 20 };
    CHECK_OK(generate_stream(&f->b, f->c, &o, f->a, (FrameSink){ see, &whole }));
    o.state = &roll;
    pool_watch(f->pool, wants_stop, &stop);
    assert_int_equal(generate_stream(&f->b, f->c, &o, f->a, (FrameSink){ see_and_stop, &stop }),
                     SORA_CANCELLED);
    pool_watch(f->pool, NULL, NULL);
    assert_true(stop.seen.frames < FRAMES);
    roll.resume = true;
    CHECK_OK(generate_stream(&f->b, f->c, &o, f->a, (FrameSink){ see, &again }));
    assert_int_equal(again.frames, FRAMES);
    assert_memory_equal(again.rgb, whole.rgb, FRAMES * BYTES);

    snprintf(command, sizeof command, "sed -i 's/\"sora.done\":\"[0-9]/\"sora.done\":\"0/' %s.roll",
             path);
    assert_int_equal(system(command), 0);
    CHECK_FAILS(generate_stream(&f->b, f->c, &o, f->a, (FrameSink){ see, &again }), SORA_E_FORMAT,
                "its window");
    roll.key = "a cat";
    CHECK_FAILS(generate_stream(&f->b, f->c, &o, f->a, (FrameSink){ see, &again }), SORA_E_ARGUMENT,
                "another shot");
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
    arena_rewind(f->a, mark);
}

/* At no strength what is there comes back, in a window that rolls, too. */
static void test_no_strength(void **state)
{
    Fixture *f = *state;
    enum { FRAMES = 25 };
    ArenaMark mark = arena_mark(f->a);
    GenerateOptions o = small(FRAMES);
    Clip source, made;
    CHECK_OK(clip_new(f->a, FRAMES, 16, 24, 12, &source));
    for (size_t i = 0; i < FRAMES * 16 * 24 * 3; i++) source.rgb[i] = (uint8_t)(i * 11);
    o.condition = &(Condition){ .source = &source, .strength = 0 };
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &made));
    assert_memory_equal(made.rgb, source.rgb, FRAMES * 16 * 24 * 3);
    arena_rewind(f->a, mark);
}

/* Few given frames, far apart, come back to the byte, and change what is between. */
static void test_few_given(void **state)
{
    Fixture *f = *state;
    enum { FRAMES = 45, BYTES = 16 * 24 * 3 };
    ArenaMark mark = arena_mark(f->a);
    GenerateOptions o = small(FRAMES);
    uint8_t *still = arena_alloc(f->a, BYTES), given[FRAMES] = { 0 };
    const uint8_t *frame[FRAMES] = { 0 };
    static const size_t at[] = { 0, 18, 19, 44 };
    for (size_t i = 0; i < BYTES; i++) still[i] = (uint8_t)(i * 31);
    for (size_t i = 0; i < 4; i++) frame[at[i]] = still, given[at[i]] = 1;
    Clip size = { FRAMES, 16, 24, 12, NULL };
    Condition c = { .source = &size, .frame = frame, .given = given, .strength = 1 };
    Seen with = { 0, BYTES, arena_alloc(f->a, FRAMES * BYTES) };
    Seen without = { 0, BYTES, arena_alloc(f->a, FRAMES * BYTES) };
    CHECK_OK(generate_stream(&f->b, f->c, &o, f->a, (FrameSink){ see, &without }));
    o.condition = &c;
    CHECK_OK(generate_stream(&f->b, f->c, &o, f->a, (FrameSink){ see, &with }));
    for (size_t i = 0; i < 4; i++) assert_memory_equal(with.rgb + at[i] * BYTES, still, BYTES);
    assert_memory_not_equal(with.rgb + 17 * BYTES, without.rgb + 17 * BYTES, BYTES);
    /* As a whole clip it is the same. */
    Clip whole, made;
    CHECK_OK(clip_new(f->a, FRAMES, 16, 24, 12, &whole));
    memset(whole.rgb, 0, FRAMES * BYTES);
    for (size_t i = 0; i < 4; i++) memcpy(clip_frame(&whole, at[i]), still, BYTES);
    Condition dense = { .source = &whole, .given = given, .strength = 1 };
    o.condition = &dense;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &made));
    for (size_t i = 0; i < 4; i++) assert_memory_equal(clip_frame(&made, at[i]), still, BYTES);
    dense.source = &size, size.frames = 44;
    CHECK_FAILS(generate_clip(&f->b, f->c, &o, f->a, &made), SORA_E_ARGUMENT, "44 frames");
    arena_rewind(f->a, mark);
}

/* Frames to start from begin at the strength where four in a row are there, others at noise. */
static void test_guess(void **state)
{
    (void)state;
    enum { FRAMES = 13 };
    static const uint8_t pixels[8 * 8 * 3];
    uint8_t given[FRAMES] = { 1 }, guess[FRAMES] = { 0 };
    const uint8_t *frame[FRAMES] = { pixels };
    Clip size = { FRAMES, 8, 8, 12, NULL };
    Condition c = { .source = &size, .frame = frame, .given = given, .strength = 0.6 };
    c.guess = guess;
    for (size_t f = 1; f < FRAMES; f++) frame[f] = pixels, guess[f] = f < 9;
    CHECK_CLOSE(condition_start(&c, 1), 0.6, 0);
    CHECK_CLOSE(condition_start(&c, 2), 0.6, 0);
    CHECK_CLOSE(condition_start(&c, 3), 1, 0);
    given[8] = 1, guess[8] = 0; /* what is given needs no guess */
    CHECK_CLOSE(condition_start(&c, 2), 0.6, 0);
    frame[6] = NULL;
    CHECK_CLOSE(condition_start(&c, 2), 1, 0);
    c.guess = NULL;
    CHECK_CLOSE(condition_start(&c, 3), 0.6, 0);
    CHECK_CLOSE(condition_start(NULL, 3), 1, 0);
}

static SoraStatus count_steps(void *self, size_t step, size_t steps, const Clip *preview)
{
    size_t *seen = self;
    (void)preview;
    assert_int_equal(step, *seen);
    assert_int_equal(steps, 12);
    ++*seen;
    return SORA_OK;
}

/* A model that knows clips at half the size lays them out there: another clip, what is given as
 * given. Not where a mask says what stays, nor what is rolled. */
static void test_coarse(void **state)
{
    Fixture *f = *state;
    ArenaMark mark = arena_mark(f->a);
    enum { FRAMES = 9, BYTES = 16 * 24 * 3 };
    SafetensorsMeta sizes = { "sora.sizes", "24x24x13@12,16x8x13@12" };
    Bundle b = f->b;
    GenerateOptions o = small(FRAMES);
    uint8_t *given = arena_zero(f->a, FRAMES), *mask = arena_alloc(f->a, FRAMES * 16 * 24);
    Clip source, straight, laid, again;
    size_t steps = 0;
    CHECK_OK(clip_new(f->a, FRAMES, 16, 24, 12, &source));
    for (size_t i = 0; i < FRAMES * BYTES; i++) source.rgb[i] = (uint8_t)(i * 31);
    given[0] = given[4] = 1;
    Condition c = { .source = &source, .given = given, .strength = 1 };
    o.condition = &c;
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &straight));
    b.file.meta = &sizes, b.file.meta_count = 1;
    assert_true(generate_lays_out(&b, &o));
    assert_false(generate_lays_out(&f->b, &o));
    o.frames = 1; /* a picture */
    assert_false(generate_lays_out(&b, &o));
    o.frames = FRAMES, o.height = 8, o.width = 16; /* its layout would be smaller than any */
    assert_false(generate_lays_out(&b, &o));
    o.height = 16, o.width = 24, o.window = 2; /* rolled */
    assert_false(generate_lays_out(&b, &o));
    o.window = 4;
    o.progress = count_steps, o.progress_self = &steps;
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &laid));
    assert_int_equal(steps, 12);
    assert_memory_not_equal(clip_frame(&laid, 2), clip_frame(&straight, 2), BYTES);
    for (size_t k = 0; k < FRAMES; k++)
        if (given[k]) assert_memory_equal(clip_frame(&laid, k), clip_frame(&source, k), BYTES);
    o.progress = NULL;
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &again));
    assert_memory_equal(again.rgb, laid.rgb, FRAMES * BYTES);
    memset(mask, 1, FRAMES * 16 * 24);
    c.mask = mask;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &straight));
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &again));
    assert_memory_equal(again.rgb, straight.rgb, FRAMES * BYTES);
    arena_rewind(f->a, mark);
}

/* A network for layouts takes the model's place there, and says which sizes it can. */
static void test_layouter(void **state)
{
    Fixture *f = *state;
    ArenaMark mark = arena_mark(f->a);
    enum { FRAMES = 9, BYTES = 16 * 24 * 3 };
    SafetensorsMeta both = { "sora.sizes", "24x24x13@12,16x8x13@12" };
    SafetensorsMeta large = { "sora.sizes", "24x24x13@12" },
                    little = { "sora.sizes", "16x8x13@12" };
    Bundle own = f->b, model = f->b, layout = f->b;
    GenerateOptions o = small(FRAMES);
    Clip by_itself, by_twin, by_other;
    own.file.meta = &both, model.file.meta = &large, layout.file.meta = &little;
    own.file.meta_count = model.file.meta_count = layout.file.meta_count = 1;
    assert_false(generate_lays_out(&model, &o));
    model.layout = &layout;
    assert_true(generate_lays_out(&model, &o));
    CHECK_OK(generate_clip(&own, f->c, &o, f->a, &by_itself));
    CHECK_OK(generate_clip(&model, f->c, &o, f->a, &by_twin));
    assert_memory_equal(by_twin.rgb, by_itself.rgb, FRAMES * BYTES);
    ParamSet *set = params_new_train(f->a, 4, NULL, NULL); /* whose head is 0: grey */
    CHECK_OK(dit_new(&layout.config, set, f->a, &layout.dit));
    params_refresh(set, f->c);
    CHECK_OK(generate_clip(&model, f->c, &o, f->a, &by_other));
    assert_memory_not_equal(by_other.rgb, by_itself.rgb, FRAMES * BYTES);
    o.frames = 1; /* pictures, where both know them */
    large.value = "24x24,24x24x13@12";
    assert_false(generate_lays_out(&model, &o));
    little.value = "16x8,16x8x13@12";
    assert_true(generate_lays_out(&model, &o));
    model.layout = NULL;
    CHECK_OK(generate_clip(&model, f->c, &o, f->a, &by_itself));
    model.layout = &layout;
    CHECK_OK(generate_clip(&model, f->c, &o, f->a, &by_other));
    assert_memory_not_equal(by_other.rgb, by_itself.rgb, BYTES);
    arena_rewind(f->a, mark);
}

/* Every latent frame reads the words of its time: the same words later change nothing, others do.
 */
static void test_later(void **state)
{
    Fixture *f = *state;
    ArenaMark mark = arena_mark(f->a);
    GenerateOptions o = small(13);
    Clip one, same, other;
    GeneratePrompt later[] = { { 0.5, "a fox" }, { 0.8, "a fox" } };
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &one));
    o.later = later, o.later_count = 2;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &same));
    double off = 0; /* a token reads one copy of the words, whichever: only rounding differs */
    for (size_t i = 0; i < 13 * 16 * 24 * 3; i++) off = fmax(off, abs(one.rgb[i] - same.rgb[i]));
    assert_true(off <= 2);
    later[1].text = "a rocket at night";
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &other));
    assert_memory_not_equal(clip_frame(&other, 12), clip_frame(&one, 12), 16 * 24 * 3);
    later[1].from_s = 0.1;
    CHECK_FAILS(generate_clip(&f->b, f->c, &o, f->a, &other), SORA_E_ARGUMENT, "order of time");
    o.later_count = 0, o.fast = true, o.steps = 6;
    CHECK_FAILS(generate_clip(&f->b, f->c, &o, f->a, &other), SORA_E_ARGUMENT, "1, 2, 4");
    arena_rewind(f->a, mark);
}

/* ---- keeping --------------------------------------------------------------------------- */

enum { KEPT_FRAMES = 3, KEPT_PATCH = 8, KEPT_VALUES = 4 * KEPT_PATCH * KEPT_PATCH * 3 };

/* The mean of one colour of one place of a token. */
static double mean_of(const float *x, size_t token, size_t place, size_t channel)
{
    double sum = 0;
    const float *at = x + token * KEPT_VALUES + place * KEPT_PATCH * KEPT_PATCH * 3 + channel;
    for (size_t i = 0; i < KEPT_PATCH * KEPT_PATCH; i++) sum += (double)at[3 * i];
    return sum / (KEPT_PATCH * KEPT_PATCH);
}

static void test_keep(void **state)
{
    Fixture *f = *state;
    ArenaMark mark = arena_mark(f->a);
    size_t tokens = KEPT_FRAMES * 2, count = tokens * KEPT_VALUES;
    float *clean = arena_alloc(f->a, count * sizeof *clean),
          *z = arena_alloc(f->a, count * sizeof *z);
    float *noise = arena_alloc(f->a, count * sizeof *noise),
          *was = arena_alloc(f->a, count * sizeof *was);
    uint8_t given[KEPT_FRAMES * 2 * 4] = { [5] = 1 };
    double sigma[KEPT_FRAMES] = { 0.8, 0.5, 0.2 }; /* the last is let go */
    KeepCall k = { KEEP_LAYOUT, { KEPT_FRAMES, 1, 2 }, 2, KEPT_PATCH, 0, 9, sigma, clean, given };
    rng_fill_normal(clean, 0, count, 1);
    rng_fill_normal(noise, 0, count, 9);
    for (KeepKind kind = KEEP_LAYOUT; kind <= KEEP_MOTION; kind++) {
        rng_fill_normal(z, 0, count, 2);
        memcpy(was, z, count * sizeof *z);
        k.kind = kind;
        keep_low(&k, z);
        double gap[KEPT_FRAMES * 2][4], moved = 0;
        for (size_t t = 0; t < 4; t++)
            for (size_t p = 0; p < 4; p++) {
                double s = sigma[t / 2];
                double want = (1 - s) * mean_of(clean, t, p, 1) + s * mean_of(noise, t, p, 1);
                gap[t][p] = mean_of(z, t, p, 1) - want;
                if (t % 2 == 0) moved += mean_of(z, t, p, 1) - mean_of(was, t, p, 1);
            }
        for (size_t p = 0; p < 4; p++) {
            if (kind == KEEP_LAYOUT) CHECK_CLOSE(gap[0][p], 0, 1e-5);
            CHECK_CLOSE(gap[0][p], gap[2][p], 1e-5); /* the same in every frame */
        }
        if (kind == KEEP_MOTION) CHECK_CLOSE(moved, 0, 1e-4); /* the mean picture stays */
        assert_memory_equal(z + 4 * KEPT_VALUES, was + 4 * KEPT_VALUES,
                            2 * KEPT_VALUES * sizeof *z);
        CHECK_CLOSE(mean_of(z, 1, 1, 1), mean_of(was, 1, 1, 1), 0); /* given */
    }
    arena_rewind(f->a, mark);
}

/* Where both ways are looked at, each counts in the middles of its patches and hardly at their
 * borders. */
static void check_shares(const Run *r)
{
    size_t patch = r->b->config.patch, count = r->window * r->per * r->values;
    float *aside = arena_zero(r->a, r->window * r->aside->per * r->values * sizeof *aside);
    float *straight = arena_alloc(r->a, count * sizeof *straight), all = 0;
    for (size_t i = 0; i < count; i++) straight[i] = 1;
    generate_step_back(r, aside, true, straight);
    const float *token = straight + (r->per + 1) * r->values; /* any */
    for (size_t y = 0; y < patch; y++)
        for (size_t x = 0; x < patch; x++) {
            float share = token[(y * patch + x) * PATCH_CHANNELS];
            bool border = y % (patch - 1) == 0 && x % (patch - 1) == 0;
            bool middle = (y + 1) / 2 == patch / 4 && (x + 1) / 2 == patch / 4;
            if (border) assert_true(share < 0.05f);
            if (middle) assert_true(share > 0.95f);
            all += share;
        }
    CHECK_CLOSE(all, (float)(patch * patch) / 2, 1e-3);
}

/* A network that predicts nothing sees the clip aside and gives back what it would straight, to the
 * bit: every pixel went there and came home, given ones as given, and so did tokens of motion. */
static void see_aside(Fixture *f, bool motion)
{
    enum { LATENTS = 3, PIXELS = 6, GIVEN = 1 };
    Bundle b = f->b;
    ParamSet *set = params_new_train(f->a, 4, NULL, NULL); /* its head is zero */
    b.config.motion = motion;
    CHECK_OK(dit_new(&b.config, set, f->a, &b.dit));
    GenerateOptions o = small(9);
    DitSequence sequence = { .grid = { LATENTS, 2, 3 }, .frame_s = 0.3f };
    Run r = { .b = &b, .c = f->c, .o = &o, .grid = sequence.grid, .window = LATENTS };
    r.pixels = PIXELS, r.per = dit_frame_tokens(&b.config, &sequence);
    assert_int_equal(r.per, PIXELS + motion);
    r.a = f->a, r.step = arena_new("step", 0);
    r.values = b.config.out_values;
    r.layout = dit_layout(&b.config, &sequence, 1, f->a);
    r.held = arena_zero(f->a, LATENTS * sizeof *r.held);
    size_t tokens = LATENTS * r.per, count = tokens * r.values;
    r.given = arena_zero(f->a, tokens * PATCH_FRAMES);
    memset(r.given + GIVEN * r.per * PATCH_FRAMES, 1, PIXELS * PATCH_FRAMES);
    float *z = arena_alloc(f->a, count * sizeof *z);
    float *straight = arena_alloc(f->a, count * sizeof *z);
    float *aside = arena_alloc(f->a, count * sizeof *z);
    rng_fill_normal(z, 0, count, 8);
    double sigma[LATENTS] = { 0.5, 0, 0.7 }, timestep[LATENTS] = { 500, 0, 700 };
    Prompted p;
    CHECK_OK(generate_prompted(&r, "a fox", true, &p));
    CHECK_OK(generate_predict(&p, z, sigma, timestep, straight));
    generate_aside(&r);
    assert_non_null(r.aside);
    for (r.look = LOOK_ASIDE; r.look <= LOOK_BOTH; r.look++) {
        memset(aside, 0, count * sizeof *z);
        CHECK_OK(generate_predict(&p, z, sigma, timestep, aside));
        assert_memory_equal(straight, aside, count * sizeof *z);
    }
    check_shares(&r);
    for (size_t i = 0; i < r.aside->per; i++)
        for (size_t k = 0; k < LATENTS; k++)
            assert_int_equal(r.aside->given[(k * r.aside->per + i) * PATCH_FRAMES],
                             k == GIVEN && i < r.aside->pixels);
    /* Where pixels of a patch are given and others not, it stays straight. */
    uint8_t given = 1;
    Clip clip = { 9, 16, 24, 12, NULL };
    o.condition = &(Condition){ .source = &clip, .mask = &given, .strength = 1 };
    r.aside = NULL;
    generate_aside(&r);
    assert_null(r.aside);
    arena_free(r.step);
}

static void test_aside(void **state)
{
    Fixture *f = *state;
    ArenaMark mark = arena_mark(f->a);
    see_aside(f, false);
    see_aside(f, true);
    arena_rewind(f->a, mark);
}

/* A step in the mirror is a straight one of the mirrored window under the mirrored prompt, seen in
 * the mirror again; half a patch aside as well. */
static void test_mirror(void **state)
{
    Fixture *f = *state;
    enum { LATENTS = 3, PIXELS = 6 };
    ArenaMark mark = arena_mark(f->a);
    Bundle b = f->b;
    b.config.motion = true;
    GenerateOptions o = small(9);
    o.mirrored = "a rocket at night";
    DitSequence sequence = { .grid = { LATENTS, 2, 3 }, .frame_s = 0.3f };
    Run r = { .b = &b, .c = f->c, .o = &o, .grid = sequence.grid, .window = LATENTS };
    r.pixels = PIXELS, r.per = PIXELS + 1;
    r.a = f->a, r.step = arena_new("step", 0);
    r.values = b.config.out_values;
    r.layout = dit_layout(&b.config, &sequence, 1, f->a);
    r.held = arena_zero(f->a, LATENTS * sizeof *r.held);
    r.given = arena_zero(f->a, LATENTS * r.per * PATCH_FRAMES);
    generate_aside(&r);
    size_t count = LATENTS * r.per * r.values;
    float *z = arena_alloc(f->a, count * sizeof *z);
    float *v[3] = { arena_alloc(f->a, count * sizeof *z), arena_alloc(f->a, count * sizeof *z),
                    arena_alloc(f->a, count * sizeof *z) };
    rng_fill_normal(z, 0, count, 8);
    double sigma[LATENTS] = { 0.5, 0.6, 0.7 }, timestep[LATENTS] = { 500, 600, 700 };
    Prompted p, rocket;
    CHECK_OK(generate_prompted(&r, "a fox", false, &p));
    CHECK_OK(generate_prompted(&r, o.mirrored, true, &rocket));
    for (r.look = LOOK_STRAIGHT; r.look <= LOOK_BOTH; r.look++) {
        r.mirror = true;
        CHECK_OK(generate_predict(&p, z, sigma, timestep, v[0]));
        r.mirror = false;
        CHECK_OK(generate_predict(&p, z, sigma, timestep, v[1]));
        CHECK_OK(generate_predict(&rocket, generate_mirror(&r, z), sigma, timestep, v[2]));
        assert_memory_equal(v[0], generate_mirror(&r, v[2]), count * sizeof *z);
        assert_memory_not_equal(v[0], v[1], count * sizeof *z);
    }
    arena_free(r.step);
    arena_rewind(f->a, mark);
}

/* Half of many steps look in the mirror; not where something is given or prompts take over. */
static void test_mirrored_steps(void **state)
{
    Fixture *f = *state;
    enum { FRAMES = 13 };
    ArenaMark mark = arena_mark(f->a);
    static const struct {
        size_t steps;
        bool given, later, changes;
    } way[] = { { 12, false, false, true },
                { 10, false, false, false },
                { 12, true, false, false },
                { 12, false, true, false } };
    Clip source, made[2];
    uint8_t *given = arena_zero(f->a, FRAMES);
    CHECK_OK(clip_new(f->a, FRAMES, 16, 24, 12, &source));
    memset(source.rgb, 99, FRAMES * 16 * 24 * 3);
    given[0] = 1;
    Condition c = { .source = &source, .given = given, .strength = 1 };
    GeneratePrompt later = { 0.5, "a cat" };
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        GenerateOptions o = small(FRAMES);
        o.steps = way[i].steps;
        if (way[i].given) o.condition = &c;
        if (way[i].later) o.later = &later, o.later_count = 1;
        for (int k = 0; k < 2; k++) {
            o.mirrored = k ? "a fox" : NULL;
            CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &made[k]));
        }
        bool same = memcmp(made[0].rgb, made[1].rgb, FRAMES * 16 * 24 * 3) == 0;
        assert_true(same != way[i].changes);
    }
    arena_rewind(f->a, mark);
}

static size_t planned_tokens(const Fixture *f, Bundle b, size_t frames, size_t *window)
{
    GenerateOptions o = small(frames);
    PlanRequest want = plan_request(&o);
    Plan plan;
    b.weights = f->a;
    CHECK_OK(plan_make(&b, f->c, &want, &plan));
    *window = plan.window;
    return plan.tokens;
}

/* With tokens of motion: given frames come back, short and rolled, and others than without. */
static void test_motion(void **state)
{
    Fixture *f = *state;
    ArenaMark mark = arena_mark(f->a);
    enum { FRAMES = 29, BYTES = 16 * 24 * 3 };
    Bundle b = f->b;
    GenerateOptions o = small(FRAMES);
    uint8_t *given = arena_zero(f->a, FRAMES);
    Clip source, made, without;
    CHECK_OK(clip_new(f->a, FRAMES, 16, 24, 12, &source));
    for (size_t i = 0; i < FRAMES * BYTES; i++) source.rgb[i] = (uint8_t)(i * 31);
    for (size_t i = 0; i < 9; i++) given[i] = 1;
    Condition c = { .source = &source, .given = given, .strength = 1 };
    o.condition = &c;
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &without));
    b.config.motion = true; /* the weights are the same */
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &made));
    assert_memory_equal(made.rgb, source.rgb, 9 * BYTES);
    assert_memory_not_equal(clip_frame(&made, 20), clip_frame(&without, 20), BYTES);
    o.window = 0, o.frames = source.frames = 13;
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &made));
    assert_memory_equal(made.rgb, source.rgb, 9 * BYTES);
    o.condition = NULL, o.frames = 1; /* a picture has none */
    CHECK_OK(generate_clip(&b, f->c, &o, f->a, &made));
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &without));
    assert_memory_equal(made.rgb, without.rgb, BYTES);
    size_t window, plain = planned_tokens(f, f->b, 13, &window);
    assert_int_equal(planned_tokens(f, b, 13, &window), plain + window);
    assert_int_equal(planned_tokens(f, b, 1, &window), planned_tokens(f, f->b, 1, &window));
    arena_rewind(f->a, mark);
}

/* What is given of a token of motion: places of which both frames are. */
static void test_motion_given(void **state)
{
    Fixture *f = *state;
    ArenaMark mark = arena_mark(f->a);
    enum { FRAMES = 9 };
    uint8_t given[FRAMES] = { 1, 0, 1, 1, 1, 0, 1 }, flags[PATCH_FRAMES];
    float *clean = arena_alloc(f->a, patch_values(8) * sizeof *clean);
    Clip source;
    CHECK_OK(clip_new(f->a, FRAMES, 16, 24, 12, &source));
    for (size_t i = 0; i < FRAMES * 16 * 24 * 3; i++) source.rgb[i] = (uint8_t)(i * 31);
    Condition c = { .source = &source, .given = given, .strength = 1 };
    condition_motion(&c, 8, 1, 12, f->a, clean, flags); /* frames 1 to 4, against 0, 0, 1, 2 */
    assert_memory_equal(flags, ((uint8_t[]){ 0, 1, 0, 1 }), PATCH_FRAMES);
    condition_motion(&c, 8, 2, 12, f->a, clean, flags); /* 5 to 8, against 3 to 6 */
    assert_memory_equal(flags, ((uint8_t[]){ 0, 1, 0, 0 }), PATCH_FRAMES);
    condition_motion(NULL, 8, 2, 12, f->a, clean, flags);
    for (size_t i = 0; i < patch_values(8); i++) assert_true(clean[i] == 0);
    arena_rewind(f->a, mark);
}

/* The middle layer is left out unless others are named; with none, or in no step, nothing changes.
 */
static void test_skip_layers(void **state)
{
    Fixture *f = *state;
    ArenaMark mark = arena_mark(f->a);
    static const int middle[] = { 1 }, other[] = { 0 }, wrong[] = { 2 };
    enum { BYTES = 5 * 16 * 24 * 3 };
    GenerateOptions o = small(5);
    Clip usual, plain, made;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &usual));
    o.skip_layers = middle, o.skip_layer_count = 1;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &made));
    assert_memory_equal(made.rgb, usual.rgb, BYTES);
    o.skip_layers = other;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &made));
    assert_memory_not_equal(made.rgb, usual.rgb, BYTES);
    o.skip_scale = 0;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &plain));
    assert_memory_not_equal(plain.rgb, usual.rgb, BYTES);
    o.skip_scale = 2, o.skip_start = o.skip_end = 0.5;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &made));
    assert_memory_equal(made.rgb, plain.rgb, BYTES);
    o.skip_layers = wrong;
    CHECK_FAILS(generate_clip(&f->b, f->c, &o, f->a, &made), SORA_E_ARGUMENT, "no layer 2 to skip");
    arena_rewind(f->a, mark);
}

static double colour_mean(const Clip *clip, size_t c)
{
    double sum = 0;
    size_t pixels = clip->frames * clip->height * clip->width;
    for (size_t i = 0; i < pixels; i++) sum += clip->rgb[3 * i + c];
    return sum / (double)pixels;
}

/* A clip gets the prompt's colours, whatever it had, and keeps what it shows. */
static void test_recolour(void **state)
{
    Fixture *f = *state;
    GenerateOptions o = small(5);
    Clip dark, light;
    CHECK_OK(clip_new(f->a, 5, 16, 24, 12, &dark));
    CHECK_OK(clip_new(f->a, 5, 16, 24, 12, &light));
    for (size_t i = 0; i < (size_t)5 * 16 * 24 * 3; i++) {
        dark.rgb[i] = (uint8_t)(i % 72 < 36 ? 10 : 40);
        light.rgb[i] = (uint8_t)(i % 72 < 36 ? 190 : 250);
    }
    CHECK_OK(recolour(&f->b, f->c, &o, f->a, &dark));
    CHECK_OK(recolour(&f->b, f->c, &o, f->a, &light));
    for (size_t c = 0; c < 3; c++) {
        CHECK_CLOSE(colour_mean(&dark, c), colour_mean(&light, c), 6);
        assert_true(dark.rgb[c] + 5 < dark.rgb[36 + c]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped_roll), cmocka_unit_test(test_no_strength),
        cmocka_unit_test(test_memory),       cmocka_unit_test(test_few_given),
        cmocka_unit_test(test_guess),        cmocka_unit_test(test_coarse),
        cmocka_unit_test(test_layouter),     cmocka_unit_test(test_later),
        cmocka_unit_test(test_keep),         cmocka_unit_test(test_aside),
        cmocka_unit_test(test_skip_layers),  cmocka_unit_test(test_recolour),
        cmocka_unit_test(test_mirror),       cmocka_unit_test(test_mirrored_steps),
        cmocka_unit_test(test_motion),       cmocka_unit_test(test_motion_given),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
