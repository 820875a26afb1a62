#include "diffusion/sampler.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

size_t latent_count(LatentShape s)
{
    return s.outer * s.frames * s.inner;
}

/* Every update is z = sum of weight[b] * buffer[b], with weights per frame. */
enum { BUF_Z, BUF_LAST, BUF_NEW, BUF_CUR, BUF_PREV, BUF_NOISE, BUFS };

enum { DRAW_STEP = 0x73746570 };

typedef struct Weights {
    double w[BUFS];
} Weights;

struct Sampler {
    SamplerKind kind;
    uint64_t seed;
    LatentShape shape;
    /* z, the z the last predictor left from, x0 of now, and the two before; noise */
    float *buf[BUFS];
    int *order;       /* [frames]: order of the last predictor step, 0: none yet */
    Weights *weights; /* [frames] */
    const SamplerStep *step;
};

/* Rows of levels around a step. */
enum { ROW_NEXT = 1, ROW_NOW = 0, ROW_BEFORE = -1, ROW_BEFORE2 = -2 };

static double sigma_at(const Sampler *m, int row, size_t frame)
{
    return m->step->sigma[row + 2][frame];
}

/* Half the log signal-to-noise ratio: -inf for pure noise, +inf for clean. */
static double lambda(double sigma)
{
    return sigma <= 0 ? INFINITY : sigma >= 1 ? -INFINITY : log(1 - sigma) - log(sigma);
}

static bool moves(const Sampler *m, int row, size_t f)
{
    return sigma_at(m, row, f) != sigma_at(m, row + 1, f);
}

static void combine(const Sampler *m, float *out)
{
    LatentShape s = m->shape;
    for (size_t o = 0; o < s.outer; o++)
        for (size_t f = 0; f < s.frames; f++) {
            const double *w = m->weights[f].w;
            size_t at = (o * s.frames + f) * s.inner;
            for (size_t i = at; i < at + s.inner; i++) {
                double sum = 0;
                for (int b = 0; b < BUFS; b++)
                    if (w[b] != 0) sum += w[b] * (double)m->buf[b][i];
                out[i] = (float)sum;
            }
        }
}

static void weights_keep(Weights *w)
{
    *w = (Weights){ .w = { [BUF_Z] = 1 } };
}

static void euler_weights(const Sampler *m, size_t f, Weights *w)
{
    double s = sigma_at(m, ROW_NOW, f), t = sigma_at(m, ROW_NEXT, f);
    /* v = (z - x0) / s; written with x0 so that all samplers share one buffer */
    *w = (Weights){ .w = { [BUF_Z] = t / s, [BUF_NEW] = 1 - t / s } };
}

/* Of the reverse SDE exp(-h) of what was noise stays, the rest is drawn anew. */
static void dpmpp_at(const Sampler *m, size_t f, bool sde, Weights *w)
{
    double s = sigma_at(m, ROW_NOW, f), t = sigma_at(m, ROW_NEXT, f);
    double h = lambda(t) - lambda(s), gone = -expm1(sde ? -2 * h : -h), second = 0;
    bool last = t <= 0; /* a frame's own last step, where h is infinite */
    if (m->order[f] > 0 && !last) {
        double h0 = lambda(s) - lambda(sigma_at(m, ROW_BEFORE, f));
        if (isfinite(h0) && h0 != 0) second = 0.5 * h / h0; /* from pure noise: no second order */
    }
    double e = (1 - t) * gone;
    *w = (Weights){ .w = { [BUF_Z] = t / s * (sde ? exp(-h) : 1),
                           [BUF_NEW] = e * (1 + second),
                           [BUF_CUR] = -e * second,
                           [BUF_NOISE] = sde ? t * sqrt(gone) : 0 } };
    m->order[f] = 1;
}

static void dpmpp_weights(const Sampler *m, size_t f, Weights *w)
{
    dpmpp_at(m, f, false, w);
}

static void dpmpp_sde_weights(const Sampler *m, size_t f, Weights *w)
{
    dpmpp_at(m, f, true, w);
}

