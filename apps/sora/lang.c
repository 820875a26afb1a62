#include "lang.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static bool chinese; /* set once, by main, before there are threads */

void lang_init(void)
{
    static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(variables[i]);
        if (!value || !*value) continue;
        chinese = strncmp(value, "zh", 2) == 0;
        return;
    }
}

void lang_use(bool zh)
{
    chinese = zh;
}

bool lang_chinese(void)
{
    return chinese;
}

const char *lang_text(const char *en)
{
    if (!chinese) return en;
    for (const LangPair *p = lang_zh; p->en; p++)
        if (strcmp(p->en, en) == 0) return p->zh;
    return en;
}

enum { HOLES_MAX = 8 };

typedef struct Hole {
    const char *text;
    size_t size;
} Hole;

/* Matches `text` with `pattern`, each %s standing for the shortest text that lets the rest match;
 * the last one takes all that is left. */
static bool match(const char *pattern, const char *text, Hole *hole, size_t *count)
{
    for (*count = 0;;) {
        const char *percent = strstr(pattern, "%s");
        size_t fixed = percent ? (size_t)(percent - pattern) : strlen(pattern);
        if (strncmp(pattern, text, fixed) != 0) return false;
        text += fixed;
        if (!percent) return *text == 0;
        pattern = percent + 2;
        const char *next = strstr(pattern, "%s");
        size_t anchor = next ? (size_t)(next - pattern) : strlen(pattern);
        char until[256];
        if (*count == HOLES_MAX || anchor >= sizeof until) return false;
        memcpy(until, pattern, anchor);
        until[anchor] = 0;
        const char *end = anchor ? strstr(text, until) : text + strlen(text);
        if (!end) return false;
        if (!next && anchor) end = text + strlen(text) - anchor; /* match at the very end */
        if (end < text) return false;
        hole[(*count)++] = (Hole){ text, (size_t)(end - text) };
        text = end;
    }
}

static void fill(const char *pattern, const Hole *hole, size_t count, char *out, size_t room)
{
    size_t used = 0, next = 0;
    for (const char *p = pattern; *p && used + 1 < room;) {
        if (p[0] == '%' && p[1] == 's' && next < count) {
            char inner[2048], zh[2048];
            snprintf(inner, sizeof inner, "%.*s", (int)hole[next].size, hole[next].text);
            next++;
            /* "while reading a.mp4: ..." holds another sentence */
            int n = snprintf(out + used, room - used, "%s", lang_sentence(inner, zh, sizeof zh));
            used = n < 0 || (size_t)n >= room - used ? room - 1 : used + (size_t)n;
            p += 2;
        } else {
            out[used++] = *p++;
        }
    }
    out[used] = 0;
}

const char *lang_sentence(const char *en, char *out, size_t room)
{
    if (!chinese) return en;
    for (const LangPair *p = lang_zh_errors; p->en; p++) {
        Hole hole[HOLES_MAX];
        size_t count;
        if (!match(p->en, en, hole, &count)) continue;
        fill(p->zh, hole, count, out, room);
        return out;
    }
    return en;
}

/* East Asian Wide and Fullwidth (Unicode 15, UAX #11), the blocks a terminal will meet. */
static bool wide(uint32_t c)
{
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) ||
           (c >= 0x3041 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
           (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) ||
           (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
}

static bool combining(uint32_t c)
{
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0x20d0 && c <= 0x20ff);
}

/* Length in bytes of the character at `s`; broken bytes count as one column each. */
static size_t step(const char *s, const char *end, size_t *columns)
{
    uint32_t c;
    size_t n = utf8_decode(s, end, &c);
    *columns = n == 0 ? 1 : combining(c) ? 0 : wide(c) ? 2 : 1;
    return n ? n : 1;
}

size_t lang_columns(const char *text)
{
    size_t sum = 0;
    for (const char *end = text + strlen(text); text < end;) {
        size_t columns;
        text += step(text, end, &columns);
        sum += columns;
    }
    return sum;
}

size_t lang_fit(const char *text, size_t columns)
{
    const char *s = text, *end = text + strlen(text);
    while (s < end) {
        size_t width, n = step(s, end, &width);
        if (width > columns) break;
        columns -= width;
        s += n;
    }
    return (size_t)(s - text);
}
