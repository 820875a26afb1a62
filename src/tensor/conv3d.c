#include "tensor/conv3d.h"

#include <assert.h>
#include <string.h>

#include "base/size.h"
#include "tensor/conv_core.h"
#include "tensor/convert.h"
#include "tensor/rows.h"

size_t conv3d_size(const Conv3dShape *s, int axis)
{
    size_t all = s->size[axis] * (s->enlarge && axis != CONV3D_T ? 2 : 1);
    all += s->pad[axis][0] + s->pad[axis][1];
    return all < s->kernel[axis] ? 0 : (all - s->kernel[axis]) / s->stride[axis] + 1;
}

static size_t taps_of(const Conv3dShape *s)
{
    return s->kernel[0] * s->kernel[1] * s->kernel[2];
}

static size_t bytes_of(Type t)
{
    return t == TYPE_F32 ? 4 : 2;
}

static void check(const Conv3dCall *call, size_t channels)
{
    const Conv3dShape *s = &call->shape;
    assert(taps_of(s) <= CONV3D_TAPS_MAX && channels * taps_of(s) <= CONV3D_DEPTH_MAX);
    assert(s->kernel[0] <= CONV3D_KERNEL_MAX && s->kernel[1] <= CONV3D_KERNEL_MAX &&
           s->kernel[2] <= CONV3D_KERNEL_MAX);
    assert(tensor_count(call->weight) == s->out * s->in * taps_of(s));
    assert(!s->pad[CONV3D_T][0] && !s->pad[CONV3D_T][1]);
    assert(!s->enlarge || (s->stride[CONV3D_H] == 1 && s->stride[CONV3D_W] == 1));
    (void)s;
    (void)channels;
}

static ptrdiff_t half(ptrdiff_t x) /* rounded down */
{
    return (x - (x & 1)) / 2;
}

/* ---- forward ----------------------------------------------------------------------------- */

static ConvAxis forward_axis(const Conv3dShape *s, int axis)
{
    ConvAxis a = { s->kernel[axis], s->stride[axis], -(ptrdiff_t)s->pad[axis][0] };
    for (size_t i = 0; i < a.taps; i++) {
        a.tap[i].count = 1;
        a.tap[i].of[0] = (unsigned)i;
    }
    return a;
}

/* Every second position, from `phase` on, of a convolution of an enlarged frame: two neighbours
 * there are often the same pixel, whose taps then are one. */
static ConvAxis enlarged_axis(const Conv3dShape *s, int axis, size_t phase)
{
    ptrdiff_t first = (ptrdiff_t)phase - (ptrdiff_t)s->pad[axis][0];
    ConvAxis a = { .stride = 1, .origin = half(first) };
    for (size_t i = 0; i < s->kernel[axis]; i++) {
        a.taps = (size_t)(half(first + (ptrdiff_t)i) - a.origin) + 1;
        unsigned *count = &a.tap[a.taps - 1].count;
        a.tap[a.taps - 1].of[(*count)++] = (unsigned)i;
    }
    return a;
}

static ConvCore forward_core(const Compute *c, const Conv3dCall *call)
{
    const Conv3dShape *s = &call->shape;
    ConvCore k = { .compute = c,
                   .in = s->in,
                   .out = s->out,
                   .time_taps = s->kernel[CONV3D_T],
                   .time_stride = s->stride[CONV3D_T],
                   .frames = conv3d_size(s, CONV3D_T),
                   .height = conv3d_size(s, CONV3D_H),
                   .width = conv3d_size(s, CONV3D_W),
                   .x = call->x,
                   .x_type = call->x_type,
                   .x_frames = s->size[CONV3D_T],
                   .x_height = s->size[CONV3D_H],
                   .x_width = s->size[CONV3D_W],
                   .weight = call->weight,
                   .y = call->y,
                   .y_step = s->out,
                   .residual = call->residual };
    memcpy(k.weight_kernel, s->kernel, sizeof k.weight_kernel);
    k.finish = (GemmCall){
        .n = s->out, .c_type = call->y_type, .precision = call->precision, .bias = call->bias
    };
    k.y_pitch = k.width * s->out;
    k.residual_pitch = call->residual_pitch ? call->residual_pitch : k.y_pitch;
    return k;
}

