/* Convolutions against the definition in double: sizes that fill no tile, every kind of border and
 * step that the autoencoders have and some that they do not, all levels, the same bytes on any
 * number of threads. */
#include "check.h"

#include "tensor/amx_emulated.h"
#include "tensor/conv3d.h"
#include "tensor/convert.h"
#include "tensor/quant.h"

enum { COMPUTES = 3, FRAMES_MAX = 8 };

typedef struct Case {
    const char *name;
    Conv3dShape s;
    bool residual, bf16; /* bf16: x, y and dy */
    unsigned zero;       /* these frames of x are NULL */
} Case;

#define KERNEL(t, h, w) .kernel = { t, h, w }
#define STRIDE(t, h, w) .stride = { t, h, w }
#define SIZE(t, h, w)   .size = { t, h, w }
#define PAD(a, b, c, d) .pad = { { 0, 0 }, { a, b }, { c, d } }

static const Case cases[] = {
    { "3x3x3", { 5, 7, KERNEL(3, 3, 3), STRIDE(1, 1, 1), PAD(1, 1, 1, 1), SIZE(5, 9, 11) }, true },
    { "3x3x3 causal",
      { 8, 16, KERNEL(3, 3, 3), STRIDE(1, 1, 1), PAD(1, 1, 1, 1), SIZE(4, 6, 5) },
      true,
      true,
      3 },
    { "only zeros in sight",
      { 4, 5, KERNEL(3, 3, 3), STRIDE(1, 1, 1), PAD(1, 1, 1, 1), SIZE(5, 3, 4) },
      true,
      false,
      15 },
    { "wide",
      { 3, 33, KERNEL(1, 3, 3), STRIDE(1, 1, 1), PAD(1, 1, 1, 1), SIZE(1, 4, 131) },
      false },
    { "deep", { 70, 20, KERNEL(3, 3, 3), STRIDE(1, 1, 1), PAD(1, 1, 1, 1), SIZE(3, 7, 60) }, true },
    { "deep bf16",
      { 131, 9, KERNEL(3, 3, 3), STRIDE(1, 1, 1), PAD(1, 1, 1, 1), SIZE(3, 5, 7) },
      false,
      true },
    { "down", { 6, 9, KERNEL(1, 3, 3), STRIDE(1, 2, 2), PAD(0, 1, 0, 1), SIZE(2, 10, 14) }, false },
    { "down, odd",
      { 6, 9, KERNEL(1, 3, 3), STRIDE(1, 2, 2), PAD(0, 1, 0, 1), SIZE(1, 7, 9) },
      true },
    { "down along time",
      { 7, 6, KERNEL(3, 1, 1), STRIDE(2, 1, 1), SIZE(7, 5, 4) },
      false,
      false,
      1 },
    { "time", { 10, 21, KERNEL(3, 1, 1), STRIDE(1, 1, 1), SIZE(5, 3, 7) }, true, true },
    { "point", { 13, 18, KERNEL(1, 1, 1), STRIDE(1, 1, 1), SIZE(2, 5, 9) }, true, false, 2 },
    { "point, apart", { 4, 3, KERNEL(1, 1, 1), STRIDE(2, 3, 2), SIZE(3, 8, 9) }, false },
    { "large steps",
      { 2, 3, KERNEL(2, 2, 5), STRIDE(3, 3, 2), PAD(1, 0, 3, 1), SIZE(6, 8, 9) },
      false },
    { "one pixel",
      { 3, 2, KERNEL(3, 3, 3), STRIDE(1, 1, 1), PAD(1, 1, 1, 1), SIZE(3, 1, 1) },
      true },
    { "no border", { 5, 17, KERNEL(2, 4, 3), STRIDE(1, 1, 1), SIZE(3, 8, 8) }, false },
    { "enlarged",
      { 6, 10, KERNEL(1, 3, 3), STRIDE(1, 1, 1), PAD(1, 1, 1, 1), SIZE(2, 5, 7), .enlarge = true },
      true },
    { "enlarged, inside",
      { 9, 4, KERNEL(3, 3, 3), STRIDE(1, 1, 1), PAD(0, 1, 1, 0), SIZE(3, 4, 6), .enlarge = true },
      false,
      true,
      1 },
    { "enlarged by others",
      { 3, 4, KERNEL(1, 4, 5), STRIDE(1, 1, 1), PAD(2, 1, 0, 3), SIZE(1, 3, 5), .enlarge = true },
      true },
};
enum { CASES = sizeof cases / sizeof *cases };

/* ---- data -------------------------------------------------------------------------------- */

