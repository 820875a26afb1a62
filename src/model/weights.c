#define _GNU_SOURCE
#include "model/weights.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "model/gguf.h"
#include "model/pth.h"
#include "model/weights_kinds.h"
#include "tensor/safetensors.h"

enum { INDEX_MAX = 64 << 20, FOLDER_FILES_MAX = 4096 };

typedef struct Entry {
    const char *name;
    Tensor tensor;
    size_t file; /* which one it came from */
} Entry;

struct Weights {
    Arena *a;
    const char *path, *kind;
    Entry *entry; /* sorted by name once all files are read */
    size_t count, room;
    SafetensorsMeta *meta;
    size_t meta_count, meta_room;
    Slice map[WEIGHTS_FILES_MAX];
    size_t maps, files;
    const char *file[WEIGHTS_FILES_MAX];
};

/* ---- what readers call ------------------------------------------------------------------- */

Arena *weights_arena(Weights *w)
{
    return w->a;
}

void weights_keep(Weights *w, Slice map)
{
    w->map[w->maps++] = map; /* one a file, and files are counted before they are read */
}

static void *grow(Arena *a, void *from, size_t count, size_t *room, size_t size)
{
    if (count < *room) return from;
    *room = *room ? 2 * *room : 64;
    void *to = arena_alloc(a, *room * size);
    if (count) memcpy(to, from, count * size);
    return to;
}

void weights_add(Weights *w, const char *name, const Tensor *x)
{
    w->entry = grow(w->a, w->entry, w->count, &w->room, sizeof *w->entry);
    w->entry[w->count++] = (Entry){ name, *x, w->files - 1 };
}

void weights_add_metadata(Weights *w, const char *key, const char *value)
{
    w->meta = grow(w->a, w->meta, w->meta_count, &w->meta_room, sizeof *w->meta);
    w->meta[w->meta_count++] = (SafetensorsMeta){ key, value };
}

/* ---- safetensors ------------------------------------------------------------------------- */

SoraStatus weights_read_safetensors(const char *path, Weights *w)
{
    Safetensors st;
    TRY(safetensors_open(path, w->a, &st));
    weights_keep(w, st.map);
    for (size_t i = 0; i < st.count; i++) weights_add(w, st.entry[i].name, &st.entry[i].tensor);
    for (size_t i = 0; i < st.meta_count; i++)
        weights_add_metadata(w, st.meta[i].key, st.meta[i].value);
    return SORA_OK;
}

static bool any_file(const unsigned char *head, size_t size)
{
    (void)head, (void)size;
    return true;
}

const WeightsReader weights_readers[] = {
    { "gguf", gguf_fits, weights_read_gguf },
    { "pth", pth_fits, weights_read_pth },
    { "safetensors", any_file, weights_read_safetensors },
    { NULL, NULL, NULL },
};

/* ---- opening ----------------------------------------------------------------------------- */

static SoraStatus read_head(const char *path, unsigned char *head, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (!f) return err_set(SORA_E_IO, "cannot open %s: %s", path, strerror(errno));
    *size = fread(head, 1, WEIGHTS_HEAD, f);
    fclose(f);
    return SORA_OK;
}

static SoraStatus read_file(Weights *w, const char *path)
{
    unsigned char head[WEIGHTS_HEAD];
    size_t size = 0;
    if (w->files == WEIGHTS_FILES_MAX)
        return err_set(SORA_E_FORMAT, "%s: more than %d files", w->path, WEIGHTS_FILES_MAX);
    TRY(read_head(path, head, &size));
    const WeightsReader *r = weights_readers;
    while (!r->fits(head, size)) r++;
    if (!w->kind) w->kind = r->kind;
    w->file[w->files++] = path;
    return r->read(path, w);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Entry *)a)->name, ((const Entry *)b)->name);
}

static SoraStatus sort(Weights *w)
{
    if (w->count) qsort(w->entry, w->count, sizeof *w->entry, by_name);
    for (size_t i = 1; i < w->count; i++)
        if (strcmp(w->entry[i - 1].name, w->entry[i].name) == 0)
            return err_set(SORA_E_FORMAT, "%.200s is both in %s and in %s", w->entry[i].name,
                           w->file[w->entry[i - 1].file], w->file[w->entry[i].file]);
    return SORA_OK;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* "folder/file" of the folder that `path` lies in. */
static const char *beside(const char *path, const char *file, Arena *a)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_printf(a, "%.*s/%s", (int)(slash - path), path, file) : file;
}

