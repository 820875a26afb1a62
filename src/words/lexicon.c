#include "words/lexicon.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "words/english.h"
#include "words/entry.h"
#include "words/phrases.h"
#include "words/script.h"

enum { ENTRIES_MAX = 4096, COLUMNS = 8, FIELD_MAX = 1024, TABLE_MAX = 4 << 20 };

struct Lexicon {
    Slice table;
    Entry *entry[WORD_KIND_COUNT];
    int count[WORD_KIND_COUNT];
    const Phrases *phrases;
};

static const char *const kind_names[WORD_KIND_COUNT] = { "actor",  "prop",    "scene",
                                                         "time",   "weather", "camera",
                                                         "action", "size",    "relation" };
static const char *const way_names[WAY_COUNT] = { "walk", "hop",   "crawl", "slither", "drive",
                                                  "ride", "train", "fly",   "flutter", "swim",
                                                  "sail", "float", "slide" };
/* What facts.h numbers itself must be there in its order. */
static const int kind_fixed[WORD_KIND_COUNT] = {
    0, 0, SCENE_COUNT, TIME_COUNT, WEATHER_COUNT, CAMERA_COUNT, ACT_COUNT, SIZE_COUNT, REL_COUNT
};

typedef struct Reader {
    const char *name;
    int line;
    Arena *a;
    Lexicon *lex;
} Reader;

static SoraStatus wrong(const Reader *r, const char *what, const char *value)
{
    return err_set(SORA_E_FORMAT, "%s line %d: %s '%s'", r->name, r->line, what, value);
}

