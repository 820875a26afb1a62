#include "media/png.h"

#include <string.h>

#include "config.h"

#ifdef HAVE_AV
#include <libavcodec/avcodec.h>
#include <libavutil/crc.h>

#include "media/libav.h"

static SoraStatus encode_packet(AVCodecContext *codec, AVFrame *frame, AVPacket *packet,
                                const Clip *clip, size_t f)
{
    codec->width = frame->width = (int)clip->width;
    codec->height = frame->height = (int)clip->height;
    codec->pix_fmt = frame->format = AV_PIX_FMT_RGB24;
    codec->time_base = (AVRational){ 1, 25 };
    codec->thread_count = 1;
    frame->data[0] = clip_frame(clip, f);
    frame->linesize[0] = (int)clip->width * 3;
    int e = avcodec_open2(codec, codec->codec, NULL);
    if (e >= 0) e = avcodec_send_frame(codec, frame);
    if (e >= 0) e = avcodec_receive_packet(codec, packet);
    return e < 0 ? libav_fail(SORA_E_UNSUPPORTED, e, "cannot encode a PNG of %zux%zu", clip->width,
                              clip->height)
                 : SORA_OK;
}

enum { HEADER = 8 + 25 }; /* the signature and IHDR, which must stay in front */

static size_t put_u32(uint8_t *to, uint32_t x)
{
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(x >> (24 - 8 * i));
    return 4;
}

/* length, "iTXt", "Comment" 0, not compressed, no language, no translated keyword, text, CRC */
static size_t put_comment(uint8_t *to, const char *comment)
{
    static const uint8_t head[] = "iTXtComment\0\0\0\0"; /* its own 0 is the fifth */
    size_t text = strlen(comment), body = sizeof head + text;
    size_t n = put_u32(to, (uint32_t)(body - 4));
    memcpy(to + n, head, sizeof head);
    memcpy(to + n + sizeof head, comment, text);
    uint32_t crc = av_crc(av_crc_get_table(AV_CRC_32_IEEE_LE), ~0u, to + n, body) ^ ~0u;
    n += body;
    return n + put_u32(to + n, crc);
}

static SoraStatus join(const AVPacket *packet, const char *comment, Arena *a, Slice *out)
{
    size_t size = (size_t)packet->size, text = comment ? strlen(comment) : 0;
    if (text > (1 << 20))
        return err_set(SORA_E_ARGUMENT, "a comment of %zu bytes, at most 1 MiB", text);
    void *bytes;
    TRY(arena_try(a, size + text + 64, &bytes));
    uint8_t *to = bytes;
    memcpy(to, packet->data, HEADER);
    size_t n = HEADER;
    if (comment) n += put_comment(to + n, comment);
    memcpy(to + n, packet->data + HEADER, size - HEADER);
    *out = (Slice){ bytes, n + size - HEADER };
    return SORA_OK;
}

SoraStatus png_encode(const Clip *clip, size_t f, const char *comment, Arena *a, Slice *out)
{
    libav_quiet();
    const AVCodec *png = avcodec_find_encoder(AV_CODEC_ID_PNG);
    if (!png) return err_set(SORA_E_UNSUPPORTED, "this build of FFmpeg writes no PNG");
    AVCodecContext *codec = avcodec_alloc_context3(png);
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();
    SoraStatus s = codec && frame && packet ? encode_packet(codec, frame, packet, clip, f)
                                            : err_set(SORA_E_MEMORY, "no memory for a PNG");
    if (s == SORA_OK) s = join(packet, comment, a, out);
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&codec);
    return s;
}

#else

SoraStatus png_encode(const Clip *clip, size_t f, const char *comment, Arena *a, Slice *out)
{
    (void)clip, (void)f, (void)comment, (void)a, (void)out;
    return err_set(SORA_E_UNSUPPORTED, "this build of sora has no FFmpeg libraries, no PNG");
}

#endif

SoraStatus png_write(const char *path, const Clip *clip, size_t f, const char *comment)
{
    Arena *a = arena_new("png", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a PNG");
    Slice file = { 0 };
    SoraStatus s = png_encode(clip, f, comment, a, &file);
    if (s == SORA_OK) s = file_write(path, file.bytes, file.size);
    arena_free(a);
    return s;
}

static size_t get_u32(const uint8_t *from)
{
    return (size_t)from[0] << 24 | (size_t)from[1] << 16 | (size_t)from[2] << 8 | from[3];
}

const char *png_comment(Slice file, Arena *a)
{
    static const char mark[] = "iTXtComment\0\0\0\0"; /* its own 0 is the fifth */
    if (file.size < 8 || memcmp(file.bytes, "\x89PNG", 4) != 0) return NULL;
    for (size_t at = 8; at + 12 <= file.size;) {
        const uint8_t *chunk = file.bytes + at;
        size_t body = get_u32(chunk);
        if (body > file.size - at - 12) return NULL;
        if (body + 4 >= sizeof mark && memcmp(chunk + 4, mark, sizeof mark) == 0) {
            size_t size = body + 4 - sizeof mark;
            char *text = arena_zero(a, size + 1);
            memcpy(text, chunk + 4 + sizeof mark, size);
            return text;
        }
        at += body + 12;
    }
    return NULL;
}
