#include "diffusion/sampler.h"

#include <math.h>
#include <string.h>

size_t latent_count(LatentShape s)
{
    return s.outer * s.frames * s.inner;
}

/* Every update is z = sum of weight[b] * buffer[b], with weights per frame. */
enum { BUF_Z, BUF_LAST, BUF_NEW, BUF_CUR, BUF_PREV, BUFS };

typedef struct Weights {
    double w[BUFS];
} Weights;

typedef struct Sampler {
    SamplerKind kind;
    const Schedule *s;
    LatentShape shape;
    float *buf[BUFS]; /* z, the z the last predictor left from, x0 of now, and the two before */
    int *order;       /* [frames]: order of the last predictor step, 0: none yet */
    Weights *weights; /* [frames] */
} Sampler;

static double sigma_at(const Sampler *m, size_t step, size_t frame)
{
    return m->s->sigma[step * m->s->frames + frame];
}

/* Half the log signal-to-noise ratio: -inf for pure noise, +inf for clean. */
static double lambda(double sigma)
{
    return sigma <= 0 ? INFINITY : sigma >= 1 ? -INFINITY : log(1 - sigma) - log(sigma);
}

static bool moves(const Sampler *m, size_t step, size_t f)
{
    return sigma_at(m, step, f) != sigma_at(m, step + 1, f);
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

static void euler_weights(const Sampler *m, size_t i, size_t f, Weights *w)
{
    double s = sigma_at(m, i, f), t = sigma_at(m, i + 1, f);
    /* v = (z - x0) / s; written with x0 so that all samplers share one buffer */
    *w = (Weights){ .w = { [BUF_Z] = t / s, [BUF_NEW] = 1 - t / s } };
}

static void dpmpp_weights(const Sampler *m, size_t i, size_t f, Weights *w)
{
    double s = sigma_at(m, i, f), t = sigma_at(m, i + 1, f);
    double h = lambda(t) - lambda(s), e = -(1 - t) * expm1(-h), second = 0;
    bool last = t <= 0; /* a frame's own last step, where h is infinite */
    if (m->order[f] > 0 && !last && i > 0) {
        double h0 = lambda(s) - lambda(sigma_at(m, i - 1, f));
        if (isfinite(h0) && h0 != 0) second = 0.5 * h / h0; /* from pure noise: no second order */
    }
    *w = (Weights){ .w = {
                        [BUF_Z] = t / s, [BUF_NEW] = e * (1 + second), [BUF_CUR] = -e * second } };
    m->order[f] = 1;
}

/* The corrector looks back over the step just taken, from step i - 1 to i. */
static void unipc_corrector(const Sampler *m, size_t i, size_t f, Weights *w)
{
    double s = sigma_at(m, i - 1, f), t = sigma_at(m, i, f);
    double h = lambda(t) - lambda(s), b = expm1(-h), k = -(1 - t) * b;
    *w = (Weights){ .w = { [BUF_LAST] = t / s } };
    if (m->order[f] == 1) {
        w->w[BUF_CUR] = 0.5 * k;
        w->w[BUF_NEW] = 0.5 * k;
        return;
    }
    double rk = (lambda(sigma_at(m, i - 2, f)) - lambda(s)) / h;
    double g1 = b / -h - 1, b1 = g1 / b, b2 = 2 * (g1 / -h - 0.5) / b;
    double r1 = (b1 - b2) / (1 - rk), r2 = b1 - r1, r1k = isinf(rk) ? 0 : r1 / rk;
    w->w[BUF_CUR] = k * (1 - r1k - r2);
    w->w[BUF_PREV] = k * r1k;
    w->w[BUF_NEW] = k * r2;
}

/* After the history has moved on, CUR is the x0 of step i and PREV the one before. */
static void unipc_predictor(const Sampler *m, size_t i, size_t f, Weights *w)
{
    double s = sigma_at(m, i, f), t = sigma_at(m, i + 1, f);
    double h = lambda(t) - lambda(s), k = -(1 - t) * expm1(-h), second = 0;
    int order = m->order[f] > 0 && t > 0 ? 2 : 1;
    if (order == 2) {
        double back = lambda(sigma_at(m, i - 1, f)) - lambda(s);
        second = isinf(back) ? 0 : 0.5 * h / back;
    }
    *w = (Weights){ .w = {
                        [BUF_Z] = t / s, [BUF_CUR] = k * (1 - second), [BUF_PREV] = k * second } };
    m->order[f] = order;
}

typedef void (*WeightsFn)(const Sampler *m, size_t i, size_t f, Weights *w);

/* Frames that stand still, and for the corrector frames that have not moved yet, keep z. */
static void fill_weights(const Sampler *m, size_t i, WeightsFn fn, bool corrector)
{
    for (size_t f = 0; f < m->shape.frames; f++) {
        bool acts = corrector ? i > 0 && m->order[f] > 0 && moves(m, i - 1, f) && sigma_at(m, i, f) > 0
                              : moves(m, i, f);
        if (acts)
            fn(m, i, f, &m->weights[f]);
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

static void step_unipc(Sampler *m, size_t i)
{
    fill_weights(m, i, unipc_corrector, true);
    if (i > 0) combine(m, m->buf[BUF_Z]);
    shift_history(m);
    memcpy(m->buf[BUF_LAST], m->buf[BUF_Z], latent_count(m->shape) * sizeof(float));
    fill_weights(m, i, unipc_predictor, false);
    combine(m, m->buf[BUF_Z]);
}

static void step_other(Sampler *m, size_t i)
{
    fill_weights(m, i, m->kind == SAMPLER_EULER ? euler_weights : dpmpp_weights, false);
    combine(m, m->buf[BUF_Z]);
    shift_history(m);
}

/* x0 = z - sigma v, in place of v. */
static SoraStatus velocity_to_clean(Sampler *m, size_t i)
{
    LatentShape s = m->shape;
    const float *z = m->buf[BUF_Z];
    float *v = m->buf[BUF_NEW];
    for (size_t o = 0; o < s.outer; o++)
        for (size_t f = 0; f < s.frames; f++) {
            double sigma = sigma_at(m, i, f);
            size_t at = (o * s.frames + f) * s.inner;
            for (size_t j = at; j < at + s.inner; j++) {
                if (!isfinite(v[j]))
                    return err_set(SORA_E_NUMBER,
                                   "step %zu of %zu: the prediction for latent frame %zu is %g",
                                   i + 1, m->s->steps, f, (double)v[j]);
                v[j] = (float)((double)z[j] - sigma * (double)v[j]);
            }
        }
    return SORA_OK;
}

SoraStatus sampler_run(SamplerKind kind, Denoiser d, const Schedule *s, LatentShape shape, float *z,
                       Arena *a, const StepHook *hook)
{
    ArenaMark mark = arena_mark(a);
    Sampler m = { .kind = kind, .s = s, .shape = shape };
    m.buf[BUF_Z] = z;
    for (int b = BUF_Z + 1; b < BUFS; b++)
        m.buf[b] = arena_zero(a, latent_count(shape) * sizeof(float));
    m.order = arena_zero(a, shape.frames * sizeof *m.order);
    m.weights = arena_zero(a, shape.frames * sizeof *m.weights);
    SoraStatus status = SORA_OK;
    for (size_t i = 0; i < s->steps && status == SORA_OK; i++) {
        status =
            d.fn(d.self, z, s->sigma + i * s->frames, s->timestep + i * s->frames, m.buf[BUF_NEW]);
        if (status == SORA_OK) status = velocity_to_clean(&m, i);
        if (status != SORA_OK) break;
        if (kind == SAMPLER_UNIPC)
            step_unipc(&m, i);
        else
            step_other(&m, i);
        if (hook) status = hook->fn(hook->self, i, s->steps, z);
    }
    arena_rewind(a, mark);
    return status;
}

SoraStatus sampler_by_name(const char *name, SamplerKind *out)
{
    static const char *const names[] = { "euler", "dpm++2m", "unipc" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (SamplerKind)i;
            return SORA_OK;
        }
    return err_set(SORA_E_ARGUMENT, "no sampler is called \"%s\": there are euler, dpm++2m, unipc",
                   name);
}
