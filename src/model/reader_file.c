/* The reader's file: its configuration, what it was taught, and its temperatures. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "model/bundle.h"
#include "model/reader.h"

enum { ACTORS_MAX = 4096, WIDTH_MAX = 4096 };

#define TEMPERATURE_KEY "sora.temperature"

static const char *const head_name[READ_HEADS] = { "scene", "time",   "weather", "camera",
                                                   "count", "action", "size",    "likeness" };

const char *reader_head_name(ReadHead head)
{
    return head_name[head];
}

/* ---- configuration --------------------------------------------------------------------- */

ReaderConfig reader_config_default(size_t actors)
{
    return (ReaderConfig){ .eye = { { 48, 128 } },
                           .width = 192,
                           .heads = 3,
                           .layers = 3,
                           .hidden = 384,
                           .answers = { SCENE_COUNT, TIME_COUNT, WEATHER_COUNT, CAMERA_COUNT,
                                        FACTS_ACTORS_MAX, ACT_COUNT, SIZE_COUNT, 2 },
                           .actors = actors };
}

typedef struct Field {
    const char *name;
    size_t *at, most;
} Field;

enum { FIELDS = 7 };

static void fields_of(ReaderConfig *c, Field out[FIELDS])
{
    Field f[FIELDS] = {
        { "eye_0", &c->eye.channels[0], WIDTH_MAX },
        { "eye_1", &c->eye.channels[1], WIDTH_MAX },
        { "width", &c->width, WIDTH_MAX },
        { "heads", &c->heads, 64 },
        { "layers", &c->layers, 64 },
        { "hidden", &c->hidden, WIDTH_MAX },
        { "actors", &c->actors, ACTORS_MAX },
    };
    memcpy(out, f, sizeof f);
}

char *reader_config_write(const ReaderConfig *config, Arena *a)
{
    ReaderConfig c = *config;
    Field f[FIELDS];
    fields_of(&c, f);
    JsonWriter w = json_writer(a);
    json_begin(&w, NULL, '{');
    for (int i = 0; i < FIELDS; i++) json_put_integer(&w, f[i].name, (int64_t)*f[i].at);
    for (int h = 0; h < READ_HEADS; h++) json_put_integer(&w, head_name[h], (int64_t)c.answers[h]);
    json_end(&w, '}');
    return w.text;
}

static SoraStatus read_count(const Json *root, const char *name, size_t most, size_t *out)
{
    const Json *x = json_get(root, name);
    if (!x || x->kind != JSON_IS_INTEGER || x->integer < 1 || (uint64_t)x->integer > most)
        return err_set(SORA_E_FORMAT, "the reader's \"%s\" is not a count from 1 to %zu", name,
                       most);
    *out = (size_t)x->integer;
    return SORA_OK;
}

static SoraStatus parse(const Json *root, ReaderConfig *c)
{
    Field f[FIELDS];
    fields_of(c, f);
    for (int i = 0; i < FIELDS; i++) TRY(read_count(root, f[i].name, f[i].most, f[i].at));
    const ReaderConfig known = reader_config_default(c->actors); /* answers have no other meaning */
    for (int h = 0; h < READ_HEADS; h++)
        TRY(read_count(root, head_name[h], known.answers[h], &c->answers[h]));
    if (c->answers[READ_LIKENESS] != known.answers[READ_LIKENESS])
        return err_set(SORA_E_FORMAT, "the reader's \"likeness\" has one answer");
    if (c->width % (2 * c->heads))
        return err_set(SORA_E_FORMAT,
                       "the reader's %zu features do not make %zu heads of even size", c->width,
                       c->heads);
    return SORA_OK;
}

