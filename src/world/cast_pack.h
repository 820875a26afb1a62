/* Packs a cast file from data/cast.tsv and the pictures it names. Run once, by scripts/fetch-data;
 * nothing reads the packages after that. */
#ifndef WORLD_CAST_PACK_H
#define WORLD_CAST_PACK_H

#include "base/error.h"

typedef struct CastPackOptions {
    const char *pictures; /* folder with p1/CODE.webp .. p4/CODE.webp */
    const char *only;     /* ids separated by commas; NULL: all rows */
    int side;             /* longer side of level 0 of actors in pixels, at most; 0: 128.
                           * Props get 8/9 of it, scenery 5/3 */
    double fps_gait;      /* rate of animations whose steps are seen; 0: 24 */
    double fps_idle;      /* of the others; 0: 12. Props have 2/3 of either */
} CastPackOptions;

/* Writes `out` atomically. SORA_E_FORMAT names the row of the table or the picture that is
 * wrong; SORA_E_IO a picture that is missing. */
SoraStatus cast_pack(const char *table, const CastPackOptions *o, const char *out);

#endif
