#include "home.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/* The program's own folder, without a '/' at the end; "" when the system does not say. */
static char *program_folder(Arena *a)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0) return arena_strdup(a, "");
    path[n] = 0;
    char *slash = strrchr(path, '/');
    if (slash) *slash = 0;
    return arena_strdup(a, path);
}

const char *home_model(const char *file, Arena *a)
{
    const char *own = getenv("SORA_MODELS"), *here = arena_printf(a, "models/%s", file), *path;
    if (own && *own) return arena_printf(a, "%s/%s", own, file);
    if (file_exists(here)) return here;
    for (char *dir = program_folder(a), *slash; *dir; *slash = 0) {
        path = arena_printf(a, "%s/models/%s", dir, file);
        if (file_exists(path)) return path;
        path = arena_printf(a, "%s/share/sora/models/%s", dir, file);
        if (file_exists(path)) return path;
        slash = strrchr(dir, '/');
        if (!slash) break;
    }
    return here;
}

const char *home_cast(Arena *a)
{
    const char *here = ".cache/cast.bin";
    if (file_exists(here)) return here;
    for (char *dir = program_folder(a), *slash; *dir; *slash = 0) {
        const char *path = arena_printf(a, "%s/%s", dir, here);
        if (file_exists(path)) return path;
        slash = strrchr(dir, '/');
        if (!slash) break;
    }
    return here;
}
