#include "media/retime.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

enum {
    STEP = 4,          /* pixels between blocks */
    REACH = 6,         /* a block is matched by the 12 x 12 pixels around its middle */
    WINDOW = 2 * STEP, /* and finely by those in the middle of them */
    LEVELS = 5,        /* of the pyramid: motion of up to about 2 * 16 pixels is found */
    PAD = 48,          /* pixels added around each level, so that a search never leaves it */
    SMOOTH = 20,  /* what a pixel of difference from the prediction costs, in sums of differences */
    STILL = 12,   /* how much better than standing still a motion must be */
    AT_ONCE = 16, /* frames that are made together */
    BAND = 16,    /* rows that are blended together */
    SUMS = 5      /* of a pixel: colours, their weight, and what it is where the frames agree */
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
    uint8_t *rgb;     /* [count, height, width, 3] */
    uint8_t *agree;   /* [count, height, width] or NULL */
    Pyramid *pyramid; /* [frames] */
    size_t made;      /* frames of `count` that are done; those after it are in the making */
    Field *field;     /* [AT_ONCE] their motion */
    Vector *scratch;  /* [workers, 2, blocks] */
    float *sum;       /* [workers, BAND, width, SUMS] */
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

enum { ANY = 1 << 28 };

/* Sum of differences of the windows that block (x, y) is made of if it moves by v; rows behind the
 * one where it passes `most` are not added. */
static int differ(const Pair *p, int x, int y, Vector v, int most)
{
    int limit_x = (int)p->before->width - 1, limit_y = (int)p->before->height - 1;
    int x0 = x - to_pixel(p->part * v.x), y0 = y - to_pixel(p->part * v.y);
    int x1 = x + to_pixel((1 - p->part) * v.x), y1 = y + to_pixel((1 - p->part) * v.y);
    enum { OUT = PAD - REACH - 1 };
    if (x0 < -OUT || y0 < -OUT || x1 < -OUT || y1 < -OUT || x0 > limit_x + OUT ||
        x1 > limit_x + OUT || y0 > limit_y + OUT || y1 > limit_y + OUT)
        return ANY;
    ptrdiff_t stride = (ptrdiff_t)p->before->stride;
    const uint8_t *a = p->before->at + (y0 - REACH) * stride + x0 - REACH;
    const uint8_t *b = p->after->at + (y1 - REACH) * stride + x1 - REACH;
    int sum = 0;
    for (int j = 0; j < 2 * REACH && sum <= most; j++, a += stride, b += stride)
        for (int i = 0; i < 2 * REACH; i++) sum += a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
    return sum;
}

/* Brightness between pixels, of the middle of the window whose first pixel is at (x, y): all of it
 * is the same part of a pixel away. */
static void window_at(const Plane *p, float x, float y, float out[WINDOW][WINDOW])
{
    x = fminf(fmaxf(x, -(PAD - 2)), (float)p->width + PAD - WINDOW - 2);
    y = fminf(fmaxf(y, -(PAD - 2)), (float)p->height + PAD - WINDOW - 2);
    float fx = floorf(x), fy = floorf(y), right = x - fx, down = y - fy;
    const uint8_t *at = p->at + (ptrdiff_t)fy * (ptrdiff_t)p->stride + (ptrdiff_t)fx;
    float row[WINDOW + 1][WINDOW];
    for (int j = 0; j <= WINDOW; j++, at += p->stride)
        for (int i = 0; i < WINDOW; i++)
            row[j][i] = (float)at[i] + right * (float)(at[i + 1] - at[i]);
    for (int j = 0; j < WINDOW; j++)
        for (int i = 0; i < WINDOW; i++) out[j][i] = row[j][i] + down * (row[j + 1][i] - row[j][i]);
}

/* `differ` between pixels, on the middle of the window, scaled to the whole. */
static float differ_finely(const Pair *p, int x, int y, Vector v)
{
    float a[WINDOW][WINDOW], b[WINDOW][WINDOW], sum[WINDOW] = { 0 }, all = 0;
    float left = (float)(x - STEP), top = (float)(y - STEP), rest = 1 - p->part;
    window_at(p->before, left - p->part * v.x, top - p->part * v.y, a);
    window_at(p->after, left + rest * v.x, top + rest * v.y, b);
    for (int j = 0; j < WINDOW; j++)
        for (int i = 0; i < WINDOW; i++) sum[i] += fabsf(a[j][i] - b[j][i]);
    for (int i = 0; i < WINDOW; i++) all += sum[i];
    return all * (REACH * REACH) / (float)(STEP * STEP);
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
    float price = SMOOTH * away(v, near) - (v.x == 0 && v.y == 0 ? STILL : 0);
    int most = (int)fminf(best->cost - price, ANY);
    float cost = (float)differ(p, x, y, v, most) + price;
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
            if (away(m, *own) == 0) continue;
            int most = differ(p, x, y, *own, ANY) + spare;
            if (differ(p, x, y, m, most) <= most) *own = m;
        }
}

