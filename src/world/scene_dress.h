/* The tables of what stands in each scene. Internal to scene_*.c. */
#ifndef WORLD_SCENE_DRESS_H
#define WORLD_SCENE_DRESS_H

#include "world/painter.h"

/* Things of one sort, scattered over a band of depths. */
typedef struct Plant {
    ItemKind kind;
    const char *id[7]; /* of ITEM_SPRITE: ids of the scenery; NULL ends the list */
    float near, far;   /* depths; in the air: y */
    float low, high;   /* heights at depth 1, frame heights; in the air: in the picture */
    float every;       /* one for so many frame heights of picture, about */
    Hex color[4];      /* of drawn things; 0 ends the list */
    bool air, letters; /* up in the sky; carries writing, never mirrored */
} Plant;

typedef struct RidgeRow {
    RidgeKind kind;
    float depth, up, amplitude, wavelength; /* up: of its foot over the horizon */
    Hex top, bottom, cap;
} RidgeRow;

enum { PLANTS = 8, ROWS = 4 };

typedef struct Dress {
    Footing footing;
    RidgeRow ridge[ROWS];
    Zone zone[ZONES_MAX]; /* after the look's own ground */
    Pattern pattern;      /* of the look's own ground */
    Plant plant[PLANTS];
} Dress;

extern const Dress scene_dresses[SCENE_COUNT];

#endif
