#include <math.h>
#include <string.h>

#include "config.h"
#include "media/write_sink.h"
#include "media/xmp.h"

#ifdef HAVE_WEBP

#include <webp/encode.h>
#include <webp/mux.h>

/* Bytes are in memory until the end: the container's header holds its size. */
typedef struct WebpState {
    WebPAnimEncoder *encoder;
    WebPConfig config;
} WebpState;

static SoraStatus open_webp(Sink *s)
{
    WebpState *w = s->state = arena_zero(s->arena, sizeof *w);
    WebPAnimEncoderOptions options;
    WebPAnimEncoderOptionsInit(&options);
    options.allow_mixed = 0;
    w->encoder = WebPAnimEncoderNew((int)s->options->width, (int)s->options->height, &options);
    if (!w->encoder)
        return err_set(SORA_E_ARGUMENT, "%s: WebP cannot hold %zux%zu pixels", s->path,
                       s->options->width, s->options->height);
    WebPConfigInit(&w->config);
    w->config.quality = (float)(s->options->quality ? s->options->quality : 85);
    w->config.method = 4;
    w->config.use_sharp_yuv = 1; /* WebP halves colour; this keeps thin coloured edges */
    return SORA_OK;
}

static int time_ms(const Sink *s, size_t frame)
{
    return (int)lround((double)frame * 1000 / s->options->fps);
}

static SoraStatus frame_webp(Sink *s, const uint8_t *rgb)
{
    WebpState *w = s->state;
    WebPPicture p;
    if (!WebPPictureInit(&p)) return err_set(SORA_E_UNSUPPORTED, "libwebp has another version");
    p.use_argb = 1;
    p.width = (int)s->options->width, p.height = (int)s->options->height;
    bool ok = WebPPictureImportRGB(&p, rgb, p.width * 3) &&
              WebPAnimEncoderAdd(w->encoder, &p, time_ms(s, s->frames), &w->config);
    WebPPictureFree(&p);
    return ok ? SORA_OK
              : err_set(SORA_E_MEMORY, "libwebp: %s", WebPAnimEncoderGetError(w->encoder));
}

static SoraStatus put_xmp(const Sink *s, WebPData *file)
{
    WebPMux *mux = WebPMuxCreate(file, 0);
    const char *packet = xmp_wrap(s->arena, s->options->comment);
    WebPData text = { (const uint8_t *)packet, strlen(packet) }, out;
    bool ok = mux && WebPMuxSetChunk(mux, "XMP ", &text, 0) == WEBP_MUX_OK &&
              WebPMuxAssemble(mux, &out) == WEBP_MUX_OK;
    WebPMuxDelete(mux);
    if (!ok) return err_set(SORA_E_MEMORY, "no memory for the metadata of %s", s->path);
    WebPDataClear(file);
    *file = out;
    return SORA_OK;
}

static SoraStatus finish_webp(Sink *s)
{
    WebpState *w = s->state;
    WebPData out;
    WebPDataInit(&out);
    bool ok = WebPAnimEncoderAdd(w->encoder, NULL, time_ms(s, s->frames), NULL) &&
              WebPAnimEncoderAssemble(w->encoder, &out);
    if (!ok) return err_set(SORA_E_MEMORY, "libwebp: %s", WebPAnimEncoderGetError(w->encoder));
    SoraStatus status = s->options->comment ? put_xmp(s, &out) : SORA_OK;
    if (status == SORA_OK) status = file_put(s->file, out.bytes, out.size);
    WebPDataClear(&out);
    return status;
}

static void close_webp(Sink *s)
{
    WebpState *w = s->state;
    if (w) WebPAnimEncoderDelete(w->encoder);
    s->state = NULL;
}

#else

static SoraStatus open_webp(Sink *s)
{
    return err_set(SORA_E_UNSUPPORTED, "%s: this build of sora has no libwebp", s->path);
}

static SoraStatus frame_webp(Sink *s, const uint8_t *rgb)
{
    (void)rgb;
    return open_webp(s);
}

static SoraStatus finish_webp(Sink *s)
{
    return open_webp(s);
}

static void close_webp(Sink *s)
{
    (void)s;
}

#endif

const SinkKind write_webp = { open_webp, frame_webp, finish_webp, close_webp };