static Field field_of(const Plane *p, Vector *room)
{
    return (Field){ size_ceil_div(p->height, STEP), size_ceil_div(p->width, STEP), room };
}

/* Blocks of the whole picture. */
static size_t rows_of(const Clip *c)
{
    return size_ceil_div(c->height, STEP);
}

static size_t blocks_of(const Clip *c)
{
    return rows_of(c) * size_ceil_div(c->width, STEP);
}

/* Frame number i of those in the making: the source's frame before it, and how far from there to
 * the next. False: it is a frame of the source. */
static bool between(const Retime *r, size_t i, size_t *first, float *part)
{
    double at = r->at[r->made + i];
    *first = (size_t)floor(at + 1e-6);
    *part = (float)(at - (double)*first);
    return *first < r->in->frames - 1 && at - (double)*first >= 1e-3;
}

/* From the smallest picture to the whole one; what a level finds is where the next one looks. */
static void find_motion(void *context, size_t i, int worker)
{
    const Retime *r = context;
    size_t first, blocks = blocks_of(r->in);
    float part;
    if (!between(r, i, &first, &part)) return;
    const Pyramid *before = &r->pyramid[first], *after = before + 1;
    Vector *scratch = r->scratch + (size_t)worker * 2 * blocks, *coarse = scratch + blocks;
    Field above = { 0 }, *f = &r->field[i];
    for (int l = before->levels - 1; l >= 0; l--) {
        Pair p = { &before->level[l], &after->level[l], part };
        *f = field_of(p.before, f->v);
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
        smooth(&p, f, scratch);
        if (l) {
            memcpy(coarse, f->v, f->rows * f->columns * sizeof *coarse);
            above = (Field){ f->rows, f->columns, coarse };
        }
    }
}

/* Half and quarter pixels: what stands between a steady edge and one that shivers. */
static void refine(const Pair *p, int x, int y, Vector *v)
{
    static const int8_t dx[8] = { 1, -1, 0, 0, 1, 1, -1, -1 };
    static const int8_t dy[8] = { 0, 0, 1, -1, 1, -1, 1, -1 };
    float least = differ_finely(p, x, y, *v) - STILL;
    for (float d = 0.5f; least > 0 && d >= 0.25f; d /= 2) {
        Vector middle = *v;
        for (int k = 0; k < 8; k++) {
            Vector t = { middle.x + d * (float)dx[k], middle.y + d * (float)dy[k] };
            float cost = differ_finely(p, x, y, t);
            if (cost < least) least = cost, *v = t;
        }
    }
}

/* One row of blocks of one frame. */
static void refine_row(void *context, size_t i, int worker)
{
    const Retime *r = context;
    size_t rows = rows_of(r->in), row = i % rows, first;
    const Field *f = &r->field[i / rows];
    float part;
    (void)worker;
    if (!between(r, i / rows, &first, &part)) return;
    Pair p = { &r->pyramid[first].level[0], &r->pyramid[first + 1].level[0], part };
    for (size_t column = 0; column < f->columns; column++)
        refine(&p, (int)(column * STEP + STEP / 2), (int)(row * STEP + STEP / 2),
               f->v + row * f->columns + column);
}

/* ---- making the frame ---- */

/* The pixels of a frame under the window whose first is at (x, y); the edge goes on beyond it. */
typedef struct Under {
    const uint8_t *at;
    size_t row[WINDOW + 1], column[WINDOW + 1]; /* bytes from `at` */
    float right, down;                          /* part of a pixel that all of it is away */
} Under;

static Under under(const Clip *c, size_t f, float x, float y)
{
    Under u = { .at = clip_frame(c, f) };
    float fx = floorf(x), fy = floorf(y);
    u.right = x - fx, u.down = y - fy;
    for (int k = 0; k <= WINDOW; k++) {
        u.row[k] = size_inside((ptrdiff_t)fy + k, c->height) * c->width * 3;
        u.column[k] = size_inside((ptrdiff_t)fx + k, c->width) * 3;
    }
    return u;
}

static void sample_rgb(const Under *u, int j, int i, float out[3])
{
    const uint8_t *top = u->at + u->row[j], *low = u->at + u->row[j + 1];
    size_t here = u->column[i], next = u->column[i + 1];
    for (size_t k = 0; k < 3; k++) {
        float above = (float)top[here + k] + u->right * (float)(top[next + k] - top[here + k]);
        float below = (float)low[here + k] + u->right * (float)(low[next + k] - low[here + k]);
        out[k] = above + u->down * (below - above);
    }
}