static SoraStatus read_json(const char *path, Arena *a, const Json **out)
{
    Slice text;
    TRY(file_read(path, INDEX_MAX, a, &text));
    return json_parse((const char *)text.bytes, text.size, path, a, out);
}

/* The file names in an index, each once. They must be plain names: nobody reads elsewhere. */
static SoraStatus index_shards(const char *path, const Json *root, Arena *a, const char ***out,
                               size_t *count)
{
    const Json *map = json_get(root, "weight_map");
    if (!map || map->kind != JSON_IS_OBJECT || !map->count)
        return err_set(SORA_E_FORMAT, "%s has no \"weight_map\" of names and files", path);
    const char **shard = arena_alloc(a, WEIGHTS_FILES_MAX * sizeof *shard);
    *count = 0;
    for (size_t i = 0; i < map->count; i++) {
        const char *file = map->item[i].string;
        if (map->item[i].kind != JSON_IS_STRING || !*file || *file == '.' || strchr(file, '/'))
            return err_set(SORA_E_FORMAT, "%s: %.200s is not said to be in a file of its folder",
                           path, map->item[i].key);
        size_t at = 0;
        while (at < *count && strcmp(shard[at], file) != 0) at++;
        if (at < *count) continue;
        if (*count == WEIGHTS_FILES_MAX)
            return err_set(SORA_E_FORMAT, "%s names more than %d files", path, WEIGHTS_FILES_MAX);
        shard[(*count)++] = file;
    }
    *out = shard;
    return SORA_OK;
}

/* An index and its shards say the same. */
static SoraStatus check_index(const Weights *w, const Json *root)
{
    const Json *map = json_get(root, "weight_map");
    for (size_t i = 0; i < map->count; i++) {
        const char *name = map->item[i].key, *file = map->item[i].string;
        size_t at = weights_place(w, name);
        if (at == w->count)
            return err_set(SORA_E_FORMAT, "%s says that %.200s is in %s, which does not hold it",
                           w->path, name, file);
        if (!ends_with(w->file[w->entry[at].file], file))
            return err_set(SORA_E_FORMAT, "%s says that %.200s is in %s, it is in %s", w->path,
                           name, file, w->file[w->entry[at].file]);
    }
    if (w->count > map->count)
        return err_set(SORA_E_FORMAT, "%s lists %zu tensors, its files hold %zu", w->path,
                       map->count, w->count);
    return SORA_OK;
}

static SoraStatus read_index(Weights *w)
{
    const Json *root;
    const char **shard;
    size_t shards;
    TRY(read_json(w->path, w->a, &root));
    TRY(index_shards(w->path, root, w->a, &shard, &shards));
    for (size_t i = 0; i < shards; i++)
        TRY(err_while(read_file(w, beside(w->path, shard[i], w->a)), "reading the files of %s",
                      w->path));
    TRY(sort(w));
    return check_index(w, root);
}

static SoraStatus open_set(Weights *w, const char *path)
{
    if (file_is_folder(path)) {
        const char **found;
        size_t count;
        TRY(weights_list(path, w->a, &found, &count));
        if (count != 1)
            return err_set(SORA_E_FORMAT, "%s holds %s", path,
                           count ? "several files with weights; name one of them"
                                 : "no file with weights (.safetensors, .pth, .gguf)");
        path = found[0];
    }
    w->path = path;
    if (ends_with(path, ".index.json")) return read_index(w);
    TRY(read_file(w, path));
    return sort(w);
}

SoraStatus weights_open(const char *path, Arena *a, Weights **out)
{
    Weights *w = arena_zero(a, sizeof *w);
    w->a = a;
    SoraStatus s = open_set(w, arena_strdup(a, path));
    if (s == SORA_OK) s = weights_join_scales(w);
    if (s == SORA_OK)
        *out = w;
    else
        weights_close(w);
    return s;
}

void weights_close(Weights *w)
{
    if (!w) return;
    for (size_t i = 0; i < w->maps; i++) file_unmap(w->map[i]);
    w->maps = 0;
}

/* ---- what an opened set answers ---------------------------------------------------------- */

size_t weights_place(const Weights *w, const char *name)
{
    Entry key = { .name = name };
    const Entry *e = w->count ? bsearch(&key, w->entry, w->count, sizeof key, by_name) : NULL;
    return e ? (size_t)(e - w->entry) : w->count;
}

const Tensor *weights_find(const Weights *w, const char *name)
{
    size_t i = weights_place(w, name);
    return i < w->count ? &w->entry[i].tensor : NULL;
}

