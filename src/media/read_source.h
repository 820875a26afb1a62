/* Where read.c gets pictures from: a row of functions a library. */
#ifndef MEDIA_READ_SOURCE_H
#define MEDIA_READ_SOURCE_H

#include "base/file.h"
#include "media/read.h"

typedef struct Picture {
    uint8_t *rgb;          /* [height, width, 3] */
    double start_s, end_s; /* when it is shown; NaN where the file does not say */
} Picture;

typedef struct Source {
    Slice file;
    const char *name; /* for messages */
    int threads;
    Arena *arena;
    ReadInfo info; /* filled by open; fps is the file's nominal rate */
    void *state;
} Source;

typedef struct SourceKind {
    SoraStatus (*open)(Source *s);
    /* Into p->rgb, which the caller owns; *end when there is none left. */
    SoraStatus (*next)(Source *s, Picture *p, bool *end);
    void (*close)(Source *s); /* also after a failed open */
} SourceKind;

extern const SourceKind read_libav, read_webp, read_pictures;

/* rgb = rgba over white */
void read_over_white(uint8_t *rgb, const uint8_t *rgba, size_t pixels);

#endif
