#include "model/text_clean.h"

#include <string.h>

#include "base/utf8.h"
#include "model/text_parts.h"
#include "model/text_widths.h"

enum { HALF_FIRST = 0xff61, HALF_COUNT = sizeof widths / sizeof *widths, ROUNDS_MAX = 16 };

TextPoints text_points(Arena *a, size_t count)
{
    return (TextPoints){ arena_alloc(a, (count + 1) * sizeof(uint32_t)), 0 };
}

static void put(TextPoints *p, uint32_t c)
{
    p->at[p->count++] = c;
}

static bool has(TextPoints p, uint32_t c)
{
    for (size_t i = 0; i < p.count; i++)
        if (p.at[i] == c) return true;
    return false;
}

static bool same(TextPoints a, TextPoints b)
{
    return a.count == b.count && memcmp(a.at, b.at, a.count * sizeof *a.at) == 0;
}

/* ---- CP-1252 and mojibake -------------------------------------------------------------------- */

uint32_t text_cp1252(unsigned char byte)
{
    static const uint16_t high[32] = {
        0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
        0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178,
    };
    return byte >= 0x80 && byte < 0xa0 ? high[byte - 0x80] : byte;
}

/* The byte that was read as c; -1: none was. */
static int byte_of(uint32_t c, bool cp1252)
{
    if (c < 0x80 || (c >= 0xa0 && c < 0x100) || (!cp1252 && c < 0x100)) return (int)c;
    for (int b = 0x80; cp1252 && b < 0xa0; b++)
        if (text_cp1252((unsigned char)b) == c) return b;
    return -1;
}

/* Reads a line's bytes as UTF-8; false when they are not, or when that changes nothing. */
static bool reread(TextPoints in, bool cp1252, Arena *a, TextPoints *out)
{
    char *bytes = arena_alloc(a, in.count + 1);
    bool other = false;
    for (size_t i = 0; i < in.count; i++) {
        int b = byte_of(in.at[i], cp1252);
        if (b < 0) return false;
        bytes[i] = (char)b;
        other = other || b >= 0x80;
    }
    *out = text_points(a, in.count);
    for (size_t i = 0; i < in.count && other;) {
        uint32_t c;
        size_t n = utf8_decode(bytes + i, bytes + in.count, &c);
        if (!n) return false;
        put(out, c);
        i += n;
    }
    return other;
}

static TextPoints fix_encoding(TextPoints in, Arena *a)
{
    TextPoints out;
    return reread(in, false, a, &out) || reread(in, true, a, &out) ? out : in;
}

/* ---- one character at a time ------------------------------------------------------------------
 */

static const struct {
    uint16_t from;
    const char *to;
} ligatures[] = {
    { 0x132, "IJ" },   { 0x133, "ij" },  { 0x1c7, "LJ" },  { 0x1c8, "Lj" },  { 0x1c9, "lj" },
    { 0x1ca, "NJ" },   { 0x1cb, "Nj" },  { 0x1cc, "nj" },  { 0x1f1, "DZ" },  { 0x1f2, "Dz" },
    { 0x1f3, "dz" },   { 0xfb00, "ff" }, { 0xfb01, "fi" }, { 0xfb02, "fl" }, { 0xfb03, "ffi" },
    { 0xfb04, "ffl" }, { 0xfb06, "st" },
};

static const struct {
    uint16_t from, first, second;
} other_ligatures[] = {
    { 0x149, 0x2bc, 'n' }, { 0x1c4, 'D', 0x17d },  { 0x1c5, 'D', 0x17e },
    { 0x1c6, 'd', 0x17e }, { 0xfb05, 0x17f, 't' },
};

static bool put_ligature(TextPoints *out, uint32_t c)
{
    for (size_t i = 0; i < sizeof ligatures / sizeof *ligatures; i++) {
        if (ligatures[i].from != c) continue;
        for (const char *s = ligatures[i].to; *s; s++) put(out, (uint32_t)*s);
        return true;
    }
    for (size_t i = 0; i < sizeof other_ligatures / sizeof *other_ligatures; i++) {
        if (other_ligatures[i].from != c) continue;
        put(out, other_ligatures[i].first);
        put(out, other_ligatures[i].second);
        return true;
    }
    return false;
}

static uint32_t usual_width(uint32_t c)
{
    if (c == 0x3000) return ' ';
    if (c > 0xff00 && c < HALF_FIRST)
        return c < 0xff5f ? c - 0xfee0 : c == 0xff5f ? 0x2985 : 0x2986;
    if (c >= HALF_FIRST && c < HALF_FIRST + HALF_COUNT && widths[c - HALF_FIRST])
        return widths[c - HALF_FIRST];
    return c;
}

