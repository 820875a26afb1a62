#include "tensor/tensor.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"

typedef struct TypeInfo {
    const char *name;
    unsigned short block, bytes;
} TypeInfo;

static const TypeInfo types[TYPE_COUNT] = {
    [TYPE_F32] = { "f32", 1, 4 },         [TYPE_BF16] = { "bf16", 1, 2 },
    [TYPE_F16] = { "f16", 1, 2 },         [TYPE_F64] = { "f64", 1, 8 },
    [TYPE_F8_E4M3] = { "f8_e4m3", 1, 1 }, [TYPE_F8_E5M2] = { "f8_e5m2", 1, 1 },
    [TYPE_I64] = { "i64", 1, 8 },         [TYPE_I32] = { "i32", 1, 4 },
    [TYPE_I16] = { "i16", 1, 2 },         [TYPE_I8] = { "i8", 1, 1 },
    [TYPE_U8] = { "u8", 1, 1 },           [TYPE_BOOL] = { "bool", 1, 1 },
    [TYPE_Q8_0] = { "q8_0", 32, 34 },     [TYPE_Q4_0] = { "q4_0", 32, 18 },
    [TYPE_Q4_1] = { "q4_1", 32, 20 },     [TYPE_Q5_0] = { "q5_0", 32, 22 },
    [TYPE_Q5_1] = { "q5_1", 32, 24 },     [TYPE_Q2_K] = { "q2_k", 256, 84 },
    [TYPE_Q3_K] = { "q3_k", 256, 110 },   [TYPE_Q4_K] = { "q4_k", 256, 144 },
    [TYPE_Q5_K] = { "q5_k", 256, 176 },   [TYPE_Q6_K] = { "q6_k", 256, 210 },
    [TYPE_IQ4_NL] = { "iq4_nl", 32, 18 }, [TYPE_IQ4_XS] = { "iq4_xs", 256, 136 },
};

const char *type_name(Type t)
{
    return types[t].name;
}

size_t type_block(Type t)
{
    return types[t].block;
}

size_t type_block_bytes(Type t)
{
    return types[t].bytes;
}

SoraStatus tensor_bytes(Type t, int rank, const size_t *shape, size_t *bytes)
{
    size_t count = 1, width = rank ? shape[rank - 1] : 1;
    for (int i = 0; i < rank; i++)
        if (!size_mul(count, shape[i], &count))
            return err_set(SORA_E_MEMORY, "the product of %d dimensions does not fit in memory",
                           rank);
    if (width % types[t].block)
        return err_set(SORA_E_FORMAT, "rows of %zu values are not whole blocks of %d (%s)", width,
                       types[t].block, types[t].name);
    if (!size_mul(count / types[t].block, types[t].bytes, bytes))
        return err_set(SORA_E_MEMORY, "%zu values of %s do not fit in memory", count,
                       types[t].name);
    return SORA_OK;
}

static Tensor *tensor_header(Arena *a, Type t, int rank, const size_t *shape)
{
    assert(rank >= 0 && rank <= TENSOR_RANK_MAX);
    Tensor *x = arena_zero(a, sizeof *x);
    x->type = t;
    x->rank = rank;
    for (int i = 0; i < TENSOR_RANK_MAX; i++) x->shape[i] = i < rank ? shape[i] : 1;
    return x;
}

Tensor *tensor_new(Arena *a, Type t, int rank, const size_t *shape)
{
    size_t bytes = 0;
    SoraStatus s = tensor_bytes(t, rank, shape, &bytes);
    assert(s == SORA_OK);
    (void)s;
    Tensor *x = tensor_header(a, t, rank, shape);
    x->data = arena_alloc(a, bytes);
    return x;
}

Tensor *tensor_new_2d(Arena *a, Type t, size_t rows, size_t columns)
{
    return tensor_new(a, t, 2, (size_t[]){ rows, columns });
}

Tensor *tensor_reshape(Arena *a, const Tensor *x, int rank, const size_t *shape)
{
    Tensor *y = tensor_header(a, x->type, rank, shape);
    assert(tensor_count(y) == tensor_count(x));
    y->data = x->data;
    y->grad = x->grad;
    y->slot = x->slot;
    assert(!x->scale || (rank && shape[0] == x->shape[0]));
    y->scale = x->scale;
    return y;
}

Tensor *tensor_rows(Arena *a, const Tensor *x, size_t first, size_t count)
{
    assert(x->rank > 0 && first + count <= x->shape[0]);
    Tensor *y = tensor_header(a, x->type, x->rank, x->shape);
    y->shape[0] = 1;
    size_t per_row = tensor_count(y);
    y->shape[0] = count;
    assert(per_row % types[x->type].block == 0);
    size_t bytes = per_row / types[x->type].block * types[x->type].bytes;
    y->data = (char *)x->data + first * bytes;
    y->grad = x->grad ? x->grad + first * per_row : NULL;
    y->scale = x->scale ? x->scale + first : NULL;
    return y;
}

size_t tensor_count(const Tensor *x)
{
    size_t n = 1;
    for (int i = 0; i < x->rank; i++) n *= x->shape[i];
    return n;
}

size_t tensor_row_count(const Tensor *x)
{
    size_t n = 1;
    for (int i = 0; i + 1 < x->rank; i++) n *= x->shape[i];
    return n;
}

const char *tensor_describe(const Tensor *x, char *buf, size_t size)
{
    size_t at = (size_t)snprintf(buf, size, "[");
    for (int i = 0; i < x->rank && at < size; i++)
        at += (size_t)snprintf(buf + at, size - at, "%s%zu", i ? "," : "", x->shape[i]);
    if (at < size) snprintf(buf + at, size - at, "] %s", type_name(x->type));
    return buf;
}
