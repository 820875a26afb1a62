#include "check.h"

#include "base/rng.h"
#include "diffusion/guidance.h"
#include "diffusion/sampler.h"

static const LatentShape ONE = { 1, 1, 1 };

/* The toy network of shared/wan.md 9.5: v(x, sigma) = 0.5 x + sigma cos x. */
static SoraStatus toy(void *self, const float *z, const double *sigma, const double *timestep,
                      float *v)
{
    LatentShape s = *(LatentShape *)self;
    (void)timestep;
    for (size_t i = 0; i < latent_count(s); i++) {
        size_t f = i / s.inner % s.frames;
        v[i] = (float)(0.5 * (double)z[i] + sigma[f] * cos((double)z[i]));
    }
    return SORA_OK;
}

typedef struct Trace {
    double x[8];
} Trace;

static SoraStatus record(void *self, size_t step, size_t steps, float *z)
{
    (void)steps;
    ((Trace *)self)->x[step] = (double)z[0];
    return SORA_OK;
}

static void check_trace(SamplerKind kind, Grid grid, const double want[5])
{
    Arena *a = arena_new("test", 0);
    Schedule s;
    CHECK_OK(schedule_grid(grid, 5, 3, 1, a, &s));
    float z = 1;
    Trace t;
    LatentShape one = ONE;
    CHECK_OK(
        sampler_run(kind, 0, (Denoiser){ toy, &one }, &s, ONE, &z, a, &(StepHook){ record, &t }));
    for (int i = 0; i < 5; i++) CHECK_CLOSE(t.x[i], want[i], 1e-6);
    arena_free(a);
}

static void test_toy_traces(void **state)
{
    (void)state;
    check_trace(SAMPLER_UNIPC, GRID_UNIPC,
                (double[]){ 0.919968046, 0.813922141, 0.672431024, 0.488333357, 0.221791987 });
    check_trace(SAMPLER_DPMPP_2M, GRID_DPMPP,
                (double[]){ 0.919976746, 0.813065131, 0.669425147, 0.481973660, 0.215943871 });
    check_trace(SAMPLER_EULER, GRID_UNIPC,
                (double[]){ 0.919968046, 0.813061618, 0.666306592, 0.462329509, 0.199173839 });
}

static void test_timesteps_are_the_originals(void **state)
{
    (void)state;
    static const double want[3][5] = { { 999, 922, 817, 666, 428 },
                                       { 1000, 923, 818, 666, 428 },
                                       { 999, 923, 818, 667, 429 } };
    Arena *a = arena_new("test", 0);
    for (int g = 0; g < 3; g++) {
        Schedule s;
        CHECK_OK(schedule_grid(GRID_UNIPC + g, 5, 3, 1, a, &s));
        for (int i = 0; i < 5; i++) assert_true(s.timestep[i] == want[g][i]);
    }
    Schedule s; /* the expert boundary of A14B: a + (b - a) * i / n would say 874 */
    CHECK_OK(schedule_grid(GRID_DPMPP, 12, 5, 1, a, &s));
    assert_true(s.timestep[5] == 875);
    CHECK_FAILS(schedule_grid(GRID_LINEAR, 0, 1, 1, a, &s), SORA_E_ARGUMENT, "0 steps");
    CHECK_FAILS(schedule_grid(GRID_LINEAR, 5, -1, 1, a, &s), SORA_E_ARGUMENT, "flow shift");
    CHECK_FAILS(schedule_grid(GRID_LINEAR, 5, NAN, 1, a, &s), SORA_E_ARGUMENT, "flow shift");
    arena_free(a);
}

/* A frame alone and the same frame among others that hold, or start late, give the same. */
static void test_frames_are_independent(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    for (SamplerKind kind = SAMPLER_EULER; kind <= SAMPLER_UNIPC; kind++) {
        LatentShape alone = { 2, 1, 3 }, many = { 2, 3, 3 };
        float x1[6], x3[18];
        for (int i = 0; i < 6; i++) x1[i] = 0.3f * (float)i - 1;
        for (int o = 0; o < 2; o++)
            for (int f = 0; f < 3; f++)
                for (int i = 0; i < 3; i++) x3[(o * 3 + f) * 3 + i] = x1[o * 3 + i];
        Schedule s1, s3;
        CHECK_OK(schedule_grid(GRID_LINEAR, 7, 2, 1, a, &s1));
        CHECK_OK(schedule_grid(GRID_LINEAR, 7, 2, 3, a, &s3));
        schedule_hold(&s3, 1, 0);
        schedule_start(&s3, 2, 0.5);
        float given[6] = { x3[3], x3[4], x3[5], x3[12], x3[13], x3[14] };
        CHECK_OK(sampler_run(kind, 0, (Denoiser){ toy, &alone }, &s1, alone, x1, a, NULL));
        CHECK_OK(sampler_run(kind, 0, (Denoiser){ toy, &many }, &s3, many, x3, a, NULL));
        for (int o = 0; o < 2; o++)
            for (int i = 0; i < 3; i++) {
                assert_true(x3[o * 9 + i] == x1[o * 3 + i]);
                assert_true(x3[o * 9 + 3 + i] == given[o * 3 + i]);
                assert_true(x3[o * 9 + 6 + i] != x1[o * 3 + i]);
            }
    }
    arena_free(a);
}

