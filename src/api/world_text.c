#include "api/world_text.h"

#include <math.h>
#include <string.h>

#include "api/learned.h"
#include "base/rng.h"

static const char *const LANGUAGE[LANG_COUNT] = { "en", "zh", "zh-Hant" };
static const char *const FORM[] = { "short", "sentence", "detailed" };

/* ---- the list ---- */

static void put_words(JsonWriter *w, const Lexicon *lex, WordKind kind, int index)
{
    for (int l = 0; l < LANG_COUNT; l++) {
        json_begin(w, LANGUAGE[l], '[');
        for (int i = 0; i < lexicon_words(lex, kind, index, l); i++)
            json_put_text(w, NULL, lexicon_word(lex, kind, index, l, i));
        json_end(w, ']');
    }
}

static bool in_cast(const World *w, const Lexicon *lex, WordKind kind, int index)
{
    if (kind != WORD_ACTOR && kind != WORD_PROP) return true;
    const char *id = lexicon_id(lex, kind, index);
    size_t n = kind == WORD_ACTOR ? world_actor_count(w) : world_prop_count(w);
    for (size_t i = 0; i < n; i++)
        if (strcmp(id, (kind == WORD_ACTOR ? world_actor(w, i) : world_prop(w, i))->id) == 0)
            return true;
    return false;
}

/* `words` may be NULL. */
static void put_kind(JsonWriter *j, const World *w, const Lexicon *lex, WordKind kind,
                     const ModelWords *words)
{
    static const char *const NAME[WORD_KIND_COUNT] = {
        [WORD_ACTOR] = "actors",   [WORD_PROP] = "props",       [WORD_SCENE] = "scenes",
        [WORD_TIME] = "times",     [WORD_WEATHER] = "weathers", [WORD_CAMERA] = "cameras",
        [WORD_ACTION] = "actions", [WORD_SIZE] = "sizes",       [WORD_RELATION] = "relations",
    };
    json_begin(j, NAME[kind], '[');
    for (int i = 0; i < lexicon_count(lex, kind); i++) {
        if (w && !in_cast(w, lex, kind, i)) continue;
        if (words && kind == WORD_ACTOR && !words->taught[i]) continue;
        json_begin(j, NULL, '{');
        json_put_text(j, "id", lexicon_id(lex, kind, i));
        put_words(j, lex, kind, i);
        if (words && isfinite(words->share[kind][i])) {
            json_put_number(j, "right", (double)words->share[kind][i]);
            json_put_bool(j, "claimed", !(words->share[kind][i] < (float)LEARNED_ENOUGH));
        }
        json_end(j, '}');
    }
    json_end(j, ']');
}

static const char *put_kinds(const World *w, const Lexicon *lex, const ModelWords *words, Arena *a)
{
    JsonWriter j = json_writer(a);
    json_begin(&j, NULL, '{');
    for (int k = 0; k < WORD_KIND_COUNT; k++) put_kind(&j, w, lex, k, words);
    json_end(&j, '}');
    return j.text;
}

const char *world_text_list(const World *w, const Lexicon *lex, Arena *a)
{
    return put_kinds(w, lex, NULL, a);
}

const char *world_text_words(const ModelWords *words, Arena *a)
{
    return put_kinds(NULL, words->lexicon, words, a);
}

/* ---- the state of a clip ---- */

/* A tenth of a pixel of a picture of 1000 is enough. */
static void put_share(JsonWriter *j, const char *key, float x)
{
    json_put_number(j, key, round((double)x * 1e4) / 1e4);
}

