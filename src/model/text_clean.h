/* Prompts as Wan cleans them before they are tokenised (Wan2.1 wan/modules/tokenizers.py, mode
 * "whitespace"): ftfy 6.3's repairs (HTML references, mojibake, C1 controls, ligatures, full and
 * half width, curly quotes, line ends, control characters, NFC), HTML references twice more, and
 * white space folded. Of mojibake those lines are repaired that are UTF-8 as a whole when read as
 * Latin-1 or CP-1252; lines that are only partly so are left alone. */
#ifndef MODEL_TEXT_CLEAN_H
#define MODEL_TEXT_CLEAN_H

#include <stddef.h>

#include "base/arena.h"

enum { TEXT_CLEAN_MAX = 1 << 18 }; /* bytes of a prompt */

/* `text` is UTF-8; bytes that are not count as U+FFFD. Result, zero-terminated, and working memory
 * from `a`. SORA_E_ARGUMENT when it is too long. */
SoraStatus text_clean(const char *text, Arena *a, char **out);

#endif
