/* The way to stored weights. The searches for scales follow ggml-org/ggml, ggml-quants.c
 * (make_qx_quants, make_qkx2_quants), so that files come out as other people's quantisers make
 * them. */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "tensor/convert.h"
#include "tensor/quant.h"

static int clamp(long x, int low, int high)
{
    return x < low ? low : x > high ? high : (int)x;
}

static void put_half(unsigned char *y, float x)
{
    uint16_t h = f16_from_f32(x);
    memcpy(y, &h, sizeof h);
}

static float get_half(const unsigned char *y)
{
    uint16_t h;
    memcpy(&h, y, sizeof h);
    return f16_to_f32(h);
}

/* The value of largest size, with its sign. */
static float extreme(const float *x, int n)
{
    float most = 0;
    for (int i = 0; i < n; i++)
        if (fabsf(x[i]) > fabsf(most)) most = x[i];
    return most;
}

static void range(const float *x, int n, float *min, float *max)
{
    *min = *max = x[0];
    for (int i = 1; i < n; i++) {
        *min = fminf(*min, x[i]);
        *max = fmaxf(*max, x[i]);
    }
}

/* ---- blocks of 32 ---- */

static void q8_0(unsigned char *y, const float *x)
{
    float d = fabsf(extreme(x, 32)) / 127, inverse = d > 0 ? 1 / d : 0;
    put_half(y, d);
    for (int i = 0; i < 32; i++) y[2 + i] = (unsigned char)(int8_t)roundf(x[i] * inverse);
}

/* Codes of 4 or 5 bits: nibbles at q, fifth bits into *high. */
static void put_codes(unsigned char *q, uint32_t *high, const int *code)
{
    *high = 0;
    for (int i = 0; i < 16; i++) q[i] = (unsigned char)((code[i] & 15) | (code[i + 16] & 15) << 4);
    for (int i = 0; i < 32; i++) *high |= (uint32_t)(code[i] >> 4 & 1) << i;
}

/* Q4_0 and Q5_0: the extreme value gets the lowest code. */
static void symmetric(unsigned char *y, const float *x, int bits)
{
    int code[32], middle = 1 << (bits - 1);
    float d = extreme(x, 32) / (float)-middle, inverse = d != 0 ? 1 / d : 0;
    for (int i = 0; i < 32; i++)
        code[i] = clamp((long)(x[i] * inverse + (float)middle + 0.5f), 0, 2 * middle - 1);
    uint32_t high;
    put_half(y, d);
    put_codes(y + (bits == 5 ? 6 : 2), &high, code);
    if (bits == 5) memcpy(y + 2, &high, sizeof high);
}

/* Q4_1 and Q5_1. */
static void with_minimum(unsigned char *y, const float *x, int bits)
{
    int code[32], most = (1 << bits) - 1;
    float min, max;
    range(x, 32, &min, &max);
    float d = (max - min) / (float)most, inverse = d > 0 ? 1 / d : 0;
    for (int i = 0; i < 32; i++) code[i] = clamp((long)((x[i] - min) * inverse + 0.5f), 0, most);
    uint32_t high;
    put_half(y, d);
    put_half(y + 2, min);
    put_codes(y + (bits == 5 ? 8 : 4), &high, code);
    if (bits == 5) memcpy(y + 4, &high, sizeof high);
}

static const int8_t iq4[16] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                1,    13,   25,  38,  53,  69,  89,  113 };

static int nearest_iq4(float x)
{
    int best = 0;
    for (int i = 1; i < 16; i++)
        if (fabsf(x - iq4[i]) < fabsf(x - iq4[best])) best = i;
    return best;
}

/* The scale that fits best by weighted squares, after steps around the plain one. */
static float search_iq4(const float *x)
{
    float most = extreme(x, 32), best = 0, d = 0;
    for (int step = -7; step <= 7 && most != 0; step++) {
        float inverse = ((float)step + (float)iq4[0]) / most, xq = 0, qq = 0;
        for (int i = 0; i < 32; i++) {
            float q = iq4[nearest_iq4(x[i] * inverse)], w = x[i] * x[i];
            xq += w * x[i] * q;
            qq += w * q * q;
        }
        if (qq > 0 && xq * xq > best * qq) {
            d = xq / qq;
            best = d * xq;
        }
    }
    return d;
}

