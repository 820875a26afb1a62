#include "train/reading.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"

/* ---- roughening ------------------------------------------------------------------------ */

/* A box blur of `radius` pixels on every channel, rows then columns, done twice: nearly a Gauss. */
static void blur_line(const uint8_t *in, uint8_t *out, size_t n, size_t step, size_t radius)
{
    for (size_t i = 0; i < n; i++) {
        size_t from = i > radius ? i - radius : 0, to = size_min(n - 1, i + radius), sum = 0;
        for (size_t j = from; j <= to; j++) sum += in[j * step];
        out[i * step] = (uint8_t)((sum + (to - from + 1) / 2) / (to - from + 1));
    }
}

static void blur_frame(uint8_t *rgb, size_t h, size_t w, size_t radius, uint8_t *scratch)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t y = 0; y < h; y++)
            for (size_t c = 0; c < 3; c++)
                blur_line(rgb + y * w * 3 + c, scratch + y * w * 3 + c, w, 3, radius);
        for (size_t x = 0; x < w; x++)
            for (size_t c = 0; c < 3; c++)
                blur_line(scratch + x * 3 + c, rgb + x * 3 + c, h, w * 3, radius);
    }
}

/* Blocks of 8 x 8 get an offset each, as a model's patches that disagree. */
static void offset_blocks(uint8_t *rgb, size_t h, size_t w, float most, uint64_t seed)
{
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w * 3; x++) {
            uint64_t block = y / 8 * 4096 + x / 24;
            int d = (int)lrint(most * (2 * rng_uniform(seed, block * 3 + x % 3) - 1));
            int v = rgb[y * w * 3 + x] + d;
            rgb[y * w * 3 + x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
}

/* Patches of 8 x 8 pixels take the place of neighbours: torn outlines. */
static void tear(uint8_t *rgb, size_t h, size_t w, float share, uint64_t seed, uint8_t *scratch)
{
    memcpy(scratch, rgb, h * w * 3);
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            uint64_t s = rng_split(seed, y / 8 * 4096 + x / 8);
            if (rng_uniform(s, 0) >= (double)share) continue;
            long fy = (long)y + (long)rng_below(s, 1, 13) - 6;
            long fx = (long)x + (long)rng_below(s, 2, 13) - 6;
            fy = fy < 0 ? 0 : fy >= (long)h ? (long)h - 1 : fy;
            fx = fx < 0 ? 0 : fx >= (long)w ? (long)w - 1 : fx;
            memcpy(rgb + (y * w + x) * 3, scratch + ((size_t)fy * w + (size_t)fx) * 3, 3);
        }
}

static float between(const uint8_t *rgb, size_t w, size_t y, size_t x, float fy, float fx, size_t h,
                     size_t c)
{
    size_t down = size_min(y + 1, h - 1), right = size_min(x + 1, w - 1);
    float top =
        (float)rgb[(y * w + x) * 3 + c] * (1 - fx) + (float)rgb[(y * w + right) * 3 + c] * fx;
    float low =
        (float)rgb[(down * w + x) * 3 + c] * (1 - fx) + (float)rgb[(down * w + right) * 3 + c] * fx;
    return top * (1 - fy) + low * fy;
}

/* Bilinear, as cheap players do it. */
static void resample(const uint8_t *in, size_t h, size_t w, uint8_t *out, size_t oh, size_t ow)
{
    for (size_t y = 0; y < oh; y++)
        for (size_t x = 0; x < ow; x++) {
            float sy = fmaxf(0, ((float)y + 0.5f) * (float)h / (float)oh - 0.5f);
            float sx = fmaxf(0, ((float)x + 0.5f) * (float)w / (float)ow - 0.5f);
            size_t iy = size_min((size_t)sy, h - 1), ix = size_min((size_t)sx, w - 1);
            for (size_t c = 0; c < 3; c++)
                out[(y * ow + x) * 3 + c] =
                    (uint8_t)(between(in, w, iy, ix, sy - (float)iy, sx - (float)ix, h, c) + 0.5f);
        }
}

/* To a smaller size and back. */
static void rescale(uint8_t *rgb, size_t h, size_t w, float factor, uint8_t *scratch)
{
    size_t oh = size_max(1, (size_t)((float)h / factor)),
           ow = size_max(1, (size_t)((float)w / factor));
    resample(rgb, h, w, scratch, oh, ow);
    resample(scratch, oh, ow, rgb, h, w);
}

