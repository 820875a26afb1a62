#include "words/english.h"

#include <stdio.h>
#include <string.h>

static bool vowel(char c)
{
    return c && strchr("aeiou", c);
}

static bool ends(const char *s, size_t n, const char *with)
{
    size_t m = strlen(with);
    return n >= m && memcmp(s + n - m, with, m) == 0;
}

static bool takes_es(const char *s, size_t n)
{
    return ends(s, n, "s") || ends(s, n, "x") || ends(s, n, "z") || ends(s, n, "ch") ||
           ends(s, n, "sh") || ends(s, n, "o");
}

static bool consonant_y(const char *s, size_t n)
{
    return n > 1 && s[n - 1] == 'y' && !vowel(s[n - 2]);
}

/* run, hop, spin, trot: one vowel letter in all, one consonant after it. */
static bool doubles(const char *s, size_t n)
{
    if (n < 3 || vowel(s[n - 1]) || strchr("wxy", s[n - 1]) || !vowel(s[n - 2])) return false;
    size_t vowels = 0;
    for (size_t i = 0; i < n; i++) vowels += vowel(s[i]) && !(s[i] == 'u' && i && s[i - 1] == 'q');
    return vowels == 1;
}

static const char *irregular_past(const char *s, size_t n)
{
    static const char *const table[][2] = {
        { "run", "ran" },   { "swim", "swam" },  { "fly", "flew" },      { "drive", "drove" },
        { "ride", "rode" }, { "go", "went" },    { "come", "came" },     { "leave", "left" },
        { "rise", "rose" }, { "fall", "fell" },  { "sleep", "slept" },   { "stand", "stood" },
        { "spin", "spun" }, { "speed", "sped" }, { "spring", "sprang" }, { "creep", "crept" },
        { "sink", "sank" }, { "slide", "slid" }, { "meet", "met" },      { "take", "took" },
        { "do", "did" },    { "get", "got" },    { "hold", "held" },     { "sit", "sat" },
        { "lie", "lay" },   { "make", "made" },  { "keep", "kept" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strlen(table[i][0]) == n && memcmp(s, table[i][0], n) == 0) return table[i][1];
    return NULL;
}

void english_verb(const char *base, EnglishForm form, char out[EN_WORD_SIZE])
{
    size_t n = strcspn(base, " ");
    const char *rest = base + n;
    int k = (int)n;
    if (form == EN_THIRD) {
        if (consonant_y(base, n))
            snprintf(out, EN_WORD_SIZE, "%.*sies%s", k - 1, base, rest);
        else
            snprintf(out, EN_WORD_SIZE, "%.*s%s%s", k, base, takes_es(base, n) ? "es" : "s", rest);
    } else if (form == EN_ING) {
        if (ends(base, n, "ie"))
            snprintf(out, EN_WORD_SIZE, "%.*sying%s", k - 2, base, rest);
        else if (ends(base, n, "e") && !ends(base, n, "ee") && !ends(base, n, "oe"))
            snprintf(out, EN_WORD_SIZE, "%.*sing%s", k - 1, base, rest);
        else if (doubles(base, n))
            snprintf(out, EN_WORD_SIZE, "%.*s%cing%s", k, base, base[n - 1], rest);
        else
            snprintf(out, EN_WORD_SIZE, "%.*sing%s", k, base, rest);
    } else if (form == EN_PAST) {
        const char *past = irregular_past(base, n);
        if (past)
            snprintf(out, EN_WORD_SIZE, "%s%s", past, rest);
        else if (consonant_y(base, n))
            snprintf(out, EN_WORD_SIZE, "%.*sied%s", k - 1, base, rest);
        else if (ends(base, n, "e"))
            snprintf(out, EN_WORD_SIZE, "%.*sd%s", k, base, rest);
        else if (doubles(base, n))
            snprintf(out, EN_WORD_SIZE, "%.*s%ced%s", k, base, base[n - 1], rest);
        else
            snprintf(out, EN_WORD_SIZE, "%.*sed%s", k, base, rest);
    } else {
        snprintf(out, EN_WORD_SIZE, "%s", base);
    }
}

void english_plural(const char *noun, char out[EN_WORD_SIZE])
{
    size_t n = strlen(noun);
    bool o = n && noun[n - 1] == 'o'; /* hippos, rhinos: only the lexicon has echoes */
    if (consonant_y(noun, n))
        snprintf(out, EN_WORD_SIZE, "%.*sies", (int)n - 1, noun);
    else
        snprintf(out, EN_WORD_SIZE, "%s%s", noun, takes_es(noun, n) && !o ? "es" : "s");
}

const char *english_article(const char *next)
{
    char c = *next >= 'A' && *next <= 'Z' ? (char)(*next - 'A' + 'a') : *next;
    return vowel(c) ? "an" : "a";
}
