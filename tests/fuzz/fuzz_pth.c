/* Any bytes as a checkpoint of torch.save, and as the pickle inside one. */
#define _GNU_SOURCE
#include "model/pth.h"
#include "model/pth_pickle.h"

#include "fuzz_weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *a = arena_new("fuzz", 0);
    Pth p;
    Pickle value;
    SoraStatus s = pth_read((Slice){ bytes, size }, "fuzz", a, &p);
    if (s != SORA_OK) refused(s);
    for (size_t i = 0; s == SORA_OK && i < p.count; i++) touch_tensor(&p.tensor[i].tensor);
    s = pickle_read((Slice){ bytes, size }, "fuzz", a, &value);
    if (s != SORA_OK) refused(s);
    arena_free(a);
    return 0;
}