/* Rows [top, low) of a frame `part` of the way from frame `first` to the next. */
typedef struct Band {
    size_t first, top, low;
    float part;
    float *sum; /* [low - top, width, SUMS] */
} Band;

/* Windows of neighbouring blocks overlap by half. */
static void add_block(const Clip *c, const Band *band, size_t row, size_t column, Vector v)
{
    int top = (int)(row * STEP) - STEP / 2, left = (int)(column * STEP) - STEP / 2;
    float part = band->part, rest = 1 - part;
    Under before = under(c, band->first, (float)left - part * v.x, (float)top - part * v.y);
    Under after = under(c, band->first + 1, (float)left + rest * v.x, (float)top + rest * v.y);
    for (int j = 0; j < WINDOW; j++)
        for (int i = 0; i < WINDOW; i++) {
            int x = left + i, y = top + j;
            if (x < 0 || y < (int)band->top || x >= (int)c->width || y >= (int)band->low) continue;
            float a[3], b[3], wide = WINDOW;
            float weight = (wide - fabsf((float)(2 * i + 1) - wide)) *
                           (wide - fabsf((float)(2 * j + 1) - wide));
            sample_rgb(&before, j, i, a);
            sample_rgb(&after, j, i, b);
            float gap = fabsf(a[0] - b[0]) + fabsf(a[1] - b[1]) + fabsf(a[2] - b[2]);
            float *to = band->sum + (((size_t)y - band->top) * c->width + (size_t)x) * SUMS;
            to[4] += weight;
            weight /= 1 + gap * gap * (1 / 36.0f); /* a path on which the frames disagree */
            for (int k = 0; k < 3; k++) to[k] += weight * (rest * a[k] + part * b[k]);
            to[3] += weight;
        }
}

static void blend(const Clip *c, const Field *f, const Band *band, uint8_t *rgb, uint8_t *agree)
{
    size_t pixels = (band->low - band->top) * c->width;
    size_t above = (band->top + STEP / 2) / STEP, last = (band->low - 1 + STEP / 2) / STEP;
    const float *sum = band->sum;
    memset(band->sum, 0, pixels * SUMS * sizeof *sum);
    for (size_t row = above - size_min(above, 1); row <= last && row < f->rows; row++)
        for (size_t column = 0; column < f->columns; column++)
            add_block(c, band, row, column, f->v[row * f->columns + column]);
    for (size_t i = 0; i < pixels; i++, sum += SUMS) {
        for (int k = 0; k < 3; k++) rgb[3 * i + k] = (uint8_t)(sum[k] / sum[3] + 0.5f);
        if (agree) agree[i] = (uint8_t)(255 * sum[3] / sum[4] + 0.5f);
    }
}

/* One band of one frame. */
static void make_band(void *context, size_t i, int worker)
{
    const Retime *r = context;
    const Clip *c = r->in;
    size_t bands = size_ceil_div(c->height, BAND), frame = i / bands;
    Band b = { .top = i % bands * BAND };
    b.low = size_min(c->height, b.top + BAND);
    b.sum = r->sum + (size_t)worker * BAND * c->width * SUMS;
    size_t at = b.top * c->width, pixels = (b.low - b.top) * c->width;
    size_t out = (r->made + frame) * c->height * c->width + at;
    uint8_t *rgb = r->rgb + out * 3, *agree = r->agree ? r->agree + out : NULL;
    if (between(r, frame, &b.first, &b.part)) {
        blend(c, &r->field[frame], &b, rgb, agree);
        return;
    }
    memcpy(rgb, clip_frame(c, size_min(b.first, c->frames - 1)) + at * 3, pixels * 3);
    if (agree) memset(agree, 255, pixels);
}

static SoraStatus new_fields(Retime *r, size_t workers, Arena *a)
{
    size_t blocks = blocks_of(r->in), fields = size_min(r->count, AT_ONCE);
    void *room;
    r->field = arena_zero(a, fields * sizeof *r->field);
    TRY(arena_try(a, (fields + 2 * workers) * blocks * sizeof(Vector), &room));
    for (size_t k = 0; k < fields; k++) r->field[k].v = (Vector *)room + k * blocks;
    r->scratch = (Vector *)room + fields * blocks;
    TRY(arena_try(a, workers * BAND * r->in->width * SUMS * sizeof(float), &room));
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
    size_t rows = rows_of(r->in), bands = size_ceil_div(r->in->height, BAND);
    for (r->made = 0; r->made < r->count; r->made += AT_ONCE) {
        size_t count = size_min(AT_ONCE, r->count - r->made);
        parallel_for(pool, count, find_motion, r);
        parallel_for(pool, count * rows, refine_row, r);
        parallel_for(pool, count * bands, make_band, r);
    }
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
