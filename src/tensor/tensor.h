/* Tensors: a type, a shape and a pointer. Always contiguous, row-major, last index fastest;
 * they own nothing, the arena they came from does. */
#ifndef TENSOR_TENSOR_H
#define TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Plain types first; from TYPE_Q8_0 on, blocks as GGUF defines them (tensor/quant.h). */
typedef enum Type {
    TYPE_F32,
    TYPE_BF16,
    TYPE_F16,
    TYPE_F64,
    TYPE_F8_E4M3,
    TYPE_F8_E5M2,
    TYPE_I64,
    TYPE_I32,
    TYPE_I16,
    TYPE_I8,
    TYPE_U8,
    TYPE_BOOL,
    TYPE_Q8_0,
    TYPE_Q4_0,
    TYPE_Q4_1,
    TYPE_Q5_0,
    TYPE_Q5_1,
    TYPE_Q2_K,
    TYPE_Q3_K,
    TYPE_Q4_K,
    TYPE_Q5_K,
    TYPE_Q6_K,
    TYPE_IQ4_NL,
    TYPE_IQ4_XS,
    TYPE_COUNT
} Type;

enum { TENSOR_RANK_MAX = 6 };

struct TapeSlot; /* grad/op.h */

typedef struct Tensor {
    Type type;
    int rank;
    size_t shape[TENSOR_RANK_MAX]; /* entries from rank on are 1 */
    void *data;
    float *grad;           /* of a parameter: same shape, f32; NULL: frozen */
    struct TapeSlot *slot; /* of a result: where its tape keeps the gradient; NULL: wants none */
    const float *scale;    /* [shape[0]] factors of a stored weight's rows; NULL: 1 */
} Tensor;

const char *type_name(Type t);
size_t type_block(Type t);       /* elements that are stored together: 1, 32 or 256 */
size_t type_block_bytes(Type t); /* bytes of such a block */

/* Bytes of `shape`; SORA_E_MEMORY when that does not fit in size_t, SORA_E_FORMAT when the last
 * dimension is not a whole number of blocks. */
SoraStatus tensor_bytes(Type t, int rank, const size_t *shape, size_t *bytes);

/* A new tensor in `a`, data not cleared. For sizes the program planned itself. */
Tensor *tensor_new(Arena *a, Type t, int rank, const size_t *shape);
Tensor *tensor_new_2d(Arena *a, Type t, size_t rows, size_t columns);

/* Another view of the same data (and grad): same number of elements. */
Tensor *tensor_reshape(Arena *a, const Tensor *x, int rank, const size_t *shape);

/* A view of entries [first, first + count) of the first dimension. */
Tensor *tensor_rows(Arena *a, const Tensor *x, size_t first, size_t count);

size_t tensor_count(const Tensor *x);              /* elements in all */
size_t tensor_row_count(const Tensor *x);          /* product of all but the last dimension */
static inline size_t tensor_width(const Tensor *x) /* the last dimension */
{
    return x->rank ? x->shape[x->rank - 1] : 1;
}

/* "[256,128] bf16" in the caller's buffer, for messages; returns buf. */
const char *tensor_describe(const Tensor *x, char *buf, size_t size);

#endif
