#include "model/lora.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "model/import/wan.h"
#include "model/lora_parts.h"
#include "model/weights_kinds.h"
#include "tensor/quant.h"

SoraStatus lora_parse(const char *text, Arena *a, LoraSpec *out)
{
    const char *colon = strrchr(text, ':');
    *out = (LoraSpec){ .path = text, .strength = 1 };
    if (!colon || strchr(colon, '/') || file_exists(text)) return SORA_OK;
    char *end;
    float strength = strtof(colon + 1, &end);
    if (*end || end == colon + 1 || !isfinite(strength))
        return err_set(SORA_E_ARGUMENT, "%s: the strength '%s' is no number (file.safetensors:0.8)",
                       text, colon + 1);
    out->path = arena_printf(a, "%.*s", (int)(colon - text), text);
    out->strength = strength;
    return SORA_OK;
}

/* ---- names of the file -------------------------------------------------------------------- */

static const struct {
    const char *ending;
    LoraPart part;
} endings[] = {
    { ".lora_down.weight", LORA_DOWN },
    { ".lora_A.weight", LORA_DOWN },
    { ".lora_A.default.weight", LORA_DOWN },
    { ".lora.down.weight", LORA_DOWN },
    { ".lora_up.weight", LORA_UP },
    { ".lora_B.weight", LORA_UP },
    { ".lora_B.default.weight", LORA_UP },
    { ".lora.up.weight", LORA_UP },
    { ".alpha", LORA_ALPHA },
    { ".diff", LORA_DIFF },
    { ".diff_b", LORA_DIFF_B },
    { ".diff_m", LORA_DIFF_M },
    { ".hada_w1_a", LORA_HADA_1A },
    { ".hada_w1_b", LORA_HADA_1B },
    { ".hada_w2_a", LORA_HADA_2A },
    { ".hada_w2_b", LORA_HADA_2B },
    { ".lokr_w1", LORA_KRON_1 },
    { ".lokr_w1_a", LORA_KRON_1A },
    { ".lokr_w1_b", LORA_KRON_1B },
    { ".lokr_w2", LORA_KRON_2 },
    { ".lokr_w2_a", LORA_KRON_2A },
    { ".lokr_w2_b", LORA_KRON_2B },
    { ".dora_scale", LORA_MAGNITUDE },
    { ".lora_magnitude_vector", LORA_MAGNITUDE },
    { ".lora_magnitude_vector.weight", LORA_MAGNITUDE },
};
enum { ENDINGS = sizeof endings / sizeof endings[0] };

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* A tensor of the file: which layer, and what of it. */
typedef struct Key {
    const char *layer;
    LoraPart part; /* LORA_PARTS: not known */
    const Tensor *tensor;
} Key;

static Key read_key(const char *name, const Tensor *x, Arena *a)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < ENDINGS; i++) {
        size_t m = strlen(endings[i].ending);
        if (n > m && strcmp(name + n - m, endings[i].ending) == 0)
            return (Key){ arena_printf(a, "%.*s", (int)(n - m), name), endings[i].part, x };
    }
    return (Key){ name, LORA_PARTS, x };
}

bool lora_fits(const Weights *w)
{
    for (size_t i = 0; i < weights_count(w); i++) {
        const char *name = weights_name(w, i);
        size_t n = strlen(name);
        for (size_t k = 0; k < ENDINGS; k++) {
            size_t m = strlen(endings[k].ending);
            bool own = endings[k].part != LORA_ALPHA; /* too plain a word to tell */
            if (own && n > m && strcmp(name + n - m, endings[k].ending) == 0) return true;
        }
    }
    return false;
}

static int by_layer(const void *a, const void *b)
{
    const Key *x = a, *y = b;
    int order = strcmp(x->layer, y->layer);
    return order ? order : (int)x->part - (int)y->part;
}

/* ---- names of the model ------------------------------------------------------------------- */

/* A tensor of the model by the original's name and by kohya's (dots are underscores). */
typedef struct Target {
    const char *name;
    size_t place;
} Target;

typedef struct Model {
    Weights *w;
    Arena *a;
    Target *plain, *flat; /* sorted */
    size_t count;
} Model;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Target *)a)->name, ((const Target *)b)->name);
}

