/* Chinese scripts: simplified to traditional (Taiwan's standard) and back, for the characters that
 * captions, tables and prompts use. */
#ifndef WORDS_SCRIPT_H
#define WORDS_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

/* Converts `size` bytes of sound UTF-8, phrases before single characters; what does not fit in
 * out_size - 1 bytes is left out. Returns the length. */
size_t script_to_hant(const char *text, size_t size, char *out, size_t out_size);

/* The simplified character for a traditional one; any other as it is. */
uint32_t script_to_hans(uint32_t cp);

#endif
