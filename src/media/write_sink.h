/* How one format is written: a row of functions behind write.c. A sink keeps its state in the
 * arena it is given, writes to the path it is told, and does not rename. */
#ifndef MEDIA_WRITE_SINK_H
#define MEDIA_WRITE_SINK_H

#include "base/file.h"
#include "media/write.h"

typedef struct Sink {
    const WriteOptions *options; /* fps filled in */
    WriteFormat format;
    const char *path; /* as the user named it */
    FileWriter *file; /* the file aside; for "-" its f is stdout and aside is "" */
    size_t frames;    /* written so far */
    Arena *arena;
    void *state; /* the format's own */
} Sink;

typedef struct SinkKind {
    SoraStatus (*open)(Sink *s);
    SoraStatus (*frame)(Sink *s, const uint8_t *rgb);
    SoraStatus (*finish)(Sink *s); /* all bytes are out afterwards */
    void (*close)(Sink *s);        /* frees; called once, after finish or instead of it */
} SinkKind;

extern const SinkKind write_libav; /* MP4, WebM, Y4M, GIF */
extern const SinkKind write_webp;
extern const SinkKind write_png; /* PNG and PNGS */

#endif
