/* Encoding as tokenizer.json prescribes it: added tokens are cut out of the text, the rest is
 * normalised, cut into words and segmented word by word (huggingface/tokenizers). */
#include <string.h>

#include "base/utf8.h"
#include "model/tokenizer_marks.h"
#include "model/tokenizer_parts.h"

static bool is_space(uint32_t cp) /* White_Space, as Rust's char::is_whitespace */
{
    return (cp >= 9 && cp <= 13) || cp == 32 || cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F ||
           cp == 0x205F || cp == 0x3000;
}

static bool is_mark(uint32_t cp) /* joins the character before it to one grapheme */
{
    size_t low = 0, high = sizeof token_marks / sizeof token_marks[0];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (cp > token_marks[middle][1])
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof token_marks / sizeof token_marks[0] && cp >= token_marks[low][0];
}

/* ---- normalising -------------------------------------------------------------------------- */

/* As utf8_decode; a byte that is no UTF-8, which only replacements of a file can bring in, is one
 * unknown character. */
static size_t next_char(const char *s, const char *end, uint32_t *cp)
{
    size_t n = utf8_decode(s, end, cp);
    if (!n) *cp = 0xFFFD;
    return n ? n : 1;
}

/* Bytes of the grapheme that s starts with: a character and its marks, or a line break of two
 * characters. (Those that are joined otherwise are never short enough to matter below.) */
static size_t grapheme(const char *s, const char *end)
{
    uint32_t cp;
    size_t n = next_char(s, end, &cp);
    if (cp == '\r' && s + n < end && s[n] == '\n') return n + 1;
    if (cp < 32 || (cp >= 0x7F && cp < 0xA0) || cp == 0x2028 || cp == 0x2029) return n;
    while (s + n < end) {
        size_t more = next_char(s + n, end, &cp);
        if (!is_mark(cp)) break;
        n += more;
    }
    return n;
}

/* The replacement of the shortest match stands for all of a grapheme below 6 bytes; longer ones go
 * character by character (the crate spm_precompiled). */
static void map_chars(const Tokenizer *t, const char *s, const char *end, TokenText *out)
{
    enum { SHORT = 6 };
    while (s < end) {
        const char *to;
        uint32_t cp;
        size_t whole = grapheme(s, end);
        if (whole < SHORT && charsmap_match(&t->charsmap, s, s + whole, true, &to)) {
            token_text_put(out, to, strlen(to));
            s += whole;
            continue;
        }
        for (const char *stop = s + whole; s < stop;) {
            size_t one = next_char(s, end, &cp);
            if (charsmap_match(&t->charsmap, s, s + one, true, &to))
                token_text_put(out, to, strlen(to));
            else
                token_text_put(out, s, one);
            s += one;
        }
    }
}

static Slice strip(Slice s, bool left, bool right)
{
    const char *at = (const char *)s.bytes, *end = at + s.size;
    uint32_t cp;
    while (left && at < end) {
        size_t n = next_char(at, end, &cp);
        if (!is_space(cp)) break;
        at += n;
    }
    while (right && at < end) {
        const char *last = end - 1;
        while (last > at && (*last & 0xC0) == 0x80) last--;
        next_char(last, end, &cp);
        if (!is_space(cp)) break;
        end = last;
    }
    return (Slice){ (const unsigned char *)at, (size_t)(end - at) };
}

static void replace(Slice s, const HfStep *step, TokenText *out)
{
    const char *at = (const char *)s.bytes, *end = at + s.size;
    while (at < end) {
        size_t n = 0;
        if (step->kind == HF_SPACES) {
            while (at + n < end && at[n] == ' ') n++;
            if (n < 2) n = 0;
        } else {
            size_t m = strlen(step->from);
            if ((size_t)(end - at) >= m && !memcmp(at, step->from, m)) n = m;
        }
        if (n)
            token_text_put(out, step->to, strlen(step->to));
        else
            token_text_put(out, at, 1);
        at += n ? n : 1;
    }
}

static Slice normalize(const Tokenizer *t, Slice s, Arena *a)
{
    for (size_t i = 0; i < t->hf.steps; i++) {
        const HfStep *step = &t->hf.step[i];
        if (step->kind == HF_STRIP) {
            s = strip(s, step->left, step->right);
            continue;
        }
        TokenText out = { .a = a };
        if (step->kind == HF_CHARSMAP)
            map_chars(t, (const char *)s.bytes, (const char *)s.bytes + s.size, &out);
        else
            replace(s, step, &out);
        s = (Slice){ (const unsigned char *)out.bytes, out.size };
    }
    return s;
}

/* ---- words -------------------------------------------------------------------------------- */

/* Ids that grow as they come: a replacement may be longer than what it replaces. */
static TokenizerIds *room_for(TokenizerIds *ids, size_t more, size_t *room, Arena *a)
{
    if (ids->count + more > *room) {
        *room = 2 * (ids->count + more);
        uint32_t *id = arena_alloc(a, *room * sizeof *id);
        if (ids->count) memcpy(id, ids->id, ids->count * sizeof *id);
        ids->id = id;
    }
    return ids;
}

