/* Frames through the layers of an autoencoder, one by one. A layer that looks back keeps the last
 * frames it saw; buffers of frames that nobody needs any more are used again. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "model/vae_parts.h"
#include "tensor/rows.h"

/* BAND: so many numbers are normalised before SiLU goes over them, while they are in the cache. */
enum { PAST = 2, SCORES_BYTES = 16 << 20, BAND = 1 << 19 };

typedef struct State {
    VaeFrame *past[2][PAST]; /* of both convolutions, the older one first; VAE_STAGE: its input */
    size_t seen;             /* frames that came */
    size_t made;             /* frames that left */
    size_t since;            /* VAE_STAGE: frames that reached its end since the last one came */
} State;

struct VaeStream {
    const VaeHalf *half;
    const VaeRun *run;
    const Compute *c;
    size_t first, end;
    bool measure;
    size_t bytes; /* of all frames there are, as the arena counts them */
    State *state; /* [layers of the half] */
    VaeFrame *free;
    VaeSinkFn sink;
    void *sink_self;
};

SoraStatus vae_stream_new(const VaeHalf *half, size_t first, size_t end, const VaeRun *run,
                          bool measure, VaeStream **out)
{
    VaeStream *s = arena_zero(run->step, sizeof *s);
    *s = (VaeStream){ .half = half, .run = run, .c = run->compute, .first = first, .end = end };
    s->measure = measure;
    s->state = arena_zero(run->step, half->count * sizeof *s->state);
    *out = s;
    return SORA_OK;
}

void vae_stream_sink(VaeStream *s, VaeSinkFn sink, void *self)
{
    s->sink = sink;
    s->sink_self = self;
}

size_t vae_stream_bytes(const VaeStream *s)
{
    return s->bytes;
}

/* ---- frames ------------------------------------------------------------------------------ */

static size_t positions(const VaeFrame *f)
{
    return f->height * f->width;
}

static Type hidden(const VaeStream *s)
{
    return encoder_type(s->run->precision);
}

/* A frame of the size of `like`, which its owner gives back with release. */
static SoraStatus frame_new(VaeStream *s, const VaeFrame *like, size_t channels, Type type,
                            VaeFrame **out)
{
    size_t bytes;
    if (!size_mul(like->height, like->width, &bytes) || !size_mul(bytes, channels, &bytes) ||
        !size_mul(bytes, type_block_bytes(type), &bytes))
        return err_set(SORA_E_MEMORY, "a frame of %zu x %zu with %zu channels does not fit",
                       like->height, like->width, channels);
    VaeFrame **at = &s->free;
    while (*at && (*at)->bytes != bytes) at = &(*at)->next;
    VaeFrame *f = *at;
    if (f) {
        *at = f->next;
    } else {
        f = arena_zero(s->run->step, sizeof *f);
        if (!s->measure) TRY(arena_try(s->run->step, bytes, &f->data));
        s->bytes += size_round_up(bytes, ARENA_ALIGN) + ARENA_ALIGN;
    }
    void *data = f->data;
    *f = *like;
    f->data = data;
    f->bytes = bytes;
    f->channels = channels;
    f->type = type;
    f->owners = 1;
    f->next = NULL;
    *out = f;
    return SORA_OK;
}

SoraStatus vae_stream_frame(VaeStream *s, const VaeFrame *like, VaeFrame **out)
{
    return frame_new(s, like, like->channels, TYPE_F32, out);
}

static VaeFrame *keep(VaeFrame *f)
{
    f->owners++;
    return f;
}

static void release(VaeStream *s, VaeFrame *f)
{
    if (!f || --f->owners) return;
    f->next = s->free;
    s->free = f;
}

/* Remembers f, which is taken over, in place of the oldest. */
static void remember(VaeStream *s, VaeFrame *past[PAST], VaeFrame *f)
{
    release(s, past[0]);
    past[0] = past[1];
    past[1] = f;
}

static Rows frame_rows(const VaeFrame *f)
{
    return (Rows){ .data = f->data, .type = f->type, .stride = f->channels };
}

/* ---- convolutions ------------------------------------------------------------------------ */

typedef enum Grid { SAME, HALF, TWICE } Grid;

/* Zeros stand around the whole frame only: where a part ends inside of it, the result is smaller
 * by what cannot be computed. */
