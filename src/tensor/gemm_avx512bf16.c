/* Matrix products of bf16 pairs: vdpbf16ps, and the processor's own rounding. */
#include <immintrin.h>

#include "tensor/gemm_fast.h"

INLINED void to_bf16(uint16_t *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m512bh h = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(x + i));
        _mm512_storeu_si512(y + i, (__m512i)h);
    }
    for (; i < n; i += 16) {
        __mmask16 m = (__mmask16)(n - i >= 16 ? 0xFFFF : (1u << (n - i)) - 1);
        __m256bh h = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(m, x + i));
        _mm256_mask_storeu_epi16(y + i, m, (__m256i)h);
    }
}

#define ROUND_BF16 to_bf16
#include "tensor/gemm_finish.h"
#include "tensor/gemm_kernels.h"

#define MULTIPLY(sum, a, b) _mm512_dpbf16_ps(sum, (__m512bh)(a), (__m512bh)(b))
#include "tensor/gemm_tile_avx512.h"

static void f32_to_bf16(uint16_t *y, const float *x, size_t n)
{
    to_bf16(y, x, n);
}

void gemm_avx512bf16_fill(GemmKernels *k)
{
    k->bf16 = (GemmTile){ TILE_ROWS, TILE_COLUMNS, 2, 1, 192, tile };
    k->f32_to_bf16 = f32_to_bf16;
    k->finish = finish;
}
