#include "model/encoder.h"

#include "tensor/quant.h"

bool encoder_has(const EncoderFile *f, const char *name)
{
    return f->lookup(f->self, name) != NULL;
}

static SoraStatus find(const EncoderFile *f, const char *name, const Tensor **out)
{
    const Tensor *x = f->lookup(f->self, name);
    if (!x) return err_set(SORA_E_FORMAT, "%s: there is no tensor %s", f->name, name);
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
    quant_read_rows(x, 0, x->rank ? x->shape[0] : 1, y);
    *out = y;
    return SORA_OK;
}

void encoder_row(const Tensor *matrix, size_t row, float *out)
{
    quant_read_rows(matrix, row, 1, out);
}

GemmCall encoder_linear(const EncoderLinear *w, GemmPrecision p, size_t rows, const void *x,
                        Type type)
{
    size_t out = w->weight->shape[0], in = tensor_count(w->weight) / out;
    return (GemmCall){ .m = rows,
                       .n = out,
                       .k = in,
                       .a = { x, type, in, false },
                       .b = gemm_weight(w->weight),
                       .c_type = encoder_type(p),
                       .c_stride = out,
                       .precision = p,
                       .bias = w->bias };
}
