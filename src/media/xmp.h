/* The smallest XMP packet that carries a text as dc:description: WebP's place for metadata. */
#ifndef MEDIA_XMP_H
#define MEDIA_XMP_H

#include "base/file.h"

const char *xmp_wrap(Arena *a, const char *text);

/* The dc:description of a packet that may come from anybody; NULL when there is none. */
const char *xmp_unwrap(Arena *a, Slice packet);

#endif
