/* Facts: what a clip shows, as data. The world draws them, captions say them, prompts are parsed
 * into them, the reader finds them again. Words for every entry: words/lexicon.h. */
#ifndef WORDS_FACTS_H
#define WORDS_FACTS_H

#include <stdbool.h>
#include <stdint.h>

enum { FACTS_ACTORS_MAX = 3, FACTS_PROPS_MAX = 2, FACTS_EVENTS_MAX = 3 };

typedef enum Scene {
    SCENE_MEADOW,
    SCENE_FOREST,
    SCENE_BEACH,
    SCENE_SEA_FLOOR,
    SCENE_SNOW,
    SCENE_DESERT,
    SCENE_CITY,
    SCENE_NIGHT_CITY,
    SCENE_ROOM,
    SCENE_STAGE,
    SCENE_SPACE,
    SCENE_SKY,
    SCENE_MOUNTAIN,
    SCENE_RIVER,
    SCENE_FARM,
    SCENE_PLAYGROUND,
    SCENE_COUNT
} Scene;

typedef enum DayTime { TIME_DAY, TIME_DUSK, TIME_NIGHT, TIME_COUNT } DayTime;

typedef enum Weather {
    WEATHER_CLEAR,
    WEATHER_RAIN,
    WEATHER_SNOW,
    WEATHER_FOG,
    WEATHER_WIND,
    WEATHER_COUNT
} Weather;

typedef enum Camera {
    CAMERA_STILL,
    CAMERA_PAN_LEFT,
    CAMERA_PAN_RIGHT,
    CAMERA_TILT_UP,
    CAMERA_TILT_DOWN,
    CAMERA_ZOOM_IN,
    CAMERA_ZOOM_OUT,
    CAMERA_TRACK,
    CAMERA_SHAKE,
    CAMERA_COUNT
} Camera;

/* What an actor does. MOVE_LEFT/RIGHT are said as walks, runs, drives, flies, swims after the
 * actor's way of moving (words/lexicon.h) and `fast`. */
typedef enum Action {
    ACT_STAND,
    ACT_MOVE_LEFT,
    ACT_MOVE_RIGHT,
    ACT_APPROACH,
    ACT_GO_AWAY,
    ACT_JUMP,
    ACT_DANCE,
    ACT_SPIN,
    ACT_CIRCLE,
    ACT_RISE,
    ACT_FALL,
    ACT_ENTER,
    ACT_LEAVE,
    ACT_SLEEP,
    ACT_COUNT
} Action;

/* How two actors, or an actor and a prop, stand to each other; read "first RELATION second". */
typedef enum Relation {
    REL_NONE,
    REL_LEFT_OF,
    REL_RIGHT_OF,
    REL_IN_FRONT_OF,
    REL_BEHIND,
    REL_FOLLOWS,
    REL_CHASES,
    REL_MEETS,
    REL_PASSES_BEHIND,
    REL_BIGGER_THAN,
    REL_COUNT
} Relation;

typedef enum Size { SIZE_NORMAL, SIZE_SMALL, SIZE_BIG, SIZE_COUNT } Size;

typedef struct Event {
    Action action;
    bool fast;
    float start, end; /* share of the clip, 0 .. 1 */
} Event;

typedef struct ActorFacts {
    uint16_t actor; /* index into the lexicon's actors */
    Size size;
    uint8_t events;                /* count, at least 1 */
    Event event[FACTS_EVENTS_MAX]; /* in order of time */
} ActorFacts;

typedef struct Facts {
    uint8_t actors;
    ActorFacts actor[FACTS_ACTORS_MAX]; /* the first is the subject */
    Relation relation;                  /* between actor 0 and 1 */
    uint8_t props;
    uint16_t prop[FACTS_PROPS_MAX]; /* index into the lexicon's props; "next to a red apple" */
    Scene scene;
    DayTime time;
    Weather weather;
    Camera camera;
} Facts;

#endif
