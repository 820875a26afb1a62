#include "tensor/quant_decode.h"

void quant_decode_avx2(float *y, const void *x, Type type, size_t n)
{
    decode(y, x, type, n);
}
