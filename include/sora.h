/* sora.h: the public interface of libsora. The rest of it is added by src/api/ as the verbs land. */
#ifndef SORA_H
#define SORA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 0 is success, every error is negative. The sentence that goes with it: sora_error(). */
typedef enum SoraStatus {
    SORA_OK = 0,
    SORA_E_ARGUMENT = -1,    /* the caller asked for something that has no meaning */
    SORA_E_IO = -2,          /* the operating system refused: missing file, full disk */
    SORA_E_FORMAT = -3,      /* foreign bytes are not what they claim to be */
    SORA_E_MEMORY = -4,      /* does not fit in memory, or in the limit that was set */
    SORA_E_UNSUPPORTED = -5, /* well-formed, but not something this build can do */
    SORA_E_NUMBER = -6,      /* NaN or infinity where a number was needed */
    SORA_CANCELLED = -7      /* the caller's callback asked to stop; not an error */
} SoraStatus;

#ifdef __cplusplus
}
#endif
#endif
