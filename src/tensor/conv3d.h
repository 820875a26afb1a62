/* Convolution over time, height and width, channels last: a frame is [height, width, channels] and
 * a clip is a list of frames, so that a causal one reads frames where they are kept: earlier ones
 * first, NULL for a frame of zeros. Weights are as PyTorch stores them: [out, in, time, height,
 * width]. Sums are f32, with GEMM_BF16 both operands are rounded to bf16 on the way in. No matrix
 * of unrolled inputs is ever made: blocks of a few rows are copied and read in place. */
#ifndef TENSOR_CONV3D_H
#define TENSOR_CONV3D_H

#include "tensor/gemm.h"

enum { CONV3D_T, CONV3D_H, CONV3D_W, CONV3D_AXES };

/* Zeros are put around frames only; in time, NULL frames do the same. */
typedef struct Conv3dShape {
    size_t in, out;             /* channels */
    size_t kernel[CONV3D_AXES]; /* 1 and more */
    size_t stride[CONV3D_AXES]; /* 1 and more */
    size_t pad[CONV3D_AXES][2]; /* before and after; CONV3D_T: 0 */
    size_t size[CONV3D_AXES];   /* of x: frames, height, width */
    bool enlarge;               /* every frame is first made twice as high and wide, pixel by
                                   pixel (nearest); size is that before; strides are 1 there */
} Conv3dShape;

/* A kernel is so long along an axis at most, has so many taps, and so many channels times taps:
 * those that are summed over, so `in` forward and `out` for the gradient of x. */
enum { CONV3D_KERNEL_MAX = 32, CONV3D_TAPS_MAX = 2048, CONV3D_DEPTH_MAX = 120 << 10 };

/* The size of the result along an axis; 0 when the kernel does not fit even once. */
size_t conv3d_size(const Conv3dShape *s, int axis);

/* y = conv(x) + bias + residual. */
typedef struct Conv3dCall {
    Conv3dShape shape;
    GemmPrecision precision;
    const void *const *x;         /* [size of time]: frames, or NULL: zeros */
    Type x_type;                  /* f32 or bf16 */
    const Tensor *weight;         /* any type that a matrix product reads */
    const float *bias;            /* [out] or NULL */
    void *const *y;               /* [result's size of time] */
    Type y_type;                  /* f32 or bf16 */
    const float *const *residual; /* NULL, or a frame for every frame of y, may be y itself */
    size_t residual_pitch;        /* numbers from row to row of those; 0: width * out */
} Conv3dCall;

/* Results do not depend on the number of threads. */
void conv3d(const Compute *c, const Conv3dCall *call);

/* Gradients of a call without residual. `call` as in the forward (bias, y and residual are not
 * read). dx and the sums are added to where `add` says so; dweight [out, in, ...] and dbias [out]
 * always are. */
typedef struct Conv3dGrad {
    const void *const *dy; /* frames of y */
    Type dy_type;
    void *const *dx;        /* [size of time] or NULL: not wanted; entries may be NULL */
    Type dx_type;           /* f32 or bf16 */
    bool add;               /* f32 dx only */
    float *dweight, *dbias; /* or NULL */
    Arena *scratch; /* temporaries: a copy of one frame of x and of dy, of the weights, and of
                       an enlarged frame in f32; given back */
} Conv3dGrad;
void conv3d_backward(const Compute *c, const Conv3dCall *call, const Conv3dGrad *grad);

#endif
