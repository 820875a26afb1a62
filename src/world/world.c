#include "world/world.h"

#include <stdlib.h>

#include "world/paint.h"
#include "world/state.h"

struct World {
    Cast *cast;
};

SoraStatus world_open(const char *cast_path, World **out)
{
    Cast *cast;
    TRY(cast_open(cast_path, &cast));
    World *w = malloc(sizeof *w);
    if (!w) {
        cast_close(cast);
        return err_set(SORA_E_MEMORY, "no memory is left for the world of %s", cast_path);
    }
    w->cast = cast;
    *out = w;
    return SORA_OK;
}

void world_close(World *w)
{
    if (!w) return;
    cast_close(w->cast);
    free(w);
}

size_t world_actor_count(const World *w)
{
    return cast_count(w->cast, CAST_ACTOR);
}

size_t world_prop_count(const World *w)
{
    return cast_count(w->cast, CAST_PROP);
}

const Member *world_actor(const World *w, size_t i)
{
    return cast_member(w->cast, CAST_ACTOR, i);
}

const Member *world_prop(const World *w, size_t i)
{
    return cast_member(w->cast, CAST_PROP, i);
}

static SoraStatus check_range(const char *what, size_t value, size_t count)
{
    if (value < count) return SORA_OK;
    return err_set(SORA_E_ARGUMENT, "%s %zu, this world has %zu", what, value, count);
}

static SoraStatus check_actor(const World *w, const ActorFacts *a)
{
    TRY(check_range("actor", a->actor, world_actor_count(w)));
    TRY(check_range("size", a->size, SIZE_COUNT));
    if (a->events < 1 || a->events > FACTS_EVENTS_MAX)
        return err_set(SORA_E_ARGUMENT, "an actor has %d events, 1 to %d are drawn", a->events,
                       FACTS_EVENTS_MAX);
    for (int e = 0; e < a->events; e++) {
        TRY(check_range("action", a->event[e].action, ACT_COUNT));
        float start = a->event[e].start, end = a->event[e].end;
        if (!(start >= 0 && start <= end && end <= 1))
            return err_set(SORA_E_ARGUMENT, "an event lasts from %g to %g, shares of the clip",
                           (double)start, (double)end);
    }
    return SORA_OK;
}

static SoraStatus check_facts(const World *w, const Facts *f)
{
    if (f->actors < 1 || f->actors > FACTS_ACTORS_MAX)
        return err_set(SORA_E_ARGUMENT, "%d actors, 1 to %d are drawn", f->actors,
                       FACTS_ACTORS_MAX);
    if (f->props > FACTS_PROPS_MAX)
        return err_set(SORA_E_ARGUMENT, "%d props, at most %d are drawn", f->props,
                       FACTS_PROPS_MAX);
    for (int i = 0; i < f->actors; i++) TRY(check_actor(w, &f->actor[i]));
    for (int i = 0; i < f->props; i++) TRY(check_range("prop", f->prop[i], world_prop_count(w)));
    TRY(check_range("relation", f->relation, REL_COUNT));
    TRY(check_range("scene", f->scene, SCENE_COUNT));
    TRY(check_range("time of day", f->time, TIME_COUNT));
    TRY(check_range("weather", f->weather, WEATHER_COUNT));
    return check_range("camera", f->camera, CAMERA_COUNT);
}

static SoraStatus check_size(const WorldFrames *s)
{
    if (s->frames < 1 || s->frames > 1000)
        return err_set(SORA_E_ARGUMENT, "%zu frames, 1 to 1000 are drawn", s->frames);
    if (s->width < 16 || s->width > 4096 || s->height < 16 || s->height > 4096)
        return err_set(SORA_E_ARGUMENT, "%zux%zu pixels, sides are 16 to 4096", s->width,
                       s->height);
    if (s->frames > 1 && !(s->fps >= 1 && s->fps <= 240))
        return err_set(SORA_E_ARGUMENT, "%g frames a second, 1 to 240 are drawn", s->fps);
    return SORA_OK;
}

SoraStatus world_state(const World *w, const Facts *f, uint64_t seed, const WorldFrames *size,
                       Arena *a, WorldState *state)
{
    TRY(check_facts(w, f));
    TRY(check_size(size));
    double fps = size->frames > 1 ? size->fps : 0;
    *state = (WorldState){ size->frames, fps, arena_alloc(a, size->frames * sizeof *state->frame) };
    ArenaMark mark = arena_mark(a);
    Stage stage;
    stage_make(w->cast, f, seed, size, a, &stage);
    state_of(w->cast, &stage, fps, state->frame);
    arena_rewind(a, mark);
    return SORA_OK;
}

SoraStatus world_render(const World *w, const Facts *f, uint64_t seed, const WorldFrames *size,
                        Arena *a, Clip *out, WorldState *state)
{
    TRY(check_facts(w, f));
    TRY(check_size(size));
    double fps = size->frames > 1 ? size->fps : 0;
    TRY(clip_new(a, size->frames, size->height, size->width, fps, out));
    if (state)
        *state =
            (WorldState){ size->frames, fps, arena_alloc(a, size->frames * sizeof *state->frame) };
    ArenaMark mark = arena_mark(a);
    Stage stage;
    stage_make(w->cast, f, seed, size, a, &stage);
    paint_clip(w->cast, &stage, a, out);
    if (state) state_of(w->cast, &stage, fps, state->frame);
    arena_rewind(a, mark);
    return SORA_OK;
}
