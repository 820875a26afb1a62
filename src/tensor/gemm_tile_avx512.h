/* The tile of 12 x 32 sums, for both kinds of products: before it, the includer defines
 * MULTIPLY(sum, a, b), which is sum + a . b for 16 units. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TILE_ROWS = 12, TILE_COLUMNS = 32 };

#define UNROLLED _Pragma("GCC unroll 12")

/* `rows` is a constant where this is inlined, so that the sums are registers. */
static inline __attribute__((always_inline)) void tile_rows(float *sums, bool add,
                                                            const uint32_t *a, size_t a_stride,
                                                            const uint32_t *b, size_t units,
                                                            const int rows)
{
    __m512 left[TILE_ROWS], right[TILE_ROWS];
    UNROLLED for (int i = 0; i < rows; i++)
    {
        left[i] = add ? _mm512_load_ps(sums + i * TILE_COLUMNS) : _mm512_setzero_ps();
        right[i] = add ? _mm512_load_ps(sums + i * TILE_COLUMNS + 16) : _mm512_setzero_ps();
    }
    for (size_t u = 0; u < units; u++, a++, b += TILE_COLUMNS) {
        __m512 b_left = _mm512_load_ps(b), b_right = _mm512_load_ps(b + 16);
        UNROLLED for (int i = 0; i < rows; i++)
        {
            __m512 x = _mm512_castsi512_ps(_mm512_set1_epi32((int)a[i * a_stride]));
            left[i] = MULTIPLY(left[i], x, b_left);
            right[i] = MULTIPLY(right[i], x, b_right);
        }
    }
    UNROLLED for (int i = 0; i < rows; i++)
    {
        _mm512_store_ps(sums + i * TILE_COLUMNS, left[i]);
        _mm512_store_ps(sums + i * TILE_COLUMNS + 16, right[i]);
    }
}

static void tile(float *sums, bool add, const uint32_t *a, size_t a_stride, const uint32_t *b,
                 size_t units, size_t rows_used)
{
#define ROWS(n) \
    case n: tile_rows(sums, add, a, a_stride, b, units, n); return;
    switch (rows_used) {
        ROWS(1)
        ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12)
    }
#undef ROWS
}
