#include "model/pth.h"

#include <string.h>

#include "base/size.h"
#include "base/utf8.h"
#include "model/pth_pickle.h"
#include "model/pth_zip.h"
#include "model/weights_kinds.h"

enum { DEPTH_MAX = 8, TENSORS_MAX = 1 << 17, VISITS_MAX = 1 << 18, NAME_BYTES_MAX = 1024 };

bool pth_fits(const unsigned char *head, size_t size)
{
    return size >= 4 && head[0] == 'P' && head[1] == 'K' &&
           ((head[2] == 3 && head[3] == 4) || (head[2] == 5 && head[3] == 6));
}

typedef struct Reader {
    const char *name;
    Arena *a;
    Zip zip;
    const char *folder; /* "archive/", what all members begin with */
    Pth *out;
    size_t room, visits;
    size_t copies; /* bytes that may still be copied: what is not contiguous */
} Reader;

static const ZipMember *member(const Reader *r, const char *name, int bytes)
{
    ArenaMark mark = arena_mark(r->a);
    const ZipMember *m = zip_find(&r->zip, arena_printf(r->a, "%s%.*s", r->folder, bytes, name));
    arena_rewind(r->a, mark);
    return m;
}

/* ---- tensors ----------------------------------------------------------------------------- */

static SoraStatus read_shape(const Reader *r, const char *name, const PickleTensor *t,
                             size_t *stride, Tensor *x)
{
    size_t rank = t->size->count;
    if (rank > TENSOR_RANK_MAX || t->stride->count != rank)
        return err_set(SORA_E_FORMAT, "%s: %.200s has %zu dimensions and %zu strides, at most %d",
                       r->name, name, rank, t->stride->count, TENSOR_RANK_MAX);
    x->rank = (int)rank;
    for (size_t i = 0; i < TENSOR_RANK_MAX; i++) x->shape[i] = 1;
    for (size_t i = 0; i < rank; i++) {
        const Pickle *n = &t->size->item[i], *s = &t->stride->item[i];
        if (n->kind != PICKLE_INTEGER || s->kind != PICKLE_INTEGER || n->integer < 0 ||
            s->integer < 0)
            return err_set(SORA_E_FORMAT,
                           "%s: %.200s has a size or a stride that is no number from 0 on", r->name,
                           name);
        x->shape[i] = (size_t)n->integer;
        stride[i] = (size_t)s->integer;
    }
    return SORA_OK;
}

/* The bytes of a storage: a member of the archive, of at least the size announced. */
static SoraStatus find_storage(const Reader *r, const char *name, const PickleTensor *t, Slice *out)
{
    const PickleStorage *s = t->storage;
    Slice key = s->key;
    size_t bytes;
    char path[80];
    if (key.size > 64 || memchr(key.bytes, 0, key.size))
        return err_set(SORA_E_FORMAT, "%s: %.200s names no storage", r->name, name);
    int n = snprintf(path, sizeof path, "data/%.*s", (int)key.size, (const char *)key.bytes);
    const ZipMember *m = member(r, path, n);
    if (!m)
        return err_set(SORA_E_FORMAT, "%s: %.200s is in member %s, which does not exist", r->name,
                       name, path);
    if (!m->bytes.bytes)
        return err_set(SORA_E_UNSUPPORTED, "%s: %s is compressed, only stored members can be read",
                       r->name, path);
    if (s->count < 0 || !size_mul((size_t)s->count, type_block_bytes(s->type), &bytes) ||
        bytes > m->bytes.size)
        return err_set(SORA_E_FORMAT, "%s: %s has %zu bytes, %lld numbers of %s are announced",
                       r->name, path, m->bytes.size, (long long)s->count, type_name(s->type));
    *out = (Slice){ m->bytes.bytes, bytes };
    return SORA_OK;
}

/* One past the last number a view reaches; 0 when it has none. */
static bool view_end(const Tensor *x, const size_t *stride, size_t offset, size_t *end)
{
    *end = 0;
    size_t last = offset, far;
    for (int i = 0; i < x->rank; i++) {
        if (!x->shape[i]) return true;
        if (!size_mul(x->shape[i] - 1, stride[i], &far) || !size_add(last, far, &last))
            return false;
    }
    return size_add(last, 1, end);
}

