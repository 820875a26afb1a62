#include "world/view.h"

#include "base/rng.h"

typedef struct Place {
    float horizon, base;
    bool ground;
    float water_far, water_near;
} Place;

static const Place PLACE[SCENE_COUNT] = {
    [SCENE_MEADOW] = { 0.52f, 0.86f, true },
    [SCENE_FOREST] = { 0.48f, 0.87f, true },
    [SCENE_BEACH] = { 0.42f, 0.86f, true, 0.42f, 0.74f },
    [SCENE_SEA_FLOOR] = { 0.66f, 0.90f, true },
    [SCENE_SNOW] = { 0.52f, 0.86f, true },
    [SCENE_DESERT] = { 0.50f, 0.86f, true },
    [SCENE_CITY] = { 0.60f, 0.88f, true },
    [SCENE_NIGHT_CITY] = { 0.60f, 0.88f, true },
    [SCENE_ROOM] = { 0.62f, 0.88f, true },
    [SCENE_STAGE] = { 0.64f, 0.86f, true },
    [SCENE_SPACE] = { 1.30f, 0.72f, false },
    [SCENE_SKY] = { 1.30f, 0.72f, false },
    [SCENE_MOUNTAIN] = { 0.55f, 0.87f, true },
    [SCENE_RIVER] = { 0.46f, 0.86f, true, 0.56f, 0.78f },
    [SCENE_FARM] = { 0.50f, 0.86f, true },
    [SCENE_PLAYGROUND] = { 0.56f, 0.87f, true },
};

View view_of(Scene scene, float aspect, uint64_t seed)
{
    const Place *p = &PLACE[scene];
    float move = 0.03f * (float)(2 * rng_uniform(rng_split(seed, 'v'), 0) - 1);
    bool wet = p->water_near > 0;
    return (View){ .aspect = aspect,
                   .horizon = p->horizon + move,
                   .base = p->base,
                   .ground = p->ground,
                   .water_far = wet ? p->water_far + move : 0,
                   .water_near = wet ? p->water_near + move : 0 };
}
