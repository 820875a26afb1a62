#include "model/patch.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/size.h"

float patch_frame_s(double fps)
{
    return fps > 0 ? PATCH_FRAMES / (float)fps : 0;
}

size_t patch_latent_frames(size_t frames)
{
    assert(frames > 0);
    return size_ceil_div(frames - 1, PATCH_FRAMES) + 1;
}

size_t patch_video_frames(size_t latent_frames)
{
    return (latent_frames - 1) * PATCH_FRAMES + 1;
}

size_t patch_latent_of(size_t frame, size_t *place)
{
    *place = frame ? (frame - 1) % PATCH_FRAMES : 0;
    return patch_latent_frames(frame + 1) - 1;
}

size_t patch_frame_at(size_t latent, size_t place)
{
    return latent ? (latent - 1) * PATCH_FRAMES + 1 + place : 0;
}

PatchGrid patch_grid(size_t frames, size_t height, size_t width, size_t patch)
{
    return (PatchGrid){ patch_latent_frames(frames), size_ceil_div(height, patch),
                        size_ceil_div(width, patch) };
}

size_t patch_values(size_t patch)
{
    return PATCH_FRAMES * patch * patch * PATCH_CHANNELS;
}

typedef struct Picture {
    size_t height, width, patch;
} Picture;

static void pack_token(const Picture *v, const uint8_t *const place[], size_t r, size_t c,
                       float *out)
{
    for (size_t k = 0; k < PATCH_FRAMES; k++) {
        for (size_t y = 0; y < v->patch; y++) {
            const uint8_t *row =
                place[k] + size_min(r * v->patch + y, v->height - 1) * v->width * PATCH_CHANNELS;
            for (size_t x = 0; x < v->patch; x++) {
                const uint8_t *p = row + size_min(c * v->patch + x, v->width - 1) * PATCH_CHANNELS;
                for (int i = 0; i < PATCH_CHANNELS; i++) *out++ = (float)p[i] / 127.5f - 1;
            }
        }
    }
}

void patch_pack_latent(const uint8_t *const frame[PATCH_FRAMES], size_t height, size_t width,
                       size_t patch, float *tokens)
{
    Picture v = { height, width, patch };
    PatchGrid g = patch_grid(1, height, width, patch);
    size_t values = patch_values(patch);
    for (size_t r = 0; r < g.height; r++)
        for (size_t c = 0; c < g.width; c++, tokens += values) pack_token(&v, frame, r, c, tokens);
}

void patch_places(const uint8_t *rgb, size_t frames, size_t height, size_t width, size_t f,
                  const uint8_t *place[PATCH_FRAMES])
{
    for (size_t k = 0; k < PATCH_FRAMES; k++)
        place[k] =
            rgb + size_min(patch_frame_at(f, k), frames - 1) * height * width * PATCH_CHANNELS;
}

void patch_pack(const uint8_t *rgb, size_t frames, size_t height, size_t width, size_t patch,
                float *tokens)
{
    PatchGrid g = patch_grid(frames, height, width, patch);
    size_t values = patch_values(patch);
    for (size_t f = 0; f < g.frames; f++, tokens += g.height * g.width * values) {
        const uint8_t *place[PATCH_FRAMES];
        patch_places(rgb, frames, height, width, f, place);
        patch_pack_latent(place, height, width, patch, tokens);
    }
}

static uint8_t to_byte(float x)
{
    float b = roundf((x + 1) * 127.5f);
    return (uint8_t)(b > 0 ? b < 255 ? b : 255 : 0);
}

/* The part of a frame that one token holds: `in` are its values at that frame's place. */
static void unpack_frame(const Picture *v, const float *in, size_t r, size_t c, uint8_t *frame)
{
    for (size_t y = 0; y < v->patch && r * v->patch + y < v->height; y++)
        for (size_t x = 0; x < v->patch && c * v->patch + x < v->width; x++) {
            const float *p = in + (y * v->patch + x) * PATCH_CHANNELS;
            uint8_t *out = frame + ((r * v->patch + y) * v->width + c * v->patch + x) * 3;
            for (int i = 0; i < PATCH_CHANNELS; i++) out[i] = to_byte(p[i]);
        }
}

/* The first latent frame predicts its one frame four times: their mean is the better guess. */
static void mean_of_places(const float *token, size_t per_frame, float *out)
{
    for (size_t i = 0; i < per_frame; i++) {
        float sum = 0;
        for (size_t k = 0; k < PATCH_FRAMES; k++) sum += token[k * per_frame + i];
        out[i] = sum / PATCH_FRAMES;
    }
}

void patch_unpack_latent(const float *tokens, bool first, size_t frames, size_t height,
                         size_t width, size_t patch, uint8_t *rgb)
{
    assert(patch <= PATCH_SIDE_MAX && frames <= PATCH_FRAMES);
    float mean[PATCH_SIDE_MAX * PATCH_SIDE_MAX * PATCH_CHANNELS];
    Picture v = { height, width, patch };
    PatchGrid g = patch_grid(1, height, width, patch);
    size_t per_frame = patch * patch * PATCH_CHANNELS, bytes = height * width * PATCH_CHANNELS;
    for (size_t r = 0; r < g.height; r++)
        for (size_t c = 0; c < g.width; c++, tokens += PATCH_FRAMES * per_frame) {
            if (first) {
                mean_of_places(tokens, per_frame, mean);
                unpack_frame(&v, mean, r, c, rgb);
                continue;
            }
            for (size_t k = 0; k < frames; k++)
                unpack_frame(&v, tokens + k * per_frame, r, c, rgb + k * bytes);
        }
}

void patch_unpack_clip(const float *tokens, size_t stride, size_t frames, size_t height,
                       size_t width, size_t patch, uint8_t *rgb)
{
    size_t latents = patch_latent_frames(frames), bytes = height * width * PATCH_CHANNELS;
    for (size_t f = 0; f < latents; f++) {
        size_t at = patch_frame_at(f, 0), have = f ? size_min(PATCH_FRAMES, frames - at) : 1;
        patch_unpack_latent(tokens + f * stride, f == 0, have, height, width, patch,
                            rgb + at * bytes);
    }
}

void patch_unpack(const float *tokens, size_t frames, size_t height, size_t width, size_t patch,
                  uint8_t *rgb)
{
    PatchGrid g = patch_grid(1, height, width, patch);
    patch_unpack_clip(tokens, g.height * g.width * patch_values(patch), frames, height, width,
                      patch, rgb);
}

void patch_mirror(const float *tokens, PatchGrid g, size_t patch, float *out)
{
    size_t rows = PATCH_FRAMES * patch, width = patch * PATCH_CHANNELS;
    for (size_t i = 0; i < g.height * g.width; i++) {
        size_t opposite = i / g.width * g.width + g.width - 1 - i % g.width;
        const float *from = tokens + opposite * rows * width;
        for (size_t y = 0; y < rows; y++, from += width)
            for (size_t x = patch; x-- > 0; out += PATCH_CHANNELS)
                memcpy(out, from + x * PATCH_CHANNELS, PATCH_CHANNELS * sizeof *out);
    }
}