static void read_model(Model *m)
{
    size_t n = weights_count(m->w);
    m->plain = arena_alloc(m->a, (n + 1) * sizeof *m->plain);
    m->flat = arena_alloc(m->a, (n + 1) * sizeof *m->flat);
    for (size_t i = 0; i < n; i++) {
        char name[WAN_NAME_MAX];
        if (!wan_name(weights_name(m->w, i), name)) continue;
        m->plain[m->count] = (Target){ arena_strdup(m->a, name), i };
        for (char *c = name; *c; c++)
            if (*c == '.') *c = '_';
        m->flat[m->count++] = (Target){ arena_strdup(m->a, name), i };
    }
    if (!m->count) return;
    qsort(m->plain, m->count, sizeof *m->plain, by_name);
    qsort(m->flat, m->count, sizeof *m->flat, by_name);
}

/* Where the model keeps "<layer>.weight" (or another ending); false: it has none. */
static bool find_target(const Model *m, const char *layer, const char *ending, size_t *place)
{
    static const char *const flat[] = { "lora_unet_", "lycoris_", "lora_transformer_" };
    static const char peft[] = "base_model.model.";
    char name[WAN_NAME_MAX], whole[WAN_NAME_MAX + 16];
    const Target *table = m->plain;
    if (begins_with(layer, peft)) layer += sizeof peft - 1;
    for (size_t i = 0; i < sizeof flat / sizeof flat[0]; i++)
        if (begins_with(layer, flat[i])) {
            layer += strlen(flat[i]);
            table = m->flat;
            break;
        }
    if (!wan_name(layer, name)) return false;
    snprintf(whole, sizeof whole, "%s%s", table == m->flat ? layer : name, ending);
    if (table == m->flat)
        for (char *c = whole; *c; c++)
            if (*c == '.') *c = '_';
    Target key = { whole, 0 };
    const Target *t = m->count ? bsearch(&key, table, m->count, sizeof key, by_name) : NULL;
    if (t) *place = t->place;
    return t != NULL;
}

/* ---- changes ------------------------------------------------------------------------------ */

typedef struct Reader {
    const LoraSpec *spec;
    Model *model;
    Arena *a;
    const Json *metadata; /* of PEFT, or NULL */
    bool two;             /* the file has keys for a second expert */
    LoraDelta *delta;
    size_t count, room, used;
    LoraReport *report;
} Reader;

static void report_unmatched(Reader *r, const char *layer)
{
    LoraReport *p = r->report;
    Arena *a = weights_arena(r->model->w);
    const char **more = arena_alloc(a, (p->unmatched + 1) * sizeof *more);
    if (p->unmatched) memcpy(more, p->unmatched_name, p->unmatched * sizeof *more);
    more[p->unmatched++] = arena_strdup(a, layer);
    p->unmatched_name = more;
}

static LoraDelta *new_delta(Reader *r, const char *layer, size_t place, LoraKind kind)
{
    if (r->count == r->room) {
        r->room = r->room ? 2 * r->room : 256;
        LoraDelta *more = arena_alloc(r->a, r->room * sizeof *more);
        if (r->count) memcpy(more, r->delta, r->count * sizeof *more);
        r->delta = more;
    }
    LoraDelta *d = &r->delta[r->count++];
    *d = (LoraDelta){ .place = place, .kind = kind, .file = r->spec->path, .layer = layer };
    return d;
}

/* Alpha from a tensor, or PEFT's metadata; NAN: none, which means that it is the rank. */
static float read_alpha(const Reader *r, const Tensor *x)
{
    float alpha = NAN;
    if (x && tensor_count(x) == 1) quant_decode(&alpha, x->data, x->type, 1);
    if (x) return alpha;
    const Json *m = json_get(r->metadata, r->spec->second && r->two ? "transformer_2.lora_alpha"
                                                                    : "transformer.lora_alpha");
    if (!m) m = json_get(r->metadata, "lora_alpha");
    return m && (m->kind == JSON_IS_REAL || m->kind == JSON_IS_INTEGER) ? (float)m->number : NAN;
}

