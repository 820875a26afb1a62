/* What the frozen encoders (umT5, CLIP) share: weights found by name and checked, used where they
 * lie in whatever type they have; linear layers; the choice of types that goes with a precision. */
#ifndef MODEL_ENCODER_H
#define MODEL_ENCODER_H

#include "nn/params.h"
#include "tensor/gemm.h"

/* Where weights come from. `name` is the file's, for messages. */
typedef struct EncoderFile {
    ParamLookup lookup;
    void *self;
    const char *name;
    Arena *weights; /* for what has to be converted: vectors */
} EncoderFile;

typedef struct EncoderLinear {
    const Tensor *weight; /* [out, in], in the file */
    const float *bias;    /* [out] or NULL */
} EncoderLinear;

typedef struct EncoderNorm {
    const float *weight, *bias; /* bias NULL: RMS */
} EncoderNorm;

/* Is there a tensor of this name? */
bool encoder_has(const EncoderFile *f, const char *name);

/* A matrix of a type that products can read. SORA_E_FORMAT names a missing one and one of another
 * shape. */
SoraStatus encoder_matrix(const EncoderFile *f, const char *name, size_t rows, size_t width,
                          const Tensor **out);

/* n numbers (any shape) as f32 in f->weights. */
SoraStatus encoder_vector(const EncoderFile *f, const char *name, size_t n, const float **out);

/* One row of a matrix as f32. */
void encoder_row(const Tensor *matrix, size_t row, float *out);

/* Activations between two products: bf16, or f32 when everything is. */
static inline Type encoder_type(GemmPrecision p)
{
    return p == GEMM_F32 ? TYPE_F32 : TYPE_BF16;
}

/* The product x W^T + bias as a GemmCall; out, act and residual are left to the caller. */
GemmCall encoder_linear(const EncoderLinear *w, GemmPrecision p, size_t rows, const void *x,
                        Type type);

#endif