typedef struct Data {
    const Case *of;
    GemmPrecision precision;
    size_t frames, rows, columns, x_frame, y_frame, weights; /* of y; numbers */
    void *x[FRAMES_MAX], *dy[FRAMES_MAX];
    float *residual[FRAMES_MAX], *bias, *w;
    Tensor weight;
} Data;

static float draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)((double)(*state >> 40) / (1 << 23) - 1.0);
}

static void *drawn(uint64_t *seed, size_t n, bool bf16)
{
    char *p = malloc(n * 4);
    for (size_t i = 0; i < n; i++) {
        float x = draw(seed);
        convert_row(p + i * (bf16 ? 2 : 4), bf16 ? TYPE_BF16 : TYPE_F32, &x, TYPE_F32, 1);
    }
    return p;
}

static Type data_type(const Case *t)
{
    return t->bf16 ? TYPE_BF16 : TYPE_F32;
}

static Data data_new(const Case *t, GemmPrecision precision)
{
    uint64_t seed = t->s.in * 100 + t->s.out;
    const Conv3dShape *s = &t->s;
    Data d = { .of = t, .precision = precision };
    d.frames = conv3d_size(s, CONV3D_T);
    d.rows = conv3d_size(s, CONV3D_H);
    d.columns = conv3d_size(s, CONV3D_W);
    assert_true(d.frames <= FRAMES_MAX && s->size[0] <= FRAMES_MAX);
    d.x_frame = s->size[1] * s->size[2] * s->in;
    d.y_frame = d.rows * d.columns * s->out;
    d.weights = s->out * s->in * s->kernel[0] * s->kernel[1] * s->kernel[2];
    for (size_t i = 0; i < s->size[0]; i++)
        d.x[i] = t->zero >> i & 1 ? NULL : drawn(&seed, d.x_frame, t->bf16);
    for (size_t i = 0; i < d.frames; i++) {
        d.dy[i] = drawn(&seed, d.y_frame, t->bf16);
        if (t->residual) d.residual[i] = drawn(&seed, d.y_frame, false);
    }
    d.bias = drawn(&seed, s->out, false);
    d.w = drawn(&seed, d.weights, false);
    d.weight =
        (Tensor){ TYPE_F32, 5, { s->out, s->in, s->kernel[0], s->kernel[1], s->kernel[2] }, d.w };
    return d;
}

static void data_free(Data *d)
{
    for (size_t i = 0; i < FRAMES_MAX; i++) {
        free(d->x[i]);
        free(d->dy[i]);
        free(d->residual[i]);
    }
    free(d->bias);
    free(d->w);
}

/* n numbers as the products see them. */
static float *operands(const Data *d, const void *data, bool bf16, size_t n)
{
    float *x = malloc(n * sizeof *x);
    convert_row(x, TYPE_F32, data, bf16 ? TYPE_BF16 : TYPE_F32, n);
    for (size_t i = 0; i < n && d->precision == GEMM_BF16; i++) x[i] = bf16_round(x[i]);
    return x;
}

/* ---- the definition ---------------------------------------------------------------------- */

typedef struct Sums {
    double *y, *dx, *dw, *dbias, *size; /* size: of the numbers that y adds up */
    float *of_w, *of_x[FRAMES_MAX], *of_dy[FRAMES_MAX];
} Sums;

/* One tap of one position: where x is read, or -1 where there are zeros. */
static ptrdiff_t place(const Data *d, size_t t, size_t i, size_t j, const size_t tap[3])
{
    const Conv3dShape *s = &d->of->s;
    ptrdiff_t f = (ptrdiff_t)(t * s->stride[0] + tap[0]),
              y = (ptrdiff_t)(i * s->stride[1] + tap[1]) - (ptrdiff_t)s->pad[1][0],
              x = (ptrdiff_t)(j * s->stride[2] + tap[2]) - (ptrdiff_t)s->pad[2][0];
    if (s->enlarge && y >= 0) y /= 2;
    if (s->enlarge && x >= 0) x /= 2;
    if (y < 0 || x < 0 || y >= (ptrdiff_t)s->size[1] || x >= (ptrdiff_t)s->size[2] || !d->x[f])
        return -1;
    return (f * (ptrdiff_t)s->size[1] + y) * (ptrdiff_t)s->size[2] + x;
}