static void iq4_nl(unsigned char *y, const float *x)
{
    put_half(y, search_iq4(x));
    float d = get_half(y), inverse = d != 0 ? 1 / d : 0;
    int code[32];
    uint32_t none;
    for (int i = 0; i < 32; i++) code[i] = nearest_iq4(x[i] * inverse);
    put_codes(y + 2, &none, code);
}

/* ---- searches for K-quants ---- */

/* A scale for codes -most .. most - 1 of 16 values, weighted by their squares. */
static float search_scale(const float *x, int most)
{
    float max = extreme(x, 16), scale = 0, best = 0;
    if (fabsf(max) < 1e-15f) return 0;
    for (int step = 0; step < 19; step++) {
        int at = step == 0 ? 0 : step <= 9 ? step - 10 : step - 9; /* the plain one first */
        float inverse = -((float)most + 0.1f * (float)at) / max, xq = 0, qq = 0;
        for (int i = 0; i < 16; i++) {
            float q = (float)clamp(lrintf(inverse * x[i]), -most, most - 1), w = x[i] * x[i];
            xq += w * x[i] * q;
            qq += w * q * q;
        }
        if (qq > 0 && (step == 0 || xq * xq > best * qq)) {
            scale = xq / qq;
            best = scale * xq;
        }
    }
    return scale;
}

/* How well codes 0 .. most with a scale and a minimum represent n weighted values. */
typedef struct Fit {
    const float *x, *weight;
    int n, most;
    float start, stride; /* the inverse scales tried: (start + i * stride + most) / range */
    int steps;
    bool plain; /* the error counts as it is, not squared */
} Fit;

static float fit_error(const Fit *f, const int *code, float scale, float min)
{
    float error = 0;
    for (int i = 0; i < f->n; i++) {
        float d = scale * (float)code[i] + min - f->x[i];
        error += f->weight[i] * (f->plain ? fabsf(d) : d * d);
    }
    return error;
}

/* The best scale and minimum for given codes, by least squares; false: there are none. */
static bool fit_solve(const Fit *f, const int *code, float *scale, float *min)
{
    float w = 0, wx = 0, wl = 0, wll = 0, wxl = 0;
    for (int i = 0; i < f->n; i++) {
        float l = (float)code[i];
        w += f->weight[i];
        wx += f->weight[i] * f->x[i];
        wl += f->weight[i] * l;
        wll += f->weight[i] * l * l;
        wxl += f->weight[i] * l * f->x[i];
    }
    float d = w * wll - wl * wl;
    if (!(d > 0)) return false;
    *scale = (w * wxl - wx * wl) / d;
    *min = (wll * wx - wl * wxl) / d;
    if (*min > 0) {
        *min = 0;
        *scale = wxl / wll;
    }
    return true;
}

/* Returns the scale; *below is the minimum with its sign turned, never negative. */
static float search_min(const Fit *f, float *below)
{
    float min, max, scale, best;
    int code[32];
    range(f->x, f->n, &min, &max);
    min = fminf(min, 0);
    *below = -min;
    if (max <= min) return 0;
    scale = (max - min) / (float)f->most;
    float low = min, width = max - min;
    for (int step = -1; step <= f->steps; step++) {
        float more = step < 0 ? 0 : f->start + f->stride * (float)step;
        float inverse = ((float)f->most + more) / width, s = scale, m = low;
        for (int i = 0; i < f->n; i++)
            code[i] = clamp(lrintf(inverse * (f->x[i] - low)), 0, f->most);
        if (step >= 0 && !fit_solve(f, code, &s, &m)) continue;
        float error = fit_error(f, code, s, m);
        if (step < 0 || error < best) {
            best = error;
            scale = s;
            min = m;
        }
    }
    *below = -min;
    return scale;
}

/* ---- blocks of 256 ---- */

