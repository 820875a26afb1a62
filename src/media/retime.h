/* Another frame rate at the same speed: frames between are made by following what moves. */
#ifndef MEDIA_RETIME_H
#define MEDIA_RETIME_H

#include "base/pool.h"
#include "media/clip.h"

/* The clip at `fps` frames a second, as long as before: round(frames * fps / in->fps) frames, in
 * `a`. Frame k shows time k / fps; where that is a frame of the source it is that frame, byte for
 * byte; after the last it is the last. Between two frames each block of the picture looks for the
 * straight path on which both agree (bilateral block matching over a pyramid, overlapped windows).
 * An image (fps 0) comes back as it is. Same bytes for any number of threads. */
SoraStatus retime_clip(const Clip *in, double fps, Pool *pool, Arena *a, Clip *out);

/* The frames that show the times at[count], counted in frames of `in` from its first; past its last
 * frame that one. rgb [count, height, width, 3]; agree NULL or [count, height, width], 255 where
 * the frames before and after show the same along the path through a pixel, less where they do not.
 * Working memory from `a`, given back. */
SoraStatus retime_at(const Clip *in, const double *at, size_t count, Pool *pool, Arena *a,
                     uint8_t *rgb, uint8_t *agree);

/* The same between two pictures [height, width, 3]: at[count] from 0, the first, to 1. */
SoraStatus retime_between(const uint8_t *before, const uint8_t *after, size_t height, size_t width,
                          const double *at, size_t count, Pool *pool, Arena *a, uint8_t *rgb,
                          uint8_t *agree);

#endif
