/* JSON: bounded and strict. Reading is jansson's work (duplicate keys are refused, trailing bytes
 * too); the result is a plain tree in an arena. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

typedef enum JsonKind {
    JSON_IS_NULL,
    JSON_IS_BOOL,
    JSON_IS_INTEGER,
    JSON_IS_REAL,
    JSON_IS_STRING,
    JSON_IS_ARRAY,
    JSON_IS_OBJECT
} JsonKind;

typedef struct Json {
    JsonKind kind;
    const char *key; /* inside an object; else NULL */
    bool boolean;
    int64_t integer;    /* of a real: 0 */
    double number;      /* of an integer too */
    const char *string; /* UTF-8, without zero bytes */
    size_t count;       /* of an array or object */
    const struct Json *item;
} Json;

enum { JSON_DEPTH_MAX = 32 };

/* `name` goes into messages: SORA_E_FORMAT with the line and what was expected there. */
SoraStatus json_parse(const char *text, size_t size, const char *name, Arena *a, const Json **out);

/* The member called `key`, or NULL; NULL also when x is NULL or no object. */
const Json *json_get(const Json *x, const char *key);

/* Text of a member that is a string, else NULL. */
const char *json_text(const Json *x, const char *key);

/* Writing, into a text in the arena: begin and end must pair, `key` is NULL inside arrays. */
typedef struct JsonWriter {
    Arena *a;
    char *text; /* zero-terminated at any time */
    size_t size, room;
    bool comma;
} JsonWriter;

JsonWriter json_writer(Arena *a);
void json_begin(JsonWriter *w, const char *key, char bracket);         /* '{' or '[' */
void json_end(JsonWriter *w, char bracket);                            /* '}' or ']' */
void json_put_text(JsonWriter *w, const char *key, const char *value); /* NULL: null */
void json_put_integer(JsonWriter *w, const char *key, int64_t value);
void json_put_number(JsonWriter *w, const char *key, double value); /* not finite: null */
void json_put_bool(JsonWriter *w, const char *key, bool value);

#endif
