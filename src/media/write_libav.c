#include <math.h>
#include <string.h>

#include "media/write_sink.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

#include "media/libav.h"
#include "media/palette.h"
#include "media/sound_libav.h"

/* A GIF's palette is made of the first frames, which wait until there are this many. */
enum { GIF_WAIT = 48 };

typedef struct AvState {
    AVFormatContext *muxer;
    AVCodecContext *codec;
    AVStream *stream;
    AVFrame *frame;
    AVPacket *packet;
    struct SwsContext *scale;
    Sound *sound;     /* NULL: none */
    size_t sent;      /* frames given to the encoder */
    uint8_t *waiting; /* GIF: [GIF_WAIT, height, width, 3] */
    uint32_t *seen;   /* GIF: colours counted */
    Palette *palette; /* GIF: once it is made */
    size_t wait_count;
} AvState;

/* How a format is told to the libraries. */
typedef struct AvKind {
    const char *muxer, *codec;
    enum AVPixelFormat pixels;
} AvKind;

static AvKind kind_of(const Sink *s)
{
    switch (s->format) {
    case WRITE_WEBM: return (AvKind){ "webm", "libvpx-vp9", AV_PIX_FMT_YUV420P };
    case WRITE_GIF: return (AvKind){ "gif", "gif", AV_PIX_FMT_PAL8 };
    case WRITE_Y4M: return (AvKind){ "yuv4mpegpipe", "wrapped_avframe", AV_PIX_FMT_YUV444P };
    default:
        return (AvKind){ "mp4", "libx264",
                         s->options->yuv444 ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P };
    }
}

/* The libraries' own scale (0 is lossless, 51 or 63 the worst) for quality 1 to 100. */
static void set_quality(AVDictionary **o, const Sink *s)
{
    int q = s->options->quality;
    char crf[16];
    if (s->format == WRITE_MP4)
        snprintf(crf, sizeof crf, "%d", q ? (int)lround(46 - 0.42 * q) : 17);
    else
        snprintf(crf, sizeof crf, "%d", q ? (int)lround(58 - 0.52 * q) : 24);
    av_dict_set(o, "crf", crf, 0);
}

/* The number of threads is fixed, because an encoder's bytes depend on it. */
static void set_encoder(AVDictionary **o, const Sink *s)
{
    if (s->format != WRITE_MP4 && s->format != WRITE_WEBM) return;
    set_quality(o, s);
    av_dict_set(o, "threads", "4", 0);
    if (s->format == WRITE_WEBM) {
        av_dict_set(o, "b", "0", 0); /* constant quality needs it */
        av_dict_set(o, "row-mt", "1", 0);
        av_dict_set(o, "cpu-used", "4", 0);
    } else {
        av_dict_set(o, "preset", "medium", 0);
    }
}

/* Y4M cannot say which matrix it is in, nor does a file that is untagged: readers guess by size, as
 * read_libav.c does. */
static bool is_bt709(const Sink *s)
{
    return s->format != WRITE_Y4M || s->options->height >= 720;
}

/* Tags of another file; those of an RGB one, and a matrix that pixels cannot be brought to, are the
 * standard's. */
static MediaColour colour_of(const Sink *s)
{
    const MediaColour *c = &s->options->colour;
    MediaColour own = { .known = true,
                        .primaries = AVCOL_PRI_BT709,
                        .transfer = AVCOL_TRC_BT709,
                        .matrix = is_bt709(s) ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M,
                        .range_known = true };
    if (!c->known || s->format == WRITE_Y4M || s->format == WRITE_GIF) return own;
    switch (c->matrix) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_UNSPECIFIED:
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_SMPTE240M:
    case AVCOL_SPC_BT2020_NCL: return *c;
    default: return own;
    }
}

static int matrix_of(const Sink *s)
{
    switch (colour_of(s).matrix) {
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M: return SWS_CS_ITU601;
    case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL: return SWS_CS_BT2020;
    case AVCOL_SPC_UNSPECIFIED: return s->options->height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
    default: return SWS_CS_ITU709;
    }
}

