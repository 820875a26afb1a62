/* The second stage: pictures of the video model made larger, without text. A small residual
 * convolutional network works at the small size and ends in a pixel shuffle (ESPCN,
 * arXiv 1609.05158); it adds to a bicubic enlargement what is missing. It is trained on what the
 * video model makes of the world's clips, so it mends its soft edges and patch borders too. Every
 * frame is enlarged alone, in memory that does not grow with the number of frames. */
#ifndef MODEL_UPSCALE_H
#define MODEL_UPSCALE_H

#include "grad/tape.h"
#include "nn/params.h"
#include "tensor/safetensors.h"

typedef struct UpscaleConfig {
    size_t factor; /* 4 */
    size_t width;  /* channels inside */
    size_t blocks; /* residual blocks of two 3 x 3 convolutions */
    size_t patch;  /* of the video model: each pixel is told where in its patch it lies, so that the
                      seams between patches can be told from edges; 0: it is not */
    size_t crisp;  /* 1: what comes out is drawn with crisp outlines, as the world's pictures are
                      (media/crisp.h); 0: as it comes out */
} UpscaleConfig;

UpscaleConfig upscale_config_default(void);
SoraStatus upscale_config_parse(const char *json, size_t size, UpscaleConfig *out);
char *upscale_config_write(const UpscaleConfig *c, Arena *a);

typedef struct Upscale Upscale;

SoraStatus upscale_new(const UpscaleConfig *config, ParamSet *set, Arena *weights, Upscale **out);
/* What one small pixel takes: multiplications and additions, bytes to work in. */
double upscale_flop(const UpscaleConfig *c);
size_t upscale_bytes(const UpscaleConfig *c);

const UpscaleConfig *upscale_config(const Upscale *u);

/* Frames as the network reads them: [frames * height * width, 3] f32 in [-1, 1]. */
void upscale_pack(const uint8_t *rgb, size_t pixels, float *x);

/* What is to be added to the enlargement: [frames * height * width, 3 * factor^2] f32, in the order
 * row within the pixel, column, channel. */
Tensor *upscale_forward(const Upscale *u, Tape *t, Tensor *x, size_t frames, size_t height,
                        size_t width);

/* The bicubic enlargement of one frame (Catmull-Rom, edges repeated) in that same order:
 * [height * width, 3 * factor^2] in [-1, 1]. */
void upscale_base(const float *x, size_t height, size_t width, size_t factor, float *y);

/* rgb [height * factor, width * factor, 3] of such rows, clamped and rounded; and the way back. */
void upscale_unpack(const float *y, size_t height, size_t width, size_t factor, uint8_t *rgb);
void upscale_rows(const uint8_t *rgb, size_t height, size_t width, size_t factor, float *y);

/* One frame: rgb [height, width, 3] into out [height * factor, width * factor, 3]. Working memory
 * is taken from `step` and given back. */
void upscale_frame(const Upscale *u, const Compute *c, const uint8_t *rgb, size_t height,
                   size_t width, Arena *step, uint8_t *out);

/* An upscaler from its file, weights mapped until upscale_close. */
typedef struct UpscaleFile {
    Safetensors file;
    Upscale *upscale;
    Arena *weights;
} UpscaleFile;
SoraStatus upscale_open(const char *path, UpscaleFile *out);
/* upscale.safetensors beside the model, a file or its folder; zeroed where there is none. */
SoraStatus upscale_open_beside(const char *model, UpscaleFile *out);
void upscale_close(UpscaleFile *f); /* a zeroed or closed one is fine */

#endif
