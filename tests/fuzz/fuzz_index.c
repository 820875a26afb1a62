/* Any bytes as the index of a sharded set, beside one shard that is sound. */
#define _GNU_SOURCE
#include "model/weights.h"
#include "tensor/safetensors.h"

#include "fuzz_weights.h"

static const char *folder(void)
{
    static char path[64];
    if (*path) return path;
    snprintf(path, sizeof path, "/tmp/sora-fuzz-XXXXXX");
    if (!mkdtemp(path)) abort();
    char shard[96];
    snprintf(shard, sizeof shard, "%s/x-1.safetensors", path);
    static float one = 1;
    SafetensorsEntry e = { "a", { .type = TYPE_F32, .rank = 0, .data = &one } };
    if (safetensors_write(shard, &e, 1, NULL, 0) != SORA_OK) abort();
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[96];
    snprintf(path, sizeof path, "%s/x.index.json", folder());
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f)) abort();
    Arena *a = arena_new("fuzz", 0);
    Weights *w;
    SoraStatus s = weights_open(path, a, &w);
    if (s == SORA_OK)
        for (size_t i = 0; i < weights_count(w); i++) touch_tensor(weights_at(w, i));
    else
        refused(s);
    if (s == SORA_OK) weights_close(w);
    arena_free(a);
    return 0;
}
