#define _GNU_SOURCE
#include "peer.h"

#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct BenchPeer {
    FILE *to, *from;
    pid_t pid;
    char answer[256];
};

/* The answer's line without its end; "" when the peer is gone. */
static const char *answer(BenchPeer *p)
{
    fflush(p->to);
    if (!fgets(p->answer, sizeof p->answer, p->from)) p->answer[0] = 0;
    p->answer[strcspn(p->answer, "\n")] = 0;
    return p->answer;
}

static pid_t start(const char *python, const char *script, const char *threads, int in, int out)
{
    pid_t pid = fork();
    if (pid != 0) return pid;
    unsetenv("LD_LIBRARY_PATH"); /* it is for the oneDNN of this process */
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    execlp(python, python, script, threads, (char *)NULL);
    _exit(127);
}

BenchPeer *peer_start(int threads)
{
    const char *python = getenv("SORA_BENCH_PYTHON"), *script = getenv("SORA_BENCH_PEER");
    int down[2], up[2];
    if (!python || !script || pipe2(down, O_CLOEXEC) != 0 || pipe2(up, O_CLOEXEC) != 0) return NULL;
    char count[16];
    snprintf(count, sizeof count, "%d", threads);
    BenchPeer *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->pid = start(python, script, count, down[0], up[1]);
    close(down[0]);
    close(up[1]);
    p->to = fdopen(down[1], "w");
    p->from = fdopen(up[0], "r");
    if (p->pid > 0 && p->to && p->from && strcmp(answer(p), "ready") == 0) return p;
    peer_stop(p);
    return NULL;
}

void peer_stop(BenchPeer *p)
{
    if (!p) return;
    if (p->to) fclose(p->to);
    if (p->from) fclose(p->from);
    if (p->pid > 0) waitpid(p->pid, NULL, 0);
    free(p);
}

bool peer_prepare(BenchPeer *p, const char *format, ...)
{
    if (!p) return false;
    va_list args;
    va_start(args, format);
    vfprintf(p->to, format, args);
    va_end(args);
    fputc('\n', p->to);
    return strcmp(answer(p), "ready") == 0;
}

double peer_timed(void *ctx, int times)
{
    BenchPeer *p = ctx;
    fprintf(p->to, "run %d\n", times);
    double seconds = atof(answer(p));
    return seconds > 0 ? seconds : INFINITY;
}
