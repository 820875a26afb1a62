#include "api/learned.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/bundle.h"

enum { SIZE_MAX_BYTES = 1 << 20 };

static const char *path_of(const char *model, Arena *a)
{
    const char *slash = strrchr(model, '/');
    if (file_is_folder(model)) return arena_printf(a, "%s/%s", model, LEARNED_FILE);
    return arena_printf(a, "%.*s%s", slash ? (int)(slash + 1 - model) : 0, model, LEARNED_FILE);
}

/* What other weights would not have: how far they were trained, and from what. */
static const char *weights_mark(const Safetensors *file, const char *line, Arena *a)
{
    static const char *const key[] = { "sora.step", "sora.examples", "sora.seconds", "sora.seed" };
    for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
        const char *value = safetensors_metadata(file, key[i]);
        line = arena_printf(a, "%s %s", line, value ? value : "-");
    }
    return line;
}

/* The model's, and those of what lays its clips out. */
static SoraStatus weights_line(const char *model, const Safetensors *file, Arena *a,
                               const char **out)
{
    const char *path = bundle_layout_path(model, a);
    Safetensors layout;
    *out = weights_mark(file, "# of weights", a);
    if (!path) return SORA_OK;
    TRY(safetensors_open(path, a, &layout));
    *out = weights_mark(&layout, arena_printf(a, "%s, of layouts", *out), a);
    safetensors_close(&layout);
    return SORA_OK;
}

SoraStatus learned_write(const char *model, const Safetensors *file, const Lexicon *lex,
                         const LearnedRow *row, size_t rows, Arena *a, const char **path)
{
    const char *text;
    TRY(weights_line(model, file, a, &text));
    text = arena_printf(a, "%s\nactor\tasked\tright\n", text);
    for (size_t i = 0; i < rows; i++)
        text = arena_printf(a, "%s%s\t%zu\t%zu\n", text, lexicon_id(lex, WORD_ACTOR, row[i].actor),
                            row[i].asked, row[i].right);
    *path = path_of(model, a);
    return file_write(*path, text, strlen(text));
}

/* "cat\t12\t9" */
static SoraStatus read_row(char *line, const char *path, const Lexicon *lex, float *share)
{
    char *asked = strchr(line, '\t'), *end;
    if (!asked) return err_set(SORA_E_FORMAT, "%s: \"%.40s\" is no row of three", path, line);
    *asked++ = 0;
    unsigned long n = strtoul(asked, &end, 10), right = strtoul(end, &end, 10);
    if (*end || n == 0 || right > n)
        return err_set(SORA_E_FORMAT, "%s: %.40s was right %lu times of %lu", path, line, right, n);
    int i = lexicon_find(lex, WORD_ACTOR, line);
    if (i >= 0) share[i] = (float)right / (float)n;
    return SORA_OK;
}

SoraStatus learned_read(const char *model, const Safetensors *file, const Lexicon *lex, Arena *a,
                        float *share)
{
    const char *path = path_of(model, a), *known;
    Slice table;
    for (int i = 0; i < lexicon_count(lex, WORD_ACTOR); i++) share[i] = NAN;
    if (!file_exists(path)) return SORA_OK;
    TRY(file_read(path, SIZE_MAX_BYTES, a, &table));
    char *rest = (char *)table.bytes, *line = strsep(&rest, "\n");
    TRY(weights_line(model, file, a, &known));
    if (strcmp(line, known) != 0) return SORA_OK;
    line = strsep(&rest, "\n"); /* names of the columns */
    while (line && (line = strsep(&rest, "\n")))
        if (*line) TRY(read_row(line, path, lex, share));
    return SORA_OK;
}
