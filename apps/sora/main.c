#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "config.h"
#include "options.h"
#include "progress.h"

#define X(name, help) { #name, help, cmd_##name },
const Command cli_commands[] = { COMMANDS(X){ NULL, NULL, NULL } };
#undef X

static void show_commands(FILE *f)
{
    fprintf(f, T("sora %s: videos from words, made on this computer\n\n"), SORA_VERSION);
    fprintf(f, "%s\n\n", T("usage: sora COMMAND [options] ..."));
    for (const Command *c = cli_commands; c->name; c++)
        fprintf(f, "  %-12s %s\n", c->name, T(c->help));
    fprintf(f, "\n%s\n", T("sora COMMAND --help tells all about one."));
}

static const Command *find_command(const char *name)
{
    for (const Command *c = cli_commands; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

static void list_commands(void)
{
    for (const Command *c = cli_commands; c->name; c++) printf("%s\n", c->name);
}

static int unknown_command(const char *name)
{
    enum { COMMANDS_MAX = 64 };
    const char *names[COMMANDS_MAX + 1];
    size_t count = 0;
    for (const Command *c = cli_commands; c->name && count < COMMANDS_MAX; c++)
        names[count++] = c->name;
    names[count] = NULL;
    const char *near = options_nearest(name, names);
    if (near)
        fprintf(stderr, T("sora: there is no command '%s'; did you mean '%s'?\n"), name, near);
    else
        fprintf(stderr, T("sora: there is no command '%s'; 'sora --help' lists them\n"), name);
    return 2;
}

static void report(const Cli *cli, SoraStatus s)
{
    char room[4096];
    const char *sentence = lang_sentence(err_text(), room, sizeof room);
    if (cli->json) {
        Arena *a = arena_new("error", 0);
        if (!a) return;
        JsonWriter w = progress_event(a, "error");
        json_put_integer(&w, "status", s);
        json_put_text(&w, "text", sentence);
        progress_send((Cli *)cli, &w);
        arena_free(a);
    }
    fprintf(stderr, "sora %s: %s\n", cli->command, sentence);
    if (cli->usage_error)
        fprintf(stderr, T("'sora %s --help' shows what can be said\n"), cli->command);
}

static int run(const Command *c, int argc, char **argv)
{
    Cli cli = { .command = c->name, .events = stdout };
    progress_catch();
    SoraStatus s = c->run(&cli, argc, argv);
    progress_end(&cli);
    if (s == SORA_OK && (fflush(stdout) != 0 || ferror(stdout)))
        s = err_set(SORA_E_IO, "cannot write to the standard output");
    if (s == SORA_CANCELLED) return progress_cancelled() ? 130 : 0;
    if (s == SORA_OK) return 0;
    report(&cli, s);
    return cli.usage_error ? 2 : 1;
}

int main(int argc, char **argv)
{
    lang_init();
    const char *word = argc > 1 ? argv[1] : "";
    if (!*word) {
        show_commands(stderr);
        return 2;
    }
    if (strcmp(word, "--version") == 0) {
        printf("sora %s\n", SORA_VERSION);
        return 0;
    }
    if (strcmp(word, "--commands") == 0) { /* for scripts and tests */
        list_commands();
        return 0;
    }
    bool help = strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
    if (help && argc == 2) {
        show_commands(stdout);
        return 0;
    }
    const Command *c = find_command(help ? argv[2] : word);
    if (!c) return unknown_command(help ? argv[2] : word);
    if (help) {
        char *ask[] = { argv[2], (char *)"--help", NULL };
        return run(c, 2, ask);
    }
    return run(c, argc - 1, argv + 1);
}
