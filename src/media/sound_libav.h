/* Sound of other files on its way into a new one: packets are copied, never decoded. Only in builds
 * with FFmpeg's libraries. */
#ifndef MEDIA_SOUND_LIBAV_H
#define MEDIA_SOUND_LIBAV_H

#include "media/write.h"

struct AVFormatContext;

typedef struct Sound Sound;

/* Adds a stream to the muxer, whose header is not written yet. *out is NULL when there is no sound
 * in any of the files, or the format cannot hold it: then o->log is told. */
SoraStatus sound_open(struct AVFormatContext *muxer, const WriteOptions *o, Arena *a, Sound **out);

/* Writes packets that begin before `until_s`; NULL is fine. */
SoraStatus sound_write(Sound *s, double until_s);
void sound_close(Sound *s); /* NULL is fine */

#endif
