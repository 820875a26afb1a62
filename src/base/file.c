#define _GNU_SOURCE
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static SoraStatus fail(const char *verb, const char *path)
{
    return err_set(SORA_E_IO, "cannot %s %s: %s", verb, path, strerror(errno));
}

static SoraStatus open_regular(const char *path, int *fd, size_t *size)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) return fail("open", path);
    struct stat st;
    if (fstat(*fd, &st) != 0) {
        SoraStatus s = fail("stat", path);
        close(*fd);
        return s;
    }
    if (!S_ISREG(st.st_mode)) {
        close(*fd);
        return err_set(SORA_E_IO, "%s is %s, a file is needed", path,
                       S_ISDIR(st.st_mode) ? "a folder" : "not a regular file");
    }
    *size = (size_t)st.st_size;
    return SORA_OK;
}

SoraStatus file_map(const char *path, Slice *out)
{
    int fd;
    size_t size = 0;
    TRY(open_regular(path, &fd, &size));
    *out = (Slice){ NULL, size };
    void *p = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    SoraStatus s = p == MAP_FAILED ? fail("map", path) : SORA_OK;
    close(fd);
    if (s == SORA_OK) out->bytes = p;
    return s;
}

void file_unmap(Slice s)
{
    if (s.bytes) munmap((void *)s.bytes, s.size);
}

SoraStatus file_read(const char *path, size_t limit, Arena *a, Slice *out)
{
    int fd;
    size_t size = 0, got = 0;
    TRY(open_regular(path, &fd, &size));
    void *bytes = NULL;
    SoraStatus s = size > limit ? err_set(SORA_E_FORMAT, "%s has %zu bytes, at most %zu are read",
                                          path, size, limit)
                                : arena_try(a, size + 1, &bytes);
    while (s == SORA_OK && got < size) {
        ssize_t n = read(fd, (char *)bytes + got, size - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) s = fail("read", path);
        if (n == 0) s = err_set(SORA_E_IO, "%s became shorter while it was read", path);
        if (n > 0) got += (size_t)n;
    }
    close(fd);
    if (s != SORA_OK) return s;
    ((char *)bytes)[size] = 0;
    *out = (Slice){ bytes, size };
    return SORA_OK;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

SoraStatus file_make_folder(const char *path)
{
    char part[4096];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return err_set(SORA_E_ARGUMENT, "the path has %zu bytes, 1 to %zu can be used", n,
                       sizeof part - 1);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] && path[i] != '/') continue;
        memcpy(part, path, i);
        part[i] = 0;
        int why = mkdir(part, 0777) == 0 ? 0 : errno;
        if (!why || file_is_folder(part)) continue;
        if (why == EEXIST) return err_set(SORA_E_IO, "%s is a file, a folder is needed", part);
        return err_set(SORA_E_IO, "cannot make the folder %s: %s", part, strerror(why));
    }
    return SORA_OK;
}

SoraStatus file_begin(const char *path, FileWriter *w)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    if (strlen(path) >= sizeof w->path)
        return err_set(SORA_E_ARGUMENT, "the path has %zu bytes, at most %zu", strlen(path),
                       sizeof w->path - 1);
    snprintf(w->path, sizeof w->path, "%s", path);
    snprintf(w->aside, sizeof w->aside, "%.*s.%s.XXXXXX", (int)folder, path, path + folder);
    int fd = mkostemp(w->aside, O_CLOEXEC);
    if (fd < 0) return fail("write beside", path);
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask); /* mkstemp makes 0600; people expect an ordinary file */
    w->f = fdopen(fd, "wb");
    if (!w->f) {
        close(fd);
        unlink(w->aside);
        return fail("write", path);
    }
    return SORA_OK;
}

SoraStatus file_put(FileWriter *w, const void *bytes, size_t size)
{
    if (size && fwrite(bytes, 1, size, w->f) != size) return fail("write", w->path);
    return SORA_OK;
}

static void sync_folder(const char *path)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return; /* the rename stands, only its survival of a power cut is less certain */
    fsync(fd);
    close(fd);
}

SoraStatus file_commit(FileWriter *w)
{
    bool ok = fflush(w->f) == 0 && fsync(fileno(w->f)) == 0;
    ok = fclose(w->f) == 0 && ok;
    w->f = NULL;
    if (ok && rename(w->aside, w->path) == 0) {
        sync_folder(w->path);
        return SORA_OK;
    }
    SoraStatus s = fail("write", w->path);
    unlink(w->aside);
    return s;
}

void file_abort(FileWriter *w)
{
    if (!w->f) return;
    fclose(w->f);
    w->f = NULL;
    unlink(w->aside);
}

SoraStatus file_write(const char *path, const void *bytes, size_t size)
{
    FileWriter w;
    TRY(file_begin(path, &w));
    SoraStatus s = file_put(&w, bytes, size);
    if (s != SORA_OK) {
        file_abort(&w);
        return s;
    }
    return file_commit(&w);
}