static uint32_t straight_quote(uint32_t c)
{
    if (c == 0x2bc || (c >= 0x2018 && c <= 0x201b)) return '\'';
    return c >= 0x201c && c <= 0x201f ? '"' : c;
}

static bool is_removed(uint32_t c)
{
    return c < 9 || c == 0xb || (c >= 0xe && c < 0x20) || c == 0x7f ||
           (c >= 0x206a && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffc);
}

/* "ESC [ 31 m": how many characters; 0: there is none here. */
static size_t terminal_escape(TextPoints in, size_t at)
{
    size_t i = at + 2;
    if (i > in.count || in.at[at] != 0x1b || i == in.count || in.at[at + 1] != '[') return 0;
    while (i < in.count && ((in.at[i] >= '0' && in.at[i] <= '9') || in.at[i] == ';')) i++;
    bool letter = i < in.count && ((in.at[i] | 32) >= 'a' && (in.at[i] | 32) <= 'z');
    return letter ? i + 1 - at : 0;
}

static TextPoints fix_characters(TextPoints in, Arena *a)
{
    TextPoints out = text_points(a, 3 * in.count);
    for (size_t i = 0; i < in.count; i++) {
        uint32_t c = in.at[i];
        if (c >= 0x80 && c < 0xa0) c = text_cp1252((unsigned char)c);
        size_t escape = terminal_escape(in, i);
        if (escape) {
            i += escape - 1;
        } else if (c == 0xffe3) {
            put(&out, ' ');
            put(&out, 0x304);
        } else if (!put_ligature(&out, c)) {
            c = straight_quote(usual_width(c));
            if (c == 0x2028 || c == 0x2029 || c == '\r') c = '\n';
            if (!is_removed(c)) put(&out, c);
        }
    }
    return out;
}

/* ---- ftfy, line by line ------------------------------------------------------------------------
 */

/* Until nothing changes any more. */
static TextPoints fix_line(TextPoints in, bool html, Arena *a)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        TextPoints out = html ? text_unescape(in, true, a) : in;
        out = text_compose(fix_characters(fix_encoding(out, a), a), a);
        if (same(in, out)) break;
        in = out;
    }
    return in;
}

static TextPoints fix_lines(TextPoints in, Arena *a)
{
    TextPoints out = text_points(a, 0);
    size_t room = 0;
    bool html = !has(in, '<');
    for (size_t at = 0; at < in.count;) {
        size_t end = at;
        while (end < in.count && in.at[end] != '\n') end++;
        end += end < in.count;
        TextPoints line = fix_line((TextPoints){ in.at + at, end - at }, html, a);
        if (out.count + line.count > room) {
            room = 2 * (out.count + line.count) + 64;
            TextPoints more = text_points(a, room);
            memcpy(more.at, out.at, out.count * sizeof *out.at);
            more.count = out.count;
            out = more;
        }
        memcpy(out.at + out.count, line.at, line.count * sizeof *line.at);
        out.count += line.count;
        at = end;
    }
    return out;
}

/* ---- white space --------------------------------------------------------------------------------
 */

static bool is_space(uint32_t c)
{
    return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

/* One space for a run, none at the ends; as UTF-8. */
static char *fold(TextPoints in, Arena *a)
{
    char *out = arena_alloc(a, 4 * in.count + 1), *to = out;
    bool gap = false;
    for (size_t i = 0; i < in.count; i++) {
        if (is_space(in.at[i])) {
            gap = to > out;
            continue;
        }
        if (gap) *to++ = ' ';
        gap = false;
        to += utf8_encode(in.at[i], to);
    }
    *to = 0;
    return out;
}

SoraStatus text_clean(const char *text, Arena *a, char **out)
{
    size_t size = strlen(text);
    if (size > TEXT_CLEAN_MAX)
        return err_set(SORA_E_ARGUMENT, "a prompt of %zu bytes, at most %d are read", size,
                       TEXT_CLEAN_MAX);
    TextPoints p = text_points(a, size);
    for (size_t i = 0; i < size;) {
        uint32_t c;
        size_t n = utf8_decode(text + i, text + size, &c);
        put(&p, n ? c : 0xfffd);
        i += n ? n : 1;
    }
    p = fix_lines(p, a);
    p = text_unescape(text_unescape(p, false, a), false, a);
    *out = fold(p, a);
    return SORA_OK;
}
