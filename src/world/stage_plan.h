/* Between facts and frames: who is how large, where, and what each does when, in legs of constant
 * doing. Internal to the stage; stage.h is the door. Lengths in frame heights as view.h has them;
 * X is a place on the ground plane: the x of the picture times the depth. */
#ifndef WORLD_STAGE_PLAN_H
#define WORLD_STAGE_PLAN_H

#include "world/stage.h"

/* Where a body lives in this scene, whatever its nature: a whale in a city is on the ground. */
typedef enum Habitat {
    HABITAT_GROUND,
    HABITAT_AIR,     /* over the ground */
    HABITAT_UNDER,   /* under water, over the sea floor */
    HABITAT_SURFACE, /* at the water line */
    HABITAT_FREE     /* sky and space */
} Habitat;

enum { LEGS_MAX = 3 * FACTS_EVENTS_MAX + 1 };

/* A stretch of time in which an actor does one thing. */
typedef struct Leg {
    uint8_t action; /* Action */
    bool fast, present;
    int8_t heading; /* the way it goes or looks: -1 or 1 */
    double t0, t1;  /* seconds */
    double go;      /* of them it moves for so long, then it stands */
    double ramp_in, ramp_out;
    float x0, x1;    /* X */
    float d0, d1;    /* depth */
    float a0, a1;    /* altitude; in HABITAT_FREE of the middle of the box over y 0.5 */
    float amount;    /* height of a jump, radius of a circle */
    int count;       /* hops, jumps, turns, rounds */
    float turn_from; /* the heading it turns away from when it starts; 0: none */
    double clock;    /* animation time when it starts */
} Leg;

typedef struct BodyPlan {
    const Member *member;
    const Sprite *sprite;
    Habitat habitat;
    float height, width; /* at depth 1 */
    float depth;         /* where it is when nothing moves it */
    float low, high;     /* altitudes at rest and at the top of a rise */
    float sink;          /* HABITAT_SURFACE: share of the height under water */
    bool locked;         /* its animation is tied to the ground it covers */
    uint64_t seed;
    double phase; /* seconds: where in its loop it starts, and of its bob */
    size_t legs;
    Leg leg[LEGS_MAX];
} BodyPlan;

typedef struct CameraPlan {
    Camera kind;
    double seconds;
    float x0, x1, y0, y1, zoom0, zoom1;
    float shake;
    uint64_t seed;
} CameraPlan;

typedef struct StagePlan {
    Facts facts;
    View view;
    uint64_t seed;
    double seconds;
    bool image;
    CameraPlan camera;
    BodyPlan actor[FACTS_ACTORS_MAX];
    Pose prop[FACTS_PROPS_MAX];
} StagePlan;

/* The part of the picture (at rest) a body may be in: its middle stays in left .. right. */
typedef struct Lane {
    float left, right; /* of the body, edges; x of the picture */
    float depth;
    int edge;    /* -1 or 1: nobody is between it and that edge; 0: alone or between others */
    bool forced; /* its first move goes from .. to, whatever its own speed */
    float from, to;
} Lane;

/* Uniform in lo .. hi, a function of (seed, tag). */
float stage_draw(uint64_t seed, uint64_t tag, float lo, float hi);
bool stage_chance(uint64_t seed, uint64_t tag, float p);

/* Everything about the clip; no frame yet. */
void stage_plan(const Cast *cast, const Facts *f, uint64_t seed, const WorldFrames *size,
                StagePlan *out);

/* stage_camera.c: the camera's whole way, before it is known where the subject goes. */
void stage_camera_plan(StagePlan *p);
ViewCamera stage_camera_at(const StagePlan *p, double t);

/* stage_layout.c: sizes and lanes of all bodies; props once the actors' legs are made. */
void stage_layout_actors(const Cast *cast, StagePlan *p, Lane lane[FACTS_ACTORS_MAX]);
void stage_layout_props(const Cast *cast, StagePlan *p);

/* stage_legs.c: what actor i does, in its lane. */
void stage_legs(StagePlan *p, size_t i, const Lane *lane);

/* stage_act.c: where a body is at time t, and where it would be without hops, jumps and sway. */
void stage_pose(const StagePlan *p, const BodyPlan *b, double t, Pose *out);
float stage_ground_x(const BodyPlan *b, double t);

/* Seconds of animation that pass in the first `seconds` of a leg. */
double stage_clock_passed(const BodyPlan *b, const Leg *g, double seconds);

/* y of the bottom of a body's box, at rest. */
float stage_bottom(const View *v, const BodyPlan *b, float depth, float altitude);

/* Does it move over the picture or in depth? */
static inline bool action_travels(uint8_t a)
{
    return a == ACT_MOVE_LEFT || a == ACT_MOVE_RIGHT || a == ACT_APPROACH || a == ACT_GO_AWAY ||
           a == ACT_ENTER || a == ACT_LEAVE || a == ACT_CIRCLE;
}

static inline bool action_moves(uint8_t a)
{
    return a == ACT_MOVE_LEFT || a == ACT_MOVE_RIGHT;
}

#endif
