/* Any bytes as a model file. */
#define _GNU_SOURCE
#include "tensor/safetensors.h"

#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[64];
    int fd = memory_file(bytes, size, path);
    Arena *a = arena_new("fuzz", 0);
    Safetensors st;
    if (safetensors_open(path, a, &st) == SORA_OK) {
        const volatile unsigned char *last;
        for (size_t i = 0; i < st.count; i++) { /* every byte a tensor claims is there */
            size_t n = 0;
            const Tensor *t = &st.entry[i].tensor;
            if (tensor_bytes(t->type, t->rank, t->shape, &n) != SORA_OK) abort();
            last = (const unsigned char *)t->data + n - 1;
            if (n) (void)*last;
        }
        safetensors_close(&st);
    }
    arena_free(a);
    close(fd);
    return 0;
}
