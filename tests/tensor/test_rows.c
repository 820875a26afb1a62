/* Every level's row loops against the plain ones: every length of row, f32 and bf16 in any mix,
 * NaN and infinities; and that threads do not show. */
#include "check.h"

#include "base/rng.h"
#include "tensor/convert.h"
#include "tensor/rows.h"

enum { ROWS = 5, WIDTH_MAX = 140, STRIDE = WIDTH_MAX + 5, CELLS = ROWS * STRIDE, OUTS_MAX = 8 };

typedef struct Level {
    Pool *pool;
    Compute *c;
    Arena *a;
} Level;

typedef struct Levels {
    Level ref, fast[CPU_LEVELS];
    size_t count;
} Levels;

static Level level_open(const char *name, int threads)
{
    Level l = { .a = arena_new("level", 0) };
    CHECK_OK(pool_new(threads, &l.pool));
    CHECK_OK(compute_new(l.pool, name, &l.c));
    return l;
}

static void level_close(Level *l)
{
    compute_free(l->c);
    pool_free(l->pool);
    arena_free(l->a);
}

static int open_all(void **state)
{
    Levels *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->ref = level_open("ref", 1);
    for (CpuLevel v = CPU_AVX2; v <= cpu_level_best(); v++)
        l->fast[l->count++] = level_open(cpu_level_name(v), 1);
    *state = l;
    return 0;
}

static int close_all(void **state)
{
    Levels *l = *state;
    for (size_t i = 0; i < l->count; i++) level_close(&l->fast[i]);
    level_close(&l->ref);
    free(l);
    return 0;
}

/* What one call of some function works on; `mix` says which of its rows are bf16 and which are
 * added to, bit by bit. */
typedef struct Work {
    Level *l;
    size_t width;
    unsigned mix;
    unsigned made;
    bool odd;    /* with values that are no numbers */
    size_t outs; /* results that must agree */
    Rows out[OUTS_MAX];
    size_t out_rows[OUTS_MAX], out_width[OUTS_MAX];
} Work;

/* Drawn rows; in `odd` work some values are NaN or infinite, the same for every level. */
static Rows drawn(Work *w, bool result)
{
    unsigned id = w->made++;
    Rows r = { .type = w->mix >> id & 1 ? TYPE_BF16 : TYPE_F32, .stride = STRIDE };
    float *x = arena_alloc(w->l->a, CELLS * sizeof *x);
    rng_fill_normal(x, 0, CELLS, 77 + id);
    for (size_t i = 0; i < CELLS; i++) x[i] *= i % 11 == 3 ? 30 : 1.5f;
    if (w->odd && !result) {
        x[1 * STRIDE + w->width / 2] = NAN;
        x[2 * STRIDE + w->width / 3] = -INFINITY;
        x[3 * STRIDE + w->width - 1] = INFINITY;
        for (size_t j = 0; j < w->width; j++) x[4 * STRIDE + j] = -INFINITY;
    }
    r.data = arena_alloc(w->l->a, CELLS * type_block_bytes(r.type));
    convert_row(r.data, r.type, x, TYPE_F32, CELLS);
    if (result) {
        r.add = w->mix >> (id + 8) & 1;
        w->out_rows[w->outs] = ROWS;
        w->out_width[w->outs] = STRIDE; /* what lies beyond the width must stay */
        w->out[w->outs++] = r;
    }
    return r;
}

static float *table(Work *w, size_t rows, size_t width, bool result)
{
    float *x = arena_alloc(w->l->a, rows * width * sizeof *x);
    rng_fill_normal(x, 0, rows * width, 177 + w->made++);
    if (result) {
        w->out_rows[w->outs] = rows;
        w->out_width[w->outs] = width;
        w->out[w->outs++] = rows_f32(x, width);
    }
    return x;
}

static float at(const Rows *r, size_t i, size_t j)
{
    float y;
    size_t bytes = type_block_bytes(r->type);
    convert_row(&y, TYPE_F32, (char *)r->data + (i * r->stride + j) * bytes, r->type, 1);
    return y;
}

