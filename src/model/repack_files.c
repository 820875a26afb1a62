#include <string.h>

#include "base/size.h"
#include "model/gguf.h"
#include "model/repack_parts.h"
#include "tensor/safetensors.h"

enum { GGUF_ALIGN = 32, GGUF_VERSION = 3, GGUF_RANK_MAX = 4 };

bool repack_holds(RepackKind kind, Type t)
{
    if (kind == REPACK_GGUF) return gguf_type_number(t) >= 0;
    return t < TYPE_Q8_0;
}

/* ---- GGUF -------------------------------------------------------------------------------- */

/* Bytes that grow in an arena. */
typedef struct Bytes {
    Arena *a;
    unsigned char *at;
    size_t size, room;
} Bytes;

static void put(Bytes *b, const void *x, size_t n)
{
    if (b->size + n > b->room) {
        b->room = 2 * (b->size + n) + 4096;
        unsigned char *more = arena_alloc(b->a, b->room);
        if (b->size) memcpy(more, b->at, b->size);
        b->at = more;
    }
    if (n) memcpy(b->at + b->size, x, n);
    b->size += n;
}

static void put_number(Bytes *b, uint64_t x, size_t n)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < n; i++) bytes[i] = (unsigned char)(x >> (8 * i));
    put(b, bytes, n);
}

static void put_text(Bytes *b, const char *s)
{
    put_number(b, strlen(s), 8);
    put(b, s, strlen(s));
}

/* Dimensions beyond the fourth are folded into it; a key keeps the real shape. */
static bool is_folded(const RepackEntry *e)
{
    return e->tensor.rank > GGUF_RANK_MAX;
}

static void put_value(Bytes *b, const char *key, GgufKind kind)
{
    put_text(b, key);
    put_number(b, kind, 4);
}

static void put_values(Bytes *b, const RepackPlan *p)
{
    put_value(b, "general.architecture", GGUF_STRING);
    put_text(b, p->architecture);
    put_value(b, "general.quantization_version", GGUF_U32);
    put_number(b, 2, 4);
    put_value(b, "general.alignment", GGUF_U32);
    put_number(b, GGUF_ALIGN, 4);
    for (size_t i = 0; i < p->count; i++) {
        const RepackEntry *e = &p->entry[i];
        if (!is_folded(e)) continue;
        put_value(b, arena_printf(b->a, "comfy.gguf.orig_shape.%s", e->name), GGUF_ARRAY);
        put_number(b, GGUF_I32, 4);
        put_number(b, (uint64_t)e->tensor.rank, 8);
        for (int d = 0; d < e->tensor.rank; d++) put_number(b, e->tensor.shape[d], 4);
    }
}

static void put_tensor(Bytes *b, const RepackEntry *e, size_t offset)
{
    const Tensor *x = &e->tensor;
    size_t shape[TENSOR_RANK_MAX];
    int rank = x->rank < GGUF_RANK_MAX ? x->rank : GGUF_RANK_MAX;
    memcpy(shape, x->shape, sizeof shape);
    for (int d = rank; d < x->rank; d++) shape[rank - 1] *= shape[d];
    put_text(b, e->name);
    put_number(b, (uint64_t)rank, 4);
    for (int d = rank; d-- > 0;) put_number(b, shape[d], 8);
    put_number(b, (uint64_t)gguf_type_number(x->type), 4);
    put_number(b, offset, 8);
}

static SoraStatus put_gguf(FileWriter *f, RepackPlan *p, Arena *a)
{
    Bytes b = { .a = a };
    size_t folded = 0, offset = 0;
    for (size_t i = 0; i < p->count; i++) folded += is_folded(&p->entry[i]);
    put(&b, "GGUF", 4);
    put_number(&b, GGUF_VERSION, 4);
    put_number(&b, p->count, 8);
    put_number(&b, 3 + folded, 8);
    put_values(&b, p);
    for (size_t i = 0; i < p->count; i++) {
        RepackEntry *e = &p->entry[i];
        put_tensor(&b, e, offset);
        e->padding = size_round_up(e->bytes, GGUF_ALIGN) - e->bytes;
        offset += e->bytes + e->padding;
    }
    static const unsigned char zeros[GGUF_ALIGN];
    put(&b, zeros, size_round_up(b.size, GGUF_ALIGN) - b.size);
    return file_put(f, b.at, b.size);
}

/* ---- safetensors ------------------------------------------------------------------------- */

/* A model of ours stays one: what it says of itself goes along. */
static SoraStatus put_safetensors(FileWriter *f, RepackPlan *p, Arena *a)
{
    SafetensorsEntry *e = arena_alloc(a, (p->count + 1) * sizeof *e);
    size_t all = weights_metadata_count(p->from), n = 0;
    SafetensorsMeta *meta = arena_alloc(a, (all + 1) * sizeof *meta), m;
    meta[n++] = (SafetensorsMeta){ "format", "pt" };
    for (size_t i = 0; i < all; i++) {
        weights_metadata_at(p->from, i, &m.key, &m.value);
        if (strncmp(m.key, "sora.", 5) == 0) meta[n++] = m;
    }
    for (size_t i = 0; i < p->count; i++)
        e[i] = (SafetensorsEntry){ p->entry[i].name, p->entry[i].tensor };
    return safetensors_put_header(f, e, p->count, meta, n);
}

SoraStatus repack_put_header(FileWriter *f, RepackPlan *p, Arena *a)
{
    return p->kind == REPACK_GGUF ? put_gguf(f, p, a) : put_safetensors(f, p, a);
}
