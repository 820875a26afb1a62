#include "pipeline/keep.h"

#include "base/rng.h"

/* Of one colour of one frame of a token: value k * one + 3 * pixel + channel. */
typedef struct Spot {
    size_t token, place, channel;
} Spot;

static size_t value_of(const KeepCall *k, const Spot *s, size_t pixel)
{
    size_t pixels = k->patch * k->patch;
    return (s->place * pixels + pixel) * PATCH_CHANNELS + s->channel;
}

/* How far the mean is from the source's at that level. */
static double gap(const KeepCall *k, const Spot *s, double sigma, const float *z)
{
    size_t pixels = k->patch * k->patch, values = patch_values(k->patch), at = s->token * values;
    double sum = 0;
    for (size_t i = 0; i < pixels; i++) {
        size_t v = value_of(k, s, i);
        double noise = rng_normal(k->seed, (k->first + s->token) * values + v);
        sum += (1 - sigma) * (double)k->clean[at + v] + sigma * noise - (double)z[at + v];
    }
    return sum / (double)pixels;
}

static void shift(const KeepCall *k, const Spot *s, double by, float *z)
{
    size_t pixels = k->patch * k->patch, at = s->token * patch_values(k->patch);
    for (size_t i = 0; i < pixels; i++) z[at + value_of(k, s, i)] += (float)by;
}

static bool is_free(const KeepCall *k, const Spot *s, size_t frame)
{
    return k->sigma[frame] > KEEP_UNTIL && !k->given[s->token * PATCH_FRAMES + s->place];
}

/* One place and colour of the picture through all frames. */
static void keep_through(const KeepCall *k, size_t where, size_t channel, float *z)
{
    size_t per = k->per, count = 0;
    double mean = 0;
    for (size_t f = 0; k->kind == KEEP_MOTION && f < k->grid.frames; f++)
        for (size_t p = 0; p < PATCH_FRAMES; p++) {
            Spot s = { f * per + where, p, channel };
            if (!is_free(k, &s, f)) continue;
            mean += gap(k, &s, k->sigma[f], z);
            count++;
        }
    if (count) mean /= (double)count;
    for (size_t f = 0; f < k->grid.frames; f++)
        for (size_t p = 0; p < PATCH_FRAMES; p++) {
            Spot s = { f * per + where, p, channel };
            if (is_free(k, &s, f)) shift(k, &s, gap(k, &s, k->sigma[f], z) - mean, z);
        }
}

void keep_low(const KeepCall *k, float *z)
{
    if (k->kind == KEEP_NOTHING) return;
    for (size_t where = 0; where < k->grid.height * k->grid.width; where++)
        for (size_t channel = 0; channel < PATCH_CHANNELS; channel++)
            keep_through(k, where, channel, z);
}