static bool is_contiguous(const Tensor *x, const size_t *stride)
{
    size_t step = 1;
    for (int i = x->rank - 1; i >= 0; i--) {
        if (x->shape[i] != 1 && stride[i] != step) return false;
        step *= x->shape[i];
    }
    return true;
}

/* Numbers of a view in order, from wherever their strides lead. */
static void gather(char *y, const char *from, const Tensor *x, const size_t *stride, size_t width)
{
    size_t at[TENSOR_RANK_MAX] = { 0 }, place = 0;
    for (size_t i = tensor_count(x); i > 0; i--, y += width) {
        memcpy(y, from + place * width, width);
        for (int d = x->rank - 1; d >= 0; d--) {
            place += stride[d];
            if (++at[d] < x->shape[d]) break;
            place -= at[d] * stride[d];
            at[d] = 0;
        }
    }
}

static SoraStatus copy_view(Reader *r, const char *name, Tensor *x, const size_t *stride,
                            const char *from, size_t bytes)
{
    void *y;
    if (bytes > r->copies)
        return err_set(SORA_E_UNSUPPORTED,
                       "%s: %.200s is a view that repeats the numbers of the file", r->name, name);
    r->copies -= bytes;
    TRY(arena_try(r->a, bytes, &y));
    gather(y, from, x, stride, type_block_bytes(x->type));
    x->data = y;
    return SORA_OK;
}

static SoraStatus read_tensor(Reader *r, const char *name, const PickleTensor *t, Tensor *x)
{
    size_t stride[TENSOR_RANK_MAX], bytes, end;
    Slice storage = { 0 };
    *x = (Tensor){ .type = t->type };
    TRY(read_shape(r, name, t, stride, x));
    TRY(find_storage(r, name, t, &storage));
    size_t width = type_block_bytes(x->type);
    TRY(err_while(tensor_bytes(x->type, x->rank, x->shape, &bytes), "reading %s: %.200s", r->name,
                  name));
    if (t->offset < 0 || !view_end(x, stride, (size_t)t->offset, &end) ||
        end > storage.size / width)
        return err_set(SORA_E_FORMAT, "%s: %.200s reaches beyond the %zu numbers of its storage",
                       r->name, name, storage.size / width);
    const char *from = (const char *)storage.bytes + (bytes ? (size_t)t->offset * width : 0);
    x->data = (void *)from;
    if (!bytes || (is_contiguous(x, stride) && (uintptr_t)from % width == 0)) return SORA_OK;
    return copy_view(r, name, x, stride, from, bytes);
}

static SoraStatus add_tensor(Reader *r, const char *name, const PickleTensor *t)
{
    Pth *p = r->out;
    if (p->count == TENSORS_MAX)
        return err_set(SORA_E_FORMAT, "%s holds more than %d tensors", r->name, TENSORS_MAX);
    if (p->count == r->room) {
        r->room = r->room ? 2 * r->room : 64;
        PthTensor *larger = arena_alloc(r->a, r->room * sizeof *larger);
        if (p->count) memcpy(larger, p->tensor, p->count * sizeof *larger);
        p->tensor = larger;
    }
    p->tensor[p->count].name = name;
    return read_tensor(r, name, t, &p->tensor[p->count++].tensor);
}

/* ---- dictionaries ------------------------------------------------------------------------ */

static SoraStatus join(Reader *r, const char *prefix, Slice key, const char **out)
{
    if (!key.size || key.size + strlen(prefix) > NAME_BYTES_MAX || memchr(key.bytes, 0, key.size))
        return err_set(SORA_E_FORMAT, "%s: a name is empty, too long or has a zero byte", r->name);
    TRY(err_while(utf8_check((const char *)key.bytes, key.size), "reading a name in %s", r->name));
    *out = arena_printf(r->a, "%s%s%.*s", prefix, *prefix ? "." : "", (int)key.size,
                        (const char *)key.bytes);
    return SORA_OK;
}

