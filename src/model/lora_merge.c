#include <math.h>
#include <string.h>

#include "base/size.h"
#include "model/lora_parts.h"
#include "tensor/convert.h"
#include "tensor/gemm.h"
#include "tensor/quant.h"

enum { CHUNK_VALUES = 1 << 20, TASK_ROWS = 16 };

static size_t rows_of(const Tensor *x)
{
    return x->rank ? x->shape[0] : 1;
}

static size_t width_of(const Tensor *x)
{
    return rows_of(x) ? tensor_count(x) / rows_of(x) : 0;
}

/* ---- sizes ------------------------------------------------------------------------------- */

/* A factor that is stored whole, or as a product of two. */
typedef struct Factor {
    const Tensor *whole, *left, *right; /* whole, or the other two */
    size_t rows, width;
} Factor;

static bool read_factor(const LoraDelta *d, LoraPart whole, LoraPart left, Factor *f)
{
    *f = (Factor){ d->part[whole], d->part[left], d->part[left + 1], 0, 0 };
    if (f->whole) {
        f->rows = rows_of(f->whole);
        f->width = width_of(f->whole);
        return true;
    }
    if (!f->left || !f->right || width_of(f->left) != rows_of(f->right)) return false;
    f->rows = rows_of(f->left);
    f->width = width_of(f->right);
    return true;
}

static SoraStatus other_size(const LoraDelta *d, const Tensor *x, size_t rows, size_t width)
{
    char is[96];
    return err_set(SORA_E_FORMAT,
                   "%s is for a model of another size: it changes %.200s by [%zu,%zu], the model "
                   "has %s",
                   d->file, d->layer, rows, width, tensor_describe(x, is, sizeof is));
}

static SoraStatus check_size(const LoraDelta *d, const Tensor *x, size_t rows, size_t width)
{
    return rows == rows_of(x) && width == width_of(x) ? SORA_OK : other_size(d, x, rows, width);
}

static SoraStatus incomplete(const LoraDelta *d)
{
    return err_set(SORA_E_FORMAT, "%s: what changes %.200s is incomplete or does not fit together",
                   d->file, d->layer);
}

/* The ranks of a change and the size of what it adds to. */
static SoraStatus check_low_rank(LoraDelta *d, const Tensor *x, size_t *rank)
{
    const Tensor *up = d->part[LORA_UP], *down = d->part[LORA_DOWN];
    if (!up || !down || width_of(up) != rows_of(down)) return incomplete(d);
    *rank = rows_of(down);
    return check_size(d, x, rows_of(up), width_of(down));
}

static SoraStatus check_hadamard(LoraDelta *d, const Tensor *x, size_t *rank)
{
    Factor one, two;
    /* neither is ever whole */
    if (!read_factor(d, LORA_MAGNITUDE, LORA_HADA_1A, &one) ||
        !read_factor(d, LORA_MAGNITUDE, LORA_HADA_2A, &two) || one.rows != two.rows ||
        one.width != two.width)
        return incomplete(d);
    *rank = rows_of(d->part[LORA_HADA_1B]);
    return check_size(d, x, one.rows, one.width);
}

/* With both factors whole there is no rank, and alpha counts for nothing. */
static SoraStatus check_kronecker(LoraDelta *d, const Tensor *x, size_t *rank)
{
    Factor one, two;
    size_t rows, width;
    if (!read_factor(d, LORA_KRON_1, LORA_KRON_1A, &one) ||
        !read_factor(d, LORA_KRON_2, LORA_KRON_2A, &two) || !size_mul(one.rows, two.rows, &rows) ||
        !size_mul(one.width, two.width, &width))
        return incomplete(d);
    *rank = two.right ? rows_of(two.right) : one.right ? rows_of(one.right) : 0;
    return check_size(d, x, rows, width);
}

SoraStatus lora_check(LoraDelta *d, const Tensor *x, float strength, float alpha)
{
    size_t rank = 0;
    d->factor = strength;
    switch (d->kind) {
    case LORA_WHOLE:
        if (tensor_count(d->part[LORA_DIFF]) != tensor_count(x))
            return other_size(d, x, rows_of(d->part[LORA_DIFF]), width_of(d->part[LORA_DIFF]));
        return SORA_OK;
    case LORA_LOW_RANK: TRY(check_low_rank(d, x, &rank)); break;
    case LORA_HADAMARD: TRY(check_hadamard(d, x, &rank)); break;
    case LORA_KRONECKER: TRY(check_kronecker(d, x, &rank)); break;
    }
    if (rank && isfinite(alpha)) d->factor = strength * alpha / (float)rank;
    return SORA_OK;
}

/* ---- sums -------------------------------------------------------------------------------- */

/* Rows [first, first + rows) of a sum, [rows, width] of f32. */
typedef struct Chunk {
    const Compute *c;
    Arena *a;
    size_t first, rows, width;
    float *sum;
} Chunk;

static float *read_rows(Arena *a, const Tensor *x, size_t first, size_t count)
{
    float *y = arena_alloc(a, count * width_of(x) * sizeof *y);
    quant_read_rows(x, first, count, y);
    return y;
}

