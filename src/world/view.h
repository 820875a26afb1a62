/* The view: one simple camera that stage.c (who is where) and the painters (what it looks like)
 * share. Lengths are frame heights: y from the top of the picture at rest, x from its middle.
 * Depth 1 is the subject's plane; at depth d everything is 1/d as large, and the ground is at
 * horizon + (base - horizon) / d. */
#ifndef WORLD_VIEW_H
#define WORLD_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "words/facts.h"

typedef struct View {
    float aspect;        /* width / height of the picture */
    float horizon, base; /* y of the horizon and of the ground under the subject, at rest */
    bool ground;         /* false: sky and space; horizon and base then only guide the layout */
    float water_far, water_near; /* y of the open water's edges, far and near, at rest, where
                                    swimmers and boats are (beach, river); 0 and 0: none */
} View;

/* The view of a scene: a fixed middle per scene, moved a little by the seed; the base is low enough
 * for the subject to stand in the picture, whatever the aspect. */
View view_of(Scene scene, float aspect, uint64_t seed);

static inline float view_ground(const View *v, float depth)
{
    return v->horizon + (v->base - v->horizon) / depth;
}

/* The camera in one frame. */
typedef struct ViewCamera {
    float x;    /* moved to the right, at depth 1; far things move by x / depth */
    float y;    /* turned down: everything moves up by it, whatever the depth */
    float zoom; /* 1 at rest, about the middle of the picture */
} ViewCamera;

/* Where a point at rest is in the picture: x from the left edge, both in frame heights. */
static inline void view_point(const View *v, const ViewCamera *c, float x, float y, float depth,
                              float *px, float *py)
{
    *px = (x - c->x / depth) * c->zoom + v->aspect / 2;
    *py = (y - c->y - 0.5f) * c->zoom + 0.5f;
}

#endif
