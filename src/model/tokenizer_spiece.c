/* spiece.model: a protobuf ModelProto (sentencepiece_model.proto). */
#include <string.h>

#include "base/size.h"
#include "model/tokenizer_parts.h"

typedef struct Message {
    const unsigned char *at, *end;
    const char *name;
} Message;

/* One field: a number (varint, or the bits of a fixed one) or a run of bytes. */
typedef struct Field {
    uint32_t number;
    enum { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 5 } wire;
    uint64_t value;
    Slice bytes;
} Field;

static SoraStatus damaged(const Message *m, const char *what)
{
    return err_set(SORA_E_FORMAT, "%s is no SentencePiece model: %s", m->name, what);
}

static SoraStatus read_varint(Message *m, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (m->at == m->end) return damaged(m, "it ends within a number");
        unsigned char b = *m->at++;
        *out |= (uint64_t)(b & 0x7F) << shift;
        if (b < 0x80) return SORA_OK;
    }
    return damaged(m, "a number has more than 64 bits");
}

static SoraStatus read_fixed(Message *m, size_t size, uint64_t *out)
{
    if ((size_t)(m->end - m->at) < size) return damaged(m, "it ends within a number");
    *out = 0;
    for (size_t i = 0; i < size; i++) *out |= (uint64_t)*m->at++ << (8 * i);
    return SORA_OK;
}

static SoraStatus read_field(Message *m, Field *out)
{
    uint64_t tag;
    TRY(read_varint(m, &tag));
    *out = (Field){ .number = (uint32_t)(tag >> 3), .wire = tag & 7 };
    switch (out->wire) {
    case WIRE_VARINT: return read_varint(m, &out->value);
    case WIRE_FIXED64: return read_fixed(m, 8, &out->value);
    case WIRE_FIXED32: return read_fixed(m, 4, &out->value);
    case WIRE_BYTES:
        TRY(read_varint(m, &out->value));
        if (out->value > (uint64_t)(m->end - m->at))
            return damaged(m, "a field is longer than what is left");
        out->bytes = (Slice){ m->at, (size_t)out->value };
        m->at += out->value;
        return SORA_OK;
    }
    return damaged(m, "a field is of no known kind");
}

static Message inner(const Message *m, Slice bytes)
{
    return (Message){ bytes.bytes, bytes.bytes + bytes.size, m->name };
}

static SoraStatus read_piece(Message m, Piece *out)
{
    *out = (Piece){ .text = "", .kind = PIECE_NORMAL };
    while (m.at < m.end) {
        Field f;
        TRY(read_field(&m, &f));
        uint32_t bits = (uint32_t)f.value;
        if (f.number == 1 && f.wire == WIRE_BYTES) {
            if (f.bytes.size > 1 << 16) return damaged(&m, "a piece has more than 65536 bytes");
            out->text = (const char *)f.bytes.bytes;
            out->size = (uint32_t)f.bytes.size;
        } else if (f.number == 2 && f.wire == WIRE_FIXED32)
            memcpy(&out->score, &bits, sizeof bits);
        else if (f.number == 3 && f.wire == WIRE_VARINT)
            out->kind = (PieceKind)f.value;
    }
    if (out->kind < PIECE_NORMAL || out->kind > PIECE_BYTE)
        return damaged(&m, "a piece is of no known type");
    return SORA_OK;
}

static SoraStatus read_trainer(Message m, Tokenizer *t)
{
    while (m.at < m.end) {
        Field f;
        TRY(read_field(&m, &f));
        if (f.wire != WIRE_VARINT) continue;
        if (f.number == 3 && f.value != 1)
            return err_set(SORA_E_UNSUPPORTED,
                           "%s holds a tokenizer of type %llu, only unigram (1) can be read",
                           m.name, (unsigned long long)f.value);
        if (f.number == 35) t->byte_fallback = f.value;
    }
    return SORA_OK;
}

static SoraStatus read_normalizer(Message m, Tokenizer *t, Arena *a)
{
    while (m.at < m.end) {
        Field f;
        TRY(read_field(&m, &f));
        if (f.number == 2 && f.wire == WIRE_BYTES)
            TRY(charsmap_read(f.bytes, m.name, a, &t->charsmap));
        if (f.wire != WIRE_VARINT) continue;
        if (f.number == 3) t->add_space = f.value;
        if (f.number == 4) t->trim_spaces = f.value;
        if (f.number == 5) t->escape_spaces = f.value;
    }
    return SORA_OK;
}

static SoraStatus count_pieces(Message m, size_t *count)
{
    *count = 0;
    while (m.at < m.end) {
        Field f;
        TRY(read_field(&m, &f));
        *count += f.number == 1 && f.wire == WIRE_BYTES;
    }
    return *count && *count < INT32_MAX ? SORA_OK : damaged(&m, "it has no pieces");
}

SoraStatus tokenizer_read_spiece(Slice model, const char *name, Arena *a, Tokenizer **out)
{
    Message m = { model.bytes, model.bytes + model.size, name };
    size_t count;
    TRY(count_pieces(m, &count));
    Tokenizer *t = arena_zero(a, sizeof *t);
    t->add_space = t->trim_spaces = t->escape_spaces = true; /* the proto's defaults */
    void *piece;
    TRY(arena_try(a, count * sizeof *t->piece, &piece));
    t->piece = piece;
    bool unknown = false;
    while (m.at < m.end) {
        Field f;
        TRY(read_field(&m, &f));
        if (f.wire != WIRE_BYTES) continue;
        if (f.number == 2) TRY(read_trainer(inner(&m, f.bytes), t));
        if (f.number == 3) TRY(read_normalizer(inner(&m, f.bytes), t, a));
        if (f.number != 1) continue;
        TRY(read_piece(inner(&m, f.bytes), &t->piece[t->count]));
        if (t->piece[t->count].kind == PIECE_UNKNOWN) {
            t->unknown = (uint32_t)t->count;
            unknown = true;
        }
        t->count++;
    }
    if (!unknown) return damaged(&m, "it has no piece for what it does not know");
    *out = t;
    return tokenizer_index(t, name, a);
}