static void add_tap(const Data *d, Sums *m, size_t at, size_t tap, ptrdiff_t from)
{
    const Conv3dShape *s = &d->of->s;
    size_t taps = s->kernel[0] * s->kernel[1] * s->kernel[2], area = s->size[1] * s->size[2];
    const float *x = m->of_x[(size_t)from / area] + (size_t)from % area * s->in;
    const float *dy = m->of_dy[at / (d->rows * d->columns)] + at % (d->rows * d->columns) * s->out;
    for (size_t o = 0; o < s->out; o++)
        for (size_t c = 0; c < s->in; c++) {
            size_t wi = (o * s->in + c) * taps + tap;
            double w = (double)m->of_w[wi], v = (double)x[c], g = (double)dy[o];
            m->y[at * s->out + o] += v * w;
            m->size[at * s->out + o] += fabs(v * w);
            m->dx[(size_t)from * s->in + c] += g * w;
            m->dw[wi] += g * v;
        }
}

static Sums sums_new(const Data *d)
{
    const Conv3dShape *s = &d->of->s;
    size_t n = d->frames * d->y_frame;
    Sums m = { calloc(n, 8), calloc(s->size[0] * d->x_frame, 8), calloc(d->weights, 8),
               calloc(s->out, 8), calloc(n, 8) };
    m.of_w = operands(d, d->w, false, d->weights);
    for (size_t i = 0; i < s->size[0] && i < FRAMES_MAX; i++)
        if (d->x[i]) m.of_x[i] = operands(d, d->x[i], d->of->bf16, d->x_frame);
    for (size_t i = 0; i < d->frames && i < FRAMES_MAX; i++)
        m.of_dy[i] = operands(d, d->dy[i], d->of->bf16, d->y_frame);
    for (size_t at = 0; at < n / s->out; at++) {
        size_t t = at / d->columns / d->rows, i = at / d->columns % d->rows, j = at % d->columns;
        for (size_t o = 0; o < s->out; o++) {
            size_t k = at * s->out + o, f = k % d->y_frame;
            double g;
            float exact;
            convert_row(&exact, TYPE_F32, (char *)d->dy[t] + f * (d->of->bf16 ? 2 : 4),
                        data_type(d->of), 1);
            g = exact;
            m.y[k] += (double)d->bias[o] + (d->of->residual ? (double)d->residual[t][f] : 0);
            m.dbias[o] += g;
        }
        size_t tap[3];
        for (size_t k = 0; k < s->kernel[0] * s->kernel[1] * s->kernel[2]; k++) {
            tap[0] = k / s->kernel[2] / s->kernel[1];
            tap[1] = k / s->kernel[2] % s->kernel[1];
            tap[2] = k % s->kernel[2];
            ptrdiff_t from = place(d, t, i, j, tap);
            if (from >= 0) add_tap(d, &m, at, k, from);
        }
    }
    return m;
}

static void sums_free(Sums *m)
{
    free(m->y);
    free(m->dx);
    free(m->dw);
    free(m->dbias);
    free(m->size);
    free(m->of_w);
    for (size_t i = 0; i < FRAMES_MAX; i++) {
        free(m->of_x[i]);
        free(m->of_dy[i]);
    }
}

static void compare(const Case *t, const char *what, const void *got, bool bf16, const double *want,
                    size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++) {
        float g;
        convert_row(&g, TYPE_F32, (const char *)got + i * (bf16 ? 2 : 4),
                    bf16 ? TYPE_BF16 : TYPE_F32, 1);
        double room = tolerance * fmax(1, fabs(want[i])) + (bf16 ? 4e-3 * fabs(want[i]) : 0);
        if (!(fabs(g - want[i]) <= room))
            fail_msg("%s: %s[%zu] is %.9g, expected %.9g", t->name, what, i, g, want[i]);
    }
}

/* ---- the checks -------------------------------------------------------------------------- */

static Conv3dCall call_of(const Data *d, void *const *y)
{
    return (Conv3dCall){ .shape = d->of->s,
                         .precision = d->precision,
                         .x = (const void *const *)d->x,
                         .x_type = data_type(d->of),
                         .weight = &d->weight,
                         .bias = d->bias,
                         .y = y,
                         .y_type = data_type(d->of),
                         .residual = d->of->residual ? (const float *const *)d->residual : NULL };
}

static void **frames_new(size_t count, size_t numbers)
{
    void **y = calloc(FRAMES_MAX + 1, sizeof *y);
    for (size_t i = 0; i < count; i++) {
        y[i] = malloc(numbers * 4);
        memset(y[i], 0xFF, numbers * 4); /* NaN: what is not written shows */
    }
    return y;
}

static void frames_free(void **y)
{
    for (size_t i = 0; i < FRAMES_MAX; i++) free(y[i]);
    free(y);
}

