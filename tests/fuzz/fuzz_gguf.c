/* Any bytes as a GGUF file. */
#define _GNU_SOURCE
#include "model/gguf.h"

#include "fuzz_weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *a = arena_new("fuzz", 0);
    uint8_t *copy = aligned_alloc(64, (size + 64) & ~(size_t)63); /* aligned as a mapping is */
    Gguf g;
    for (size_t i = 0; i < size; i++) copy[i] = bytes[i];
    SoraStatus s = gguf_read((Slice){ copy, size }, "fuzz", a, &g);
    if (s != SORA_OK) refused(s);
    for (size_t i = 0; s == SORA_OK && i < g.count; i++) touch_tensor(&g.tensor[i].tensor);
    for (size_t i = 0; s == SORA_OK && i < g.value_count; i++) gguf_value_text(&g.value[i], a);
    free(copy);
    arena_free(a);
    return 0;
}
