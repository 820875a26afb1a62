/* The sheet of `sora words --sheet`: thumbnails of actors and scenes with their names beneath. */
#ifndef SORA_WORDS_SHEET_H
#define SORA_WORDS_SHEET_H

#include "base/json.h"
#include "cli.h"

typedef struct WordsSheet {
    Cli *cli;
    const char *path, *cast, *language; /* "en", "zh" */
    bool overwrite;
} WordsSheet;

/* A .png of what the world of `cast` has; only actors that `words` (the list of sora_words, parsed)
 * has too. SORA_E_FORMAT when a name has a character that the font lacks. */
SoraStatus words_sheet(const WordsSheet *s, const Json *words, Arena *a);

#endif
