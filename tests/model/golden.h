/* Comparing with stored results: both distances of the goldens' manifest, with its limits. */
#ifndef TESTS_MODEL_GOLDEN_H
#define TESTS_MODEL_GOLDEN_H

#include "check.h"

#include "tensor/safetensors.h"

typedef struct Limit {
    double rel_l2, max_abs;
} Limit;

static inline void check_tensor(const Safetensors *io, const char *name, const float *got,
                                Limit limit)
{
    const Tensor *want = safetensors_find(io, name);
    if (!want) fail_msg("the goldens hold no %s", name);
    const float *w = want->data;
    double off = 0, all = 0, most = 0;
    for (size_t i = 0; i < tensor_count(want); i++) {
        double d = (double)got[i] - w[i];
        off += d * d;
        all += (double)w[i] * w[i];
        if (!(fabs(d) <= most)) most = fabs(d);
    }
    double rel = sqrt(off / all);
    if (!(rel <= limit.rel_l2 && most <= limit.max_abs))
        fail_msg("%s is off by %.3g (at most %.3g), the largest difference is %.3g (%.3g)", name,
                 rel, limit.rel_l2, most, limit.max_abs);
}

static inline const Tensor *golden_lookup(void *file, const char *name)
{
    return safetensors_find(file, name);
}

#endif
