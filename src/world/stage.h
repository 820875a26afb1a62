/* The stage: facts and a seed into where everything is in every frame, before a pixel is drawn.
 * Paths, gaits, headings, relations, the camera. Deterministic; sees no picture. */
#ifndef WORLD_STAGE_H
#define WORLD_STAGE_H

#include "world/cast.h"
#include "world/view.h"
#include "world/world.h"

/* One body (actor or prop) in one frame, at rest (before the camera). */
typedef struct Pose {
    bool present; /* false: not there in this frame at all */
    float x, y;   /* its anchor: the middle of the bottom of its box; frame heights (view.h) */
    float depth;  /* > 0; bodies are drawn far to near, scenery between them by its own depth */
    float height; /* of its box in frame heights, depth already divided out */
    float turn;   /* turned in the picture about the middle of its box, radians, clockwise */
    float stretch_x, stretch_y; /* squash and stretch about the anchor; 1 */
    float mirror;   /* 1: as the picture was drawn, -1: mirrored; between while it turns round */
    float time_s;   /* into its animation, which loops; gaits are already in step with the ground */
    float water;    /* y (picture at rest) of the water line that hides what is below it; 0: none */
    uint8_t action; /* Action that is going on */
    int8_t heading; /* -1 left, 0 at the viewer, 1 right */
} Pose;

typedef struct StageFrame {
    double time_s;
    ViewCamera camera;
    Pose actor[FACTS_ACTORS_MAX], prop[FACTS_PROPS_MAX];
} StageFrame;

typedef struct Stage {
    Facts facts;
    uint64_t seed;
    View view;
    size_t frames;
    StageFrame *frame;
    /* How far left and right (frame heights at depth 1) and up and down the camera goes in all,
     * so that the painter dresses a scene that is wide enough. */
    float pan_min, pan_max, tilt_min, tilt_max, zoom_min;
} Stage;

enum { STAGE_BODIES_MAX = FACTS_ACTORS_MAX + FACTS_PROPS_MAX };

/* The bodies in one frame in the order they are drawn in, far to near: actor i is number i, prop i
 * is FACTS_ACTORS_MAX + i. Returns how many are present. */
size_t stage_order(const Stage *s, const StageFrame *f, uint8_t order[STAGE_BODIES_MAX]);

/* Where a body's box is in the picture: its middle, from the picture's left top, and its sides
 * before it is turned, all in frame heights. `aspect` is the sprite's. */
typedef struct PoseBox {
    float x, y, width, height;
} PoseBox;
PoseBox pose_box(const View *v, const ViewCamera *c, const Pose *p, float aspect);

/* Everything in `a`. The facts are sound (world_render checks them). */
void stage_make(const Cast *cast, const Facts *f, uint64_t seed, const WorldFrames *size, Arena *a,
                Stage *out);

#endif
