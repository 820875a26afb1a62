#include "train/muon.h"

#include "base/size.h"
#include "tensor/convert.h"
#include "tensor/gemm.h"
#include "tensor/rows.h"

enum { STEPS = 5 };

/* X <- (a I + b S + c S^2) X with S = X X^T, the polynomial as a I + S (b I + c S): steep at 0, so
 * that five steps bring singular values between 0.7 and 1.2. */
static const float A = 3.4445f, B = -4.7750f, C = 2.0315f;

/* Everything of one matrix; the square ones have its smaller side. */
typedef struct Space {
    uint16_t *x, *next;              /* [m,n] */
    uint16_t *square, *factor, *sum; /* S; b I + c S; the polynomial */
} Space;

static char *take(char **at, size_t bytes)
{
    char *p = *at;
    *at += size_round_up(bytes, ARENA_ALIGN);
    return p;
}

static Space place(char *scratch, size_t m, size_t n)
{
    Space s;
    size_t side = size_min(m, n), area = side * side;
    char *at = scratch;
    s.x = (uint16_t *)take(&at, m * n * sizeof *s.x);
    s.next = (uint16_t *)take(&at, m * n * sizeof *s.next);
    s.square = (uint16_t *)take(&at, area * sizeof *s.square);
    s.factor = (uint16_t *)take(&at, area * sizeof *s.factor);
    s.sum = (uint16_t *)take(&at, area * sizeof *s.sum);
    return s;
}

size_t muon_scratch(size_t m, size_t n)
{
    size_t side = size_min(m, n), parts = 5;
    return (2 * m * n + 3 * side * side) * sizeof(uint16_t) + parts * ARENA_ALIGN;
}

static Rows rows_bf16(uint16_t *x, size_t width)
{
    return (Rows){ .data = x, .type = TYPE_BF16, .stride = width };
}

static void scale(const Compute *c, Rows y, Rows x, size_t rows, float factor)
{
    rows_map(
        c,
        &(RowsMap){
            .op = ROWS_SCALE, .rows = rows, .width = y.stride, .y = y, .a = x, .factor = factor });
}

static void add_diagonal(uint16_t *x, size_t side, float value)
{
    for (size_t i = 0; i < side * side; i += side + 1)
        x[i] = bf16_from_f32(bf16_to_f32(x[i]) + value);
}

static void step(const Compute *c, const Space *s, size_t m, size_t n)
{
    bool tall = m > n;
    size_t side = size_min(m, n);
    GemmMatrix x = { s->x, TYPE_BF16, n, false }, turned = { s->x, TYPE_BF16, n, true };
    GemmMatrix square = { s->square, TYPE_BF16, side, false };
    GemmMatrix sum = { s->sum, TYPE_BF16, side, false };
    GemmCall gram = { .m = side, .n = side, .k = size_max(m, n), .c_stride = side };
    gram.a = tall ? turned : x;
    gram.b = tall ? x : turned;
    gram.c = s->square;
    gram.c_type = TYPE_BF16;
    gemm(c, &gram);
    scale(c, rows_bf16(s->factor, side), rows_bf16(s->square, side), side, C);
    add_diagonal(s->factor, side, B);
    gemm(c, &(GemmCall){ .m = side,
                         .n = side,
                         .k = side,
                         .a = square,
                         .b = { s->factor, TYPE_BF16, side, false },
                         .c = s->sum,
                         .c_type = TYPE_BF16,
                         .c_stride = side });
    add_diagonal(s->sum, side, A);
    gemm(c, &(GemmCall){ .m = m,
                         .n = n,
                         .k = side,
                         .a = tall ? x : sum,
                         .b = tall ? sum : x,
                         .c = s->next,
                         .c_type = TYPE_BF16,
                         .c_stride = n });
}

const uint16_t *muon_orthogonal(const Compute *c, const float *x, double norm, size_t m, size_t n,
                                void *scratch)
{
    Space s = place(scratch, m, n);
    scale(c, rows_bf16(s.x, n), rows_f32(x, n), m, 1 / ((float)norm + 1e-7f));
    for (int i = 0; i < STEPS; i++) {
        step(c, &s, m, n);
        uint16_t *last = s.x;
        s.x = s.next;
        s.next = last;
    }
    return s.x;
}
