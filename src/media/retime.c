#include "media/retime.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

enum {
    STEP = 4,    /* pixels between blocks */
    REACH = 6,   /* a block is matched by the 12 x 12 pixels around its middle */
    LEVELS = 5,  /* of the pyramid: motion of up to about 2 * 16 pixels is found */
    PAD = 48,    /* pixels added around each level, so that a search never leaves it */
    SMOOTH = 20, /* what a pixel of difference from the prediction costs, in sums of differences */
    STILL = 12,  /* how much better than standing still a motion must be */
    SUMS = 5     /* of a pixel: colours, their weight, and what it is where the frames agree */
};

/* Brightness of a frame at one size, with a border. */
typedef struct Plane {
    size_t height, width, stride;
    uint8_t *at; /* pixel (0, 0) */
} Plane;

typedef struct Pyramid {
    int levels;
    Plane level[LEVELS];
} Pyramid;

typedef struct Vector {
    float x, y; /* how far a thing goes from one frame to the next, in pixels of the level */
} Vector;

typedef struct Field {
    size_t rows, columns;
    Vector *v;
} Field;

typedef struct Retime {
    const Clip *in;
    const double *at; /* [count] */
    size_t count;
    uint8_t *rgb;           /* [count, height, width, 3] */
    uint8_t *agree;         /* [count, height, width] or NULL */
    Pyramid *pyramid;       /* [frames] */
    Field *field, *scratch; /* [workers] room for the finest level */
    float *sum;             /* [workers, height, width, SUMS] */
    Vector *coarse;         /* [workers, blocks] the field one level above */
} Retime;

/* ---- pyramids ---- */

static SoraStatus new_plane(Arena *a, size_t height, size_t width, Plane *p)
{
    *p = (Plane){ height, width, width + 2 * PAD, NULL };
    void *bytes;
    TRY(arena_try(a, p->stride * (height + 2 * PAD), &bytes));
    p->at = (uint8_t *)bytes + PAD * p->stride + PAD;
    return SORA_OK;
}

static SoraStatus new_pyramid(Arena *a, size_t height, size_t width, Pyramid *p)
{
    p->levels = 0;
    for (int l = 0; l < LEVELS && (l == 0 || (height >= 8 && width >= 8)); l++) {
        TRY(new_plane(a, height, width, &p->level[l]));
        p->levels = l + 1;
        height = size_ceil_div(height, 2), width = size_ceil_div(width, 2);
    }
    return SORA_OK;
}

/* The edge goes on beyond the picture. */
static void fill_border(const Plane *p)
{
    for (size_t y = 0; y < p->height; y++) {
        uint8_t *row = p->at + y * p->stride;
        memset(row - PAD, row[0], PAD);
        memset(row + p->width, row[p->width - 1], PAD);
    }
    for (size_t k = 1; k <= PAD; k++) {
        memcpy(p->at - PAD - k * p->stride, p->at - PAD, p->stride);
        uint8_t *last = p->at - PAD + (p->height - 1) * p->stride;
        memcpy(last + k * p->stride, last, p->stride);
    }
}

static void halve(const Plane *from, const Plane *to)
{
    for (size_t y = 0; y < to->height; y++) {
        const uint8_t *a = from->at + 2 * y * from->stride, *b = a + from->stride;
        for (size_t x = 0; x < to->width; x++)
            to->at[y * to->stride + x] =
                (uint8_t)((a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) / 4);
    }
}

static void fill_pyramid(void *context, size_t f, int worker)
{
    (void)worker;
    const Retime *r = context;
    const Plane *p = &r->pyramid[f].level[0];
    const uint8_t *rgb = clip_frame(r->in, f);
    for (size_t y = 0; y < p->height; y++)
        for (size_t x = 0; x < p->width; x++, rgb += 3)
            p->at[y * p->stride + x] = (uint8_t)((77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]) >> 8);
    fill_border(p);
    for (int l = 1; l < r->pyramid[f].levels; l++) {
        halve(&r->pyramid[f].level[l - 1], &r->pyramid[f].level[l]);
        fill_border(&r->pyramid[f].level[l]);
    }
}