typedef struct Encoder {
    const Tokenizer *t;
    Arena *a;
    TokenizerIds *out;
    size_t room;
    bool first; /* nothing was encoded yet */
} Encoder;

/* The escaped text, cut before every sign for a space. */
static void put_words(Encoder *e, const TokenText *text)
{
    const HfRules *hf = &e->t->hf;
    size_t n = strlen(hf->space);
    for (size_t at = 0, end; at < text->size; at = end) {
        end = hf->split ? at + 1 : text->size;
        while (end < text->size &&
               (text->size - end < n || memcmp(text->bytes + end, hf->space, n) != 0))
            end++;
        TokenizerIds *ids = room_for(e->out, end - at + 1, &e->room, e->a);
        tokenizer_segment(e->t, text->bytes + at, end - at, e->a, ids);
    }
}

/* Metaspace: spaces become visible and one is put in front. */
static void put_piece(Encoder *e, Slice s)
{
    const HfRules *hf = &e->t->hf;
    size_t n = strlen(hf->space);
    TokenText text = { .a = e->a };
    if (!s.size) return;
    bool wanted = hf->prepend == HF_PREPEND_ALWAYS || (hf->prepend == HF_PREPEND_FIRST && e->first);
    bool there = s.bytes[0] == ' ' || (s.size >= n && !memcmp(s.bytes, hf->space, n));
    if (wanted && !there) token_text_put(&text, hf->space, n);
    for (size_t i = 0; i < s.size; i++) {
        bool space = s.bytes[i] == ' ';
        token_text_put(&text, space ? hf->space : (const char *)s.bytes + i, space ? n : 1);
    }
    e->first = false;
    put_words(e, &text);
}

static void put_text(Encoder *e, Slice s)
{
    s = normalize(e->t, s, e->a);
    if (!e->t->hf.split_spaces) {
        put_piece(e, s);
        return;
    }
    const char *at = (const char *)s.bytes, *end = at + s.size, *start = at;
    while (at < end) {
        uint32_t cp;
        size_t n = next_char(at, end, &cp);
        if (is_space(cp)) {
            put_piece(e, (Slice){ (const unsigned char *)start, (size_t)(at - start) });
            start = at + n;
        }
        at += n;
    }
    put_piece(e, (Slice){ (const unsigned char *)start, (size_t)(end - start) });
}

/* ---- added tokens ------------------------------------------------------------------------- */

static bool is_word(const char *at, const char *end)
{
    uint32_t cp;
    if (at >= end || !utf8_decode(at, end, &cp)) return false;
    return (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z') ||
           cp == '_' || cp >= 0xC0;
}

/* The longest added token that `at` starts with, or NULL. */
static const AddedToken *added_at(const HfRules *hf, const char *start, const char *at,
                                  const char *end)
{
    const AddedToken *best = NULL;
    for (size_t i = 0; i < hf->added_count; i++) {
        const AddedToken *x = &hf->added[i];
        if ((size_t)(end - at) < x->size || memcmp(at, x->text, x->size) != 0) continue;
        if (best && best->size >= x->size) continue;
        const char *before = at;
        while (before > start && (*--before & 0xC0) == 0x80) continue;
        bool inside = (at > start && is_word(before, end)) || is_word(at + x->size, end);
        if (!x->single_word || !inside) best = x;
    }
    return best;
}

static void encode(Encoder *e, const char *text, const char *end)
{
    const HfRules *hf = &e->t->hf;
    const char *from = text;
    for (const char *at = text; at < end;) {
        const AddedToken *x = added_at(hf, text, at, end);
        if (!x) {
            at++;
            continue;
        }
        Slice before = { (const unsigned char *)from, (size_t)(at - from) };
        put_text(e, strip(before, false, x->strip_left));
        TokenizerIds *ids = room_for(e->out, 1, &e->room, e->a);
        ids->id[ids->count++] = x->id;
        e->first = false;
        Slice rest = { (const unsigned char *)at + x->size, (size_t)(end - at) - x->size };
        from = at = (const char *)strip(rest, x->strip_right, false).bytes;
    }
    put_text(e, (Slice){ (const unsigned char *)from, (size_t)(end - from) });
}

SoraStatus tokenizer_encode_hf(const Tokenizer *t, const char *text, size_t size, Arena *a,
                               TokenizerIds *out)
{
    TokenText valid = { .a = a };
    for (const char *s = text, *end = text + size; s < end;) {
        uint32_t cp;
        size_t n = utf8_decode(s, end, &cp);
        token_text_put(&valid, n ? s : "\xEF\xBF\xBD", n ? n : 3);
        s += n ? n : 1;
    }
    *out = (TokenizerIds){ 0 };
    Encoder e = { .t = t, .a = a, .out = out, .first = true };
    room_for(out, valid.size + 1, &e.room, a);
    encode(&e, valid.bytes, valid.bytes + valid.size);
    return SORA_OK;
}