static Conv3dShape shape_of(const VaeConv *k, const VaeFrame *x, Grid grid)
{
    Conv3dShape s = { .in = k->in,
                      .out = k->out,
                      .stride = { 1, 1, 1 },
                      .size = { k->kernel[0], x->height, x->width },
                      .enlarge = grid == TWICE };
    memcpy(s.kernel, k->kernel, sizeof s.kernel);
    if (grid == HALF) s.stride[CONV3D_H] = s.stride[CONV3D_W] = 2;
    size_t reach = k->kernel[CONV3D_H] / 2;
    if (grid != HALF && x->y == 0) s.pad[CONV3D_H][0] = reach;
    if (grid != HALF && x->x == 0) s.pad[CONV3D_W][0] = reach;
    if (x->y + x->height == x->all_height) s.pad[CONV3D_H][1] = reach;
    if (x->x + x->width == x->all_width) s.pad[CONV3D_W][1] = reach;
    return s;
}

/* The part that comes out. */
static VaeFrame part_of(const Conv3dShape *s, const VaeFrame *x, Grid grid)
{
    size_t up = grid == TWICE ? 2 : 1, down = grid == HALF ? 2 : 1;
    size_t reach = grid == HALF ? 0 : s->kernel[CONV3D_H] / 2;
    VaeFrame y = *x;
    y.height = conv3d_size(s, CONV3D_H);
    y.width = conv3d_size(s, CONV3D_W);
    y.y = x->y * up / down + reach - s->pad[CONV3D_H][0];
    y.x = x->x * up / down + reach - s->pad[CONV3D_W][0];
    if (grid == HALF) y.y = x->y / 2, y.x = x->x / 2;
    y.all_height = x->all_height * up / down;
    y.all_width = x->all_width * up / down;
    return y;
}

/* y of `type` from the frames that a kernel sees, x[kernel[0] - 1] being the last, earlier ones may
 * be NULL. `residual` (or NULL) is taken over: where nobody else owns it, it becomes y. */
static SoraStatus convolve(VaeStream *s, const VaeConv *k, VaeFrame *const *x, Grid grid, Type type,
                           VaeFrame *residual, VaeFrame **out)
{
    const VaeFrame *last = x[k->kernel[0] - 1];
    Conv3dShape shape = shape_of(k, last, grid);
    VaeFrame part = part_of(&shape, last, grid), *y = residual;
    bool in_place = residual && residual->owners == 1 && residual->height == part.height &&
                    residual->width == part.width;
    if (!in_place) TRY(frame_new(s, &part, k->out, type, &y));
    const void *from[CONV3D_KERNEL_MAX];
    for (size_t i = 0; i < k->kernel[0]; i++) from[i] = x[i] ? x[i]->data : NULL;
    void *to = y->data;
    const float *add = NULL;
    Conv3dCall call = { .shape = shape,
                        .precision = s->run->precision,
                        .x = from,
                        .x_type = last->type,
                        .weight = k->weight,
                        .bias = k->bias,
                        .y = &to,
                        .y_type = type };
    if (residual) {
        assert(residual->type == TYPE_F32 && residual->channels == k->out);
        call.residual_pitch = residual->width * k->out;
        size_t row = part.y - residual->y, column = part.x - residual->x;
        add = (const float *)residual->data;
        if (!s->measure) add += row * call.residual_pitch + column * k->out;
        call.residual = &add;
    }
    if (!s->measure) conv3d(s->c, &call);
    if (residual && !in_place) release(s, residual);
    *out = y;
    return SORA_OK;
}

/* Through a causal convolution over what it remembers and x, which it then remembers. */
static SoraStatus convolve_on(VaeStream *s, const VaeConv *k, VaeFrame *past[PAST], VaeFrame *x,
                              Type type, VaeFrame *residual, VaeFrame **out)
{
    VaeFrame *seen[] = { past[0], past[1], x };
    if (k->kernel[0] == 1) {
        TRY(convolve(s, k, &x, SAME, type, residual, out));
        release(s, x);
        return SORA_OK;
    }
    assert(k->kernel[0] == PAST + 1);
    TRY(convolve(s, k, seen, SAME, type, residual, out));
    remember(s, past, x);
    return SORA_OK;
}