/* ---- matching ---- */

/* Two frames at one level, and where between them the new one is. */
typedef struct Pair {
    const Plane *before, *after;
    float part; /* 0: before, 1: after */
} Pair;

static int to_pixel(float x)
{
    return (int)lrintf(x);
}

/* Sum of differences of the windows that block (x, y) is made of if it moves by v. */
static int differ(const Pair *p, int x, int y, Vector v)
{
    int limit_x = (int)p->before->width - 1, limit_y = (int)p->before->height - 1;
    int x0 = x - to_pixel(p->part * v.x), y0 = y - to_pixel(p->part * v.y);
    int x1 = x + to_pixel((1 - p->part) * v.x), y1 = y + to_pixel((1 - p->part) * v.y);
    enum { OUT = PAD - REACH - 1 };
    if (x0 < -OUT || y0 < -OUT || x1 < -OUT || y1 < -OUT || x0 > limit_x + OUT ||
        x1 > limit_x + OUT || y0 > limit_y + OUT || y1 > limit_y + OUT)
        return 1 << 28;
    ptrdiff_t stride = (ptrdiff_t)p->before->stride;
    const uint8_t *a = p->before->at + (y0 - REACH) * stride + x0 - REACH;
    const uint8_t *b = p->after->at + (y1 - REACH) * stride + x1 - REACH;
    int sum = 0;
    for (int j = 0; j < 2 * REACH; j++, a += stride, b += stride)
        for (int i = 0; i < 2 * REACH; i++) sum += a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
    return sum;
}

/* Brightness between pixels; x and y may be up to PAD - 2 outside. */
static float sample(const Plane *p, float x, float y)
{
    x = fminf(fmaxf(x, -(PAD - 2)), (float)p->width + PAD - 3);
    y = fminf(fmaxf(y, -(PAD - 2)), (float)p->height + PAD - 3);
    float fx = floorf(x), fy = floorf(y), ax = x - fx, ay = y - fy;
    const uint8_t *at = p->at + (ptrdiff_t)fy * (ptrdiff_t)p->stride + (ptrdiff_t)fx;
    float top = at[0] + ax * (at[1] - at[0]);
    float low = at[p->stride] + ax * (at[p->stride + 1] - at[p->stride]);
    return top + ay * (low - top);
}

/* `differ` between pixels, on the middle of the window, scaled to the whole. */
static float differ_finely(const Pair *p, int x, int y, Vector v)
{
    float sum = 0;
    for (int j = -STEP; j < STEP; j++)
        for (int i = -STEP; i < STEP; i++) {
            float a =
                sample(p->before, (float)(x + i) - p->part * v.x, (float)(y + j) - p->part * v.y);
            float b = sample(p->after, (float)(x + i) + (1 - p->part) * v.x,
                             (float)(y + j) + (1 - p->part) * v.y);
            sum += fabsf(a - b);
        }
    return sum * (REACH * REACH) / (float)(STEP * STEP);
}

static float away(Vector a, Vector b)
{
    return fabsf(a.x - b.x) + fabsf(a.y - b.y);
}

typedef struct Best {
    Vector v;
    float cost;
} Best;

static void try_vector(const Pair *p, int x, int y, Vector v, Vector near, Best *best)
{
    float cost = (float)differ(p, x, y, v) + SMOOTH * away(v, near);
    if (v.x == 0 && v.y == 0) cost -= STILL;
    if (cost < best->cost) *best = (Best){ v, cost };
}

static Vector search(const Pair *p, const Field *f, size_t row, size_t column, Vector guess)
{
    int x = (int)(column * STEP + STEP / 2), y = (int)(row * STEP + STEP / 2);
    Best best = { guess, INFINITY };
    try_vector(p, x, y, guess, guess, &best);
    try_vector(p, x, y, (Vector){ 0, 0 }, guess, &best);
    const Vector *here = f->v + row * f->columns + column;
    if (column) try_vector(p, x, y, here[-1], guess, &best); /* found just before */
    if (row) try_vector(p, x, y, here[-(ptrdiff_t)f->columns], guess, &best);
    Vector middle = best.v;
    for (int dy = -2; dy <= 2; dy++)
        for (int dx = -2; dx <= 2; dx++) {
            Vector v = { middle.x + (float)dx, middle.y + (float)dy };
            try_vector(p, x, y, v, guess, &best);
        }
    return best.v;
}

