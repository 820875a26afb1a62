/* The cast file: actors, props and scenery as premultiplied pictures in several sizes, packed once
 * from the emoji packages and data/cast.tsv (scripts/fetch-data), mapped when it is used. Format:
 * world/cast_file.h. Immutable once open; foreign bytes, checked before use. */
#ifndef WORLD_CAST_H
#define WORLD_CAST_H

#include "base/file.h"
#include "world/world.h"

typedef enum CastKind { CAST_ACTOR, CAST_PROP, CAST_SCENERY, CAST_KINDS } CastKind;

enum { SPRITE_LEVELS = 5 };

/* One picture or animation, cut to the box that holds all of its frames (carried water, runway or
 * rails left out: the bottom of the box is where it stands). */
typedef struct SpriteLevel {
    uint16_t width, height;
    const uint8_t *rgba; /* [frames][height][width][4], premultiplied sRGB */
} SpriteLevel;

typedef struct Sprite {
    uint16_t frames; /* a still has 1 */
    float fps;
    float aspect;                     /* width / height of the box */
    SpriteLevel level[SPRITE_LEVELS]; /* level 0 is the largest; each next half as large */
} Sprite;

typedef struct Cast Cast;

SoraStatus cast_open(const char *path, Cast **out);
void cast_close(Cast *c); /* NULL is fine */

size_t cast_count(const Cast *c, CastKind kind);
const Member *cast_member(const Cast *c, CastKind kind, size_t i);
const Sprite *cast_sprite(const Cast *c, CastKind kind, size_t i);
int cast_find(const Cast *c, CastKind kind, const char *id); /* -1: not in this cast */

#endif
