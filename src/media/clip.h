/* A clip: frames of 8-bit RGB in memory. The unit that the world makes, the model learns from,
 * generates and edits, and files hold. An image is a clip of one frame. */
#ifndef MEDIA_CLIP_H
#define MEDIA_CLIP_H

#include <stdint.h>

#include "base/arena.h"

typedef struct Clip {
    size_t frames, height, width;
    double fps;        /* frames a second; 0 for an image */
    uint8_t *rgb;      /* [frames, height, width, 3], sRGB */
} Clip;

enum { CLIP_SIDE_MAX = 8192, CLIP_FRAMES_MAX = 100000 };

/* A clip in `a`, pixels not cleared. Refuses sizes of 0 or above the limits, in words. */
SoraStatus clip_new(Arena *a, size_t frames, size_t height, size_t width, double fps, Clip *out);

static inline uint8_t *clip_frame(const Clip *c, size_t f)
{
    return c->rgb + f * c->height * c->width * 3;
}

#endif
