/* Option structs of callers that may be older or newer than this library. */
#ifndef API_VERSION_H
#define API_VERSION_H

#include <stddef.h>

#include "base/error.h"

/* Copies what the caller's struct has over `own`, which holds the defaults. A struct that is
 * larger than this library's comes from a newer header: SORA_E_ARGUMENT. Size 0 was never
 * initialised: the same. */
SoraStatus version_copy(void *own, size_t own_size, const void *theirs, const char *name);

#endif