/* x / max(|x|, 1e-12) * sqrt(channels) * gamma; SiLU after it where `silu` says so. */
static SoraStatus normalise(VaeStream *s, const VaeFrame *x, const float *gamma, bool silu,
                            VaeFrame **out)
{
    TRY(frame_new(s, x, x->channels, hidden(s), out));
    if (s->measure) return SORA_OK;
    size_t n = x->channels, row = x->width * n, band = size_max(BAND / row, 1);
    Rows from = frame_rows(x), y = frame_rows(*out);
    for (size_t at = 0, rows; at < x->height; at += rows) {
        rows = size_min(band, x->height - at);
        rows_norm(s->c, &(RowsNorm){ .rows = rows * x->width,
                                     .width = n,
                                     .rms = true,
                                     .least = 1e-24f / (float)n,
                                     .x = from,
                                     .y = y,
                                     .scale = gamma,
                                     .table_stride = n });
        /* whole lines: what is computed of each number asks for no borders */
        Rows line = { y.data, y.type, row };
        if (silu)
            rows_map(s->c, &(RowsMap){
                               .op = ROWS_SILU, .rows = rows, .width = row, .y = line, .a = line });
        from.data = (char *)from.data + rows * row * type_block_bytes(from.type);
        y.data = (char *)y.data + rows * row * type_block_bytes(y.type);
    }
    return SORA_OK;
}

/* ---- attention --------------------------------------------------------------------------- */

/* Of some positions, `at` on, to all: a block of scores, their softmax, and the values' mean. */
static void attend_block(const VaeStream *s, const VaeFrame *qkv, size_t at, size_t rows,
                         float *scores, VaeFrame *mixed)
{
    size_t n = positions(qkv), width = mixed->channels, bytes = type_block_bytes(qkv->type);
    const char *q = (const char *)qkv->data + at * 3 * width * bytes;
    const char *k = (const char *)qkv->data + width * bytes, *v = k + width * bytes;
    Rows score = rows_f32(scores, n);
    gemm(s->c, &(GemmCall){ .m = rows,
                            .n = n,
                            .k = width,
                            .a = { q, qkv->type, 3 * width, false },
                            .b = { k, qkv->type, 3 * width, true },
                            .c = scores,
                            .c_stride = n,
                            .precision = s->run->precision });
    rows_map(s->c, &(RowsMap){ .op = ROWS_SCALE,
                               .rows = rows,
                               .width = n,
                               .y = score,
                               .a = score,
                               .factor = 1 / sqrtf((float)width) });
    rows_softmax(s->c, score, score, rows, n);
    gemm(s->c, &(GemmCall){ .m = rows,
                            .n = width,
                            .k = n,
                            .a = { scores, TYPE_F32, n, false },
                            .b = { v, qkv->type, 3 * width, false },
                            .c = (char *)mixed->data + at * width * bytes,
                            .c_type = mixed->type,
                            .c_stride = width,
                            .precision = s->run->precision });
}

static SoraStatus attend(VaeStream *s, const VaeFrame *qkv, VaeFrame **out)
{
    size_t n = positions(qkv), block = size_min(n, size_max(SCORES_BYTES / n / 4, 1));
    VaeFrame *scores;
    TRY(frame_new(s, qkv, qkv->channels / 3, hidden(s), out));
    TRY(frame_new(s, &(VaeFrame){ .height = block, .width = n }, 1, TYPE_F32, &scores));
    for (size_t at = 0; at < n && !s->measure; at += block)
        attend_block(s, qkv, at, size_min(block, n - at), scores->data, *out);
    release(s, scores);
    return SORA_OK;
}

static SoraStatus run_attention(VaeStream *s, const VaeLayer *y, VaeFrame *x, VaeFrame **out)
{
    VaeFrame *normed, *qkv, *mixed;
    TRY(normalise(s, x, y->gamma[0], false, &normed));
    TRY(convolve(s, &y->conv[0], &normed, SAME, hidden(s), NULL, &qkv));
    release(s, normed);
    TRY(attend(s, qkv, &mixed));
    release(s, qkv);
    TRY(convolve(s, &y->conv[1], &mixed, SAME, TYPE_F32, x, out));
    release(s, mixed);
    return SORA_OK;
}