enum { CLOUD = 40000 };
static const double CLOUD_MEAN = 0.7, CLOUD_STD = 0.4;

/* What a network would predict that has learned N(mean, std^2) of every value: E[x0 | z]. */
static SoraStatus cloud(void *self, const float *z, const double *sigma, const double *timestep,
                        float *v)
{
    (void)self, (void)timestep;
    double a = 1 - *sigma, s = *sigma, var = CLOUD_STD * CLOUD_STD;
    double gain = a * var / (a * a * var + s * s);
    for (size_t i = 0; i < CLOUD; i++) {
        double x0 = CLOUD_MEAN + gain * ((double)z[i] - a * CLOUD_MEAN);
        v[i] = (float)(((double)z[i] - x0) / s);
    }
    return SORA_OK;
}

static void sample_cloud(SamplerKind kind, uint64_t seed, Arena *a, float *z)
{
    LatentShape shape = { 1, 1, CLOUD };
    Schedule s;
    rng_fill_normal(z, 0, CLOUD, 1);
    CHECK_OK(schedule_grid(GRID_LINEAR, 60, 1, 1, a, &s));
    CHECK_OK(sampler_run(kind, seed, (Denoiser){ cloud, NULL }, &s, shape, z, a, NULL));
}

/* Every sampler, with noise of its own or without, ends at the distribution that was learned. */
static void test_distribution(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    float *z = arena_alloc(a, CLOUD * sizeof *z);
    for (SamplerKind kind = SAMPLER_EULER; kind <= SAMPLER_DPMPP_2M_SDE; kind++) {
        double mean = 0, var = 0;
        sample_cloud(kind, 1, a, z);
        for (int i = 0; i < CLOUD; i++) mean += (double)z[i] / CLOUD;
        for (int i = 0; i < CLOUD; i++) var += pow((double)z[i] - mean, 2) / CLOUD;
        CHECK_CLOSE(mean, CLOUD_MEAN, 0.01);
        CHECK_CLOSE(sqrt(var), CLOUD_STD, 0.015);
    }
    arena_free(a);
}

/* The SDE ends elsewhere with another seed, far from where it began; the others do not ask. */
static void test_noise_of_steps(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    float *one = arena_alloc(a, CLOUD * sizeof *one), *two = arena_alloc(a, CLOUD * sizeof *two);
    for (SamplerKind kind = SAMPLER_EULER; kind <= SAMPLER_DPMPP_2M_SDE; kind++) {
        sample_cloud(kind, 1, a, one);
        sample_cloud(kind, 1, a, two);
        assert_memory_equal(one, two, CLOUD * sizeof *one);
        sample_cloud(kind, 2, a, two);
        double together = 0, var = CLOUD_STD * CLOUD_STD;
        for (int i = 0; i < CLOUD; i++)
            together += ((double)one[i] - CLOUD_MEAN) * ((double)two[i] - CLOUD_MEAN) / CLOUD / var;
        if (kind == SAMPLER_DPMPP_2M_SDE)
            assert_true(fabs(together) < 0.1);
        else
            assert_memory_equal(one, two, CLOUD * sizeof *one);
    }
    arena_free(a);
}

static SoraStatus broken(void *self, const float *z, const double *sigma, const double *timestep,
                         float *v)
{
    (void)self, (void)z, (void)sigma, (void)timestep;
    v[0] = NAN;
    return SORA_OK;
}

static void test_nan_stops_the_run(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Schedule s;
    CHECK_OK(schedule_grid(GRID_LINEAR, 4, 1, 1, a, &s));
    float z = 1;
    CHECK_FAILS(sampler_run(SAMPLER_EULER, 0, (Denoiser){ broken, NULL }, &s, ONE, &z, a, NULL),
                SORA_E_NUMBER, "step 1 of 4");
    arena_free(a);
}

static SoraStatus constant(void *self, const float *z, const double *sigma, const double *timestep,
                           float *v)
{
    (void)z, (void)sigma, (void)timestep;
    v[0] = *(float *)self;
    return SORA_OK;
}

static void test_cfg_extrapolates_inside_its_interval(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    float c = 3, u = 1, v, z = 0;
    Guidance guide = { .cond = { constant, &c },
                       .uncond = { constant, &u },
                       .scale = 2.5,
                       .sigma_min = 0.1,
                       .sigma_max = 0.9 };
    Denoiser g = guidance_new(a, &guide, ONE);
    CHECK_OK(g.fn(g.self, &z, (double[]){ 0.5 }, (double[]){ 500 }, &v));
    CHECK_CLOSE(v, 1 + 2.5 * 2, 1e-6);
    CHECK_OK(g.fn(g.self, &z, (double[]){ 0.95 }, (double[]){ 950 }, &v));
    CHECK_CLOSE(v, 3, 0);
    arena_free(a);
}