static SoraStatus open_codec(Sink *s, AvState *v)
{
    AvKind kind = kind_of(s);
    const AVCodec *codec = avcodec_find_encoder_by_name(kind.codec);
    if (!codec)
        return err_set(SORA_E_UNSUPPORTED, "%s: this build of FFmpeg has no %s", s->path,
                       kind.codec);
    v->codec = avcodec_alloc_context3(codec);
    if (!v->codec) return err_set(SORA_E_MEMORY, "no memory to write %s", s->path);
    AVRational rate = av_d2q(s->options->fps, 1001 * 1000);
    v->codec->width = (int)s->options->width;
    v->codec->height = (int)s->options->height;
    v->codec->pix_fmt = kind.pixels;
    v->codec->framerate = rate;
    v->codec->time_base = s->format == WRITE_GIF ? (AVRational){ 1, 100 } : av_inv_q(rate);
    v->codec->flags |= AV_CODEC_FLAG_BITEXACT;
    v->codec->gop_size = (int)fmax(1, fmin(600, 5 * s->options->fps)); /* seeking by 5 seconds */
    if (kind.pixels != AV_PIX_FMT_PAL8) {
        MediaColour c = colour_of(s);
        v->codec->color_range = c.full          ? AVCOL_RANGE_JPEG
                                : c.range_known ? AVCOL_RANGE_MPEG
                                                : AVCOL_RANGE_UNSPECIFIED;
        v->codec->colorspace = (enum AVColorSpace)c.matrix;
        v->codec->color_primaries = (enum AVColorPrimaries)c.primaries;
        v->codec->color_trc = (enum AVColorTransferCharacteristic)c.transfer;
    }
    if (v->muxer->oformat->flags & AVFMT_GLOBALHEADER)
        v->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary *o = NULL;
    set_encoder(&o, s);
    int e = avcodec_open2(v->codec, codec, &o);
    av_dict_free(&o);
    if (e < 0)
        return libav_fail(SORA_E_UNSUPPORTED, e, "%s: %s cannot encode %zux%zu", s->path,
                          kind.codec, s->options->width, s->options->height);
    return SORA_OK;
}

static SoraStatus open_frame(Sink *s, AvState *v)
{
    v->frame = av_frame_alloc();
    v->packet = av_packet_alloc();
    if (!v->frame || !v->packet) return err_set(SORA_E_MEMORY, "no memory to write %s", s->path);
    v->frame->width = v->codec->width;
    v->frame->height = v->codec->height;
    v->frame->format = v->codec->pix_fmt;
    v->frame->color_range = v->codec->color_range;
    v->frame->colorspace = v->codec->colorspace;
    int e = av_frame_get_buffer(v->frame, 0);
    if (e < 0) return libav_fail(SORA_E_MEMORY, e, "no memory to write %s", s->path);
    if (s->format == WRITE_GIF) return SORA_OK;
    int w = v->codec->width, h = v->codec->height;
    v->scale = sws_getContext(w, h, AV_PIX_FMT_RGB24, w, h, v->codec->pix_fmt,
                              SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP | SWS_BITEXACT,
                              NULL, NULL, NULL);
    if (!v->scale) return err_set(SORA_E_MEMORY, "no memory to write %s", s->path);
    const int *matrix = sws_getCoefficients(matrix_of(s));
    sws_setColorspaceDetails(v->scale, matrix, 1, matrix, colour_of(s).full, 0, 1 << 16, 1 << 16);
    return SORA_OK;
}

/* The libraries open the file aside themselves, as faststart has to read it again. */
static SoraStatus open_output(Sink *s, AvState *v)
{
    bool pipe = s->file->f == stdout;
    char *url = pipe ? av_strdup("pipe:1") : av_asprintf("file:%s", s->file->aside);
    if (!url) return err_set(SORA_E_MEMORY, "no memory to write %s", s->path);
    v->muxer->url = url;
    int e = avio_open(&v->muxer->pb, url, AVIO_FLAG_WRITE);
    return e < 0 ? libav_fail(SORA_E_IO, e, "cannot write %s", s->path) : SORA_OK;
}

static SoraStatus open_stream(Sink *s, AvState *v)
{
    v->stream = avformat_new_stream(v->muxer, NULL);
    if (!v->stream) return err_set(SORA_E_MEMORY, "no memory to write %s", s->path);
    v->stream->time_base = v->codec->time_base;
    v->stream->avg_frame_rate = v->codec->framerate;
    avcodec_parameters_from_context(v->stream->codecpar, v->codec);
    v->muxer->flags |= AVFMT_FLAG_BITEXACT;
    if (s->format == WRITE_MP4 || s->format == WRITE_WEBM)
        TRY(sound_open(v->muxer, s->options, s->arena, &v->sound));
    if (s->options->comment) av_dict_set(&v->muxer->metadata, "comment", s->options->comment, 0);
    AVDictionary *o = NULL;
    if (s->format == WRITE_MP4)
        av_dict_set(
            &o, "movflags",
            s->file->f == stdout ? "frag_keyframe+empty_moov+default_base_moof" : "faststart", 0);
    int e = avformat_write_header(v->muxer, &o);
    av_dict_free(&o);
    return e < 0 ? libav_fail(SORA_E_IO, e, "cannot write %s", s->path) : SORA_OK;
}

static SoraStatus open_av(Sink *s)
{
    libav_quiet();
    AvState *v = s->state = arena_zero(s->arena, sizeof *v);
    int e = avformat_alloc_output_context2(&v->muxer, NULL, kind_of(s).muxer, NULL);
    if (e < 0)
        return libav_fail(SORA_E_UNSUPPORTED, e, "%s: no %s in this FFmpeg", s->path,
                          kind_of(s).muxer);
    TRY(open_codec(s, v));
    TRY(open_frame(s, v));
    TRY(open_output(s, v));
    if (s->format == WRITE_GIF) {
        size_t frame = s->options->height * s->options->width * 3;
        void *waiting;
        TRY(arena_try(s->arena, frame * GIF_WAIT, &waiting));
        v->waiting = waiting;
        v->seen = arena_zero(s->arena, PALETTE_CELLS * sizeof *v->seen);
    }
    return open_stream(s, v);
}

