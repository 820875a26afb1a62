/* Grids, samplers and noise. */
#include <math.h>
#include <string.h>

#include "golden_kinds.h"

#include "diffusion/noise.h"
#include "diffusion/sampler.h"

static const struct {
    const char *name;
    Grid grid;
    SamplerKind sampler;
} recipes[] = {
    { "unipc", GRID_UNIPC, SAMPLER_UNIPC },
    { "dpm++", GRID_DPMPP, SAMPLER_DPMPP_2M },
    { "diffusers_unipc", GRID_DIFFUSERS_UNIPC, SAMPLER_UNIPC },
    { "diffusers_euler", GRID_DIFFUSERS_EULER, SAMPLER_EULER },
    { "euler", GRID_UNIPC, SAMPLER_EULER },
    { "distill4", GRID_DISTILL4, SAMPLER_EULER },
};

static SoraStatus recipe_of(const Json *x, size_t *out)
{
    const char *name = json_text(x, "sampler");
    for (size_t i = 0; name && i < sizeof recipes / sizeof *recipes; i++)
        if (strcmp(recipes[i].name, name) == 0) {
            *out = i;
            return SORA_OK;
        }
    return err_set(SORA_E_UNSUPPORTED, "no sampler is called %s", name ? name : "?");
}

static SoraStatus schedule_of(Golden *g, const Json *x, size_t recipe, Schedule *s)
{
    const Json *steps = json_get(x, "steps"), *shift = json_get(x, "shift");
    if (!steps || !shift) return err_set(SORA_E_FORMAT, "steps or shift is not said");
    return schedule_grid(recipes[recipe].grid, (size_t)steps->integer, shift->number, 1, g->a, s);
}

/* Sigmas within the limit, whole timesteps exactly. */
static SoraStatus run_table(Golden *g, const Json *row, const Json *tol)
{
    const Tensor *sigmas = safetensors_find(&g->io, json_text(row, "sigmas"));
    const Tensor *times = safetensors_find(&g->io, json_text(row, "timesteps"));
    size_t recipe = 0;
    Schedule s;
    TRY(recipe_of(row, &recipe));
    TRY(schedule_of(g, row, recipe, &s));
    if (!sigmas || !times || tensor_count(sigmas) != s.steps + 1 || tensor_count(times) != s.steps)
        return err_set(SORA_E_FORMAT, "table %s is not stored as said", json_text(row, "sigmas"));
    float *sigma = arena_alloc(g->a, (s.steps + 1) * sizeof *sigma);
    for (size_t i = 0; i <= s.steps; i++) sigma[i] = (float)s.sigma[i];
    golden_compare(g, json_text(row, "sigmas"), sigma, sigmas, json_get(tol, "sigmas"));
    double limit = json_get(json_get(tol, "timesteps_float"), "max_abs")->number;
    for (size_t i = 0; i < s.steps; i++) {
        bool whole = times->type == TYPE_I64;
        double want =
            whole ? (double)((int64_t *)times->data)[i] : (double)((float *)times->data)[i];
        golden_expect(g, whole ? s.timestep[i] == want : fabs(s.timestep[i] - want) <= limit,
                      "%s: timestep %zu is %.9g, not %.9g", json_text(row, "timesteps"), i,
                      s.timestep[i], want);
    }
    return SORA_OK;
}

static SoraStatus run_tables(Golden *g)
{
    const Json *rows = json_get(g->spec, "tables"), *tol = json_get(g->spec, "tol");
    for (size_t i = 0; rows && i < rows->count; i++) TRY(run_table(g, &rows->item[i], tol));
    return SORA_OK;
}

/* The manifest's formula in place of a network. */
static SoraStatus formula(void *self, const float *z, const double *sigma, const double *timestep,
                          float *v)
{
    double t = timestep[0] / 1000;
    (void)sigma;
    for (size_t i = 0; i < *(size_t *)self; i++) {
        double x = (double)z[i];
        v[i] = (float)(0.5 * x + t * cos(x) + 0.1 * sin(3 * x));
    }
    return SORA_OK;
}

typedef struct Record {
    float *x;
    size_t count;
} Record;

static SoraStatus keep_step(void *self, size_t step, size_t steps, float *z)
{
    const Record *r = self;
    (void)steps;
    memcpy(r->x + step * r->count, z, r->count * sizeof *z);
    return SORA_OK;
}

static SoraStatus run_sampler(Golden *g)
{
    const Tensor *x;
    Schedule s;
    size_t recipe = 0;
    TRY(golden_input(g, "x", &x));
    if (!x) return err_set(SORA_E_FORMAT, "the case has no start");
    TRY(recipe_of(json_get(g->spec, "scalars"), &recipe));
    TRY(schedule_of(g, json_get(g->spec, "scalars"), recipe, &s));
    size_t n = tensor_count(x);
    float *z = arena_alloc(g->a, n * sizeof *z);
    memcpy(z, x->data, n * sizeof *z);
    Record r = { arena_alloc(g->a, s.steps * n * sizeof(float)), n };
    TRY(sampler_run(recipes[recipe].sampler, 0, (Denoiser){ formula, &n }, &s,
                    (LatentShape){ 1, 1, n }, z, g->a, &(StepHook){ keep_step, &r }));
    return golden_check(g, "steps", r.x, s.steps * n);
}

static SoraStatus run_noise(Golden *g)
{
    const Json *rows = json_get(g->spec, "rows");
    for (size_t i = 0; rows && i < rows->count; i++) {
        const char *name = json_text(&rows->item[i], "tensor");
        const Json *seed = json_get(&rows->item[i], "seed");
        const Tensor *want = name ? safetensors_find(&g->io, name) : NULL;
        if (!want || !seed) return err_set(SORA_E_FORMAT, "row %zu is not stored as said", i);
        float *x = arena_alloc(g->a, tensor_count(want) * sizeof *x);
        NoiseTorch noise;
        noise_torch_start(&noise, (uint64_t)seed->integer);
        noise_torch_draw(&noise, x, tensor_count(want));
        golden_compare(g, name, x, want, json_get(json_get(&rows->item[i], "tol"), "fp32"));
    }
    return SORA_OK;
}

const GoldenKind golden_sampler_tables = { "sampler-tables", run_tables, false, false };
const GoldenKind golden_sampler_run = { "sampler-run", run_sampler, false, false };
const GoldenKind golden_noise = { "noise", run_noise, false, false };
