/* A clip: frames of 8-bit RGB in memory. The unit that the world makes, the model learns from,
 * generates and edits, and files hold. An image is a clip of one frame. */
#ifndef MEDIA_CLIP_H
#define MEDIA_CLIP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"

/* Which colours the numbers of a video mean: code points of ISO/IEC 23091-2, 2 where it does not
 * say. */
typedef struct MediaColour {
    bool known; /* false: nothing is said */
    int primaries, transfer, matrix;
    bool full, range_known; /* 0 to 255 instead of 16 to 235; tagged as such */
} MediaColour;

typedef struct Clip {
    size_t frames, height, width;
    double fps;   /* frames a second; 0 for an image */
    uint8_t *rgb; /* [frames, height, width, 3], sRGB */
} Clip;

enum { CLIP_SIDE_MAX = 8192, CLIP_FRAMES_MAX = 100000 };

/* A clip in `a`, pixels not cleared. Refuses sizes of 0 or above the limits, in words. */
SoraStatus clip_new(Arena *a, size_t frames, size_t height, size_t width, double fps, Clip *out);

static inline uint8_t *clip_frame(const Clip *c, size_t f)
{
    return c->rgb + f * c->height * c->width * 3;
}

/* Of two pixels, in levels: that of the colour in which they differ most. */
static inline int clip_difference(const uint8_t a[3], const uint8_t b[3])
{
    int most = 0;
    for (int c = 0; c < 3; c++) {
        int d = abs(a[c] - b[c]);
        most = d > most ? d : most;
    }
    return most;
}

#endif
