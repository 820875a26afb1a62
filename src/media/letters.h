/* Text in pictures: Latin and Chinese, in whatever font the system has for both. */
#ifndef MEDIA_LETTERS_H
#define MEDIA_LETTERS_H

#include "media/clip.h"

typedef struct Letters Letters;

/* `font`: a font file; NULL: one that Fontconfig knows and that has Latin and both Chinese scripts.
 * SORA_E_IO names the package to install when there is none, SORA_E_FORMAT a file that is no font,
 * SORA_E_UNSUPPORTED in a build without FreeType and Fontconfig. One thread at a time. */
SoraStatus letters_open(const char *font, Letters **out);
void letters_close(Letters *l); /* NULL is fine */

/* The font's file. */
const char *letters_font(const Letters *l);

/* SORA_E_FORMAT names the first character of the text (sound UTF-8) that the font cannot draw. */
SoraStatus letters_check(const Letters *l, const char *text);

typedef struct LettersPlace {
    int x, y; /* left end of the base line */
    int size; /* pixels of an em */
    uint8_t rgb[3];
} LettersPlace;

/* Pixels the text is wide at `size`. */
SoraStatus letters_width(Letters *l, const char *text, int size, int *out);

/* Draws one line into frame `f`; what lies outside of the picture is left out. Checks like
 * letters_check first. */
SoraStatus letters_draw(Letters *l, const char *text, const LettersPlace *at, Clip *clip, size_t f);

#endif