/* Gives the encoder a frame (NULL: the end) and writes what comes out. */
static SoraStatus encode(Sink *s, const AVFrame *frame)
{
    AvState *v = s->state;
    int e = avcodec_send_frame(v->codec, frame);
    while (e >= 0) {
        e = avcodec_receive_packet(v->codec, v->packet);
        if (e == AVERROR(EAGAIN) || e == AVERROR_EOF) return SORA_OK;
        if (e < 0) break;
        if (!v->packet->duration && s->format != WRITE_GIF) v->packet->duration = 1;
        av_packet_rescale_ts(v->packet, v->codec->time_base, v->stream->time_base);
        v->packet->stream_index = 0;
        e = av_interleaved_write_frame(v->muxer, v->packet);
        if (e < 0) return libav_fail(SORA_E_IO, e, "cannot write %s", s->path);
    }
    return libav_fail(SORA_E_UNSUPPORTED, e, "cannot encode %s", s->path);
}

static SoraStatus writable(AvState *v)
{
    int e = av_frame_make_writable(v->frame);
    return e < 0 ? libav_fail(SORA_E_MEMORY, e, "no memory for a frame") : SORA_OK;
}

static SoraStatus send_gif(Sink *s, const uint8_t *rgb)
{
    AvState *v = s->state;
    TRY(writable(v));
    for (size_t i = 0; i < PALETTE_SIZE; i++) {
        const uint8_t *c = v->palette->rgb[i];
        uint32_t argb = 0xffu << 24 | (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
        if (i + 1 == PALETTE_SIZE) argb = 0; /* the free one: see-through */
        memcpy(v->frame->data[1] + 4 * i, &argb, 4);
    }
    for (size_t y = 0; y < s->options->height; y++)
        palette_map_row(v->palette, rgb + y * s->options->width * 3, y, s->options->width,
                        v->frame->data[0] + y * (size_t)v->frame->linesize[0]);
    double fps = s->options->fps;
    v->frame->pts = llround((double)v->sent * 100 / fps);
    v->frame->pkt_duration = llround((double)(v->sent + 1) * 100 / fps) - v->frame->pts;
    v->sent++;
    return encode(s, v->frame);
}

static SoraStatus flush_waiting(Sink *s)
{
    AvState *v = s->state;
    size_t frame = s->options->height * s->options->width * 3;
    v->palette = arena_alloc(s->arena, sizeof *v->palette);
    palette_build(v->seen, v->palette);
    for (size_t f = 0; f < v->wait_count; f++) TRY(send_gif(s, v->waiting + f * frame));
    return SORA_OK;
}

static SoraStatus frame_gif(Sink *s, const uint8_t *rgb)
{
    AvState *v = s->state;
    if (v->palette) return send_gif(s, rgb);
    size_t pixels = s->options->height * s->options->width;
    palette_count(v->seen, rgb, pixels);
    memcpy(v->waiting + v->wait_count++ * pixels * 3, rgb, pixels * 3);
    return v->wait_count == GIF_WAIT ? flush_waiting(s) : SORA_OK;
}

static SoraStatus frame_av(Sink *s, const uint8_t *rgb)
{
    AvState *v = s->state;
    if (s->format == WRITE_GIF) return frame_gif(s, rgb);
    TRY(writable(v));
    const uint8_t *plane[4] = { rgb };
    int stride[4] = { (int)s->options->width * 3 };
    sws_scale(v->scale, plane, stride, 0, v->codec->height, v->frame->data, v->frame->linesize);
    TRY(sound_write(v->sound, (double)v->sent / s->options->fps));
    v->frame->pts = (int64_t)v->sent++;
    return encode(s, v->frame);
}

static SoraStatus finish_av(Sink *s)
{
    AvState *v = s->state;
    if (s->format == WRITE_GIF && !v->palette) TRY(flush_waiting(s));
    TRY(encode(s, NULL));
    TRY(sound_write(v->sound, INFINITY));
    int e = av_write_trailer(v->muxer);
    if (e >= 0) e = avio_closep(&v->muxer->pb);
    return e < 0 ? libav_fail(SORA_E_IO, e, "cannot write %s", s->path) : SORA_OK;
}

static void close_av(Sink *s)
{
    AvState *v = s->state;
    if (!v) return;
    sound_close(v->sound);
    if (v->muxer && v->muxer->pb) avio_closep(&v->muxer->pb);
    avformat_free_context(v->muxer);
    avcodec_free_context(&v->codec);
    av_frame_free(&v->frame);
    av_packet_free(&v->packet);
    sws_freeContext(v->scale);
    s->state = NULL;
}

const SinkKind write_libav = { open_av, frame_av, finish_av, close_av };
