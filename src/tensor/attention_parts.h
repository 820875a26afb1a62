/* What the files of attention share: the plain loops, and for the blocked ones a head of a
 * sequence, packed operands and where they stand in a thread's scratch. */
#ifndef TENSOR_ATTENTION_PARTS_H
#define TENSOR_ATTENTION_PARTS_H

#include "tensor/attention.h"
#include "tensor/gemm_pack.h"

void attention_ref_forward(const Compute *c, const AttentionCall *call);
void attention_ref_backward(const Compute *c, const AttentionCall *call, const AttentionGrad *grad);

/* The rest is for CPU levels that have attention kernels. */
void attention_blocked_backward(const Compute *c, const AttentionCall *call,
                                const AttentionGrad *grad);

typedef struct AttentionWork {
    const Compute *c;
    const AttentionCall *call;
    const AttentionKernels *kernels;
    const GemmTile *tile;
    size_t width, units; /* head_dim; units of it */
    size_t panels;       /* of head_dim columns */
    size_t area;         /* sums of a tile */
} AttentionWork;

AttentionWork attention_work(const Compute *c, const AttentionCall *call);

/* Units that n values along k are packed in. */
size_t attention_units(const AttentionWork *w, size_t n);

/* Rows [first, ...) of one head of q, k, v, out or a gradient, `type` values `stride` apart. */
typedef struct AttentionHead {
    const void *data;
    Type type;
    size_t stride;
} AttentionHead;

AttentionHead attention_head(const void *data, Type type, size_t stride, size_t row, size_t column);

/* Packed operands: as lines [rows][units of width] (the left one of a product), as columns
 * [panel of rows][units of width][columns] (the right one, turned), and as depth
 * [panel of width][units of rows][columns] (the right one, as it stands). */
void attention_pack_lines(const AttentionWork *w, AttentionHead x, size_t rows, uint32_t *y,
                          void *scratch);
void attention_pack_columns(const AttentionWork *w, AttentionHead x, size_t rows, uint32_t *y,
                            void *scratch);
void attention_pack_depth(const AttentionWork *w, AttentionHead x, size_t rows, uint32_t *y,
                          void *scratch);

/* `bytes` of a thread's scratch, from *at on, which moves. */
void *attention_take(char **at, size_t bytes);

#endif