/* A whole difference of "<layer>" + ending. */
static SoraStatus add_whole(Reader *r, const char *layer, const char *ending, const Tensor *x)
{
    size_t place;
    if (!x) return SORA_OK;
    if (!find_target(r->model, layer, ending, &place)) {
        report_unmatched(r, layer);
        return SORA_OK;
    }
    LoraDelta *d = new_delta(r, layer, place, LORA_WHOLE);
    d->part[LORA_DIFF] = x;
    r->used++;
    return lora_check(d, weights_at(r->model->w, place), r->spec->strength, NAN);
}

static SoraStatus add_layer(Reader *r, const char *layer, const Tensor *const *part)
{
    size_t place;
    TRY(add_whole(r, layer, ".weight", part[LORA_DIFF]));
    TRY(add_whole(r, layer, ".bias", part[LORA_DIFF_B]));
    TRY(add_whole(r, layer, ".modulation", part[LORA_DIFF_M]));
    bool low = part[LORA_UP] || part[LORA_DOWN], hada = false, kron = false;
    for (int i = LORA_HADA_1A; i <= LORA_HADA_2B; i++) hada |= part[i] != NULL;
    for (int i = LORA_KRON_1; i <= LORA_KRON_2B; i++) kron |= part[i] != NULL;
    if (low + hada + kron > 1)
        return err_set(SORA_E_FORMAT, "%s changes %.200s in several ways at once", r->spec->path,
                       layer);
    if (!(low || hada || kron)) return SORA_OK;
    if (part[LORA_MAGNITUDE])
        return err_set(SORA_E_UNSUPPORTED,
                       "%s is a DoRA (%.200s has a magnitude), which cannot be "
                       "merged",
                       r->spec->path, layer);
    if (!find_target(r->model, layer, ".weight", &place)) {
        report_unmatched(r, layer);
        return SORA_OK;
    }
    LoraDelta *d = new_delta(r, layer, place,
                             low    ? LORA_LOW_RANK
                             : hada ? LORA_HADAMARD
                                    : LORA_KRONECKER);
    memcpy(d->part, part, sizeof d->part);
    d->part[LORA_DIFF] = d->part[LORA_MAGNITUDE] = NULL;
    r->used++;
    return lora_check(d, weights_at(r->model->w, place), r->spec->strength,
                      read_alpha(r, part[LORA_ALPHA]));
}

/* Is this layer the other expert's? */
static bool is_others(const Reader *r, const char *layer)
{
    bool of_second = begins_with(layer, "transformer_2.");
    return r->two && of_second != r->spec->second &&
           (of_second || begins_with(layer, "transformer."));
}

static SoraStatus add_layers(Reader *r, const Key *key, size_t count)
{
    for (size_t i = 0, end; i < count; i = end) {
        const Tensor *part[LORA_PARTS] = { NULL };
        for (end = i; end < count && strcmp(key[end].layer, key[i].layer) == 0; end++) {
            if (key[end].part == LORA_PARTS) continue;
            if (part[key[end].part])
                return err_set(SORA_E_FORMAT, "%s changes %.200s twice", r->spec->path,
                               key[i].layer);
            part[key[end].part] = key[end].tensor;
        }
        if (is_others(r, key[i].layer)) continue;
        if (key[i].part == LORA_PARTS)
            report_unmatched(r, key[i].layer);
        else
            TRY(add_layer(r, key[i].layer, part));
    }
    return SORA_OK;
}

/* Reads one file; its tensors stay mapped in `file`. */
static SoraStatus read_file(Reader *r, Weights *file)
{
    size_t n = weights_count(file), before = r->used;
    Key *key = arena_alloc(r->a, (n + 1) * sizeof *key);
    const char *metadata = weights_metadata(file, "lora_adapter_metadata");
    r->metadata = NULL;
    r->two = false;
    if (metadata) TRY(json_parse(metadata, strlen(metadata), r->spec->path, r->a, &r->metadata));
    for (size_t i = 0; i < n; i++) {
        key[i] = read_key(weights_name(file, i), weights_at(file, i), r->a);
        r->two |= begins_with(key[i].layer, "transformer_2.");
    }
    if (n) qsort(key, n, sizeof *key, by_layer);
    TRY(add_layers(r, key, n));
    if (r->used == before)
        return err_set(SORA_E_FORMAT,
                       "%s changes nothing of %s: its %zu tensors%s%.100s are not "
                       "for this model",
                       r->spec->path, weights_path(r->model->w), n, n ? ", such as " : "",
                       n ? weights_name(file, 0) : "");
    return SORA_OK;
}

