#include "options.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "options_value.h"
#include "options_help.h"

/* ---- the options every command has ---- */

enum { SHARED = 5 };

typedef struct Shared {
    bool help;
    int64_t threads;
    Option option[SHARED];
} Shared;

static void shared_options(Shared *s, Cli *cli)
{
    *s = (Shared){ .threads = cli->threads };
    const Option all[SHARED] = {
        { 'h', "help", T("show this text"), .flag = &s->help },
        { 0, "json", T("report in JSON, one object a line"), .flag = &cli->json },
        { 'q', "quiet", T("no progress, only results and errors"), .flag = &cli->quiet },
        { 0, "threads", T("processor threads to use, 0 for all"), .integer = &s->threads, .min = 0,
          .max = 256 },
        { 0 },
    };
    memcpy(s->option, all, sizeof all);
}

/* ---- finding ---- */

/* Optimal string alignment distance: changes, insertions, losses and swaps of neighbours. */
static size_t distance(const char *a, const char *b)
{
    enum { MAX = 32 };
    size_t n = strlen(a), m = strlen(b), d[MAX + 1][MAX + 1];
    if (n > MAX || m > MAX) return SIZE_MAX;
    for (size_t i = 0; i <= n; i++) d[i][0] = i;
    for (size_t j = 0; j <= m; j++) d[0][j] = j;
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= m; j++) {
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[n][m];
}

const char *options_nearest(const char *word, const char *const *candidates)
{
    const char *best = NULL;
    size_t least = strlen(word) / 3 + 2; /* half of a short word may be wrong, a third of a long */
    for (; *candidates; candidates++) {
        size_t d = distance(word, *candidates);
        if (strlen(word) >= 3 && strncmp(word, *candidates, strlen(word)) == 0) d = 1;
        if (d < least) best = *candidates, least = d;
    }
    return best;
}

/* --clip_vision is --clip-vision: other programs spell some names so. */
static bool same_name(const char *name, const char *word, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((word[i] == '_' ? '-' : word[i]) != name[i]) return false;
    return true;
}

static const Option *find_in(const Option *o, const char *name, size_t size, char letter)
{
    for (; o && (o->name || o->group); o++) {
        if (!o->name) continue;
        if (letter ? o->letter == letter
                   : strlen(o->name) == size && same_name(o->name, name, size))
            return o;
    }
    return NULL;
}

typedef struct Parser {
    const Usage *usage;
    const Shared *shared;
    Cli *cli;
    int argc, next;
    char **argv;
    bool only_arguments; /* "--" was there */
} Parser;

static const Option *find(const Parser *p, const char *name, size_t size, char letter)
{
    const Option *o = find_in(p->usage->options, name, size, letter);
    return o ? o : find_in(p->shared->option, name, size, letter);
}

static SoraStatus unknown(const Parser *p, const char *name, size_t size)
{
    enum { NAMES_MAX = 256 };
    const char *names[NAMES_MAX + 1];
    size_t count = 0;
    const Option *tables[] = { p->usage->options, p->shared->option };
    for (size_t t = 0; t < 2; t++)
        for (const Option *o = tables[t]; o && (o->name || o->group); o++)
            if (o->name && count < NAMES_MAX) names[count++] = o->name;
    names[count] = NULL;
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)size, name);
    const char *near = options_nearest(word, names);
    if (near)
        return err_set(SORA_E_ARGUMENT, T("there is no option --%s; did you mean --%s?"), word,
                       near);
    return err_set(SORA_E_ARGUMENT, T("there is no option --%s"), word);
}

/* ---- parsing ---- */