static void q45_k(unsigned char *y, const float *x, bool five)
{
    int most = five ? 31 : 15, s[8], m[8];
    float scale[8], below[8], scale_max = 0, below_max = 0, weight[32];
    for (int j = 0; j < 8; j++) {
        const float *v = x + 32 * j;
        float squares = 0;
        for (int i = 0; i < 32; i++) squares += v[i] * v[i];
        for (int i = 0; i < 32; i++) weight[i] = sqrtf(squares / 32) + fabsf(v[i]);
        Fit f = { v, weight, 32, most, five ? -0.5f : -1, 0.1f, five ? 15 : 20, false };
        scale[j] = search_min(&f, &below[j]);
        scale_max = fmaxf(scale_max, scale[j]);
        below_max = fmaxf(below_max, below[j]);
    }
    unsigned char *packed = y + 4, *high = y + 16, *q = y + (five ? 48 : 16);
    memset(packed, 0, (size_t)(y + (five ? 176 : 144) - packed));
    put_half(y, scale_max / 63);
    put_half(y + 2, below_max / 63);
    for (int j = 0; j < 8; j++) {
        s[j] = scale_max > 0 ? clamp(lrintf(63 / scale_max * scale[j]), 0, 63) : 0;
        m[j] = below_max > 0 ? clamp(lrintf(63 / below_max * below[j]), 0, 63) : 0;
        if (j < 4) {
            packed[j] |= (unsigned char)s[j];
            packed[j + 4] |= (unsigned char)m[j];
        } else {
            packed[j + 4] = (unsigned char)((s[j] & 15) | (m[j] & 15) << 4);
            packed[j - 4] |= (unsigned char)(s[j] >> 4 << 6);
            packed[j] |= (unsigned char)(m[j] >> 4 << 6);
        }
        float d = get_half(y) * (float)s[j], min = get_half(y + 2) * (float)m[j];
        for (int i = 0; i < 32 && d != 0; i++) {
            int l = clamp(lrintf((x[32 * j + i] + min) / d), 0, most);
            q[j / 2 * 32 + i] |= (unsigned char)((l & 15) << (j % 2 * 4));
            if (five) high[i] |= (unsigned char)(l >> 4 << j);
        }
    }
}

static void q2_k(unsigned char *y, const float *x)
{
    float scale[16], below[16], scale_max = 0, below_max = 0, weight[16];
    for (int g = 0; g < 16; g++) {
        for (int i = 0; i < 16; i++) weight[i] = fabsf(x[16 * g + i]);
        Fit f = { x + 16 * g, weight, 16, 3, -0.5f, 0.1f, 15, true };
        scale[g] = search_min(&f, &below[g]);
        scale_max = fmaxf(scale_max, scale[g]);
        below_max = fmaxf(below_max, below[g]);
    }
    memset(y, 0, 80);
    put_half(y + 80, scale_max / 15);
    put_half(y + 82, below_max / 15);
    for (int g = 0; g < 16; g++) {
        int s = scale_max > 0 ? clamp(lrintf(15 / scale_max * scale[g]), 0, 15) : 0;
        int m = below_max > 0 ? clamp(lrintf(15 / below_max * below[g]), 0, 15) : 0;
        y[g] = (unsigned char)(s | m << 4);
        float d = get_half(y + 80) * (float)s, min = get_half(y + 82) * (float)m;
        unsigned char *q = y + 16 + g / 8 * 32 + g % 2 * 16;
        for (int i = 0; i < 16 && d != 0; i++) {
            int l = clamp(lrintf((x[16 * g + i] + min) / d), 0, 3);
            q[i] |= (unsigned char)(l << (g % 8 / 2 * 2));
        }
    }
}

/* Scales of 16 groups as whole numbers that the largest (by size) fits just so: code[g] is in
 * [-most, most - 1]. Returns what they are multiplied with. */
static float scale_codes(const float *x, int values, int most, int *code)
{
    float scale[16];
    for (int g = 0; g < 16; g++) scale[g] = search_scale(x + 16 * g, values);
    float max = extreme(scale, 16);
    if (fabsf(max) < 1e-15f) {
        memset(code, 0, 16 * sizeof *code);
        return 0;
    }
    float inverse = (float)-most / max;
    for (int g = 0; g < 16; g++) code[g] = clamp(lrintf(inverse * scale[g]), -most, most - 1);
    return 1 / inverse;
}

