#include "world/split.h"

#include <string.h>

static uint64_t fnv(uint64_t h, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    return h;
}

static uint64_t mixed(uint64_t h)
{
    h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
    h = (h ^ h >> 27) * 0x94d049bb133111ebu;
    return h ^ h >> 31;
}

static bool held(char kind, const char *first, const char *second)
{
    uint64_t h = fnv(0xcbf29ce484222325u, &kind, 1);
    h = fnv(h, first, strlen(first) + 1);
    h = fnv(h, second, strlen(second));
    return mixed(h) % 10 == 0;
}

static bool held_number(char kind, const char *actor, int n)
{
    char digits[3] = { (char)('0' + n / 10 % 10), (char)('0' + n % 10), 0 };
    return held(kind, actor, digits);
}

bool split_action(const char *actor, Action action)
{
    return held_number('a', actor, (int)action);
}

bool split_scene(const char *actor, Scene scene)
{
    return held_number('b', actor, (int)scene);
}

bool split_actors(const char *actor, const char *other)
{
    bool sorted = strcmp(actor, other) <= 0;
    return held('p', sorted ? actor : other, sorted ? other : actor);
}

bool world_held_out(const World *w, const Facts *f)
{
    for (int i = 0; i < f->actors; i++) {
        const ActorFacts *a = &f->actor[i];
        const char *id = world_actor(w, a->actor)->id;
        if (split_scene(id, f->scene)) return true;
        for (int e = 0; e < a->events; e++)
            if (split_action(id, a->event[e].action)) return true;
        for (int j = 0; j < i; j++)
            if (split_actors(id, world_actor(w, f->actor[j].actor)->id)) return true;
    }
    return false;
}
