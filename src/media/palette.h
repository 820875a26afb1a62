/* The 256 colours of a GIF: median cut over all frames, then a fixed ordered dither, which does
 * not crawl from frame to frame as error diffusion would. */
#ifndef MEDIA_PALETTE_H
#define MEDIA_PALETTE_H

#include <stdint.h>

#include "base/arena.h"

enum { PALETTE_SIZE = 256, PALETTE_CELLS = 1 << 15 }; /* 5 bits of each of red, green, blue */

typedef struct Palette {
    size_t count;
    uint8_t rgb[PALETTE_SIZE][3];
    uint8_t nearest[PALETTE_CELLS]; /* index of the entry nearest to the middle of a cell */
} Palette;

/* Counts the colours of a frame. */
void palette_count(uint32_t seen[PALETTE_CELLS], const uint8_t *rgb, size_t pixels);

/* The palette for what was counted. */
void palette_build(const uint32_t seen[PALETTE_CELLS], Palette *p);

/* The indices of row y of a frame (the dither depends on y). */
void palette_map_row(const Palette *p, const uint8_t *rgb, size_t y, size_t width, uint8_t *index);

#endif
