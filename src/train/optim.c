#include "train/optim.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "tensor/convert.h"
#include "tensor/gemm.h"
#include "tensor/rows.h"

enum { CHUNK = 1 << 14, NEWTON_SCHULZ_STEPS = 5 };

/* A parameter and what is remembered of it. */
typedef struct Entry {
    Param *p;
    Tensor *first;  /* momentum (Muon) or mean of gradients (AdamW) */
    Tensor *second; /* mean of squared gradients; NULL: this is Muon's */
    Tensor *ema;
    bool decays;
} Entry;

struct Optim {
    OptimConfig config;
    Entry *entry;
    size_t count, steps;
    OptimState *state;
    size_t states;
};

OptimConfig optim_config_default(void)
{
    return (OptimConfig){ .lr_hidden = 2e-3f,
                          .lr_other = 8e-4f,
                          .weight_decay = 0.1f,
                          .momentum = 0.95f,
                          .beta1 = 0.9f,
                          .beta2 = 0.99f,
                          .eps = 1e-8f,
                          .ema = 0.9995f,
                          .clip = 1 };
}

static Tensor *remember(Optim *o, const char *what, const Param *p, Arena *a)
{
    Tensor *x = tensor_new(a, TYPE_F32, p->value->rank, p->value->shape);
    memset(x->data, 0, tensor_count(x) * sizeof(float));
    o->state[o->states++] = (OptimState){ arena_printf(a, "%s.%s", what, p->name), x };
    return x;
}

Optim *optim_new(ParamSet *set, const OptimConfig *config, Arena *a)
{
    Optim *o = arena_zero(a, sizeof *o);
    o->config = *config;
    o->entry = arena_zero(a, params_count(set) * sizeof *o->entry);
    o->state = arena_zero(a, 3 * params_count(set) * sizeof *o->state);
    for (size_t i = 0; i < params_count(set); i++) {
        Entry *e = &o->entry[o->count++];
        Param *p = params_at(set, i);
        bool muon = p->kind == PARAM_HIDDEN && p->value->rank == 2;
        e->p = p;
        e->decays = p->value->rank == 2;
        e->ema = remember(o, "ema", p, a);
        memcpy(e->ema->data, p->value->data, tensor_count(p->value) * sizeof(float));
        if (!p->value->grad) continue;
        e->first = remember(o, muon ? "muon" : "adam_m", p, a);
        if (!muon) e->second = remember(o, "adam_v", p, a);
    }
    return o;
}

size_t optim_steps(const Optim *o)
{
    return o->steps;
}

void optim_set_steps(Optim *o, size_t steps)
{
    o->steps = steps;
}

size_t optim_state_count(const Optim *o)
{
    return o->states;
}

OptimState optim_state_at(const Optim *o, size_t i)
{
    return o->state[i];
}

const Tensor *optim_ema(const Optim *o, size_t i)
{
    return o->entry[i].ema;
}

/* ---- one parameter, in chunks ---------------------------------------------------------- */

typedef struct Pass {
    const Optim *o;
    const Entry *e;
    size_t count;
    float clip, lr, keep, ema;  /* keep: what decay leaves of a value */
    float correct1, correct2;   /* Adam's bias corrections */
    float *update;              /* Muon's input, then its normalised self */
    const uint16_t *orthogonal; /* bf16 result of Newton-Schulz */
    float scale;                /* of the update */
} Pass;

/* What every update ends with: EMA, operand, a clean gradient. */
static void settle(const Pass *p, size_t first, size_t n)
{
    const Param *q = p->e->p;
    float *value = (float *)q->value->data + first, *ema = (float *)p->e->ema->data + first;
    for (size_t i = 0; i < n; i++) ema[i] += p->ema * (value[i] - ema[i]);
    if (q->operand != q->value)
        convert_row((char *)q->operand->data + first * type_block_bytes(q->operand->type),
                    q->operand->type, value, TYPE_F32, n);
    memset(q->value->grad + first, 0, n * sizeof(float));
}

static void adam_chunk(void *ctx, size_t chunk, int worker)
{
    (void)worker;
    const Pass *p = ctx;
    const OptimConfig *c = &p->o->config;
    size_t first = chunk * CHUNK, n = size_min(CHUNK, p->count - first);
    float *value = (float *)p->e->p->value->data + first, *grad = p->e->p->value->grad + first;
    float *m = (float *)p->e->first->data + first, *v = (float *)p->e->second->data + first;
    for (size_t i = 0; i < n; i++) {
        float g = grad[i] * p->clip;
        m[i] += (1 - c->beta1) * (g - m[i]);
        v[i] += (1 - c->beta2) * (g * g - v[i]);
        float root = sqrtf(v[i] * p->correct2) + c->eps;
        value[i] = value[i] * p->keep - p->lr * m[i] * p->correct1 / root;
    }
    settle(p, first, n);
}

/* Momentum, and the look ahead along it (Nesterov). */
static void muon_chunk(void *ctx, size_t chunk, int worker)
{
    (void)worker;
    const Pass *p = ctx;
    float momentum = p->o->config.momentum;
    size_t first = chunk * CHUNK, n = size_min(CHUNK, p->count - first);
    const float *grad = p->e->p->value->grad + first;
    float *m = (float *)p->e->first->data + first, *u = p->update + first;
    for (size_t i = 0; i < n; i++) {
        float g = grad[i] * p->clip;
        m[i] = momentum * m[i] + g;
        u[i] = g + momentum * m[i];
    }
}

