#include "words/phrases.h"

#include <string.h>

enum { TEXT_MAX = 256, KEYS_AT_ONCE = 1 << 15 };

struct Phrases {
    Phrase *phrase;
    uint32_t count, room;
    uint32_t *slot; /* [mask + 1] number of a phrase + 1; 0: free */
    uint32_t mask;
};

typedef struct Builder {
    Phrases *p;
    Arena *a, *scratch;
    char *keys; /* room for more of them */
    size_t keys_left;
    SoraStatus status;
} Builder;

static uint32_t hash(const char *s, size_t n)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)s[i]) * 16777619u;
    return h;
}

/* Where gaps are in the text of tokens first .. first + count - 1. */
static uint32_t gaps_of(const Tokens *t, size_t first, size_t count)
{
    uint32_t gaps = 0, start = t->token[first].at;
    for (size_t i = first + 1; i < first + count; i++) {
        uint32_t at = t->token[i].at - start - 1;
        bool both = t->token[i].kind == TOKEN_HAN || t->token[i - 1].kind == TOKEN_HAN;
        if (at < 32 && !both) gaps |= 1u << at;
    }
    return gaps;
}

/* ---- building -------------------------------------------------------------------------- */

static SoraStatus keep_key(Builder *b, const char *text, const char **out)
{
    size_t n = strlen(text) + 1;
    if (n > b->keys_left) {
        void *more;
        TRY(arena_try(b->a, n + KEYS_AT_ONCE, &more));
        b->keys = more;
        b->keys_left = n + KEYS_AT_ONCE;
    }
    *out = memcpy(b->keys, text, n);
    b->keys += n;
    b->keys_left -= n;
    return SORA_OK;
}

static SoraStatus add_cut(Builder *b, const Tokens *t, Phrase phrase)
{
    if (!t->count || t->count > PHRASE_TOKENS_MAX) return SORA_OK;
    bool camera = phrase.flags & PHRASE_CAMERA_ONLY;
    const Phrase *old = phrases_find(b->p, t, 0, t->count, camera);
    if (old && old->gaps == gaps_of(t, 0, t->count)) return SORA_OK;
    if (b->p->count == b->p->room)
        return err_set(SORA_E_FORMAT, "more than %u phrases", b->p->room);
    TRY(keep_key(b, t->text, &phrase.key));
    phrase.tokens = (uint8_t)t->count;
    phrase.gaps = gaps_of(t, 0, t->count);
    uint32_t i = hash(phrase.key, strlen(phrase.key)) & b->p->mask;
    while (b->p->slot[i]) i = (i + 1) & b->p->mask;
    b->p->phrase[b->p->count] = phrase;
    b->p->slot[i] = ++b->p->count;
    return SORA_OK;
}

/* Adds a phrase of any text; the first that has a text keeps it. */
static void add(Builder *b, const char *text, Phrase phrase)
{
    Tokens t;
    ArenaMark mark = arena_mark(b->scratch);
    if (b->status != SORA_OK || !*text) return;
    b->status = tokens_cut(text, strlen(text), b->scratch, &t);
    if (b->status == SORA_OK) b->status = add_cut(b, &t, phrase);
    arena_rewind(b->scratch, mark);
}

/* The forms of a verb; those of the past only where nothing else is written like that. */
static void add_verb(Builder *b, const char *base, Phrase phrase)
{
    for (int form = EN_BASE; form <= EN_ING; form++) {
        char text[EN_WORD_SIZE];
        english_verb(base, (EnglishForm)form, text);
        phrase.form = (uint8_t)form;
        add(b, text, phrase);
    }
}

static void add_past(Builder *b, const char *base, Phrase phrase)
{
    char text[EN_WORD_SIZE];
    english_verb(base, EN_PAST, text);
    phrase.form = EN_PAST;
    add(b, text, phrase);
}

/* Calls `each` for every alternative of `words`. */
static void add_words(Builder *b, const char *words, Phrase phrase,
                      void (*each)(Builder *, const char *, Phrase))
{
    for (const char *s = words; *s;) {
        char text[TEXT_MAX];
        size_t n = strcspn(s, "|");
        if (n < sizeof text) {
            memcpy(text, s, n);
            text[n] = 0;
            each(b, text, phrase);
        }
        s += n + (s[n] == '|');
    }
}

static Phrase phrase_of(const GrammarRow *r)
{
    return (Phrase){ .kind = r->kind, .value = r->value, .flags = r->flags };
}

static void add_rows(Builder *b, const GrammarRow *rows)
{
    for (const GrammarRow *r = rows; r->words; r++)
        add_words(b, r->words, phrase_of(r), r->verb ? add_verb : add);
    for (const GrammarRow *r = rows; r->words; r++)
        if (r->verb) add_words(b, r->words, phrase_of(r), add_past);
}