static void recolour(Clip *clip, uint64_t seed)
{
    float gain[3], lift[3];
    for (int c = 0; c < 3; c++) {
        gain[c] = 1 + 0.12f * (float)(2 * rng_uniform(seed, (uint64_t)c) - 1);
        lift[c] = 12 * (float)(2 * rng_uniform(seed, 3 + (uint64_t)c) - 1);
    }
    uint8_t table[3][256];
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++)
            table[c][v] = (uint8_t)fmaxf(0, fminf(255, gain[c] * (float)v + lift[c] + 0.5f));
    size_t n = clip->frames * clip->height * clip->width * 3;
    for (size_t i = 0; i < n; i++) clip->rgb[i] = table[i % 3][clip->rgb[i]];
}

static void add_noise(Clip *clip, float most, uint64_t seed)
{
    size_t n = clip->frames * clip->height * clip->width * 3;
    for (size_t i = 0; i < n; i += 4) { /* four bytes of one draw: noise need not be good noise */
        uint64_t bits = rng_u64(seed, i);
        for (size_t j = i; j < size_min(n, i + 4); j++, bits >>= 16) {
            float v = (float)clip->rgb[j] + most * ((float)(bits & 0xffff) / 32768.0f - 1);
            clip->rgb[j] = (uint8_t)fmaxf(0, fminf(255, v + 0.5f));
        }
    }
}

void reading_roughen(Clip *clip, uint64_t seed, uint8_t *scratch, bool *likeness)
{
    enum { KIND, HOW, SCALE, BLOCKS, NOISE, COLOUR, TEAR };
    double u = rng_uniform(seed, KIND), how = rng_uniform(seed, HOW);
    bool spoil = u < 0.25;
    size_t radius = spoil && how < 0.6 ? 2 : u > 0.8 ? 1 : 0;
    float share = spoil && how >= 0.4 ? 0.3f + 0.5f * (float)rng_uniform(seed, TEAR) : 0;
    float factor = u > 0.65 && u <= 0.8 ? 1.1f + 0.4f * (float)rng_uniform(seed, SCALE) : 0;
    for (size_t f = 0; f < clip->frames; f++) {
        uint8_t *rgb = clip_frame(clip, f);
        if (share > 0) tear(rgb, clip->height, clip->width, share, rng_split(seed, f), scratch);
        if (radius) blur_frame(rgb, clip->height, clip->width, radius, scratch);
        if (factor > 0) rescale(rgb, clip->height, clip->width, factor, scratch);
        if (u > 0.5 && u < 0.65)
            offset_blocks(rgb, clip->height, clip->width, 10, rng_split(seed, BLOCKS));
    }
    recolour(clip, rng_split(seed, COLOUR));
    if (how > 0.5) add_noise(clip, 10, rng_split(seed, NOISE));
    *likeness = !spoil;
}

/* ---- the loss -------------------------------------------------------------------------- */

/* One softmax over the cast: a clip with two actors asks for each with half its weight. */
static Tensor *actor_loss(Tape *t, const ReaderLogits *x, size_t clips, const ReadingLabels *labels)
{
    Arena *a = tape_arena(t);
    uint32_t *row = arena_zero(a, (clips * FACTS_ACTORS_MAX + 1) * sizeof *row);
    uint32_t *actor = arena_zero(a, (clips * FACTS_ACTORS_MAX + 1) * sizeof *actor);
    float *weight = arena_zero(a, (clips * FACTS_ACTORS_MAX + 1) * sizeof *weight);
    size_t n = 0;
    for (size_t i = 0; i < clips; i++) {
        const ReadingLabels *l = &labels[i];
        size_t seen = 0;
        for (size_t j = 0; j < l->actor_count; j++) seen += l->seen[j];
        for (size_t j = 0; j < l->actor_count; j++) {
            if (!l->seen[j]) continue;
            row[n] = (uint32_t)i, actor[n] = l->actors[j];
            weight[n++] = 1 / (float)seen;
        }
    }
    if (n == 0) n = 1; /* a row without weight: no clip shows anybody */
    return op_cross_entropy(t, op_gather(t, x->actor, row, n), actor, weight);
}

Tensor *reading_loss(const Reader *r, Tape *t, const ReaderInput *in, const ReadingLabels *labels)
{
    static const float share[READ_HEADS] = { 1, 0.5f, 0.5f, 1, 0.5f, 1, 0.5f, 0.5f };
    Arena *a = tape_arena(t);
    size_t n = in->clips;
    ReaderLogits x;
    reader_forward(r, t, in, &x);
    Tensor *sum = op_scale(t, actor_loss(t, &x, n, labels), 2);
    for (int h = 0; h < READ_HEADS; h++) {
        uint32_t *label = arena_alloc(a, n * sizeof *label);
        float *weight = arena_alloc(a, n * sizeof *weight);
        for (size_t i = 0; i < n; i++) {
            label[i] = labels[i].answer[h];
            weight[i] = labels[i].weight[h];
        }
        sum = op_add(t, sum, op_scale(t, op_cross_entropy(t, x.head[h], label, weight), share[h]));
    }
    return sum;
}
