#include "model/tokenizer.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "base/utf8.h"
#include "model/tokenizer_parts.h"

/* What SentencePiece takes off the lowest score for a character without piece. */
static const float UNKNOWN_PENALTY = 10;

/* ---- finding pieces ---------------------------------------------------------------------- */

/* FNV-1a, which can be continued byte by byte. */
static const uint64_t HASH_START = 1469598103934665603u, HASH_PRIME = 1099511628211u;

static uint64_t hash_more(uint64_t h, const char *s, size_t size)
{
    for (size_t i = 0; i < size; i++) h = (h ^ (unsigned char)s[i]) * HASH_PRIME;
    return h;
}

static size_t slot_of(const Tokenizer *t, uint64_t hash)
{
    return (size_t)(hash ^ hash >> 32) & t->mask;
}

static int64_t find(const Tokenizer *t, uint64_t hash, const char *s, size_t size)
{
    for (size_t i = slot_of(t, hash); t->table[i]; i = (i + 1) & t->mask) {
        const Piece *p = &t->piece[t->table[i] - 1];
        if (p->size == size && !memcmp(p->text, s, size)) return t->table[i] - 1;
    }
    return -1;
}

int64_t tokenizer_lookup(const Tokenizer *t, const char *text, size_t size)
{
    return find(t, hash_more(HASH_START, text, size), text, size);
}

bool tokenizer_find(const Tokenizer *t, const char *piece, uint32_t *id)
{
    int64_t i = tokenizer_lookup(t, piece, strlen(piece));
    if (i >= 0) *id = (uint32_t)i;
    return i >= 0;
}

size_t tokenizer_count(const Tokenizer *t)
{
    return t->count;
}

static void index_piece(Tokenizer *t, size_t i)
{
    const Piece *p = &t->piece[i];
    size_t slot = slot_of(t, hash_more(HASH_START, p->text, p->size));
    while (t->table[slot]) slot = (slot + 1) & t->mask;
    t->table[slot] = (uint32_t)i + 1;
    bool user = p->kind == PIECE_USER;
    if (user || p->kind == PIECE_NORMAL) t->longest = size_max(t->longest, p->size);
    if (user) t->longest_user = size_max(t->longest_user, p->size);
    if (p->kind != PIECE_NORMAL) return;
    t->score_min = fminf(t->score_min, p->score);
    t->score_max = fmaxf(t->score_max, p->score);
}

static SoraStatus index_bytes(Tokenizer *t, const char *name)
{
    for (int b = 0; b < 256; b++) {
        char piece[8];
        snprintf(piece, sizeof piece, "<0x%02X>", b);
        if (!tokenizer_find(t, piece, &t->byte_id[b]))
            return err_set(SORA_E_FORMAT,
                           "%s: unknown characters are to be written as bytes, but there is no "
                           "piece %s",
                           name, piece);
    }
    return SORA_OK;
}

SoraStatus tokenizer_index(Tokenizer *t, const char *name, Arena *a)
{
    if (t->unknown >= t->count)
        return err_set(SORA_E_FORMAT, "%s: the unknown piece is number %u, there are %zu pieces",
                       name, t->unknown, t->count);
    size_t room = 16;
    while (room < 2 * t->count) room *= 2;
    t->mask = room - 1;
    t->table = arena_zero(a, room * sizeof *t->table);
    t->score_min = INFINITY;
    t->score_max = -INFINITY;
    for (size_t i = 0; i < t->count; i++) {
        const Piece *p = &t->piece[i];
        if (!isfinite(p->score))
            return err_set(SORA_E_FORMAT, "%s: the score of piece %zu is not a number", name, i);
        if (p->size && tokenizer_lookup(t, p->text, p->size) >= 0)
            return err_set(SORA_E_FORMAT, "%s: the piece '%.*s' is there twice", name, (int)p->size,
                           p->text);
        if (p->size) index_piece(t, i);
    }
    if (t->score_min > t->score_max)
        return err_set(SORA_E_FORMAT, "%s: not one of %zu pieces is a normal one", name, t->count);
    return t->byte_fallback ? index_bytes(t, name) : SORA_OK;
}

/* ---- the best segmentation ---------------------------------------------------------------- */

