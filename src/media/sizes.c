#include "media/sizes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static SoraStatus parse_one(const char *text, size_t length, ClipSize *out)
{
    char part[64];
    if (length == 0 || length >= sizeof part)
        return err_set(SORA_E_ARGUMENT, "a size is missing in the list of sizes");
    memcpy(part, text, length);
    part[length] = 0;
    *out = (ClipSize){ .frames = 1, .fps = 24, .share = 1 };
    char *share = strchr(part, '*'), *fps = strchr(part, '@');
    int end = 0;
    if (share) *share++ = 0;
    if (fps) *fps++ = 0;
    bool ok = sscanf(part, "%zux%zu%n", &out->width, &out->height, &end) == 2;
    if (ok && part[end] == 'x') {
        int more = 0;
        ok = sscanf(part + end, "x%zu%n", &out->frames, &more) == 1;
        end += more;
    }
    ok = ok && part[end] == 0;
    if (ok && fps) ok = sscanf(fps, "%lf%n", &out->fps, &end) == 1 && fps[end] == 0;
    if (ok && share) ok = sscanf(share, "%lf%n", &out->share, &end) == 1 && share[end] == 0;
    if (!ok || out->width < 8 || out->height < 8 || out->width > 1024 || out->height > 1024 ||
        out->frames < 1 || out->frames > 1000 || !(out->fps > 0 && out->fps <= 120) ||
        !(out->share > 0))
        return err_set(SORA_E_ARGUMENT,
                       "\"%.*s\" is no size: expected WIDTHxHEIGHT[xFRAMES][@FPS][*SHARE], as in "
                       "64x64x25@24*0.5",
                       (int)length, text);
    return SORA_OK;
}

SoraStatus sizes_parse(const char *text, ClipSize *out, size_t *count)
{
    double sum = 0;
    for (*count = 0;; text++) {
        size_t length = strcspn(text, ",");
        if (*count == SIZES_MAX) return err_set(SORA_E_ARGUMENT, "more than %d sizes", SIZES_MAX);
        TRY(parse_one(text, length, &out[*count]));
        sum += out[(*count)++].share;
        text += length;
        if (!*text) break;
    }
    for (size_t i = 0; i < *count; i++) out[i].share /= sum;
    return SORA_OK;
}
