/* Runs a fuzz target without a fuzzer: on every file of the folders given, and on copies of each
 * that are damaged in a few dozen fixed ways. Speaks TAP; a crash is the failure. */
#define _GNU_SOURCE
#include <dirent.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"

#include "memory_file.h"

enum { DAMAGES = 60, FILE_MAX = 1 << 20 };

static void damage(uint8_t *x, size_t *size, uint64_t seed)
{
    size_t changes = 1 + rng_below(seed, 0, 4);
    for (size_t i = 1; i <= changes && *size; i++) {
        size_t at = rng_below(seed, 10 * i, *size), n = rng_below(seed, 10 * i + 1, 9);
        switch (rng_below(seed, 10 * i + 2, 5)) {
        case 0: x[at] ^= (uint8_t)(1u << rng_below(seed, 10 * i + 3, 8)); break;
        case 1: x[at] = (uint8_t)rng_u64(seed, 10 * i + 4); break;
        case 2: *size = at; break;
        case 3:
            for (size_t k = 0; k < n && at + k < *size; k++) x[at + k] = 0xFF;
            break;
        default:
            for (size_t k = 0; k < n && at + k < *size; k++) x[at + k] = 0;
        }
    }
}

static size_t run_file(const char *path)
{
    Arena *a = arena_new("smoke", 0);
    Slice whole;
    size_t runs = 0;
    if (file_read(path, FILE_MAX, a, &whole) == SORA_OK) {
        uint8_t *copy = arena_alloc(a, whole.size + 1);
        LLVMFuzzerTestOneInput(whole.bytes, whole.size);
        for (runs = 1; runs <= DAMAGES && whole.size < 65536; runs++) {
            size_t size = whole.size;
            memcpy(copy, whole.bytes, size);
            damage(copy, &size, runs);
            LLVMFuzzerTestOneInput(copy, size);
        }
    }
    arena_free(a);
    return runs;
}

int main(int argc, char **argv)
{
    size_t runs = 0;
    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        if (!d) runs += run_file(argv[i]);
        for (struct dirent *e; d && (e = readdir(d));) {
            char path[4096];
            if (e->d_name[0] == '.') continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            runs += run_file(path);
        }
        if (d) closedir(d);
    }
    printf("1..1\n%sok 1 - %zu inputs\n", runs ? "" : "not ", runs);
    return runs ? 0 : 1;
}
