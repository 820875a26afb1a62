/* Facts drawn at random, tidy and sound. */
#ifndef TESTS_WORDS_RANDOM_FACTS_H
#define TESTS_WORDS_RANDOM_FACTS_H

#include <string.h>

#include "base/rng.h"
#include "words/caption.h"

static inline Facts random_facts(const Lexicon *lex, uint64_t seed)
{
    uint64_t s = rng_split(seed, 77), n = 0;
    Facts f;
    memset(&f, 0, sizeof f);
    f.actors = (uint8_t)(1 + (rng_below(s, n, 10) > 4) + (rng_below(s, n + 1, 10) > 7));
    n += 2;
    for (int i = 0; i < f.actors; i++) {
        ActorFacts *a = &f.actor[i];
        a->actor = (uint16_t)rng_below(s, n++, (size_t)lexicon_count(lex, WORD_ACTOR));
        if (i && rng_below(s, n++, 5) == 0) a->actor = f.actor[0].actor;
        a->size = (Size)(rng_below(s, n++, 3) ? 0 : rng_below(s, n++, SIZE_COUNT));
        a->events = (uint8_t)(1 + (rng_below(s, n, 10) > 5) + (rng_below(s, n + 1, 10) > 7));
        n += 2;
        for (int e = 0; e < a->events; e++) {
            Event *v = &a->event[e];
            do v->action = (Action)rng_below(s, n++, ACT_COUNT);
            while (e && v->action == a->event[e - 1].action);
            v->fast = v->action != ACT_STAND && v->action != ACT_SLEEP && rng_below(s, n++, 3) == 0;
            v->start = (float)e / a->events;
            v->end = (float)(e + 1) / a->events;
        }
    }
    if (f.actors > 1 && rng_below(s, n++, 2)) f.relation = (Relation)rng_below(s, n++, REL_COUNT);
    f.props = (uint8_t)(rng_below(s, n++, 2) ? rng_below(s, n++, 3) : 0);
    for (int p = 0; p < f.props; p++)
        f.prop[p] = (uint16_t)rng_below(s, n++, (size_t)lexicon_count(lex, WORD_PROP));
    f.scene = (Scene)rng_below(s, n++, SCENE_COUNT);
    f.time = (DayTime)rng_below(s, n++, TIME_COUNT);
    f.weather = (Weather)(rng_below(s, n++, 2) ? rng_below(s, n++, WEATHER_COUNT) : 0);
    f.camera = (Camera)rng_below(s, n++, CAMERA_COUNT);
    facts_tidy(&f);
    return f;
}

#endif
