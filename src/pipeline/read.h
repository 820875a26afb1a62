/* Any clip as the reader wants it (model/reader.h): smaller, and with fewer frames. */
#ifndef PIPELINE_READ_H
#define PIPELINE_READ_H

#include "media/clip.h"
#include "model/reader.h"

/* A copy in `a`: the shorter side READER_SIDE pixels, a longer side beyond READER_LONG cut at both
 * ends; frames READER_FPS a second, or READER_FRAMES spread over a clip that lasts longer. */
SoraStatus read_fit(const Clip *clip, Arena *a, Clip *out);

/* Fits the clips and reads them, one Reading each in `out_arena`; SORA_CANCELLED where the pool was
 * told to stop. */
SoraStatus read_clips(const Reader *r, const Compute *c, const Clip *clips, size_t count,
                      Arena *step, Arena *out_arena, Reading *out);

#endif
