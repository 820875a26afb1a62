#include "media/libav.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include <libavutil/error.h>
#include <libavutil/log.h>

static void drop(void *context, int level, const char *format, va_list args)
{
    (void)context, (void)level, (void)format, (void)args;
}

static void set_quiet(void)
{
    av_log_set_callback(drop);
}

void libav_quiet(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_quiet);
}

SoraStatus libav_fail(SoraStatus status, int code, const char *format, ...)
{
    char what[ERR_TEXT_MAX / 2], why[AV_ERROR_MAX_STRING_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    av_strerror(code, why, sizeof why);
    if (code == AVERROR(ENOMEM)) status = SORA_E_MEMORY;
    return err_set(status, "%s: %s", what, why);
}
