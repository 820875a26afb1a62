/* --image and --last-image: pictures that a shot begins and ends with. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "make.h"

Option *make_image_options(Make *m, Option *table)
{
    const Option own[] = {
        { 0, "image", T("a picture that the video begins with"), .path = &m->image },
        { 0, "last-image", T("a picture that it ends with"), .path = &m->last_image },
    };
    memcpy(table, own, sizeof own);
    return table + sizeof own / sizeof own[0];
}

/* The model's own area in the shape of the picture. */
static void take_shape(const SoraClip *image, SoraShot *s)
{
    enum { STEP = 16 };
    double area = (double)s->width * s->height;
    double shape = (double)sora_clip_width(image) / sora_clip_height(image);
    s->width = (int)fmax(1, rint(sqrt(area * shape) / STEP)) * STEP;
    s->height = (int)fmax(1, rint(sqrt(area / shape) / STEP)) * STEP;
}

static SoraStatus put_frame(const SoraClip *image, int frame, SoraClip *source)
{
    SoraClip *fitted;
    int height = sora_clip_height(source), width = sora_clip_width(source);
    TRY(sora_clip_fit(image, height, width, &fitted));
    memcpy(sora_clip_pixels(source, frame), sora_clip_pixels(fitted, 0),
           (size_t)height * (size_t)width * 3);
    sora_clip_free(fitted);
    return SORA_OK;
}

SoraStatus make_images(Make *m, bool sized, SoraShot *s)
{
    const char *path[2] = { m->image, m->last_image };
    if (!path[0] && !path[1]) return SORA_OK;
    uint8_t *given = arena_zero(m->arena, (size_t)s->frames);
    if (path[1] && s->frames < 2)
        return err_set(SORA_E_ARGUMENT, T("a picture has no last frame: --last-image needs a video"));
    for (int i = 0; i < 2; i++) {
        SoraClip *image;
        int frame = i ? s->frames - 1 : 0;
        if (!path[i]) continue;
        TRY(sora_clip_read(path[i], 0, 1, &image));
        if (!m->source && !sized) take_shape(image, s);
        SoraStatus status = SORA_OK;
        if (!m->source)
            status = sora_clip_new(s->frames, s->height, s->width, s->fps, &m->source);
        if (status == SORA_OK) status = put_frame(image, frame, m->source);
        sora_clip_free(image);
        TRY(status);
        given[frame] = 1;
    }
    s->source = m->source;
    s->given = given;
    return SORA_OK;
}

void make_images_free(Make *m)
{
    sora_clip_free(m->source);
    m->source = NULL;
}
