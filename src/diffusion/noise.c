#include "diffusion/noise.h"

#include <math.h>

enum { MIDDLE = 397, BLOCK = 16, HALF = BLOCK / 2 };
static const double TWO_PI = 6.283185307179586;

void noise_torch_start(NoiseTorch *g, uint64_t seed)
{
    g->word[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < NOISE_WORDS; i++)
        g->word[i] = 1812433253u * (g->word[i - 1] ^ g->word[i - 1] >> 30) + i;
    g->next = NOISE_WORDS;
    g->has_spare = false;
}

static void refill(NoiseTorch *g)
{
    for (int i = 0; i < NOISE_WORDS; i++) {
        uint32_t low = g->word[(i + 1) % NOISE_WORDS];
        uint32_t both = (g->word[i] & 0x80000000u) | (low & 0x7FFFFFFFu);
        g->word[i] = g->word[(i + MIDDLE) % NOISE_WORDS] ^ both >> 1 ^ (low & 1 ? 0x9908B0DFu : 0);
    }
    g->next = 0;
}

static uint32_t draw_word(NoiseTorch *g)
{
    if (g->next == NOISE_WORDS) refill(g);
    uint32_t y = g->word[g->next++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9D2C5680u;
    y ^= y << 15 & 0xEFC60000u;
    return y ^ y >> 18;
}

/* 53 bits: the low ones of two words. */
static double draw_double(NoiseTorch *g)
{
    uint64_t high = draw_word(g);
    uint64_t both = high << 32 | draw_word(g);
    return (double)(both & ((1ull << 53) - 1)) * 0x1p-53;
}

static double draw_one(NoiseTorch *g)
{
    if (g->has_spare) {
        g->has_spare = false;
        return g->spare;
    }
    double u1 = draw_double(g), u2 = draw_double(g);
    double r = sqrt(-2 * log1p(-u2));
    g->spare = r * sin(TWO_PI * u1);
    g->has_spare = true;
    return r * cos(TWO_PI * u1);
}

static void draw_block(NoiseTorch *g, float *out)
{
    double u[BLOCK];
    for (int i = 0; i < BLOCK; i++) u[i] = (double)(draw_word(g) & 0xFFFFFF) * 0x1p-24;
    for (int i = 0; i < HALF; i++) {
        double r = sqrt(-2 * log(1 - u[i])), angle = TWO_PI * u[i + HALF];
        out[i] = (float)(r * cos(angle));
        out[i + HALF] = (float)(r * sin(angle));
    }
}

void noise_torch_draw(NoiseTorch *g, float *out, size_t n)
{
    if (n < BLOCK) {
        for (size_t i = 0; i < n; i++) out[i] = (float)draw_one(g);
        return;
    }
    for (size_t i = 0; i + BLOCK <= n; i += BLOCK) draw_block(g, out + i);
    if (n % BLOCK == 0) return;
    /* PyTorch has drawn words for the rest by now, and draws the last 16 values again. */
    for (size_t i = 0; i < n % BLOCK; i++) draw_word(g);
    draw_block(g, out + n - BLOCK);
}
