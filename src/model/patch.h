/* Pixels and tokens of our own models: a token is 4 frames x P x P pixels x RGB, in [-1, 1].
 * The first latent frame stands for one frame (held for four), every other for four. */
#ifndef MODEL_PATCH_H
#define MODEL_PATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PATCH_FRAMES = 4, PATCH_CHANNELS = 3, PATCH_SIDE_MAX = 32 };

/* A grid of tokens: latent frames, rows, columns. Tokens lie frame by frame, row by row. */
typedef struct PatchGrid {
    size_t frames, height, width;
} PatchGrid;

static inline size_t patch_tokens(PatchGrid g)
{
    return g.frames * g.height * g.width;
}

/* 1, 5, 9 ... -> 1, 2, 3 ...; lengths in between round up. */
size_t patch_latent_frames(size_t frames);
/* Seconds that a latent frame stands for; 0 for fps 0, of pictures. */
float patch_frame_s(double fps);

/* 1, 2, 3 ... -> 1, 5, 9 ... */
size_t patch_video_frames(size_t latent_frames);

/* The latent frame that holds video frame f, and its place (0 .. 3) there; frame 0 has all four. */
size_t patch_latent_of(size_t frame, size_t *place);

/* The way back: video frame at place k of latent frame f. */
size_t patch_frame_at(size_t latent, size_t place);

/* The grid of a video; sides that are no multiple of `patch` round up. */
PatchGrid patch_grid(size_t frames, size_t height, size_t width, size_t patch);

size_t
patch_values(size_t patch); /* values in a token: 4 * P * P * 3, order frame, row, column, RGB */

/* tokens [patch_tokens(grid), patch_values] of rgb [frames, height, width, 3]. Frames after the
 * last, rows and columns beyond the edge repeat the nearest that exist. */
void patch_pack(const uint8_t *rgb, size_t frames, size_t height, size_t width, size_t patch,
                float *tokens);

/* The pictures of the four places of latent frame f of rgb [frames, height, width, 3]. */
void patch_places(const uint8_t *rgb, size_t frames, size_t height, size_t width, size_t f,
                  const uint8_t *place[PATCH_FRAMES]);

/* One latent frame of them: `frame` are the pictures of its four places. */
void patch_pack_latent(const uint8_t *const frame[PATCH_FRAMES], size_t height, size_t width,
                       size_t patch, float *tokens);

/* The way back of one latent frame, into rgb [frames, height, width, 3]: the first of a clip makes
 * one frame, the mean of its four places; every other as many as `frames` says, at most four. */
void patch_unpack_latent(const float *tokens, bool first, size_t frames, size_t height,
                         size_t width, size_t patch, uint8_t *rgb);

/* All of a clip, where a latent frame's tokens begin every `stride` values. */
void patch_unpack_clip(const float *tokens, size_t stride, size_t frames, size_t height,
                       size_t width, size_t patch, uint8_t *rgb);

/* The way back: only pixels inside the video are written, values clamped and rounded. */
void patch_unpack(const float *tokens, size_t frames, size_t height, size_t width, size_t patch,
                  uint8_t *rgb);

/* What patch_pack would make of the clip as a mirror shows it, where its width is whole patches:
 * one latent frame of `g`, whose frames are not read. Not in place. */
void patch_mirror(const float *tokens, PatchGrid g, size_t patch, float *out);

#endif