static void compare(const char *what, const Work *got, const Work *want, double tolerance)
{
    for (size_t o = 0; o < want->outs; o++) {
        const Rows *g = &got->out[o], *w = &want->out[o];
        double t = w->type == TYPE_BF16 ? 8e-3 : tolerance;
        for (size_t i = 0; i < want->out_rows[o]; i++) {
            double size = 1;
            for (size_t j = 0; j < want->out_width[o]; j++) {
                double v = fabs(at(w, i, j));
                if (isfinite(v)) size = fmax(size, v);
            }
            for (size_t j = 0; j < want->out_width[o]; j++) {
                float x = at(g, i, j), y = at(w, i, j);
                if (isnan(y) ? isnan(x) : isinf(y) ? x == y : fabs((double)x - y) <= t * size)
                    continue;
                fail_msg("%s, width %zu, mix %x: result %zu at [%zu,%zu] is %.9g, expected %.9g",
                         what, want->width, want->mix, o, i, j, x, y);
            }
        }
    }
}

typedef void (*CallFn)(Work *w);

/* All widths with some mixes, and all mixes with some widths. */
static void check(const Levels *l, const char *what, CallFn call, double tolerance, bool odd)
{
    for (size_t k = 0; k < l->count; k++)
        for (size_t width = 2; width <= WIDTH_MAX; width += 2)
            for (unsigned m = 0; m < 6; m++) {
                unsigned mix = (unsigned)rng_below(width, m, 1 << 16);
                if (m == 0) mix = 0;
                Work want = { .l = (Level *)&l->ref, .width = width, .mix = mix, .odd = odd };
                Work got = { .l = (Level *)&l->fast[k], .width = width, .mix = mix, .odd = odd };
                call(&want);
                call(&got);
                compare(what, &got, &want, tolerance);
                arena_rewind(want.l->a, (ArenaMark){ 0 });
                arena_rewind(got.l->a, (ArenaMark){ 0 });
            }
}

static const uint32_t group[ROWS] = { 1, 0, 1, 2, 0 };

/* ---- the calls ------------------------------------------------------------------------- */

static RowsOp map_op; /* what map_call checks now */

static void map_call(Work *w)
{
    RowsMap m = { .op = map_op, .rows = ROWS, .width = w->width - w->mix % 2, .factor = -1.25f };
    m.a = drawn(w, false);
    m.b = drawn(w, false);
    m.y = drawn(w, true);
    rows_map(w->l->c, &m);
}

static void maps(void **state)
{
    static const char *const names[ROWS_OPS] = {
        "scale",          "add",           "mul",    "silu", "gelu tanh", "gelu erf", "silu back",
        "gelu tanh back", "gelu erf back", "swiglu",
    };
    for (map_op = 0; map_op < ROWS_OPS; map_op++) {
        check(*state, names[map_op], map_call, 2e-6, false);
        check(*state, names[map_op], map_call, 2e-6, true);
    }
}

static void swiglu_back_call(Work *w)
{
    RowsSwigluBack s = { .rows = ROWS, .width = w->width - w->mix % 2 };
    s.a = drawn(w, false);
    s.b = drawn(w, false);
    s.dy = drawn(w, false);
    s.da = drawn(w, true);
    s.db = drawn(w, true);
    rows_swiglu_back(w->l->c, &s);
}

static void norm_forward(Work *w, RowsNorm *n)
{
    n->rows = ROWS;
    n->width = w->width;
    n->eps = 1e-5f;
    n->x = drawn(w, false);
    n->y = drawn(w, true);
    size_t statistics = n->width / (n->group ? n->group : n->width);
    n->rstd = table(w, ROWS, statistics, true);
    n->mean = n->rms ? NULL : table(w, ROWS, statistics, true);
    rows_norm(w->l->c, n);
}

static void norm_backward(Work *w, const RowsNorm *n, size_t tables, bool shift)
{
    RowsNormBack b = { .dy = drawn(w, false), .table_rows = tables };
    b.dx = drawn(w, true);
    b.dscale = table(w, tables, n->table_stride, true);
    if (shift) b.dshift = table(w, tables, n->table_stride, true);
    rows_norm_back(w->l->c, n, &b, w->l->a);
}

static void layer_norm_call(Work *w)
{
    RowsNorm n = { .scale_base = 1, .row = group, .table_stride = w->width };
    n.scale = table(w, 3, w->width, false);
    n.shift = table(w, 3, w->width, false);
    norm_forward(w, &n);
    norm_backward(w, &n, 3, true);
}

static void plain_norm_call(Work *w)
{
    RowsNorm n = { .table_stride = w->width };
    norm_forward(w, &n);
    norm_backward(w, &n, 1, false);
}

/* Groups of an even length that divides the width, turned or not. */
static size_t group_width(const Work *w)
{
    size_t parts = 1 + w->mix % 4;
    while (w->width % (2 * parts) != 0) parts--;
    return parts ? w->width / parts : w->width;
}

