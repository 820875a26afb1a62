/* Videos and pictures in: MP4, MOV, WebM, Matroska, AVI, GIF, animated WebP, APNG, PNG, JPEG, BMP,
 * Y4M, and folders of pictures in the order of the numbers in their names. Files come from
 * strangers: nothing but what is named is ever opened (no playlists, no addresses), sizes are
 * limited, and damage is an error that names the file and the frame.
 *
 * Frames come out upright, with square pixels, as sRGB over white, at a constant rate: frame k is
 * what is shown at k / fps. */
#ifndef MEDIA_READ_H
#define MEDIA_READ_H

#include <stdbool.h>

#include "media/clip.h"

/* What reading changes, for those who want to tell. */
typedef struct ReadNotes {
    bool turned;  /* it was stored on its side or mirrored */
    bool squared; /* its pixels were not square */
    bool alpha;   /* it was see-through in places: white now */
    bool varies;  /* its rate was not constant */
    int bits;     /* of a colour, more than 8 become 8 */
    bool sound;
} ReadNotes;

typedef struct ReadOptions {
    double fps; /* 0: the file's own rate */
    size_t
        frames_max;   /* of read_clip: stops there; 0: all, but more than it can hold is an error */
    size_t bytes_max; /* of read_clip's pixels; 0: 2 GiB */
    int threads;      /* of the decoder; 0: 1 */
    ReadNotes *notes; /* read_clip tells; or NULL */
} ReadOptions;

typedef struct ReadInfo {
    const char *format, *codec; /* "mp4", "h264" */
    size_t width, height;
    double fps;     /* of the frames that come out; 0: a picture */
    double seconds; /* as the file says; 0: unknown, or a picture */
    bool sound;     /* there is a sound track (it is not read) */
    bool turned, squared, alpha;
    int bits; /* of a colour, 8 and more */
    bool hdr; /* PQ or HLG, which read_clip refuses */
    MediaColour colour;
    const char *comment; /* metadata: what write.h put there, or anybody's; NULL: none */
} ReadInfo;

typedef struct Reader Reader;

/* Is this a folder with pictures in it? */
bool read_has_pictures(const char *folder);

SoraStatus read_open(const char *path, const ReadOptions *o, Reader **out);
const ReadInfo *read_info(const Reader *r); /* lives as long as the reader */

/* The next frame into rgb [height, width, 3]; *end instead when there is none. */
SoraStatus read_frame(Reader *r, uint8_t *rgb, bool *end);
void read_close(Reader *r); /* NULL is fine */

/* The whole file, or its first frames_max frames. `o` may be NULL. */
SoraStatus read_clip(const char *path, const ReadOptions *o, Arena *a, Clip *out);

#endif
