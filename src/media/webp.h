/* Animated WebP in (FFmpeg cannot read it): every frame composed onto the canvas, with alpha. */
#ifndef MEDIA_WEBP_H
#define MEDIA_WEBP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/file.h"

enum { WEBP_PIXELS_MAX = 1 << 24, WEBP_BYTES_MAX = 1 << 30 }; /* of a canvas; of all frames */

typedef struct WebpAnim {
    size_t frames, height, width; /* a still has one frame */
    uint32_t loops;               /* 0: for ever */
    uint8_t *rgba;                /* [frames, height, width, 4], alpha not premultiplied */
    int *end_ms;                  /* [frames] when each frame stops being shown; a still: 0 */
} WebpAnim;

/* Whether the bytes begin as a WebP file does. */
bool webp_is(Slice file);

/* Decodes a whole file into `a`; `name` goes into messages. SORA_E_FORMAT when it is damaged, cut
 * short, or above the limits; SORA_E_UNSUPPORTED in a build without libwebp. */
SoraStatus webp_anim_decode(Slice file, const char *name, Arena *a, WebpAnim *out);

/* The description in the file's XMP packet (media/xmp.h), or NULL. */
const char *webp_comment(Slice file, Arena *a);

static inline uint8_t *webp_frame(const WebpAnim *w, size_t f)
{
    return w->rgba + f * w->height * w->width * 4;
}

#endif
