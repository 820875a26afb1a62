/* What all convolutions come down to, forward and backward: a grid of positions, each the sum over
 * taps of a row of channels times a matrix. Inside tensor/ only. */
#ifndef TENSOR_CONV_CORE_H
#define TENSOR_CONV_CORE_H

#include "tensor/conv3d.h"

/* The taps along height or width: position i reads from i * stride + origin on. */
typedef struct ConvAxis {
    size_t taps, stride;
    ptrdiff_t origin;
    struct {
        unsigned count, of[2]; /* the weight's taps whose sum this one is */
    } tap[CONV3D_KERNEL_MAX];
} ConvAxis;

/* y[t, i, j, o] = sum over taps a, b, d and channels c of
 *     x[time(t, a)][rows(i) + b, columns(j) + d, c] * w[o, c, a, b, d]
 * with time(t, a) = t * time_stride + a or, backward, (t - a) / time_stride where that is whole;
 * then `finish`. What lies outside of a frame or of the frames is 0. */
typedef struct ConvCore {
    const Compute *compute;
    size_t in, out, time_taps, time_stride;
    bool backward;
    ConvAxis rows, columns;
    size_t frames, height, width; /* of y */

    const void *const *x; /* [x_frames]: frames or NULL */
    Type x_type;
    size_t x_frames, x_height, x_width;

    const Tensor *weight;    /* [out, in, ...] or, backward, [in, out, ...] */
    size_t weight_kernel[3]; /* ... */

    GemmCall finish;                 /* n, c_type, accumulate, precision and bias */
    void *const *y;                  /* [frames], NULL: not wanted */
    size_t y_first, y_pitch, y_step; /* numbers: to the first, from row to row, from one to next */
    const float *const *residual;    /* [frames] or NULL, laid out as y but for the pitch */
    size_t residual_first, residual_pitch;
} ConvCore;

void conv_core(const ConvCore *core);

#endif
