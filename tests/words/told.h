/* Compares what a prompt was read as with what its caption said. */
#ifndef TESTS_WORDS_TOLD_H
#define TESTS_WORDS_TOLD_H

#include <stdio.h>

#include "words/parse.h"
#include "words/teller.h"

/* A class of loss, or NULL when every fact the caption said came back, and nothing else. */
static inline const char *told_events(const Facts *want, const CaptionView *said, int i,
                                      const Facts *got, const CaptionView *read, int j)
{
    const ActorFacts *a = &want->actor[i], *b = &got->actor[j];
    int n = 0;
    for (int e = 0; e < a->events; e++) {
        if (!(said->event[i] >> e & 1)) continue;
        if (!(read->event[j] >> n & 1) || n >= b->events) return "an event is lost";
        const Event *x = &a->event[e], *y = &b->event[n];
        bool heading = said->heading[i] >> e & 1;
        if (heading != (read->heading[j] >> n & 1)) return "a heading is lost or invented";
        bool sideways = facts_has_heading(x->action) && facts_has_heading(y->action);
        if (x->action != y->action && (heading || !sideways)) return "an action differs";
        bool fast = said->fast[i] >> e & 1;
        if (fast != (read->fast[j] >> n & 1) || (fast && !y->fast)) return "speed";
        n++;
    }
    return read->event[j] >> n ? "an event is invented" : NULL;
}

static inline const char *told_picture(const Facts *want, const CaptionView *said, const Facts *got,
                                       const CaptionView *read)
{
    if (said->scene != read->scene || (said->scene && want->scene != got->scene)) return "scene";
    if (said->time != read->time || (said->time && want->time != got->time)) return "time";
    if (said->weather != read->weather || (said->weather && want->weather != got->weather))
        return "weather";
    if (said->camera != read->camera || (said->camera && want->camera != got->camera))
        return "camera";
    int n = 0;
    for (int p = 0; p < want->props; p++) {
        if (!(said->prop >> p & 1)) continue;
        if (n >= got->props || got->prop[n] != want->prop[p]) return "prop";
        n++;
    }
    return n == got->props ? NULL : "a prop is invented";
}

static inline const char *told_back(const Facts *want, const CaptionView *said, const Facts *got,
                                    const ParseReport *r)
{
    const CaptionView *read = &r->said;
    int n = 0;
    if (r->unknowns) return "an unknown word";
    for (int i = 0; i < want->actors; i++) {
        if (!(said->actor >> i & 1)) continue;
        if (n >= got->actors) return "an actor is lost";
        if (got->actor[n].actor != want->actor[i].actor) return "an actor differs";
        bool size = said->size >> i & 1;
        if (size != (read->size >> n & 1) || (size && got->actor[n].size != want->actor[i].size))
            return "size";
        n++;
    }
    if (n != got->actors) return "an actor is invented";
    n = 0;
    for (int i = 0; i < want->actors; i++) {
        if (!(said->actor >> i & 1)) continue;
        const char *wrong = told_events(want, said, i, got, read, n++);
        if (wrong) return wrong;
    }
    if (said->relation != read->relation || (said->relation && want->relation != got->relation))
        return "relation";
    return told_picture(want, said, got, read);
}

/* Facts in short: "big dog(move_left!*,~stand) cat(sleep) chases +rose scene:snow [purple]". ! a
 * heading was said, * it is fast, ~ it was not said. */
static inline void in_short(const Lexicon *lex, const Facts *f, const ParseReport *r, char *out,
                            size_t room)
{
    static const char *const kind[] = { "", " does", " is", " more" };
    size_t n = 0;
#define PUT(...) n += (size_t)snprintf(out + n, room - n, __VA_ARGS__)
    *out = 0;
    for (int i = 0; i < f->actors; i++) {
        const ActorFacts *a = &f->actor[i];
        PUT("%s%s%s(", n ? " " : "",
            a->size == SIZE_BIG ? "big "
            : a->size           ? "small "
                                : "",
            lexicon_id(lex, WORD_ACTOR, a->actor));
        for (int e = 0; e < a->events; e++)
            PUT("%s%s%s%s%s", e ? "," : "", r->said.event[i] >> e & 1 ? "" : "~",
                lexicon_id(lex, WORD_ACTION, a->event[e].action),
                r->said.heading[i] >> e & 1 ? "!" : "", a->event[e].fast ? "*" : "");
        PUT(")");
    }
    if (r->said.relation) PUT(" %s", lexicon_id(lex, WORD_RELATION, f->relation));
    for (int p = 0; p < f->props; p++)
        PUT("%s+%s", n ? " " : "", lexicon_id(lex, WORD_PROP, f->prop[p]));
    if (r->said.scene) PUT("%s%s", n ? " " : "", lexicon_id(lex, WORD_SCENE, f->scene));
    if (r->said.time) PUT("%s%s", n ? " " : "", lexicon_id(lex, WORD_TIME, f->time));
    if (r->said.weather) PUT("%s:%s", n ? " " : "", lexicon_id(lex, WORD_WEATHER, f->weather));
    if (r->said.camera) PUT("%s@%s", n ? " " : "", lexicon_id(lex, WORD_CAMERA, f->camera));
    for (int u = 0; u < r->unknowns; u++)
        PUT("%s[%s%s]", n ? " " : "", r->unknown[u].text, kind[r->unknown[u].kind]);
#undef PUT
}

#endif
