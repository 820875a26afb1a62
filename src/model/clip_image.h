/* The image encoder of Wan 2.1 I2V and FLF2V: the visual tower of open-clip's ViT-H/14, all blocks
 * but the last (Wan-Video/Wan2.1 wan/modules/clip.py). Names may be Wan's or Hugging Face's. */
#ifndef MODEL_CLIP_IMAGE_H
#define MODEL_CLIP_IMAGE_H

#include "model/encoder.h"

typedef struct ClipImage ClipImage;

bool clip_image_fits(const EncoderFile *f);

/* `heads`: 0 where the file does not say; then they are 80 wide, as in ViT-H. */
SoraStatus clip_image_load(const EncoderFile *f, size_t heads, ClipImage **out);

size_t clip_image_width(const ClipImage *e);
size_t clip_image_tokens(const ClipImage *e); /* patches and one more: 257 */
size_t clip_image_size(const ClipImage *e);   /* pixels on a side: 224 */
size_t clip_image_blocks(const ClipImage *e); /* that are run: 31 */

/* What a caller may want to see on the way; all may be NULL. */
typedef struct ClipImageTrace {
    float *pixels;       /* [3, size, size] after resizing and normalising */
    float *normed;       /* [tokens, width] before the first block */
    float *const *block; /* [blocks] of [tokens, width] */
} ClipImageTrace;

/* image[3, height, width] in [-1, 1], of any size, is resized to a square. out[tokens, width].
 * Working memory from `step` is given back. */
void clip_image_encode(const ClipImage *e, const Compute *c, GemmPrecision precision,
                       const float *image, const size_t size[2], Arena *step, float *out,
                       const ClipImageTrace *trace);

#endif