/* 一只, 两辆 */
static void add_measures(Builder *b)
{
    const char *c = grammar_zh_counts;
    for (int n = 1; *c; c++) {
        if (*c == '/') {
            n++;
            continue;
        }
        char text[TEXT_MAX];
        size_t length = strcspn(c, "|/");
        memcpy(text, c, length);
        for (const char *m = grammar_zh_measures; *m;) {
            size_t k = strcspn(m, "|");
            memcpy(text + length, m, k);
            text[length + k] = 0;
            add(b, text,
                (Phrase){ .kind = PH_COUNT, .value = (uint16_t)n, .flags = PHRASE_MEASURE });
            m += k + (m[k] == '|');
        }
        c += length - (c[length] != '|');
    }
}

/* Combinations that are pronounced with a measure word: 这只, 另一只, 第二只. */
static void add_pointers(Builder *b)
{
    static const struct {
        const char *text;
        uint8_t kind, value;
    } pointer[] = { { "这", PH_THE, 0 },     { "那", PH_THE, 0 },   { "该", PH_THE, 0 },
                    { "另一", PH_NEW, 1 },   { "另", PH_NEW, 1 },   { "又一", PH_NEW, 1 },
                    { "另外一", PH_NEW, 1 }, { "第一", PH_NTH, 1 }, { "第二", PH_NTH, 2 },
                    { "第三", PH_NTH, 3 } };
    for (size_t i = 0; i < sizeof pointer / sizeof *pointer; i++)
        for (const char *m = grammar_zh_measures; *m;) {
            char text[TEXT_MAX];
            size_t n = strlen(pointer[i].text), k = strcspn(m, "|");
            memcpy(text, pointer[i].text, n);
            memcpy(text + n, m, k);
            text[n + k] = 0;
            add(b, text,
                (Phrase){
                    .kind = pointer[i].kind, .value = pointer[i].value, .flags = PHRASE_MEASURE });
            m += k + (m[k] == '|');
        }
}

static bool about_cameras(const char *text)
{
    static const char *const sign[] = {
        "pan ", "tilt ", "zoom ", "camera", "shot", "镜头", "鏡頭"
    };
    for (size_t i = 0; i < sizeof sign / sizeof *sign; i++)
        if (strstr(text, sign[i])) return true;
    return false;
}

/* "pans left": all forms, of the camera that has been named. */
static void add_predicate(Builder *b, const char *third, Phrase phrase)
{
    char base[EN_WORD_SIZE];
    size_t n = strcspn(third, " ");
    phrase.flags |= PHRASE_CAMERA_ONLY;
    add(b, third, phrase);
    if (n < 2 || n >= sizeof base || strlen(third) >= sizeof base) return;
    bool es =
        n > 3 && (strncmp(third + n - 3, "hes", 3) == 0 || strncmp(third + n - 3, "ses", 3) == 0);
    if (third[n - 1] != 's') return;
    size_t stem = n - (es ? 2 : 1);
    memcpy(base, third, stem);
    strcpy(base + stem, third + n);
    add_verb(b, base, phrase);
    add_past(b, base, phrase);
}

static void add_camera(Builder *b, const Word *w, Language l, Phrase phrase)
{
    if (about_cameras(w->text)) {
        if (l == LANG_EN && !strstr(w->text, "camera") && !strstr(w->text, "shot"))
            add_verb(b, w->text, phrase);
        else
            add(b, w->text, phrase);
    }
    if (l == LANG_EN) add_predicate(b, w->second, phrase);
    phrase.flags |= PHRASE_CAMERA_ONLY;
    if (l != LANG_EN) add(b, w->second, phrase);
    if (l == LANG_EN) add_verb(b, w->text, phrase);
}

static void add_noun(Builder *b, const Word *w, Language l, Phrase phrase)
{
    phrase.flags |= PHRASE_LOOSE;
    add(b, w->text, phrase);
    if (l != LANG_EN) return;
    phrase.flags |= PHRASE_PLURAL;
    if (strcmp(w->second, w->text) != 0) add(b, w->second, phrase);
}

/* 很大的: the same without its last character. */
static void add_size(Builder *b, const Word *w, Language l, Phrase phrase)
{
    size_t n = strlen(w->text);
    add(b, w->text, phrase);
    if (l == LANG_EN || n <= 6 || strcmp(w->text + n - 3, "的") != 0) return;
    char text[TEXT_MAX];
    memcpy(text, w->text, n - 3);
    text[n - 3] = 0;
    add(b, text, phrase);
}

