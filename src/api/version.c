#include "api/version.h"

#include <string.h>

SoraStatus version_copy(void *own, size_t own_size, const void *theirs, const char *name)
{
    size_t size; /* the first field of all of them */
    memcpy(&size, theirs, sizeof size);
    if (size < sizeof size || size > own_size)
        return err_set(SORA_E_ARGUMENT,
                       "a %s of %zu bytes, this library knows %zu: was its init function called, "
                       "with this library's header?",
                       name, size, own_size);
    memcpy(own, theirs, size);
    memcpy(own, &own_size, sizeof own_size);
    return SORA_OK;
}
