/* Stored weights to floats and back: the block types of GGUF (ggml-org/ggml ggml-quants.c: layouts
 * and values), 8-bit floats (OCP FP8: e4m3 without infinities, e5m2) and whole numbers. */
#ifndef TENSOR_QUANT_H
#define TENSOR_QUANT_H

#include "tensor/tensor.h"

/* y[i] = the value that x[i] stands for, n of them: whole blocks of any type. Exact, except that
 * f64, i64 and i32 are rounded to the nearest float. */
void quant_decode(float *y, const void *x, Type type, size_t n);

/* The same by the kernels of one level; `decode` of tensor/gemm_kernels.h. */
void quant_decode_avx2(float *y, const void *x, Type type, size_t n);

/* Rows [first, first + count) of x as f32, its scale applied; y is [count, values in a row], where
 * rows are entries of the first dimension. */
void quant_read_rows(const Tensor *x, size_t first, size_t count, float *y);

/* Can quant_encode make this type? */
bool quant_encodes(Type type);

/* The nearest blocks by ggml's rules: x is n finite values, whole blocks. K-quants search scales by
 * weighted squares as ggml does, without an importance matrix. 8-bit floats are rounded to nearest
 * even and saturate. */
void quant_encode(void *y, Type type, const float *x, size_t n);

/* "Q4_K", "q4_k", "bf16", "fp8" (e4m3), "f8_e5m2" ... as people write them; false: unknown. */
bool quant_type_named(const char *name, Type *out);

#endif
