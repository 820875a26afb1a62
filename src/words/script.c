#include "words/script.h"

#include <string.h>

#include "base/utf8.h"
#include "words/script_pairs.h"

enum { HAN_BYTES = 3, PAIR_BYTES = 2 * HAN_BYTES };

/* Where the character alone would become the wrong one. */
static const char *const phrases[][2] = {
    { "松鼠", "松鼠" },     { "只有", "只有" }, { "公里", "公里" }, { "摇摆", "搖擺" },
    { "皇后", "皇后" },     { "游乐", "遊樂" }, { "游戏", "遊戲" }, { "面包", "麵包" },
    { "郁金香", "鬱金香" }, { "标志", "標誌" }, { "烟斗", "煙斗" }, { "万里", "萬里" },
    { "当中", "當中" },
};

/* The second character of the pair that starts with these three bytes, or NULL. */
static const char *pair_find(const char *pairs, size_t count, const char *han)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = memcmp(pairs + mid * PAIR_BYTES, han, HAN_BYTES);
        if (order == 0) return pairs + mid * PAIR_BYTES + HAN_BYTES;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static size_t put(char *out, size_t at, size_t out_size, const char *from, size_t n)
{
    if (at + n >= out_size) return at;
    memcpy(out + at, from, n);
    return at + n;
}

size_t script_to_hant(const char *text, size_t size, char *out, size_t out_size)
{
    size_t at = 0, count = (strlen(script_pairs_hant)) / PAIR_BYTES;
    for (size_t i = 0; i < size;) {
        size_t p = 0, n = sizeof phrases / sizeof *phrases;
        for (; p < n; p++)
            if (strncmp(text + i, phrases[p][0], strlen(phrases[p][0])) == 0 &&
                strlen(phrases[p][0]) <= size - i)
                break;
        if (p < n) {
            at = put(out, at, out_size, phrases[p][1], strlen(phrases[p][1]));
            i += strlen(phrases[p][0]);
            continue;
        }
        unsigned char c = (unsigned char)text[i];
        size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        if (length > size - i) break;
        const char *to = length == HAN_BYTES ? pair_find(script_pairs_hant, count, text + i) : NULL;
        at = put(out, at, out_size, to ? to : text + i, length);
        i += length;
    }
    if (out_size) out[at] = 0;
    return at;
}

uint32_t script_to_hans(uint32_t cp)
{
    char han[4];
    if (cp < 0x3000 || cp > 0xFFFF || utf8_encode(cp, han) != HAN_BYTES) return cp;
    const char *to = pair_find(script_pairs_hans, strlen(script_pairs_hans) / PAIR_BYTES, han);
    uint32_t simple = cp;
    if (to) utf8_decode(to, to + HAN_BYTES, &simple);
    return simple;
}
