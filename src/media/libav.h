/* What every file that speaks to FFmpeg's libraries needs. Only in builds that have them. */
#ifndef MEDIA_LIBAV_H
#define MEDIA_LIBAV_H

#include "base/file.h"

struct AVFormatContext;
struct AVIOContext;

/* The library never prints: FFmpeg's messages go nowhere. Call before anything else of it. */
void libav_quiet(void);

/* err_set with ": " and FFmpeg's words for `code` behind. Out of memory gives SORA_E_MEMORY. */
SoraStatus libav_fail(SoraStatus status, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A file as FFmpeg sees it: these bytes and nothing else. It opens no other file or address, and no
 * format and codec that is not on the list of read.h (and of sound, to be copied). */
typedef struct LibavInput {
    const char *name; /* for messages; borrowed */
    Slice file;       /* borrowed */
    size_t at;
    struct AVIOContext *io;
    struct AVFormatContext *demuxer;
} LibavInput;

/* Fills in the rest; close it after a failure too. `in` must stay where it is. */
SoraStatus libav_input_open(LibavInput *in);
void libav_input_close(LibavInput *in);

extern const char libav_codecs[]; /* of pictures and video */

#endif
