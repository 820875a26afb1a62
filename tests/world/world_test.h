/* The small committed cast, and facts to try with it. */
#ifndef TESTS_WORLD_TEST_H
#define TESTS_WORLD_TEST_H

#include "check.h"

#include "world/seen.h"

static inline World *small_world(void)
{
    World *w;
    CHECK_OK(world_open(test_data("cast/cast.bin"), &w));
    return w;
}

/* Frames `width` x `height`; an image when `frames` is 1. */
static inline WorldFrames frames_of(size_t frames, size_t width, size_t height, double fps)
{
    return (WorldFrames){ frames, height, width, frames > 1 ? fps : 0 };
}

/* One actor that does one thing all the time, in front of a still camera. */
static inline Facts facts_one(uint16_t actor, Scene scene, Action action)
{
    Facts f = { .actors = 1, .scene = scene };
    f.actor[0] = (ActorFacts){ .actor = actor, .events = 1, .event = { { action, false, 0, 1 } } };
    return f;
}

/* Does the actor's way lead out of the picture or into it? */
static inline bool crosses(const ActorFacts *a)
{
    for (int e = 0; e < a->events; e++)
        if (a->event[e].action == ACT_ENTER || a->event[e].action == ACT_LEAVE) return true;
    return false;
}

#endif
