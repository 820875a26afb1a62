/* Pictures to another size. Filters are applied to sRGB values as they are, as most tools do. */
#ifndef MEDIA_RESIZE_H
#define MEDIA_RESIZE_H

#include "base/pool.h"
#include "media/clip.h"

typedef enum ResizeFilter {
    RESIZE_AREA,   /* each pixel the mean of what it covers: exact, soft, no ringing */
    RESIZE_LANCZOS /* Lanczos-3, widened when it makes smaller: crisp. PIL's LANCZOS */
} ResizeFilter;

/* The part of the source that is kept, in source pixels; width 0: all of it. */
typedef struct ResizeWindow {
    double x, y, width, height;
} ResizeWindow;

typedef struct ResizeOptions {
    size_t height, width;
    ResizeFilter filter;
    ResizeWindow window;
    Pool *pool; /* frames in parallel; NULL: one thread */
} ResizeOptions;

/* A new clip in `a` (its pixels and some scratch). Same bytes for any number of threads. */
SoraStatus resize_clip(const Clip *in, const ResizeOptions *o, Arena *a, Clip *out);

/* The largest centred window of the clip with the shape width:height: to fill a frame. */
ResizeWindow resize_cover(const Clip *in, size_t height, size_t width);

/* One frame rgb [height, width, 3], cut and scaled to fill out [o.height, o.width, 3]: what is kept
 * is o's window, resize_cover's where it has none. Working memory from `a`, given back. */
SoraStatus resize_to_fill(const uint8_t *rgb, size_t height, size_t width, ResizeOptions o,
                          Arena *a, uint8_t *out);

#endif
