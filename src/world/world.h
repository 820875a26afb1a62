/* The world: endless clips of a cast of soft 3-D actors in sixteen scenes, drawn exactly as their
 * Facts say, with the exact state of every frame. A World is immutable after world_open: any
 * number of threads may sample and render with one at the same time. Same cast, facts, seed and
 * size: same bytes. */
#ifndef WORLD_WORLD_H
#define WORLD_WORLD_H

#include "media/clip.h"
#include "words/facts.h"

typedef struct World World;

/* Maps a cast file (world/cast.h; scripts/fetch-data makes .cache/cast.bin, tests use
 * tests/data/cast/cast.bin). SORA_E_FORMAT with a sentence when it is not one. */
SoraStatus world_open(const char *cast_path, World **out);
void world_close(World *w); /* NULL is fine */

/* What a cast row says of how an actor looks and lives; data/cast.tsv documents the columns. */
typedef enum Body { BODY_WHOLE, BODY_BUST, BODY_HEAD } Body;
typedef enum Realm { REALM_GROUND, REALM_AIR, REALM_WATER, REALM_SPACE } Realm;
typedef enum Gait {
    GAIT_STAY,
    GAIT_WALK,
    GAIT_RUN,
    GAIT_DRIVE,
    GAIT_FLY,
    GAIT_SWIM,
    GAIT_FLOAT,
    GAIT_HOP,
    GAIT_CRAWL,
    GAIT_COUNT
} Gait;

/* What its animation shows: it plays in time, one loop is `stride` body widths of ground, or it
 * plays in time and runs on wheels. */
typedef enum Anim { ANIM_IDLE, ANIM_GAIT, ANIM_WHEEL } Anim;

typedef struct Member {
    const char *id; /* the key into the lexicon */
    float metres;   /* natural size, the longer side */
    Body body;
    Realm realm;
    Gait gait;
    int8_t faces; /* the way the picture looks: -1 left, 0 at the viewer, 1 right */
    Anim anim;
    float stride;    /* body widths a loop of ANIM_GAIT covers */
    uint32_t scenes; /* bit s: may appear in Scene s when the world samples */
} Member;

/* Actors and props as Facts count them; both orders are those of data/cast.tsv and only grow. */
size_t world_actor_count(const World *w);
size_t world_prop_count(const World *w);
const Member *world_actor(const World *w, size_t i);
const Member *world_prop(const World *w, size_t i);

/* Held out by hash, frozen before training: a tenth of (actor, action), (actor, scene) and
 * (actor, actor) pairs. */
typedef enum Split {
    SPLIT_TRAIN, /* no held-out pair */
    SPLIT_PAIRS, /* at least one held-out pair */
    SPLIT_TEST,  /* no held-out pair; seeds that training never draws */
    SPLIT_COUNT
} Split;

typedef struct WorldOptions {
    Split split;
    bool image;             /* one frame: no event that needs time, no moving camera */
    int actors_max;         /* 0: 3 */
    double seconds;         /* how long the clip will be; 0: 2. Short clips get one event each */
    const uint64_t *actors; /* bit set of actors that may appear, for curricula; NULL: all */
    uint32_t scenes;        /* bit s: Scene s may appear; 0: all */
} WorldOptions;

/* Draws facts that the world can show: seed `seed` of the split. */
void world_sample(const World *w, uint64_t seed, const WorldOptions *o, Facts *out);

/* Does any pair of `f` belong to the held-out tenth? */
bool world_held_out(const World *w, const Facts *f);

/* Where things are in one frame. Lengths are shares of the frame: x of its width from the left, y
 * of its height from the top; height and width of the body's box likewise, unclipped. */
typedef struct BodyState {
    float x, y;   /* middle of the box */
    float ground; /* y of the point on the ground (or water) below it; y where there is none */
    float width, height;
    float visible;  /* share of its pixels that are in the frame and not covered, 0 .. 1 */
    int8_t heading; /* the way it looks: -1 left, 0 at the viewer, 1 right */
    uint8_t order;  /* 0 is farthest; larger covers smaller. Actors and props share it */
    uint8_t action; /* Action that is going on */
    float speed;    /* of x, shares of the width per second, signed; the camera's part removed */
} BodyState;

typedef struct FrameState {
    BodyState actor[FACTS_ACTORS_MAX];
    BodyState prop[FACTS_PROPS_MAX];
    float camera_x,
        camera_y; /* how far the view moved, in frame heights; right and down positive */
    float zoom;   /* 1 at rest; 1.2: everything is a fifth larger */
} FrameState;

typedef struct WorldState {
    size_t frames;
    double fps;        /* 0 for an image */
    FrameState *frame; /* [frames], in the arena given to world_render */
} WorldState;

typedef struct WorldFrames {
    size_t frames, height, width; /* 1 .. 1000 frames, sides 16 .. 4096 */
    double fps;                   /* 0 for an image */
} WorldFrames;

/* Draws `f` into a new clip in `a`; scratch is taken from `a` too and given back. `state` may be
 * NULL. One thread; call it for many clips in parallel, an arena each. SORA_E_ARGUMENT for facts
 * that name what there is not, or sizes out of range. */
SoraStatus world_render(const World *w, const Facts *f, uint64_t seed, const WorldFrames *size,
                        Arena *a, Clip *out, WorldState *state);

/* The state alone, without pixels: for captions and tests. */
SoraStatus world_state(const World *w, const Facts *f, uint64_t seed, const WorldFrames *size,
                       Arena *a, WorldState *state);

#endif
