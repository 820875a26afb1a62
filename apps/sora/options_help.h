/* An option table as people read it and as shells and man pages want it. */
#ifndef SORA_OPTIONS_HELP_H
#define SORA_OPTIONS_HELP_H

#include "options.h"

/* `shared` are the options every command has; both go to stdout. */
void options_help_show(const Usage *usage, const Option *shared, const Cli *cli);

/* In the form cli->describe asks for. */
void options_help_describe(const Usage *usage, const Option *shared, const Cli *cli);

/* Prints `text` wrapped between two columns (wide characters count two, and a line may break
 * before each); the cursor is at column `at` when it begins. Ends the line. */
void options_help_wrap(const char *text, size_t at, size_t left, size_t right);

#endif
