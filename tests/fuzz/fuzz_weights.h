/* What every target of weight files does: every byte that a tensor claims is read. */
#ifndef FUZZ_WEIGHTS_H
#define FUZZ_WEIGHTS_H

#include "base/error.h"
#include "tensor/tensor.h"

#include "memory_file.h"

static inline void touch_tensor(const Tensor *x)
{
    size_t n = 0;
    volatile unsigned char sum = 0;
    if (tensor_bytes(x->type, x->rank, x->shape, &n) != SORA_OK) {
        /* a shape put back by a GGUF may end within a block; its numbers still fill blocks */
        n = tensor_count(x) / type_block(x->type) * type_block_bytes(x->type);
    }
    for (size_t i = 0; i < n; i += 61) sum = (unsigned char)(sum + ((unsigned char *)x->data)[i]);
    if (n) sum = (unsigned char)(sum + ((unsigned char *)x->data)[n - 1]);
}

/* Whoever refuses says why. */
static inline void refused(SoraStatus s)
{
    if (s == SORA_OK || !*err_text()) abort();
}

#endif