/* The corrector looks back over the step just taken. */
static void unipc_corrector(const Sampler *m, size_t f, Weights *w)
{
    double s = sigma_at(m, ROW_BEFORE, f), t = sigma_at(m, ROW_NOW, f);
    double h = lambda(t) - lambda(s), b = expm1(-h), k = -(1 - t) * b;
    *w = (Weights){ .w = { [BUF_LAST] = t / s } };
    if (m->order[f] == 1) {
        w->w[BUF_CUR] = 0.5 * k;
        w->w[BUF_NEW] = 0.5 * k;
        return;
    }
    double rk = (lambda(sigma_at(m, ROW_BEFORE2, f)) - lambda(s)) / h;
    double g1 = b / -h - 1, b1 = g1 / b, b2 = 2 * (g1 / -h - 0.5) / b;
    double r1 = (b1 - b2) / (1 - rk), r2 = b1 - r1, r1k = isinf(rk) ? 0 : r1 / rk;
    w->w[BUF_CUR] = k * (1 - r1k - r2);
    w->w[BUF_PREV] = k * r1k;
    w->w[BUF_NEW] = k * r2;
}

/* After the history has moved on, CUR is the x0 of this step and PREV the one before. */
static void unipc_predictor(const Sampler *m, size_t f, Weights *w)
{
    double s = sigma_at(m, ROW_NOW, f), t = sigma_at(m, ROW_NEXT, f);
    double h = lambda(t) - lambda(s), k = -(1 - t) * expm1(-h), second = 0;
    int order = m->order[f] > 0 && t > 0 ? 2 : 1;
    if (order == 2) {
        double back = lambda(sigma_at(m, ROW_BEFORE, f)) - lambda(s);
        second = isinf(back) ? 0 : 0.5 * h / back;
    }
    *w = (Weights){ .w = {
                        [BUF_Z] = t / s, [BUF_CUR] = k * (1 - second), [BUF_PREV] = k * second } };
    m->order[f] = order;
}

typedef void (*WeightsFn)(const Sampler *m, size_t f, Weights *w);

/* Frames that stand still, and for the corrector frames that have not moved yet, keep z. */
static void fill_weights(const Sampler *m, WeightsFn fn, bool corrector)
{
    for (size_t f = 0; f < m->shape.frames; f++) {
        bool acts = corrector
                        ? m->order[f] > 0 && moves(m, ROW_BEFORE, f) && sigma_at(m, ROW_NOW, f) > 0
                        : moves(m, ROW_NOW, f);
        if (acts)
            fn(m, f, &m->weights[f]);
        else
            weights_keep(&m->weights[f]);
    }
}

static void shift_history(Sampler *m)
{
    float *oldest = m->buf[BUF_PREV];
    m->buf[BUF_PREV] = m->buf[BUF_CUR];
    m->buf[BUF_CUR] = m->buf[BUF_NEW];
    m->buf[BUF_NEW] = oldest;
}

static void step_unipc(Sampler *m)
{
    fill_weights(m, unipc_corrector, true);
    combine(m, m->buf[BUF_Z]);
    shift_history(m);
    memcpy(m->buf[BUF_LAST], m->buf[BUF_Z], latent_count(m->shape) * sizeof(float));
    fill_weights(m, unipc_predictor, false);
    combine(m, m->buf[BUF_Z]);
}

static void step_other(Sampler *m)
{
    static const WeightsFn weights[] = { [SAMPLER_EULER] = euler_weights,
                                         [SAMPLER_DPMPP_2M] = dpmpp_weights,
                                         [SAMPLER_DPMPP_2M_SDE] = dpmpp_sde_weights };
    if (m->buf[BUF_NOISE])
        rng_fill_normal(m->buf[BUF_NOISE], 0, latent_count(m->shape),
                        rng_split(m->seed, DRAW_STEP + m->step->number));
    fill_weights(m, weights[m->kind], false);
    combine(m, m->buf[BUF_Z]);
    shift_history(m);
}

/* x0 = z - sigma v, in place of v. */
static SoraStatus velocity_to_clean(Sampler *m)
{
    LatentShape s = m->shape;
    const float *z = m->buf[BUF_Z];
    float *v = m->buf[BUF_NEW];
    for (size_t o = 0; o < s.outer; o++)
        for (size_t f = 0; f < s.frames; f++) {
            double sigma = sigma_at(m, ROW_NOW, f);
            size_t at = (o * s.frames + f) * s.inner;
            for (size_t j = at; j < at + s.inner; j++) {
                if (!isfinite(v[j]))
                    return err_set(SORA_E_NUMBER,
                                   "step %zu of %zu: the prediction for latent frame %zu is %g",
                                   m->step->number + 1, m->step->count, f, (double)v[j]);
                v[j] = (float)((double)z[j] - sigma * (double)v[j]);
            }
        }
    return SORA_OK;
}

