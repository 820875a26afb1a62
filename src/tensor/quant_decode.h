/* Decoding of each stored type, for every level that includes this: loops that become vectors.
 * Block layouts: ggml-org/ggml, ggml-common.h. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "tensor/convert.h"
#include "tensor/quant.h"

#define INLINED static inline __attribute__((always_inline))

/* f16_to_f32 of convert.h, where a call would stand in the way of vectors. */
INLINED float half(const unsigned char *x)
{
    uint32_t bits = (uint32_t)(x[0] | x[1] << 8), rest = (bits & 0x7FFF) << 13, whole;
    float finite;
    memcpy(&finite, &rest, sizeof finite);
    finite *= 0x1p112f;
    memcpy(&whole, &finite, sizeof whole);
    whole = (bits & 0x8000) << 16 | (rest >= 0x0F800000 ? rest | 0x7F800000 : whole);
    memcpy(&finite, &whole, sizeof finite);
    return finite;
}

/* Sign, 4 bits of exponent, 3 of mantissa: the multiplication moves the exponent's bias from 7 to
 * 127 and normalises subnormals. */
INLINED float e4m3(unsigned char x)
{
    uint32_t rest = (uint32_t)(x & 0x7F) << 20, bits;
    float y;
    memcpy(&y, &rest, sizeof y);
    y *= 0x1p120f;
    memcpy(&bits, &y, sizeof bits);
    bits = rest == 0x7F << 20 ? 0x7FC00000 : bits;
    bits |= (uint32_t)(x & 0x80) << 24;
    memcpy(&y, &bits, sizeof y);
    return y;
}

INLINED float e5m2(unsigned char x)
{
    unsigned char two[2] = { 0, x }; /* the upper half of an f16 */
    return half(two);
}

static const int8_t iq4[16] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                1,    13,   25,  38,  53,  69,  89,  113 };

/* ---- blocks of 32 ---- */

INLINED void q8_0(float *y, const unsigned char *x)
{
    float d = half(x);
    const int8_t *q = (const int8_t *)x + 2;
    for (int i = 0; i < 32; i++) y[i] = d * q[i];
}

/* Low nibbles are values 0-15, high ones 16-31; `high` holds a fifth bit of each. */
INLINED void nibbles(float *y, const unsigned char *q, uint32_t high, float d, int middle)
{
    for (int i = 0; i < 16; i++) {
        int low = (q[i] & 15) | (int)(high >> i & 1) << 4;
        int up = q[i] >> 4 | (int)(high >> (i + 16) & 1) << 4;
        y[i] = d * (float)(low - middle);
        y[i + 16] = d * (float)(up - middle);
    }
}

/* Only where there is a minimum: -0 + 0 would lose its sign. */
INLINED void raise(float *y, float m)
{
    for (int i = 0; i < 32; i++) y[i] += m;
}

INLINED uint32_t word(const unsigned char *x)
{
    return x[0] | (uint32_t)x[1] << 8 | (uint32_t)x[2] << 16 | (uint32_t)x[3] << 24;
}

INLINED void q4_0(float *y, const unsigned char *x)
{
    nibbles(y, x + 2, 0, half(x), 8);
}

INLINED void q4_1(float *y, const unsigned char *x)
{
    nibbles(y, x + 4, 0, half(x), 0);
    raise(y, half(x + 2));
}

INLINED void q5_0(float *y, const unsigned char *x)
{
    nibbles(y, x + 6, word(x + 2), half(x), 16);
}

INLINED void q5_1(float *y, const unsigned char *x)
{
    nibbles(y, x + 8, word(x + 4), half(x), 0);
    raise(y, half(x + 2));
}

INLINED void iq4_32(float *y, const unsigned char *q, float d)
{
    for (int i = 0; i < 16; i++) {
        y[i] = d * iq4[q[i] & 15];
        y[i + 16] = d * iq4[q[i] >> 4];
    }
}

INLINED void iq4_nl(float *y, const unsigned char *x)
{
    iq4_32(y, x + 2, half(x));
}

/* ---- blocks of 256 ---- */

/* u8 scale[16] (low nibble scale, high nibble minimum), u8 q[64], d, dmin. */
INLINED void q2_k(float *y, const unsigned char *x)
{
    float d = half(x + 80), dmin = half(x + 82);
    for (int g = 0; g < 16; g++) {
        const unsigned char *q = x + 16 + g / 8 * 32 + g % 2 * 16;
        int shift = g % 8 / 2 * 2;
        float scale = d * (x[g] & 15), min = dmin * (x[g] >> 4);
        for (int i = 0; i < 16; i++) y[g * 16 + i] = scale * (q[i] >> shift & 3) - min;
    }
}

/* u8 high[32], u8 q[64], 16 scales of 6 bits in 12 bytes, d. */
INLINED void q3_k(float *y, const unsigned char *x)
{
    float d = half(x + 108);
    const unsigned char *packed = x + 96;
    for (int g = 0; g < 16; g++) {
        int low = packed[g % 8] >> (g / 8 * 4) & 15, top = packed[8 + g % 4] >> (g / 4 * 2) & 3;
        const unsigned char *q = x + 32 + g / 8 * 32 + g % 2 * 16, *high = x + g % 2 * 16;
        int shift = g % 8 / 2 * 2, bit = g / 2;
        float scale = d * (float)((low | top << 4) - 32);
        for (int i = 0; i < 16; i++) {
            int v = (q[i] >> shift & 3) - (high[i] >> bit & 1 ? 0 : 4);
            y[g * 16 + i] = scale * (float)v;
        }
    }
}

