#include "train/optim.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "tensor/convert.h"
#include "tensor/rows.h"
#include "train/muon.h"

/* Values of a task. A matrix of Muon's is a task of its own, the faster for it, unless it is so
 * large that it would not leave enough of them for all threads. */
enum { CHUNK = 1 << 14, ALONE_MAX = 1 << 22 };

/* A parameter and what is remembered of it. */
typedef struct Entry {
    Param *p;
    Tensor *first;  /* momentum (Muon) or mean of gradients (AdamW) */
    Tensor *second; /* mean of squared gradients; NULL: this is Muon's */
    Tensor *ema;
    bool decays;
} Entry;

/* Values [first, first + n) of a parameter. */
typedef struct Chunk {
    const Entry *e;
    size_t first, n;
} Chunk;

struct Optim {
    OptimConfig config;
    Entry *entry;
    size_t count, steps;
    OptimState *state;
    size_t states;
    Chunk *chunk; /* all that is learned: AdamW's, then Muon's */
    size_t adam_chunks, chunks;
    const Entry **matrix; /* Muon's, the largest first */
    size_t matrices, large;
    size_t scratch; /* bytes that a matrix needs */
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

static size_t elements(const Entry *e)
{
    return tensor_count(e->p->value);
}

static bool is_muons(const Entry *e)
{
    return e->first && !e->second;
}

static size_t count_chunks(const Optim *o)
{
    size_t n = 0;
    for (size_t i = 0; i < o->count; i++)
        if (o->entry[i].first) n += size_ceil_div(elements(&o->entry[i]), CHUNK);
    return n;
}

static void add_chunks(Optim *o, bool muons)
{
    for (size_t i = 0; i < o->count; i++) {
        const Entry *e = &o->entry[i];
        if (!e->first || is_muons(e) != muons) continue;
        for (size_t at = 0; at < elements(e); at += CHUNK)
            o->chunk[o->chunks++] = (Chunk){ e, at, size_min(CHUNK, elements(e) - at) };
    }
}

static size_t update_bytes(const Entry *e)
{
    return size_round_up(elements(e) * sizeof(float), ARENA_ALIGN);
}

static void add_matrix(Optim *o, const Entry *e)
{
    const size_t *shape = e->p->value->shape;
    size_t i = o->matrices++;
    for (; i > 0 && elements(o->matrix[i - 1]) < elements(e); i--) o->matrix[i] = o->matrix[i - 1];
    o->matrix[i] = e;
    o->large += elements(e) > ALONE_MAX;
    size_t bytes = update_bytes(e) + muon_scratch(shape[0], shape[1]);
    o->scratch = size_max(o->scratch, size_round_up(bytes, ARENA_ALIGN));
}

/* Cuts the work of a step into tasks. */
static void plan(Optim *o, Arena *a)
{
    o->chunk = arena_alloc(a, size_max(1, count_chunks(o)) * sizeof *o->chunk);
    add_chunks(o, false);
    o->adam_chunks = o->chunks;
    add_chunks(o, true);
    o->matrix = arena_alloc(a, size_max(1, o->count) * sizeof *o->matrix);
    for (size_t i = 0; i < o->count; i++)
        if (is_muons(&o->entry[i])) add_matrix(o, &o->entry[i]);
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
    plan(o, a);
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

/* ---- a step ---------------------------------------------------------------------------- */

typedef struct Step {
    const Optim *o;
    const Compute *c;
    double *squares; /* of each chunk's gradients */
    float clip, ema;
    float lr_other, lr_hidden;
    float correct1, correct2; /* Adam's bias corrections */
    char *scratch;            /* o->scratch bytes for every thread */
} Step;

static double squares_of(const Compute *c, const float *x, size_t n)
{
    Rows row = rows_f32(x, n);
    return c->kernels.rows.squares(&row, (RowSet){ NULL, 0, 1 }, n);
}

static float decay(const Step *s, const Entry *e, float lr) /* what it leaves of a value */
{
    return e->decays ? 1 - lr * s->o->config.weight_decay : 1;
}

/* What every update ends with: EMA, operand, a clean gradient. */
static void settle(const Step *s, const Chunk *k)
{
    const Param *q = k->e->p;
    float *value = (float *)q->value->data + k->first;
    float *ema = (float *)k->e->ema->data + k->first;
    for (size_t i = 0; i < k->n; i++) ema[i] += s->ema * (value[i] - ema[i]);
    if (q->operand != q->value) {
        Rows y = rows_of(q->operand), x = rows_f32(value, k->n);
        y.data = (char *)y.data + k->first * type_block_bytes(y.type);
        RowsMap map = { .op = ROWS_SCALE, .rows = 1, .width = k->n, .y = y, .a = x, .factor = 1 };
        s->c->kernels.rows.map(&map, (RowSet){ NULL, 0, 1 });
    }
    memset(q->value->grad + k->first, 0, k->n * sizeof(float));
}

static void adam_chunk(const Step *s, const Chunk *k)
{
    const OptimConfig *c = &s->o->config;
    const Param *p = k->e->p;
    float *value = (float *)p->value->data + k->first, *grad = p->value->grad + k->first;
    float *m = (float *)k->e->first->data + k->first, *v = (float *)k->e->second->data + k->first;
    float left = decay(s, k->e, s->lr_other);
    for (size_t i = 0; i < k->n; i++) {
        float g = grad[i] * s->clip;
        m[i] += (1 - c->beta1) * (g - m[i]);
        v[i] += (1 - c->beta2) * (g * g - v[i]);
        float root = sqrtf(v[i] * s->correct2) + c->eps;
        value[i] = value[i] * left - s->lr_other * m[i] * s->correct1 / root;
    }
    settle(s, k);
}

/* ---- Muon ------------------------------------------------------------------------------ */

typedef struct Matrix {
    const Step *s;
    const Entry *e;
    float *update;
    double *squares; /* of the update's chunks */
    const uint16_t *orthogonal;
} Matrix;

static Chunk chunk_of(const Matrix *x, size_t i)
{
    return (Chunk){ x->e, i * CHUNK, size_min(CHUNK, elements(x->e) - i * CHUNK) };
}

/* Momentum, and the look ahead along it (Nesterov). */
static void look_ahead(void *ctx, size_t i, int worker)
{
    (void)worker;
    const Matrix *x = ctx;
    Chunk k = chunk_of(x, i);
    float momentum = x->s->o->config.momentum, clip = x->s->clip;
    const float *grad = x->e->p->value->grad + k.first;
    float *m = (float *)x->e->first->data + k.first, *u = x->update + k.first;
    for (size_t j = 0; j < k.n; j++) {
        float g = grad[j] * clip;
        m[j] = momentum * m[j] + g;
        u[j] = g + momentum * m[j];
    }
    x->squares[i] = squares_of(x->s->c, u, k.n);
}

static void apply(void *ctx, size_t i, int worker)
{
    (void)worker;
    const Matrix *x = ctx;
    Chunk k = chunk_of(x, i);
    const size_t *shape = x->e->p->value->shape;
    float *value = (float *)x->e->p->value->data + k.first;
    float lr = x->s->lr_hidden, left = decay(x->s, x->e, lr);
    /* as large as AdamW's (arXiv 2502.16982) */
    float step = lr * 0.2f * sqrtf((float)size_max(shape[0], shape[1]));
    const uint16_t *u = x->orthogonal + k.first;
    for (size_t j = 0; j < k.n; j++) value[j] = value[j] * left - step * bf16_to_f32(u[j]);
    settle(x->s, &k);
}

/* On the threads of `c`. */
static void muon(const Step *s, const Compute *c, const Entry *e, char *scratch)
{
    const size_t *shape = e->p->value->shape;
    size_t chunks = size_ceil_div(elements(e), CHUNK);
    char *rest = scratch + update_bytes(e);
    /* the squares stand where Newton-Schulz begins once they are added up */
    Matrix x = { .s = s, .e = e, .update = (float *)scratch, .squares = (double *)rest };
    parallel_for(c->pool, chunks, look_ahead, &x);
    double sum = 0;
    for (size_t i = 0; i < chunks; i++) sum += x.squares[i];
    x.orthogonal = muon_orthogonal(c, x.update, sqrt(sum), shape[0], shape[1], rest);
    parallel_for(c->pool, chunks, apply, &x);
}

/* ---- all of it ------------------------------------------------------------------------- */

static void square_chunk(void *ctx, size_t i, int worker)
{
    (void)worker;
    const Step *s = ctx;
    const Chunk *k = &s->o->chunk[i];
    s->squares[i] = squares_of(s->c, k->e->p->value->grad + k->first, k->n);
}

static double norm_of_all(const Step *s)
{
    double sum = 0;
    parallel_for(s->c->pool, s->o->chunks, square_chunk, (void *)s);
    for (size_t i = 0; i < s->o->chunks; i++) sum += s->squares[i];
    return sqrt(sum);
}

static void drop_gradients(Optim *o)
{
    for (size_t i = 0; i < o->count; i++) {
        const Tensor *v = o->entry[i].p->value;
        if (v->grad) memset(v->grad, 0, tensor_count(v) * sizeof(float));
    }
}

/* Small matrices, then AdamW's chunks, which even out what is left. */
static void update_task(void *ctx, size_t i, int worker)
{
    const Step *s = ctx;
    const Optim *o = s->o;
    size_t small = o->matrices - o->large;
    if (i >= small) {
        adam_chunk(s, &o->chunk[i - small]);
        return;
    }
    Compute alone = compute_alone(s->c, worker);
    muon(s, &alone, o->matrix[o->large + i], s->scratch + (size_t)worker * o->scratch);
}

static void update_all(Step *s, Arena *a)
{
    const Optim *o = s->o;
    s->scratch = arena_alloc(a, (size_t)pool_threads(s->c->pool) * o->scratch);
    for (size_t i = 0; i < o->large; i++) muon(s, s->c, o->matrix[i], s->scratch);
    parallel_for(s->c->pool, o->matrices - o->large + o->adam_chunks, update_task, s);
}

SoraStatus optim_step(Optim *o, const Compute *c, float rate, Arena *step, float *norm)
{
    const OptimConfig *k = &o->config;
    ArenaMark mark = arena_mark(step);
    Step s = { .o = o, .c = c, .squares = arena_alloc(step, (o->chunks + 1) * sizeof(double)) };
    double all = norm_of_all(&s);
    if (norm) *norm = (float)all;
    if (!isfinite(all)) {
        drop_gradients(o);
        arena_rewind(step, mark);
        return err_set(SORA_E_NUMBER, "the gradients of step %zu are not finite", o->steps);
    }
    o->steps++;
    float t = (float)o->steps;
    s.ema = 1 - fminf(k->ema, t / (9 + t));
    s.clip = k->clip > 0 && all > (double)k->clip ? k->clip / (float)all : 1;
    s.lr_other = rate * k->lr_other;
    s.lr_hidden = rate * k->lr_hidden;
    s.correct1 = 1 / (1 - powf(k->beta1, t));
    s.correct2 = 1 / (1 - powf(k->beta2, t));
    update_all(&s, step);
    arena_rewind(step, mark);
    return SORA_OK;
}
