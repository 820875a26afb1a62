/* Runs that are stopped and go on. */
#include "wan_maker.h"

#include "model/bundle.h"
#include "pipeline/wan_generate.h"
#include "pipeline/wan_resume.h"

static char folder[] = "/tmp/sora-resume-XXXXXX";

typedef struct Fixture {
    Arena *a;
    Pool *pool;
    Compute *c;
    Bundle b;
    char path[200], roll[220]; /* of what is made, and the file of a stopped run */
    GenerateState state;
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    char path[512];
    if (!mkdtemp(folder)) return -1;
    f->a = arena_new("test", 0);
    CHECK_OK(pool_new(2, &f->pool));
    CHECK_OK(compute_new(f->pool, NULL, &f->c));
    mkdir(folder, 0755);
    DitConfig c = maker_config(WAN_VACE, 64, 4, 16);
    snprintf(path, sizeof path, "%s/a", folder);
    maker_write(&c, 1, path);
    maker_parts(folder, "vae21-diffusers", false);
    CHECK_OK(bundle_open(folder, NULL, NULL, f->c, &f->b));
    snprintf(f->path, sizeof f->path, "%s/out.mp4", folder);
    snprintf(f->roll, sizeof f->roll, "%s.roll", f->path);
    f->state = (GenerateState){ f->path, "test | key", "test", "{\"prompt\": \"a cat\"}", false };
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    char command[300];
    bundle_close(&f->b);
    compute_free(f->c);
    pool_free(f->pool);
    arena_free(f->a);
    free(f);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* Counts steps, and says stop after some. */
typedef struct Watch {
    size_t seen, stop_after; /* steps; 0: never */
} Watch;

static SoraStatus watch(void *self, size_t step, size_t steps, const Clip *preview)
{
    Watch *w = self;
    (void)steps, (void)preview;
    w->seen++;
    return w->stop_after && step + 1 == w->stop_after ? SORA_CANCELLED : SORA_OK;
}

static GenerateOptions options(Fixture *f, Watch *w)
{
    GenerateOptions o = generate_options_default();
    wan_generate_default(f->b.wan, &o);
    o.prompt = "a cat";
    o.frames = 5;
    o.height = 32, o.width = 64;
    o.steps = 6;
    o.progress = watch;
    o.progress_self = w;
    return o;
}

static void check_same(const Clip *a, const Clip *b)
{
    assert_memory_equal(a->rgb, b->rgb, a->frames * a->height * a->width * 3);
}

/* Stopped after every step in turn: the rest is done, and nothing twice. */
static void goes_on_to_the_same_bytes(void **state)
{
    Fixture *f = *state;
    static const struct {
        SamplerKind sampler;
        double cache;
    } cases[] = { { SAMPLER_UNIPC, 0 },
                  { SAMPLER_DPMPP_2M, 0 },
                  { SAMPLER_DPMPP_2M_SDE, 0 },
                  { SAMPLER_EULER, 0 },
                  { SAMPLER_UNIPC, 0.3 } };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Watch w = { 0 };
        GenerateOptions o = options(f, &w);
        Clip whole, again;
        o.sampler = cases[k].sampler;
        o.cache = cases[k].cache;
        CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &whole));
        assert_int_equal(w.seen, 6);
        o.state = &f->state;
        for (size_t after = 1; after <= 6; after++) {
            f->state.resume = false;
            w = (Watch){ .stop_after = after };
            assert_int_equal(generate_clip(&f->b, f->c, &o, f->a, &again), SORA_CANCELLED);
            f->state.resume = true;
            w = (Watch){ 0 };
            CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &again));
            assert_int_equal(w.seen, 7 - after); /* the last finished step is told again */
            check_same(&whole, &again);
        }
        f->state.resume = false;
        w = (Watch){ 0 };
        CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &again));
        assert_int_equal(w.seen, 6);
        check_same(&whole, &again);
    }
}

typedef struct Asked {
    size_t times, after;
} Asked;

static bool ask(void *self)
{
    Asked *a = self;
    return ++a->times > a->after;
}

/* Wherever it is told to stop, in the middle of whatever it does. */
static void stops_anywhere(void **state)
{
    Fixture *f = *state;
    Watch w = { 0 };
    GenerateOptions o = options(f, &w);
    Clip whole, again;
    o.steps = 4;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &whole));
    o.state = &f->state;
    unlink(f->roll);
    bool stopped = true;
    for (Asked a = { 0 }; stopped && a.after < 10000; a.after = a.after * 2 + 1, a.times = 0) {
        f->state.resume = file_exists(f->roll);
        pool_watch(f->pool, ask, &a);
        SoraStatus s = generate_clip(&f->b, f->c, &o, f->a, &again);
        stopped = pool_status(f->pool) != SORA_OK;
        pool_watch(f->pool, NULL, NULL);
        if (!stopped) CHECK_OK(s);
        if (a.after == 0) assert_true(stopped);
    }
    assert_false(stopped);
    check_same(&whole, &again);
}