static void check_forward(const Data *d, const Sums *m, Compute *const *c)
{
    size_t bytes = d->of->bf16 ? 2 : 4;
    void **y[COMPUTES];
    bool folded = d->of->s.enlarge && d->precision == GEMM_BF16; /* sums of taps are rounded */
    for (size_t i = 0; i < COMPUTES; i++) {
        y[i] = frames_new(d->frames, d->y_frame);
        Conv3dCall call = call_of(d, y[i]);
        conv3d(c[i], &call);
        for (size_t f = 0; f < d->frames; f++)
            if (memcmp(y[i][f], y[0][f], d->y_frame * bytes) != 0)
                fail_msg("%s: other bytes with %zu threads", d->of->name, i + 1);
    }
    for (size_t f = 0; f < d->frames; f++)
        for (size_t i = 0; i < d->y_frame; i++) {
            size_t at = f * d->y_frame + i;
            double tolerance = 2e-6 * (1 + m->size[at]) + (folded ? 3e-3 * m->size[at] : 0);
            compare(d->of, "y", (char *)y[0][f] + i * bytes, d->of->bf16, m->y + at, 1, tolerance);
        }
    for (size_t i = 0; i < COMPUTES; i++) frames_free(y[i]);
}

static void check_backward(const Data *d, const Sums *m, Compute *const *c)
{
    const Conv3dShape *s = &d->of->s;
    bool bf16 = d->of->bf16;
    Arena *scratch = arena_new("scratch", 0);
    float *first = malloc(d->weights * 4);
    for (size_t i = 0; i < COMPUTES; i++) {
        void **dx = frames_new(s->size[0], d->x_frame);
        float *dw = calloc(d->weights, 4), *db = calloc(s->out, 4);
        Conv3dCall call = call_of(d, NULL);
        Conv3dGrad grad = { .dy = (const void *const *)d->dy,
                            .dy_type = data_type(d->of),
                            .dx = dx,
                            .dx_type = data_type(d->of),
                            .dweight = dw,
                            .dbias = db,
                            .scratch = scratch };
        conv3d_backward(c[i], &call, &grad);
        for (size_t f = 0; f < s->size[0]; f++)
            if (d->x[f])
                compare(d->of, "dx", dx[f], bf16, m->dx + f * d->x_frame, d->x_frame, 2e-4);
        compare(d->of, "dweight", dw, false, m->dw, d->weights, 3e-4);
        compare(d->of, "dbias", db, false, m->dbias, s->out, 3e-4);
        if (i == 0)
            memcpy(first, dw, d->weights * 4);
        else
            assert_memory_equal(first, dw, d->weights * 4);
        if (!bf16 && i == 0) { /* added to what is there */
            grad.add = true;
            conv3d_backward(c[i], &call, &grad);
            for (size_t k = 0; k < d->weights; k++) CHECK_CLOSE(dw[k], 2.0 * first[k], 1e-5);
            for (size_t k = 0; k < d->x_frame && d->x[s->size[0] - 1]; k++)
                CHECK_CLOSE(((float *)dx[s->size[0] - 1])[k],
                            2 * m->dx[(s->size[0] - 1) * d->x_frame + k], 4e-4);
        }
        assert_int_equal(arena_used(scratch), 0);
        frames_free(dx);
        free(dw);
        free(db);
    }
    free(first);
    arena_free(scratch);
}

static void check_case(Compute *const *c, const Case *t, GemmPrecision precision)
{
    Data d = data_new(t, precision);
    Sums m = sums_new(&d);
    check_forward(&d, &m, c);
    check_backward(&d, &m, c);
    sums_free(&m);
    data_free(&d);
}

typedef struct Machine {
    Pool *pools[COMPUTES];
    Compute *computes[COMPUTES];
} Machine;

static Machine machine_new(int level)
{
    Machine m;
    for (size_t i = 0; i < COMPUTES; i++) {
        CHECK_OK(pool_new((int)i + 1, &m.pools[i]));
        CHECK_OK(levels_open(level, m.pools[i], &m.computes[i]));
    }
    return m;
}

static void machine_free(Machine *m)
{
    for (size_t i = 0; i < COMPUTES; i++) {
        compute_free(m->computes[i]);
        pool_free(m->pools[i]);
    }
}

static void equals_the_definition(void **state)
{
    static const GemmPrecision both[] = { GEMM_F32, GEMM_BF16 };
    for (size_t i = 0; i < 2; i++) {
        Data d = data_new(*state, both[i]);
        Sums sums = sums_new(&d);
        for (int l = 0; l < levels_count(); l++) {
            Machine m = machine_new(l);
            check_forward(&d, &sums, m.computes);
            check_backward(&d, &sums, m.computes);
            machine_free(&m);
        }
        sums_free(&sums);
        data_free(&d);
    }
}

