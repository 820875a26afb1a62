/* cast-pack: data/cast.tsv and the emoji packages into one cast file; scripts/fetch-data runs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world/cast_pack.h"

static int usage(void)
{
    fprintf(stderr, "usage: cast-pack TABLE PICTURES OUT [--side N] [--fps-gait N] [--fps-idle N] "
                    "[--only ID,ID...]\n");
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc % 2) return usage();
    CastPackOptions o = { .pictures = argv[2] };
    for (int i = 4; i < argc; i += 2) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--side") == 0)
            o.side = atoi(value);
        else if (strcmp(argv[i], "--fps-gait") == 0)
            o.fps_gait = atof(value);
        else if (strcmp(argv[i], "--fps-idle") == 0)
            o.fps_idle = atof(value);
        else if (strcmp(argv[i], "--only") == 0)
            o.only = value;
        else
            return usage();
    }
    if (cast_pack(argv[1], &o, argv[3]) == SORA_OK) return 0;
    fprintf(stderr, "cast-pack: %s\n", err_text());
    return 1;
}