/* The quarter of an enlarged convolution whose rows and columns leave these rests. */
static void conv_phase(const ConvCore *whole, const Conv3dShape *s, size_t row, size_t column)
{
    ConvCore k = *whole;
    k.rows = enlarged_axis(s, CONV3D_H, row);
    k.columns = enlarged_axis(s, CONV3D_W, column);
    k.height = (whole->height + 1 - row) / 2;
    k.width = (whole->width + 1 - column) / 2;
    k.y_first = row * whole->y_pitch + column * whole->y_step;
    k.residual_first = row * whole->residual_pitch + column * whole->y_step;
    k.y_pitch *= 2;
    k.residual_pitch *= 2;
    k.y_step *= 2;
    conv_core(&k);
}

/* One tap, no borders: a matrix product. */
static bool is_pointwise(const Conv3dCall *call)
{
    const Conv3dShape *s = &call->shape;
    size_t strides = s->stride[CONV3D_H] * s->stride[CONV3D_W], width = s->size[CONV3D_W] * s->out;
    for (int i = CONV3D_H; i < CONV3D_AXES; i++)
        if (s->pad[i][0] || s->pad[i][1]) return false;
    return taps_of(s) == 1 && strides == 1 && !s->enlarge &&
           (!call->residual || !call->residual_pitch || call->residual_pitch == width);
}

static void pointwise(const Compute *c, const Conv3dCall *call)
{
    const Conv3dShape *s = &call->shape;
    for (size_t i = 0; i < conv3d_size(s, CONV3D_T); i++) {
        const void *x = call->x[i * s->stride[CONV3D_T]];
        gemm(c, &(GemmCall){ .m = s->size[CONV3D_H] * s->size[CONV3D_W],
                             .n = s->out,
                             .k = x ? s->in : 0,
                             .a = { x, call->x_type, s->in, false },
                             .b = gemm_weight(call->weight),
                             .c = call->y[i],
                             .c_type = call->y_type,
                             .c_stride = s->out,
                             .precision = call->precision,
                             .bias = call->bias,
                             .residual = call->residual ? call->residual[i] : NULL,
                             .residual_stride = s->out });
    }
}

void conv3d(const Compute *c, const Conv3dCall *call)
{
    check(call, call->shape.in);
    const Conv3dShape *s = &call->shape;
    if (is_pointwise(call)) {
        pointwise(c, call);
        return;
    }
    ConvCore k = forward_core(c, call);
    if (s->enlarge) {
        for (size_t i = 0; i < 4; i++) conv_phase(&k, s, i / 2, i % 2);
        return;
    }
    k.rows = forward_axis(s, CONV3D_H);
    k.columns = forward_axis(s, CONV3D_W);
    conv_core(&k);
}

/* ---- the gradient of x ------------------------------------------------------------------- */

/* What reaches every `stride`-th position of x from `phase` on: taps of the same rest, the last of
 * them first, over dy. */
static ConvAxis backward_axis(const Conv3dShape *s, int axis, size_t phase)
{
    size_t stride = s->stride[axis], kernel = s->kernel[axis], at = phase + s->pad[axis][0];
    size_t first = at % stride; /* the lowest tap */
    ConvAxis a = { .stride = 1, .taps = kernel > first ? (kernel - first - 1) / stride + 1 : 0 };
    a.origin = (ptrdiff_t)(at / stride) - (ptrdiff_t)a.taps + 1;
    for (size_t i = 0; i < a.taps; i++) {
        a.tap[i].count = 1;
        a.tap[i].of[0] = (unsigned)(first + (a.taps - 1 - i) * stride);
    }
    return a;
}

static void backward_phase(const ConvCore *whole, const Conv3dShape *s, size_t row, size_t column)
{
    ConvCore k = *whole;
    size_t down = s->stride[CONV3D_H], across = s->stride[CONV3D_W];
    k.rows = backward_axis(s, CONV3D_H, row);
    k.columns = backward_axis(s, CONV3D_W, column);
    if (row >= whole->height || column >= whole->width) return;
    k.height = (whole->height - row - 1) / down + 1;
    k.width = (whole->width - column - 1) / across + 1;
    k.y_first = row * whole->y_pitch + column * whole->y_step;
    k.y_pitch *= down;
    k.y_step *= across;
    conv_core(&k);
}

