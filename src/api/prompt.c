/* What a model makes of a prompt: words it was never shown, and how much of it is read. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/engine.h"
#include "api/learned.h"
#include "api/words.h"
#include "base/utf8.h"
#include "words/parse.h"

/* A noun that a model knows. */
typedef struct Known {
    WordKind kind;
    int index;
} Known;

struct PromptWords {
    ModelWords model;
    Known *known;
    size_t count;
    const float *vector[2]; /* [count, width] of their names, English and Chinese; NULL: not yet */
};

enum { SUFFIX_MIN = 4, PREFIX_MIN = 3 };

static void add_kind(PromptWords *p, WordKind kind)
{
    for (int i = 0; i < lexicon_count(p->model.lexicon, kind); i++)
        if (kind != WORD_ACTOR || p->model.taught[i]) p->known[p->count++] = (Known){ kind, i };
}

static SoraStatus words_open(SoraEngine *e, PromptWords **out)
{
    PromptWords *p = arena_zero(e->arena, sizeof *p);
    TRY(model_words(&e->bundle.file, e->options.model, e->arena, &p->model));
    const Lexicon *lex = p->model.lexicon;
    int most = lexicon_count(lex, WORD_ACTOR) + lexicon_count(lex, WORD_PROP) + SCENE_COUNT;
    p->known = arena_alloc(e->arena, (size_t)most * sizeof *p->known);
    add_kind(p, WORD_ACTOR);
    add_kind(p, WORD_PROP);
    add_kind(p, WORD_SCENE);
    *out = p;
    return SORA_OK;
}

/* ---- by letters ------------------------------------------------------------------------ */

static bool han(const char *s)
{
    return (unsigned char)*s >= 0xE3;
}

/* How much of the word's end the known name is: 鳄鱼 ends in 鱼, "starfish" in "fish". 0: not. */
static size_t ending(const char *word, const char *name)
{
    size_t n = strlen(word), k = strlen(name);
    if (k >= n || strcasecmp(word + n - k, name) != 0) return 0;
    if (han(name) || word[n - k - 1] == ' ') return k;
    return k >= SUFFIX_MIN && n - k >= PREFIX_MIN ? k : 0;
}

/* The known thing with the longest name that the word ends in. */
static const Known *nearest_by_letters(const PromptWords *p, const char *word, Language l)
{
    const Known *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < p->count; i++) {
        const Known *k = &p->known[i];
        for (int w = 0; w < lexicon_words(p->model.lexicon, k->kind, k->index, l); w++) {
            size_t n = ending(word, lexicon_word(p->model.lexicon, k->kind, k->index, l, w));
            if (n > most) most = n, best = k;
        }
    }
    return best;
}

/* ---- by meaning ------------------------------------------------------------------------ */

static const char *sentence(const char *word, Language l, Arena *a)
{
    return l == LANG_EN ? arena_printf(a, "a %s", word) : word;
}

static SoraStatus embed_known(SoraEngine *e, PromptWords *p, Language l, Arena *a)
{
    int slot = l != LANG_EN;
    if (p->vector[slot]) return SORA_OK;
    const char **text = arena_alloc(a, p->count * sizeof *text);
    TextStates states;
    for (size_t i = 0; i < p->count; i++)
        text[i] = sentence(lexicon_name(p->model.lexicon, p->known[i].kind, p->known[i].index,
                                        slot ? LANG_ZH_HANS : LANG_EN),
                           l, a);
    TRY(text_encode(e->bundle.text, e->compute, text, p->count, a, a, &states));
    size_t bytes = p->count * text_encoder_width(e->bundle.text) * sizeof(float);
    float *keep = arena_alloc(e->arena, bytes);
    p->vector[slot] = memcpy(keep, states.pooled->data, bytes);
    return SORA_OK;
}

static SoraStatus nearest_by_meaning(SoraEngine *e, PromptWords *p, const char *word, Language l,
                                     Arena *a, const Known **out)
{
    TRY(embed_known(e, p, l, a));
    const char *text = sentence(word, l, a);
    TextStates states;
    TRY(text_encode(e->bundle.text, e->compute, &text, 1, a, a, &states));
    const float *x = states.pooled->data, *y = p->vector[l != LANG_EN];
    size_t width = text_encoder_width(e->bundle.text);
    float most = -2;
    for (size_t i = 0; i < p->count; i++, y += width) {
        float sum = 0;
        for (size_t j = 0; j < width; j++) sum += x[j] * y[j];
        if (sum > most) most = sum, *out = &p->known[i];
    }
    return SORA_OK;
}

