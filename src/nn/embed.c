#include "nn/embed.h"

#include <math.h>

void embed_sinusoid(double value, size_t count, float *out)
{
    size_t half = count / 2;
    for (size_t i = 0; i < half; i++) {
        double angle = value * pow(10000, -(double)i / (double)half);
        out[i] = (float)cos(angle);
        out[half + i] = (float)sin(angle);
    }
}

void embed_rope_row(const float at[3], size_t head_dim, float *cos_out, float *sin_out)
{
    size_t space = 2 * (head_dim / 6), width[3] = { head_dim - 2 * space, space, space };
    for (int axis = 0; axis < 3; axis++)
        for (size_t j = 0; j < width[axis] / 2; j++) {
            double angle = (double)at[axis] * pow(10000, -2.0 * (double)j / (double)width[axis]);
            *cos_out++ = (float)cos(angle);
            *sin_out++ = (float)sin(angle);
        }
}
