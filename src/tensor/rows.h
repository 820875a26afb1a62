/* Work on rows: everything between two matrix products, in one pass over memory each, threaded.
 * Rows are f32 or bf16 in any mix; arithmetic is f32. Sums over rows are taken in an order that
 * depends on the call alone, so results do not depend on the number of threads.
 * The loops for one CPU level are in row_kernels.h; rows_ref.c is the definition of right. */
#ifndef TENSOR_ROWS_H
#define TENSOR_ROWS_H

#include "base/arena.h"
#include "tensor/compute.h"
#include "tensor/tensor.h"

/* Rows in memory: row i starts at data + i * stride elements. stride 0: the same row for all.
 * As an output, `add` means += instead of =. Outputs may be an input of the same call, element
 * for element, unless a function says otherwise. */
typedef struct Rows {
    void *data; /* never written through as an input */
    Type type;  /* TYPE_F32 or TYPE_BF16 */
    size_t stride;
    bool add;
} Rows;

static inline Rows rows_of(const Tensor *x) /* all of x, contiguous */
{
    return (Rows){ .data = x->data, .type = x->type, .stride = tensor_width(x) };
}

static inline Rows rows_grad(const Tensor *x) /* x->grad as an output that is added to */
{
    return (Rows){ .data = x->grad, .type = TYPE_F32, .stride = tensor_width(x), .add = true };
}

static inline Rows rows_f32(const float *data, size_t stride)
{
    return (Rows){ .data = (void *)data, .type = TYPE_F32, .stride = stride };
}

static inline Rows rows_columns(Rows x, size_t first) /* the columns from `first` on */
{
    x.data = (char *)x.data + first * type_block_bytes(x.type);
    return x;
}

/* Element by element. */
typedef enum RowsOp {
    ROWS_SCALE,     /* y = factor * a; with factor 1 a copy, a conversion; with y.add an axpy */
    ROWS_ADD,       /* y = a + b */
    ROWS_MUL,       /* y = a * b */
    ROWS_SILU,      /* y = silu(a) */
    ROWS_GELU_TANH, /* y = gelu(a), the tanh form */
    ROWS_GELU_ERF,
    ROWS_SILU_BACK, /* y = b * silu'(a): a is the forward's input, b is dy */
    ROWS_GELU_TANH_BACK,
    ROWS_GELU_ERF_BACK,
    ROWS_SWIGLU, /* y = silu(a) * b */
    ROWS_OPS
} RowsOp;

typedef struct RowsMap {
    RowsOp op;
    size_t rows, width;
    Rows y, a, b;
    float factor; /* ROWS_SCALE alone reads it */
} RowsMap;

void rows_map(const Compute *c, const RowsMap *call);

/* Backward of y = silu(a) * b: da = dy * b * silu'(a), db = dy * silu(a). */
typedef struct RowsSwigluBack {
    size_t rows, width;
    Rows a, b, dy, da, db;
} RowsSwigluBack;

void rows_swiglu_back(const Compute *c, const RowsSwigluBack *call);

/* Normalisation, modulation and rotation of each row:
 *   u = (x - mean) * rstd over each group of `group` features (LayerNorm, eps inside the root),
 *       or with `rms`: u = x * rstd, rstd = 1 / sqrt(max(mean(x^2), least) + eps);
 *   v = u * (scale_base + scale[row[i]]) + shift[row[i]];
 *   y = v with adjacent pairs of every head rotated: (v0 cos - v1 sin, v1 cos + v0 sin).
 * weight of a norm: scale with scale_base 0; adaLN: scale_base 1. */
typedef struct RowsNorm {
    size_t rows, width, group; /* group divides width; 0: width */
    bool rms;
    float eps, least; /* least: of mean(x^2), 0: none; not for a norm that goes backward */
    Rows x, y;
    const float *scale, *shift; /* each [table rows, table_stride] or NULL (scale: 1, shift: 0) */
    size_t table_stride;
    size_t scale_width; /* width; or group: the same scale for every group (shift NULL); 0: width */
    float scale_base;
    const uint32_t *row;    /* [rows] or NULL: row 0 of the tables for all */
    float *mean, *rstd;     /* [rows, width / group], written by forward, read by backward; forward
                               takes NULL; mean is not touched with `rms` */
    const float *cos, *sin; /* [rows, head_dim / 2] or NULL: no rotation */
    size_t head_dim;        /* divides group or is a multiple of it; even; with cos alone */
} RowsNorm;

void rows_norm(const Compute *c, const RowsNorm *call);

/* `norm` as in the forward (y is not read). dscale and dshift are added to, laid out as scale and
 * shift, either may be NULL; table_rows: rows they have. Temporaries come from `a` and are given
 * back. dx must not be dy or x of other types. */
typedef struct RowsNormBack {
    Rows dy, dx;
    float *dscale, *dshift;
    size_t table_rows;
} RowsNormBack;

void rows_norm_back(const Compute *c, const RowsNorm *norm, const RowsNormBack *back, Arena *a);

/* y = residual + gate[row[i]] * x. gate NULL: 1. */
typedef struct RowsGate {
    size_t rows, width;
    Rows x, residual, y;
    const float *gate; /* [gate_rows, gate_stride] */
    size_t gate_stride, gate_rows;
    const uint32_t *row; /* [rows] or NULL: row 0 */
} RowsGate;

void rows_gate(const Compute *c, const RowsGate *call);

/* dx = gate * dy; dgate[r] += sum over the rows i of r of dy[i] * x[i] (NULL: not wanted). The
 * gradient of residual is dy itself. */
void rows_gate_back(const Compute *c, const RowsGate *call, Rows dy, Rows dx, float *dgate,
                    Arena *a);

/* y[i] = x[row[i]]. */
void rows_gather(const Compute *c, Rows y, Rows x, const uint32_t *row, size_t rows, size_t width);

/* y[row[i]] = x[i]; the rows are distinct. */
void rows_scatter(const Compute *c, Rows y, Rows x, const uint32_t *row, size_t rows, size_t width);

/* sums[r * sums_stride + j] += sum over the rows i with row[i] = r of x[i,j], in the order of i.
 * The gradient of a bias (row NULL: one sum), of a gather, of an embedding. */
typedef struct RowsSums {
    size_t rows, width;
    Rows x;
    const uint32_t *row; /* [rows], each < sum_rows; NULL: all 0 */
    float *sums;
    size_t sum_rows, sums_stride;
} RowsSums;

void rows_sums(const Compute *c, const RowsSums *call, Arena *a);

/* y = softmax(x) over each row. A row of -inf gives zeros; a NaN makes its row NaN. */
void rows_softmax(const Compute *c, Rows y, Rows x, size_t rows, size_t width);

/* The sum of squares of all elements, added in a fixed order in double. */
double rows_sum_squares(const Compute *c, Rows x, size_t rows, size_t width, Arena *a);

/* sum_i weight[i] * mean_j (x[i,j] - target[i,j])^2 / sum_i weight[i]; 0 when all weights are 0. */
typedef struct RowsMse {
    size_t rows, width;
    Rows x, target;
    const float *weight; /* [rows] or NULL: 1 */
} RowsMse;

float rows_mse(const Compute *c, const RowsMse *call, Arena *a);

/* dx = dloss * d(rows_mse)/dx. */
void rows_mse_back(const Compute *c, const RowsMse *call, float dloss, Rows dx);

#endif
