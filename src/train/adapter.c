#include "train/adapter.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "tensor/gemm.h"

/* One hidden matrix. */
typedef struct Layer {
    Param *w;
    float *frozen;   /* [m,n] W as it was loaded */
    size_t down, up; /* A and B in the set of what is learned */
} Layer;

struct Adapter {
    ParamSet *base, *learned;
    Layer *layer;
    size_t count, rank;
};

static SoraStatus add_layer(Adapter *a, Param *w, Arena *weights)
{
    static const char weight[] = ".weight";
    size_t m = w->value->shape[0], n = w->value->shape[1], length = strlen(w->name);
    if (a->rank >= size_min(m, n))
        return err_set(SORA_E_ARGUMENT, "a rank of %zu is not below the sides of %s, [%zu,%zu]",
                       a->rank, w->name, m, n);
    if (length > sizeof weight - 1 && strcmp(w->name + length - (sizeof weight - 1), weight) == 0)
        length -= sizeof weight - 1;
    size_t down[2] = { a->rank, n }, up[2] = { m, a->rank };
    Layer *l = &a->layer[a->count++];
    const Param *unused;
    *l = (Layer){ .w = w, .frozen = arena_alloc(weights, m * n * sizeof *l->frozen) };
    memcpy(l->frozen, w->value->data, m * n * sizeof *l->frozen);
    l->down = params_count(a->learned);
    TRY(params_declare(a->learned,
                       arena_printf(weights, "%.*s.lora_A.weight", (int)length, w->name),
                       PARAM_OTHER, (ParamInit){ 0, 1 / sqrtf(3 * (float)n) }, 2, down, &unused));
    l->up = params_count(a->learned);
    return params_declare(a->learned,
                          arena_printf(weights, "%.*s.lora_B.weight", (int)length, w->name),
                          PARAM_OTHER, (ParamInit){ 0, 0 }, 2, up, &unused);
}

SoraStatus adapter_new(ParamSet *base, size_t rank, uint64_t seed, Arena *weights, Adapter **out)
{
    Adapter *a = arena_zero(weights, sizeof *a);
    *a = (Adapter){ .base = base, .rank = rank };
    a->learned = params_new_train(weights, seed, NULL, NULL);
    a->layer = arena_zero(weights, params_count(base) * sizeof *a->layer);
    for (size_t i = 0; i < params_count(base); i++) {
        Param *p = params_at(base, i);
        if (p->kind == PARAM_HIDDEN && p->value->rank == 2)
            TRY(add_layer(a, p, weights));
        else
            p->value->grad = NULL;
    }
    if (!a->count) return err_set(SORA_E_ARGUMENT, "the model has no hidden matrices to adapt");
    *out = a;
    return SORA_OK;
}

ParamSet *adapter_params(const Adapter *a)
{
    return a->learned;
}

void adapter_backward(const Adapter *a, const Compute *c)
{
    for (size_t i = 0; i < a->count; i++) {
        const Layer *l = &a->layer[i];
        const Tensor *w = l->w->value, *down = params_at(a->learned, l->down)->value;
        const Tensor *up = params_at(a->learned, l->up)->value;
        size_t m = w->shape[0], n = w->shape[1], r = a->rank;
        GemmMatrix dw = { w->grad, TYPE_F32, n, false };
        gemm(c, &(GemmCall){ .m = r, /* dA = B^T dW */
                             .n = n,
                             .k = m,
                             .a = { up->data, TYPE_F32, r, true },
                             .b = dw,
                             .c = down->grad,
                             .c_stride = n,
                             .precision = GEMM_F32,
                             .accumulate = true });
        gemm(c, &(GemmCall){ .m = m, /* dB = dW A^T */
                             .n = r,
                             .k = n,
                             .a = dw,
                             .b = { down->data, TYPE_F32, n, true },
                             .c = up->grad,
                             .c_stride = r,
                             .precision = GEMM_F32,
                             .accumulate = true });
    }
    params_zero_grad(a->base, c);
}

/* to [m,n] = W + B A */
static void sum(const Adapter *a, const Compute *c, const Layer *l, const float *down,
                const float *up, float *to)
{
    size_t m = l->w->value->shape[0], n = l->w->value->shape[1];
    gemm(c, &(GemmCall){ .m = m,
                         .n = n,
                         .k = a->rank,
                         .a = { up, TYPE_F32, a->rank, false },
                         .b = { down, TYPE_F32, n, false },
                         .c = to,
                         .c_stride = n,
                         .precision = GEMM_F32,
                         .residual = l->frozen,
                         .residual_stride = n });
}

void adapter_apply(const Adapter *a, const Compute *c)
{
    for (size_t i = 0; i < a->count; i++) {
        const Layer *l = &a->layer[i];
        sum(a, c, l, params_at(a->learned, l->down)->value->data,
            params_at(a->learned, l->up)->value->data, l->w->value->data);
    }
    params_refresh(a->base, c);
}

const Tensor *adapter_average(const Adapter *a, const Compute *c, const Optim *o, const char *name,
                              Arena *arena)
{
    for (size_t i = 0; i < a->count; i++) {
        const Layer *l = &a->layer[i];
        if (strcmp(l->w->name, name) != 0) continue;
        Tensor *w = tensor_new(arena, TYPE_F32, l->w->value->rank, l->w->value->shape);
        sum(a, c, l, optim_ema(o, l->down)->data, optim_ema(o, l->up)->data, w->data);
        return w;
    }
    for (size_t i = 0; i < params_count(a->base); i++)
        if (strcmp(params_at(a->base, i)->name, name) == 0) return params_at(a->base, i)->value;
    return NULL;
}
