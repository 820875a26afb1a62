#include "base/utf8.h"

#include <string.h>

size_t utf8_decode(const char *s, const char *end, uint32_t *cp)
{
    static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *p = (const unsigned char *)s;
    size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (n == 0 || n > (size_t)(end - s)) return 0;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2) return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    if (c < smallest[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
    *cp = c;
    return n;
}

size_t utf8_encode(uint32_t cp, char *out)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, cp >>= 6) out[i] = (char)(0x80 | (cp & 0x3F));
    out[0] = (char)((0xF00u >> n & 0xF0u) | cp);
    return n;
}

SoraStatus utf8_check(const char *s, size_t size)
{
    uint32_t cp;
    for (size_t i = 0; i < size;) {
        size_t n = utf8_decode(s + i, s + size, &cp);
        if (n == 0) return err_set(SORA_E_FORMAT, "the text is not UTF-8 at byte %zu", i);
        i += n;
    }
    return SORA_OK;
}

SoraStatus utf8_refuse_utf16(const char *path, const void *bytes, size_t size)
{
    if (size < 2 || (memcmp(bytes, "\xff\xfe", 2) != 0 && memcmp(bytes, "\xfe\xff", 2) != 0))
        return SORA_OK;
    return err_set(SORA_E_FORMAT,
                   "%s is UTF-16, not UTF-8; convert it: iconv -f UTF-16 -t UTF-8 '%s' -o new.txt",
                   path, path);
}