static int by_place(const void *a, const void *b)
{
    const LoraDelta *x = a, *y = b;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* ---- what others see ---------------------------------------------------------------------- */

struct Lora {
    Arena *a;
    Weights *w, **file;
    size_t files;
    LoraDelta *delta; /* sorted by place */
    size_t count;
};

static SoraStatus read_all(const LoraSpec *lora, size_t count, Lora *l, LoraReport *report)
{
    Model model = { .w = l->w, .a = l->a };
    Reader r = { .model = &model, .a = l->a, .report = report };
    read_model(&model);
    for (size_t i = 0; i < count; i++) {
        r.spec = &lora[i];
        TRY(weights_open(lora[i].path, l->a, &l->file[i]));
        l->files++;
        TRY(read_file(&r, l->file[i]));
    }
    if (r.count) qsort(r.delta, r.count, sizeof *r.delta, by_place);
    l->delta = r.delta;
    l->count = r.count;
    for (size_t i = 0; i < r.count; i++)
        report->changed += i == 0 || r.delta[i].place != r.delta[i - 1].place;
    return SORA_OK;
}

SoraStatus lora_open(const LoraSpec *lora, size_t count, Weights *w, Lora **out, LoraReport *report)
{
    *report = (LoraReport){ 0 };
    Arena *a = arena_new("lora", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory left to read LoRA files");
    Lora *l = arena_zero(a, sizeof *l);
    *l = (Lora){ .a = a, .w = w, .file = arena_zero(a, (count + 1) * sizeof *l->file) };
    SoraStatus s = read_all(lora, count, l, report);
    if (s == SORA_OK)
        *out = l;
    else
        lora_close(l);
    return s;
}

void lora_close(Lora *l)
{
    if (!l) return;
    for (size_t i = 0; i < l->files; i++) weights_close(l->file[i]);
    arena_free(l->a);
}

/* The changes of one tensor: how many, and where they begin. */
static size_t changes_of(const Lora *l, size_t place, size_t *first)
{
    size_t low = 0, high = l->count, n = 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (l->delta[middle].place < place)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + n < l->count && l->delta[low + n].place == place) n++;
    *first = low;
    return n;
}

void lora_bytes(const Lora *l, size_t *held, size_t *replaced)
{
    *held = *replaced = 0;
    for (size_t i = 0; i < l->count; i++) {
        const Tensor *x = weights_at(l->w, l->delta[i].place);
        size_t bytes;
        if (i && l->delta[i - 1].place == l->delta[i].place) continue;
        if (tensor_bytes(x->type, x->rank, x->shape, &bytes) == SORA_OK) *replaced += bytes;
        *held += tensor_count(x) * type_block_bytes(lora_type(x, false));
    }
}

bool lora_changes(const Lora *l, size_t place)
{
    size_t first;
    return l && changes_of(l, place, &first) > 0;
}

SoraStatus lora_merged(const Lora *l, size_t place, const Compute *c, bool exact, Arena *a,
                       Tensor *out)
{
    size_t first, n = changes_of(l, place, &first);
    return lora_add(&l->delta[first], n, weights_at(l->w, place), c, exact, a, out);
}

static SoraStatus merge_all(const Lora *l, const Compute *c, bool exact)
{
    for (size_t i = 0; i < l->count; i++) {
        size_t place = l->delta[i].place;
        if (i && l->delta[i - 1].place == place) continue;
        Tensor y;
        TRY(lora_merged(l, place, c, exact, weights_arena(l->w), &y));
        weights_forget(l->w, place);
        weights_replace(l->w, place, &y);
    }
    return SORA_OK;
}

SoraStatus lora_merge(const LoraSpec *lora, size_t count, const Compute *c, bool exact, Weights *w,
                      LoraReport *report)
{
    Lora *l;
    TRY(lora_open(lora, count, w, &l, report));
    SoraStatus s = merge_all(l, c, exact);
    lora_close(l);
    return s;
}