static void another_run_is_refused(void **state)
{
    Fixture *f = *state;
    Watch w = { .stop_after = 3 };
    GenerateOptions o = options(f, &w);
    Clip out, ball;
    o.state = &f->state;
    f->state.resume = false;
    assert_int_equal(generate_clip(&f->b, f->c, &o, f->a, &out), SORA_CANCELLED);
    f->state.resume = true;
    o.seed = 2;
    CHECK_FAILS(generate_clip(&f->b, f->c, &o, f->a, &out), SORA_E_ARGUMENT,
                "whose seed is \"1\", here it is \"2\"");
    o.seed = 1;
    o.prompt = "a dog";
    CHECK_FAILS(generate_clip(&f->b, f->c, &o, f->a, &out), SORA_E_ARGUMENT, "whose prompt is");
    o.prompt = "a cat";
    f->state.engine = "another";
    CHECK_FAILS(generate_clip(&f->b, f->c, &o, f->a, &out), SORA_E_ARGUMENT, "whose engine is");
    f->state.engine = "test";
    CHECK_OK(clip_new(f->a, 5, 32, 64, 16, &ball));
    memset(ball.rgb, 90, 5 * 32 * 64 * 3);
    Condition c = { .source = &ball, .strength = 1 };
    o.condition = &c;
    CHECK_FAILS(generate_clip(&f->b, f->c, &o, f->a, &out), SORA_E_ARGUMENT, "given pictures");
    o.condition = NULL;
    CHECK_OK(file_write(f->roll, "nothing of the kind", 19));
    assert_int_equal(generate_clip(&f->b, f->c, &o, f->a, &out), SORA_E_FORMAT);
    unlink(f->roll);
    CHECK_FAILS(generate_clip(&f->b, f->c, &o, f->a, &out), SORA_E_IO, "nothing to go on with");
}

/* Options that only the public interface and the command line reach. */
static void guidance_is_in_steps_and_layers(void **state)
{
    Fixture *f = *state;
    static const int layers[] = { 1, 3 }, wrong[] = { 4 };
    Watch w = { 0 };
    GenerateOptions o = options(f, &w);
    WanJob j;
    Clip plain, other;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &plain));
    o.skip_layers = layers, o.skip_layer_count = 2;
    o.skip_scale = 2;
    CHECK_OK(wan_generate_job(f->b.wan, &o, f->a, &j));
    assert_true(j.skip_layers[1] && j.skip_layers[3] && !j.skip_layers[0] && !j.skip_layers[2]);
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &other));
    assert_memory_not_equal(plain.rgb, other.rgb, 5 * 32 * 64 * 3);
    o.skip_start = o.skip_end = 0.5;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &other));
    check_same(&plain, &other);
    o.skip_layers = wrong, o.skip_layer_count = 1;
    CHECK_FAILS(generate_clip(&f->b, f->c, &o, f->a, &other), SORA_E_ARGUMENT,
                "no layer 4 to skip: the model has 0 to 3");
    o.skip_scale = 0;
    o.cfg_min = 0.5, o.cfg_max = 0.9;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &other));
    assert_memory_not_equal(plain.rgb, other.rgb, 5 * 32 * 64 * 3);
}

/* References are of any size, and change what is made; they are no frames of it. */
static void references_are_seen(void **state)
{
    Fixture *f = *state;
    Watch w = { 0 };
    GenerateOptions o = options(f, &w);
    Clip plain, other, thing;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &plain));
    CHECK_OK(clip_new(f->a, 1, 40, 24, 0, &thing));
    memset(thing.rgb, 200, 40 * 24 * 3);
    const Clip *list[] = { &thing };
    o.references = list;
    o.reference_count = 1;
    CHECK_OK(generate_clip(&f->b, f->c, &o, f->a, &other));
    assert_int_equal(other.frames, 5);
    assert_memory_not_equal(plain.rgb, other.rgb, 5 * 32 * 64 * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_to_the_same_bytes),       cmocka_unit_test(stops_anywhere),
        cmocka_unit_test(another_run_is_refused),          cmocka_unit_test(references_are_seen),
        cmocka_unit_test(guidance_is_in_steps_and_layers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
