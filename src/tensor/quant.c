#include "tensor/quant.h"

#include <ctype.h>

#include "tensor/quant_decode.h"

void quant_decode(float *y, const void *x, Type type, size_t n)
{
    decode(y, x, type, n);
}

void quant_read_rows(const Tensor *x, size_t first, size_t count, float *y)
{
    size_t rows = x->rank ? x->shape[0] : 1;
    size_t width = rows ? tensor_count(x) / rows : 0;
    size_t bytes = width / type_block(x->type) * type_block_bytes(x->type);
    assert(first + count <= rows && width % type_block(x->type) == 0);
    quant_decode(y, (const char *)x->data + first * bytes, x->type, count * width);
    for (size_t r = 0; x->scale && r < count; r++)
        for (size_t i = 0; i < width; i++) y[r * width + i] *= x->scale[first + r];
}

bool quant_type_named(const char *name, Type *out)
{
    static const struct {
        const char *name;
        Type type;
    } also[] = { { "fp8", TYPE_F8_E4M3 },       { "fp8_e4m3", TYPE_F8_E4M3 },
                 { "fp8_e5m2", TYPE_F8_E5M2 },  { "fp8_e4m3fn", TYPE_F8_E4M3 },
                 { "f8_e4m3fn", TYPE_F8_E4M3 }, { "fp16", TYPE_F16 },
                 { "fp32", TYPE_F32 },          { "int8", TYPE_I8 } };
    char low[32];
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof low; n++) low[n] = (char)tolower((unsigned char)name[n]);
    low[n] = 0;
    if (name[n]) return false;
    for (int t = 0; t < TYPE_COUNT; t++)
        if (strcmp(type_name((Type)t), low) == 0) {
            *out = (Type)t;
            return true;
        }
    for (size_t i = 0; i < sizeof also / sizeof also[0]; i++)
        if (strcmp(also[i].name, low) == 0) {
            *out = also[i].type;
            return true;
        }
    return false;
}