/* y[rows,width] (+)= factor * left[first .. first + rows) right */
static void multiply(const Chunk *k, const Tensor *left, const Tensor *right, size_t first,
                     size_t rows, float factor, bool add, float *y)
{
    size_t rank = rows_of(right), width = width_of(right);
    float *l = read_rows(k->a, left, first, rows), *r = read_rows(k->a, right, 0, rank);
    for (size_t i = 0; i < rows * rank; i++) l[i] *= factor;
    gemm(k->c, &(GemmCall){ .m = rows,
                            .n = width,
                            .k = rank,
                            .a = { l, TYPE_F32, rank, false },
                            .b = { r, TYPE_F32, width, false },
                            .c = y,
                            .c_stride = width,
                            .precision = GEMM_F32,
                            .accumulate = add });
}

static void add_whole(const Chunk *k, const LoraDelta *d)
{
    size_t n = k->rows * k->width, at = k->first * k->width;
    const Tensor *x = d->part[LORA_DIFF];
    float *y = arena_alloc(k->a, n * sizeof *y);
    quant_decode(y, (const char *)x->data + at / type_block(x->type) * type_block_bytes(x->type),
                 x->type, n);
    for (size_t i = 0; i < n; i++) k->sum[i] += d->factor * y[i];
}

static void add_hadamard(const Chunk *k, const LoraDelta *d)
{
    size_t n = k->rows * k->width;
    float *one = arena_alloc(k->a, n * sizeof *one), *two = arena_alloc(k->a, n * sizeof *two);
    multiply(k, d->part[LORA_HADA_1A], d->part[LORA_HADA_1B], k->first, k->rows, 1, false, one);
    multiply(k, d->part[LORA_HADA_2A], d->part[LORA_HADA_2B], k->first, k->rows, 1, false, two);
    for (size_t i = 0; i < n; i++) k->sum[i] += d->factor * (one[i] * two[i]);
}

static float *factor_values(const Chunk *k, const Factor *f)
{
    if (f->whole) return read_rows(k->a, f->whole, 0, f->rows);
    float *y = arena_alloc(k->a, f->rows * f->width * sizeof *y);
    multiply(k, f->left, f->right, 0, f->rows, 1, false, y);
    return y;
}

static void add_kronecker(const Chunk *k, const LoraDelta *d)
{
    Factor one, two;
    read_factor(d, LORA_KRON_1, LORA_KRON_1A, &one);
    read_factor(d, LORA_KRON_2, LORA_KRON_2A, &two);
    const float *left = factor_values(k, &one), *right = factor_values(k, &two);
    for (size_t r = 0; r < k->rows; r++) {
        size_t row = k->first + r;
        const float *l = left + row / two.rows * one.width;
        const float *v = right + row % two.rows * two.width;
        float *y = k->sum + r * k->width;
        for (size_t j = 0; j < one.width; j++)
            for (size_t i = 0; i < two.width; i++)
                y[j * two.width + i] += d->factor * (l[j] * v[i]);
    }
}

static void add(const Chunk *k, const LoraDelta *d)
{
    switch (d->kind) {
    case LORA_WHOLE: add_whole(k, d); break;
    case LORA_LOW_RANK:
        multiply(k, d->part[LORA_UP], d->part[LORA_DOWN], k->first, k->rows, d->factor, true,
                 k->sum);
        break;
    case LORA_HADAMARD: add_hadamard(k, d); break;
    case LORA_KRONECKER: add_kronecker(k, d); break;
    }
}

/* ---- reading and storing on all threads ---- */

typedef struct Sweep {
    const Chunk *k;
    const Tensor *from;
    char *to; /* NULL: reading */
    Type type;
} Sweep;

static void sweep_rows(void *ctx, size_t i, int worker)
{
    const Sweep *s = ctx;
    const Chunk *k = s->k;
    size_t row = i * TASK_ROWS, rows = size_min(TASK_ROWS, k->rows - row);
    float *sum = k->sum + row * k->width;
    (void)worker;
    if (s->to)
        convert_row(s->to + (k->first + row) * k->width * type_block_bytes(s->type), s->type, sum,
                    TYPE_F32, rows * k->width);
    else
        quant_read_rows(s->from, k->first + row, rows, sum);
}

Type lora_type(const Tensor *x, bool exact)
{
    bool vector = x->rank < 2 || rows_of(x) == 1;
    return exact || vector || x->type == TYPE_F32 ? TYPE_F32 : TYPE_BF16;
}

SoraStatus lora_add(const LoraDelta *d, size_t count, const Tensor *x, const Compute *c, bool exact,
                    Arena *results, Tensor *out)
{
    Tensor y = *x;
    size_t rows = rows_of(x), width = width_of(x), bytes;
    void *to;
    y.type = lora_type(x, exact);
    y.scale = NULL;
    TRY(tensor_bytes(y.type, y.rank, y.shape, &bytes));
    TRY(arena_try(results, bytes, &to));
    y.data = to;
    Arena *a = arena_new("lora", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory left to merge %s", d->file);
    size_t step = size_min(rows, size_max(CHUNK_VALUES / size_max(width, 1), 1));
    for (size_t first = 0; first < rows; first += step) {
        ArenaMark mark = arena_mark(a);
        Chunk k = { c, a, first, size_min(step, rows - first), width, NULL };
        k.sum = arena_alloc(a, k.rows * width * sizeof *k.sum);
        size_t tasks = size_ceil_div(k.rows, TASK_ROWS);
        parallel_for(c->pool, tasks, sweep_rows, &(Sweep){ &k, x, NULL, y.type });
        for (size_t i = 0; i < count; i++) add(&k, &d[i]);
        parallel_for(c->pool, tasks, sweep_rows, &(Sweep){ &k, NULL, to, y.type });
        arena_rewind(a, mark);
    }
    arena_free(a);
    *out = y;
    return SORA_OK;
}