/* The whole schedule of a window that rolls. */
static void roll(const Schedule *one, size_t frames, size_t together, const bool *held, Arena *a,
                 Schedule *out)
{
    size_t begin[16];
    out->steps = schedule_begin(one->steps, frames, together, held, begin);
    out->frames = frames;
    out->sigma = arena_zero(a, (out->steps + 1) * frames * sizeof *out->sigma);
    out->timestep = arena_zero(a, (out->steps + 1) * frames * sizeof *out->timestep);
    for (size_t i = 0; i <= out->steps; i++)
        for (size_t f = 0; f < frames; f++) {
            size_t step = i < begin[f] ? 0 : i - begin[f];
            if (held[f] || step >= one->steps) continue;
            out->sigma[i * frames + f] = one->sigma[step];
            out->timestep[i * frames + f] = one->timestep[step];
        }
}

/* A sampler whose frames move up gives what one over all of them gives. */
static void test_shift(void **state)
{
    (void)state;
    enum { FRAMES = 5, WINDOW = 3, STEPS = 6 };
    Arena *a = arena_new("test", 0);
    bool held[FRAMES] = { 0 };
    for (SamplerKind kind = SAMPLER_EULER; kind <= SAMPLER_UNIPC; kind++) {
        Schedule all, one;
        CHECK_OK(schedule_grid(GRID_LINEAR, STEPS, 2, 1, a, &one));
        roll(&one, FRAMES, WINDOW, held, a, &all);
        LatentShape many = { 1, FRAMES, 1 }, few = { 1, WINDOW, 1 };
        float want[FRAMES], x[FRAMES];
        for (int f = 0; f < FRAMES; f++) x[f] = want[f] = 0.3f * (float)f - 0.5f;
        CHECK_OK(sampler_run(kind, 0, (Denoiser){ toy, &many }, &all, many, want, a, NULL));
        Sampler *m = sampler_new(kind, 0, few, a);
        size_t base = 0;
        for (size_t i = 0; i < all.steps; i++) {
            const double *now = all.sigma + i * FRAMES + base;
            while (base + WINDOW < FRAMES && now[0] <= 0) {
                sampler_shift(m, 1);
                base++, now++;
            }
            size_t back = i > 1 ? 2 : i;
            SamplerStep step = { { now - back * FRAMES, now - (i ? FRAMES : 0), now, now + FRAMES },
                                 all.timestep + i * FRAMES + base,
                                 i,
                                 all.steps };
            CHECK_OK(sampler_step(m, (Denoiser){ toy, &few }, &step, x + base));
        }
        for (int f = 0; f < FRAMES; f++) assert_true(x[f] == want[f]);
    }
    arena_free(a);
}

/* Rising noise: each frame goes through the very steps it would take alone, begins after the one
 * before it, never too far ahead of one that is under way; held frames stay. */
static void test_rolling(void **state)
{
    (void)state;
    enum { FRAMES = 9, STEPS = 6, TOGETHER = 3 };
    Arena *a = arena_new("test", 0);
    bool held[FRAMES] = { [4] = true, [5] = true };
    for (int kind = SAMPLER_EULER; kind <= SAMPLER_UNIPC; kind++) {
        LatentShape many = { 1, FRAMES, 2 }, alone = { 1, 1, 2 };
        Schedule all, one;
        CHECK_OK(schedule_grid(GRID_LINEAR, STEPS, 2, 1, a, &one));
        roll(&one, FRAMES, TOGETHER, held, a, &all);
        float x[FRAMES * 2], want[2];
        for (int i = 0; i < FRAMES * 2; i++) x[i] = i % 2 ? -0.4f : 1.1f;
        memcpy(want, x, sizeof want);
        CHECK_OK(sampler_run(kind, 0, (Denoiser){ toy, &alone }, &one, alone, want, a, NULL));
        CHECK_OK(sampler_run(kind, 0, (Denoiser){ toy, &many }, &all, many, x, a, NULL));
        for (int f = 0; f < FRAMES; f++) {
            assert_true(x[2 * f] == (held[f] ? 1.1f : want[0]));
            assert_true(x[2 * f + 1] == (held[f] ? -0.4f : want[1]));
        }
        for (size_t i = 0; i <= all.steps; i++) {
            int first = FRAMES, last = -1;
            for (int f = 0; f < FRAMES; f++) {
                double sigma = all.sigma[i * FRAMES + f];
                if (f && !held[f] && !held[f - 1])
                    assert_true(sigma >= all.sigma[i * FRAMES + f - 1]);
                if (sigma <= 0 || sigma >= 1) continue;
                if (first == FRAMES) first = f;
                last = f;
            }
            assert_true(last - first < TOGETHER);
        }
        for (int f = 0; f < FRAMES; f++) assert_true(all.sigma[all.steps * FRAMES + f] == 0);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_toy_traces),
        cmocka_unit_test(test_timesteps_are_the_originals),
        cmocka_unit_test(test_frames_are_independent),
        cmocka_unit_test(test_shift),
        cmocka_unit_test(test_rolling),
        cmocka_unit_test(test_distribution),
        cmocka_unit_test(test_noise_of_steps),
        cmocka_unit_test(test_nan_stops_the_run),
        cmocka_unit_test(test_cfg_extrapolates_inside_its_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
