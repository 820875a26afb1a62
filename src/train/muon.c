#include "train/muon.h"

#include "base/size.h"
#include "tensor/gemm.h"
#include "tensor/rows.h"

enum { STEPS = 5 };

/* X <- (a I + b A + c A^2) X with A = X X^T; these five are steep at 0 and end between 0.7 and
 * 1.2. */
static const float A = 3.4445f, B = -4.7750f, C = 2.0315f;

/* Everything of one matrix; the square ones have its smaller side. */
typedef struct Space {
    uint16_t *x, *next;     /* [m,n] */
    uint16_t *square, *sum; /* A; a I + b A + c A^2 */
    float *gram, *factor;   /* A, then a I + b A; c */
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
    s.sum = (uint16_t *)take(&at, area * sizeof *s.sum);
    s.gram = (float *)take(&at, area * sizeof *s.gram);
    s.factor = (float *)take(&at, side * sizeof *s.factor);
    return s;
}

size_t muon_scratch(size_t m, size_t n)
{
    size_t side = size_min(m, n), parts = 6;
    return 2 * m * n * sizeof(uint16_t) + side * side * (2 * sizeof(uint16_t) + sizeof(float)) +
           side * sizeof(float) + parts * ARENA_ALIGN;
}

static void scale(const Compute *c, void *y, Type type, const float *x, size_t m, size_t n, float f)
{
    rows_map(c, &(RowsMap){ .op = ROWS_SCALE,
                            .rows = m,
                            .width = n,
                            .y = { .data = y, .type = type, .stride = n },
                            .a = rows_f32(x, n),
                            .factor = f });
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
    gram.c = s->gram;
    gemm(c, &gram);
    scale(c, s->square, TYPE_BF16, s->gram, side, side, 1);
    scale(c, s->gram, TYPE_F32, s->gram, side, side, B);
    for (size_t i = 0; i < side; i++) s->gram[i * side + i] += A;
    gemm(c, &(GemmCall){ .m = side,
                         .n = side,
                         .k = side,
                         .a = square,
                         .b = square,
                         .c = s->sum,
                         .c_type = TYPE_BF16,
                         .c_stride = side,
                         .residual = s->gram,
                         .residual_stride = side,
                         .gate = s->factor });
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
    for (size_t i = 0; i < size_min(m, n); i++) s.factor[i] = C;
    scale(c, s.x, TYPE_BF16, x, m, n, 1 / ((float)norm + 1e-7f));
    for (int i = 0; i < STEPS; i++) {
        step(c, &s, m, n);
        uint16_t *last = s.x;
        s.x = s.next;
        s.next = last;
    }
    return s.x;
}