/* The 6-bit scale and minimum of sub-block j of Q4_K and Q5_K. */
INLINED void scale_min(const unsigned char *s, int j, int *scale, int *min)
{
    *scale = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
    *min = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | s[j] >> 6 << 4;
}

/* d, dmin, u8 scale[12], then (Q5_K) u8 high[32], u8 q[128]. */
INLINED void q45_k(float *y, const unsigned char *x, const unsigned char *high,
                   const unsigned char *q)
{
    float d = half(x), dmin = half(x + 2);
    for (int j = 0; j < 8; j++) {
        int s, m;
        scale_min(x + 4, j, &s, &m);
        float scale = d * (float)s, min = dmin * (float)m;
        for (int i = 0; i < 32; i++) {
            int v = q[j / 2 * 32 + i] >> (j % 2 * 4) & 15;
            if (high) v |= (high[i] >> j & 1) << 4;
            y[j * 32 + i] = scale * (float)v - min;
        }
    }
}

INLINED void q4_k(float *y, const unsigned char *x)
{
    q45_k(y, x, NULL, x + 16);
}

INLINED void q5_k(float *y, const unsigned char *x)
{
    q45_k(y, x, x + 16, x + 48);
}

/* u8 low[128], u8 high[64], i8 scale[16], d. */
INLINED void q6_k(float *y, const unsigned char *x)
{
    float d = half(x + 208);
    for (int g = 0; g < 16; g++) {
        int part = g / 2 % 4, at = g % 2 * 16; /* of a half of 128: four runs of 32 */
        const unsigned char *low = x + g / 8 * 64 + part % 2 * 32 + at;
        const unsigned char *high = x + 128 + g / 8 * 32 + at;
        float scale = d * (int8_t)x[192 + g];
        for (int i = 0; i < 16; i++) {
            int v = (low[i] >> (part / 2 * 4) & 15) | (high[i] >> (part * 2) & 3) << 4;
            y[g * 16 + i] = scale * (float)(v - 32);
        }
    }
}

/* d, u16 of 2 upper bits and u8[4] of 4 lower bits of 8 scales, u8 q[128]. */
INLINED void iq4_xs(float *y, const unsigned char *x)
{
    float d = half(x);
    for (int j = 0; j < 8; j++) {
        int low = x[4 + j / 2] >> (j % 2 * 4) & 15, top = (x[2] | x[3] << 8) >> (2 * j) & 3;
        iq4_32(y + j * 32, x + 8 + j * 16, d * (float)((low | top << 4) - 32));
    }
}

/* ---- all of them ---- */

#define BLOCKS(one)                                                            \
    for (size_t i = 0; i < n; i += block, y += block, at += bytes) one(y, at); \
    return
#define VALUES(kind, value)                      \
    for (size_t i = 0; i < n; i++) {             \
        kind v;                                  \
        memcpy(&v, at + i * sizeof v, sizeof v); \
        y[i] = value;                            \
    }                                            \
    return

INLINED void decode(float *y, const void *x, Type type, size_t n)
{
    const unsigned char *at = x;
    size_t block = type_block(type), bytes = type_block_bytes(type);
    assert(n % block == 0);
    switch (type) {
    case TYPE_F32: memcpy(y, x, n * sizeof *y); return;
    case TYPE_BF16: VALUES(uint16_t, bf16_to_f32(v));
    case TYPE_F16:
        for (size_t i = 0; i < n; i++) y[i] = half(at + 2 * i);
        return;
    case TYPE_F64: VALUES(double, (float)v);
    case TYPE_F8_E4M3: VALUES(uint8_t, e4m3(v));
    case TYPE_F8_E5M2: VALUES(uint8_t, e5m2(v));
    case TYPE_I64: VALUES(int64_t, (float)v);
    case TYPE_I32: VALUES(int32_t, (float)v);
    case TYPE_I16: VALUES(int16_t, (float)v);
    case TYPE_I8: VALUES(int8_t, (float)v);
    case TYPE_U8: VALUES(uint8_t, (float)v);
    case TYPE_BOOL: VALUES(uint8_t, v ? 1.0f : 0.0f);
    case TYPE_Q8_0: BLOCKS(q8_0);
    case TYPE_Q4_0: BLOCKS(q4_0);
    case TYPE_Q4_1: BLOCKS(q4_1);
    case TYPE_Q5_0: BLOCKS(q5_0);
    case TYPE_Q5_1: BLOCKS(q5_1);
    case TYPE_Q2_K: BLOCKS(q2_k);
    case TYPE_Q3_K: BLOCKS(q3_k);
    case TYPE_Q4_K: BLOCKS(q4_k);
    case TYPE_Q5_K: BLOCKS(q5_k);
    case TYPE_Q6_K: BLOCKS(q6_k);
    case TYPE_IQ4_NL: BLOCKS(iq4_nl);
    case TYPE_IQ4_XS: BLOCKS(iq4_xs);
    case TYPE_COUNT: break;
    }
    assert(!"a type");
}
