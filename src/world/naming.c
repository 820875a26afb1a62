#include "world/naming.h"

#include <string.h>

static SoraStatus word_of(const Lexicon *lex, WordKind kind, const char *id, uint16_t *out)
{
    int i = lexicon_find(lex, kind, id);
    if (i < 0) return err_set(SORA_E_ARGUMENT, "there is no word for the cast's %s", id);
    *out = (uint16_t)i;
    return SORA_OK;
}

SoraStatus naming_to_words(const World *w, const Lexicon *lex, const Facts *f, Facts *out)
{
    Facts named = *f;
    for (int i = 0; i < f->actors; i++)
        TRY(word_of(lex, WORD_ACTOR, world_actor(w, f->actor[i].actor)->id, &named.actor[i].actor));
    for (int i = 0; i < f->props; i++)
        TRY(word_of(lex, WORD_PROP, world_prop(w, f->prop[i])->id, &named.prop[i]));
    *out = named;
    return SORA_OK;
}

static SoraStatus member_of(const World *w, const Lexicon *lex, WordKind kind, uint16_t word,
                            uint16_t *out)
{
    bool actor = kind == WORD_ACTOR;
    const char *id = lexicon_id(lex, kind, word);
    size_t count = actor ? world_actor_count(w) : world_prop_count(w);
    for (size_t i = 0; i < count; i++) {
        if (strcmp((actor ? world_actor(w, i) : world_prop(w, i))->id, id) != 0) continue;
        *out = (uint16_t)i;
        return SORA_OK;
    }
    return err_set(SORA_E_ARGUMENT, "this cast has no %s", lexicon_name(lex, kind, word, LANG_EN));
}

SoraStatus naming_to_world(const World *w, const Lexicon *lex, const Facts *f, Facts *out)
{
    Facts placed = *f;
    for (int i = 0; i < f->actors; i++)
        TRY(member_of(w, lex, WORD_ACTOR, f->actor[i].actor, &placed.actor[i].actor));
    for (int i = 0; i < f->props; i++)
        TRY(member_of(w, lex, WORD_PROP, f->prop[i], &placed.prop[i]));
    *out = placed;
    return SORA_OK;
}