/* ---- the check ------------------------------------------------------------------------- */

typedef struct Check {
    SoraEngine *engine;
    PromptWords *words;
    Language language;
    Arena *arena;
    SoraPromptCheck *out;
} Check;

static SoraStatus add_unknown(Check *c, const char *word, bool thing)
{
    SoraPromptCheck *o = c->out;
    for (int i = 0; i < o->unknowns; i++)
        if (strcmp(o->unknown[i], word) == 0) return SORA_OK;
    if (o->unknowns == SORA_UNKNOWN_MAX) return SORA_OK;
    snprintf(o->unknown[o->unknowns], SORA_WORD_SIZE, "%s", word);
    char *nearest = o->nearest[o->unknowns++];
    if (!thing) return SORA_OK;
    const Known *k = nearest_by_letters(c->words, word, c->language);
    if (!k) TRY(nearest_by_meaning(c->engine, c->words, word, c->language, c->arena, &k));
    snprintf(nearest, SORA_WORD_SIZE, "%s",
             lexicon_name(c->words->model.lexicon, k->kind, k->index, c->language));
    return SORA_OK;
}

/* A word that was taught, but does not come out right often enough to be claimed. */
static void add_weak(Check *c, const char *word, int actor)
{
    SoraPromptCheck *o = c->out;
    float share = c->words->model.share[actor];
    if (!(share < (float)LEARNED_ENOUGH) || o->weaks == SORA_UNKNOWN_MAX) return;
    for (int i = 0; i < o->weaks; i++)
        if (strcmp(o->weak[i], word) == 0) return;
    snprintf(o->weak[o->weaks], SORA_WORD_SIZE, "%s", word);
    o->weak_share[o->weaks++] = (double)share;
}

static SoraStatus check_words(Check *c, const char *prompt)
{
    static const char *const LANGUAGE[LANG_COUNT] = { "en", "zh", "zh-Hant" };
    Facts facts;
    ParseReport r;
    if (!prompt[strspn(prompt, " \t\r\n")]) return SORA_OK;
    TRY(prompt_parse(c->words->model.lexicon, prompt, &facts, &r));
    c->language = r.language;
    c->out->language = LANGUAGE[r.language];
    for (int i = 0; i < r.unknowns; i++)
        if (r.unknown[i].kind != UNKNOWN_SURPLUS)
            TRY(add_unknown(c, r.unknown[i].text, r.unknown[i].kind == UNKNOWN_THING));
    for (int i = 0; i < facts.actors; i++)
        if (c->words->model.taught[facts.actor[i].actor])
            add_weak(c, r.actor_word[i], facts.actor[i].actor);
        else
            TRY(add_unknown(c, r.actor_word[i], true));
    return SORA_OK;
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static SoraStatus check(SoraEngine *e, const char *prompt, Arena *a, SoraPromptCheck *out)
{
    if (!e->words) TRY(words_open(e, &e->words));
    TRY(text_encoder_reads(e->bundle.text, prompt, a, &out->read));
    Check c = { e, e->words, LANG_EN, a, out };
    size_t whole = out->read; /* half a word is none */
    while (whole && letter(prompt[whole - 1]) && letter(prompt[whole])) whole--;
    return check_words(&c, arena_printf(a, "%.*s", (int)whole, prompt));
}

SoraStatus sora_prompt_check(SoraEngine *e, const char *prompt, SoraPromptCheck *out)
{
    SoraPromptCheck o = { .size = sizeof o, .language = "en", .read = strlen(prompt) };
    if (utf8_check(prompt, o.read) != SORA_OK)
        return err_while(SORA_E_ARGUMENT, "reading the prompt");
    if (!e->bundle.wan) {
        Arena *a = arena_new("prompt", 0);
        if (!a) return err_set(SORA_E_MEMORY, "no memory for a prompt");
        SoraStatus s = check(e, prompt, a, &o);
        arena_free(a);
        TRY(s);
    }
    *out = o;
    return SORA_OK;
}
