/* Contact sheets: many clips on one picture, to look at results with the eye. */
#ifndef MEDIA_SHEET_H
#define MEDIA_SHEET_H

#include "media/clip.h"

typedef struct SheetOptions {
    size_t frames;  /* of each clip, evenly spaced, first and last among them; 0: up to 8 */
    size_t columns; /* clips beside each other; 0: as many as make the sheet about square */
    size_t side;    /* the longer side of a frame on the sheet; 0: its own size */
    size_t gap;     /* pixels between clips; frames of one clip touch */
} SheetOptions;

/* Draws clips (all of one size) in reading order on white. */
SoraStatus sheet_draw(const Clip *clips, size_t count, const SheetOptions *o, Arena *a, Clip *out);

/* sheet_draw and png_write. */
SoraStatus sheet_write(const char *path, const Clip *clips, size_t count, const SheetOptions *o);

#endif
