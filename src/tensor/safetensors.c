#include "tensor/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/size.h"

enum { LENGTH_BYTES = 8, HEADER_MAX = 100 << 20, ALIGN = 64 };

static const struct {
    const char *name;
    Type type;
} dtypes[] = {
    { "F32", TYPE_F32 }, { "BF16", TYPE_BF16 },       { "F16", TYPE_F16 },
    { "F64", TYPE_F64 }, { "F8_E4M3", TYPE_F8_E4M3 }, { "F8_E5M2", TYPE_F8_E5M2 },
    { "I64", TYPE_I64 }, { "I32", TYPE_I32 },         { "I16", TYPE_I16 },
    { "I8", TYPE_I8 },   { "U8", TYPE_U8 },           { "BOOL", TYPE_BOOL },
};
enum { DTYPES = sizeof dtypes / sizeof dtypes[0] };

/* ---- reading --------------------------------------------------------------------------- */

/* A tensor while its place in the file is checked. */
typedef struct Place {
    size_t begin, end;
} Place;

typedef struct Reader {
    const char *path;
    Arena *a;
    Slice data; /* what the offsets count in */
    Safetensors *st;
    Place *place;
} Reader;

static SoraStatus read_header(const char *path, Slice map, Arena *a, const Json **root, Slice *data)
{
    if (map.size < LENGTH_BYTES)
        return err_set(SORA_E_FORMAT, "%s has %zu bytes, too few for a safetensors file", path,
                       map.size);
    uint64_t length = 0;
    for (int i = 0; i < LENGTH_BYTES; i++) length |= (uint64_t)map.bytes[i] << (8 * i);
    if (length > HEADER_MAX || length > map.size - LENGTH_BYTES)
        return err_set(SORA_E_FORMAT,
                       "%s: a header of %llu bytes is announced, the file has %zu after it (is it "
                       "cut, or no safetensors file?)",
                       path, (unsigned long long)length, map.size - LENGTH_BYTES);
    const char *text = (const char *)map.bytes + LENGTH_BYTES;
    if (length == 0 || text[0] != '{')
        return err_set(SORA_E_FORMAT, "%s: the header is no JSON object", path);
    *data = (Slice){ map.bytes + LENGTH_BYTES + length, map.size - LENGTH_BYTES - length };
    return json_parse(text, (size_t)length, path, a, root);
}

static SoraStatus read_sizes(const Reader *r, const char *name, const Json *list, const char *what,
                             size_t *out, size_t most, size_t *count)
{
    bool sound = list && list->kind == JSON_IS_ARRAY && list->count <= most;
    for (size_t i = 0; sound && i < list->count; i++) {
        sound = list->item[i].kind == JSON_IS_INTEGER && list->item[i].integer >= 0;
        out[i] = (size_t)list->item[i].integer;
    }
    if (!sound)
        return err_set(SORA_E_FORMAT, "%s: %.200s: %s must be a list of at most %zu sizes", r->path,
                       name, what, most);
    *count = list->count;
    return SORA_OK;
}

static SoraStatus read_type(const Reader *r, const char *name, const Json *entry, Type *out)
{
    const char *dtype = json_text(entry, "dtype");
    for (size_t i = 0; dtype && i < DTYPES; i++)
        if (strcmp(dtypes[i].name, dtype) == 0) {
            *out = dtypes[i].type;
            return SORA_OK;
        }
    return err_set(SORA_E_FORMAT, "%s: %.200s has dtype %s, expected F32, BF16, F16 and the like",
                   r->path, name, dtype ? dtype : "(none)");
}

static SoraStatus read_entry(Reader *r, const Json *entry)
{
    SafetensorsEntry *e = &r->st->entry[r->st->count];
    Place *p = &r->place[r->st->count++];
    size_t rank = 0, n = 0, offsets[2] = { 0 }, bytes;
    e->name = entry->key;
    TRY(read_type(r, e->name, entry, &e->tensor.type));
    TRY(read_sizes(r, e->name, json_get(entry, "shape"), "shape", e->tensor.shape, TENSOR_RANK_MAX,
                   &rank));
    TRY(read_sizes(r, e->name, json_get(entry, "data_offsets"), "data_offsets", offsets, 2, &n));
    e->tensor.rank = (int)rank;
    for (size_t i = rank; i < TENSOR_RANK_MAX; i++) e->tensor.shape[i] = 1;
    TRY(err_while(tensor_bytes(e->tensor.type, (int)rank, e->tensor.shape, &bytes),
                  "reading %s: %.200s", r->path, e->name));
    if (n != 2 || offsets[0] > offsets[1] || offsets[1] > r->data.size)
        return err_set(SORA_E_FORMAT, "%s: %.200s lies outside the file (is it cut?)", r->path,
                       e->name);
    if (offsets[1] - offsets[0] != bytes)
        return err_set(SORA_E_FORMAT, "%s: %.200s has %zu bytes, its shape needs %zu", r->path,
                       e->name, offsets[1] - offsets[0], bytes);
    *p = (Place){ offsets[0], offsets[1] };
    e->tensor.data = (void *)(r->data.bytes + offsets[0]);
    return SORA_OK;
}