static void head_norm_call(Work *w)
{
    size_t count = group_width(w);
    RowsNorm n = { .rms = true, .group = count, .scale_width = count, .table_stride = count };
    n.scale = table(w, 1, count, false);
    n.least = w->mix & 32 ? 0.3f : 0;
    if (w->mix & 64) {
        n.head_dim = count;
        n.cos = table(w, ROWS, count / 2, false);
        n.sin = table(w, ROWS, count / 2, false);
    }
    norm_forward(w, &n);
    norm_backward(w, &n, 1, false);
}

/* The weight over the whole width, heads shorter than the group. */
static void width_norm_call(Work *w)
{
    RowsNorm n = { .rms = true, .head_dim = group_width(w), .table_stride = w->width };
    n.scale = table(w, 1, w->width, false);
    n.cos = table(w, ROWS, n.head_dim / 2, false);
    n.sin = table(w, ROWS, n.head_dim / 2, false);
    norm_forward(w, &n);
    norm_backward(w, &n, 1, false);
}

static void norms(void **state)
{
    for (int odd = 0; odd < 2; odd++) {
        check(*state, "layer norm", layer_norm_call, 2e-5, odd);
        check(*state, "plain norm", plain_norm_call, 2e-5, odd);
        check(*state, "norm of heads", head_norm_call, 2e-5, odd);
        check(*state, "norm of rows, turned", width_norm_call, 2e-5, odd);
    }
}

static void gate_call(Work *w)
{
    size_t width = w->width - w->mix % 2;
    RowsGate g = { .rows = ROWS, .width = width, .gate_stride = width, .gate_rows = 3 };
    g.row = group;
    if (w->mix & 64) g.gate = table(w, 3, width, false);
    g.x = drawn(w, false);
    g.residual = drawn(w, false);
    g.y = drawn(w, true);
    rows_gate(w->l->c, &g);
    Rows dy = drawn(w, false), dx = drawn(w, true);
    rows_gate_back(w->l->c, &g, dy, dx, w->mix & 128 ? table(w, 3, width, true) : NULL, w->l->a);
}

static void sums_call(Work *w)
{
    size_t width = w->width - w->mix % 2;
    RowsSums s = { .rows = ROWS, .width = width, .sum_rows = 3, .sums_stride = width };
    s.x = drawn(w, false);
    s.row = w->mix & 64 ? group : NULL;
    s.sums = table(w, 3, width, true);
    rows_sums(w->l->c, &s, w->l->a);
}

static void softmax_call(Work *w)
{
    Rows x = drawn(w, false), y = drawn(w, true);
    rows_softmax(w->l->c, y, x, ROWS, w->width - w->mix % 2);
}

static void totals_call(Work *w)
{
    size_t width = w->width - w->mix % 2;
    float *out = table(w, 1, 2, true), *weight = table(w, 1, ROWS, false);
    Rows x = drawn(w, false), target = drawn(w, false);
    for (size_t i = 0; i < ROWS; i++) weight[i] = i == 3 ? 0 : fabsf(weight[i]) + 0.1f;
    RowsMse m = { .rows = ROWS, .width = width, .x = x, .target = target };
    if (w->mix & 64) m.weight = weight;
    out[0] = (float)rows_sum_squares(w->l->c, x, ROWS, width, w->l->a);
    out[1] = rows_mse(w->l->c, &m, w->l->a);
    rows_mse_back(w->l->c, &m, 1.5f, drawn(w, true));
}

static void moves_call(Work *w)
{
    static const uint32_t from[ROWS] = { 4, 4, 0, 2, 1 }, to[3] = { 4, 0, 2 };
    Rows x = drawn(w, false), gathered = drawn(w, true), scattered = drawn(w, true);
    rows_gather(w->l->c, gathered, x, from, ROWS, w->width - w->mix % 2);
    rows_scatter(w->l->c, scattered, x, to, 3, w->width - w->mix % 2);
}

static void the_rest(void **state)
{
    for (int odd = 0; odd < 2; odd++) {
        check(*state, "swiglu back", swiglu_back_call, 2e-6, odd);
        check(*state, "gate", gate_call, 2e-6, odd);
        check(*state, "sums", sums_call, 2e-6, odd);
        check(*state, "softmax", softmax_call, 2e-6, odd);
        check(*state, "totals", totals_call, 2e-6, odd);
        check(*state, "gather and scatter", moves_call, 0, odd);
    }
}

/* ---- values that are known ------------------------------------------------------------- */