static int name_index(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

/* Cuts `text` at the first `mark` and returns what follows it, or NULL. */
static char *cut(char *text, char mark)
{
    char *at = strchr(text, mark);
    if (!at) return NULL;
    *at = 0;
    return at + 1;
}

static SoraStatus read_way(const Reader *r, char *field, Entry *e)
{
    char *verbs = field + strcspn(field, ":=");
    if (*verbs) {
        e->own_verbs_only = *verbs == '=';
        *verbs++ = 0;
    } else {
        verbs = NULL;
    }
    int way = name_index(way_names, WAY_COUNT, field);
    if (way < 0) return wrong(r, "unknown way of moving", field);
    e->way = (Way)way;
    while (verbs) {
        char *next = cut(verbs, ',');
        if (e->verbs == ENTRY_VERBS_MAX) return wrong(r, "too many verbs, at", verbs);
        if (!*verbs || strlen(verbs) > 20)
            return wrong(r, "a verb must have 1 to 20 letters:", verbs);
        e->verb[e->verbs++] = verbs;
        verbs = next;
    }
    return SORA_OK;
}

static SoraStatus read_word(const Reader *r, char *text, WordKind kind, Language l, Word *w)
{
    w->held_out = *text == '~';
    w->prompt_only = *text == '?';
    if (w->held_out || w->prompt_only) text++;
    char *second = cut(text, '/'), *third = second ? cut(second, '/') : NULL;
    if (!*text || strlen(text) >= EN_WORD_SIZE - 8 || (second && strlen(second) > 100) ||
        (third && strlen(third) > 100))
        return wrong(r, "a word is empty or too long:", text);
    w->text = text;
    w->second = second && *second ? second : NULL;
    w->third = third;
    bool noun = kind == WORD_ACTOR || kind == WORD_PROP;
    if (noun && l == LANG_EN) {
        char plural[EN_WORD_SIZE];
        english_plural(text, plural);
        if (!w->second) w->second = arena_strdup(r->a, plural);
        if (!third)
            w->third = english_article(text);
        else if (strcmp(third, "-") == 0)
            w->third = "";
        else if (strcmp(third, "a") != 0 && strcmp(third, "an") != 0)
            return wrong(r, "an article is a, an or -, not", third);
    }
    bool phrase = kind >= WORD_SCENE && kind <= WORD_CAMERA;
    if (phrase && !w->second) return wrong(r, "no phrase after the '/' of", text);
    if (!phrase && !noun && w->second) return wrong(r, "nothing may follow the word", text);
    return SORA_OK;
}

static SoraStatus read_words(const Reader *r, char *field, WordKind kind, Language l, Entry *e)
{
    for (char *next; field; field = next) {
        next = cut(field, '|');
        if (e->words[l] == ENTRY_WORDS_MAX) return wrong(r, "too many words, at", field);
        TRY(read_word(r, field, kind, l, &e->word[l][e->words[l]++]));
    }
    if (e->word[l][0].held_out || e->word[l][0].prompt_only)
        return wrong(r, "the first word is the name and has no mark:", e->word[l][0].text);
    return SORA_OK;
}

static const char *hant_copy(const Reader *r, const char *hans)
{
    if (!hans) return NULL;
    char out[FIELD_MAX];
    script_to_hant(hans, strlen(hans), out, sizeof out);
    return arena_strdup(r->a, out);
}

static void hant_from_hans(const Reader *r, Entry *e)
{
    e->words[LANG_ZH_HANT] = e->words[LANG_ZH_HANS];
    for (int i = 0; i < e->words[LANG_ZH_HANS]; i++) {
        const Word *s = &e->word[LANG_ZH_HANS][i];
        Word *t = &e->word[LANG_ZH_HANT][i];
        *t = *s;
        t->text = hant_copy(r, s->text);
        t->second = hant_copy(r, s->second);
        t->third = hant_copy(r, s->third);
    }
}

static SoraStatus read_row(Reader *r, char **f)
{
    int kind = name_index(kind_names, WORD_KIND_COUNT, f[0]);
    if (kind < 0) return wrong(r, "unknown kind", f[0]);
    if (!*f[1] || strlen(f[1]) >= EN_WORD_SIZE)
        return wrong(r, "an id is empty or too long:", f[1]);
    if (lexicon_find(r->lex, (WordKind)kind, f[1]) >= 0) return wrong(r, "a second", f[1]);
    int limit = kind_fixed[kind] ? kind_fixed[kind] : ENTRIES_MAX;
    if (r->lex->count[kind] == limit) return wrong(r, "one more than there may be:", f[1]);
    Entry *e = &r->lex->entry[kind][r->lex->count[kind]];
    e->id = f[1];
    if (kind == WORD_ACTOR) TRY(read_way(r, f[2], e));
    if (*f[3] != '-' && !strstr("it he she", f[3]))
        return wrong(r, "who is it, he, she or -, not", f[3]);
    e->who = *f[3] == '-' ? "" : f[3];
    TRY(read_words(r, f[4], (WordKind)kind, LANG_EN, e));
    TRY(read_words(r, f[5], (WordKind)kind, LANG_ZH_HANS, e));
    if (strlen(f[6]) > 12) return wrong(r, "a measure word is too long:", f[6]);
    e->measure = f[6];
    if (strcmp(f[7], "=") == 0)
        hant_from_hans(r, e);
    else
        TRY(read_words(r, f[7], (WordKind)kind, LANG_ZH_HANT, e));
    r->lex->count[kind]++;
    return SORA_OK;
}

static SoraStatus read_line(Reader *r, char *line)
{
    char *f[COLUMNS], *next = line;
    int n = 0;
    for (; next && n < COLUMNS; n++) {
        f[n] = next;
        next = cut(next, '\t');
        if (strlen(f[n]) >= FIELD_MAX) return wrong(r, "a field is too long:", f[0]);
    }
    if (n < COLUMNS || next) {
        return err_set(SORA_E_FORMAT, "%s line %d: not %d columns", r->name, r->line, COLUMNS);
    }
    return strcmp(f[0], "kind") == 0 ? SORA_OK : read_row(r, f);
}

static SoraStatus read_lines(Reader *r, char *text)
{
    for (char *next; text; text = next) {
        next = cut(text, '\n');
        r->line++;
        size_t n = strlen(text);
        if (n && text[n - 1] == '\r') text[n - 1] = 0;
        if (*text && *text != '#') TRY(read_line(r, text));
    }
    for (int k = 0; k < WORD_KIND_COUNT; k++)
        if (r->lex->count[k] < (kind_fixed[k] ? kind_fixed[k] : 1))
            return err_set(SORA_E_FORMAT, "%s: %d rows of kind %s, expected %d", r->name,
                           r->lex->count[k], kind_names[k], kind_fixed[k] ? kind_fixed[k] : 1);
    return SORA_OK;
}

/* How many entries of each kind there can be, by the rows that start with its name. */
static void count_rows(const char *text, int counts[WORD_KIND_COUNT])
{
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        for (int k = 0; k < WORD_KIND_COUNT; k++) {
            size_t n = strlen(kind_names[k]);
            if (strncmp(line, kind_names[k], n) == 0 && line[n] == '\t') counts[k]++;
        }
}

SoraStatus lexicon_read(Slice table, const char *name, Arena *a, const Lexicon **out)
{
    if (table.size > TABLE_MAX)
        return err_set(SORA_E_FORMAT, "%s has %zu bytes, a lexicon has at most %d", name,
                       table.size, TABLE_MAX);
    if (table.size && memchr(table.bytes, 0, table.size))
        return err_set(SORA_E_FORMAT, "%s has a zero byte in it", name);
    TRY(err_while(utf8_check((const char *)table.bytes, table.size), "reading %s", name));
    void *memory;
    TRY(arena_try(a, sizeof(Lexicon), &memory));
    Lexicon *lex = memset(memory, 0, sizeof(Lexicon));
    TRY(arena_try(a, table.size + 1, &memory)); /* this copy is cut into words */
    char *text = memory;
    if (table.size) memcpy(text, table.bytes, table.size);
    text[table.size] = 0;
    TRY(arena_try(a, table.size + 1, &memory));
    memcpy(memory, text, table.size + 1);
    lex->table = (Slice){ memory, table.size };
    int counts[WORD_KIND_COUNT] = { 0 };
    count_rows(text, counts);
    for (int k = 0; k < WORD_KIND_COUNT; k++) {
        TRY(arena_try(a, (size_t)(counts[k] + 1) * sizeof(Entry), &memory));
        lex->entry[k] = memset(memory, 0, (size_t)(counts[k] + 1) * sizeof(Entry));
    }
    Reader r = { name, 0, a, lex };
    TRY(read_lines(&r, text));
    TRY(phrases_new(lex, a, &lex->phrases));
    *out = lex;
    return SORA_OK;
}

SoraStatus lexicon_builtin(Arena *a, const Lexicon **out)
{
    return lexicon_read((Slice){ lexicon_builtin_table, lexicon_builtin_table_size },
                        "the built-in lexicon", a, out);
}

Slice lexicon_table(const Lexicon *lex)
{
    return lex->table;
}

const char *lexicon_kind_name(WordKind kind)
{
    return kind_names[kind];
}

int lexicon_count(const Lexicon *lex, WordKind kind)
{
    return lex->count[kind];
}

int lexicon_find(const Lexicon *lex, WordKind kind, const char *id)
{
    for (int i = 0; i < lex->count[kind]; i++)
        if (strcmp(lex->entry[kind][i].id, id) == 0) return i;
    return -1;
}

const Entry *lexicon_entry(const Lexicon *lex, WordKind kind, int index)
{
    return &lex->entry[kind][index];
}

const Phrases *lexicon_phrases(const Lexicon *lex)
{
    return lex->phrases;
}

const char *lexicon_id(const Lexicon *lex, WordKind kind, int index)
{
    return lex->entry[kind][index].id;
}

const char *lexicon_name(const Lexicon *lex, WordKind kind, int index, Language language)
{
    return lex->entry[kind][index].word[language][0].text;
}

Way lexicon_way(const Lexicon *lex, int actor)
{
    return lex->entry[WORD_ACTOR][actor].way;
}

int lexicon_words(const Lexicon *lex, WordKind kind, int index, Language language)
{
    return lex->entry[kind][index].words[language];
}

const char *lexicon_word(const Lexicon *lex, WordKind kind, int index, Language language, int word)
{
    return lex->entry[kind][index].word[language][word].text;
}

bool lexicon_held_out(const Lexicon *lex, WordKind kind, int index, Language language, int word)
{
    return lex->entry[kind][index].word[language][word].held_out;
}
