#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "media/read_source.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "media/libav.h"
#include "media/png.h"

/* How a stored picture is turned: out[x', y'] = in[x, y], axes exchanged first, then mirrored. */
typedef struct Turn {
    bool swap, mirror_x, mirror_y;
} Turn;

typedef struct AvState {
    LibavInput in;
    AVFormatContext *demuxer; /* the input's */
    AVCodecContext *codec;
    AVStream *stream;
    AVPacket *packet;
    AVFrame *frame;
    struct SwsContext *scale;
    size_t count;         /* pictures decoded */
    double end_s;         /* of the last of them, 0: the file does not say */
    bool held, drained;   /* the first picture is in `frame`; no more packets */
    size_t width, height; /* as stored, pixels made square */
    uint8_t *rgba, *rgb;  /* [height, width, 4 or 3] before it is turned */
    Turn turn;
} AvState;

static SoraStatus open_demuxer(Source *s, AvState *v)
{
    v->in = (LibavInput){ .name = s->name, .file = s->file };
    TRY(libav_input_open(&v->in));
    v->demuxer = v->in.demuxer;
    v->packet = av_packet_alloc();
    v->frame = av_frame_alloc();
    if (!v->packet || !v->frame) return err_set(SORA_E_MEMORY, "no memory to read %s", s->name);
    return SORA_OK;
}

/* Either a codec this FFmpeg lacks, or the part of the header that names it is gone. */
static SoraStatus no_decoder(const Source *s, const AvState *v)
{
    for (unsigned i = 0; i < v->demuxer->nb_streams; i++) {
        const AVCodecParameters *p = v->demuxer->streams[i]->codecpar;
        if (p->codec_type == AVMEDIA_TYPE_VIDEO && p->codec_id != AV_CODEC_ID_NONE)
            return err_set(SORA_E_UNSUPPORTED, "%s holds %s video, which cannot be read", s->name,
                           avcodec_get_name(p->codec_id));
    }
    return err_set(SORA_E_FORMAT, "%s is damaged: it does not say what its video is", s->name);
}