static void apply_chunk(void *ctx, size_t chunk, int worker)
{
    (void)worker;
    const Pass *p = ctx;
    size_t first = chunk * CHUNK, n = size_min(CHUNK, p->count - first);
    float *value = (float *)p->e->p->value->data + first, step = p->lr * p->scale;
    const uint16_t *x = p->orthogonal + first;
    for (size_t i = 0; i < n; i++) value[i] = value[i] * p->keep - step * bf16_to_f32(x[i]);
    settle(p, first, n);
}

static void in_chunks(const Compute *c, Pass *p, PoolFn fn)
{
    parallel_for(c->pool, size_ceil_div(p->count, CHUNK), fn, p);
}

/* ---- Muon ------------------------------------------------------------------------------ */

/* One step of X <- (a I + b A + c A^2) X with A = X X^T, on the smaller side of X [m,n]; bf16. */
static void newton_schulz(const Compute *c, const uint16_t *x, size_t m, size_t n, Arena *a,
                          uint16_t *next)
{
    bool tall = m > n;
    size_t s = size_min(m, n), l = size_max(m, n);
    Tensor *gram = tensor_new_2d(a, TYPE_F32, s, s), *poly = tensor_new_2d(a, TYPE_F32, s, s);
    GemmMatrix plain = { x, TYPE_BF16, n, false }, turned = { x, TYPE_BF16, n, true };
    GemmMatrix square = { gram->data, TYPE_F32, s, false };
    gemm(c, &(GemmCall){ .m = s,
                         .n = s,
                         .k = l,
                         .a = tall ? turned : plain,
                         .b = tall ? plain : turned,
                         .c = gram->data,
                         .c_stride = s });
    gemm(c, &(GemmCall){
                .m = s, .n = s, .k = s, .a = square, .b = square, .c = poly->data, .c_stride = s });
    float *p = poly->data, *g = gram->data;
    for (size_t i = 0; i < s * s; i++) p[i] = -4.7750f * g[i] + 2.0315f * p[i];
    for (size_t i = 0; i < s; i++) p[i * s + i] += 3.4445f;
    GemmMatrix factor = { p, TYPE_F32, s, false };
    gemm(c, &(GemmCall){ .m = m,
                         .n = n,
                         .k = s,
                         .a = tall ? plain : factor,
                         .b = tall ? factor : plain,
                         .c = next,
                         .c_type = TYPE_BF16,
                         .c_stride = n });
}

/* The nearest matrix to `update` with singular values near 1 (Jordan et al. 2024, Muon). */
static void muon(const Compute *c, Pass *p, Arena *a)
{
    const Tensor *value = p->e->p->value;
    size_t m = value->shape[0], n = value->shape[1];
    ArenaMark mark = arena_mark(a);
    p->update = arena_alloc(a, p->count * sizeof(float));
    in_chunks(c, p, muon_chunk);
    double norm = sqrt(rows_sum_squares(c, rows_f32(p->update, n), m, n, a));
    float inverse = 1 / ((float)norm + 1e-7f);
    uint16_t *x[2];
    for (int i = 0; i < 2; i++) x[i] = arena_alloc(a, p->count * sizeof(uint16_t));
    for (size_t i = 0; i < p->count; i++) x[0][i] = bf16_from_f32(p->update[i] * inverse);
    for (int i = 0; i < NEWTON_SCHULZ_STEPS; i++) {
        ArenaMark step = arena_mark(a);
        newton_schulz(c, x[i % 2], m, n, a, x[(i + 1) % 2]);
        arena_rewind(a, step);
    }
    p->orthogonal = x[NEWTON_SCHULZ_STEPS % 2];
    p->scale = 0.2f * sqrtf((float)size_max(m, n)); /* as large as AdamW's (arXiv 2502.16982) */
    in_chunks(c, p, apply_chunk);
    arena_rewind(a, mark);
}

/* ---- the step -------------------------------------------------------------------------- */

static double norm_of_all(const Optim *o, const Compute *c, Arena *a)
{
    double sum = 0;
    for (size_t i = 0; i < o->count; i++) {
        const Tensor *v = o->entry[i].p->value;
        if (v->grad)
            sum += rows_sum_squares(c, rows_f32(v->grad, tensor_width(v)), tensor_row_count(v),
                                    tensor_width(v), a);
    }
    return sqrt(sum);
}

static void drop_gradients(Optim *o)
{
    for (size_t i = 0; i < o->count; i++) {
        const Tensor *v = o->entry[i].p->value;
        if (v->grad) memset(v->grad, 0, tensor_count(v) * sizeof(float));
    }
}

SoraStatus optim_step(Optim *o, const Compute *c, float rate, Arena *step, float *norm)
{
    const OptimConfig *k = &o->config;
    double all = norm_of_all(o, c, step);
    if (norm) *norm = (float)all;
    if (!isfinite(all)) {
        drop_gradients(o);
        return err_set(SORA_E_NUMBER, "the gradients of step %zu are not finite", o->steps);
    }
    o->steps++;
    float t = (float)o->steps, decay = fminf(k->ema, t / (9 + t));
    for (size_t i = 0; i < o->count; i++) {
        Entry *e = &o->entry[i];
        if (!e->first) continue;
        bool adam = e->second != NULL;
        Pass p = { .o = o, .e = e, .count = tensor_count(e->p->value), .ema = 1 - decay };
        p.clip = k->clip > 0 && all > (double)k->clip ? k->clip / (float)all : 1;
        p.lr = rate * (adam ? k->lr_other : k->lr_hidden);
        p.keep = e->decays ? 1 - p.lr * k->weight_decay : 1;
        p.correct1 = 1 / (1 - powf(k->beta1, t));
        p.correct2 = 1 / (1 - powf(k->beta2, t));
        if (adam)
            in_chunks(c, &p, adam_chunk);
        else
            muon(c, &p, step);
    }
    return SORA_OK;
}
