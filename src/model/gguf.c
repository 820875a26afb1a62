#include "model/gguf.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/utf8.h"
#include "model/weights_kinds.h"
#include "tensor/quant.h"

enum {
    NAME_MAX_BYTES = 1 << 16,
    NESTING_MAX = 8,
    ALIGN_DEFAULT = 32,
    ALIGN_MAX = 1 << 20,
    TENSOR_BYTES_MIN = 8 + 4 + 4 + 8,
    VALUE_BYTES_MIN = 8 + 4 + 1,
    TEXT_ITEMS = 16
};

static const struct {
    int number;
    Type type;
} types[] = {
    { 0, TYPE_F32 },     { 1, TYPE_F16 },     { 2, TYPE_Q4_0 },  { 3, TYPE_Q4_1 },
    { 6, TYPE_Q5_0 },    { 7, TYPE_Q5_1 },    { 8, TYPE_Q8_0 },  { 10, TYPE_Q2_K },
    { 11, TYPE_Q3_K },   { 12, TYPE_Q4_K },   { 13, TYPE_Q5_K }, { 14, TYPE_Q6_K },
    { 20, TYPE_IQ4_NL }, { 23, TYPE_IQ4_XS }, { 24, TYPE_I8 },   { 25, TYPE_I16 },
    { 26, TYPE_I32 },    { 27, TYPE_I64 },    { 28, TYPE_F64 },  { 30, TYPE_BF16 },
};
enum { TYPES = sizeof types / sizeof types[0] };

int gguf_type_number(Type t)
{
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].type == t) return types[i].number;
    return -1;
}

bool gguf_fits(const unsigned char *head, size_t size)
{
    return size >= 4 && memcmp(head, "GGUF", 4) == 0;
}

typedef struct Reader {
    const char *name;
    Arena *a;
    Slice map;
    size_t at;
    Gguf *out;
} Reader;

static SoraStatus take(Reader *r, size_t n, const unsigned char **out)
{
    if (n > r->map.size - r->at)
        return err_set(SORA_E_FORMAT, "%s ends within its header (is it cut?)", r->name);
    *out = r->map.bytes + r->at;
    r->at += n;
    return SORA_OK;
}

static uint64_t little(const unsigned char *x, size_t n)
{
    uint64_t y = 0;
    for (size_t i = 0; i < n; i++) y |= (uint64_t)x[i] << (8 * i);
    return y;
}

static SoraStatus read_u32(Reader *r, uint32_t *out)
{
    const unsigned char *x = NULL;
    TRY(take(r, 4, &x));
    *out = (uint32_t)little(x, 4);
    return SORA_OK;
}

static SoraStatus read_u64(Reader *r, uint64_t *out)
{
    const unsigned char *x = NULL;
    TRY(take(r, 8, &x));
    *out = little(x, 8);
    return SORA_OK;
}

static SoraStatus read_slice(Reader *r, Slice *out)
{
    uint64_t size;
    TRY(read_u64(r, &size));
    if (size > r->map.size - r->at)
        return err_set(SORA_E_FORMAT, "%s: a text of %llu bytes is announced, %zu are left",
                       r->name, (unsigned long long)size, r->map.size - r->at);
    out->size = (size_t)size;
    return take(r, out->size, &out->bytes);
}

/* A key or a tensor's name, as a string of ours. */
static SoraStatus read_name(Reader *r, const char **out)
{
    Slice s = { 0 };
    TRY(read_slice(r, &s));
    if (!s.size || s.size > NAME_MAX_BYTES || memchr(s.bytes, 0, s.size))
        return err_set(SORA_E_FORMAT, "%s: a name is empty, too long or has a zero byte", r->name);
    TRY(err_while(utf8_check((const char *)s.bytes, s.size), "reading a name in %s", r->name));
    *out = arena_printf(r->a, "%.*s", (int)s.size, (const char *)s.bytes);
    return SORA_OK;
}

/* ---- values ------------------------------------------------------------------------------ */

static size_t kind_bytes(GgufKind k) /* 0: has no fixed size */
{
    static const unsigned char bytes[GGUF_KINDS] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };
    return bytes[k];
}

static void set_number(GgufValue *v, const unsigned char *x)
{
    uint64_t u = little(x, kind_bytes(v->kind));
    uint32_t low = (uint32_t)u;
    float f;
    switch (v->kind) {
    case GGUF_I8: v->integer = (int8_t)u; break;
    case GGUF_I16: v->integer = (int16_t)u; break;
    case GGUF_I32: v->integer = (int32_t)u; break;
    case GGUF_I64: v->integer = (int64_t)u; break;
    case GGUF_BOOL: v->integer = u != 0; break;
    case GGUF_F32:
        memcpy(&f, &low, sizeof f);
        v->number = f;
        return;
    case GGUF_F64: memcpy(&v->number, &u, sizeof v->number); return;
    default: v->integer = u > INT64_MAX ? INT64_MAX : (int64_t)u;
    }
    v->number = (double)v->integer;
}

