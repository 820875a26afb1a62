/* Softmax attention without an N x N matrix, forward and backward, for a batch packed from
 * sequences of different lengths (FlashAttention-2, arXiv 2307.08691). */
#ifndef TENSOR_ATTENTION_H
#define TENSOR_ATTENTION_H

#include "tensor/compute.h"
#include "tensor/tensor.h"

/* Heads lie side by side: head h of token i starts at data + i * stride + h * head_dim. */
typedef struct AttentionCall {
    size_t heads, head_dim;
    float scale;      /* usually 1/sqrt(head_dim); T5: 1 */
    size_t sequences; /* sequence s: queries [q_start[s], q_start[s+1]), keys alike */
    const size_t *q_start, *k_start; /* sequences + 1 entries each */
    Type type;                       /* of q, k, v and out: f32 or bf16 */
    const void *q, *k, *v;
    size_t q_stride, k_stride, v_stride; /* elements */
    void *out;
    size_t out_stride;
    float *lse;        /* [heads, queries]: log of the softmax denominator, for backward; or NULL */
    const float *bias; /* or NULL: added to the scores before softmax, a function of key - query:
                          bias[h * (2 * bias_reach + 1) + bias_reach + (key - query)] (T5) */
    size_t bias_reach;
    bool exact; /* f32 operands in the products, not bf16 */
} AttentionCall;

enum { ATTENTION_HEAD_DIM_MAX = 256 };

/* A sequence without keys gives zero rows, and so does a row whose scores are all -inf. */
void attention_forward(const Compute *c, const AttentionCall *call);

/* Backward. `call` as in the forward, out and lse holding its results, no bias. dout, dq, dk and
 * dv are of `type` (f32 or bf16) with the strides of out, q, k and v. */
typedef struct AttentionGrad {
    const void *dout;
    void *dq, *dk, *dv;
    Type type;
    bool add;       /* dq, dk and dv are added to, not overwritten */
    Arena *scratch; /* temporaries: about 4 * head_dim * longest sequence bytes a thread;
                       given back */
} AttentionGrad;
void attention_backward(const Compute *c, const AttentionCall *call, const AttentionGrad *grad);

#endif