/* The best way to a place in the text: where its last piece starts, which one, and the sum. */
typedef struct Step {
    double score; /* SentencePiece's sums are floats, Hugging Face's doubles */
    uint32_t from;
    int64_t piece; /* -1: never reached */
} Step;

static size_t char_size(const char *s, const char *end)
{
    uint32_t cp;
    size_t n = utf8_decode(s, end, &cp);
    return n ? n : 1;
}

static void reach(Step *to, double score, size_t from, int64_t piece)
{
    if (to->piece < 0 || score > to->score) *to = (Step){ score, (uint32_t)from, piece };
}

static double sum(const Tokenizer *t, float score, double before)
{
    return t->hf.on ? score + before : (double)(score + (float)before);
}

static void extend(const Tokenizer *t, const char *text, size_t size, size_t at, Step *step)
{
    const char *end = text + size;
    size_t first = char_size(text + at, end);
    size_t most = size_min(size - at, t->longest);
    double before = step[at].score;
    uint64_t hash = HASH_START;
    bool single = false;
    for (size_t n = 0; n < most;) {
        size_t more = char_size(text + at + n, end);
        if (n + more > most) break;
        hash = hash_more(hash, text + at + n, more);
        n += more;
        int64_t i = find(t, hash, text + at, n);
        if (i < 0) continue;
        const Piece *p = &t->piece[i];
        if (p->kind != PIECE_NORMAL && p->kind != PIECE_USER) continue;
        float score = p->kind == PIECE_USER ? (float)n * t->score_max - 0.1f : p->score;
        reach(&step[at + n], sum(t, score, before), at, i);
        single |= n == first;
    }
    float unknown = t->score_min - UNKNOWN_PENALTY;
    if (!single) reach(&step[at + first], sum(t, unknown, before), at, t->unknown);
}

/* Appends the ids of one piece: several for a character spelled out in bytes, none for an unknown
 * one right after another. */
static void put_id(const Tokenizer *t, const char *text, size_t size, uint32_t id,
                   TokenizerIds *out)
{
    bool unknown = id == t->unknown;
    if (unknown && t->byte_fallback) {
        for (size_t i = 0; i < size; i++)
            out->id[out->count++] = t->byte_id[(unsigned char)text[i]];
        return;
    }
    if (unknown && out->count && out->id[out->count - 1] == t->unknown) return;
    out->id[out->count++] = id;
}

void tokenizer_segment(const Tokenizer *t, const char *text, size_t size, Arena *a,
                       TokenizerIds *out)
{
    Step *step = arena_alloc(a, (size + 1) * sizeof *step);
    for (size_t i = 0; i <= size; i++) step[i] = (Step){ 0, 0, -1 };
    for (size_t at = 0; at < size; at += char_size(text + at, text + size))
        extend(t, text, size, at, step);
    size_t pieces = 0;
    for (size_t at = size; at; at = step[at].from) pieces++;
    uint32_t *ends = arena_alloc(a, (pieces + 1) * sizeof *ends);
    size_t i = pieces;
    for (size_t at = size; at; at = step[at].from) ends[--i] = (uint32_t)at;
    for (i = 0; i < pieces; i++) {
        const Step *s = &step[ends[i]];
        put_id(t, text + s->from, ends[i] - s->from, (uint32_t)s->piece, out);
    }
}

void token_text_put(TokenText *t, const char *bytes, size_t size)
{
    if (t->size + size > t->room) {
        size_t room = 2 * (t->size + size) + 64;
        char *larger = arena_alloc(t->a, room);
        if (t->size) memcpy(larger, t->bytes, t->size);
        t->bytes = larger;
        t->room = room;
    }
    if (size) memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
}

SoraStatus tokenizer_encode(const Tokenizer *t, const char *text, size_t size, Arena *a,
                            TokenizerIds *out)
{
    if (size > TOKENIZER_TEXT_MAX)
        return err_set(SORA_E_ARGUMENT, "a text of %zu bytes is too long, at most %d are read",
                       size, (int)TOKENIZER_TEXT_MAX);
    if (t->hf.on) return tokenizer_encode_hf(t, text, size, a, out);
    TokenText normal = { .a = a };
    tokenizer_normalize(t, text, size, &normal);
    out->count = 0;
    out->id = arena_alloc(a, (normal.size + 1) * sizeof *out->id);
    tokenizer_segment(t, normal.bytes, normal.size, a, out);
    return SORA_OK;
}
