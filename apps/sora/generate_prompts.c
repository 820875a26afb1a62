/* --prompts FILE: a prompt a line. */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "generate.h"

static SoraStatus check_line(const char *path, const char *line, size_t number, bool whole)
{
    if (!whole)
        return err_set(SORA_E_FORMAT,
                       T("line %zu of %s has a zero byte in it: save it as UTF-8 text"), number,
                       path);
    if (utf8_check(line, strlen(line)) != SORA_OK)
        return err_set(SORA_E_FORMAT,
                       T("line %zu of %s is not UTF-8: save it as UTF-8 text (iconv -f GB18030 "
                         "-t UTF-8 does that for GBK)"),
                       number, path);
    return SORA_OK;
}

static size_t count_lines(const char *text)
{
    size_t lines = 1;
    for (; *text; text++) lines += *text == '\n' || *text == '\r';
    return lines;
}

SoraStatus generate_prompts(const char *path, Arena *a, const char ***prompt, size_t *count)
{
    enum { FILE_MAX = 16 << 20 };
    Slice file;
    TRY(file_read(path, FILE_MAX, a, &file));
    TRY(utf8_refuse_utf16(path, file.bytes, file.size));
    char *text = (char *)file.bytes, *last = text + file.size, *next;
    if (file.size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3;
    *prompt = arena_alloc(a, count_lines(text) * sizeof **prompt);
    *count = 0;
    for (size_t number = 1; text; text = next, number++) {
        char *end = text + strcspn(text, "\r\n");
        bool whole = *end || end == last;
        next = *end ? end + (strncmp(end, "\r\n", 2) == 0 ? 2 : 1) : NULL;
        *end = 0;
        TRY(check_line(path, text, number, whole));
        if (text[strspn(text, " \t")]) (*prompt)[(*count)++] = text;
    }
    if (*count) return SORA_OK;
    return err_set(SORA_E_ARGUMENT, T("%s has no prompt in it"), path);
}