static SoraStatus walk(Reader *r, const PickleItems *dict, const char *prefix, int depth)
{
    if (depth == DEPTH_MAX)
        return err_set(SORA_E_FORMAT, "%s: dictionaries in dictionaries, more than %d deep",
                       r->name, DEPTH_MAX);
    for (size_t i = 0; i + 1 < dict->count; i += 2) {
        const Pickle *key = &dict->item[i], *v = &dict->item[i + 1];
        const char *name = "";
        if (r->visits++ > VISITS_MAX)
            return err_set(SORA_E_FORMAT, "%s: too many entries", r->name);
        if (key->kind != PICKLE_TEXT) continue;
        if (v->kind != PICKLE_TENSOR && v->kind != PICKLE_DICT) continue;
        TRY(join(r, prefix, key->text, &name));
        if (v->kind == PICKLE_TENSOR) TRY(add_tensor(r, name, v->tensor));
        if (v->kind == PICKLE_DICT) TRY(walk(r, v->items, name, depth + 1));
    }
    return SORA_OK;
}

/* Takes off what all names begin with because their dictionary lies in another one. */
static void unwrap(const Pth *p, const PickleItems *root)
{
    while (p->count) {
        const char *first = p->tensor[0].name;
        bool wrapped = false;
        size_t n = 0;
        for (size_t i = 0; i + 1 < root->count && !wrapped; i += 2) {
            const Pickle *key = &root->item[i], *v = &root->item[i + 1];
            n = key->text.size;
            wrapped = key->kind == PICKLE_TEXT && v->kind == PICKLE_DICT &&
                      strncmp(first, (const char *)key->text.bytes, n) == 0 && first[n] == '.';
            if (wrapped) root = v->items;
        }
        for (size_t i = 0; wrapped && i < p->count; i++)
            wrapped = strncmp(p->tensor[i].name, first, n + 1) == 0;
        if (!wrapped) return;
        for (size_t i = 0; i < p->count; i++) p->tensor[i].name += n + 1;
    }
}

/* ---- the archive ------------------------------------------------------------------------- */

static SoraStatus find_pickle(Reader *r, Slice *out)
{
    static const char file[] = "data.pkl";
    for (size_t i = 0; i < r->zip.count; i++) {
        const char *name = r->zip.member[i].name, *slash = strrchr(name, '/');
        if (strcmp(slash ? slash + 1 : name, file) != 0) continue;
        if (!r->zip.member[i].bytes.bytes)
            return err_set(SORA_E_UNSUPPORTED, "%s: %.200s is compressed", r->name, name);
        r->folder = arena_printf(r->a, "%.*s", (int)(strlen(name) - strlen(file)), name);
        *out = r->zip.member[i].bytes;
        return SORA_OK;
    }
    return err_set(SORA_E_FORMAT, "%s is a ZIP archive without data.pkl, no checkpoint of PyTorch",
                   r->name);
}

SoraStatus pth_read(Slice map, const char *name, Arena *a, Pth *out)
{
    static const char old[] = "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.";
    Reader r = { .name = name, .a = a, .out = out, .copies = map.size };
    Slice bytes;
    Pickle root;
    memset(out, 0, sizeof *out);
    if (map.size > sizeof old && memcmp(map.bytes, old, sizeof old - 1) == 0)
        return err_set(SORA_E_UNSUPPORTED,
                       "%s was written by PyTorch before 1.6; save it again with a newer one",
                       name);
    TRY(zip_read(map, name, a, &r.zip));
    TRY(find_pickle(&r, &bytes));
    const ZipMember *order = member(&r, "byteorder", 9);
    if (order && order->bytes.size >= 3 && memcmp(order->bytes.bytes, "big", 3) == 0)
        return err_set(SORA_E_UNSUPPORTED, "%s was written on a big-endian machine", name);
    TRY(pickle_read(bytes, name, a, &root));
    if (root.kind != PICKLE_DICT)
        return err_set(SORA_E_FORMAT, "%s holds no dictionary of tensors", name);
    TRY(walk(&r, root.items, "", 0));
    unwrap(out, root.items);
    return SORA_OK;
}

SoraStatus weights_read_pth(const char *path, Weights *w)
{
    Slice map;
    Pth p;
    TRY(file_map(path, &map));
    weights_keep(w, map);
    TRY(pth_read(map, path, weights_arena(w), &p));
    for (size_t i = 0; i < p.count; i++) weights_add(w, p.tensor[i].name, &p.tensor[i].tensor);
    return SORA_OK;
}
