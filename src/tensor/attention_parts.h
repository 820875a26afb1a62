/* What the files of attention share: the plain loops, and for the blocked ones a head of a
 * sequence, packed operands and where they stand in a thread's scratch. */
#ifndef TENSOR_ATTENTION_PARTS_H
#define TENSOR_ATTENTION_PARTS_H

#include "base/size.h"
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

static inline AttentionHead attention_head(const void *data, Type type, size_t stride, size_t row,
                                           size_t column)
{
    size_t at = (row * stride + column) * type_block_bytes(type);
    return (AttentionHead){ (const char *)data + at, type, stride };
}

/* Operands of products: as lines [rows][units of width] (the left one), as columns
 * [panel of rows][units of width][columns] (the right one, turned), and as depth
 * [panel of width][units of rows][columns] (the right one, as it stands). */

/* Lines where they are if they can be used so, else packed into y; *stride units apart. Behind the
 * last one there are as many more as gemm_tile_rows asks for. */
const uint32_t *attention_lines(const AttentionWork *w, AttentionHead x, size_t rows, uint32_t *y,
                                size_t *stride, void *scratch);
void attention_pack_columns(const AttentionWork *w, AttentionHead x, size_t rows, uint32_t *y,
                            void *scratch);
void attention_pack_depth(const AttentionWork *w, AttentionHead x, size_t rows, uint32_t *y,
                          void *scratch);

/* n cut into as few parts as `most` allows, all of one size but the last: that size, a multiple of
 * `step` where it can be. */
static inline size_t attention_even(size_t n, size_t most, size_t step)
{
    size_t even = size_ceil_div(n, size_max(size_ceil_div(n, most), 1));
    return size_min(size_round_up(even, step), most);
}

/* How many of so many pieces a task takes: small ones are not worth one each. */
size_t attention_each(const Compute *c, size_t pieces);

/* `bytes` of a thread's scratch, from *at on, which moves. */
void *attention_take(char **at, size_t bytes);

#endif
