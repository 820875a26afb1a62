/* Matrix products in the three forms that forward and backward need, with fused epilogues.
 * Operands are f32 or bf16, or weights of any type, decoded tile by tile; with `precision`
 * GEMM_BF16 both are rounded to bf16 on the way in, sums are always f32. */
#ifndef TENSOR_GEMM_H
#define TENSOR_GEMM_H

#include "tensor/compute.h"
#include "tensor/tensor.h"

typedef enum GemmPrecision { GEMM_BF16, GEMM_F32 } GemmPrecision;

/* A row-major matrix in memory. `transposed`: the operand is its transpose. */
typedef struct GemmMatrix {
    const void *data;
    Type type;
    size_t stride; /* elements from one row to the next */
    bool transposed;
    const float *scale; /* factor of each row in memory (Tensor.scale), or NULL: 1 */
} GemmMatrix;

typedef enum GemmActivation {
    GEMM_NONE,
    GEMM_GELU_TANH,
    GEMM_GELU_ERF,
    GEMM_SILU,
    GEMM_SWIGLU /* silu(s[:, j]) * s[:, n/2 + j] for j < n/2: c is [m, n/2], n is even */
} GemmActivation;

/* C[m,n] = epilogue( sum_k A[m,k] B[k,n] ), applied in the order of the fields:
 *   s += bias[n];  store s to `pre` if set;  s = act(s);
 *   s = residual[m,n] + gate[gate_row[m]][n] * s   (gate NULL: 1; gate_row NULL: row 0)
 *   C = accumulate ? C + s : s.
 * Under GEMM_SWIGLU bias and pre have n columns, residual, gate and c have n/2. */
typedef struct GemmCall {
    size_t m, n, k;
    GemmMatrix a, b; /* logically [m,k] and [k,n]; X*W^T is b = { w, stride k, transposed } */
    void *c;
    Type c_type; /* f32 or bf16 */
    size_t c_stride;
    GemmPrecision precision;
    bool accumulate;   /* f32 c only */
    const float *bias; /* [n] or NULL */
    void *pre;         /* [m,n] of c_type, stride pre_stride, or NULL */
    GemmActivation act;
    const float *residual; /* [m,n], stride residual_stride, or NULL; may be c itself */
    size_t residual_stride;
    const float *gate; /* [rows,n], stride gate_stride, or NULL */
    size_t gate_stride;
    const uint32_t *gate_row; /* [m] or NULL */
    size_t pre_stride;        /* 0: as c_stride, under GEMM_SWIGLU n */
} GemmCall;

/* A weight [n,k] as the operand b of X*W^T. */
static inline GemmMatrix gemm_weight(const Tensor *w)
{
    return (GemmMatrix){ w->data, w->type, tensor_count(w) / w->shape[0], true, w->scale };
}

/* Results do not depend on the number of threads. Uses c->pool; scratch is its own. */
void gemm(const Compute *c, const GemmCall *call);

#endif
