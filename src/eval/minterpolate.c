#include "eval/minterpolate.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

enum { SIDE = 3, SHOWN = 2 * SIDE, PROGRAM_MISSING = 127 };

extern char **environ;

/* The frame that is shown at place k: SIDE of them end before the gap. */
static size_t frame_at(const Clip *c, size_t first, size_t count, int k)
{
    long step = (long)count + 1, last = (long)c->frames - 1;
    long from = k < SIDE ? (long)first - 1 : (long)(first + count);
    long f = from + (k < SIDE ? k - (SIDE - 1) : k - SIDE) * step;
    return (size_t)(f < 0 ? 0 : f > last ? last : f);
}

static SoraStatus write_shown(const char *path, const Clip *c, size_t first, size_t count, Arena *a)
{
    size_t bytes = c->height * c->width * 3;
    uint8_t *all = arena_alloc(a, SHOWN * bytes);
    for (int k = 0; k < SHOWN; k++)
        memcpy(all + (size_t)k * bytes, clip_frame(c, frame_at(c, first, count, k)), bytes);
    return file_write(path, all, SHOWN * bytes);
}

/* Runs it to its end with nothing to read and nothing to say; *code 127: there is no such program.
 */
static SoraStatus run(char *const *argv, int *code)
{
    posix_spawn_file_actions_t quiet;
    pid_t pid;
    int status = 0;
    if (posix_spawn_file_actions_init(&quiet) != 0)
        return err_set(SORA_E_MEMORY, "no memory to run %s", argv[0]);
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_addopen(&quiet, fd, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0);
    int failed = posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&quiet);
    *code = PROGRAM_MISSING;
    if (failed) return SORA_OK;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_set(SORA_E_IO, "waiting for %s: %s", argv[0], strerror(errno));
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    return SORA_OK;
}

static SoraStatus filter(const Clip *c, size_t count, const char *in, const char *out, Arena *a,
                         bool *ran)
{
    const char *size = arena_printf(a, "%zux%zu", c->width, c->height);
    const char *way = arena_printf(a, "minterpolate=fps=%zu:mi_mode=mci:scd=none", count + 1);
    const char *argv[] = { "ffmpeg", "-v",  "error", "-f", "rawvideo", "-pix_fmt",
                           "rgb24",  "-s",  size,    "-r", "1",        "-i",
                           in,       "-vf", way,     "-f", "rawvideo", "-pix_fmt",
                           "rgb24",  "-y",  out,     NULL };
    int code = PROGRAM_MISSING;
    TRY(run((char *const *)argv, &code));
    *ran = code != PROGRAM_MISSING;
    return code == 0 || !*ran ? SORA_OK
                              : err_set(SORA_E_IO, "ffmpeg's minterpolate ended with %d", code);
}

static SoraStatus fill(Clip *c, size_t first, size_t count, const char *folder, Arena *a, bool *ran)
{
    const char *in = arena_printf(a, "%s/in.rgb", folder);
    const char *out = arena_printf(a, "%s/out.rgb", folder);
    size_t bytes = c->height * c->width * 3, skip = (SIDE - 1) * (count + 1) + 1;
    Slice made;
    TRY(write_shown(in, c, first, count, a));
    SoraStatus s = filter(c, count, in, out, a, ran);
    if (s == SORA_OK && *ran) s = file_read(out, 1 << 30, a, &made);
    if (s == SORA_OK && *ran) {
        if (made.size < (skip + count) * bytes)
            s = err_set(SORA_E_FORMAT, "ffmpeg's minterpolate made %zu frames, not %zu",
                        made.size / bytes, skip + count);
        else
            memcpy(clip_frame(c, first), made.bytes + skip * bytes, count * bytes);
    }
    unlink(in);
    unlink(out);
    return s;
}

SoraStatus minterpolate_fill(Clip *c, size_t first, size_t count, Arena *a, bool *ran)
{
    assert(first > 0 && first + count < c->frames);
    const char *where = getenv("TMPDIR");
    ArenaMark mark = arena_mark(a);
    char *folder = arena_printf(a, "%s/sora-flow-XXXXXX", where && *where ? where : "/tmp");
    *ran = false;
    if (!mkdtemp(folder)) return err_set(SORA_E_IO, "no folder %s: %s", folder, strerror(errno));
    SoraStatus s = fill(c, first, count, folder, a, ran);
    rmdir(folder);
    arena_rewind(a, mark);
    return s;
}