/* The gradient of what the kernel runs over: x, enlarged where it is. */
static void input_back(const Compute *c, const Conv3dCall *call, const Conv3dGrad *grad,
                       void *const *dx, Type type)
{
    const Conv3dShape *s = &call->shape;
    size_t times = s->enlarge ? 2 : 1;
    ConvCore k = { .compute = c,
                   .in = s->out,
                   .out = s->in,
                   .time_taps = s->kernel[CONV3D_T],
                   .time_stride = s->stride[CONV3D_T],
                   .backward = true,
                   .frames = s->size[CONV3D_T],
                   .height = s->size[CONV3D_H] * times,
                   .width = s->size[CONV3D_W] * times,
                   .x = grad->dy,
                   .x_type = grad->dy_type,
                   .x_frames = conv3d_size(s, CONV3D_T),
                   .x_height = conv3d_size(s, CONV3D_H),
                   .x_width = conv3d_size(s, CONV3D_W),
                   .weight = call->weight,
                   .y = dx,
                   .y_pitch = s->size[CONV3D_W] * times * s->in,
                   .y_step = s->in };
    memcpy(k.weight_kernel, s->kernel, sizeof k.weight_kernel);
    k.finish = (GemmCall){ .n = s->in,
                           .c_type = type,
                           .precision = call->precision,
                           .accumulate = grad->add && !s->enlarge };
    for (size_t i = 0; i < s->stride[CONV3D_H]; i++)
        for (size_t j = 0; j < s->stride[CONV3D_W]; j++) backward_phase(&k, s, i, j);
}

typedef struct Fold {
    const Conv3dShape *s;
    const float *from; /* [2 * height, 2 * width, in] */
    Rows to;           /* [height * width, in] */
} Fold;

/* The pixels that one became. */
static void fold_row(void *ctx, size_t row, int worker)
{
    const Fold *f = ctx;
    size_t n = f->s->in, width = f->s->size[CONV3D_W];
    (void)worker;
    for (size_t i = 0; i < width; i++) {
        const float *up = f->from + (4 * row * width + 2 * i) * n, *down = up + 2 * width * n;
        size_t at = (row * width + i) * n;
        for (size_t c = 0; c < n; c++) {
            float sum = (up[c] + up[n + c]) + (down[c] + down[n + c]);
            float *whole = (float *)f->to.data + at + c;
            if (f->to.type == TYPE_BF16)
                ((uint16_t *)f->to.data)[at + c] = bf16_from_f32(sum);
            else
                *whole = sum + (f->to.add ? *whole : 0);
        }
    }
}

static void enlarged_back(const Compute *c, const Conv3dCall *call, const Conv3dGrad *grad)
{
    const Conv3dShape *s = &call->shape;
    size_t frames = s->size[CONV3D_T], height = s->size[CONV3D_H];
    void **one = arena_zero(grad->scratch, frames * sizeof *one);
    float *dx = arena_alloc(grad->scratch, 4 * height * s->size[CONV3D_W] * s->in * sizeof *dx);
    for (size_t i = 0; i < frames; i++) {
        if (!grad->dx[i]) continue;
        one[i] = dx;
        input_back(c, call, grad, one, TYPE_F32);
        one[i] = NULL;
        Fold f = { s, dx, { .data = grad->dx[i], .type = grad->dx_type, .add = grad->add } };
        parallel_for(c->pool, height, fold_row, &f);
    }
}

/* ---- the gradient of the weights --------------------------------------------------------- */

/* For each tap of time and height, a product over all positions of a frame: dy with columns of
 * zeros at its right edge, so that rows of both have the same number of positions, times the rows
 * of x that this tap sees, of which the taps along a row are neighbours in memory. */
typedef struct Sheet {
    const Conv3dCall *call;
    const Conv3dGrad *grad;
    size_t rows, width, pitch; /* of dy; pitch: in positions, x has stride times as many */
    size_t frame, source, tap; /* of dy and x, and along height */
    char *x, *dy;
} Sheet;

static void copy_dy(void *ctx, size_t row, int worker)
{
    const Sheet *h = ctx;
    size_t width = h->call->shape.out * bytes_of(h->grad->dy_type);
    const char *from = (const char *)h->grad->dy[h->frame] + row * h->width * width;
    char *to = h->dy + row * h->pitch * width;
    (void)worker;
    memcpy(to, from, h->width * width);
    memset(to + h->width * width, 0, (h->pitch - h->width) * width);
}

/* One row more than dy has: the last row's taps run into it. */
static void copy_x(void *ctx, size_t row, int worker)
{
    const Sheet *h = ctx;
    const Conv3dShape *s = &h->call->shape;
    size_t bytes = s->in * bytes_of(h->call->x_type), pitch = h->pitch * s->stride[CONV3D_W];
    size_t left = size_min(s->pad[CONV3D_W][0], pitch), times = s->enlarge ? 2 : 1;
    size_t have = size_min(s->size[CONV3D_W] * times, pitch - left);
    size_t at = row * s->stride[CONV3D_H] + h->tap - s->pad[CONV3D_H][0];
    char *to = h->x + row * pitch * bytes;
    (void)worker;
    if (row == h->rows || at >= s->size[CONV3D_H] * times) {
        memset(to, 0, pitch * bytes);
        return;
    }
    const char *from = h->call->x[h->source];
    from += at / times * s->size[CONV3D_W] * bytes;
    memset(to, 0, left * bytes);
    for (size_t i = 0; i < have && s->enlarge; i++)
        memcpy(to + (left + i) * bytes, from + i / 2 * bytes, bytes);
    if (!s->enlarge) memcpy(to + left * bytes, from, have * bytes);
    memset(to + (left + have) * bytes, 0, (pitch - left - have) * bytes);
}

