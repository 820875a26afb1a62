#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char text[ERR_TEXT_MAX];

SoraStatus err_set(SoraStatus status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return status;
}

SoraStatus err_while(SoraStatus status, const char *format, ...)
{
    if (status == SORA_OK || status == SORA_CANCELLED) return status;
    char inner[ERR_TEXT_MAX];
    memcpy(inner, text, sizeof inner);
    va_list args;
    va_start(args, format);
    char where[ERR_TEXT_MAX / 2];
    vsnprintf(where, sizeof where, format, args);
    va_end(args);
    snprintf(text, sizeof text, "while %s: %.*s", where, (int)(sizeof text - strlen(where) - 10),
             inner);
    return status;
}

const char *err_text(void)
{
    return text;
}
