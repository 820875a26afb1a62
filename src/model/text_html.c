/* Character references of HTML 5 in prompts. */
#include <string.h>

#include "base/size.h"
#include "model/text_parts.h"
#include "model/text_entities.h"

enum { ENTITIES = sizeof entities / sizeof *entities, NAME_MAX_HTML = 32, NAME_MAX_FTFY = 24 };

typedef struct Reference {
    uint32_t point[2];
    size_t points; /* what it stands for; 0 is possible */
    size_t length; /* code points of the text that it takes, '&' included; 0: it is none */
} Reference;

/* The entry called name[0, n); ENTITIES when there is none. */
static size_t find(const char *name, size_t n)
{
    size_t low = 0, high = ENTITIES;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strncmp(entities[middle].name, name, n);
        if (order == 0) order = entities[middle].name[n] ? 1 : 0;
        if (order == 0) return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return ENTITIES;
}

static Reference named(size_t entry, size_t length)
{
    uint32_t second = entities[entry].second;
    return (Reference){ { entities[entry].first, second }, second ? 2 : 1, length };
}

/* ---- numbers --------------------------------------------------------------------------------- */

static int digit(uint32_t c, int base)
{
    int d = c >= '0' && c <= '9'   ? (int)(c - '0')
            : c >= 'a' && c <= 'f' ? (int)(c - 'a') + 10
            : c >= 'A' && c <= 'F' ? (int)(c - 'A') + 10
                                   : 16;
    return d < base ? d : -1;
}

/* Python drops numbers of characters that text cannot have. */
static bool is_dropped(uint32_t n)
{
    return (n >= 0x1 && n <= 0x8) || n == 0xb || (n >= 0xe && n <= 0x1f) ||
           (n >= 0x7f && n <= 0x9f) || (n >= 0xfdd0 && n <= 0xfdef) || (n & 0xfffe) == 0xfffe;
}

static Reference number(const uint32_t *at, size_t count, bool must_end)
{
    size_t i = 2;
    int base = 10;
    uint32_t n = 0;
    if (i < count && (at[i] == 'x' || at[i] == 'X')) i++, base = 16;
    size_t first = i;
    for (int d; i < count && (d = digit(at[i], base)) >= 0; i++)
        n = n > 0x110000 ? n : n * (uint32_t)base + (uint32_t)d;
    bool ended = i < count && at[i] == ';';
    if (i == first || (must_end && (!ended || i > NAME_MAX_FTFY + 2))) return (Reference){ 0 };
    Reference r = { { n, 0 }, 1, i + ended };
    if (n == 0 || n > 0x10ffff || (n >= 0xd800 && n < 0xe000))
        r.point[0] = 0xfffd;
    else if (n >= 0x80 && n <= 0x9f)
        r.point[0] = text_cp1252((unsigned char)n);
    else if (is_dropped(n))
        r.points = 0;
    return r;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* html.unescape: the longest known beginning of what may be a name. */
static Reference html_name(const uint32_t *at, size_t count)
{
    char name[NAME_MAX_HTML + 2];
    size_t n = 0;
    for (size_t i = 1; i < count && n < NAME_MAX_HTML; i++) {
        uint32_t c = at[i];
        if (c == '\t' || c == '\n' || c == '\f' || c == ' ' || c == '<' || c == '&' || c == '#' ||
            c == ';' || c > 0x7e)
            break;
        name[n++] = (char)c;
    }
    if (n && n + 1 < count && at[n + 1] == ';') name[n++] = ';';
    for (size_t k = n; k > 1; k--) {
        size_t entry = find(name, k);
        if (entry < ENTITIES) return named(entry, k + 1);
    }
    return (Reference){ 0 };
}

static uint32_t upper(uint32_t c)
{
    bool latin = (c >= 'a' && c <= 'z') || (c >= 0xe0 && c <= 0xfe && c != 0xf7);
    bool greek = c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2, cyrillic = c >= 0x430 && c <= 0x44f;
    if (latin || greek || cyrillic) return c - 0x20;
    if (c >= 0x450 && c <= 0x45f) return c - 0x50;
    if (c == 0xff) return 0x178;
    if (c == 0x3c2) return 0x3a3;
    if (c >= 0x100 && c <= 0x137) return c & ~1u;
    if (c >= 0x139 && c <= 0x148) return c % 2 ? c : c - 1;
    if (c >= 0x14a && c <= 0x177) return c & ~1u;
    return c;
}

/* ftfy: whole names with their ';', and those of small letters in capitals. */
static Reference ftfy_name(const uint32_t *at, size_t count)
{
    char name[NAME_MAX_FTFY + 2], small[NAME_MAX_FTFY + 2];
    size_t n = 0;
    for (; n < NAME_MAX_FTFY && n + 1 < count; n++) {
        uint32_t c = at[n + 1];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter) break;
        name[n] = (char)c;
        small[n] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    if (!n || n + 1 >= count || at[n + 1] != ';') return (Reference){ 0 };
    name[n] = small[n] = ';';
    size_t entry = find(name, n + 1);
    if (entry < ENTITIES) return named(entry, n + 2);
    for (size_t i = 0; i < n; i++)
        if (name[i] >= 'a' && name[i] <= 'z') return (Reference){ 0 };
    for (size_t k = n; k > 1; k--)
        if (find(name, k) < ENTITIES) return (Reference){ 0 }; /* means something itself */
    entry = find(small, n + 1);
    if (entry == ENTITIES) return (Reference){ 0 };
    Reference r = named(entry, n + 2);
    if (r.point[0] == 0xdf) return (Reference){ { 'S', 'S' }, 2, n + 2 };
    for (size_t i = 0; i < r.points; i++) r.point[i] = upper(r.point[i]);
    return r;
}

TextPoints text_unescape(TextPoints in, bool ftfy, Arena *a)
{
    TextPoints out = text_points(a, in.count + 1); /* no reference is longer written out */
    for (size_t i = 0; i < in.count;) {
        Reference r = { 0 };
        const uint32_t *at = in.at + i;
        size_t left = in.count - i;
        if (at[0] == '&' && left > 1)
            r = at[1] == '#' ? number(at, left, ftfy)
                : ftfy       ? ftfy_name(at, left)
                             : html_name(at, left);
        for (size_t k = 0; k < r.points && r.length; k++) out.at[out.count++] = r.point[k];
        if (!r.length) out.at[out.count++] = at[0];
        i += r.length ? r.length : 1;
    }
    return out;
}