/* sums[tap of time and height][out][tap of width, in] += dy^T x. */
static void add_frame(const Compute *c, Sheet *h, size_t time, float *sums)
{
    const Conv3dShape *s = &h->call->shape;
    size_t n = s->kernel[CONV3D_W] * s->in;
    for (h->tap = 0; h->tap < s->kernel[CONV3D_H]; h->tap++) {
        parallel_for(c->pool, h->rows + 1, copy_x, h);
        gemm(c, &(GemmCall){ .m = s->out,
                             .n = n,
                             .k = h->rows * h->pitch,
                             .a = { h->dy, h->grad->dy_type, s->out, true },
                             .b = { h->x, h->call->x_type, s->stride[CONV3D_W] * s->in, false },
                             .c = sums + (time * s->kernel[CONV3D_H] + h->tap) * s->out * n,
                             .c_type = TYPE_F32,
                             .c_stride = n,
                             .precision = h->call->precision,
                             .accumulate = true });
    }
}

/* From the order of the products to that of the weight. */
static void add_to_weight(const Conv3dShape *s, const float *sums, float *dweight)
{
    size_t across = s->kernel[CONV3D_W], lines = s->kernel[CONV3D_T] * s->kernel[CONV3D_H];
    for (size_t o = 0; o < s->out; o++)
        for (size_t c = 0; c < s->in; c++)
            for (size_t t = 0; t < lines; t++)
                for (size_t d = 0; d < across; d++)
                    *dweight++ += sums[((t * s->out + o) * across + d) * s->in + c];
}

static void weight_back(const Compute *c, const Conv3dCall *call, const Conv3dGrad *grad)
{
    const Conv3dShape *s = &call->shape;
    Sheet h = { .call = call, .grad = grad };
    h.rows = conv3d_size(s, CONV3D_H);
    h.width = conv3d_size(s, CONV3D_W);
    size_t stride = s->stride[CONV3D_W];
    size_t needed = (h.width - 1) * stride + s->kernel[CONV3D_W];
    h.pitch = size_ceil_div(needed, stride);
    size_t count = s->out * s->in * taps_of(s);
    size_t x_bytes = s->in * bytes_of(call->x_type), dy_bytes = s->out * bytes_of(grad->dy_type);
    float *sums = arena_zero(grad->scratch, count * sizeof *sums);
    h.x = arena_alloc(grad->scratch, (h.rows + 1) * h.pitch * stride * x_bytes);
    h.dy = arena_alloc(grad->scratch, h.rows * h.pitch * dy_bytes);
    for (h.frame = 0; h.frame < conv3d_size(s, CONV3D_T); h.frame++) {
        parallel_for(c->pool, h.rows, copy_dy, &h);
        for (size_t a = 0; a < s->kernel[CONV3D_T]; a++) {
            h.source = h.frame * s->stride[CONV3D_T] + a;
            if (call->x[h.source]) add_frame(c, &h, a, sums);
        }
    }
    add_to_weight(s, sums, grad->dweight);
}

void conv3d_backward(const Compute *c, const Conv3dCall *call, const Conv3dGrad *grad)
{
    check(call, grad->dx ? call->shape.out : 0);
    const Conv3dShape *s = &call->shape;
    size_t frames = conv3d_size(s, CONV3D_T);
    size_t positions = conv3d_size(s, CONV3D_H) * conv3d_size(s, CONV3D_W);
    ArenaMark mark = arena_mark(grad->scratch);
    if (grad->dx && s->enlarge)
        enlarged_back(c, call, grad);
    else if (grad->dx)
        input_back(c, call, grad, grad->dx, grad->dx_type);
    if (grad->dweight && positions) weight_back(c, call, grad);
    for (size_t i = 0; i < frames && grad->dbias; i++)
        rows_sums(c,
                  &(RowsSums){ .rows = positions,
                               .width = s->out,
                               .x = { (void *)grad->dy[i], grad->dy_type, s->out },
                               .sums = grad->dbias,
                               .sum_rows = 1,
                               .sums_stride = s->out },
                  grad->scratch);
    arena_rewind(grad->scratch, mark);
}
