/* The program's texts in the user's language. English is in the code, inside T("...") where it is
 * used or N("...") in static tables; Chinese is in one table, lang_zh.c. tests/cli checks that
 * each text has its Chinese with the same % directives, and that the table has nothing else. */
#ifndef SORA_LANG_H
#define SORA_LANG_H

#include <stdbool.h>
#include <stddef.h>

#define T(text) lang_text(text)
#define N(text) text /* translated later, with T(variable) */

typedef struct LangPair {
    const char *en, *zh;
} LangPair;

extern const LangPair lang_zh[];        /* the program's own texts; ends with NULL */
extern const LangPair lang_zh_errors[]; /* the library's sentences, see lang_sentence */

/* Looks at LC_ALL, LC_MESSAGES and LANG, the first that is set: zh* is Chinese. Call once. */
void lang_init(void);
void lang_use(bool chinese);
bool lang_chinese(void);

const char *lang_text(const char *en) __attribute__((format_arg(1)));

/* An error sentence made by the library, in the user's language as far as the table knows it:
 * `en` patterns there have %s where the sentence varies, and `zh` has the same in the same order.
 * The result is in `out` or is `en` itself. */
const char *lang_sentence(const char *en, char *out, size_t room);

/* Columns a UTF-8 text takes on a terminal: wide characters take two. */
size_t lang_columns(const char *text);
/* Bytes of the longest beginning of `text` that fits `columns`, whole characters only. */
size_t lang_fit(const char *text, size_t columns);

#endif
