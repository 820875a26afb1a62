/* The parts of a Wan model in a folder, whatever its files are called. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "model/bundle_wan.h"

enum { DEPTH_MAX = 3, FOLDERS_MAX = 256, TOKENIZER_MAX = 64 << 20, INDEX_MAX = 1 << 20 };

typedef enum Role { NOTHING, TRANSFORMER, VAE, TEXT, CLIP, ROLES } Role;

static const char *const role_names[ROLES] = { "nothing known", "a transformer", "an autoencoder",
                                               "a text encoder", "a CLIP model" };

enum { FOUND_MAX = 8 };

typedef struct Search {
    Arena *a;
    const WanParts *given;
    const char *found[ROLES][FOUND_MAX];
    size_t count[ROLES];
    const char *tokenizer;
    size_t folders;
} Search;

/* What a file holds; NOTHING for files that cannot be read: they may be of another program. */
static Role look_inside(const char *path)
{
    WanPart p;
    if (wan_part_open(path, &p) != SORA_OK) return NOTHING;
    Role role = wan_fits(p.weights)        ? TRANSFORMER
                : vae_fits(&p.file)        ? VAE
                : umt5_fits(&p.file)       ? TEXT
                : clip_image_fits(&p.file) ? CLIP
                                           : NOTHING;
    wan_part_close(&p);
    return role;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* spiece.model before tokenizer.json: its ids are the original's in every case. */
static void consider_tokenizer(Search *s, const char *path)
{
    Slice bytes;
    Tokenizer *t;
    bool model = ends_with(path, ".model"), json = ends_with(path, "tokenizer.json");
    if (!model && !json) return;
    if (s->tokenizer && (json || ends_with(s->tokenizer, ".model"))) return;
    Arena *a = arena_new("tokenizer", 0);
    if (!a) return;
    bool good = file_read(path, TOKENIZER_MAX, a, &bytes) == SORA_OK &&
                (model ? tokenizer_read_spiece(bytes, path, a, &t)
                       : tokenizer_read_json(bytes, path, a, &t)) == SORA_OK;
    arena_free(a);
    if (good) s->tokenizer = arena_strdup(s->a, path);
}

static SoraStatus consider_weights(Search *s, const char *folder)
{
    const char **path;
    size_t count;
    TRY(weights_list(folder, s->a, &path, &count));
    for (size_t i = 0; i < count; i++) {
        Role role = look_inside(path[i]);
        if (role == NOTHING) continue;
        if (s->count[role] == FOUND_MAX)
            return err_set(SORA_E_ARGUMENT, "%s: more than %d files hold %s; name one", path[i],
                           FOUND_MAX, role_names[role]);
        s->found[role][s->count[role]++] = path[i];
    }
    return SORA_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in a folder, sorted; hidden ones left out. */
static SoraStatus read_names(Search *s, const char *folder, const char ***name, size_t *count)
{
    enum { NAMES_MAX = 4096 };
    DIR *d = opendir(folder);
    if (!d) return err_set(SORA_E_IO, "cannot open %s: %s", folder, strerror(errno));
    *name = arena_alloc(s->a, NAMES_MAX * sizeof **name);
    *count = 0;
    for (struct dirent *e; *count < NAMES_MAX && (e = readdir(d));)
        if (e->d_name[0] != '.') (*name)[(*count)++] = arena_strdup(s->a, e->d_name);
    closedir(d);
    if (*count) qsort(*name, *count, sizeof **name, by_text);
    return SORA_OK;
}

static SoraStatus search(Search *s, const char *folder, int depth)
{
    const char **name = NULL;
    size_t count = 0;
    if (s->folders++ == FOLDERS_MAX)
        return err_set(SORA_E_ARGUMENT, "%s: more than %d folders; is it a model's?", folder,
                       FOLDERS_MAX);
    TRY(consider_weights(s, folder));
    TRY(read_names(s, folder, &name, &count));
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_printf(s->a, "%s/%s", folder, name[i]);
        struct stat st;
        if (stat(path, &st) != 0) continue;
        if (S_ISREG(st.st_mode)) consider_tokenizer(s, path);
        if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) TRY(search(s, path, depth + 1));
    }
    return SORA_OK;
}

/* ---- which of two transformers works on high noise ----------------------------------------------
 */

/* Weights do not tell: folders and files of experts are called high and low (Wan), transformer and
 * transformer_2 (diffusers). 1: high, -1: low, 0: it does not say. */
static int side_of(const char *path)
{
    char *text = strdup(path), *at = text;
    if (!text) return 0;
    char *last = strrchr(text, '/'), *before = NULL;
    if (last) {
        *last = 0;
        before = strrchr(text, '/');
        *last = '/';
        at = before ? before : text; /* the file and the folder that it is in */
    }
    for (char *c = at; *c; c++) *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    bool high = strstr(at, "high"), low = strstr(at, "low") || strstr(at, "transformer_2");
    if (!high && !low) high = strstr(at, "/transformer/") != NULL;
    free(text);
    return high == low ? 0 : high ? 1 : -1;
}

static SoraStatus pick_transformers(Search *s, const char *path, WanParts *out)
{
    const char *const *t = s->found[TRANSFORMER];
    size_t n = s->count[TRANSFORMER];
    if (s->given->transformer) {
        out->transformer = s->given->transformer;
        out->high = s->given->high;
        return SORA_OK;
    }
    if (n == 0)
        return err_set(SORA_E_FORMAT, "%s holds neither model.safetensors nor a Wan transformer",
                       path);
    if (n == 1) {
        out->transformer = t[0];
        out->high = s->given->high;
        return SORA_OK;
    }
    int first = side_of(t[0]), second = side_of(t[1]);
    if (n > 2 || first + second != 0 || first == 0)
        return err_set(SORA_E_ARGUMENT, "both %s and %s hold a transformer; name the one", t[0],
                       t[1]);
    out->transformer = first < 0 ? t[0] : t[1];
    out->high = first < 0 ? t[1] : t[0];
    return SORA_OK;
}

static SoraStatus pick(const Search *s, Role role, const char *given, const char **out)
{
    *out = given;
    if (given || !s->count[role]) return SORA_OK;
    if (s->count[role] > 1)
        return err_set(SORA_E_ARGUMENT, "both %s and %s hold %s; name one", s->found[role][0],
                       s->found[role][1], role_names[role]);
    *out = s->found[role][0];
    return SORA_OK;
}

SoraStatus wan_parts_find(const char *path, const WanParts *given, Arena *a, WanParts *out)
{
    static const WanParts none;
    Search s = { .a = a, .given = given ? given : &none };
    *out = none;
    bool folder = path && file_is_folder(path);
    if (folder)
        TRY(search(&s, path, 0));
    else if (path)
        s.found[TRANSFORMER][s.count[TRANSFORMER]++] = arena_strdup(a, path);
    TRY(pick_transformers(&s, path ? path : "the model", out));
    TRY(pick(&s, VAE, s.given->vae, &out->vae));
    TRY(pick(&s, TEXT, s.given->text, &out->text));
    TRY(pick(&s, CLIP, s.given->clip, &out->clip));
    out->tokenizer = s.given->tokenizer ? s.given->tokenizer : s.tokenizer;
    return SORA_OK;
}
