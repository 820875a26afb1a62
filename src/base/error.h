/* Errors in words. A failing function sets one sentence for its thread and returns a status;
 * callers pass it up with TRY and may add where they were with err_while. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "sora.h"

enum { ERR_TEXT_MAX = 1024 };

/* Stores the sentence for this thread (cut at ERR_TEXT_MAX) and returns `status`. */
SoraStatus err_set(SoraStatus status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "while <what>: " before the stored sentence if `status` is an error; returns `status`. */
SoraStatus err_while(SoraStatus status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The sentence of the last err_set on this thread; "" when there was none. Valid until the next. */
const char *err_text(void);

#define TRY(call)                                       \
    do {                                                \
        SoraStatus try_status_ = (call);                \
        if (try_status_ != SORA_OK) return try_status_; \
    } while (0)

#endif
