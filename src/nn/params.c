#include "nn/params.h"

#include <assert.h>
#include <string.h>

#include "base/rng.h"
#include "tensor/convert.h"

enum { PAGE_PARAMS = 64 };

/* Params must not move, so they stand in pages. */
typedef struct Page {
    Param param[PAGE_PARAMS];
} Page;

struct ParamSet {
    Arena *weights;
    bool train;
    uint64_t seed;
    ParamLookup lookup;
    void *self;
    Page **page;
    size_t pages, count;
};

static ParamSet *new_set(Arena *weights, bool train, uint64_t seed, ParamLookup lookup, void *self)
{
    ParamSet *s = arena_zero(weights, sizeof *s);
    *s = (ParamSet){
        .weights = weights, .train = train, .seed = seed, .lookup = lookup, .self = self
    };
    return s;
}

ParamSet *params_new_train(Arena *weights, uint64_t seed, ParamLookup lookup, void *self)
{
    return new_set(weights, true, seed, lookup, self);
}

ParamSet *params_new_load(Arena *weights, ParamLookup lookup, void *self)
{
    return new_set(weights, false, 0, lookup, self);
}

Param *params_at(const ParamSet *s, size_t i)
{
    assert(i < s->count);
    return &s->page[i / PAGE_PARAMS]->param[i % PAGE_PARAMS];
}

size_t params_count(const ParamSet *s)
{
    return s->count;
}

size_t params_elements(const ParamSet *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) n += tensor_count(params_at(s, i)->value);
    return n;
}

bool params_has(const ParamSet *s, const char *name)
{
    return s->lookup && s->lookup(s->self, name) != NULL;
}

static Param *add_param(ParamSet *s)
{
    if (s->count == s->pages * PAGE_PARAMS) {
        Page **grown = arena_alloc(s->weights, (s->pages + 1) * sizeof(Page *));
        if (s->pages) memcpy(grown, s->page, s->pages * sizeof(Page *));
        grown[s->pages++] = arena_zero(s->weights, sizeof(Page));
        s->page = grown;
    }
    s->count++;
    return params_at(s, s->count - 1);
}

/* FNV-1a: a parameter's start values depend on its name, not on its place. */
static uint64_t hash_name(const char *name)
{
    uint64_t h = 0xcbf29ce484222325;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 0x100000001b3;
    return h;
}

static void draw(Tensor *x, ParamInit init, uint64_t seed)
{
    float *v = x->data;
    size_t n = tensor_count(x);
    if (init.std != 0) rng_fill_normal(v, 0, n, seed);
    for (size_t i = 0; i < n; i++) v[i] = init.std != 0 ? init.mean + init.std * v[i] : init.mean;
}

/* Shapes agree when they are equal but for dimensions of 1 in front (a bias saved as [1, D]). */
static bool same_shape(const Tensor *x, int rank, const size_t *shape)
{
    int i = 0, j = 0;
    while (i < x->rank && x->shape[i] == 1) i++;
    while (j < rank && shape[j] == 1) j++;
    if (x->rank - i != rank - j) return false;
    for (; i < x->rank; i++, j++)
        if (x->shape[i] != shape[j]) return false;
    return true;
}

static SoraStatus find(const ParamSet *s, const char *name, int rank, const size_t *shape,
                       const Tensor **out)
{
    *out = s->lookup ? s->lookup(s->self, name) : NULL;
    if (!*out && !s->train) return err_set(SORA_E_FORMAT, "there is no tensor %s", name);
    if (!*out || same_shape(*out, rank, shape)) return SORA_OK;
    char got[96], want[96];
    Tensor wanted = { .type = (*out)->type, .rank = rank };
    memcpy(wanted.shape, shape, (size_t)rank * sizeof *shape);
    return err_set(SORA_E_FORMAT, "%s is %s, the model needs %s", name,
                   tensor_describe(*out, got, sizeof got),
                   tensor_describe(&wanted, want, sizeof want));
}

static SoraStatus start_training(ParamSet *s, Param *p, const Tensor *found, ParamInit init,
                                 int rank, const size_t *shape)
{
    p->value = tensor_new(s->weights, TYPE_F32, rank, shape);
    p->operand = tensor_new(s->weights, TYPE_BF16, rank, shape);
    size_t n = tensor_count(p->value);
    p->value->grad = arena_zero(s->weights, n * sizeof(float));
    if (!found)
        draw(p->value, init, rng_split(s->seed, hash_name(p->name)));
    else if (found->type > TYPE_F16)
        return err_set(SORA_E_UNSUPPORTED, "%s is %s; training starts from f32, bf16 or f16",
                       p->name, type_name(found->type));
    else
        convert_row(p->value->data, TYPE_F32, found->data, found->type, n);
    convert_row(p->operand->data, TYPE_BF16, p->value->data, TYPE_F32, n);
    return SORA_OK;
}

SoraStatus params_declare(ParamSet *s, const char *name, ParamKind kind, ParamInit init, int rank,
                          const size_t *shape, const Param **out)
{
    const Tensor *found;
    size_t bytes;
    TRY(tensor_bytes(TYPE_F32, rank, shape, &bytes));
    TRY(find(s, name, rank, shape, &found));
    Param *p = add_param(s);
    p->name = arena_strdup(s->weights, name);
    p->kind = kind;
    if (s->train)
        TRY(start_training(s, p, found, init, rank, shape));
    else
        p->value = p->operand = tensor_reshape(s->weights, found, rank, shape);
    *out = p;
    return SORA_OK;
}

/* ---- sweeps over all parameters -------------------------------------------------------- */

typedef struct Sweep {
    const ParamSet *set;
    bool zero;
} Sweep;

static void sweep_param(void *ctx, size_t i, int worker)
{
    const Sweep *w = ctx;
    Param *p = params_at(w->set, i);
    size_t n = tensor_count(p->value);
    (void)worker;
    if (w->zero && p->value->grad) memset(p->value->grad, 0, n * sizeof(float));
    if (!w->zero && p->operand != p->value)
        convert_row(p->operand->data, p->operand->type, p->value->data, p->value->type, n);
}

void params_zero_grad(ParamSet *s, const Compute *c)
{
    parallel_for(c->pool, s->count, sweep_param, &(Sweep){ s, true });
}

void params_refresh(ParamSet *s, const Compute *c)
{
    parallel_for(c->pool, s->count, sweep_param, &(Sweep){ s, false });
}
