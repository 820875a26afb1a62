#include <string.h>

#include "base/utf8.h"
#include "model/tokenizer_parts.h"

/* ---- the table --------------------------------------------------------------------------- */

/* A unit of the array: bits 0-7 label, 8 "has a value", 9-30 offset to the children; or, with bit
 * 31, a value. Node i's child for byte b is at i ^ offset(i) ^ b, its value at i ^ offset(i). */
static uint32_t unit_offset(uint32_t unit)
{
    return (unit >> 10) << ((unit & 1u << 9) >> 6);
}

static uint32_t unit_label(uint32_t unit)
{
    return unit & (1u << 31 | 0xFF);
}

SoraStatus charsmap_read(Slice blob, const char *name, Arena *a, Charsmap *out)
{
    *out = (Charsmap){ 0 };
    if (!blob.size) return SORA_OK;
    uint32_t bytes = 0;
    if (blob.size >= sizeof bytes) memcpy(&bytes, blob.bytes, sizeof bytes);
    size_t left = blob.size - sizeof bytes;
    if (blob.size < sizeof bytes || bytes > left || bytes < sizeof *out->unit || bytes % 4)
        return err_set(SORA_E_FORMAT,
                       "%s: the table of normalised characters says it holds %u bytes of %zu", name,
                       bytes, blob.size);
    void *unit;
    TRY(arena_try(a, bytes, &unit));
    memcpy(unit, blob.bytes + sizeof bytes, bytes);
    *out = (Charsmap){ unit, bytes / sizeof *out->unit,
                       (const char *)blob.bytes + sizeof bytes + bytes, left - bytes };
    if (!out->pool_size || out->pool[out->pool_size - 1])
        return err_set(SORA_E_FORMAT,
                       "%s: the table of normalised characters does not end with a zero byte",
                       name);
    return SORA_OK;
}

size_t charsmap_match(const Charsmap *c, const char *s, const char *end, bool shortest,
                      const char **to)
{
    if (!c->units) return 0;
    size_t best = 0, at = unit_offset(c->unit[0]);
    for (size_t n = 0; s + n < end && s[n];) {
        at ^= (unsigned char)s[n++];
        if (at >= c->units || unit_label(c->unit[at]) != (unsigned char)s[n - 1]) break;
        uint32_t unit = c->unit[at];
        at ^= unit_offset(unit);
        if (!(unit >> 8 & 1)) continue;
        if (at >= c->units) break;
        uint32_t value = c->unit[at] & ~(1u << 31);
        if (value >= c->pool_size) break;
        best = n;
        *to = c->pool + value;
        if (shortest) break;
    }
    return best;
}

/* ---- the text ---------------------------------------------------------------------------- */

static const char SPACE[] = "\xE2\x96\x81", INVALID[] = "\xEF\xBF\xBD";

typedef struct Chunk { /* what the text starts with, normalised */
    const char *text;
    size_t size;
} Chunk;

static size_t user_match(const Tokenizer *t, const char *s, const char *end)
{
    size_t n = t->longest_user;
    if (n > (size_t)(end - s)) n = (size_t)(end - s);
    for (; n; n--) {
        int64_t i = tokenizer_lookup(t, s, n);
        if (i >= 0 && t->piece[i].kind == PIECE_USER) return n;
    }
    return 0;
}

/* Returns the bytes read from s. */
static size_t next_chunk(const Tokenizer *t, const char *s, const char *end, Chunk *out)
{
    const char *to;
    uint32_t cp;
    size_t n = user_match(t, s, end);
    if (!n) {
        n = charsmap_match(&t->charsmap, s, end, false, &to);
        if (n) {
            *out = (Chunk){ to, strlen(to) };
            return n;
        }
        n = utf8_decode(s, end, &cp);
    }
    *out = n ? (Chunk){ s, n } : (Chunk){ INVALID, sizeof INVALID - 1 };
    return n ? n : 1;
}

static void put_escaped(const Tokenizer *t, Chunk c, TokenText *out)
{
    for (size_t i = 0; i < c.size; i++) {
        bool space = t->escape_spaces && c.text[i] == ' ';
        token_text_put(out, space ? SPACE : c.text + i, space ? sizeof SPACE - 1 : 1);
    }
}

static void trim_end(const Tokenizer *t, TokenText *out)
{
    const char *space = t->escape_spaces ? SPACE : " ";
    size_t n = strlen(space);
    while (out->size >= n && !memcmp(out->bytes + out->size - n, space, n)) out->size -= n;
}

/* In the order of sentencepiece's Normalizer::Normalize. */
void tokenizer_normalize(const Tokenizer *t, const char *text, size_t size, TokenText *out)
{
    const char *s = text, *end = text + size;
    Chunk c;
    while (t->trim_spaces && s < end) {
        size_t n = next_chunk(t, s, end, &c);
        if (c.size != 1 || c.text[0] != ' ') break;
        s += n;
    }
    if (s == end) return;
    if (t->add_space) put_escaped(t, (Chunk){ " ", 1 }, out);
    bool after_space = t->trim_spaces;
    while (s < end) {
        s += next_chunk(t, s, end, &c);
        while (after_space && c.size && c.text[0] == ' ') c = (Chunk){ c.text + 1, c.size - 1 };
        if (c.size) {
            put_escaped(t, c, out);
            after_space = c.text[c.size - 1] == ' ';
        }
        if (!t->trim_spaces) after_space = false;
    }
    if (t->trim_spaces) trim_end(t, out);
}