static SoraStatus open_codec(Source *s, AvState *v)
{
    const AVCodec *codec = NULL;
    int i = av_find_best_stream(v->demuxer, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (i == AVERROR_STREAM_NOT_FOUND)
        return err_set(SORA_E_FORMAT, "%s has no pictures in it", s->name);
    if (i < 0 || !codec) return no_decoder(s, v);
    v->stream = v->demuxer->streams[i];
    for (unsigned k = 0; k < v->demuxer->nb_streams; k++)
        if ((int)k != i) v->demuxer->streams[k]->discard = AVDISCARD_ALL;
    v->codec = avcodec_alloc_context3(codec);
    if (!v->codec) return err_set(SORA_E_MEMORY, "no memory to read %s", s->name);
    avcodec_parameters_to_context(v->codec, v->stream->codecpar);
    v->codec->thread_count = s->threads;
    v->codec->max_pixels = (int64_t)CLIP_SIDE_MAX * CLIP_SIDE_MAX;
    v->codec->codec_whitelist = av_strdup(libav_codecs);
    v->codec->err_recognition = AV_EF_CRCCHECK | AV_EF_EXPLODE;
    v->codec->pkt_timebase = v->stream->time_base;
    int e = avcodec_open2(v->codec, codec, NULL);
    return e < 0 ? libav_fail(SORA_E_UNSUPPORTED, e, "%s cannot be decoded (%s)", s->name,
                              codec->name)
                 : SORA_OK;
}

/* ---- decoding ---- */

static SoraStatus damaged(const Source *s, const AvState *v)
{
    return err_set(SORA_E_FORMAT, "%s is damaged or cut short at frame %zu", s->name, v->count + 1);
}

/* Of the picture in `frame`; NaN where the file does not say. */
static double frame_start_s(const AvState *v)
{
    int64_t pts = v->frame->best_effort_timestamp;
    return pts == AV_NOPTS_VALUE ? NAN : (double)pts * av_q2d(v->stream->time_base);
}

static double frame_end_s(const AvState *v)
{
    int64_t lasts = v->frame->pkt_duration;
    return frame_start_s(v) + (lasts > 0 ? (double)lasts * av_q2d(v->stream->time_base) : NAN);
}

static SoraStatus feed(Source *s, AvState *v)
{
    int e = av_read_frame(v->demuxer, v->packet);
    if (e == AVERROR_EOF) {
        v->drained = true;
        e = avcodec_send_packet(v->codec, NULL);
        return e < 0 && e != AVERROR_EOF ? damaged(s, v) : SORA_OK;
    }
    if (e < 0) return damaged(s, v);
    bool ours = v->packet->stream_index == v->stream->index;
    bool broken = ours && v->packet->flags & AV_PKT_FLAG_CORRUPT;
    e = ours && !broken ? avcodec_send_packet(v->codec, v->packet) : 0;
    av_packet_unref(v->packet);
    return broken || e < 0 ? damaged(s, v) : SORA_OK;
}

/* Where the stream ends by the tag that Matroska's writers leave, 0 where there is none. */
static double stated_end_s(const AvState *v)
{
    const AVDictionaryEntry *tag = av_dict_get(v->stream->metadata, "DURATION", NULL, 0);
    unsigned hours, minutes;
    double seconds;
    if (!tag || sscanf(tag->value, "%2u:%2u:%lf", &hours, &minutes, &seconds) != 3) return 0;
    return 3600.0 * hours + 60.0 * minutes + seconds;
}

/* A file that ends early without its demuxer minding: frames of its index lie behind its end (the
 * cut fell between two frames), its tag says later, or far less is there than its header says. */
static SoraStatus check_whole(const Source *s, const AvState *v)
{
    const double least_s = 0.1; /* writers differ in what the last frame lasts */
    double slack = fmax(least_s, s->info.fps > 0 ? 2 / s->info.fps : 0);
    if (v->end_s > 0 && v->end_s < stated_end_s(v) - slack) return damaged(s, v);
    for (int i = avformat_index_get_entries_count(v->stream); i-- > 0;) {
        const AVIndexEntry *e = avformat_index_get_entry(v->stream, i);
        if (e->pos > (int64_t)v->in.file.size - e->size) return damaged(s, v);
    }
    double said = s->info.seconds;
    double got = s->info.fps > 0 ? fmax(v->end_s, (double)v->count / s->info.fps) : said;
    bool few = v->stream->nb_frames > 4 && (int64_t)v->count < v->stream->nb_frames / 2;
    if (few || (said > 0 && got < 0.5 * said - 0.5)) return damaged(s, v);
    return SORA_OK;
}

static SoraStatus decode(Source *s, AvState *v, bool *end)
{
    *end = false;
    for (;;) {
        int e = avcodec_receive_frame(v->codec, v->frame);
        if (e == AVERROR_EOF) {
            *end = true;
            return check_whole(s, v);
        }
        if (e == AVERROR(EAGAIN)) {
            TRY(feed(s, v));
            continue;
        }
        if (e < 0 || v->frame->decode_error_flags || v->frame->flags & AV_FRAME_FLAG_CORRUPT)
            return damaged(s, v);
        v->count++;
        v->end_s =
            fmax(v->end_s, fmax(frame_start_s(v), frame_end_s(v))); /* fmax passes over NaN */
        return SORA_OK;
    }
}

/* ---- from a decoded frame to upright RGB ---- */

static Turn turn_of_matrix(const int32_t *m)
{
    if (labs(m[0]) >= labs(m[1])) return (Turn){ false, m[0] < 0, m[4] < 0 };
    return (Turn){ true, m[3] < 0, m[1] < 0 };
}

static Turn turn_of_exif(int orientation)
{
    static const Turn turns[9] = {
        [2] = { false, true, false }, [3] = { false, true, true }, [4] = { false, false, true },
        [5] = { true, false, false }, [6] = { true, true, false }, [7] = { true, true, true },
        [8] = { true, false, true },
    };
    return orientation >= 1 && orientation <= 8 ? turns[orientation] : turns[0];
}

static Turn find_turn(const AvState *v)
{
    size_t size = 0;
    const uint8_t *matrix = av_stream_get_side_data(v->stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    if (matrix && size >= 9 * sizeof(int32_t)) {
        int32_t m[9];
        memcpy(m, matrix, sizeof m);
        return turn_of_matrix(m);
    }
    const AVDictionaryEntry *exif = av_dict_get(v->frame->metadata, "Orientation", NULL, 0);
    return turn_of_exif(exif ? atoi(exif->value) : 1);
}

static void turn_picture(const AvState *v, const uint8_t *from, uint8_t *to)
{
    size_t w = v->turn.swap ? v->height : v->width, h = v->turn.swap ? v->width : v->height;
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++, to += 3) {
            size_t a = v->turn.mirror_x ? w - 1 - x : x, b = v->turn.mirror_y ? h - 1 - y : y;
            size_t i = v->turn.swap ? a * v->width + b : b * v->width + a;
            memcpy(to, from + i * 3, 3);
        }
}

/* Files that do not say: small pictures are BT.601, large ones BT.709, as players assume. */
static int matrix_of(const AVFrame *f)
{
    switch (f->colorspace) {
    case AVCOL_SPC_BT709: return SWS_CS_ITU709;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M: return SWS_CS_ITU601;
    case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL: return SWS_CS_BT2020;
    default: return f->height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
    }
}

static bool is_full_range(const AVFrame *f)
{
    return f->color_range == AVCOL_RANGE_JPEG || f->format == AV_PIX_FMT_YUVJ420P ||
           f->format == AV_PIX_FMT_YUVJ422P || f->format == AV_PIX_FMT_YUVJ444P;
}

static SoraStatus convert(Source *s, AvState *v, uint8_t *rgb)
{
    const AVFrame *f = v->frame;
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    if (!d) return damaged(s, v);
    bool alpha = d->flags & AV_PIX_FMT_FLAG_ALPHA || f->format == AV_PIX_FMT_PAL8;
    int flags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT;
    v->scale = sws_getCachedContext(v->scale, f->width, f->height, f->format, (int)v->width,
                                    (int)v->height, alpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24,
                                    flags, NULL, NULL, NULL);
    if (!v->scale) return err_set(SORA_E_UNSUPPORTED, "%s has pixels of kind %s", s->name, d->name);
    const int *matrix = sws_getCoefficients(matrix_of(f));
    sws_setColorspaceDetails(v->scale, matrix, is_full_range(f), matrix, 1, 0, 1 << 16, 1 << 16);
    bool turned = v->turn.swap || v->turn.mirror_x || v->turn.mirror_y;
    uint8_t *straight = turned ? v->rgb : rgb;
    uint8_t *plane[4] = { alpha ? v->rgba : straight };
    int stride[4] = { (int)v->width * (alpha ? 4 : 3) };
    sws_scale(v->scale, (const uint8_t *const *)f->data, f->linesize, 0, f->height, plane, stride);
    if (alpha) read_over_white(straight, v->rgba, v->width * v->height);
    if (turned) turn_picture(v, straight, rgb);
    return SORA_OK;
}

/* ---- the source ---- */

static bool is_still(const AvState *v)
{
    static const char *const names[] = { "png_pipe", "jpeg_pipe", "bmp_pipe" };
    for (size_t i = 0; i < 3; i++)
        if (strcmp(v->demuxer->iformat->name, names[i]) == 0) return true;
    return false;
}

static double rate_of(const AvState *v)
{
    AVRational r = av_guess_frame_rate(v->demuxer, v->stream, NULL);
    double fps = r.den ? av_q2d(r) : 0;
    return fps >= 0.1 && fps <= 240 ? fps : 25;
}

static double length_of(const AvState *v)
{
    if (v->stream->duration > 0) return (double)v->stream->duration * av_q2d(v->stream->time_base);
    return v->demuxer->duration > 0 ? (double)v->demuxer->duration / AV_TIME_BASE : 0;
}

static void fill_info(Source *s, AvState *v)
{
    const AVDictionaryEntry *comment = av_dict_get(v->demuxer->metadata, "comment", NULL, 0);
    bool still = is_still(v);
    s->info = (ReadInfo){ .format = arena_strdup(s->arena, v->demuxer->iformat->name),
                          .codec = avcodec_get_name(v->codec->codec_id),
                          .fps = still ? 0 : rate_of(v),
                          .seconds = still ? 0 : length_of(v) };
    for (unsigned i = 0; i < v->demuxer->nb_streams; i++)
        if (v->demuxer->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
            s->info.sound = true;
    s->info.comment =
        comment ? arena_strdup(s->arena, comment->value) : png_comment(s->file, s->arena);
}

/* Code points of ISO/IEC 23091-2, which FFmpeg's are. */
static void fill_colour(ReadInfo *info, const AvState *v)
{
    const AVFrame *f = v->frame;
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    if (!d) return;
    bool rgb = d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL);
    info->bits = (int)size_max(8, (size_t)d->comp[0].depth);
    info->alpha = (d->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
    info->hdr = f->color_trc == AVCOL_TRC_SMPTE2084 || f->color_trc == AVCOL_TRC_ARIB_STD_B67;
    if (rgb || is_still(v)) return;
    info->colour = (MediaColour){ .known = true,
                                  .primaries = f->color_primaries,
                                  .transfer = f->color_trc,
                                  .matrix = f->colorspace,
                                  .full = is_full_range(f),
                                  .range_known = f->color_range != AVCOL_RANGE_UNSPECIFIED ||
                                                 is_full_range(f) };
}

/* The first picture tells what the header may not: size, and which way is up. */
static SoraStatus fill_size(Source *s, AvState *v)
{
    AVRational sar = av_guess_sample_aspect_ratio(v->demuxer, v->stream, v->frame);
    double shape = sar.num > 0 && sar.den > 0 ? av_q2d(sar) : 1;
    if (!(shape > 0.1 && shape < 10)) shape = 1;
    v->height = (size_t)v->frame->height;
    v->width = size_max(1, (size_t)lround(v->frame->width * shape));
    v->turn = find_turn(v);
    s->info.turned = v->turn.swap || v->turn.mirror_x || v->turn.mirror_y;
    s->info.squared = (size_t)v->frame->width != v->width;
    fill_colour(&s->info, v);
    s->info.width = v->turn.swap ? v->height : v->width;
    s->info.height = v->turn.swap ? v->width : v->height;
    if (v->width > CLIP_SIDE_MAX || v->height > CLIP_SIDE_MAX)
        return err_set(SORA_E_FORMAT, "%s is %zux%zu pixels, each side must be 1 to %d", s->name,
                       s->info.width, s->info.height, CLIP_SIDE_MAX);
    void *rgba, *rgb;
    TRY(arena_try(s->arena, v->height * v->width * 4, &rgba));
    TRY(arena_try(s->arena, v->height * v->width * 3, &rgb));
    v->rgba = rgba, v->rgb = rgb;
    return SORA_OK;
}

static SoraStatus open_av(Source *s)
{
    libav_quiet();
    AvState *v = s->state = arena_zero(s->arena, sizeof *v);
    TRY(open_demuxer(s, v));
    TRY(open_codec(s, v));
    fill_info(s, v);
    bool end;
    TRY(decode(s, v, &end));
    if (end) return err_set(SORA_E_FORMAT, "%s has no frames", s->name);
    v->held = true;
    return fill_size(s, v);
}

static SoraStatus next_av(Source *s, Picture *p, bool *end)
{
    AvState *v = s->state;
    *end = false;
    if (!v->held) TRY(decode(s, v, end));
    v->held = false;
    if (*end) return SORA_OK;
    p->start_s = frame_start_s(v);
    p->end_s = frame_end_s(v);
    return convert(s, v, p->rgb);
}

static void close_av(Source *s)
{
    AvState *v = s->state;
    if (!v) return;
    sws_freeContext(v->scale);
    avcodec_free_context(&v->codec);
    av_frame_free(&v->frame);
    av_packet_free(&v->packet);
    libav_input_close(&v->in);
    s->state = NULL;
}

const SourceKind read_libav = { open_av, next_av, close_av };