static SoraStatus take(Parser *p, const Option *o, char *value)
{
    if (o->given) *o->given = true;
    if (o->flag) {
        if (value)
            return err_set(SORA_E_ARGUMENT, T("--%s takes no value, but got '%s'"), o->name, value);
        *o->flag = true;
        return SORA_OK;
    }
    if (!value) {
        if (p->next >= p->argc) {
            char kind[OPTIONS_VALUE_MAX];
            options_value_name(o, kind);
            return err_set(SORA_E_ARGUMENT, T("--%s needs a value: --%s %s"), o->name, o->name,
                           kind);
        }
        value = p->argv[p->next++];
    }
    if (strcmp(o->name, "output") == 0 && strcmp(value, "-") == 0) p->cli->events = stderr;
    return options_value_set(o, value);
}

static SoraStatus take_long(Parser *p, char *word)
{
    char *equals = strchr(word, '=');
    size_t size = equals ? (size_t)(equals - word) : strlen(word);
    const Option *o = find(p, word, size, 0);
    if (!o) return unknown(p, word, size);
    return take(p, o, equals ? equals + 1 : NULL);
}

/* -y, -yq, -oFILE, -o FILE */
static SoraStatus take_letters(Parser *p, char *letters)
{
    for (; *letters; letters++) {
        const Option *o = find(p, NULL, 0, *letters);
        if (!o) return err_set(SORA_E_ARGUMENT, T("there is no option -%c"), *letters);
        if (!o->flag) return take(p, o, letters[1] ? letters + 1 : NULL);
        TRY(take(p, o, NULL));
    }
    return SORA_OK;
}

static SoraStatus take_word(Parser *p)
{
    Cli *cli = p->cli;
    char *word = p->argv[p->next++];
    if (p->only_arguments || word[0] != '-' || !word[1]) { /* "-" is standard input or output */
        cli->arg[cli->arg_count++] = word;
        return SORA_OK;
    }
    if (strcmp(word, "--") == 0) {
        p->only_arguments = true;
        return SORA_OK;
    }
    return word[1] == '-' ? take_long(p, word + 2) : take_letters(p, word + 1);
}

/* What follows an error is read all the same: it may say how errors are told. */
static SoraStatus take_all(Parser *p)
{
    char sentence[ERR_TEXT_MAX];
    SoraStatus first = SORA_OK;
    while (p->next < p->argc) {
        SoraStatus s = take_word(p);
        if (s == SORA_OK || first != SORA_OK) continue;
        first = s;
        snprintf(sentence, sizeof sentence, "%s", err_text());
    }
    return first == SORA_OK ? SORA_OK : err_set(first, "%s", sentence);
}

static SoraStatus check_arguments(const Usage *u, const Cli *cli)
{
    if (cli->arg_count < u->arg_min)
        return err_set(SORA_E_ARGUMENT, T("%s is missing"), u->arguments);
    if (cli->arg_count > u->arg_max)
        return u->arguments ? err_set(SORA_E_ARGUMENT, T("'%s' is one argument too many after %s"),
                                      cli->arg[u->arg_max], u->arguments)
                            : err_set(SORA_E_ARGUMENT, T("'%s': %s takes no arguments"),
                                      cli->arg[u->arg_max], cli->command);
    return SORA_OK;
}

SoraStatus options_parse(const Usage *usage, Cli *cli, int argc, char **argv)
{
    Shared shared;
    shared_options(&shared, cli);
    if (cli->describe != DESCRIBE_NOT) {
        options_help_describe(usage, shared.option, cli);
        return SORA_CANCELLED;
    }
    Parser p = { usage, &shared, cli, argc, 1, argv, false };
    cli->arg = argv; /* read from the front, filled behind where it was read */
    cli->arg_count = 0;
    cli->usage_error = true;
    SoraStatus s = take_all(&p);
    if (s == SORA_OK && shared.help) {
        options_help_show(usage, shared.option, cli);
        s = SORA_CANCELLED;
    }
    if (s == SORA_OK) s = check_arguments(usage, cli);
    if (s == SORA_E_ARGUMENT) return s;
    cli->usage_error = false;
    cli->threads = (int)shared.threads;
    return s;
}
