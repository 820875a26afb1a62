/* Operations with gradients. x is [N, D] tokens by features unless said otherwise; results live
 * in the tape's arena. "hidden" results are bf16 under GEMM_BF16, f32 under GEMM_F32; residual
 * streams, norm statistics and losses are always f32. Parameter order: tape, inputs, options. */
#ifndef GRAD_OPS_H
#define GRAD_OPS_H

#include "grad/tape.h"
#include "tensor/conv3d.h"

/* y[N,O] = act(x[N,I] W[O,I]^T + bias[O]); bias may be NULL. Result hidden, or f32 if `full`. */
Tensor *op_linear(Tape *t, Tensor *x, const Param *w, const Param *bias, GemmActivation act,
                  bool full);

/* y = residual + gate[row[i]] * (x W^T + bias), f32: the end of a block in one pass.
 * gate [R,O] f32 tensor or NULL (1), row [N] indices into gate or NULL (row 0). */
Tensor *op_linear_residual(Tape *t, Tensor *x, const Param *w, const Param *bias, Tensor *residual,
                           Tensor *gate, const uint32_t *row);

/* y[N,H] = silu(x Wg^T) * (x Wu^T), W [2H,I] with gate rows first: gated SiLU, hidden. */
Tensor *op_swiglu(Tape *t, Tensor *x, const Param *w);

/* y = norm(x) * (1 + scale[row[i]]) + shift[row[i]], hidden; norm is LayerNorm without affine.
 * scale, shift [R,D] f32 or both NULL. adaLN of DiT, arXiv 2212.09748. */
Tensor *op_modulated_norm(Tape *t, Tensor *x, Tensor *shift, Tensor *scale, const uint32_t *row,
                          float eps);

/* y = LayerNorm(x) * weight + bias (either may be NULL), hidden or f32 if `full`. */
Tensor *op_layer_norm(Tape *t, Tensor *x, const Param *weight, const Param *bias, float eps,
                      bool full);

/* y = x / rms(x) * weight over groups of `group` features (group = D: whole row; HD: per head). */
Tensor *op_rms_norm(Tape *t, Tensor *x, const Param *weight, size_t group, float eps, bool full);

/* RMS norm over `group` features (weight [group] or [D], may be NULL) followed by rotation of
 * adjacent pairs (2i, 2i+1) of every head: cos, sin [N, head_dim / 2] f32, constants; NULL: no
 * rotation. One pass over q or k. */
Tensor *op_qk_norm_rope(Tape *t, Tensor *x, const Param *weight, size_t group, float eps,
                        size_t head_dim, const float *cos, const float *sin);

/* Attention over packed sequences (tensor/attention.h): q [Nq, NH*HD], k and v [Nk, NH*HD]. The
 * start arrays must outlive the tape. */
Tensor *op_attention(Tape *t, Tensor *q, Tensor *k, Tensor *v, size_t heads, float scale,
                     size_t sequences, const size_t *q_start, const size_t *k_start);

Tensor *op_add(Tape *t, Tensor *a, Tensor *b); /* f32 */
/* The next four, op_columns and op_gather: results of x's own type. */
Tensor *op_scale(Tape *t, Tensor *x, float factor);
Tensor *op_reshape(Tape *t, Tensor *x, size_t rows, size_t columns); /* the same numbers */
Tensor *op_silu(Tape *t, Tensor *x);
Tensor *op_gelu(Tape *t, Tensor *x, bool tanh_form);
Tensor *op_columns(Tape *t, Tensor *x, size_t first,
                   size_t count); /* y = x[:, first : first+count] */
Tensor *op_gather(Tape *t, Tensor *x, const uint32_t *row,
                  size_t rows); /* y[i] = x[row[i]]; grads summed in fixed order */
Tensor *op_scatter(Tape *t, Tensor *base, Tensor *x,
                   const uint32_t *row); /* y = base, y[row[i]] = x[i], rows distinct */
Tensor *op_embedding(Tape *t, const Param *table, const uint32_t *id,
                     size_t count); /* f32 [count, D] */
/* y[R,T] = x[R,W] tiled T / W times + table[T] on every row; W divides T. f32. */
Tensor *op_add_table(Tape *t, Tensor *x, const Param *table);

/* y = conv(x) + bias over time, height and width. x is [T*H*W, in], positions by channels, y alike;
 * w [out, in, kt, kh, kw]. Here the shape may have pad[CONV3D_T][0]: frames of zeros in front, as a
 * causal convolution wants. Result hidden, or f32 if `full`; bias may be NULL. */
Tensor *op_conv3d(Tape *t, Tensor *x, const Param *w, const Param *bias, const Conv3dShape *shape,
                  bool full);

/* A parameter seen as a tensor (its gradient flows to the parameter). */
Tensor *op_param(Tape *t, const Param *p);

/* Scalar: sum_i weight[i] * mean_j (x[i,j] - target[i,j])^2 / sum_i weight[i]; 0 when all weights
 * are 0. */
Tensor *op_mse(Tape *t, Tensor *x, const float *target, const float *weight);

/* Scalar: mean_ij of sqrt((x[i,j] - target[i,j])^2 + eps^2): absolute differences, smooth at 0
 * (Charbonnier's; arXiv 1710.01992, eq. 2). Edges stay sharper than with squares. */
Tensor *op_charbonnier(Tape *t, Tensor *x, const float *target, float eps);

/* Scalar: -sum_i weight[i] * log softmax(x[i])[label[i]] / sum_i weight[i]; weight NULL: 1. */
Tensor *op_cross_entropy(Tape *t, Tensor *x, const uint32_t *label, const float *weight);

#endif
