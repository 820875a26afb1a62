/* The reader's eye: a small residual convolutional network from pixels to features of 16 x 16
 * pixels, before its transformer. Convolutions find a shape wherever it stands, which a few ten
 * thousand clips are not enough to teach a transformer ("Early Convolutions Help Transformers See
 * Better", arXiv 2106.14881). Clips of any sizes and lengths lie packed in one matrix, positions
 * as rows; a convolution is a gather of its taps and a matrix product, edges repeated. */
#ifndef MODEL_READER_EYE_H
#define MODEL_READER_EYE_H

#include "grad/tape.h"
#include "model/patch.h"
#include "nn/params.h"

/* Two levels: positions of PATCH x PATCH pixels, then of twice that; the result of four times. */
enum { EYE_LEVELS = 2, EYE_PATCH = 4, EYE_BLOCKS = 2, EYE_TAPS = 9, EYE_TIMES = 3, EYE_MERGE = 4 };

typedef struct EyeConfig {
    size_t channels[EYE_LEVELS];
} EyeConfig;

/* Which rows every position of a packed batch reads. */
typedef struct EyeLayout {
    size_t rows[EYE_LEVELS + 1];
    uint32_t *near[EYE_LEVELS];  /* [rows, EYE_TAPS] the 3 x 3 around it */
    uint32_t *times;             /* [rows of level 1, EYE_TIMES] before, itself, after */
    uint32_t *merge[EYE_LEVELS]; /* [rows of the level after, EYE_MERGE] the 2 x 2 it is made of */
} EyeLayout;

/* `grid`: of each clip, in patches of EYE_PATCH. */
EyeLayout *eye_layout(const PatchGrid *grid, size_t clips, Arena *a);

/* The clip's grid after the eye: in 16 x 16 pixels. */
PatchGrid eye_grid(PatchGrid patches);

typedef struct Eye Eye;

/* Parameters are called eye.*. */
SoraStatus eye_new(const EyeConfig *config, ParamSet *set, Arena *weights, Eye **out);

/* Values of a position after the eye. */
size_t eye_values(const EyeConfig *c);

/* x [rows[0], patch_values(EYE_PATCH)] to [rows[2], eye_values], hidden. */
Tensor *eye_forward(const Eye *e, Tape *t, Tensor *x, const EyeLayout *l);

#endif
