#include "tensor/attention_simd.h"

void attention_avx512_fill(AttentionKernels *k)
{
    *k = (AttentionKernels){ soften, fade, settle, slopes, dots };
}
