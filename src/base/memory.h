/* How much memory the machine has to give. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdint.h>

/* Bytes that could be had now without swapping, a container's limit respected; UINT64_MAX when the
 * system does not say. */
uint64_t memory_available(void);

#endif
