/* The layout of a cast file, shared by the packer and cast.c; docs/world.md says why.
 * Little-endian; the head, then `count` rows (actors, props, scenery, in the order of cast.tsv),
 * then pixels, each level at a multiple of CAST_FILE_ALIGN. */
#ifndef WORLD_CAST_FILE_H
#define WORLD_CAST_FILE_H

#include <stdint.h>

#include "world/cast.h"

#define CAST_FILE_MAGIC "SORACAST"

enum {
    CAST_FILE_VERSION = 1,
    CAST_FILE_ALIGN = 64,
    CAST_FILE_MEMBERS_MAX = 4096,
    CAST_FILE_FRAMES_MAX = 1000,
    CAST_FILE_SIDE_MAX = 1024
};

typedef struct CastFileHead {
    char magic[8];
    uint32_t version;
    uint32_t kind_count[CAST_KINDS];
    uint64_t file_size;
    uint8_t unused[32];
} CastFileHead;

typedef struct CastFileLevel {
    uint16_t width, height;
    uint32_t unused;
    uint64_t offset; /* of [frames][height][width][4] bytes, from the start of the file */
} CastFileLevel;

typedef struct CastFileRow {
    char id[32]; /* ends with a zero byte */
    uint8_t body, realm, gait, anim;
    int8_t faces;
    uint8_t unused;
    uint16_t frames;
    float metres, stride, fps, aspect;
    uint32_t scenes;
    uint32_t unused2;
    CastFileLevel level[SPRITE_LEVELS];
} CastFileRow;

_Static_assert(sizeof(CastFileHead) == 64, "cast file head");
_Static_assert(sizeof(CastFileRow) == 64 + 16 * SPRITE_LEVELS, "cast file row");

#endif
