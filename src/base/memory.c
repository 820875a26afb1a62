#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t from_meminfo(void)
{
    FILE *f = fopen("/proc/meminfo", "re");
    uint64_t kilobytes = UINT64_MAX / 1024;
    char line[256];
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %" SCNu64, &kilobytes) == 1) break;
    if (f) fclose(f);
    return kilobytes * 1024;
}

/* One number in a file of the control group; UINT64_MAX for "max" or no such file. */
static uint64_t from_group(const char *path)
{
    FILE *f = fopen(path, "re");
    uint64_t x = UINT64_MAX;
    if (f && fscanf(f, "%" SCNu64, &x) != 1) x = UINT64_MAX;
    if (f) fclose(f);
    return x;
}

uint64_t memory_available(void)
{
    uint64_t machine = from_meminfo(), limit = from_group("/sys/fs/cgroup/memory.max");
    uint64_t used = from_group("/sys/fs/cgroup/memory.current");
    uint64_t group = limit == UINT64_MAX || used > limit ? UINT64_MAX : limit - used;
    return machine < group ? machine : group;
}
