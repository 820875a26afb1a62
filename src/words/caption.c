#include "words/caption.h"

#include <assert.h>

#include "base/rng.h"
#include "words/teller.h"

CaptionView caption_view_all(const Facts *facts)
{
    CaptionView v = { .scene = true, .time = true, .weather = true, .camera = true };
    v.relation = facts->relation != REL_NONE && facts->actors > 1;
    v.actor = (uint8_t)((1 << facts->actors) - 1);
    v.prop = (uint8_t)((1 << facts->props) - 1);
    for (int i = 0; i < facts->actors; i++) {
        const ActorFacts *a = &facts->actor[i];
        if (a->size != SIZE_NORMAL) v.size |= (uint8_t)(1 << i);
        for (int e = 0; e < a->events; e++) {
            uint8_t bit = (uint8_t)(1 << e);
            v.event[i] |= bit;
            if (facts_has_heading(a->event[e].action)) v.heading[i] |= bit;
            if (a->event[e].fast && facts_has_speed(a->event[e].action)) v.fast[i] |= bit;
        }
    }
    return v;
}

void caption_view_tidy(const Facts *f, CaptionView *view)
{
    bool none = f->scene == SCENE_ROOM || f->scene == SCENE_STAGE || f->scene == SCENE_SPACE ||
                f->scene == SCENE_SEA_FLOOR;
    if (none && f->weather == WEATHER_CLEAR) view->weather = false;
    if (f->scene == SCENE_SPACE) view->time = false;
}

size_t caption_write(const Lexicon *lex, const Facts *facts, const CaptionView *view,
                     const CaptionStyle *style, char *out, CaptionView *said)
{
    assert(facts->actors <= FACTS_ACTORS_MAX && facts->props <= FACTS_PROPS_MAX);
    Teller t;
    Text text = { .n = 0 };
    text.s[0] = 0;
    teller_start(&t, lex, facts, view, style);
    if (style->language == LANG_EN)
        caption_en(&t, &text);
    else
        caption_zh(&t, &text);
    memcpy(out, text.s, text.n + 1);
    if (said) *said = t.said;
    return text.n;
}

void caption_mix(uint64_t seed, CaptionStyle *style)
{
    uint64_t own = rng_split(seed, 0x6361707469); /* "capti" */
    size_t language = rng_below(own, 0, 8), form = rng_below(own, 1, 10);
    style->language = language < 4 ? LANG_EN : language < 7 ? LANG_ZH_HANS : LANG_ZH_HANT;
    style->form = form < 3 ? CAPTION_SHORT : form < 7 ? CAPTION_SENTENCE : CAPTION_DETAILED;
    style->seed = own;
    style->names = style->held_out = false;
}