/* Weights of all columns do not fit the shared block: columns go span by span. */
static void fits_little_memory(void **state)
{
    (void)state;
    Machine m = machine_new(cpu_level_best());
    for (size_t i = 0; i < COMPUTES; i++) m.computes[i]->shared_size = 576 << 10;
    static const Case t = {
        "spans", { 40, 150, KERNEL(3, 3, 3), STRIDE(1, 1, 1), PAD(1, 1, 1, 1), SIZE(3, 5, 6) }, true
    };
    check_case(m.computes, &t, GEMM_F32);
    machine_free(&m);
}

/* Weights in other types, among them a row whose middle starts inside a converted piece. */
static void reads_weights_of_any_type(void **state)
{
    (void)state;
    static const Type types[] = { TYPE_BF16, TYPE_F16, TYPE_Q8_0, TYPE_F8_E4M3 };
    Machine m = machine_new(cpu_level_best());
    static const Case t = {
        "types", { 24, 20, KERNEL(3, 3, 3), STRIDE(1, 1, 1), PAD(1, 1, 1, 1), SIZE(3, 4, 7) }
    };
    Data d = data_new(&t, GEMM_F32);
    float scale[20];
    for (size_t i = 0; i < 20; i++) scale[i] = (float)i * 0.1f - 1;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t taps = d.weights / d.of->s.out;
        assert_int_equal(d.weights % 32, 0);
        assert_int_not_equal(taps % 32, 0);
        void *small = malloc(d.weights * 2);
        quant_encode(small, types[i], d.w, d.weights);
        quant_decode(d.w, small, types[i], d.weights);
        d.weight.scale = types[i] == TYPE_F8_E4M3 ? scale : NULL;
        for (size_t k = 0; k < d.weights && d.weight.scale; k++) d.w[k] *= scale[k / taps];
        Sums s = sums_new(&d);
        d.weight.data = small;
        d.weight.type = types[i];
        check_forward(&d, &s, m.computes);
        check_backward(&d, &s, m.computes);
        sums_free(&s);
        free(small);
    }
    data_free(&d);
    machine_free(&m);
}

/* Rows of a residual may be farther apart than those of the result. */
static void reads_a_part_of_a_residual(void **state)
{
    (void)state;
    static const Case *const two[] = { &cases[0], &cases[15], &cases[10] };
    Machine m = machine_new(cpu_level_best());
    for (size_t i = 0; i < 3; i++) {
        Case t = *two[i];
        t.zero = 0;
        Data d = data_new(&t, GEMM_F32);
        Sums s = sums_new(&d);
        size_t row = d.columns * t.s.out, pitch = row + 3 * t.s.out;
        float *wide[FRAMES_MAX];
        void **y = frames_new(d.frames, d.y_frame);
        for (size_t f = 0; f < d.frames; f++) {
            wide[f] = malloc(d.rows * pitch * 4);
            for (size_t r = 0; r < d.rows; r++)
                memcpy(wide[f] + r * pitch, d.residual[f] + r * row, row * 4);
        }
        Conv3dCall call = call_of(&d, y);
        call.residual = (const float *const *)wide;
        call.residual_pitch = pitch;
        conv3d(m.computes[0], &call);
        for (size_t f = 0; f < d.frames; f++) {
            compare(&t, "y", y[f], false, s.y + f * d.y_frame, d.y_frame, 1e-4);
            free(wide[f]);
        }
        frames_free(y);
        sums_free(&s);
        data_free(&d);
    }
    machine_free(&m);
}

static void knows_sizes(void **state)
{
    (void)state;
    Conv3dShape s = { 1, 1, KERNEL(3, 3, 3), STRIDE(2, 2, 2), PAD(0, 1, 0, 1), SIZE(5, 8, 1) };
    assert_int_equal(conv3d_size(&s, CONV3D_T), 2);
    assert_int_equal(conv3d_size(&s, CONV3D_H), 4);
    assert_int_equal(conv3d_size(&s, CONV3D_W), 0);
    s.enlarge = true;
    assert_int_equal(conv3d_size(&s, CONV3D_W), 1);
}

int main(void)
{
    struct CMUnitTest tests[CASES + 4];
    size_t n = 0;
    for (size_t i = 0; i < CASES; i++)
        tests[n++] = (struct CMUnitTest){ cases[i].name, equals_the_definition, NULL, NULL,
                                          (void *)&cases[i] };
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(fits_little_memory);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(reads_weights_of_any_type);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(reads_a_part_of_a_residual);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(knows_sizes);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
