#include "model/bicubic.h"

#include <math.h>

enum { TAPS = 4 };

typedef struct Tap {
    size_t at[TAPS];
    double weight[TAPS];
} Tap;

static double cubic(double x)
{
    const double a = -0.75;
    x = fabs(x);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static Tap *make_taps(size_t from, size_t to, Arena *a)
{
    Tap *tap = arena_alloc(a, to * sizeof *tap);
    for (size_t i = 0; i < to; i++) {
        double x = ((double)i + 0.5) * (double)from / (double)to - 0.5, low = floor(x);
        for (int k = 0; k < TAPS; k++) {
            double at = fmin(fmax(low + k - 1, 0), (double)from - 1);
            tap[i].at[k] = (size_t)at;
            tap[i].weight[k] = cubic(x - (low + k - 1));
        }
    }
    return tap;
}

void bicubic_resize(const float *in, size_t channels, const size_t from[2], const size_t to[2],
                    Arena *step, float *out)
{
    ArenaMark mark = arena_mark(step);
    const Tap *row = make_taps(from[0], to[0], step), *column = make_taps(from[1], to[1], step);
    for (size_t i = 0; i < channels * to[0] * to[1]; i++) {
        const float *plane = in + i / (to[0] * to[1]) * from[0] * from[1];
        const Tap *y = &row[i / to[1] % to[0]], *x = &column[i % to[1]];
        double sum = 0;
        for (int j = 0; j < TAPS; j++)
            for (int k = 0; k < TAPS; k++)
                sum += y->weight[j] * x->weight[k] * (double)plane[y->at[j] * from[1] + x->at[k]];
        out[i] = (float)sum;
    }
    arena_rewind(step, mark);
}
