/* What every file that speaks to FFmpeg's libraries needs. Only in builds that have them. */
#ifndef MEDIA_LIBAV_H
#define MEDIA_LIBAV_H

#include "base/error.h"

/* The library never prints: FFmpeg's messages go nowhere. Call before anything else of it. */
void libav_quiet(void);

/* err_set with ": " and FFmpeg's words for `code` behind. Out of memory gives SORA_E_MEMORY. */
SoraStatus libav_fail(SoraStatus status, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
