/* sora info of weights: files and folders of models. */
#ifndef SORA_INFO_WEIGHTS_H
#define SORA_INFO_WEIGHTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "cli.h"

/* Is this (by its content) something that info_weights reads? */
bool info_is_weights(const char *path);

SoraStatus info_weights(Cli *cli, const char *path, bool tensors, Arena *a);

/* Prints a text, control characters taken out: it is a stranger's. */
void info_text(const char *text);

/* Key and value on a line, as info_text has them. */
void info_line(const char *key, const char *text);

#endif
