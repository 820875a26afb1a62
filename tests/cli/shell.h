/* A line of shell, what it prints, and its exit code: how the tests run the program as people do.
 */
#ifndef TESTS_CLI_SHELL_H
#define TESTS_CLI_SHELL_H

#include "check.h"

#include <sys/wait.h>

static char output[1 << 16]; /* what the last command printed */

/* Runs a command whose error output goes where its output goes; -1 when it did not exit by itself.
 */
static inline int shell_run(const char *command)
{
    FILE *f = popen(command, "r");
    assert_non_null(f);
    size_t n = fread(output, 1, sizeof output - 1, f);
    output[n] = 0;
    int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What `line` came to must be exit code `code`, with `words` in what was printed. */
static inline void shell_expect(const char *line, int got, int code, const char *words)
{
    if (got != code || !strstr(output, words))
        fail_msg("%s: exit code %d (expected %d), expected '%s' in:\n%s", line, got, code, words,
                 output);
}

#endif