static SoraStatus bad_kind(const Reader *r, const char *key, uint32_t kind)
{
    return err_set(SORA_E_FORMAT, "%s: %.200s has type %u, GGUF knows 0 to 12", r->name, key, kind);
}

static SoraStatus read_array(Reader *r, GgufValue *v, int depth)
{
    uint32_t kind;
    uint64_t count;
    TRY(read_u32(r, &kind));
    TRY(read_u64(r, &count));
    if (kind >= GGUF_KINDS) return bad_kind(r, v->key, kind);
    if (depth == NESTING_MAX)
        return err_set(SORA_E_FORMAT, "%s: %.200s holds lists in lists, more than %d deep", r->name,
                       v->key, NESTING_MAX);
    size_t each = kind_bytes((GgufKind)kind), least = each ? each : kind == GGUF_ARRAY ? 12 : 8;
    if (count > (r->map.size - r->at) / least)
        return err_set(SORA_E_FORMAT, "%s: %.200s has %llu items, the file has no room for them",
                       r->name, v->key, (unsigned long long)count);
    v->item_kind = (GgufKind)kind;
    v->count = (size_t)count;
    v->item = r->map.bytes + r->at;
    size_t start = r->at;
    const unsigned char *all;
    if (each) TRY(take(r, v->count * each, &all));
    for (size_t i = 0; !each && i < v->count; i++) {
        GgufValue inner = { .key = v->key };
        if (kind == GGUF_ARRAY)
            TRY(read_array(r, &inner, depth + 1));
        else
            TRY(read_slice(r, &inner.text));
    }
    v->item_bytes = r->at - start;
    return SORA_OK;
}

static SoraStatus read_value(Reader *r, GgufValue *v)
{
    uint32_t kind;
    TRY(read_name(r, &v->key));
    TRY(read_u32(r, &kind));
    if (kind >= GGUF_KINDS) return bad_kind(r, v->key, kind);
    v->kind = (GgufKind)kind;
    if (v->kind == GGUF_STRING) return read_slice(r, &v->text);
    if (v->kind == GGUF_ARRAY) return read_array(r, v, 0);
    const unsigned char *x = NULL;
    TRY(take(r, kind_bytes(v->kind), &x));
    set_number(v, x);
    return SORA_OK;
}

/* ---- tensors ----------------------------------------------------------------------------- */

static SoraStatus read_type(const Reader *r, const char *name, uint32_t number, Type *out)
{
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].number == (int)number) {
            *out = types[i].type;
            return SORA_OK;
        }
    return err_set(SORA_E_UNSUPPORTED,
                   "%s: %.200s is stored as GGUF type %u; F32, F16, BF16, Q4_0 to Q8_0, Q2_K to "
                   "Q6_K and IQ4 can be read",
                   r->name, name, number);
}

/* Everything but the data's place is known here; that needs the end of the header. */
static SoraStatus read_tensor(Reader *r, GgufTensor *t, uint64_t *offset)
{
    uint32_t rank, type;
    TRY(read_name(r, &t->name));
    TRY(read_u32(r, &rank));
    if (rank > TENSOR_RANK_MAX)
        return err_set(SORA_E_FORMAT, "%s: %.200s has %u dimensions, at most %d", r->name, t->name,
                       rank, TENSOR_RANK_MAX);
    Tensor *x = &t->tensor;
    x->rank = (int)rank;
    for (size_t i = 0; i < TENSOR_RANK_MAX; i++) x->shape[i] = 1;
    for (size_t i = rank; i-- > 0;) {
        uint64_t n;
        TRY(read_u64(r, &n));
        if (n > SIZE_MAX / 2)
            return err_set(SORA_E_FORMAT, "%s: %.200s has a dimension of %llu", r->name, t->name,
                           (unsigned long long)n);
        x->shape[i] = (size_t)n;
    }
    TRY(read_u32(r, &type));
    TRY(read_u64(r, offset));
    return read_type(r, t->name, type, &x->type);
}

