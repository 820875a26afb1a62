/* UTF-8, checked: text comes from strangers. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Decodes the code point at s (s < end) into *cp and returns its length in bytes; 0 when the
 * bytes are not valid UTF-8 (overlong forms, surrogates and values above 10FFFF included). */
size_t utf8_decode(const char *s, const char *end, uint32_t *cp);

/* Writes cp (a valid scalar value) to out, which has room for 4 bytes; returns the length. */
size_t utf8_encode(uint32_t cp, char *out);

/* SORA_E_FORMAT that names the byte offset where `size` bytes stop being UTF-8. */
SoraStatus utf8_check(const char *s, size_t size);

/* SORA_E_FORMAT that says how to convert the file at `path`, whose bytes these are, when it begins
 * with the byte order mark of UTF-16. */
SoraStatus utf8_refuse_utf16(const char *path, const void *bytes, size_t size);

#endif
