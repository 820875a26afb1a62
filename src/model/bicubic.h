/* Pictures of floats to another size, as torch.nn.functional.interpolate(mode="bicubic") does
 * without antialiasing: a = -0.75, half-pixel centres, edges repeated. */
#ifndef MODEL_BICUBIC_H
#define MODEL_BICUBIC_H

#include "base/arena.h"

/* in [channels, from[0], from[1]] -> out [channels, to[0], to[1]]. Working memory from `step` is
 * given back. */
void bicubic_resize(const float *in, size_t channels, const size_t from[2], const size_t to[2],
                    Arena *step, float *out);

#endif