SoraStatus reader_config_parse(const char *json, size_t size, ReaderConfig *out)
{
    Arena *a = arena_new("configuration", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a configuration");
    const Json *root = NULL;
    SoraStatus s = json_parse(json, size, "the reader's configuration", a, &root);
    if (s == SORA_OK) s = parse(root, out);
    arena_free(a);
    return s;
}

/* ---- temperatures ---------------------------------------------------------------------- */

static SoraStatus read_temperature(const Json *root, const char *name, float *out)
{
    const Json *x = json_get(root, name);
    bool number = x && (x->kind == JSON_IS_INTEGER || x->kind == JSON_IS_REAL);
    if (!number || !(x->number >= 0.01 && x->number <= 100))
        return err_set(SORA_E_FORMAT, "the reader's temperature of \"%s\" is not 0.01 to 100",
                       name);
    *out = (float)x->number;
    return SORA_OK;
}

/* Files of readers that were never calibrated so have none. */
static SoraStatus read_presence(const Json *root, float out[2])
{
    const Json *x = json_get(root, "presence");
    out[0] = 1, out[1] = 0;
    if (!x) return SORA_OK;
    bool pair = x->kind == JSON_IS_ARRAY && x->count == 2;
    for (size_t i = 0; pair && i < 2; i++) {
        const Json *y = &x->item[i];
        pair = (y->kind == JSON_IS_INTEGER || y->kind == JSON_IS_REAL) && fabs(y->number) <= 100;
        out[i] = (float)y->number;
    }
    if (pair && out[0] > 0) return SORA_OK;
    return err_set(SORA_E_FORMAT, "the reader's \"presence\" is no slope above 0 and a shift");
}

static SoraStatus read_temperatures(const char *json, Arena *a, ReaderTemperature *out)
{
    const Json *root;
    TRY(json_parse(json, strlen(json), "the reader's temperatures", a, &root));
    for (int h = 0; h < READ_HEADS; h++) TRY(read_temperature(root, head_name[h], &out->head[h]));
    return read_presence(root, out->presence);
}

static char *write_temperatures(const ReaderTemperature *t, Arena *a)
{
    JsonWriter w = json_writer(a);
    json_begin(&w, NULL, '{');
    for (int h = 0; h < READ_HEADS; h++) json_put_number(&w, head_name[h], (double)t->head[h]);
    json_begin(&w, "presence", '[');
    for (int i = 0; i < 2; i++) json_put_number(&w, NULL, (double)t->presence[i]);
    json_end(&w, ']');
    json_end(&w, '}');
    return w.text;
}

SoraStatus reader_write_temperature(const ReaderFile *f, const char *path,
                                    const ReaderTemperature *t)
{
    Arena *a = arena_new("reader", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a reader's file");
    size_t n = 0;
    SafetensorsMeta *meta = arena_alloc(a, (f->file.meta_count + 1) * sizeof *meta);
    for (size_t i = 0; i < f->file.meta_count; i++)
        if (strcmp(f->file.meta[i].key, TEMPERATURE_KEY) != 0) meta[n++] = f->file.meta[i];
    meta[n++] = (SafetensorsMeta){ TEMPERATURE_KEY, write_temperatures(t, a) };
    SoraStatus s = safetensors_write(path, f->file.entry, f->file.count, meta, n);
    arena_free(a);
    return s;
}

/* ---- opening --------------------------------------------------------------------------- */

static SoraStatus open_file(const char *path, ReaderFile *f)
{
    TRY(safetensors_open(path, f->weights, &f->file));
    const char *kind = safetensors_metadata(&f->file, "sora.kind");
    const char *config = safetensors_metadata(&f->file, "sora.reader");
    const char *train = safetensors_metadata(&f->file, "sora.train");
    const char *temperature = safetensors_metadata(&f->file, TEMPERATURE_KEY);
    if (!kind || strcmp(kind, "reader") != 0 || !config)
        return err_set(SORA_E_FORMAT, "%s is no reader%s%s%s", path,
                       kind ? ": it says it is a \"" : "", kind ? kind : "", kind ? "\"" : "");
    ReaderConfig c;
    TRY(err_while(reader_config_parse(config, strlen(config), &c), "reading %s", path));
    ParamSet *set = params_new_load(f->weights, bundle_lookup, &f->file);
    TRY(err_while(reader_new(&c, set, f->weights, &f->reader), "reading %s", path));
    if (temperature) {
        ReaderTemperature t;
        TRY(err_while(read_temperatures(temperature, f->weights, &t), "reading %s", path));
        reader_set_temperature(f->reader, &t);
    }
    const Json *settings;
    if (!train) return SORA_OK;
    TRY(err_while(json_parse(train, strlen(train), "sora.train", f->weights, &settings),
                  "reading %s", path));
    f->actors = json_text(settings, "actors");
    f->scenes = json_text(settings, "scenes");
    return SORA_OK;
}

SoraStatus reader_open(const char *path, ReaderFile *out)
{
    *out = (ReaderFile){ .weights = arena_new("reader", 0) };
    if (!out->weights) return err_set(SORA_E_MEMORY, "no memory for a reader");
    SoraStatus s = open_file(path, out);
    if (s != SORA_OK) reader_close(out);
    return s;
}

void reader_close(ReaderFile *f)
{
    if (f->file.map.bytes) safetensors_close(&f->file);
    arena_free(f->weights);
    *f = (ReaderFile){ 0 };
}