static SoraStatus place_tensor(const Reader *r, GgufTensor *t, uint64_t offset, Slice data,
                               size_t align)
{
    size_t bytes;
    Tensor *x = &t->tensor;
    TRY(err_while(tensor_bytes(x->type, x->rank, x->shape, &bytes), "reading %s: %.200s", r->name,
                  t->name));
    if (offset % align)
        return err_set(SORA_E_FORMAT, "%s: %.200s is at byte %llu, no multiple of %zu", r->name,
                       t->name, (unsigned long long)offset, align);
    if (offset > data.size || bytes > data.size - offset)
        return err_set(SORA_E_FORMAT,
                       "%s: %.200s has %zu bytes from %llu on, the data has %zu (is the file cut?)",
                       r->name, t->name, bytes, (unsigned long long)offset, data.size);
    x->data = (void *)(data.bytes + offset);
    return SORA_OK;
}

/* Some files fold dimensions that GGUF cannot hold; blocks must still fill whole rows, or the
 * weight is decoded. */
static SoraStatus restore_shape(const Reader *r, const GgufValue *v, Tensor *x)
{
    size_t count = 1, shape[TENSOR_RANK_MAX];
    bool sound = v->kind == GGUF_ARRAY && v->count <= TENSOR_RANK_MAX &&
                 (v->item_kind == GGUF_I32 || v->item_kind == GGUF_U32 ||
                  v->item_kind == GGUF_I64 || v->item_kind == GGUF_U64);
    for (size_t i = 0; sound && i < v->count; i++) {
        size_t each = kind_bytes(v->item_kind);
        uint64_t n = little(v->item + i * each, each);
        shape[i] = (size_t)n;
        sound = n <= SIZE_MAX / 2 && size_mul(count, (size_t)n, &count);
    }
    if (!sound || count != tensor_count(x))
        return err_set(SORA_E_FORMAT, "%s: %s does not give the %zu numbers of the tensor", r->name,
                       v->key, tensor_count(x));
    x->rank = (int)v->count;
    for (size_t i = 0; i < TENSOR_RANK_MAX; i++) x->shape[i] = i < v->count ? shape[i] : 1;
    if (!count || count / x->shape[0] % type_block(x->type) == 0) return SORA_OK;
    void *y;
    TRY(arena_try(r->a, count * sizeof(float), &y));
    quant_decode(y, x->data, x->type, count);
    x->type = TYPE_F32;
    x->data = y;
    return SORA_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const GgufTensor *)a)->name, ((const GgufTensor *)b)->name);
}

static SoraStatus check_names(const Reader *r)
{
    const Gguf *g = r->out;
    if (g->count) qsort(g->tensor, g->count, sizeof *g->tensor, by_name);
    for (size_t i = 1; i < g->count; i++)
        if (strcmp(g->tensor[i - 1].name, g->tensor[i].name) == 0)
            return err_set(SORA_E_FORMAT, "%s holds %.200s twice", r->name, g->tensor[i].name);
    return SORA_OK;
}

static SoraStatus restore_shapes(const Reader *r)
{
    static const char prefix[] = "comfy.gguf.orig_shape.";
    for (size_t i = 0; i < r->out->value_count; i++) {
        const GgufValue *v = &r->out->value[i];
        if (strncmp(v->key, prefix, sizeof prefix - 1) != 0) continue;
        GgufTensor key = { .name = v->key + sizeof prefix - 1 };
        GgufTensor *t = r->out->count
                            ? bsearch(&key, r->out->tensor, r->out->count, sizeof key, by_name)
                            : NULL;
        if (t) TRY(restore_shape(r, v, &t->tensor));
    }
    return SORA_OK;
}

/* ---- the whole --------------------------------------------------------------------------- */

static SoraStatus read_counts(Reader *r, size_t *tensors, size_t *values)
{
    const unsigned char *magic = NULL;
    uint32_t version;
    uint64_t t, v;
    TRY(take(r, 4, &magic));
    if (memcmp(magic, "GGUF", 4) != 0) return err_set(SORA_E_FORMAT, "%s is no GGUF file", r->name);
    TRY(read_u32(r, &version));
    if (version != 2 && version != 3)
        return err_set(SORA_E_UNSUPPORTED, "%s is GGUF version %u, versions 2 and 3 can be read",
                       r->name, version);
    TRY(read_u64(r, &t));
    TRY(read_u64(r, &v));
    size_t left = r->map.size - r->at;
    if (t > left / TENSOR_BYTES_MIN || v > left / VALUE_BYTES_MIN)
        return err_set(SORA_E_FORMAT,
                       "%s announces %llu tensors and %llu values, more than its %zu bytes hold",
                       r->name, (unsigned long long)t, (unsigned long long)v, r->map.size);
    *tensors = (size_t)t;
    *values = (size_t)v;
    return SORA_OK;
}

