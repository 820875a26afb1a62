#include "media/webp.h"

#include <string.h>

#include "base/size.h"
#include "config.h"
#include "media/xmp.h"

#ifdef HAVE_WEBP
#include <webp/demux.h>
#endif

bool webp_is(Slice file)
{
    return file.size >= 12 && memcmp(file.bytes, "RIFF", 4) == 0 &&
           memcmp(file.bytes + 8, "WEBP", 4) == 0;
}

#ifdef HAVE_WEBP

static SoraStatus check_size(const WebPAnimInfo *info, const char *name, size_t *frame_bytes)
{
    size_t pixels = (size_t)info->canvas_width * info->canvas_height, total;
    if (!pixels || !info->frame_count)
        return err_set(SORA_E_FORMAT, "%s is a WebP file without a picture", name);
    if (pixels > WEBP_PIXELS_MAX)
        return err_set(SORA_E_FORMAT, "%s is %ux%u pixels, at most %d in all are read", name,
                       info->canvas_width, info->canvas_height, WEBP_PIXELS_MAX);
    *frame_bytes = pixels * 4;
    if (!size_mul(*frame_bytes, info->frame_count, &total) || total > WEBP_BYTES_MAX)
        return err_set(
            SORA_E_FORMAT, "%s is %u frames of %ux%u pixels, more than the %d MiB that are read",
            name, info->frame_count, info->canvas_width, info->canvas_height, WEBP_BYTES_MAX >> 20);
    return SORA_OK;
}

static SoraStatus decode_frames(WebPAnimDecoder *decoder, const WebPAnimInfo *info,
                                const char *name, Arena *a, WebpAnim *out)
{
    size_t bytes = 0;
    TRY(check_size(info, name, &bytes));
    void *rgba, *end_ms;
    TRY(arena_try(a, bytes * info->frame_count, &rgba));
    TRY(arena_try(a, sizeof *out->end_ms * info->frame_count, &end_ms));
    *out = (WebpAnim){ .frames = info->frame_count,
                       .height = info->canvas_height,
                       .width = info->canvas_width,
                       .loops = info->loop_count,
                       .rgba = rgba,
                       .end_ms = end_ms };
    for (size_t f = 0; f < out->frames; f++) {
        uint8_t *canvas;
        int ms;
        if (!WebPAnimDecoderGetNext(decoder, &canvas, &ms))
            return err_set(SORA_E_FORMAT, "%s: frame %zu of %zu is damaged", name, f + 1,
                           out->frames);
        memcpy(webp_frame(out, f), canvas, bytes);
        out->end_ms[f] = ms;
    }
    return SORA_OK;
}

/* The canvas size as the header states it, before any memory is taken for it. */
static SoraStatus check_header(Slice file, const char *name)
{
    WebPBitstreamFeatures head;
    if (!webp_is(file)) return err_set(SORA_E_FORMAT, "%s is not a WebP file", name);
    if (WebPGetFeatures(file.bytes, file.size, &head) != VP8_STATUS_OK)
        return err_set(SORA_E_FORMAT, "%s is a WebP file with a damaged header", name);
    if ((size_t)head.width * (size_t)head.height > WEBP_PIXELS_MAX)
        return err_set(SORA_E_FORMAT, "%s is %dx%d pixels, at most %d in all are read", name,
                       head.width, head.height, WEBP_PIXELS_MAX);
    return SORA_OK;
}

SoraStatus webp_anim_decode(Slice file, const char *name, Arena *a, WebpAnim *out)
{
    TRY(check_header(file, name));
    WebPAnimDecoderOptions options;
    WebPAnimDecoderOptionsInit(&options);
    options.color_mode = MODE_RGBA;
    WebPData data = { file.bytes, file.size };
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(&data, &options);
    if (!decoder) return err_set(SORA_E_FORMAT, "%s is a damaged or cut WebP file", name);
    WebPAnimInfo info;
    SoraStatus s = WebPAnimDecoderGetInfo(decoder, &info)
                       ? decode_frames(decoder, &info, name, a, out)
                       : err_set(SORA_E_FORMAT, "%s is a damaged WebP file", name);
    WebPAnimDecoderDelete(decoder);
    return s;
}

const char *webp_comment(Slice file, Arena *a)
{
    WebPData data = { file.bytes, file.size };
    WebPDemuxer *demuxer = WebPDemux(&data);
    WebPChunkIterator chunk;
    const char *text = NULL;
    if (demuxer && WebPDemuxGetChunk(demuxer, "XMP ", 1, &chunk)) {
        text = xmp_unwrap(a, (Slice){ chunk.chunk.bytes, chunk.chunk.size });
        WebPDemuxReleaseChunkIterator(&chunk);
    }
    WebPDemuxDelete(demuxer);
    return text;
}

#else

const char *webp_comment(Slice file, Arena *a)
{
    (void)file, (void)a;
    return NULL;
}

SoraStatus webp_anim_decode(Slice file, const char *name, Arena *a, WebpAnim *out)
{
    (void)file, (void)a, (void)out;
    return err_set(SORA_E_UNSUPPORTED, "%s: this build of sora has no libwebp", name);
}

#endif
