#include "model/pth_pickle.h"

#include <string.h>

/* Names a pickle may ask for. Types of storages and of tensors come from the second table. */
typedef enum Known {
    ORDERED_DICT,
    REBUILD_TENSOR,
    REBUILD_TENSOR_V3, /* type apart, storage of bytes */
    REBUILD_PARAMETER,
    SIZE,
    DEVICE,
    UNTYPED_STORAGE,
    STORAGE_TYPE, /* + Type */
    NUMBER_TYPE = STORAGE_TYPE + TYPE_COUNT
} Known;

static const struct {
    const char *module, *name;
    Known known;
} names[] = {
    { "collections", "OrderedDict", ORDERED_DICT },
    { "torch._utils", "_rebuild_tensor_v2", REBUILD_TENSOR },
    { "torch._utils", "_rebuild_tensor_v3", REBUILD_TENSOR_V3 },
    { "torch._utils", "_rebuild_parameter", REBUILD_PARAMETER },
    { "torch", "Size", SIZE },
    { "torch", "device", DEVICE },
    { "torch", "UntypedStorage", UNTYPED_STORAGE },
    { "torch.storage", "UntypedStorage", UNTYPED_STORAGE },
};

static const struct {
    Type type;
    const char *storage, *number;
} types[] = {
    { TYPE_F32, "FloatStorage", "float32" },  { TYPE_F16, "HalfStorage", "float16" },
    { TYPE_F64, "DoubleStorage", "float64" }, { TYPE_BF16, "BFloat16Storage", "bfloat16" },
    { TYPE_I64, "LongStorage", "int64" },     { TYPE_I32, "IntStorage", "int32" },
    { TYPE_I16, "ShortStorage", "int16" },    { TYPE_I8, "CharStorage", "int8" },
    { TYPE_U8, "ByteStorage", "uint8" },      { TYPE_BOOL, "BoolStorage", "bool" },
    { TYPE_F8_E4M3, "", "float8_e4m3fn" },    { TYPE_F8_E5M2, "", "float8_e5m2" },
};

typedef struct Reader {
    const char *name;
    Arena *a;
    const unsigned char *at, *end;
    PickleItems stack, memo;
} Reader;

static SoraStatus damaged(const Reader *r, const char *what)
{
    return err_set(SORA_E_FORMAT, "%s: the pickle cannot be read: %s", r->name, what);
}

/* ---- values ------------------------------------------------------------------------------ */

static SoraStatus grow(Arena *a, PickleItems *list, size_t count)
{
    if (count <= list->room) return SORA_OK;
    size_t room = list->room ? 2 * count : count; /* most are made in one go */
    void *item;
    TRY(arena_try(a, room * sizeof *list->item, &item));
    if (list->count) memcpy(item, list->item, list->count * sizeof *list->item);
    list->item = item;
    list->room = room;
    return SORA_OK;
}

static SoraStatus append(Arena *a, PickleItems *list, Pickle v)
{
    TRY(grow(a, list, list->count + 1));
    list->item[list->count++] = v;
    return SORA_OK;
}

static SoraStatus push(Reader *r, Pickle v)
{
    return append(r->a, &r->stack, v);
}

static SoraStatus pop(Reader *r, Pickle *out)
{
    if (!r->stack.count || r->stack.item[r->stack.count - 1].kind == PICKLE_MARK)
        return damaged(r, "it takes a value from an empty stack");
    *out = r->stack.item[--r->stack.count];
    return SORA_OK;
}

static Pickle *top(Reader *r)
{
    return r->stack.count ? &r->stack.item[r->stack.count - 1] : NULL;
}

static Pickle collection(Reader *r, PickleKind kind)
{
    return (Pickle){ .kind = kind, .items = arena_zero(r->a, sizeof(PickleItems)) };
}

/* Moves the values from stack place `from` on into `to`. */
static SoraStatus move(Reader *r, size_t from, PickleItems *to)
{
    size_t n = r->stack.count - from;
    TRY(grow(r->a, to, to->count + n));
    if (n) memcpy(to->item + to->count, r->stack.item + from, n * sizeof *to->item);
    to->count += n;
    r->stack.count = from;
    return SORA_OK;
}

static SoraStatus find_mark(const Reader *r, size_t *out)
{
    for (size_t i = r->stack.count; i-- > 0;)
        if (r->stack.item[i].kind == PICKLE_MARK) {
            *out = i;
            return SORA_OK;
        }
    return damaged(r, "a mark is missing");
}

/* The values since the last mark go to a new tuple or list, or to the one below the mark. */
static SoraStatus collect(Reader *r, PickleKind kind)
{
    size_t mark = 0;
    TRY(find_mark(r, &mark));
    Pickle v = collection(r, kind);
    TRY(move(r, mark + 1, v.items));
    r->stack.count = mark;
    return push(r, v);
}