Sampler *sampler_new(SamplerKind kind, uint64_t seed, LatentShape shape, Arena *a)
{
    Sampler *m = arena_zero(a, sizeof *m);
    *m = (Sampler){ .kind = kind, .seed = seed, .shape = shape };
    int buffers = kind == SAMPLER_DPMPP_2M_SDE ? BUFS : BUF_NOISE;
    for (int b = BUF_Z + 1; b < buffers; b++)
        m->buf[b] = arena_zero(a, latent_count(shape) * sizeof(float));
    m->order = arena_zero(a, shape.frames * sizeof *m->order);
    m->weights = arena_zero(a, shape.frames * sizeof *m->weights);
    return m;
}

SoraStatus sampler_step(Sampler *m, Denoiser d, const SamplerStep *step, float *z)
{
    m->step = step;
    m->buf[BUF_Z] = z;
    TRY(d.fn(d.self, z, step->sigma[2], step->timestep, m->buf[BUF_NEW]));
    TRY(velocity_to_clean(m));
    if (m->kind == SAMPLER_UNIPC)
        step_unipc(m);
    else
        step_other(m);
    return SORA_OK;
}

void sampler_shift(Sampler *m, size_t frames)
{
    LatentShape s = m->shape;
    if (frames > s.frames) frames = s.frames;
    size_t stay = s.frames - frames;
    memmove(m->order, m->order + frames, stay * sizeof *m->order);
    memset(m->order + stay, 0, frames * sizeof *m->order);
    for (int b = BUF_Z + 1; b < BUF_NOISE; b++)
        for (size_t o = 0; o < s.outer; o++) {
            float *x = m->buf[b] + o * s.frames * s.inner;
            memmove(x, x + frames * s.inner, stay * s.inner * sizeof *x);
            memset(x + stay * s.inner, 0, frames * s.inner * sizeof *x);
        }
}

SamplerMemory sampler_memory(Sampler *m)
{
    SamplerMemory out = { .order = m->order };
    for (int b = 0; b < SAMPLER_BUFFERS; b++) out.buffer[b] = m->buf[b + 1];
    return out;
}

static void take_memory(Sampler *m, const SamplerMemory *from)
{
    for (int b = 0; b < SAMPLER_BUFFERS; b++)
        memcpy(m->buf[b + 1], from->buffer[b], latent_count(m->shape) * sizeof(float));
    memcpy(m->order, from->order, m->shape.frames * sizeof *m->order);
}

static SoraStatus after_step(Sampler *m, const StepHook *hook, const SamplerStep *step, float *z)
{
    SoraStatus status = SORA_OK;
    if (hook->fn) status = hook->fn(hook->self, step->number, step->count, z);
    bool good = status == SORA_OK || status == SORA_CANCELLED; /* stopped: the step is done */
    SamplerMemory memory = sampler_memory(m);
    if (good && hook->keep) TRY(hook->keep(hook->self, step->number + 1, &memory, z));
    return status;
}

SoraStatus sampler_run(SamplerKind kind, uint64_t seed, Denoiser d, const Schedule *s,
                       LatentShape shape, float *z, Arena *a, const StepHook *hook)
{
    ArenaMark mark = arena_mark(a);
    Sampler *m = sampler_new(kind, seed, shape, a);
    SoraStatus status = SORA_OK;
    size_t first = hook ? hook->from : 0;
    if (first) take_memory(m, hook->memory);
    for (size_t i = first; i < s->steps && status == SORA_OK; i++) {
        const double *now = s->sigma + i * s->frames;
        SamplerStep step = { .sigma = { i > 1 ? now - 2 * s->frames : now,
                                        i > 0 ? now - s->frames : now, now, now + s->frames },
                             .timestep = s->timestep + i * s->frames,
                             .number = i,
                             .count = s->steps };
        status = sampler_step(m, d, &step, z);
        if (status == SORA_OK && hook) status = after_step(m, hook, &step, z);
    }
    arena_rewind(a, mark);
    return status;
}
