/* Numbers from one plain type to another: f32, bf16 (the upper half of an f32) and f16. Rounding
 * is to nearest, ties to even; NaN stays NaN, what is too large becomes infinity. */
#ifndef TENSOR_CONVERT_H
#define TENSOR_CONVERT_H

#include <stdint.h>
#include <string.h>

#include "tensor/tensor.h"

static inline float bf16_to_f32(uint16_t x)
{
    uint32_t bits = (uint32_t)x << 16;
    float y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

static inline uint16_t bf16_from_f32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    uint32_t quiet =
        bits >> 16 | 0x40; /* a NaN whose payload sits in the lower half must not become infinity */
    return (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? quiet : rounded);
}

/* The nearest bf16 value, as f32. */
static inline float bf16_round(float x)
{
    return bf16_to_f32(bf16_from_f32(x));
}

float f16_to_f32(uint16_t x);
uint16_t f16_from_f32(float x);

/* y[i] = x[i] for n values; y and x do not overlap. y is f32, bf16 or f16, x too or, where y is
 * f32, whole blocks of any type (tensor/quant.h). */
void convert_row(void *y, Type y_type, const void *x, Type x_type, size_t n);

#endif
