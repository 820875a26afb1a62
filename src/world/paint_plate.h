/* Plates: parts of a clip that are painted once and moved from frame to frame. While the camera
 * pans, tilts or shakes, every part at one depth moves as a whole and the ground moves row by row;
 * while it zooms, all of it grows about one point. Internal to the painter. */
#ifndef WORLD_PAINT_PLATE_H
#define WORLD_PAINT_PLATE_H

#include "world/painter.h"

/* A canvas whose upper left pixel lies at (x, y) of the picture when the camera is the plate's own.
 */
typedef struct Plate {
    Canvas c;
    int x, y;
    float depth;
    struct PlateSpan {
        int first, end; /* of each row: what is not transparent */
    } * span;
} Plate;

/* How the camera moves in a clip. */
typedef enum Motion { MOTION_STILL, MOTION_SHIFT, MOTION_ZOOM, MOTION_FREE } Motion;
Motion plate_motion(const Stage *s);

/* An empty plate for what lies in [x0, x1) x [y0, y1) of the picture. */
Plate plate_new(Arena *a, float x0, float y0, float x1, float y1, float depth);

/* The eye that paints into a plate as `e` would into the picture. */
Eye plate_eye(const Plate *plate, const Eye *e);

/* Finds the spans; call it when the plate is painted. */
void plate_close(Plate *plate, Arena *a);

/* Over the picture, moved from where the camera was at `from` to where it is at `to`. */
void plate_shift(const Painter *p, const Plate *plate, const Eye *from, const Eye *to, Canvas *c);

/* The same for the ground plane, whose rows move each by its depth. */
void plate_shift_ground(const Painter *p, const Plate *plate, const Eye *from, const Eye *to,
                        Canvas *c);

/* Over the picture, scaled: the camera zooms and does not move sideways. */
void plate_scale(const Painter *p, const Plate *plate, const Eye *from, const Eye *to, Canvas *c);

#endif