const Tensor *weights_lookup(void *weights, const char *name)
{
    return weights_find(weights, name);
}

void weights_replace(Weights *w, size_t i, const Tensor *x)
{
    w->entry[i].tensor = *x;
}

void weights_forget(Weights *w, size_t i)
{
    const Tensor *x = &w->entry[i].tensor;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)x->data;
    size_t bytes;
    if (tensor_bytes(x->type, x->rank, x->shape, &bytes) != SORA_OK) return;
    uintptr_t first = (start + page - 1) / page * page, end = (start + bytes) / page * page;
    for (size_t m = 0; m < w->maps && end > first; m++) {
        uintptr_t map = (uintptr_t)w->map[m].bytes;
        if (start >= map && start + bytes <= map + w->map[m].size)
            madvise((void *)first, end - first, MADV_DONTNEED);
    }
}

void weights_drop(Weights *w, const bool *drop)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->count; i++)
        if (!drop[i]) w->entry[kept++] = w->entry[i];
    w->count = kept;
}

size_t weights_count(const Weights *w)
{
    return w->count;
}

const char *weights_name(const Weights *w, size_t i)
{
    return w->entry[i].name;
}

const Tensor *weights_at(const Weights *w, size_t i)
{
    return &w->entry[i].tensor;
}

const char *weights_metadata(const Weights *w, const char *key)
{
    for (size_t i = 0; i < w->meta_count; i++)
        if (strcmp(w->meta[i].key, key) == 0) return w->meta[i].value;
    return NULL;
}

size_t weights_metadata_count(const Weights *w)
{
    return w->meta_count;
}

void weights_metadata_at(const Weights *w, size_t i, const char **key, const char **value)
{
    *key = w->meta[i].key;
    *value = w->meta[i].value;
}

const char *weights_path(const Weights *w)
{
    return w->path;
}

const char *weights_kind(const Weights *w)
{
    return w->kind;
}

size_t weights_files(const Weights *w)
{
    return w->files;
}

size_t weights_bytes(const Weights *w)
{
    size_t bytes = 0;
    for (size_t i = 0; i < w->maps; i++) bytes += w->map[i].size;
    return bytes;
}

bool weights_is_mapped(const Weights *w, const void *data)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < w->maps; i++)
        if (at >= w->map[i].bytes && at < w->map[i].bytes + w->map[i].size) return true;
    return false;
}

/* ---- folders ------------------------------------------------------------------------------ */

bool weights_is_name(const char *path)
{
    static const char *const ending[] = { ".safetensors", ".pth", ".pt",        ".gguf",
                                          ".sft",         ".bin", ".index.json" };
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (ends_with(path, ending[i])) return true;
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static SoraStatus read_folder(const char *folder, Arena *a, const char **name, size_t *count)
{
    DIR *d = opendir(folder);
    if (!d) return err_set(SORA_E_IO, "cannot open %s: %s", folder, strerror(errno));
    *count = 0;
    for (struct dirent *e; *count < FOLDER_FILES_MAX && (e = readdir(d));)
        if (e->d_name[0] != '.' && weights_is_name(e->d_name))
            name[(*count)++] = arena_strdup(a, e->d_name);
    closedir(d);
    if (*count) qsort(name, *count, sizeof *name, by_text);
    return SORA_OK;
}

/* Takes the shards of every index out of a list of names. */
static SoraStatus drop_shards(const char *folder, Arena *a, const char **name, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!name[i] || !ends_with(name[i], ".index.json")) continue;
        const char *path = arena_printf(a, "%s/%s", folder, name[i]), **shard;
        const Json *root;
        size_t shards;
        TRY(read_json(path, a, &root));
        TRY(index_shards(path, root, a, &shard, &shards));
        for (size_t s = 0; s < shards; s++)
            for (size_t k = 0; k < count; k++)
                if (name[k] && strcmp(name[k], shard[s]) == 0) name[k] = NULL;
    }
    return SORA_OK;
}

SoraStatus weights_list(const char *folder, Arena *a, const char ***path, size_t *count)
{
    const char **name = arena_alloc(a, FOLDER_FILES_MAX * sizeof *name);
    size_t names = 0;
    TRY(read_folder(folder, a, name, &names));
    TRY(drop_shards(folder, a, name, names));
    *path = arena_alloc(a, (names + 1) * sizeof **path);
    *count = 0;
    for (size_t i = 0; i < names; i++)
        if (name[i]) (*path)[(*count)++] = arena_printf(a, "%s/%s", folder, name[i]);
    return SORA_OK;
}
