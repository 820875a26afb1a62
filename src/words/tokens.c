#include "words/tokens.h"

#include <string.h>

#include "base/utf8.h"
#include "words/script.h"

/* One character as tokens see it: half-width, lower case, simplified. */
static uint32_t plain(uint32_t c)
{
    if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0; /* full-width forms of ASCII */
    if (c == 0x3000 || c == 0xA0) return ' ';
    if (c == 0x2019 || c == 0x2018) return '\'';
    if (c >= 0x2010 && c <= 0x2015) return '-';
    if (c >= 'A' && c <= 'Z') return c - 'A' + 'a';
    if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 0x20;
    return script_to_hans(c);
}

static bool han(uint32_t c)
{
    return (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x20000 && c <= 0x3FFFF) || c == 0x3007;
}

typedef enum Look {
    LOOK_GAP,
    LOOK_LETTER,
    LOOK_HAN,
    LOOK_SIGN,
    LOOK_COMMA,
    LOOK_LIST,
    LOOK_STOP
} Look;

static Look look(uint32_t c)
{
    if (han(c)) return LOOK_HAN;
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return LOOK_LETTER;
    if (c == ',' || c == ';' || c == ':' || c == '(' || c == ')') return LOOK_COMMA;
    if (c == 0x3001) return LOOK_LIST;
    if (c == '.' || c == '!' || c == '?' || c == '\n' || c == 0x3002 || c == 0x2026)
        return LOOK_STOP;
    if (c < 0xC0) return LOOK_GAP;
    if ((c >= 0x2000 && c <= 0x206F) || (c >= 0x3001 && c <= 0x3030) ||
        (c >= 0xFE00 && c <= 0xFE4F))
        return LOOK_GAP; /* punctuation, joiners, variation selectors */
    if ((c >= 0x2190 && c <= 0x2BFF) || (c >= 0x1F000 && c <= 0x1FAFF)) return LOOK_SIGN;
    return LOOK_LETTER;
}

static TokenKind kind_of(Look l)
{
    switch (l) {
    case LOOK_HAN: return TOKEN_HAN;
    case LOOK_COMMA: return TOKEN_COMMA;
    case LOOK_LIST: return TOKEN_LIST;
    case LOOK_STOP: return TOKEN_STOP;
    default: return TOKEN_WORD;
    }
}

/* A point between digits is part of a number. */
static bool decimal_point(const char *s, const char *end, const char *start)
{
    return *s == '.' && s > start && s + 1 < end && s[-1] >= '0' && s[-1] <= '9' && s[1] >= '0' &&
           s[1] <= '9';
}

static bool simplified_only(const char *s, size_t n)
{
    char hant[16];
    return script_to_hant(s, n, hant, sizeof hant) != n || memcmp(hant, s, n) != 0;
}

SoraStatus tokens_cut(const char *source, size_t size, Arena *a, Tokens *out)
{
    void *text, *token;
    /* lower case of Latin-1 keeps its length, and so does a character of the other script */
    TRY(arena_try(a, size * 2 + 8, &text));
    TRY(arena_try(a, (size + 1) * sizeof(Token), &token));
    *out = (Tokens){ .text = text, .token = token };
    const char *end = source + size;
    size_t at = 0, words = 0, hans = 0, simple = 0, traditional = 0;
    bool open = false; /* the last token may grow */
    for (const char *s = source; s < end;) {
        uint32_t raw;
        size_t n = utf8_decode(s, end, &raw);
        if (!n) return err_set(SORA_E_ARGUMENT, "byte %zu is not UTF-8", (size_t)(s - source));
        uint32_t c = plain(raw);
        Look l = decimal_point(s, end, source) ? LOOK_LETTER : look(c);
        if (l == LOOK_HAN) {
            hans++;
            traditional += c != raw;
            simple += c == raw && simplified_only(s, n);
        }
        if (l != LOOK_GAP) {
            if (!(open && l == LOOK_LETTER)) {
                words += l == LOOK_LETTER;
                out->token[out->count++] = (Token){ .kind = kind_of(l),
                                                    .at = (uint32_t)at,
                                                    .source = (uint32_t)(s - source) };
            }
            Token *t = &out->token[out->count - 1];
            size_t wrote = utf8_encode(c, out->text + at);
            at += wrote;
            t->size += (uint32_t)wrote;
            t->past = (uint32_t)(s - source + n);
        }
        open = l == LOOK_LETTER;
        s += n;
    }
    out->text[at] = 0;
    bool en = !hans || hans * 2 < words * 3;
    out->language = en ? LANG_EN : traditional > simple ? LANG_ZH_HANT : LANG_ZH_HANS;
    return SORA_OK;
}
