/* Which pairs are held out of training, by hash. Frozen: a change here would let a trained model
 * have seen what it is measured on.
 *
 * The hash of a pair is FNV-1a (64 bits) over the bytes of a kind letter, the first actor's id, a
 * zero byte and the second part: 'a' and the number of the Action, 'b' and the number of the
 * Scene (two decimal digits each), or 'p' and the other actor's id, the smaller id first; then
 * mixed as splitmix64 does. A pair is held out when the hash is divisible by 10. (b is the first
 * letter with which nobody who has but one or two scenes loses one.) */
#ifndef WORLD_SPLIT_H
#define WORLD_SPLIT_H

#include "world/world.h"

bool split_action(const char *actor, Action action);
bool split_scene(const char *actor, Scene scene);
bool split_actors(const char *actor, const char *other);

#endif
