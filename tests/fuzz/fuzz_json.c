/* Any bytes as JSON; what is accepted is written again. */
#define _GNU_SOURCE
#include "base/json.h"

#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *a = arena_new("fuzz", 0);
    const Json *tree;
    if (json_parse((const char *)bytes, size, "fuzz", a, &tree) == SORA_OK) {
        JsonWriter w = json_writer(a);
        json_begin(&w, NULL, '[');
        if (tree->kind == JSON_IS_STRING) json_put_text(&w, NULL, tree->string);
        json_end(&w, ']');
    }
    arena_free(a);
    return 0;
}
