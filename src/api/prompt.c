/* What a model makes of a prompt: words it was never shown, and how much of it is read. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/engine.h"
#include "api/learned.h"
#include "api/prompt.h"
#include "api/words.h"
#include "base/utf8.h"
#include "words/instruct.h"
#include "words/recaption.h"

/* A noun that a model knows. */
typedef struct Known {
    WordKind kind;
    int index;
} Known;

struct PromptWords {
    const Bundle *bundle;
    const Compute *compute;
    Arena *arena;
    ModelWords model;
    bool lora;
    Known *known; /* actors first */
    size_t actors, count;
    const float *vector[2]; /* [count, width] of their names, English and Chinese; NULL: not yet */
};

enum { SUFFIX_MIN = 4, PREFIX_MIN = 3 };

static void add_kind(PromptWords *p, WordKind kind)
{
    for (int i = 0; i < lexicon_count(p->model.lexicon, kind); i++)
        if (kind != WORD_ACTOR || p->model.taught[i]) p->known[p->count++] = (Known){ kind, i };
}

SoraStatus prompt_words_open(const Bundle *b, const Compute *c, const char *name, bool lora,
                             Arena *a, PromptWords **out)
{
    PromptWords *p = arena_zero(a, sizeof *p);
    p->bundle = b, p->compute = c, p->arena = a;
    TRY(model_words(&b->file, name, a, &p->model));
    p->lora = lora;
    const Lexicon *lex = p->model.lexicon;
    int most = lexicon_count(lex, WORD_ACTOR) + lexicon_count(lex, WORD_PROP) + SCENE_COUNT;
    p->known = arena_alloc(a, (size_t)most * sizeof *p->known);
    add_kind(p, WORD_ACTOR);
    p->actors = p->count;
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

/* The known thing, of the first `count`, with the longest name that the word ends in. */
static const Known *nearest_by_letters(const PromptWords *p, const char *word, Language l,
                                       size_t count)
{
    const Known *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
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

static SoraStatus embed_known(PromptWords *p, Language l, Arena *a)
{
    int slot = l != LANG_EN;
    if (p->vector[slot]) return SORA_OK;
    const char **text = arena_alloc(a, p->count * sizeof *text);
    TextStates states;
    for (size_t i = 0; i < p->count; i++)
        text[i] = sentence(lexicon_name(p->model.lexicon, p->known[i].kind, p->known[i].index,
                                        slot ? LANG_ZH_HANS : LANG_EN),
                           l, a);
    TRY(text_encode(p->bundle->text, p->compute, text, p->count, a, a, &states));
    size_t bytes = p->count * text_encoder_width(p->bundle->text) * sizeof(float);
    float *keep = arena_alloc(p->arena, bytes);
    p->vector[slot] = memcpy(keep, states.pooled->data, bytes);
    return SORA_OK;
}

static SoraStatus nearest_by_meaning(PromptWords *p, const char *word, Language l, size_t count,
                                     Arena *a, const Known **out)
{
    TRY(embed_known(p, l, a));
    const char *text = sentence(word, l, a);
    TextStates states;
    TRY(text_encode(p->bundle->text, p->compute, &text, 1, a, a, &states));
    const float *x = states.pooled->data, *y = p->vector[l != LANG_EN];
    size_t width = text_encoder_width(p->bundle->text);
    float most = -2;
    for (size_t i = 0; i < count; i++, y += width) {
        float sum = 0;
        for (size_t j = 0; j < width; j++) sum += x[j] * y[j];
        if (sum > most) most = sum, *out = &p->known[i];
    }
    if (!*out) return err_set(SORA_E_NUMBER, "the text encoder makes no numbers of \"%s\"", word);
    return SORA_OK;
}

/* `actor`: what is looked for does something. */
static SoraStatus nearest(PromptWords *p, const char *word, Language l, bool actor, Arena *a,
                          const Known **out)
{
    size_t count = actor && p->actors ? p->actors : p->count;
    *out = nearest_by_letters(p, word, l, count);
    return *out ? SORA_OK : nearest_by_meaning(p, word, l, count, a, out);
}

/* ---- what the model is told ------------------------------------------------------------ */

/* Nouns that are unknown, the last first so that places hold, by the nearest thing known. */
static SoraStatus replace_unknown(PromptWords *p, const ParseReport *r, Arena *a, const char **text)
{
    for (int i = r->unknowns; i-- > 0;) {
        const UnknownWord *u = &r->unknown[i];
        const Known *k;
        if (u->kind != UNKNOWN_THING || strlen(u->text) + 4 >= PARSE_WORD_SIZE) continue;
        TRY(nearest(p, u->text, r->language, r->actor_missing, a, &k));
        if (k->kind == WORD_SCENE) continue;
        *text = arena_printf(a, "%.*s%s%s", (int)u->at, *text,
                             lexicon_name(p->model.lexicon, k->kind, k->index, r->language),
                             *text + u->at + strlen(u->text));
    }
    return SORA_OK;
}

/* Actors that the lexicon has words for and the model was never shown. */
static SoraStatus replace_untaught(PromptWords *p, const ParseReport *r, Arena *a, Facts *f)
{
    for (int i = 0; i < f->actors; i++) {
        const Known *k;
        if (p->model.taught[f->actor[i].actor]) continue;
        TRY(nearest(p, r->actor_word[i], r->language, true, a, &k));
        f->actor[i].actor = k->index;
    }
    return SORA_OK;
}

/* What was told before, read back. */
typedef struct Before {
    Facts facts;
    CaptionView said; /* all off: nothing was told */
} Before;

static Before read_before(const PromptWords *p, const char *text)
{
    Before b = { 0 };
    ParseReport r;
    if (text && prompt_parse(p->model.lexicon, text, &b.facts, &r) == SORA_OK) b.said = r.said;
    return b;
}

/* The language in which the model is told: of one actor it reads English better, of several the
 * prompt's own (docs/decisions.md). */
static Language told_in(const Facts *f, Language l)
{
    return f->actors == 1 ? LANG_EN : l;
}

/* False: no caption says it. */
static bool tell(const PromptWords *p, const Facts *f, const CaptionView *said, Language l,
                 Arena *a, Told *told)
{
    char *shown = arena_alloc(a, CAPTION_SIZE_MAX), *text = shown;
    Language in = told_in(f, l);
    if (!recaption(p->model.lexicon, f, said, l, shown)) return false;
    if (in != l) {
        text = arena_alloc(a, CAPTION_SIZE_MAX);
        if (!recaption(p->model.lexicon, f, said, in, text)) return false;
    }
    *told = (Told){ .text = text, .shown = shown };
    return true;
}

/* A change of what was told before. */
static bool tell_change(const PromptWords *p, const Before *before, const char *words, Arena *a,
                        Told *told)
{
    Facts changed = before->facts;
    ParseReport asked;
    if (!before->said.actor || instruct_apply(p->model.lexicon, words, &changed, &asked) != SORA_OK)
        return false;
    CaptionView view = instruct_view(&before->said, &asked.said, before->facts.actors, &changed);
    return changed.actors && tell(p, &changed, &view, asked.language, a, told);
}

/* Where it is and when goes on until something else is said. */
static void inherit(const Before *b, Facts *f, CaptionView *said)
{
    if (said->scene) return;
    if (b->said.scene) f->scene = b->facts.scene, said->scene = true;
    if (b->said.time && !said->time) f->time = b->facts.time, said->time = true;
    if (b->said.weather && !said->weather) f->weather = b->facts.weather, said->weather = true;
    facts_tidy(f);
    caption_view_tidy(f, said);
}

/* What is told, of the clip in a mirror and in the other language: what the model reads better in
 * one of them evens out like what it does better to one side. NULL: no caption says it, or it is
 * better without: where no side is told of, and where several actors would melt with one another's
 * mirror images (docs/decisions.md). */
static const char *mirrored(const PromptWords *p, const Facts *f, const CaptionView *said,
                            Language l, const char *told, Arena *a)
{
    Facts other = *f;
    char *out = arena_alloc(a, CAPTION_SIZE_MAX);
    facts_mirror(&other);
    if (f->actors != 1 || !recaption(p->model.lexicon, &other, said, l, out)) return NULL;
    if (strcmp(out, told) == 0) return NULL;
    l = l == LANG_EN ? LANG_ZH_HANS : LANG_EN;
    return recaption(p->model.lexicon, &other, said, l, out) ? out : NULL;
}

/* As far as the world's cameras go: several actors need the width themselves. */
static const double PAN_ALONE = 0.38, PAN_SEVERAL = 0.24, SHAKE = 0.0145;

/* The moves of a camera that a model does not draw. */
static CameraMove camera_of(const PromptWords *p, const Facts *f, const CaptionView *said,
                            Language l, Arena *a)
{
    CameraMove m = { 0 };
    Facts still = *f;
    CaptionView view = *said;
    double pan = f->actors > 1 ? PAN_SEVERAL : PAN_ALONE;
    if (!said->camera) return m;
    if (f->camera == CAMERA_PAN_LEFT) m.pan = -pan;
    if (f->camera == CAMERA_PAN_RIGHT) m.pan = pan;
    if (f->camera == CAMERA_SHAKE) m.shake = SHAKE;
    if (m.pan == 0 && m.shake == 0) return m;
    still.camera = CAMERA_STILL;
    view.camera = false;
    char *held = arena_alloc(a, CAPTION_SIZE_MAX);
    if (!recaption(p->model.lexicon, &still, &view, l, held)) return m;
    m.held = held;
    m.mirrored = mirrored(p, &still, &view, l, held, a);
    return m;
}

SoraStatus prompt_told(PromptWords *p, const char *before, const char *prompt, Arena *a, Told *told)
{
    Facts facts;
    ParseReport r;
    const char *text = prompt;
    *told = (Told){ .text = prompt, .shown = prompt };
    if (p->lora || !p->model.listed || !p->actors || !prompt[strspn(prompt, " \t\r\n")] ||
        strlen(prompt) > PARSE_PROMPT_MAX)
        return SORA_OK;
    TRY(prompt_parse(p->model.lexicon, prompt, &facts, &r));
    Before was = read_before(p, before);
    if (r.actor_missing && tell_change(p, &was, prompt, a, told)) return SORA_OK;
    if (r.unknowns) {
        TRY(replace_unknown(p, &r, a, &text));
        if (strlen(text) > PARSE_PROMPT_MAX) return SORA_OK;
        TRY(prompt_parse(p->model.lexicon, text, &facts, &r));
    }
    if (r.actor_missing) return SORA_OK;
    TRY(replace_untaught(p, &r, a, &facts));
    inherit(&was, &facts, &r.said);
    if (!tell(p, &facts, &r.said, r.language, a, told)) return SORA_OK;
    Language l = told_in(&facts, r.language);
    told->mirrored = mirrored(p, &facts, &r.said, l, told->text, a);
    told->camera = camera_of(p, &facts, &r.said, l, a);
    return SORA_OK;
}

/* ---- the check ------------------------------------------------------------------------- */

typedef struct Check {
    PromptWords *words;
    Language language;
    Arena *arena;
    SoraPromptCheck *out;
} Check;

static SoraStatus add_unknown(Check *c, const char *word, bool thing, bool actor)
{
    SoraPromptCheck *o = c->out;
    for (int i = 0; i < o->unknowns; i++)
        if (strcmp(o->unknown[i], word) == 0) return SORA_OK;
    if (o->unknowns == SORA_UNKNOWN_MAX) return SORA_OK;
    snprintf(o->unknown[o->unknowns], SORA_WORD_SIZE, "%s", word);
    char *near = o->nearest[o->unknowns++];
    if (!thing) return SORA_OK;
    const Known *k;
    TRY(nearest(c->words, word, c->language, actor, c->arena, &k));
    snprintf(near, SORA_WORD_SIZE, "%s",
             lexicon_name(c->words->model.lexicon, k->kind, k->index, c->language));
    return SORA_OK;
}

/* A word that was taught, but does not come out right often enough to be claimed. */
static void add_weak(Check *c, const char *word, WordKind kind, int index)
{
    SoraPromptCheck *o = c->out;
    float share = c->words->model.share[kind][index];
    if (!(share < (float)LEARNED_ENOUGH) || o->weaks == SORA_UNKNOWN_MAX) return;
    for (int i = 0; i < o->weaks; i++)
        if (strcmp(o->weak[i], word) == 0) return;
    snprintf(o->weak[o->weaks], SORA_WORD_SIZE, "%s", word);
    o->weak_share[o->weaks++] = (double)share;
}

/* The rest of what is said, by its usual names. Doings and sizes were measured of an actor that is
 * alone, and of the first thing that it does. */
static void add_weak_rest(Check *c, const Facts *f, const CaptionView *said)
{
    const ActorFacts *first = &f->actor[0];
    bool alone = f->actors == 1;
    const struct {
        bool asked;
        WordKind kind;
        int index;
    } word[] = { { said->scene, WORD_SCENE, f->scene },
                 { said->time, WORD_TIME, f->time },
                 { said->weather, WORD_WEATHER, f->weather },
                 { said->camera, WORD_CAMERA, f->camera },
                 { alone && said->event[0] & 1, WORD_ACTION, first->event[0].action },
                 { alone && said->size & 1, WORD_SIZE, first->size } };
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        if (word[i].asked)
            add_weak(
                c, lexicon_name(c->words->model.lexicon, word[i].kind, word[i].index, c->language),
                word[i].kind, word[i].index);
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
    if (c->words->lora) return SORA_OK; /* nobody says what a LoRA was shown */
    for (int i = 0; i < r.unknowns; i++)
        if (r.unknown[i].kind != UNKNOWN_SURPLUS)
            TRY(add_unknown(c, r.unknown[i].text, r.unknown[i].kind == UNKNOWN_THING,
                            r.actor_missing));
    for (int i = 0; i < facts.actors; i++)
        if (c->words->model.taught[facts.actor[i].actor])
            add_weak(c, r.actor_word[i], WORD_ACTOR, facts.actor[i].actor);
        else
            TRY(add_unknown(c, r.actor_word[i], true, true));
    add_weak_rest(c, &facts, &r.said);
    return SORA_OK;
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

SoraStatus engine_words(SoraEngine *e)
{
    const SoraEngineOptions *o = &e->options;
    if (e->words) return SORA_OK;
    return prompt_words_open(&e->bundle, e->compute, o->model, o->lora_count > 0, e->arena,
                             &e->words);
}

static SoraStatus check(SoraEngine *e, const char *before, const char *prompt, Arena *a,
                        SoraPromptCheck *out)
{
    TRY(engine_words(e));
    TRY(text_encoder_reads(e->bundle.text, prompt, a, &out->read));
    Told told;
    Check c = { e->words, LANG_EN, a, out };
    size_t whole = out->read; /* half a word is none */
    while (whole && letter(prompt[whole - 1]) && letter(prompt[whole])) whole--;
    TRY(check_words(&c, arena_printf(a, "%.*s", (int)whole, prompt)));
    TRY(prompt_told(e->words, before, prompt, a, &told));
    if (told.shown != prompt) snprintf(out->told, sizeof out->told, "%s", told.shown);
    return SORA_OK;
}

SoraStatus sora_prompt_check(SoraEngine *e, const char *prompt, SoraPromptCheck *out)
{
    return sora_prompt_check_after(e, NULL, prompt, out);
}

SoraStatus sora_prompt_check_after(SoraEngine *e, const char *before, const char *prompt,
                                   SoraPromptCheck *out)
{
    SoraPromptCheck o = { .size = sizeof o, .language = "en", .read = strlen(prompt) };
    if (utf8_check(prompt, o.read) != SORA_OK)
        return err_while(SORA_E_ARGUMENT, "reading the prompt");
    if (!e->bundle.wan) {
        Arena *a = arena_new("prompt", 0);
        if (!a) return err_set(SORA_E_MEMORY, "no memory for a prompt");
        SoraStatus s = check(e, before, prompt, a, &o);
        arena_free(a);
        TRY(s);
    }
    *out = o;
    return SORA_OK;
}