/* ---- blocks ------------------------------------------------------------------------------ */

static SoraStatus run_residual(VaeStream *s, const VaeLayer *y, State *t, VaeFrame *x,
                               VaeFrame **out)
{
    VaeFrame *normed, *middle, *around = x;
    TRY(normalise(s, x, y->gamma[0], true, &normed));
    if (y->conv[2].weight) {
        TRY(convolve(s, &y->conv[2], &x, SAME, TYPE_F32, NULL, &around));
        release(s, x);
    }
    TRY(convolve_on(s, &y->conv[0], t->past[0], normed, hidden(s), NULL, &middle));
    TRY(normalise(s, middle, y->gamma[1], true, &normed));
    release(s, middle);
    return convolve_on(s, &y->conv[1], t->past[1], normed, TYPE_F32, around, out);
}

static SoraStatus run_head(VaeStream *s, const VaeLayer *y, State *t, VaeFrame *x, VaeFrame **out)
{
    VaeFrame *normed;
    TRY(normalise(s, x, y->gamma[0], true, &normed));
    release(s, x);
    return convolve_on(s, &y->conv[0], t->past[0], normed, TYPE_F32, NULL, out);
}

static SoraStatus leave(VaeStream *s, size_t i, VaeFrame *x);

/* The first frame stays alone, every later one becomes two; the first is not seen by them. */
static SoraStatus run_up(VaeStream *s, size_t i, VaeFrame *x)
{
    const VaeLayer *y = &s->half->layer[i];
    State *t = &s->state[i];
    bool doubles = y->conv[1].weight && t->seen++ > 0;
    VaeFrame *seen[] = { t->past[0][0], t->past[0][1], x }, *frame, *large;
    for (size_t k = 1; k <= (doubles ? 2 : 1); k++) {
        frame = x;
        if (doubles) TRY(convolve(s, &y->conv[k], seen, SAME, TYPE_F32, NULL, &frame));
        TRY(convolve(s, &y->conv[0], &frame, TWICE, TYPE_F32, NULL, &large));
        if (doubles) release(s, frame);
        TRY(leave(s, i, large));
    }
    if (doubles)
        remember(s, t->past[0], x);
    else
        release(s, x);
    return SORA_OK;
}

/* The first frame stays alone, then two become one, which looks at the one before them too. */
static SoraStatus run_down(VaeStream *s, size_t i, VaeFrame *x)
{
    const VaeLayer *y = &s->half->layer[i];
    State *t = &s->state[i];
    VaeFrame *small, *out;
    TRY(convolve(s, &y->conv[0], &x, HALF, TYPE_F32, NULL, &small));
    release(s, x);
    if (!y->conv[1].weight) return leave(s, i, small);
    size_t at = t->seen++;
    if (at % 2 == 0 && at > 0) {
        VaeFrame *seen[] = { t->past[0][0], t->past[0][1], small };
        TRY(convolve(s, &y->conv[1], seen, SAME, TYPE_F32, NULL, &out));
        remember(s, t->past[0], small);
        return leave(s, i, out);
    }
    remember(s, t->past[0], small);
    return at == 0 ? leave(s, i, keep(small)) : SORA_OK;
}

/* ---- shortcuts around stages ------------------------------------------------------------- */

typedef struct Shortcut {
    const VaeLayer *end;
    const VaeFrame *from[PAST]; /* NULL: zeros */
    size_t turn;                /* up: which of the frames that one becomes */
    VaeFrame *to;
} Shortcut;

/* to[o] += mean of a group of input channels at the places that become this one: flat index
 * ((c * time + t) * space + dy) * space + dx (wan/modules/vae2_2.py, AvgDown3D). */
static void average_row(void *ctx, size_t row, int worker)
{
    const Shortcut *k = ctx;
    const VaeLayer *e = k->end;
    size_t many = e->time * e->space * e->space, group = e->in * many / e->out;
    float *to = (float *)k->to->data + row * k->to->width * e->out;
    (void)worker;
    for (size_t i = 0; i < k->to->width * e->out; i++) {
        size_t x = k->to->x + i / e->out, first = i % e->out * group;
        float sum = 0;
        for (size_t g = first; g < first + group; g++) {
            size_t c = g / many, t = g / (e->space * e->space) % e->time,
                   dy = g / e->space % e->space;
            const VaeFrame *f = k->from[PAST - e->time + t];
            if (!f) continue;
            size_t at = (k->to->y + row) * e->space + dy - f->y;
            at = at * f->width + x * e->space + g % e->space - f->x;
            sum += ((const float *)f->data)[at * e->in + c];
        }
        to[i] += sum / (float)group;
    }
}