static void q3_k(unsigned char *y, const float *x)
{
    int code[16];
    memset(y, 0, 110);
    put_half(y + 108, scale_codes(x, 4, 32, code));
    for (int g = 0; g < 16; g++) {
        int s = code[g] + 32;
        y[96 + g % 8] |= (unsigned char)((s & 15) << (g / 8 * 4));
        y[104 + g % 4] |= (unsigned char)(s >> 4 << (g / 4 * 2));
        float d = get_half(y + 108) * (float)code[g];
        unsigned char *q = y + 32 + g / 8 * 32 + g % 2 * 16, *high = y + g % 2 * 16;
        for (int i = 0; i < 16; i++) {
            int l = d != 0 ? clamp(lrintf(x[16 * g + i] / d), -4, 3) + 4 : 4;
            q[i] |= (unsigned char)((l & 3) << (g % 8 / 2 * 2));
            high[i] |= (unsigned char)(l >> 2 << (g / 2));
        }
    }
}

static void q6_k(unsigned char *y, const float *x)
{
    int code[16];
    memset(y, 0, 210);
    put_half(y + 208, scale_codes(x, 32, 128, code));
    for (int g = 0; g < 16; g++) {
        int part = g / 2 % 4, at = g % 2 * 16;
        unsigned char *low = y + g / 8 * 64 + part % 2 * 32 + at;
        unsigned char *high = y + 128 + g / 8 * 32 + at;
        y[192 + g] = (unsigned char)(int8_t)code[g];
        float d = get_half(y + 208) * (float)code[g];
        for (int i = 0; i < 16; i++) {
            int l = d != 0 ? clamp(lrintf(x[16 * g + i] / d), -32, 31) + 32 : 32;
            low[i] |= (unsigned char)((l & 15) << (part / 2 * 4));
            high[i] |= (unsigned char)(l >> 4 << (part * 2));
        }
    }
}

/* ---- 8-bit floats ---- */

/* Nearest even; `mantissa` bits below an exponent of smallest value `least`; saturates at `max`. */
static unsigned char small_float(float x, int mantissa, int least, float max)
{
    unsigned char sign = signbit(x) ? 0x80 : 0;
    float size = fminf(fabsf(x), max);
    int exponent;
    frexpf(size, &exponent); /* size = f * 2^exponent, f in [0.5, 1) */
    exponent = exponent - 1 < least || size == 0 ? least : exponent - 1;
    long units = lrintf(ldexpf(size, mantissa - exponent)); /* of the last mantissa bit */
    long code = units + ((long)(exponent - least) << mantissa);
    return (unsigned char)(sign | code); /* a carry out of the mantissa raises the exponent */
}

/* ---- all of them ---- */

bool quant_encodes(Type type)
{
    switch (type) {
    case TYPE_F64:
    case TYPE_I64:
    case TYPE_I32:
    case TYPE_I16:
    case TYPE_U8:
    case TYPE_BOOL:
    case TYPE_IQ4_XS:
    case TYPE_COUNT: return false;
    default: return true;
    }
}

static void encode_block(unsigned char *y, Type type, const float *x)
{
    switch (type) {
    case TYPE_F8_E4M3: *y = small_float(*x, 3, -6, 448); break;
    case TYPE_F8_E5M2: *y = small_float(*x, 2, -14, 57344); break;
    case TYPE_I8: *y = (unsigned char)(int8_t)clamp(lrintf(*x), -127, 127); break;
    case TYPE_Q8_0: q8_0(y, x); break;
    case TYPE_Q4_0: symmetric(y, x, 4); break;
    case TYPE_Q4_1: with_minimum(y, x, 4); break;
    case TYPE_Q5_0: symmetric(y, x, 5); break;
    case TYPE_Q5_1: with_minimum(y, x, 5); break;
    case TYPE_Q2_K: q2_k(y, x); break;
    case TYPE_Q3_K: q3_k(y, x); break;
    case TYPE_Q4_K: q45_k(y, x, false); break;
    case TYPE_Q5_K: q45_k(y, x, true); break;
    case TYPE_Q6_K: q6_k(y, x); break;
    case TYPE_IQ4_NL: iq4_nl(y, x); break;
    default: assert(!"a type that can be encoded");
    }
}

void quant_encode(void *y, Type type, const float *x, size_t n)
{
    size_t block = type_block(type), bytes = type_block_bytes(type);
    assert(quant_encodes(type) && n % block == 0);
    if (type <= TYPE_F16) {
        convert_row(y, type, x, TYPE_F32, n);
        return;
    }
    unsigned char *at = y;
    for (size_t i = 0; i < n; i += block, at += bytes) encode_block(at, type, x + i);
}
