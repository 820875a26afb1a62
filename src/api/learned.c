#include "api/learned.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/bundle.h"

enum { SIZE_MAX_BYTES = 1 << 20 };
static const char COLUMNS[] = "kind\tid\tasked\tright";

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
    text = arena_printf(a, "%s\n%s\n", text, COLUMNS);
    for (size_t i = 0; i < rows; i++)
        text = arena_printf(a, "%s%s\t%s\t%zu\t%zu\n", text, lexicon_kind_name(row[i].kind),
                            lexicon_id(lex, row[i].kind, row[i].index), row[i].asked, row[i].right);
    *path = path_of(model, a);
    return file_write(*path, text, strlen(text));
}

/* "actor\tcat\t12\t9"; kinds and words that this build does not know are passed over. */
static SoraStatus read_row(char *line, const char *path, const Lexicon *lex,
                           float *const share[WORD_KIND_COUNT])
{
    const char *kind = strsep(&line, "\t"), *id = strsep(&line, "\t");
    char *end;
    if (!id || !line) return err_set(SORA_E_FORMAT, "%s: \"%.40s\" is no row of four", path, kind);
    unsigned long n = strtoul(line, &end, 10), right = strtoul(end, &end, 10);
    if (*end || n == 0 || right > n)
        return err_set(SORA_E_FORMAT, "%s: %.40s was right %lu times of %lu", path, id, right, n);
    for (int k = 0; k < WORD_KIND_COUNT; k++) {
        int i = strcmp(kind, lexicon_kind_name(k)) == 0 ? lexicon_find(lex, k, id) : -1;
        if (i >= 0) share[k][i] = (float)right / (float)n;
    }
    return SORA_OK;
}

SoraStatus learned_read(const char *model, const Safetensors *file, const Lexicon *lex, Arena *a,
                        float *const share[WORD_KIND_COUNT])
{
    const char *path = path_of(model, a), *known;
    Slice table;
    if (!file_exists(path)) return SORA_OK;
    TRY(file_read(path, SIZE_MAX_BYTES, a, &table));
    char *rest = (char *)table.bytes, *line = strsep(&rest, "\n");
    TRY(weights_line(model, file, a, &known));
    if (strcmp(line, known) != 0) return SORA_OK;
    line = strsep(&rest, "\n");
    if (!line || strcmp(line, COLUMNS) != 0) return SORA_OK; /* an older build's */
    while (line && (line = strsep(&rest, "\n")))
        if (*line) TRY(read_row(line, path, lex, share));
    return SORA_OK;
}