/* to[o] += the channel that is repeated there: the same index over output channels, each input
 * channel standing for so many in a row (DupUp3D). */
static void repeat_row(void *ctx, size_t row, int worker)
{
    const Shortcut *k = ctx;
    const VaeLayer *e = k->end;
    const VaeFrame *f = k->from[PAST - 1];
    size_t many = e->time * e->space * e->space, times = e->out * many / e->in;
    size_t y = k->to->y + row;
    float *to = (float *)k->to->data + row * k->to->width * e->out;
    (void)worker;
    for (size_t i = 0; i < k->to->width; i++, to += e->out) {
        size_t x = k->to->x + i, at = (y / e->space - f->y) * f->width + x / e->space - f->x;
        const float *from = (const float *)f->data + at * e->in;
        size_t place = (k->turn * e->space + y % e->space) * e->space + x % e->space;
        for (size_t o = 0; o < e->out; o++) to[o] += from[(o * many + place) / times];
    }
}

static SoraStatus copy_shared(VaeStream *s, VaeFrame *x, VaeFrame **out)
{
    *out = x;
    if (x->owners == 1) return SORA_OK;
    TRY(frame_new(s, x, x->channels, x->type, out));
    if (!s->measure) memcpy((*out)->data, x->data, x->bytes);
    release(s, x);
    return SORA_OK;
}

/* Adds the stage's input to x, one of the frames that it became; x is taken over. */
static SoraStatus add_shortcut(VaeStream *s, const VaeLayer *e, VaeFrame *x, VaeFrame **out)
{
    State *t = &s->state[e->stage];
    TRY(copy_shared(s, x, out));
    x = *out;
    Shortcut k = { .end = e, .to = x };
    for (size_t i = 0; i < PAST; i++) k.from[i] = t->past[0][i];
    /* of the first frame, which stays alone, the last of the repeated ones is left */
    k.turn = e->time == 2 && t->seen == 1 ? 1 : t->since;
    t->since++;
    if (e->space && !s->measure)
        parallel_for(s->c->pool, x->height, e->down ? average_row : repeat_row, &k);
    return SORA_OK;
}

/* ---- from layer to layer ----------------------------------------------------------------- */

typedef struct Finite {
    const VaeFrame *f;
    bool *bad; /* by row */
} Finite;

static void look_at_row(void *ctx, size_t row, int worker)
{
    const Finite *k = ctx;
    size_t n = k->f->width * k->f->channels;
    const float *x = (const float *)k->f->data + row * n;
    uint32_t any = 0;
    (void)worker;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        any |= ((bits & 0x7F800000) + 0x00800000) & 0x80000000; /* all ones: infinite or NaN */
    }
    k->bad[row] = any;
}

static SoraStatus check_finite(VaeStream *s, const char *name, size_t frame, const VaeFrame *x)
{
    ArenaMark mark = arena_mark(s->run->step);
    Finite k = { x, arena_zero(s->run->step, x->height) }; /* a stopped loop leaves rows out */
    parallel_for(s->c->pool, x->height, look_at_row, &k);
    bool bad = false;
    for (size_t i = 0; i < x->height; i++) bad |= k.bad[i];
    arena_rewind(s->run->step, mark);
    if (!bad) return SORA_OK;
    return err_set(SORA_E_NUMBER,
                   "%s of the autoencoder gives numbers that are not finite, in its frame %zu",
                   name, frame);
}

static SoraStatus enter(VaeStream *s, size_t i, VaeFrame *x);

/* Hands what layer i made on to the next. */
static SoraStatus leave(VaeStream *s, size_t i, VaeFrame *x)
{
    const VaeLayer *y = &s->half->layer[i];
    size_t frame = s->state[i].made++;
    if (!s->measure) TRY(pool_status(s->c->pool));
    if (y->name && !s->measure) {
        size_t size[] = { x->height, x->width, x->channels };
        if (s->run->trace) s->run->trace(s->run->trace_self, y->name, frame, x->data, size);
        TRY(check_finite(s, y->name, frame, x));
    }
    return enter(s, i + 1, x);
}