static void known_values(void **state)
{
    const Levels *l = *state;
    for (size_t k = 0; k <= l->count; k++) {
        const Level *v = k ? &l->fast[k - 1] : &l->ref;
        float x[4] = { 0, 1, -2, 3 }, y[4];
        RowsMap m = { .op = ROWS_SILU, .rows = 1, .width = 4 };
        m.a = m.b = rows_f32(x, 4);
        m.y = rows_f32(y, 4);
        rows_map(v->c, &m);
        CHECK_CLOSE(y[1], 0.7310585786, 1e-6);
        CHECK_CLOSE(y[2], -0.2384058440, 1e-6);
        m.op = ROWS_GELU_ERF;
        rows_map(v->c, &m);
        CHECK_CLOSE(y[1], 0.8413447461, 1e-6);
        CHECK_CLOSE(y[2], -0.0455002639, 1e-6);
        m.op = ROWS_GELU_TANH;
        rows_map(v->c, &m);
        CHECK_CLOSE(y[1], 0.8411919906, 1e-6);
        RowsNorm n = { .rows = 1, .width = 4, .x = m.a, .y = m.y };
        rows_norm(v->c, &n);
        CHECK_CLOSE(y[0], -0.5 / sqrt(3.25), 1e-6);
        CHECK_CLOSE(y[3], 2.5 / sqrt(3.25), 1e-6);
        float cos[2] = { 0.6f, 0 }, sin[2] = { 0.8f, 1 };
        n = (RowsNorm){ .rows = 1, .width = 4, .rms = true, .x = m.a, .y = m.y };
        n.cos = cos, n.sin = sin, n.head_dim = 4;
        rows_norm(v->c, &n);
        CHECK_CLOSE(y[0], -0.8 / sqrt(3.5), 1e-6);
        CHECK_CLOSE(y[1], 0.6 / sqrt(3.5), 1e-6);
        CHECK_CLOSE(y[2], -3 / sqrt(3.5), 1e-6);
        CHECK_CLOSE(y[3], -2 / sqrt(3.5), 1e-6);
    }
}

/* The same bytes on 1 and 3 threads, for sums over many rows above all. */
static void threads_do_not_show(void **state)
{
    (void)state;
    enum { MANY = 700, WIDE = 96 };
    Level l[2] = { level_open(NULL, 1), level_open(NULL, 3) };
    float *x = arena_alloc(l[0].a, MANY * WIDE * sizeof *x);
    uint32_t *row = arena_alloc(l[0].a, MANY * sizeof *row);
    rng_fill_normal(x, 0, MANY * WIDE, 5);
    for (size_t i = 0; i < MANY; i++) row[i] = (uint32_t)(i * i % 7 % 3);
    float sums[2][3 * WIDE] = { { 0 } }, scale[2][3 * WIDE] = { { 0 } }, shift[2][3 * WIDE];
    memset(shift, 0, sizeof shift);
    double total[2];
    for (int i = 0; i < 2; i++) {
        Rows all = rows_f32(x, WIDE);
        total[i] = rows_sum_squares(l[i].c, all, MANY, WIDE, l[i].a);
        RowsSums s = { .rows = MANY, .width = WIDE, .x = all, .row = row, .sums = sums[i] };
        s.sum_rows = 3, s.sums_stride = WIDE;
        rows_sums(l[i].c, &s, l[i].a);
        float *y = arena_alloc(l[i].a, MANY * WIDE * sizeof *y);
        float *statistics = arena_alloc(l[i].a, 2 * MANY * sizeof *y);
        RowsNorm n = { .rows = MANY, .width = WIDE, .x = all, .y = rows_f32(y, WIDE) };
        n.row = row, n.table_stride = WIDE, n.mean = statistics, n.rstd = statistics + MANY;
        rows_norm(l[i].c, &n);
        RowsNormBack b = { .dy = all, .dx = n.y, .dscale = scale[i], .dshift = shift[i] };
        b.table_rows = 3;
        rows_norm_back(l[i].c, &n, &b, l[i].a);
    }
    assert_memory_equal(&total[0], &total[1], sizeof total[0]);
    assert_memory_equal(sums[0], sums[1], sizeof sums[0]);
    assert_memory_equal(scale[0], scale[1], sizeof scale[0]);
    assert_memory_equal(shift[0], shift[1], sizeof shift[0]);
    for (int i = 0; i < 2; i++) level_close(&l[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(known_values, open_all, close_all),
        cmocka_unit_test_setup_teardown(maps, open_all, close_all),
        cmocka_unit_test_setup_teardown(norms, open_all, close_all),
        cmocka_unit_test_setup_teardown(the_rest, open_all, close_all),
        cmocka_unit_test(threads_do_not_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