static float median_of(float *x, int n)
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && x[j] < x[j - 1]; j--) {
            float swap = x[j];
            x[j] = x[j - 1], x[j - 1] = swap;
        }
    return x[n / 2];
}

/* Each vector becomes the median of its neighbourhood if that fits the pictures as well. */
static void smooth(const Pair *p, const Field *f, Vector *scratch)
{
    memcpy(scratch, f->v, f->rows * f->columns * sizeof *scratch);
    for (size_t row = 0; row < f->rows; row++)
        for (size_t column = 0; column < f->columns; column++) {
            float xs[9] = { 0 }, ys[9] = { 0 };
            int n = 0;
            for (size_t j = row ? row - 1 : 0; j <= row + 1 && j < f->rows; j++)
                for (size_t i = column ? column - 1 : 0; i <= column + 1 && i < f->columns; i++) {
                    xs[n] = scratch[j * f->columns + i].x;
                    ys[n++] = scratch[j * f->columns + i].y;
                }
            Vector m = { median_of(xs, n), median_of(ys, n) };
            Vector *own = f->v + row * f->columns + column;
            int x = (int)(column * STEP + STEP / 2), y = (int)(row * STEP + STEP / 2);
            int spare = 2 * REACH * 2 * REACH; /* one grey level a pixel */
            if (away(m, *own) > 0 && differ(p, x, y, m) <= differ(p, x, y, *own) + spare) *own = m;
        }
}

static Field field_of(const Plane *p, Vector *room)
{
    return (Field){ size_ceil_div(p->height, STEP), size_ceil_div(p->width, STEP), room };
}

/* From the smallest picture to the whole one; what a level finds is where the next one looks. */
static void find_motion(const Retime *r, size_t first, float part, int worker, Field *f)
{
    const Pyramid *before = &r->pyramid[first], *after = before + 1;
    Vector *coarse = r->coarse + (size_t)worker * r->field[worker].rows * r->field[worker].columns;
    Field above = { 0 };
    for (int l = before->levels - 1; l >= 0; l--) {
        Pair p = { &before->level[l], &after->level[l], part };
        *f = field_of(p.before, r->field[worker].v);
        for (size_t row = 0; row < f->rows; row++)
            for (size_t column = 0; column < f->columns; column++) {
                Vector guess = { 0, 0 };
                if (above.v) {
                    size_t j = size_min(row / 2, above.rows - 1);
                    guess = above.v[j * above.columns + size_min(column / 2, above.columns - 1)];
                    guess.x *= 2, guess.y *= 2;
                }
                f->v[row * f->columns + column] = search(&p, f, row, column, guess);
            }
        smooth(&p, f, r->scratch[worker].v);
        if (l) {
            memcpy(coarse, f->v, f->rows * f->columns * sizeof *coarse);
            above = (Field){ f->rows, f->columns, coarse };
        }
    }
}

/* Half and quarter pixels: what stands between a steady edge and one that shivers. */
static void refine(const Retime *r, size_t first, float part, Field *f)
{
    Pair p = { &r->pyramid[first].level[0], &r->pyramid[first + 1].level[0], part };
    for (size_t row = 0; row < f->rows; row++)
        for (size_t column = 0; column < f->columns; column++) {
            Vector *v = f->v + row * f->columns + column;
            int x = (int)(column * STEP + STEP / 2), y = (int)(row * STEP + STEP / 2);
            Vector start = *v;
            float least = differ_finely(&p, x, y, start) - STILL;
            if (least <= 0) continue;
            for (float d = 0.5f; d >= 0.25f; d /= 2) {
                Vector middle = *v;
                for (int k = 0; k < 8; k++) {
                    static const int8_t dx[8] = { 1, -1, 0, 0, 1, 1, -1, -1 };
                    static const int8_t dy[8] = { 0, 0, 1, -1, 1, -1, 1, -1 };
                    Vector t = { middle.x + d * dx[k], middle.y + d * dy[k] };
                    float cost = differ_finely(&p, x, y, t);
                    if (cost < least) least = cost, *v = t;
                }
            }
        }
}

