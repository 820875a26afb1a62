#include "tensor/convert.h"

#include <assert.h>

#include "tensor/quant.h"

static uint32_t float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float bits_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The multiplication moves the exponent's bias from 15 to 127 and normalises subnormals. */
float f16_to_f32(uint16_t x)
{
    uint32_t sign = (uint32_t)(x & 0x8000) << 16, rest = (uint32_t)(x & 0x7FFF) << 13;
    uint32_t finite = float_bits(bits_float(rest) * 0x1p112f);
    return bits_float(sign | (rest >= 0x0F800000 ? rest | 0x7F800000 : finite));
}

/* Below 2^-14 results are subnormal: adding 0.5 makes the adder round at the right bit. */
uint16_t f16_from_f32(float x)
{
    uint32_t bits = float_bits(x), sign = bits >> 16 & 0x8000, size = bits & 0x7FFFFFFF;
    uint32_t normal = (size - 0x38000000 + 0xFFF + (size >> 13 & 1)) >> 13;
    uint32_t tiny = float_bits(bits_float(size) + 0.5f) - 0x3F000000;
    uint32_t y = size < 0x38800000 ? tiny : normal;
    y = size >= 0x477FF000 ? 0x7C00 : y; /* 65520 and above */
    y = size > 0x7F800000 ? 0x7E00 : y;
    return (uint16_t)(sign | y);
}

static void to_f32(float *y, const void *x, Type type, size_t n)
{
    const uint16_t *h = x;
    if (type == TYPE_F32) memcpy(y, x, n * sizeof *y);
    if (type == TYPE_BF16)
        for (size_t i = 0; i < n; i++) y[i] = bf16_to_f32(h[i]);
    if (type == TYPE_F16)
        for (size_t i = 0; i < n; i++) y[i] = f16_to_f32(h[i]);
    if (type > TYPE_F16) quant_decode(y, x, type, n);
}

static void from_f32(void *y, Type type, const float *x, size_t n)
{
    uint16_t *h = y;
    if (type == TYPE_F32) memcpy(y, x, n * sizeof *x);
    if (type == TYPE_BF16)
        for (size_t i = 0; i < n; i++) h[i] = bf16_from_f32(x[i]);
    if (type == TYPE_F16)
        for (size_t i = 0; i < n; i++) h[i] = f16_from_f32(x[i]);
}

void convert_row(void *y, Type y_type, const void *x, Type x_type, size_t n)
{
    assert(y_type <= TYPE_F16 && (x_type <= TYPE_F16 || y_type == TYPE_F32));
    enum { PIECE = 256 };
    float piece[PIECE];
    if (y_type == x_type) {
        memcpy(y, x, n * type_block_bytes(x_type));
    } else if (y_type == TYPE_F32) {
        to_f32(y, x, x_type, n);
    } else if (x_type == TYPE_F32) {
        from_f32(y, y_type, x, n);
    } else {
        for (size_t i = 0; i < n; i += PIECE) {
            size_t count = n - i < PIECE ? n - i : PIECE;
            to_f32(piece, (const char *)x + i * 2, x_type, count);
            from_f32((char *)y + i * 2, y_type, piece, count);
        }
    }
}
