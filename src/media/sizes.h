/* Sizes of clips as people write them: what a run trains on, what a model was taught. */
#ifndef MEDIA_SIZES_H
#define MEDIA_SIZES_H

#include <stddef.h>

#include "base/error.h"

/* One size and how often it comes. */
typedef struct ClipSize {
    size_t frames, height, width;
    double fps;
    double share;
} ClipSize;

enum { SIZES_MAX = 16 };

/* "64x64" (images), "64x64x25@24", "96x56x25@12*0.5" (width x height x frames @ fps * share),
 * joined by commas; shares come out with the sum 1. SORA_E_ARGUMENT names the part that is wrong.
 */
SoraStatus sizes_parse(const char *text, ClipSize *out, size_t *count);

#endif
