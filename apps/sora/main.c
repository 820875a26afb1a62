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

/* On standard error for people, and as an event for programs. */
static void report(Cli *cli, SoraStatus s)
{
    char room[4096];
    const char *sentence = lang_sentence(err_text(), room, sizeof room);
    if (cli->json) {
        Arena *a = arena_new("error", 0);
        if (!a) return;
        JsonWriter w = progress_event(a, "error");
        json_put_integer(&w, "status", s);
        json_put_text(&w, "text", sentence);
        progress_send(cli, &w);
        arena_free(a);
    }
    fprintf(stderr, "sora%s%s: %s\n", *cli->command ? " " : "", cli->command, sentence);
    if (cli->usage_error)
        fprintf(stderr, T("'sora %s --help' shows what can be said\n"), cli->command);
}

static int unknown_command(const char *name, int argc, char **argv)
{
    enum { COMMANDS_MAX = 64 };
    const char *names[COMMANDS_MAX + 1];
    size_t count = 0;
    Cli cli = { .command = "", .events = stdout };
    for (const Command *c = cli_commands; c->name && count < COMMANDS_MAX; c++)
        names[count++] = c->name;
    names[count] = NULL;
    for (int i = 2; i < argc; i++) cli.json |= strcmp(argv[i], "--json") == 0;
    const char *near = options_nearest(name, names);
    SoraStatus s = near ? err_set(SORA_E_ARGUMENT,
                                  T("there is no command '%s'; did you mean '%s'?"), name, near)
                        : err_set(SORA_E_ARGUMENT,
                                  T("there is no command '%s'; 'sora --help' lists them"), name);
    report(&cli, s);
    return 2;
}

static SoraStatus check_printed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return SORA_OK;
    return err_set(SORA_E_IO, "cannot write to the standard output");
}

/* The exit code of what has only printed. */
static int printed(void)
{
    SoraStatus s = check_printed();
    if (s == SORA_OK) return 0;
    report(&(Cli){ .command = "" }, s);
    return 1;
}

static void send_stopped(Cli *cli)
{
    Arena *a = arena_new("stopped", 0);
    if (!a) return;
    JsonWriter w = progress_event(a, "stopped");
    progress_send(cli, &w);
    arena_free(a);
}

static int run(const Command *c, int argc, char **argv)
{
    Cli cli = { .command = c->name, .events = stdout };
    progress_catch();
    SoraStatus s = c->run(&cli, argc, argv);
    progress_end(&cli);
    if (s == SORA_CANCELLED && progress_cancelled()) {
        if (cli.json) send_stopped(&cli);
        return 130;
    }
    if (s == SORA_CANCELLED) s = SORA_OK; /* the help was asked for */
    if (s == SORA_OK) s = check_printed();
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
        return printed();
    }
    if (strcmp(word, "--commands") == 0) { /* for scripts and tests */
        list_commands();
        return printed();
    }
    bool help = strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
    if (help && argc == 2) {
        show_commands(stdout);
        return printed();
    }
    const Command *c = find_command(help ? argv[2] : word);
    if (!c) return unknown_command(help ? argv[2] : word, argc, argv);
    if (help) {
        char *ask[] = { argv[2], (char *)"--help", NULL };
        return run(c, 2, ask);
    }
    return run(c, argc - 1, argv + 1);
}
