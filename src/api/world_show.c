#include "api/world_show.h"

#include <string.h>

#include "base/rng.h"
#include "world/naming.h"

const char *world_show_unknown(const ParseReport *r, Arena *a)
{
    const char *list = "", *gap = r->language == LANG_EN ? ", " : "、";
    for (int i = 0; i < r->unknowns; i++)
        list = arena_printf(a, "%s%s%s", list, i ? gap : "", r->unknown[i].text);
    return list;
}

static SoraStatus no_actor(const char *prompt, const ParseReport *r)
{
    Arena *a = arena_new("words", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for words");
    const char *unknown = world_show_unknown(r, a);
    SoraStatus s =
        r->unknowns ? err_set(SORA_E_ARGUMENT,
                              "\"%.300s\" names no actor of the world; words it does not know: %s",
                              prompt, unknown)
                    : err_set(SORA_E_ARGUMENT, "\"%.300s\" names no actor of the world", prompt);
    arena_free(a);
    return s;
}

/* Where all of them live, the meadow before others; the meadow when there is no such place. */
static Scene scene_for(const World *w, const Facts *f, uint64_t seed)
{
    uint32_t all = (1u << SCENE_COUNT) - 1;
    for (int i = 0; i < f->actors; i++) all &= world_actor(w, f->actor[i].actor)->scenes;
    if (f->time != TIME_NIGHT) all &= ~(1u << SCENE_NIGHT_CITY | 1u << SCENE_SPACE);
    if (!all || all >> SCENE_MEADOW & 1) return SCENE_MEADOW;
    size_t k = rng_below(seed, 0, (size_t)__builtin_popcount(all));
    for (int s = 0; s < SCENE_COUNT; s++)
        if (all >> s & 1 && k-- == 0) return (Scene)s;
    return SCENE_MEADOW;
}

/* "walks", and nobody said where to: one way for all. */
static void draw_headings(Facts *f, const CaptionView *said, uint64_t seed)
{
    bool left = rng_below(seed, 1, 2) == 0;
    for (int i = 0; i < f->actors; i++)
        for (int e = 0; e < f->actor[i].events; e++) {
            Event *v = &f->actor[i].event[e];
            bool open = v->action == ACT_MOVE_RIGHT && !(said->heading[i] >> e & 1);
            if (open && left) v->action = ACT_MOVE_LEFT;
        }
}

SoraStatus world_show_facts(const World *w, const Lexicon *lex, const char *prompt, uint64_t seed,
                            Facts *out, ParseReport *report)
{
    Facts f;
    uint64_t own = rng_split(seed, 'S');
    TRY(prompt_parse(lex, prompt, &f, report));
    if (report->actor_missing) return no_actor(prompt, report);
    draw_headings(&f, &report->said, own);
    TRY(naming_to_world(w, lex, &f, out));
    if (!report->said.scene) out->scene = scene_for(w, out, own);
    facts_tidy(out);
    return SORA_OK;
}
