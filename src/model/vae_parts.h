/* What the files of the autoencoder share: its layers, and frames on their way through them. */
#ifndef MODEL_VAE_PARTS_H
#define MODEL_VAE_PARTS_H

#include "model/vae.h"
#include "tensor/conv3d.h"

typedef struct VaeConv {
    const Tensor *weight; /* NULL: there is none */
    Tensor part;          /* a half of another's: weight points here */
    const float *bias;
    size_t in, out, kernel[CONV3D_AXES];
} VaeConv;

typedef enum VaeKind {
    VAE_CONV,      /* conv[0], causal in time */
    VAE_RESIDUAL,  /* norm, SiLU, conv[0], norm, SiLU, conv[1]; and x or conv[2](x) */
    VAE_ATTENTION, /* norm, conv[0] to q, k and v, over the positions of a frame, conv[1]; and x */
    VAE_DOWN,      /* half as high and wide by conv[0]; then every two frames to one by conv[1] */
    VAE_UP,        /* every frame to two by conv[1] and conv[2]; then twice as high and wide */
    VAE_HEAD,      /* norm, SiLU, conv[0] */
    VAE_STAGE,     /* the shortcut around a stage starts */
    VAE_STAGE_END  /* and is added */
} VaeKind;

typedef struct VaeLayer {
    VaeKind kind;
    const char *name; /* of the original */
    size_t in, out;   /* channels */
    const float *gamma[2];
    VaeConv conv[3];
    size_t stage;       /* VAE_STAGE_END: its VAE_STAGE */
    size_t time, space; /* VAE_STAGE_END: factors of the shortcut; space 0: none */
    bool down;          /* VAE_STAGE_END: an encoder's; VAE_STAGE: two inputs are averaged */
} VaeLayer;

typedef struct VaeHalf {
    VaeLayer *layer;
    size_t count;
    size_t border; /* encoder: local layers before it; decoder: after it. The middle's attention
                      sees whole frames */
} VaeHalf;

struct Vae {
    VaeInfo info;
    const float *mean, *std;
    size_t patch;             /* pixels on a side that are one position's channels: 1, or 2 */
    VaeHalf encoder, decoder; /* count 0: not there */
};

/* ---- frames on their way (vae_stream.c) ---- */

/* A part of a frame, channels last, and where in the whole it lies. Shared by counting. */
typedef struct VaeFrame {
    void *data;
    Type type;
    size_t channels, y, x, height, width, all_height, all_width;
    unsigned owners;
    size_t bytes;
    struct VaeFrame *next;
} VaeFrame;

typedef struct VaeStream VaeStream;
typedef SoraStatus (*VaeSinkFn)(void *self, const VaeFrame *f);

/* Layers [first, end) of a half. Measuring: nothing is computed, frames have no data. */
SoraStatus vae_stream_new(const VaeHalf *half, size_t first, size_t end, const VaeRun *run,
                          bool measure, VaeStream **out);
size_t vae_stream_bytes(const VaeStream *s); /* of all frames it needed so far */
void vae_stream_sink(VaeStream *s, VaeSinkFn sink, void *self);

/* A frame of f32 to be filled and pushed; SORA_E_MEMORY. */
SoraStatus vae_stream_frame(VaeStream *s, const VaeFrame *like, VaeFrame **out);

/* Hands a frame over; what comes of it reaches the sink before this returns. */
SoraStatus vae_stream_push(VaeStream *s, VaeFrame *x);

/* The part of the input that layers [first, end) need for the part `out` of their output; both in
 * positions of their own level: only y, x and the sizes are read and set. */
VaeFrame vae_input_part(const VaeHalf *half, size_t first, size_t end, VaeFrame out);

/* The whole frame that comes of a whole frame of these layers. */
VaeFrame vae_output_frame(const VaeHalf *half, size_t first, size_t end, VaeFrame in);

#endif