static SoraStatus extend(Reader *r, PickleKind kind)
{
    size_t mark = 0;
    TRY(find_mark(r, &mark));
    size_t n = r->stack.count - mark - 1;
    if (!mark || r->stack.item[mark - 1].kind != kind || (kind == PICKLE_DICT && n % 2))
        return damaged(r, "items are added to something that takes none");
    PickleItems *to = r->stack.item[mark - 1].items;
    TRY(move(r, mark + 1, to));
    r->stack.count = mark;
    return SORA_OK;
}

static SoraStatus small_tuple(Reader *r, size_t n)
{
    Pickle v = collection(r, PICKLE_TUPLE);
    for (size_t i = 0; i < n; i++)
        if (r->stack.count <= i || r->stack.item[r->stack.count - 1 - i].kind == PICKLE_MARK)
            return damaged(r, "a tuple lacks values");
    TRY(move(r, r->stack.count - n, v.items));
    return push(r, v);
}

/* One pair, or one item, for the collection below it. */
static SoraStatus set_one(Reader *r, PickleKind kind)
{
    Pickle key = { .kind = PICKLE_NONE }, value;
    TRY(pop(r, &value));
    if (kind == PICKLE_DICT) TRY(pop(r, &key));
    if (!top(r) || top(r)->kind != kind)
        return damaged(r, "items are added to something that takes none");
    PickleItems *to = top(r)->items;
    if (kind == PICKLE_DICT) TRY(append(r->a, to, key));
    return append(r->a, to, value);
}

/* ---- bytes ------------------------------------------------------------------------------- */

static SoraStatus take(Reader *r, size_t n, const unsigned char **out)
{
    if (n > (size_t)(r->end - r->at)) return damaged(r, "it is cut");
    *out = r->at;
    r->at += n;
    return SORA_OK;
}

static SoraStatus read_number(Reader *r, size_t n, uint64_t *out)
{
    const unsigned char *x = NULL;
    TRY(take(r, n, &x));
    *out = 0;
    for (size_t i = 0; i < n; i++) *out |= (uint64_t)x[i] << (8 * i);
    return SORA_OK;
}

static SoraStatus read_text(Reader *r, size_t length_bytes, Slice *out)
{
    uint64_t n;
    TRY(read_number(r, length_bytes, &n));
    if (n > (uint64_t)(r->end - r->at)) return damaged(r, "a text is cut");
    out->size = (size_t)n;
    return take(r, out->size, &out->bytes);
}

static SoraStatus read_line(Reader *r, Slice *out)
{
    const unsigned char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));
    if (!end) return damaged(r, "a name is cut");
    *out = (Slice){ r->at, (size_t)(end - r->at) };
    r->at = end + 1;
    return SORA_OK;
}

static SoraStatus push_text(Reader *r, size_t length_bytes)
{
    Pickle v = { .kind = PICKLE_TEXT };
    TRY(read_text(r, length_bytes, &v.text));
    return push(r, v);
}

static SoraStatus push_integer(Reader *r, size_t bytes)
{
    uint64_t u;
    TRY(read_number(r, bytes, &u));
    int64_t value = bytes == 4 ? (int32_t)(uint32_t)u : (int64_t)u;
    return push(r, (Pickle){ .kind = PICKLE_INTEGER, .integer = value });
}

static SoraStatus push_long(Reader *r)
{
    uint64_t n, u;
    TRY(read_number(r, 1, &n));
    if (n > 8) return damaged(r, "a number has more than 64 bits");
    TRY(read_number(r, (size_t)n, &u));
    if (n && n < 8 && u >> (8 * n - 1)) u |= ~(uint64_t)0 << (8 * n); /* negative */
    return push(r, (Pickle){ .kind = PICKLE_INTEGER, .integer = (int64_t)u });
}

static SoraStatus push_real(Reader *r)
{
    const unsigned char *x = NULL;
    uint64_t u = 0;
    Pickle v = { .kind = PICKLE_REAL };
    TRY(take(r, 8, &x));
    for (int i = 0; i < 8; i++) u = u << 8 | x[i];
    memcpy(&v.real, &u, sizeof u);
    return push(r, v);
}

static SoraStatus memo_put(Reader *r, size_t bytes)
{
    uint64_t at = r->memo.count;
    if (bytes) TRY(read_number(r, bytes, &at));
    if (!top(r) || top(r)->kind == PICKLE_MARK) return damaged(r, "there is nothing to remember");
    if (at > PICKLE_BYTES_MAX / 2) return damaged(r, "it remembers too much");
    TRY(grow(r->a, &r->memo, (size_t)at + 1));
    for (; r->memo.count <= at; r->memo.count++)
        r->memo.item[r->memo.count] = (Pickle){ .kind = PICKLE_MARK };
    r->memo.item[at] = *top(r);
    return SORA_OK;
}

