/* The painter: a Stage into pixels. Sky, ground and light drawn procedurally, scenery dressed on
 * parallax layers, actors and props with contact shadows, weather, and the tint of the hour. */
#ifndef WORLD_PAINT_H
#define WORLD_PAINT_H

#include "world/stage.h"

/* Draws all frames of the stage into out, which has stage->frames frames of its own size.
 * Scratch comes from `a` and is given back. Fast paths must give the same bytes on any thread. */
void paint_clip(const Cast *cast, const Stage *stage, Arena *a, Clip *out);

#endif
