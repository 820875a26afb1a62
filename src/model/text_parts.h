/* What the files of text cleaning share. */
#ifndef MODEL_TEXT_PARTS_H
#define MODEL_TEXT_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct TextPoints {
    uint32_t *at; /* code points */
    size_t count;
} TextPoints;

/* Room for `count` code points. */
TextPoints text_points(Arena *a, size_t count);

/* HTML references as Python's html.unescape resolves them (html_only), or as ftfy does: only with
 * ';', and names in upper case for lower ones. */
TextPoints text_unescape(TextPoints in, bool ftfy, Arena *a);

/* Unicode's canonical composition (NFC). */
TextPoints text_compose(TextPoints in, Arena *a);

/* The character of byte 0x80 .. 0x9F in CP-1252; bytes without one give themselves. */
uint32_t text_cp1252(unsigned char byte);

#endif
