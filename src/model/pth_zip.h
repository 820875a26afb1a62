/* The members of a ZIP archive that are stored as they are (PKWARE APPNOTE 6.3.10, 4.3 and 4.4),
 * ZIP64 included: what torch.save writes. */
#ifndef MODEL_PTH_ZIP_H
#define MODEL_PTH_ZIP_H

#include "base/file.h"

typedef struct ZipMember {
    const char *name;
    Slice bytes; /* in the mapping; of a compressed or encrypted member: NULL */
} ZipMember;

typedef struct Zip {
    size_t count;
    ZipMember *member; /* sorted by name, each once */
} Zip;

/* Reads the directory of a mapped archive, which must outlive the result. `name` goes into
 * messages. */
SoraStatus zip_read(Slice map, const char *name, Arena *a, Zip *out);

const ZipMember *zip_find(const Zip *z, const char *name); /* or NULL */

#endif
