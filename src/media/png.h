/* PNG out: one picture of 8-bit RGB, lossless. */
#ifndef MEDIA_PNG_H
#define MEDIA_PNG_H

#include "base/file.h"
#include "media/clip.h"

/* Encodes frame `f` of the clip into `a`. `comment` (UTF-8, or NULL) goes into an iTXt chunk
 * with the keyword "Comment". SORA_E_UNSUPPORTED in a build without FFmpeg's libraries. */
SoraStatus png_encode(const Clip *clip, size_t f, const char *comment, Arena *a, Slice *out);

/* The same to a file, atomically; an existing one is replaced. */
SoraStatus png_write(const char *path, const Clip *clip, size_t f, const char *comment);

/* The iTXt "Comment" of a PNG file, not compressed, as png_encode writes it; or NULL. */
const char *png_comment(Slice file, Arena *a);

#endif