/* ---- making the frame ---- */

static void sample_rgb(const Clip *c, size_t f, float x, float y, float out[3])
{
    x = fminf(fmaxf(x, 0), (float)c->width - 1);
    y = fminf(fmaxf(y, 0), (float)c->height - 1);
    size_t x0 = (size_t)x, y0 = (size_t)y;
    size_t right = x0 + 1 < c->width ? 3 : 0, down = y0 + 1 < c->height ? c->width * 3 : 0;
    float ax = x - (float)x0, ay = y - (float)y0;
    const uint8_t *at = clip_frame(c, f) + (y0 * c->width + x0) * 3;
    for (int k = 0; k < 3; k++) {
        float top = at[k] + ax * (at[right + k] - at[k]);
        float low = at[down + k] + ax * (at[down + right + k] - at[down + k]);
        out[k] = top + ay * (low - top);
    }
}

/* Windows of neighbouring blocks overlap by half. */
static void add_block(const Retime *r, size_t first, float part, size_t row, size_t column,
                      Vector v, float *sum)
{
    const Clip *c = r->in;
    int top = (int)(row * STEP) - STEP / 2, left = (int)(column * STEP) - STEP / 2;
    for (int j = 0; j < 2 * STEP; j++)
        for (int i = 0; i < 2 * STEP; i++) {
            int x = left + i, y = top + j;
            if (x < 0 || y < 0 || x >= (int)c->width || y >= (int)c->height) continue;
            float a[3], b[3], wide = 2 * STEP;
            float weight = (wide - fabsf((float)(2 * i + 1) - wide)) *
                           (wide - fabsf((float)(2 * j + 1) - wide));
            sample_rgb(c, first, (float)x - part * v.x, (float)y - part * v.y, a);
            sample_rgb(c, first + 1, (float)x + (1 - part) * v.x, (float)y + (1 - part) * v.y, b);
            float gap = fabsf(a[0] - b[0]) + fabsf(a[1] - b[1]) + fabsf(a[2] - b[2]);
            float *to = sum + ((size_t)y * c->width + (size_t)x) * SUMS;
            to[4] += weight;
            weight /= 1 + gap * gap * (1 / 36.0f); /* a path on which the frames disagree */
            for (int k = 0; k < 3; k++) to[k] += weight * ((1 - part) * a[k] + part * b[k]);
            to[3] += weight;
        }
}

static void between(const Retime *r, size_t first, float part, int worker, uint8_t *rgb,
                    uint8_t *agree)
{
    size_t pixels = r->in->height * r->in->width;
    float *sum = r->sum + (size_t)worker * pixels * SUMS;
    Field f = { 0 };
    find_motion(r, first, part, worker, &f);
    refine(r, first, part, &f);
    memset(sum, 0, pixels * SUMS * sizeof *sum);
    for (size_t row = 0; row < f.rows; row++)
        for (size_t column = 0; column < f.columns; column++)
            add_block(r, first, part, row, column, f.v[row * f.columns + column], sum);
    for (size_t i = 0; i < pixels; i++, sum += SUMS) {
        for (int k = 0; k < 3; k++) rgb[3 * i + k] = (uint8_t)(sum[k] / sum[3] + 0.5f);
        if (agree) agree[i] = (uint8_t)(255 * sum[3] / sum[4] + 0.5f);
    }
}

static void make_frame(void *context, size_t k, int worker)
{
    const Retime *r = context;
    double at = r->at[k];
    size_t first = (size_t)floor(at + 1e-6), last = r->in->frames - 1;
    double part = at - (double)first;
    size_t pixels = r->in->height * r->in->width;
    uint8_t *rgb = r->rgb + k * pixels * 3, *agree = r->agree ? r->agree + k * pixels : NULL;
    if (first < last && part >= 1e-3) {
        between(r, first, (float)part, worker, rgb, agree);
        return;
    }
    memcpy(rgb, clip_frame(r->in, size_min(first, last)), pixels * 3);
    if (agree) memset(agree, 255, pixels);
}

