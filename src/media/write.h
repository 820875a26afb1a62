/* Videos and pictures out, frame by frame, so that a long one never is in memory whole. The file
 * is written aside and appears under its name only when it is complete. */
#ifndef MEDIA_WRITE_H
#define MEDIA_WRITE_H

#include <stdbool.h>

#include "media/clip.h"

/* By the path's ending; a path that ends in '/' (or is a folder) is WRITE_PNGS; "-" is standard
 * output, in the format of WriteOptions.format. */
typedef enum WriteFormat {
    WRITE_AUTO,
    WRITE_MP4,  /* .mp4 .mov .m4v: H.264, faststart (in fragments to a pipe) */
    WRITE_WEBM, /* .webm: VP9 */
    WRITE_GIF,  /* .gif: one palette, ordered dither */
    WRITE_WEBP, /* .webp: animated */
    WRITE_Y4M,  /* .y4m: not compressed, 4:4:4 */
    WRITE_PNG,  /* .png: a picture, or a contact sheet of up to 64 frames */
    WRITE_PNGS, /* folder/: 0001.png, 0002.png ... */
    WRITE_FORMAT_COUNT
} WriteFormat;

/* A stretch of another file's sound, copied packet by packet into an MP4 or WebM that can hold it.
 */
typedef struct WriteSound {
    const char *path; /* one without sound is skipped */
    double from_s;    /* where the stretch begins, after the file's first picture */
    double length_s;  /* 0: to the end */
    double at_s;      /* where it begins in the new file; stretches are in order of time */
} WriteSound;

typedef struct WriteOptions {
    size_t height, width;
    double fps;          /* 0: 24, or a picture */
    size_t frames;       /* that will come, to be refused before any work is done; 0: not known */
    WriteFormat format;  /* needed for "-" only */
    bool overwrite;      /* else a file that exists is an error, before any work is done */
    bool yuv444;         /* MP4: colour at full resolution; fewer players show it */
    int quality;         /* 0: standard; else 1 (small) to 100 (MP4 and WebM near lossless) */
    const char *comment; /* metadata, one line of JSON; NULL: none. GIF and Y4M have no place for
                            it and get it as FILE.json beside them; a pipe of these none */
    MediaColour colour; /* MP4 and WebM are tagged with it, as another file is; not known: BT.709 */
    const WriteSound *sound; /* [sound_count], borrowed until the end */
    size_t sound_count;
    void (*log)(void *self, const char *line); /* NULL, or told what is left out */
    void *log_self;
} WriteOptions;

typedef struct Writer Writer;

/* Opens, or says in one sentence why not: exists already, folder missing, not writable, unknown
 * ending, odd sides for MP4 in 4:2:0. */
SoraStatus write_open(const char *path, const WriteOptions *o, Writer **out);
SoraStatus write_frame(Writer *w, const uint8_t *rgb); /* [height, width, 3] */
/* Finishes and puts the file in place. After either call the writer is gone; NULL is fine. */
SoraStatus write_commit(Writer *w);
void write_abort(Writer *w);

/* All of a clip; o->height, width, fps and frames are taken from it. */
SoraStatus write_clip(const char *path, const Clip *clip, const WriteOptions *o);

/* It has no place for the comment, which goes into FILE.json beside it. */
bool write_has_beside(WriteFormat format);

/* The format of a path, WRITE_AUTO when its ending is unknown. */
WriteFormat write_format(const char *path);

/* About so much memory is taken besides the frame that is given, of `frames` of [height, width]. */
size_t write_bytes(WriteFormat format, size_t frames, size_t height, size_t width);

#endif
