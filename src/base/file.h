/* Files: read whole or mapped, written aside and renamed, so that a reader never sees half. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/file.h"

typedef struct Slice {
    const unsigned char *bytes;
    size_t size;
} Slice;

/* Maps a file read-only. An empty file gives size 0 and bytes NULL. Free with file_unmap. */
SoraStatus file_map(const char *path, Slice *out);
void file_unmap(Slice s);

/* Reads a whole file of at most `limit` bytes into the arena; a zero byte follows the last. */
SoraStatus file_read(const char *path, size_t limit, Arena *a, Slice *out);

bool file_exists(const char *path);

bool file_is_folder(const char *path);

/* Makes a folder, and those above it that are not there; one that is there already is fine. */
SoraStatus file_make_folder(const char *path);

/* Atomic writing: bytes go to a hidden file beside `path`; file_commit flushes, fsyncs and
 * renames it over `path`; file_abort removes it. After either the writer is closed. */
typedef struct FileWriter {
    FILE *f;
    char path[4096], aside[4096 + 32];
} FileWriter;
SoraStatus file_begin(const char *path, FileWriter *w);
SoraStatus file_put(FileWriter *w, const void *bytes, size_t size);
SoraStatus file_commit(FileWriter *w);
void file_abort(FileWriter *w);

/* begin + put + commit. */
SoraStatus file_write(const char *path, const void *bytes, size_t size);

#endif
