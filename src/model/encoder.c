#include "model/encoder.h"

#include "tensor/convert.h"

static bool is_readable(Type t)
{
    return t == TYPE_F32 || t == TYPE_BF16 || t == TYPE_F16;
}

bool encoder_has(const EncoderFile *f, const char *name)
{
    return f->lookup(f->self, name) != NULL;
}

static SoraStatus find(const EncoderFile *f, const char *name, const Tensor **out)
{
    const Tensor *x = f->lookup(f->self, name);
    char is[64];
    if (!x) return err_set(SORA_E_FORMAT, "%s: there is no tensor %s", f->name, name);
    if (!is_readable(x->type))
        return err_set(SORA_E_UNSUPPORTED, "%s: %s is %s, only f32, bf16 and f16 can be read",
                       f->name, name, tensor_describe(x, is, sizeof is));
    *out = x;
    return SORA_OK;
}

SoraStatus encoder_matrix(const EncoderFile *f, const char *name, size_t rows, size_t width,
                          const Tensor **out)
{
    const Tensor *x = NULL;
    char is[64];
    TRY(find(f, name, &x));
    size_t count = tensor_count(x);
    if (x->rank < 2 || x->shape[0] != rows || count != rows * width)
        return err_set(SORA_E_FORMAT, "%s: %s is %s, the model needs [%zu,%zu]", f->name, name,
                       tensor_describe(x, is, sizeof is), rows, width);
    *out = x;
    return SORA_OK;
}

SoraStatus encoder_vector(const EncoderFile *f, const char *name, size_t n, const float **out)
{
    const Tensor *x = NULL;
    char is[64];
    TRY(find(f, name, &x));
    if (tensor_count(x) != n)
        return err_set(SORA_E_FORMAT, "%s: %s is %s, the model needs %zu numbers", f->name, name,
                       tensor_describe(x, is, sizeof is), n);
    float *y = arena_alloc(f->weights, n * sizeof *y);
    convert_row(y, TYPE_F32, x->data, x->type, n);
    *out = y;
    return SORA_OK;
}

void encoder_row(const Tensor *matrix, size_t row, float *out)
{
    size_t width = tensor_count(matrix) / matrix->shape[0];
    const char *data = matrix->data;
    size_t bytes = width / type_block(matrix->type) * type_block_bytes(matrix->type);
    convert_row(out, TYPE_F32, data + row * bytes, matrix->type, width);
}

GemmCall encoder_linear(const EncoderLinear *w, GemmPrecision p, size_t rows, const void *x,
                        Type type)
{
    size_t out = w->weight->shape[0], in = tensor_count(w->weight) / out;
    return (GemmCall){ .m = rows,
                       .n = out,
                       .k = in,
                       .a = { x, type, in, false },
                       .b = { w->weight->data, w->weight->type, in, true },
                       .c_type = encoder_type(p),
                       .c_stride = out,
                       .precision = p,
                       .bias = w->bias };
}
