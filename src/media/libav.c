#include "media/libav.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include <string.h>

#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/log.h>

#include "base/size.h"

static const char formats[] = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,apng,png_pipe,"
                              "jpeg_pipe,bmp_pipe,yuv4mpegpipe,mpegts,mpeg,flv,ogg";
const char libav_codecs[] = "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,mpeg2video,mpeg1video,mjpeg,"
                            "png,apng,gif,bmp,rawvideo,theora,ffv1,prores,wrapped_avframe";
static const char all_codecs[] =
    "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,mpeg2video,mpeg1video,mjpeg,"
    "png,apng,gif,bmp,rawvideo,theora,ffv1,prores,wrapped_avframe,"
    "aac,mp3float,mp3,opus,libopus,vorbis,flac,ac3,eac3,alac,pcm_s16le";

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

/* ---- a file's bytes and nothing else ---- */

static int read_bytes(void *context, uint8_t *to, int size)
{
    LibavInput *in = context;
    size_t n = size_min((size_t)size, in->file.size - in->at);
    if (!n) return AVERROR_EOF;
    memcpy(to, in->file.bytes + in->at, n);
    in->at += n;
    return (int)n;
}

static int64_t seek_bytes(void *context, int64_t offset, int whence)
{
    LibavInput *in = context;
    if (whence & AVSEEK_SIZE) return (int64_t)in->file.size;
    whence &= ~AVSEEK_FORCE;
    int64_t base = whence == SEEK_CUR   ? (int64_t)in->at
                   : whence == SEEK_END ? (int64_t)in->file.size
                                        : 0;
    int64_t to;
    if (__builtin_add_overflow(base, offset, &to) || to < 0 || (uint64_t)to > in->file.size)
        return AVERROR(EINVAL);
    in->at = (size_t)to;
    return to;
}

static int refuse_open(AVFormatContext *c, AVIOContext **pb, const char *url, int flags,
                       AVDictionary **o)
{
    (void)c, (void)pb, (void)url, (void)flags, (void)o;
    return AVERROR(EPERM);
}

SoraStatus libav_input_open(LibavInput *in)
{
    enum { BUFFER = 1 << 15 };
    libav_quiet();
    uint8_t *buffer = av_malloc(BUFFER);
    in->io =
        buffer ? avio_alloc_context(buffer, BUFFER, 0, in, read_bytes, NULL, seek_bytes) : NULL;
    in->demuxer = in->io ? avformat_alloc_context() : NULL;
    if (!in->demuxer) return err_set(SORA_E_MEMORY, "no memory to read %s", in->name);
    in->demuxer->pb = in->io;
    in->demuxer->io_open = refuse_open;
    in->demuxer->format_whitelist = av_strdup(formats);
    in->demuxer->codec_whitelist = av_strdup(all_codecs);
    in->demuxer->max_streams = 64;
    int e = avformat_open_input(&in->demuxer, NULL, NULL, NULL);
    if (e == AVERROR(ENOMEM)) return libav_fail(SORA_E_MEMORY, e, "%s", in->name);
    if (e < 0)
        return err_set(SORA_E_FORMAT,
                       "%s is not a video or picture that can be read, or is damaged", in->name);
    e = avformat_find_stream_info(in->demuxer, NULL);
    if (e < 0) return libav_fail(SORA_E_FORMAT, e, "%s is damaged", in->name);
    return SORA_OK;
}

void libav_input_close(LibavInput *in)
{
    avformat_close_input(&in->demuxer);
    if (in->io) av_freep(&in->io->buffer);
    avio_context_free(&in->io);
}
