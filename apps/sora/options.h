/* A command's options: one table that parses, checks, helps and completes.
 *
 *     struct { int64_t steps; const char *output; bool yes; } g = { .steps = 30 };
 *     const Option options[] = {
 *         { .group = T("Output") },
 *         { 'o', "output", T("where the video goes"), .path = &g.output },
 *         { 'y', "yes", T("write over an existing file"), .flag = &g.yes },
 *         { .group = T("Sampling") },
 *         { 0, "steps", T("denoising steps"), .integer = &g.steps, .min = 1, .max = 1000 },
 *         { 0 },
 *     };
 *     TRY(options_parse(&(Usage){ .about = T("make a video from words"),
 *                                 .arguments = T("PROMPT"), .arg_min = 1, .arg_max = 1,
 *                                 .options = options,
 *                                 .examples = "sora generate \"a fox runs\" -o fox.mp4\n" },
 *                       cli, argc, argv));
 *
 * The kind of an option is the one pointer that is set; what it points at is the default, which
 * the help shows, and is replaced by what the user wrote. --help, --json, --quiet and --threads
 * are understood by every command and need no entry. */
#ifndef SORA_OPTIONS_H
#define SORA_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"

typedef struct OptionSize {
    int width, height;
    bool shape; /* only their ratio was said: 16:9 */
} OptionSize;

enum { OPTION_LIST_MAX = 64 };
typedef struct OptionList {
    size_t count;
    const char *item[OPTION_LIST_MAX];
} OptionList;

typedef struct Option {
    char letter;              /* -o; 0: none */
    const char *name;         /* --output */
    const char *help;         /* one sentence without a full stop, in the user's language */
    const char *group;        /* set alone: a headline in the help */
    const char *value;        /* what stands for the value in the help; NULL: by kind */
    bool *given;              /* or NULL: set to true when the user wrote the option */
    double min, max;          /* of integer, number, seconds and bytes; both 0: no limits */
    const char *const *names; /* of choice: the words allowed, ends with NULL */

    bool *flag;        /* --yes */
    int64_t *integer;  /* --steps 30 */
    double *number;    /* --cfg-scale 4.5 */
    const char **text; /* --negative "words"; points into argv */
    const char **path; /* --output FILE; the same, completed as a file */
    OptionSize *size;  /* --size 256x144 */
    bool shapes;       /* of size: --size 16:9 too */
    double *seconds;   /* --duration 2.5s, 500ms, 1m, 2h, or a bare number of seconds */
    uint64_t *bytes;   /* --memory 4G, 512M, 100k */
    int *choice;       /* --sampler euler; the index in `names` */
    OptionList *list;  /* --lora a,b --lora c; items are cut out of argv */
    bool whole;        /* of a list: commas are part of the item */
} Option;

typedef struct Usage {
    const char *about;       /* what the command does, one sentence without a full stop */
    const char *arguments;   /* "PROMPT", "FILE..."; NULL: none */
    size_t arg_min, arg_max; /* how many there must be */
    const Option *options;   /* ends with { 0 }; may be NULL */
    const char *examples;    /* lines that can be typed as they are, each with its '\n'; or NULL */
} Usage;

/* Parses argv[1..] (argv[0] is the command's name). What is no option goes to cli->arg; all after
 * "--" does. SORA_E_ARGUMENT with a sentence that says what was allowed, or the nearest name;
 * SORA_CANCELLED when there is nothing left to do because the help was asked for and printed. */
SoraStatus options_parse(const Usage *usage, Cli *cli, int argc, char **argv);

/* The candidate (a list that ends with NULL) that the user may have meant, or NULL. */
const char *options_nearest(const char *word, const char *const *candidates);

#endif