static SoraStatus memo_get(Reader *r, size_t bytes)
{
    uint64_t at;
    TRY(read_number(r, bytes, &at));
    if (at >= r->memo.count || r->memo.item[at].kind == PICKLE_MARK)
        return damaged(r, "it asks for a value that it has not made");
    return push(r, r->memo.item[at]);
}

/* ---- names and what is made with them ----------------------------------------------------- */

static bool same(Slice s, const char *text)
{
    return s.size == strlen(text) && memcmp(s.bytes, text, s.size) == 0;
}

static SoraStatus push_name(Reader *r, Slice module, Slice name)
{
    int64_t known = -1;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (same(module, names[i].module) && same(name, names[i].name)) known = names[i].known;
    for (size_t i = 0; same(module, "torch") && i < sizeof types / sizeof types[0]; i++) {
        if (same(name, types[i].storage)) known = STORAGE_TYPE + (int64_t)types[i].type;
        if (same(name, types[i].number)) known = NUMBER_TYPE + (int64_t)types[i].type;
    }
    if (known >= 0) return push(r, (Pickle){ .kind = PICKLE_NAME, .integer = known });
    char text[160];
    int n = 0;
    for (int part = 0; part < 2; part++) { /* a stranger's name, on its way to a terminal */
        Slice s = part ? name : module;
        for (size_t i = 0; i < s.size && i < 64; i++)
            text[n++] = (char)(s.bytes[i] > 32 && s.bytes[i] < 127 ? s.bytes[i] : '?');
        if (!part) text[n++] = '.';
    }
    return err_set(SORA_E_UNSUPPORTED,
                   "%s asks to run %.*s, which is no part of a plain checkpoint; nothing was run",
                   r->name, n, text);
}

static SoraStatus stack_name(Reader *r)
{
    Pickle name = { 0 }, module = { 0 };
    TRY(pop(r, &name));
    TRY(pop(r, &module));
    if (name.kind != PICKLE_TEXT || module.kind != PICKLE_TEXT)
        return damaged(r, "an imported name is no text");
    return push_name(r, module.text, name.text);
}

/* ('storage', type, key, device, count) */
static SoraStatus push_storage(Reader *r)
{
    Pickle id = { 0 };
    TRY(pop(r, &id));
    const Pickle *x = id.kind == PICKLE_TUPLE ? id.items->item : NULL;
    if (!x || id.items->count < 5 || x[0].kind != PICKLE_TEXT || !same(x[0].text, "storage") ||
        x[1].kind != PICKLE_NAME || x[2].kind != PICKLE_TEXT || x[4].kind != PICKLE_INTEGER)
        return damaged(r, "a storage is not described as PyTorch does");
    bool typed = x[1].integer >= STORAGE_TYPE && x[1].integer < NUMBER_TYPE;
    if (!typed && x[1].integer != UNTYPED_STORAGE)
        return damaged(r, "a storage is of no known type");
    PickleStorage *s = arena_zero(r->a, sizeof *s);
    *s = (PickleStorage){ typed, typed ? (Type)(x[1].integer - STORAGE_TYPE) : TYPE_U8, x[2].text,
                          x[4].integer };
    return push(r, (Pickle){ .kind = PICKLE_STORAGE, .storage = s });
}

/* (storage, offset, size, stride, requires_grad, hooks [, type, metadata]) */
static SoraStatus rebuild_tensor(Reader *r, const PickleItems *args, bool v3)
{
    const Pickle *x = args->item;
    if (args->count < (v3 ? 7 : 4) || x[0].kind != PICKLE_STORAGE || x[1].kind != PICKLE_INTEGER ||
        x[2].kind != PICKLE_TUPLE || x[3].kind != PICKLE_TUPLE)
        return damaged(r, "a tensor is not described as PyTorch does");
    if (v3 && (x[6].kind != PICKLE_NAME || x[6].integer < NUMBER_TYPE))
        return damaged(r, "a tensor is of no known type");
    PickleTensor *t = arena_zero(r->a, sizeof *t);
    *t = (PickleTensor){ x[0].storage, v3 ? (Type)(x[6].integer - NUMBER_TYPE) : x[0].storage->type,
                         x[1].integer, x[2].items, x[3].items };
    return push(r, (Pickle){ .kind = PICKLE_TENSOR, .tensor = t });
}