static void add_word(Builder *b, WordKind kind, int index, Language l, const Word *w)
{
    static const uint8_t kinds[WORD_KIND_COUNT] = {
        [WORD_ACTOR] = PH_ACTOR, [WORD_PROP] = PH_PROP,       [WORD_SCENE] = PH_SCENE,
        [WORD_TIME] = PH_TIME,   [WORD_WEATHER] = PH_WEATHER, [WORD_CAMERA] = PH_CAMERA,
        [WORD_SIZE] = PH_SIZE,
    };
    Phrase phrase = { .kind = kinds[kind], .value = (uint16_t)index };
    if (kind == WORD_ACTOR || kind == WORD_PROP) {
        add_noun(b, w, l, phrase);
    } else if (kind == WORD_CAMERA) {
        add_camera(b, w, l, phrase);
    } else if (kind == WORD_SIZE) {
        add_size(b, w, l, phrase);
    } else {
        if (kind == WORD_SCENE) phrase.flags |= PHRASE_LOOSE;
        if (kind == WORD_SCENE && index == SCENE_SNOW) phrase.flags |= PHRASE_SNOW;
        add(b, w->text, phrase);
        if (l == LANG_EN) return; /* "on a rainy day" would hide the day */
        add(b, w->second, phrase);
        if (w->third) add(b, w->third, phrase);
    }
}

static void add_lexicon(Builder *b, const Lexicon *lex)
{
    for (int k = 0; k < WORD_KIND_COUNT; k++) {
        if (k == WORD_ACTION || k == WORD_RELATION) continue; /* grammar has them, and in context */
        for (int i = 0; i < lexicon_count(lex, k); i++) {
            const Entry *e = lexicon_entry(lex, k, i);
            for (int l = 0; l < LANG_COUNT; l++)
                for (int w = 0; w < e->words[l]; w++) add_word(b, k, i, l, &e->word[l][w]);
        }
    }
}

/* The actors' own verbs ("waddle"). */
static void add_own_verbs(Builder *b, const Lexicon *lex)
{
    for (int i = 0; i < lexicon_count(lex, WORD_ACTOR); i++) {
        const Entry *e = lexicon_entry(lex, WORD_ACTOR, i);
        for (int v = 0; v < e->verbs; v++) {
            Phrase phrase = { .kind = PH_MOTION };
            add_verb(b, e->verb[v], phrase);
            add_past(b, e->verb[v], phrase);
        }
    }
}

/* More than there can be: six forms a word, and grammar. */
static uint32_t room_for(const Lexicon *lex)
{
    enum { GRAMMAR = 8192, FORMS = 6 };
    uint32_t words = 0;
    for (int k = 0; k < WORD_KIND_COUNT; k++)
        for (int i = 0; i < lexicon_count(lex, k); i++)
            for (int l = 0; l < LANG_COUNT; l++) words += (uint32_t)lexicon_words(lex, k, i, l);
    return words * FORMS + GRAMMAR;
}

static SoraStatus build(const Lexicon *lex, Arena *a, Arena *scratch, Phrases *p)
{
    void *phrase, *slot;
    p->room = room_for(lex);
    for (p->mask = 1; p->mask < 2 * p->room; p->mask *= 2) continue;
    TRY(arena_try(a, p->room * sizeof(Phrase), &phrase));
    TRY(arena_try(a, p->mask * sizeof(uint32_t), &slot));
    p->phrase = phrase;
    p->slot = memset(slot, 0, p->mask * sizeof(uint32_t));
    p->mask--;
    Builder b = { .p = p, .a = a, .scratch = scratch, .status = SORA_OK };
    add_lexicon(&b, lex);
    add_rows(&b, grammar_en);
    add_rows(&b, grammar_zh);
    add_measures(&b);
    add_pointers(&b);
    add_own_verbs(&b, lex);
    return b.status;
}

SoraStatus phrases_new(const Lexicon *lex, Arena *a, const Phrases **out)
{
    void *phrases;
    TRY(arena_try(a, sizeof(Phrases), &phrases));
    Phrases *p = memset(phrases, 0, sizeof *p);
    Arena *scratch = arena_new("phrases", 0);
    if (!scratch) return err_set(SORA_E_MEMORY, "no memory for phrases");
    SoraStatus s = build(lex, a, scratch, p);
    arena_free(scratch);
    *out = p;
    return s;
}

/* ---- finding --------------------------------------------------------------------------- */

/* Written with other gaps than the phrase has: no token of it may be a single letter. */
static bool loose_fits(const Tokens *t, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        if (t->token[i].kind != TOKEN_WORD || t->token[i].size < 2) return false;
    return true;
}

const Phrase *phrases_find(const Phrases *p, const Tokens *t, size_t first, size_t count,
                           bool camera)
{
    const Token *from = &t->token[first], *last = &t->token[first + count - 1];
    const char *key = t->text + from->at;
    size_t n = last->at + last->size - from->at;
    const Phrase *loose = NULL;
    for (uint32_t i = hash(key, n) & p->mask; p->slot[i]; i = (i + 1) & p->mask) {
        const Phrase *x = &p->phrase[p->slot[i] - 1];
        if (strncmp(x->key, key, n) != 0 || x->key[n]) continue;
        if (!(x->flags & PHRASE_CAMERA_ONLY) != !camera) continue;
        if (x->gaps == gaps_of(t, first, count)) return x;
        if ((x->flags & PHRASE_LOOSE) && !loose) loose = x;
    }
    return loose && loose_fits(t, first, count) ? loose : NULL;
}