static SoraStatus enter_stage(VaeStream *s, size_t i, VaeFrame *x)
{
    State *t = &s->state[i];
    t->seen++;
    t->since = 0;
    remember(s, t->past[0], keep(x));
    TRY(leave(s, i, x));
    if (!s->half->layer[i].down) /* nobody looks back at it */
        for (size_t k = 0; k < PAST; k++) remember(s, t->past[0], NULL);
    return SORA_OK;
}

static SoraStatus enter(VaeStream *s, size_t i, VaeFrame *x)
{
    if (i == s->end) {
        SoraStatus status = s->sink(s->sink_self, x);
        release(s, x);
        return status;
    }
    const VaeLayer *y = &s->half->layer[i];
    State *t = &s->state[i];
    VaeFrame *out = x;
    switch (y->kind) {
    case VAE_UP: return run_up(s, i, x);
    case VAE_DOWN: return run_down(s, i, x);
    case VAE_STAGE: return enter_stage(s, i, x);
    case VAE_STAGE_END: TRY(add_shortcut(s, y, x, &out)); break;
    case VAE_CONV: TRY(convolve_on(s, &y->conv[0], t->past[0], x, TYPE_F32, NULL, &out)); break;
    case VAE_RESIDUAL: TRY(run_residual(s, y, t, x, &out)); break;
    case VAE_ATTENTION: TRY(run_attention(s, y, x, &out)); break;
    case VAE_HEAD: TRY(run_head(s, y, t, x, &out)); break;
    }
    return leave(s, i, out);
}

SoraStatus vae_stream_push(VaeStream *s, VaeFrame *x)
{
    return enter(s, s->first, x);
}

/* ---- parts ------------------------------------------------------------------------------- */

/* One axis of what a layer needs: positions [first, end) of its output, its input having `all`. */
static void grow(const VaeLayer *y, size_t *first, size_t *size, size_t all)
{
    size_t reach = y->kind == VAE_RESIDUAL ? 2 : 1, end = *first + *size;
    if (y->kind == VAE_STAGE || y->kind == VAE_STAGE_END) return;
    if (y->kind == VAE_ATTENTION) *first = 0, end = all;
    if (y->kind == VAE_CONV) reach = y->conv[0].kernel[CONV3D_H] / 2;
    if (y->kind == VAE_DOWN) {
        *first *= 2;
        end = size_min(2 * end + 1, all);
    } else if (y->kind == VAE_UP) {
        *first = *first ? (*first - 1) / 2 : 0;
        end = size_min((end + 1 + 1) / 2, all);
    } else if (y->kind != VAE_ATTENTION) {
        *first -= size_min(*first, reach);
        end = size_min(end + reach, all);
    }
    *size = end - *first;
}

static void layer_size(const VaeLayer *y, size_t *height, size_t *width)
{
    if (y->kind == VAE_UP) *height *= 2, *width *= 2;
    if (y->kind == VAE_DOWN) *height /= 2, *width /= 2;
}

VaeFrame vae_output_frame(const VaeHalf *half, size_t first, size_t end, VaeFrame in)
{
    VaeFrame f = in;
    for (size_t i = first; i < end; i++) {
        layer_size(&half->layer[i], &f.all_height, &f.all_width);
        f.channels = half->layer[i].out;
    }
    f.y = f.x = 0;
    f.height = f.all_height;
    f.width = f.all_width;
    return f;
}

VaeFrame vae_input_part(const VaeHalf *half, size_t first, size_t end, VaeFrame out)
{
    VaeFrame f = out;
    for (size_t i = end; i-- > first;) {
        const VaeLayer *y = &half->layer[i];
        if (y->kind == VAE_UP) f.all_height /= 2, f.all_width /= 2;
        if (y->kind == VAE_DOWN) f.all_height *= 2, f.all_width *= 2;
        grow(y, &f.y, &f.height, f.all_height);
        grow(y, &f.x, &f.width, f.all_width);
        f.channels = y->in;
    }
    return f;
}