static SoraStatus read_alignment(const Reader *r, size_t *out)
{
    const GgufValue *v = gguf_find(r->out, "general.alignment");
    *out = ALIGN_DEFAULT;
    if (!v) return SORA_OK;
    bool whole = v->kind == GGUF_U32 || v->kind == GGUF_U64 || v->kind == GGUF_I32;
    if (!whole || v->integer < 8 || v->integer > ALIGN_MAX || (v->integer & (v->integer - 1)))
        return err_set(SORA_E_FORMAT,
                       "%s: general.alignment is %lld, a power of two from 8 on is "
                       "needed",
                       r->name, (long long)v->integer);
    *out = (size_t)v->integer;
    return SORA_OK;
}

static SoraStatus read_all(Reader *r)
{
    size_t tensors = 0, values = 0, align = 1;
    void *mem;
    TRY(read_counts(r, &tensors, &values));
    TRY(arena_try(r->a, values * sizeof *r->out->value, &mem));
    r->out->value = memset(mem, 0, values * sizeof *r->out->value);
    for (size_t i = 0; i < values; i++) TRY(read_value(r, &r->out->value[r->out->value_count++]));
    TRY(read_alignment(r, &align));
    TRY(arena_try(r->a, tensors * sizeof *r->out->tensor, &mem));
    r->out->tensor = memset(mem, 0, tensors * sizeof *r->out->tensor);
    TRY(arena_try(r->a, tensors * sizeof(uint64_t), &mem));
    uint64_t *offset = mem;
    for (size_t i = 0; i < tensors; i++) TRY(read_tensor(r, &r->out->tensor[i], &offset[i]));
    size_t start = size_min(size_round_up(r->at, align), r->map.size);
    Slice data = { r->map.bytes + start, r->map.size - start };
    for (size_t i = 0; i < tensors; i++, r->out->count++)
        TRY(place_tensor(r, &r->out->tensor[i], offset[i], data, align));
    TRY(check_names(r));
    return restore_shapes(r);
}

SoraStatus gguf_read(Slice map, const char *name, Arena *a, Gguf *out)
{
    memset(out, 0, sizeof *out);
    Reader r = { .name = name, .a = a, .map = map, .out = out };
    return read_all(&r);
}

const GgufValue *gguf_find(const Gguf *g, const char *key)
{
    for (size_t i = 0; i < g->value_count; i++)
        if (strcmp(g->value[i].key, key) == 0) return &g->value[i];
    return NULL;
}

const Tensor *gguf_find_tensor(const Gguf *g, const char *name)
{
    GgufTensor key = { .name = name };
    GgufTensor *t = g->count ? bsearch(&key, g->tensor, g->count, sizeof key, by_name) : NULL;
    return t ? &t->tensor : NULL;
}

static const char *number_text(const GgufValue *v, Arena *a)
{
    bool real = v->kind == GGUF_F32 || v->kind == GGUF_F64;
    return real ? arena_printf(a, "%.9g", v->number)
                : arena_printf(a, "%lld", (long long)v->integer);
}

const char *gguf_value_text(const GgufValue *v, Arena *a)
{
    enum { LONGEST = 1 << 16 };
    if (v->kind == GGUF_STRING) {
        const char *text = (const char *)v->text.bytes;
        bool plain = v->text.size <= LONGEST && !memchr(text, 0, v->text.size) &&
                     utf8_check(text, v->text.size) == SORA_OK;
        return plain ? arena_printf(a, "%.*s", (int)v->text.size, text) : NULL;
    }
    if (v->kind != GGUF_ARRAY) return number_text(v, a);
    size_t each = kind_bytes(v->item_kind);
    if (!each || v->count > TEXT_ITEMS) return NULL;
    const char *list = "";
    for (size_t i = 0; i < v->count; i++) {
        GgufValue item = { .kind = v->item_kind };
        set_number(&item, v->item + i * each);
        list = arena_printf(a, "%s%s%s", list, i ? "," : "", number_text(&item, a));
    }
    return arena_printf(a, "[%s]", list);
}

SoraStatus weights_read_gguf(const char *path, Weights *w)
{
    Slice map;
    Gguf g;
    TRY(file_map(path, &map));
    weights_keep(w, map);
    TRY(gguf_read(map, path, weights_arena(w), &g));
    for (size_t i = 0; i < g.count; i++) weights_add(w, g.tensor[i].name, &g.tensor[i].tensor);
    for (size_t i = 0; i < g.value_count; i++) {
        const char *text = gguf_value_text(&g.value[i], weights_arena(w));
        if (text) weights_add_metadata(w, g.value[i].key, text);
    }
    return SORA_OK;
}
