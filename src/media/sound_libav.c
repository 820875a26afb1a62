#include "media/sound_libav.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "media/libav.h"

struct Sound {
    AVFormatContext *muxer;
    const WriteOptions *options;
    AVStream *to; /* in the muxer */
    LibavInput in;
    AVStream *from; /* in the input */
    AVPacket *packet;
    size_t next;     /* stretch that is opened next */
    WriteSound now;  /* the one that is open */
    double zero_s;   /* when the input's first picture is shown */
    double at_s;     /* when the packet that is held begins, in the new file */
    int64_t last;    /* dts of the last packet, in the stream's units */
    bool open, held; /* a packet waits for its time */
};

static void tell(const WriteOptions *o, const char *path, const char *what)
{
    char line[1024];
    if (!o->log) return;
    snprintf(line, sizeof line, "%s: %s", path, what);
    o->log(o->log_self, line);
}

static void close_input(Sound *s)
{
    if (!s->open) return;
    libav_input_close(&s->in);
    file_unmap(s->in.file);
    if (s->held) av_packet_unref(s->packet);
    s->open = s->held = false;
}

static double start_of(const AVStream *t)
{
    return t->start_time == AV_NOPTS_VALUE ? 0 : (double)t->start_time * av_q2d(t->time_base);
}

/* Opens the next stretch whose file has sound; s->open says whether there is one. */
static SoraStatus open_next(Sound *s)
{
    close_input(s);
    while (!s->open && s->next < s->options->sound_count) {
        s->now = s->options->sound[s->next++];
        s->in = (LibavInput){ .name = s->now.path };
        TRY(file_map(s->now.path, &s->in.file));
        s->open = true;
        SoraStatus status = libav_input_open(&s->in);
        AVFormatContext *d = s->in.demuxer;
        int audio =
            status != SORA_OK ? -1 : av_find_best_stream(d, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
        if (audio < 0) {
            close_input(s);
            TRY(status);
            continue;
        }
        int video = av_find_best_stream(d, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
        s->from = d->streams[audio];
        s->zero_s = video >= 0 ? start_of(d->streams[video]) : start_of(s->from);
        for (unsigned k = 0; k < d->nb_streams; k++)
            if ((int)k != audio) d->streams[k]->discard = AVDISCARD_ALL;
    }
    return SORA_OK;
}

SoraStatus sound_open(AVFormatContext *muxer, const WriteOptions *o, Arena *a, Sound **out)
{
    *out = NULL;
    if (!o->sound_count) return SORA_OK;
    Sound *s = arena_zero(a, sizeof *s);
    s->muxer = muxer, s->options = o, s->last = INT64_MIN;
    s->packet = av_packet_alloc();
    if (!s->packet) return err_set(SORA_E_MEMORY, "no memory for sound");
    SoraStatus status = open_next(s);
    if (status != SORA_OK || !s->open) {
        sound_close(s);
        return status;
    }
    const AVCodecParameters *p = s->from->codecpar;
    if (avformat_query_codec(muxer->oformat, p->codec_id, FF_COMPLIANCE_NORMAL) != 1) {
        char what[128];
        snprintf(what, sizeof what, "its sound (%s) does not go into a %s file and is left out",
                 avcodec_get_name(p->codec_id), muxer->oformat->name);
        tell(o, s->now.path, what);
        sound_close(s);
        return SORA_OK;
    }
    s->to = avformat_new_stream(muxer, NULL);
    if (!s->to || avcodec_parameters_copy(s->to->codecpar, p) < 0) {
        sound_close(s);
        return err_set(SORA_E_MEMORY, "no memory for sound");
    }
    s->to->codecpar->codec_tag = 0; /* the new container's own */
    s->to->time_base = (AVRational){ 1, p->sample_rate > 0 ? p->sample_rate : 48000 };
    *out = s;
    return SORA_OK;
}

/* Packets of another kind cannot follow in the same stream. */
static bool same_kind(const AVCodecParameters *x, const AVCodecParameters *y)
{
    return x->codec_id == y->codec_id && x->sample_rate == y->sample_rate &&
           x->ch_layout.nb_channels == y->ch_layout.nb_channels &&
           x->extradata_size == y->extradata_size &&
           (!x->extradata_size ||
            memcmp(x->extradata, y->extradata, (size_t)x->extradata_size) == 0);
}

/* The next packet of the stretch, held until its time; s->held false: there is none left.
 * *begins_s: in the new file. */
static SoraStatus take(Sound *s, double *begins_s)
{
    const WriteSound *now = &s->now;
    double unit = av_q2d(s->from->time_base);
    for (;;) {
        int e = av_read_frame(s->in.demuxer, s->packet);
        if (e == AVERROR_EOF) return SORA_OK;
        if (e < 0) return libav_fail(SORA_E_FORMAT, e, "the sound of %s is damaged", now->path);
        const AVPacket *p = s->packet;
        int64_t time = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
        double at = (double)time * unit - s->zero_s, end = at + (double)p->duration * unit;
        bool ours = p->stream_index == s->from->index && time != AV_NOPTS_VALUE;
        bool before = now->from_s > 0 && end <= now->from_s + 1e-6;
        bool after = now->length_s > 0 && at >= now->from_s + now->length_s - 1e-6;
        if (ours && !before && !after) {
            s->held = true;
            *begins_s = now->at_s + at - now->from_s;
            return SORA_OK;
        }
        av_packet_unref(s->packet);
    }
}

static SoraStatus put(Sound *s, double begins_s)
{
    AVPacket *p = s->packet;
    int64_t at = llround(begins_s / av_q2d(s->to->time_base));
    p->duration = av_rescale_q(p->duration, s->from->time_base, s->to->time_base);
    if (s->last != INT64_MIN && at <= s->last) at = s->last + 1;
    s->last = at;
    p->pts = p->dts = at;
    p->pos = -1;
    p->stream_index = s->to->index;
    int e = av_interleaved_write_frame(s->muxer, p);
    s->held = false;
    return e < 0 ? libav_fail(SORA_E_IO, e, "cannot write the sound of %s", s->now.path) : SORA_OK;
}

SoraStatus sound_write(Sound *s, double until_s)
{
    while (s && s->open) {
        double begins_s = s->now.at_s;
        if (begins_s > until_s) return SORA_OK;
        if (!same_kind(s->from->codecpar, s->to->codecpar)) {
            tell(s->options, s->now.path,
                 "its sound is of another kind than the first's and is left out");
            TRY(open_next(s));
            continue;
        }
        if (!s->held) TRY(take(s, &s->at_s));
        if (!s->held) {
            TRY(open_next(s));
            continue;
        }
        if (s->at_s > until_s) return SORA_OK;
        TRY(put(s, s->at_s));
    }
    return SORA_OK;
}

void sound_close(Sound *s)
{
    if (!s) return;
    close_input(s);
    av_packet_free(&s->packet);
}