static SoraStatus new_fields(Retime *r, size_t workers, Arena *a)
{
    size_t rows = size_ceil_div(r->in->height, STEP), columns = size_ceil_div(r->in->width, STEP);
    r->field = arena_alloc(a, workers * sizeof *r->field);
    r->scratch = arena_alloc(a, workers * sizeof *r->scratch);
    void *room;
    TRY(arena_try(a, 3 * workers * rows * columns * sizeof(Vector), &room));
    Vector *v = room;
    for (size_t w = 0; w < workers; w++) {
        r->field[w] = (Field){ rows, columns, v + w * rows * columns };
        r->scratch[w] = (Field){ rows, columns, v + (workers + w) * rows * columns };
    }
    r->coarse = v + 2 * workers * rows * columns;
    TRY(arena_try(a, workers * r->in->height * r->in->width * SUMS * sizeof(float), &room));
    r->sum = room;
    return SORA_OK;
}

static SoraStatus run(Retime *r, Pool *pool, Arena *a)
{
    void *pyramid;
    TRY(arena_try(a, r->in->frames * sizeof *r->pyramid, &pyramid));
    r->pyramid = pyramid;
    for (size_t f = 0; f < r->in->frames; f++)
        TRY(new_pyramid(a, r->in->height, r->in->width, &r->pyramid[f]));
    TRY(new_fields(r, (size_t)pool_threads(pool), a));
    parallel_for(pool, r->in->frames, fill_pyramid, r);
    parallel_for(pool, r->count, make_frame, r);
    return SORA_OK;
}

SoraStatus retime_at(const Clip *in, const double *at, size_t count, Pool *pool, Arena *a,
                     uint8_t *rgb, uint8_t *agree)
{
    Retime r = { .in = in, .at = at, .count = count, .rgb = rgb, .agree = agree };
    ArenaMark mark = arena_mark(a);
    SoraStatus s = run(&r, pool, a);
    arena_rewind(a, mark);
    return s;
}

SoraStatus retime_between(const uint8_t *before, const uint8_t *after, size_t height, size_t width,
                          const double *at, size_t count, Pool *pool, Arena *a, uint8_t *rgb,
                          uint8_t *agree)
{
    Clip ends;
    ArenaMark mark = arena_mark(a);
    TRY(clip_new(a, 2, height, width, 1, &ends));
    memcpy(clip_frame(&ends, 0), before, height * width * 3);
    memcpy(clip_frame(&ends, 1), after, height * width * 3);
    SoraStatus s = retime_at(&ends, at, count, pool, a, rgb, agree);
    arena_rewind(a, mark);
    return s;
}

SoraStatus retime_clip(const Clip *in, double fps, Pool *pool, Arena *a, Clip *out)
{
    if (in->fps == 0 || in->frames == 1 || fps == in->fps) {
        *out = *in;
        return SORA_OK;
    }
    if (!(fps >= 0.1 && fps <= 1000))
        return err_set(SORA_E_ARGUMENT, "%g frames a second, it must be 0.1 to 1000", fps);
    double frames = fmax(1, rint((double)in->frames * fps / in->fps));
    if (frames > CLIP_FRAMES_MAX)
        return err_set(SORA_E_ARGUMENT, "%.0f frames, at most %d", frames, CLIP_FRAMES_MAX);
    TRY(clip_new(a, (size_t)frames, in->height, in->width, fps, out));
    ArenaMark mark = arena_mark(a);
    double *at = arena_alloc(a, out->frames * sizeof *at);
    for (size_t k = 0; k < out->frames; k++) at[k] = (double)k * in->fps / fps;
    SoraStatus s = retime_at(in, at, out->frames, pool, a, out->rgb, NULL);
    arena_rewind(a, mark);
    return s;
}
