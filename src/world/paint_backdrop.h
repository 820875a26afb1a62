/* All that is behind the bodies, painted once where the camera allows it, and put under each
 * frame. Internal to the painter. */
#ifndef WORLD_PAINT_BACKDROP_H
#define WORLD_PAINT_BACKDROP_H

#include "world/paint_plate.h"

typedef struct Backdrop {
    Motion motion;
    Eye eye;   /* the plates' own */
    int first; /* item that is the first to be painted in every frame */
    Plate sky;
    Plate land, items; /* still and zoom: all of the land; what stands in it, where water
                          moves between the two */
    bool holes;        /* things move between sky and land, so land has holes */
    Plate ridge[RIDGES_MAX], wall[INSIDE_LAYERS], ground; /* shift: each part of the land */
    Plate *item; /* shift: [p->items]; without pixels where it sways */
} Backdrop;

/* Everything in the painter's arena. */
void backdrop_make(Painter *p, int width, int height, Backdrop *b);

/* The whole picture but for the items from b->first on. */
void backdrop_paint(const Painter *p, const Backdrop *b, const Eye *e, Canvas *c);
void backdrop_item(const Painter *p, const Backdrop *b, const Eye *e, int i, Canvas *c);

#endif
