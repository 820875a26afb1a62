/* What every command of the program gets, and the table of commands.
 *
 * A new command is a file cmd_x.c with `SoraStatus cmd_x(Cli *cli, int argc, char **argv)`, one
 * line in COMMANDS below, one in meson.build, and its texts in lang_zh.c. It describes its options
 * and parses them (options.h), works, reports (progress.h), and returns a status: main prints the
 * sentence of an error and turns it into an exit code (0, 1, 2 for a wrong command line, 130 for
 * Ctrl-C). */
#ifndef SORA_CLI_H
#define SORA_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "lang.h"
#include "sora.h"

typedef enum Describe { DESCRIBE_NOT, DESCRIBE_BASH, DESCRIBE_ZSH, DESCRIBE_MAN } Describe;

/* The piece of work being shown (progress.h). */
typedef struct Progress {
    const char *what; /* NULL: none */
    double total, done, begun_done, begun_s, shown_s, shown_done;
    bool terminal;
    char detail[256];
} Progress;

typedef struct Cli {
    const char *command; /* "generate" */
    bool json, quiet;    /* --json: events on `events`; --quiet: no progress */
    int threads;         /* --threads; 0: all. Goes to pool_new */
    FILE *events;        /* stdout; a command that writes its result there sets stderr */
    size_t arg_count;    /* what is left of the command line after the options */
    char **arg;
    bool usage_error;  /* the error is the command line's: exit 2, point to --help */
    Describe describe; /* print the options in this form instead of working (options.c) */
    Progress progress;
} Cli;

/* name, what it does in one line (English; the Chinese is in lang_zh.c) */
/* clang-format off: one a line */
#define COMMANDS(X)                                                            \
    X(generate, N("make a video from words"))                                  \
    X(decode, N("turn a saved latent into a video"))                           \
    X(world, N("clips of the world, with captions and exact state"))           \
    X(words, N("list what can be asked for, in words"))                        \
    X(train, N("train a model on the world or on a folder of clips"))          \
    X(convert, N("quantise weights, merge LoRA, change the kind of file"))     \
    X(extend, N("go on from the end of a video, or find what came before"))    \
    X(fill, N("make the frames that are missing in a video"))                  \
    X(join, N("join two videos by an invented passage"))                       \
    X(loop, N("make a video end where it began"))                              \
    X(recut, N("keep the best of a video, and make the rest anew"))            \
    X(edit, N("change a video by words"))                                      \
    X(eval, N("measure a model or the reader"))                                \
    X(read, N("say what a video or a picture shows"))                          \
    X(info, N("show what a video, a picture or a model file holds"))           \
    X(completion, N("print what bash or zsh needs to complete command lines")) \
    X(manual, N("print the man page"))
/* clang-format on */

#define X(name, help) SoraStatus cmd_##name(Cli *cli, int argc, char **argv);
COMMANDS(X)
#undef X

typedef struct Command {
    const char *name, *help;
    SoraStatus (*run)(Cli *cli, int argc, char **argv);
} Command;

extern const Command cli_commands[]; /* ends with a NULL name */

#endif
