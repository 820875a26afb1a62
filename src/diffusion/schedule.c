#include "diffusion/schedule.h"

#include <math.h>

enum { STEPS_MAX = 1000 };

double schedule_shift(double sigma, double shift)
{
    return shift * sigma / (1 + (shift - 1) * sigma);
}

/* One row of a grid: sigma as the original stores it (float, except ours) and its timestep. */
typedef struct Level {
    double sigma, timestep;
} Level;

/* The order of operations is part of the format: a + (b - a) * i / n moves timesteps by one. */
static Level level_linear(double a, double b, size_t i, size_t n, double shift)
{
    double s = (double)i * ((b - a) / (double)n) + a;
    double sigma = schedule_shift(s, shift);
    return (Level){ sigma, (double)(int64_t)(sigma * 1000) };
}

static Level level_diffusers_unipc(size_t i, size_t n, double shift)
{
    Level l = level_linear(1, 0.001, i, n, shift);
    if (fabs(l.sigma - 1) < 1e-6) l.sigma -= 1e-6;
    l.timestep = (double)(int64_t)(l.sigma * 1000);
    return l;
}

static Level level_diffusers_euler(size_t i, size_t n, double shift)
{
    float k = (float)shift;
    double b = k * 0.001f / (1 + (k - 1) * 0.001f);
    double s = n == 1 ? 1 : ((double)i * ((1000 * b - 1000) / (double)(n - 1)) + 1000) / 1000;
    if (i == n - 1 && n > 1) s = b;
    float sigma = (float)schedule_shift(s, shift);
    return (Level){ sigma, sigma * 1000.0f };
}

static Level level_distill(size_t i, double shift)
{
    float sigma = (float)schedule_shift(1 - 0.25 * (double)i, shift);
    return (Level){ sigma, sigma * 1000.0f };
}

static Level level_own(size_t i, size_t n, double shift)
{
    double sigma = schedule_shift(1 - (double)i / (double)n, shift);
    return (Level){ sigma, 1000 * sigma };
}

static Level level_of(Grid grid, size_t i, size_t n, double shift)
{
    Level l;
    switch (grid) {
    case GRID_UNIPC: l = level_linear(0.999f, 0, i, n, shift); break;
    case GRID_DPMPP: l = level_linear(1, 0, i, n, shift); break;
    case GRID_DIFFUSERS_UNIPC: l = level_diffusers_unipc(i, n, shift); break;
    case GRID_DIFFUSERS_EULER: return level_diffusers_euler(i, n, shift);
    case GRID_DISTILL4: return level_distill(i, shift);
    case GRID_LINEAR:
    default: return level_own(i, n, shift);
    }
    l.sigma = (float)l.sigma;
    return l;
}

SoraStatus schedule_grid(Grid grid, size_t steps, double shift, size_t frames, Arena *a,
                         Schedule *out)
{
    if (grid == GRID_DISTILL4 && steps != 4)
        return err_set(SORA_E_ARGUMENT, "the distilled grid has 4 steps, %zu were asked for",
                       steps);
    if (steps < 1 || steps > STEPS_MAX)
        return err_set(SORA_E_ARGUMENT, "%zu steps: expected 1 to %d", steps, STEPS_MAX);
    if (!(shift > 0) || !isfinite(shift))
        return err_set(SORA_E_ARGUMENT, "a flow shift of %g: expected a number above 0", shift);
    Schedule s = { steps, frames, NULL, NULL };
    s.sigma = arena_alloc(a, (steps + 1) * frames * sizeof *s.sigma);
    s.timestep = arena_alloc(a, steps * frames * sizeof *s.timestep);
    for (size_t i = 0; i <= steps; i++) {
        Level l = i < steps ? level_of(grid, i, steps, shift) : (Level){ 0, 0 };
        for (size_t f = 0; f < frames; f++) {
            s.sigma[i * frames + f] = l.sigma;
            if (i < steps) s.timestep[i * frames + f] = l.timestep;
        }
    }
    *out = s;
    return SORA_OK;
}

size_t schedule_begin(size_t steps, size_t frames, size_t together, const bool *held, size_t *begin)
{
    size_t total = 0, order = 0;
    double at = 0, stride = (double)steps / (double)together;
    for (size_t f = 0; f < frames; f++) {
        begin[f] = 0;
        if (held && held[f]) continue;
        if (order++) at += stride;
        for (size_t g = f >= together ? f - together + 1 : 0; g-- > 0;)
            if (!held || !held[g]) {
                at = fmax(at, (double)(begin[g] + steps));
                break;
            }
        begin[f] = (size_t)(at + 0.5);
        total = begin[f] + steps;
    }
    return total;
}

void schedule_hold(Schedule *s, size_t frame, double sigma)
{
    for (size_t i = 0; i <= s->steps; i++) {
        s->sigma[i * s->frames + frame] = sigma;
        if (i < s->steps) s->timestep[i * s->frames + frame] = 1000 * sigma;
    }
}

void schedule_start(Schedule *s, size_t frame, double from)
{
    for (size_t i = 0; i <= s->steps; i++) {
        double *sigma = &s->sigma[i * s->frames + frame];
        if (*sigma <= from) break;
        *sigma = from;
        if (i < s->steps) s->timestep[i * s->frames + frame] = 1000 * from;
    }
}

double schedule_level(const Schedule *s, double share)
{
    double at = floor(share * (double)s->steps + 0.5), most = 0;
    size_t step = at < 0 ? 0 : at > (double)s->steps ? s->steps : (size_t)at;
    for (size_t f = 0; f < s->frames; f++) most = fmax(most, s->sigma[step * s->frames + f]);
    return most;
}
