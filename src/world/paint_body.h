/* Actors and props of a frame. Internal to the painter. */
#ifndef WORLD_PAINT_BODY_H
#define WORLD_PAINT_BODY_H

#include "world/painter.h"

typedef struct Drawn {
    const Pose *pose;
    const Sprite *sprite;
} Drawn;

enum { BODIES_MAX = FACTS_ACTORS_MAX + FACTS_PROPS_MAX };

/* Those that are there, far to near. */
int bodies_of(const Painter *p, const StageFrame *f, Drawn out[BODIES_MAX]);

void body_paint(const Painter *p, const Eye *e, const Drawn *b, Canvas *c);

#endif
