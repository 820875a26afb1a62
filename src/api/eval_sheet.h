/* Pairs of clips on a sheet, to look at with the eye, and what was asked for beside it. */
#ifndef API_EVAL_SHEET_H
#define API_EVAL_SHEET_H

#include "media/clip.h"

typedef struct EvalSheet {
    const char *path; /* ...png; NULL: none is wanted */
    size_t pairs_max, pairs;
    Arena *arena;
    Clip *clip; /* [2 * pairs_max] the model's, the world's, ... */
    char **text;
} EvalSheet;

SoraStatus eval_sheet_open(EvalSheet *s, const char *path, size_t pairs_max);
SoraStatus eval_sheet_add(EvalSheet *s, const char *text, const Clip *made, const Clip *world);

/* Writes PATH and, with .txt for its ending, the texts, one a line with its number. */
SoraStatus eval_sheet_write(EvalSheet *s);
void eval_sheet_close(EvalSheet *s); /* a zeroed one is fine */

#endif