static SoraStatus read_metadata(Reader *r, const Json *object)
{
    if (object->kind != JSON_IS_OBJECT)
        return err_set(SORA_E_FORMAT, "%s: __metadata__ is no object", r->path);
    r->st->meta = arena_zero(r->a, object->count * sizeof *r->st->meta);
    for (size_t i = 0; i < object->count; i++) {
        const Json *m = &object->item[i];
        if (m->kind != JSON_IS_STRING)
            return err_set(SORA_E_FORMAT, "%s: metadata %.200s is no text", r->path, m->key);
        r->st->meta[r->st->meta_count++] = (SafetensorsMeta){ m->key, m->string };
    }
    return SORA_OK;
}

static int by_place(const void *a, const void *b)
{
    const Place *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* The data is exactly the tensors: no holes, no overlap, nothing behind. */
static SoraStatus check_places(Reader *r)
{
    size_t at = 0;
    qsort(r->place, r->st->count, sizeof *r->place, by_place);
    for (size_t i = 0; i < r->st->count; at = r->place[i++].end)
        if (r->place[i].begin != at)
            return err_set(SORA_E_FORMAT, "%s: tensors %s at byte %zu of the data", r->path,
                           r->place[i].begin < at ? "overlap" : "leave a hole", at);
    if (at != r->data.size)
        return err_set(SORA_E_FORMAT, "%s: %zu bytes behind the last tensor belong to nothing",
                       r->path, r->data.size - at);
    return SORA_OK;
}

/* Kernels want numbers at multiples of their size; a file that has them elsewhere is copied. */
static SoraStatus align_entry(Reader *r, Tensor *x)
{
    size_t bytes;
    TRY(tensor_bytes(x->type, x->rank, x->shape, &bytes));
    if ((uintptr_t)x->data % type_block_bytes(x->type) == 0 || bytes == 0) return SORA_OK;
    void *copy;
    TRY(arena_try(r->a, bytes, &copy));
    memcpy(copy, x->data, bytes);
    x->data = copy;
    return SORA_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const SafetensorsEntry *)a)->name, ((const SafetensorsEntry *)b)->name);
}

static SoraStatus read_all(Reader *r)
{
    const Json *root;
    TRY(read_header(r->path, r->st->map, r->a, &root, &r->data));
    r->st->entry = arena_zero(r->a, root->count * sizeof *r->st->entry);
    r->place = arena_zero(r->a, root->count * sizeof *r->place);
    for (size_t i = 0; i < root->count; i++) {
        if (strcmp(root->item[i].key, "__metadata__") == 0)
            TRY(read_metadata(r, &root->item[i]));
        else
            TRY(read_entry(r, &root->item[i]));
    }
    TRY(check_places(r));
    for (size_t i = 0; i < r->st->count; i++) TRY(align_entry(r, &r->st->entry[i].tensor));
    qsort(r->st->entry, r->st->count, sizeof *r->st->entry, by_name);
    return SORA_OK;
}

SoraStatus safetensors_open(const char *path, Arena *a, Safetensors *out)
{
    memset(out, 0, sizeof *out);
    TRY(file_map(path, &out->map));
    Reader r = { .path = path, .a = a, .st = out };
    SoraStatus s = read_all(&r);
    if (s != SORA_OK) safetensors_close(out);
    return s;
}

void safetensors_close(Safetensors *st)
{
    file_unmap(st->map);
    memset(st, 0, sizeof *st);
}

const Tensor *safetensors_find(const Safetensors *st, const char *name)
{
    SafetensorsEntry key = { .name = name };
    SafetensorsEntry *e =
        st->count ? bsearch(&key, st->entry, st->count, sizeof key, by_name) : NULL;
    return e ? &e->tensor : NULL;
}