static void put_facts(JsonWriter *j, const WorldTextClip *c)
{
    const Facts *f = c->facts;
    const Lexicon *lex = c->lexicon;
    json_put_text(j, "scene", lexicon_id(lex, WORD_SCENE, f->scene));
    json_put_text(j, "time", lexicon_id(lex, WORD_TIME, f->time));
    json_put_text(j, "weather", lexicon_id(lex, WORD_WEATHER, f->weather));
    json_put_text(j, "camera", lexicon_id(lex, WORD_CAMERA, f->camera));
    json_put_text(j, "relation",
                  f->relation == REL_NONE ? NULL : lexicon_id(lex, WORD_RELATION, f->relation));
    json_begin(j, "actors", '[');
    for (int i = 0; i < f->actors; i++) {
        const ActorFacts *a = &f->actor[i];
        json_begin(j, NULL, '{');
        json_put_text(j, "id", lexicon_id(lex, WORD_ACTOR, a->actor));
        json_put_text(j, "size", lexicon_id(lex, WORD_SIZE, a->size));
        json_put_bool(j, "seen", c->view->actor >> i & 1);
        json_begin(j, "events", '[');
        for (int e = 0; e < a->events; e++) {
            json_begin(j, NULL, '{');
            json_put_text(j, "action", lexicon_id(lex, WORD_ACTION, a->event[e].action));
            json_put_bool(j, "fast", a->event[e].fast);
            put_share(j, "start", a->event[e].start);
            put_share(j, "end", a->event[e].end);
            json_put_bool(j, "seen", c->view->event[i] >> e & 1);
            json_end(j, '}');
        }
        json_end(j, ']');
        json_end(j, '}');
    }
    json_end(j, ']');
    json_begin(j, "props", '[');
    for (int i = 0; i < f->props; i++)
        json_put_text(j, NULL, lexicon_id(lex, WORD_PROP, f->prop[i]));
    json_end(j, ']');
}

static void put_captions(JsonWriter *j, const WorldTextClip *c)
{
    char room[CAPTION_SIZE_MAX];
    json_begin(j, "captions", '{');
    for (int l = 0; l < LANG_COUNT; l++) {
        json_begin(j, LANGUAGE[l], '{');
        for (int form = CAPTION_SHORT; form <= CAPTION_DETAILED; form++) {
            CaptionStyle style = { .language = l,
                                   .form = form,
                                   .seed = rng_split(c->seed, (uint64_t)(l * 3 + form)) };
            caption_write(c->lexicon, c->facts, c->view, &style, room, NULL);
            json_put_text(j, FORM[form], room);
        }
        json_end(j, '}');
    }
    json_end(j, '}');
}

static void put_body(JsonWriter *j, const Lexicon *lex, const BodyState *b, bool actor)
{
    json_begin(j, NULL, '{');
    put_share(j, "x", b->x);
    put_share(j, "y", b->y);
    put_share(j, "ground", b->ground);
    put_share(j, "width", b->width);
    put_share(j, "height", b->height);
    put_share(j, "visible", b->visible);
    json_put_integer(j, "order", b->order);
    if (actor) {
        json_put_integer(j, "heading", b->heading);
        json_put_text(j, "action", lexicon_id(lex, WORD_ACTION, b->action));
        put_share(j, "speed", b->speed);
    }
    json_end(j, '}');
}

static void put_frames(JsonWriter *j, const WorldTextClip *c)
{
    json_begin(j, "states", '[');
    for (size_t k = 0; k < c->state->frames; k++) {
        const FrameState *f = &c->state->frame[k];
        json_begin(j, NULL, '{');
        json_begin(j, "camera", '{');
        put_share(j, "x", f->camera_x);
        put_share(j, "y", f->camera_y);
        put_share(j, "zoom", f->zoom);
        json_end(j, '}');
        json_begin(j, "actors", '[');
        for (int i = 0; i < c->facts->actors; i++) put_body(j, c->lexicon, &f->actor[i], true);
        json_end(j, ']');
        json_begin(j, "props", '[');
        for (int i = 0; i < c->facts->props; i++) put_body(j, c->lexicon, &f->prop[i], false);
        json_end(j, ']');
        json_end(j, '}');
    }
    json_end(j, ']');
}

const char *world_text_clip(const WorldTextClip *c, Arena *a)
{
    JsonWriter j = json_writer(a);
    json_begin(&j, NULL, '{');
    json_put_integer(&j, "seed", (int64_t)c->seed);
    json_put_text(&j, "split", c->split);
    json_put_integer(&j, "width", (int64_t)c->width);
    json_put_integer(&j, "height", (int64_t)c->height);
    json_put_integer(&j, "frames", (int64_t)c->state->frames);
    json_put_number(&j, "fps", c->state->fps);
    put_facts(&j, c);
    put_captions(&j, c);
    put_frames(&j, c);
    json_end(&j, '}');
    return j.text;
}
