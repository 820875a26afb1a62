#include "api/train_world.h"

#include <stdlib.h>
#include <string.h>

enum { PERIOD = 4096 }; /* facts come back after so many examples: what prompts.h remembers */

static void set_bit(uint64_t *set, size_t i)
{
    set[i / 64] |= (uint64_t)1 << i % 64;
}

/* Calls fn for every name of a list "a, b,c". */
static SoraStatus each_name(const char *list, Arena *a,
                            SoraStatus (*fn)(void *self, const char *name), void *self)
{
    char *rest = arena_strdup(a, list), *name;
    while ((name = strtok_r(rest, ", \n", &rest)) != NULL) TRY(fn(self, name));
    return SORA_OK;
}

typedef struct Names {
    const World *world;
    const Lexicon *lexicon;
    uint64_t *actors;
    uint32_t scenes;
} Names;

static SoraStatus add_actor(void *self, const char *name)
{
    Names *n = self;
    size_t count = world_actor_count(n->world);
    for (size_t i = 0; i < count; i++)
        if (strcmp(world_actor(n->world, i)->id, name) == 0) {
            set_bit(n->actors, i);
            return SORA_OK;
        }
    return err_set(SORA_E_ARGUMENT, "the cast has no actor \"%s\"", name);
}

SoraStatus train_world_actors(const World *w, const char *list, Arena *a, uint64_t **out)
{
    char *end;
    size_t count = world_actor_count(w);
    unsigned long first = strtoul(list, &end, 10);
    *out = arena_zero(a, (count / 64 + 1) * sizeof **out);
    if (*end) return each_name(list, a, add_actor, &(Names){ .world = w, .actors = *out });
    if (first == 0 || first > count)
        return err_set(SORA_E_ARGUMENT, "actors is %s, the cast has %zu", list, count);
    for (size_t i = 0; i < first; i++) set_bit(*out, i);
    return SORA_OK;
}

static SoraStatus add_scene(void *self, const char *name)
{
    Names *n = self;
    int scene = lexicon_find(n->lexicon, WORD_SCENE, name);
    if (scene < 0) return err_set(SORA_E_ARGUMENT, "there is no scene \"%s\"", name);
    n->scenes |= 1u << scene;
    return SORA_OK;
}

SoraStatus train_world_scenes(const Lexicon *lex, const char *list, Arena *a, uint32_t *out)
{
    Names n = { .lexicon = lex };
    TRY(each_name(list, a, add_scene, &n));
    *out = n.scenes;
    return SORA_OK;
}

SoraStatus train_world_open(const SoraTrainOptions *o, const SourceSize *sizes, size_t size_count,
                            Arena *a, TrainWorld *out)
{
    *out = (TrainWorld){ 0 };
    TRY(lexicon_builtin(a, &out->lexicon));
    TRY(world_open(o->cast, &out->world));
    if (o->actors) TRY(train_world_actors(out->world, o->actors, a, &out->actors));
    if (o->scenes) TRY(train_world_scenes(out->lexicon, o->scenes, a, &out->training.scenes));
    WorldSource *t = &out->training;
    t->world = out->world;
    t->lexicon = out->lexicon;
    t->seed = (uint64_t)o->seed;
    t->split = SPLIT_TRAIN;
    t->actors = out->actors;
    t->actors_max = o->actors_max;
    t->period = PERIOD;
    t->repeats = o->repeats > 1 ? (size_t)o->repeats : 1;
    memcpy(t->sizes, sizes, size_count * sizeof *sizes);
    t->size_count = size_count;
    out->validation = *t;
    out->validation.split = SPLIT_TEST;
    out->validation.seed = 0; /* the same clips for every run */
    out->validation.repeats = 1;
    return SORA_OK;
}

const char *train_world_taught(const TrainWorld *w, Arena *a)
{
    const char *list = "";
    if (!w->actors) return NULL;
    for (size_t i = 0; i < world_actor_count(w->world); i++)
        if (w->actors[i / 64] >> i % 64 & 1)
            list = arena_printf(a, "%s%s%s", list, *list ? "," : "", world_actor(w->world, i)->id);
    return list;
}

void train_world_close(TrainWorld *w)
{
    world_close(w->world);
    *w = (TrainWorld){ 0 };
}
