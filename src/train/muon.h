/* Muon's update: the nearest matrix whose singular values are near 1 (Jordan et al. 2024), by five
 * steps of a Newton-Schulz iteration in bf16. */
#ifndef TRAIN_MUON_H
#define TRAIN_MUON_H

#include "tensor/compute.h"

/* Bytes of scratch for a matrix [m,n]. */
size_t muon_scratch(size_t m, size_t n);

/* x [m,n] f32, contiguous, of norm `norm`: the result is bf16, stands in `scratch` (ARENA_ALIGN
 * aligned) and holds until that is used again. */
const uint16_t *muon_orthogonal(const Compute *c, const float *x, double norm, size_t m, size_t n,
                                void *scratch);

#endif
