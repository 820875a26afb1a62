/* Any bytes as a video or picture. */
#define _GNU_SOURCE
#include "media/read.h"

#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[64];
    int fd = memory_file(bytes, size, path);
    Arena *a = arena_new("fuzz", 0);
    ReadOptions o = { .frames_max = 20, .bytes_max = 1 << 26 };
    Clip clip;
    if (read_clip(path, &o, a, &clip) != SORA_OK && !*err_text()) abort();
    arena_free(a);
    close(fd);
    return 0;
}
