#include "words/caption.h"

static bool bare_of_weather(Scene s)
{
    return s == SCENE_ROOM || s == SCENE_STAGE || s == SCENE_SPACE || s == SCENE_SEA_FLOOR;
}

void facts_tidy(Facts *facts)
{
    if (facts->scene == SCENE_CITY && facts->time == TIME_NIGHT) facts->scene = SCENE_NIGHT_CITY;
    if (facts->scene == SCENE_NIGHT_CITY || facts->scene == SCENE_SPACE) facts->time = TIME_NIGHT;
    if (bare_of_weather(facts->scene)) facts->weather = WEATHER_CLEAR;
    if (facts->actors < 2) facts->relation = REL_NONE;
}

/* The other of two, or what is neither. */
static int exchanged(int x, int left, int right)
{
    return x == left ? right : x == right ? left : x;
}

void facts_mirror(Facts *facts)
{
    for (int i = 0; i < facts->actors; i++)
        for (int e = 0; e < facts->actor[i].events; e++) {
            Action *a = &facts->actor[i].event[e].action;
            *a = (Action)exchanged(*a, ACT_MOVE_LEFT, ACT_MOVE_RIGHT);
        }
    facts->relation = (Relation)exchanged(facts->relation, REL_LEFT_OF, REL_RIGHT_OF);
    facts->camera = (Camera)exchanged(facts->camera, CAMERA_PAN_LEFT, CAMERA_PAN_RIGHT);
}

static SoraStatus within(const char *what, int value, int least, int most)
{
    if (value >= least && value <= most) return SORA_OK;
    return err_set(SORA_E_ARGUMENT, "facts: %s is %d, it must be %d to %d", what, value, least,
                   most);
}

static SoraStatus event_check(const Event *e)
{
    TRY(within("an action", (int)e->action, 0, ACT_COUNT - 1));
    if (!(e->start >= 0 && e->start <= e->end && e->end <= 1))
        return err_set(SORA_E_ARGUMENT, "facts: an event lasts from %g to %g of the clip",
                       (double)e->start, (double)e->end);
    return SORA_OK;
}

SoraStatus facts_check(const Lexicon *lex, const Facts *facts)
{
    TRY(within("the number of actors", facts->actors, 0, FACTS_ACTORS_MAX));
    for (int i = 0; i < facts->actors; i++) {
        const ActorFacts *a = &facts->actor[i];
        TRY(within("an actor", a->actor, 0, lexicon_count(lex, WORD_ACTOR) - 1));
        TRY(within("a size", (int)a->size, 0, SIZE_COUNT - 1));
        TRY(within("the number of events", a->events, 1, FACTS_EVENTS_MAX));
        for (int e = 0; e < a->events; e++) TRY(event_check(&a->event[e]));
    }
    TRY(within("the relation", (int)facts->relation, 0, REL_COUNT - 1));
    if (facts->relation != REL_NONE && facts->actors < 2)
        return err_set(SORA_E_ARGUMENT, "facts: a relation between %d actors, it takes 2",
                       facts->actors);
    TRY(within("the number of props", facts->props, 0, FACTS_PROPS_MAX));
    for (int p = 0; p < facts->props; p++)
        TRY(within("a prop", facts->prop[p], 0, lexicon_count(lex, WORD_PROP) - 1));
    TRY(within("the scene", (int)facts->scene, 0, SCENE_COUNT - 1));
    TRY(within("the time", (int)facts->time, 0, TIME_COUNT - 1));
    TRY(within("the weather", (int)facts->weather, 0, WEATHER_COUNT - 1));
    return within("the camera", (int)facts->camera, 0, CAMERA_COUNT - 1);
}
