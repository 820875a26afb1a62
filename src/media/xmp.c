#define _GNU_SOURCE
#include "media/xmp.h"

#include <string.h>

static const char head[] = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
                           "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
                           "<rdf:Description rdf:about=\"\" "
                           "xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:description>"
                           "<rdf:Alt><rdf:li xml:lang=\"x-default\">";
static const char tail[] = "</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF>"
                           "</x:xmpmeta>";

typedef struct Entity {
    char plain;
    const char *name;
} Entity;

static const Entity entities[] = {
    { '<', "&lt;" }, { '>', "&gt;" }, { '&', "&amp;" }, { '"', "&quot;" }, { '\'', "&apos;" }
};
enum { ENTITIES = sizeof entities / sizeof *entities };

const char *xmp_wrap(Arena *a, const char *text)
{
    char *out = arena_alloc(a, sizeof head + sizeof tail + 6 * strlen(text)), *to = out;
    to = stpcpy(to, head);
    for (; *text; text++) {
        size_t e = 0;
        while (e < ENTITIES && entities[e].plain != *text) e++;
        if (e < ENTITIES)
            to = stpcpy(to, entities[e].name);
        else
            *to++ = *text;
    }
    strcpy(to, tail);
    return out;
}

static size_t take_entity(const char *s, const char *end, char *out)
{
    for (size_t e = 0; e < ENTITIES; e++) {
        size_t n = strlen(entities[e].name);
        if ((size_t)(end - s) >= n && memcmp(s, entities[e].name, n) == 0) {
            *out = entities[e].plain;
            return n;
        }
    }
    *out = *s;
    return 1;
}

const char *xmp_unwrap(Arena *a, Slice packet)
{
    static const char open[] = "<dc:description>";
    const char *bytes = (const char *)packet.bytes, *end = bytes + packet.size;
    const char *at = memmem(bytes, packet.size, open, sizeof open - 1);
    const char *stop = at ? memmem(at, (size_t)(end - at), "</dc:description>", 17) : NULL;
    const char *item = at ? memmem(at, (size_t)(end - at), "<rdf:li", 7) : NULL;
    if (item && item < stop) {
        at = memchr(item, '>', (size_t)(stop - item));
        const char *close = at ? memmem(at, (size_t)(stop - at), "</rdf:li>", 9) : NULL;
        if (!close) return NULL;
        at++, stop = close;
    } else if (stop) {
        at += sizeof open - 1;
    } else {
        return NULL;
    }
    char *out = arena_alloc(a, (size_t)(stop - at) + 1), *to = out;
    while (at < stop) at += take_entity(at, stop, to++);
    *to = 0;
    return out;
}