/* OrderedDict() or OrderedDict([(key, value), ...]) */
static SoraStatus make_dict(Reader *r, const PickleItems *args)
{
    Pickle v = collection(r, PICKLE_DICT);
    const PickleItems *pairs = args->count && args->item[0].kind == PICKLE_LIST
                                   ? args->item[0].items
                                   : &(PickleItems){ 0 };
    for (size_t i = 0; i < pairs->count; i++) {
        const Pickle *p = &pairs->item[i];
        if ((p->kind != PICKLE_TUPLE && p->kind != PICKLE_LIST) || p->items->count != 2)
            return damaged(r, "a dictionary is made of things that are no pairs");
        TRY(append(r->a, v.items, p->items->item[0]));
        TRY(append(r->a, v.items, p->items->item[1]));
    }
    return push(r, v);
}

static SoraStatus reduce(Reader *r)
{
    Pickle args = { 0 }, name = { 0 };
    TRY(pop(r, &args));
    TRY(pop(r, &name));
    if (args.kind != PICKLE_TUPLE || name.kind != PICKLE_NAME)
        return damaged(r, "it calls something that is no function");
    const PickleItems *x = args.items;
    switch (name.integer) {
    case ORDERED_DICT: return make_dict(r, x);
    case REBUILD_TENSOR: return rebuild_tensor(r, x, false);
    case REBUILD_TENSOR_V3: return rebuild_tensor(r, x, true);
    case REBUILD_PARAMETER:
        if (!x->count || x->item[0].kind != PICKLE_TENSOR)
            return damaged(r, "a parameter without a tensor");
        return push(r, x->item[0]);
    case SIZE: return push(r, x->count ? x->item[0] : args);
    case DEVICE: return push(r, (Pickle){ .kind = PICKLE_OTHER });
    default: return damaged(r, "it calls something that is no function");
    }
}

/* ---- running ----------------------------------------------------------------------------- */

static SoraStatus import_name(Reader *r)
{
    Slice module, name;
    TRY(read_line(r, &module));
    TRY(read_line(r, &name));
    return push_name(r, module, name);
}

static SoraStatus skip(Reader *r, size_t n)
{
    const unsigned char *x = NULL;
    return take(r, n, &x);
}

static SoraStatus step(Reader *r, unsigned char op)
{
    Pickle ignored;
    switch (op) {
    case 0x80: return skip(r, 1); /* PROTO */
    case 0x95: return skip(r, 8); /* FRAME */
    case '(': return push(r, (Pickle){ .kind = PICKLE_MARK });
    case 'N': return push(r, (Pickle){ .kind = PICKLE_NONE });
    case 0x88:
    case 0x89: return push(r, (Pickle){ .kind = PICKLE_BOOL, .integer = op == 0x88 });
    case 'J': return push_integer(r, 4);
    case 'K': return push_integer(r, 1);
    case 'M': return push_integer(r, 2);
    case 0x8A: return push_long(r);
    case 'G': return push_real(r);
    case 'X':
    case 'T': return push_text(r, 4);
    case 0x8C:
    case 'U': return push_text(r, 1);
    case '}': return push(r, collection(r, PICKLE_DICT));
    case ']': return push(r, collection(r, PICKLE_LIST));
    case ')': return push(r, collection(r, PICKLE_TUPLE));
    case 't': return collect(r, PICKLE_TUPLE);
    case 0x85: return small_tuple(r, 1);
    case 0x86: return small_tuple(r, 2);
    case 0x87: return small_tuple(r, 3);
    case 's': return set_one(r, PICKLE_DICT);
    case 'u': return extend(r, PICKLE_DICT);
    case 'a': return set_one(r, PICKLE_LIST);
    case 'e': return extend(r, PICKLE_LIST);
    case 'q': return memo_put(r, 1);
    case 'r': return memo_put(r, 4);
    case 0x94: return memo_put(r, 0);
    case 'h': return memo_get(r, 1);
    case 'j': return memo_get(r, 4);
    case 'c': return import_name(r);
    case 0x93: return stack_name(r);
    case 'Q': return push_storage(r);
    case 'R': return reduce(r);
    case 'b': return pop(r, &ignored); /* BUILD: attributes, which carry nothing of use */
    default:
        return err_set(SORA_E_UNSUPPORTED,
                       "%s: the pickle has an operation (0x%02X) that torch.save does not write",
                       r->name, op);
    }
}

SoraStatus pickle_read(Slice bytes, const char *name, Arena *a, Pickle *out)
{
    if (bytes.size > PICKLE_BYTES_MAX)
        return err_set(SORA_E_FORMAT, "%s: the pickle has %zu bytes, at most %d are read", name,
                       bytes.size, PICKLE_BYTES_MAX);
    Reader r = { .name = name, .a = a, .at = bytes.bytes, .end = bytes.bytes + bytes.size };
    while (r.at < r.end) {
        unsigned char op = *r.at++;
        if (op == '.') return pop(&r, out);
        TRY(step(&r, op));
    }
    return damaged(&r, "it has no end");
}
