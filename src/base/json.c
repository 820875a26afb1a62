#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"

/* ---- reading --------------------------------------------------------------------------- */

#include "config.h"

#ifdef HAVE_JANSSON
#include <jansson.h>

static SoraStatus convert(const json_t *from, const char *name, int depth, Arena *a, Json *to);

static SoraStatus convert_items(const json_t *from, const char *name, int depth, Arena *a, Json *to)
{
    bool object = json_is_object(from);
    to->count = object ? json_object_size(from) : json_array_size(from);
    Json *item = arena_zero(a, to->count * sizeof *item);
    to->item = item;
    void *at = object ? json_object_iter((json_t *)from) : NULL;
    for (size_t i = 0; i < to->count; i++) {
        const json_t *value = object ? json_object_iter_value(at) : json_array_get(from, i);
        TRY(convert(value, name, depth + 1, a, &item[i]));
        if (!object) continue;
        item[i].key = arena_strdup(a, json_object_iter_key(at));
        at = json_object_iter_next((json_t *)from, at);
    }
    return SORA_OK;
}

static SoraStatus convert(const json_t *from, const char *name, int depth, Arena *a, Json *to)
{
    static const JsonKind kinds[] = {
        [JSON_OBJECT] = JSON_IS_OBJECT, [JSON_ARRAY] = JSON_IS_ARRAY,
        [JSON_STRING] = JSON_IS_STRING, [JSON_INTEGER] = JSON_IS_INTEGER,
        [JSON_REAL] = JSON_IS_REAL,     [JSON_TRUE] = JSON_IS_BOOL,
        [JSON_FALSE] = JSON_IS_BOOL,    [JSON_NULL] = JSON_IS_NULL,
    };
    if (depth > JSON_DEPTH_MAX)
        return err_set(SORA_E_FORMAT, "%s is nested deeper than %d", name, JSON_DEPTH_MAX);
    to->kind = kinds[json_typeof(from)];
    to->boolean = json_is_true(from);
    to->integer = json_integer_value(from);
    to->number = json_number_value(from);
    if (to->kind == JSON_IS_STRING) to->string = arena_strdup(a, json_string_value(from));
    if (to->kind >= JSON_IS_ARRAY) return convert_items(from, name, depth, a, to);
    return SORA_OK;
}

SoraStatus json_parse(const char *text, size_t size, const char *name, Arena *a, const Json **out)
{
    json_error_t error;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!root) return err_set(SORA_E_FORMAT, "%s, line %d: %s", name, error.line, error.text);
    Json *top = arena_zero(a, sizeof *top);
    SoraStatus s = convert(root, name, 0, a, top);
    json_decref(root);
    *out = top;
    return s;
}
#else
SoraStatus json_parse(const char *text, size_t size, const char *name, Arena *a, const Json **out)
{
    (void)text, (void)size, (void)a, (void)out;
    return err_set(SORA_E_UNSUPPORTED, "%s is JSON, and this build was made without jansson", name);
}
#endif

const Json *json_get(const Json *x, const char *key)
{
    if (!x || x->kind != JSON_IS_OBJECT) return NULL;
    for (size_t i = 0; i < x->count; i++)
        if (strcmp(x->item[i].key, key) == 0) return &x->item[i];
    return NULL;
}

const char *json_text(const Json *x, const char *key)
{
    const Json *member = json_get(x, key);
    return member && member->kind == JSON_IS_STRING ? member->string : NULL;
}

/* ---- writing --------------------------------------------------------------------------- */

JsonWriter json_writer(Arena *a)
{
    JsonWriter w = { .a = a, .room = 256 };
    w.text = arena_zero(a, w.room);
    return w;
}

static void put(JsonWriter *w, const char *bytes, size_t n)
{
    if (w->size + n + 1 > w->room) {
        w->room = 2 * size_max(w->room, w->size + n + 1);
        char *grown = arena_alloc(w->a, w->room);
        memcpy(grown, w->text, w->size);
        w->text = grown;
    }
    memcpy(w->text + w->size, bytes, n);
    w->size += n;
    w->text[w->size] = 0;
}

static void put_quoted(JsonWriter *w, const char *s)
{
    put(w, "\"", 1);
    for (; *s; s++) {
        char escape[8];
        if (*s == '"' || *s == '\\')
            put(w, (char[]){ '\\', *s }, 2);
        else if (*s == '\n')
            put(w, "\\n", 2);
        else if ((unsigned char)*s < 0x20)
            put(w, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)*s));
        else
            put(w, s, 1);
    }
    put(w, "\"", 1);
}

static void put_key(JsonWriter *w, const char *key)
{
    if (w->comma) put(w, ",", 1);
    w->comma = true;
    if (!key) return;
    put_quoted(w, key);
    put(w, ":", 1);
}

void json_begin(JsonWriter *w, const char *key, char bracket)
{
    put_key(w, key);
    put(w, &bracket, 1);
    w->comma = false;
}

void json_end(JsonWriter *w, char bracket)
{
    put(w, &bracket, 1);
    w->comma = true;
}

void json_put_text(JsonWriter *w, const char *key, const char *value)
{
    put_key(w, key);
    if (value)
        put_quoted(w, value);
    else
        put(w, "null", 4);
}

void json_put_integer(JsonWriter *w, const char *key, int64_t value)
{
    char text[32];
    put_key(w, key);
    put(w, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

/* The shortest text that reads back as the same number. */
void json_put_number(JsonWriter *w, const char *key, double value)
{
    char text[40];
    int n = 0;
    put_key(w, key);
    for (int digits = 6; digits <= 17; digits++) {
        double back;
        n = snprintf(text, sizeof text, "%.*g", digits, value);
        if (sscanf(text, "%lf", &back) == 1 && back == value) break;
    }
    if (isfinite(value))
        put(w, text, (size_t)n);
    else
        put(w, "null", 4);
}

void json_put_bool(JsonWriter *w, const char *key, bool value)
{
    put_key(w, key);
    put(w, value ? "true" : "false", value ? 4 : 5);
}
