/* sora words [en|zh]: what can be asked for. */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "home.h"
#include "options.h"
#include "words_sheet.h"

typedef struct Words {
    Cli *cli;
    Arena *arena;
    const char *model, *language, *sheet, *cast;
    bool yes;
} Words;

static SoraStatus parse(Words *w, int argc, char **argv)
{
    const Option options[] = {
        { 'm', "model", T("only the words of this model: a file, or a folder with one"),
          .path = &w->model },
        { 0, "sheet", T("a .png of actors and scenes with their names"), .path = &w->sheet },
        { 0, "cast", T("the world's cast"), .path = &w->cast },
        { 'y', "yes", T("write over an existing file"), .flag = &w->yes },
        { 0 },
    };
    TRY(options_parse(&(Usage){ .about = T("list what can be asked for, in words"),
                                .arguments = "[en|zh]",
                                .arg_max = 1,
                                .options = options,
                                .examples = "sora words\n"
                                            "sora words zh\n"
                                            "sora words --json\n"
                                            "sora words zh --sheet words.png\n" },
                      w->cli, argc, argv));
    w->language = lang_chinese() ? "zh" : "en";
    if (!w->cli->arg_count) return SORA_OK;
    w->language = w->cli->arg[0];
    if (strcmp(w->language, "en") == 0 || strcmp(w->language, "zh") == 0) return SORA_OK;
    w->cli->usage_error = true;
    return err_set(SORA_E_ARGUMENT, T("'%s' is no language of the list; there are en and zh"),
                   w->language);
}

static const char *headline(const char *key)
{
    static const struct {
        const char *key, *text;
    } line[] = {
        { "actors", N("actors") },       { "props", N("props") },
        { "scenes", N("scenes") },       { "times", N("times of day") },
        { "weathers", N("weather") },    { "cameras", N("cameras") },
        { "actions", N("actions") },     { "sizes", N("sizes") },
        { "relations", N("relations") }, { "weak", N("of those hardly learned yet") },
    };
    for (size_t i = 0; i < sizeof line / sizeof *line; i++)
        if (strcmp(line[i].key, key) == 0) return T(line[i].text);
    return key;
}

/* The name, and its other words behind it. */
static void print_entry(const Words *w, const Json *x)
{
    enum { COLUMN = 24 };
    const Json *word = json_get(x, w->language);
    bool zh = strcmp(w->language, "zh") == 0;
    for (size_t i = 0; word && i < word->count; i++) {
        const char *text = word->item[i].string;
        size_t columns = lang_columns(text);
        if (i)
            printf("%s%s", i > 1 ? zh ? "、" : ", " : "", text);
        else
            printf("  %s%*s", text,
                   word->count > 1 && columns < COLUMN ? (int)(COLUMN - columns) : 1, "");
    }
    printf("\n");
}

/* What comes out right in four of five clips, or was never measured, is claimed. */
static bool weak(const Json *entry)
{
    const Json *claimed = json_get(entry, "claimed");
    return claimed && !claimed->boolean;
}

static void list_some(const Words *w, const char *key, const Json *list, bool hardly)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) count += weak(&list->item[i]) == hardly;
    if (!count) return;
    printf("%s (%zu)\n", headline(key), count);
    for (size_t i = 0; i < list->count; i++)
        if (weak(&list->item[i]) == hardly) print_entry(w, &list->item[i]);
    printf("\n");
}

static SoraStatus list(Words *w, const char *text)
{
    const Json *tree;
    TRY(json_parse(text, strlen(text), "words", w->arena, &tree));
    lang_use(strcmp(w->language, "zh") == 0); /* headlines in the language of the list */
    for (size_t k = 0; k < tree->count; k++) {
        list_some(w, tree->item[k].key, &tree->item[k], false);
        list_some(w, "weak", &tree->item[k], true);
    }
    return SORA_OK;
}

static SoraStatus sheet(Words *w, const char *text)
{
    const Json *tree;
    TRY(json_parse(text, strlen(text), "words", w->arena, &tree));
    return words_sheet(&(WordsSheet){ .cli = w->cli,
                                      .path = w->sheet,
                                      .cast = w->cast,
                                      .language = w->language,
                                      .overwrite = w->yes },
                       tree, w->arena);
}

static SoraStatus run(Words *w)
{
    char *text;
    const char *model = w->model ? w->model : home_model("default/model.safetensors", w->arena);
    if (!w->model && !file_exists(model)) model = NULL; /* the library's own words */
    TRY(sora_words(model, &text));
    SoraStatus s = SORA_OK;
    if (w->sheet)
        s = sheet(w, text);
    else if (w->cli->json)
        printf("%s\n", text);
    else
        s = list(w, text);
    sora_words_free(text);
    return s;
}

SoraStatus cmd_words(Cli *cli, int argc, char **argv)
{
    Words w = { .cli = cli };
    TRY(parse(&w, argc, argv));
    w.arena = arena_new("words", 0);
    if (!w.arena) return err_set(SORA_E_MEMORY, "no memory left");
    SoraStatus s = run(&w);
    arena_free(w.arena);
    return s;
}
