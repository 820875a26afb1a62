/* What the parts of sora generate share. */
#ifndef SORA_GENERATE_H
#define SORA_GENERATE_H

#include "make.h"

typedef struct Generate {
    Make make;
    OptionSize size;
    int64_t width, height, frames, count;
    double duration, fps;
    const char *like, *prompts_file;
    const char **prompt;
    size_t prompts;
    bool fps_given;
} Generate;

/* The prompts of a file, one a line; CR, LF and CRLF end a line. */
SoraStatus generate_prompts(const char *path, Arena *a, const char ***prompt, size_t *count);

/* --like: what the command line did not say comes from the file's notes. *made_by: the engine that
 * made it, or NULL. SORA_E_ARGUMENT when words and settings alone do not make it again. */
SoraStatus generate_like(Generate *g, const char **made_by);

#endif