const char *safetensors_metadata(const Safetensors *st, const char *key)
{
    for (size_t i = 0; i < st->meta_count; i++)
        if (strcmp(st->meta[i].key, key) == 0) return st->meta[i].value;
    return NULL;
}

/* ---- writing --------------------------------------------------------------------------- */

static const char *dtype_of(Type t)
{
    for (size_t i = 0; i < DTYPES; i++)
        if (dtypes[i].type == t) return dtypes[i].name;
    return NULL;
}

static SoraStatus write_entry(JsonWriter *w, const SafetensorsEntry *e, size_t *at)
{
    const Tensor *x = &e->tensor;
    size_t bytes;
    if (!dtype_of(x->type))
        return err_set(SORA_E_UNSUPPORTED, "%s is %s, which safetensors cannot hold", e->name,
                       type_name(x->type));
    TRY(tensor_bytes(x->type, x->rank, x->shape, &bytes));
    json_begin(w, e->name, '{');
    json_put_text(w, "dtype", dtype_of(x->type));
    json_begin(w, "shape", '[');
    for (int i = 0; i < x->rank; i++) json_put_integer(w, NULL, (int64_t)x->shape[i]);
    json_end(w, ']');
    json_begin(w, "data_offsets", '[');
    json_put_integer(w, NULL, (int64_t)*at);
    json_put_integer(w, NULL, (int64_t)(*at += bytes));
    json_end(w, ']');
    json_end(w, '}');
    return SORA_OK;
}

static SoraStatus write_header(JsonWriter *w, const SafetensorsEntry *entry, size_t count,
                               const SafetensorsMeta *meta, size_t meta_count)
{
    size_t at = 0;
    json_begin(w, NULL, '{');
    if (meta_count) {
        json_begin(w, "__metadata__", '{');
        for (size_t i = 0; i < meta_count; i++) json_put_text(w, meta[i].key, meta[i].value);
        json_end(w, '}');
    }
    for (size_t i = 0; i < count; i++) TRY(write_entry(w, &entry[i], &at));
    json_end(w, '}');
    return SORA_OK;
}

static SoraStatus put_header(FileWriter *f, const JsonWriter *w)
{
    static const char spaces[ALIGN + 1] =
        "                                                                ";
    size_t padded = size_round_up(LENGTH_BYTES + w->size, ALIGN) - LENGTH_BYTES;
    unsigned char length[LENGTH_BYTES];
    for (int i = 0; i < LENGTH_BYTES; i++) length[i] = (unsigned char)(padded >> (8 * i));
    TRY(file_put(f, length, sizeof length));
    TRY(file_put(f, w->text, w->size));
    return file_put(f, spaces, padded - w->size);
}

SoraStatus safetensors_put_header(FileWriter *f, const SafetensorsEntry *entry, size_t count,
                                  const SafetensorsMeta *meta, size_t meta_count)
{
    Arena *a = arena_new("header", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory to write a header");
    JsonWriter w = json_writer(a);
    SoraStatus s = write_header(&w, entry, count, meta, meta_count);
    if (s == SORA_OK) s = put_header(f, &w);
    arena_free(a);
    return s;
}

static SoraStatus put_all(FileWriter *f, const JsonWriter *w, const SafetensorsEntry *entry,
                          size_t count)
{
    TRY(put_header(f, w));
    for (size_t i = 0; i < count; i++) {
        const Tensor *x = &entry[i].tensor;
        size_t bytes;
        TRY(tensor_bytes(x->type, x->rank, x->shape, &bytes));
        if (bytes) TRY(file_put(f, x->data, bytes));
    }
    return SORA_OK;
}

SoraStatus safetensors_write(const char *path, const SafetensorsEntry *entry, size_t count,
                             const SafetensorsMeta *meta, size_t meta_count)
{
    Arena *a = arena_new("header", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory to write %s", path);
    JsonWriter w = json_writer(a);
    FileWriter f;
    SoraStatus s = write_header(&w, entry, count, meta, meta_count);
    if (s == SORA_OK) s = file_begin(path, &f);
    if (s == SORA_OK) {
        s = put_all(&f, &w, entry, count);
        if (s == SORA_OK)
            s = file_commit(&f);
        else
            file_abort(&f);
    }
    arena_free(a);
    return err_while(s, "writing %s", path);
}
