#include "pipeline/wan_size.h"

#include <math.h>

/* Whole latents, then whole patches of them: both round down, in that order. */
static size_t side(double pixels, size_t space)
{
    double latents = floor(pixels / (double)space);
    return (size_t)(nearbyint(floor(latents / 2) * 2)) * space;
}

bool wan_size_i2v(WanSize p, size_t area, size_t space, WanSize *out)
{
    double shape = (double)p.height / (double)p.width, a = (double)area;
    out->height = side(sqrt(a * shape), space);
    out->width = side(sqrt(a / shape), space);
    return out->height > 0 && out->width > 0;
}

static double further(double a, double b) /* a / b or b / a, the one above 1 */
{
    return a > b ? a / b : b / a;
}

bool wan_size_ti2v(WanSize p, size_t area, size_t multiple, WanCrop *out)
{
    double ratio = (double)p.width / (double)p.height, a = (double)area, m = (double)multiple;
    double wide = sqrt(a * ratio), high = a / wide;
    double w1 = floor(wide / m) * m, h1 = w1 > 0 ? floor(a / w1 / m) * m : 0;
    double h2 = floor(high / m) * m, w2 = h2 > 0 ? floor(a / h2 / m) * m : 0;
    if (!(w1 > 0 && h1 > 0 && w2 > 0 && h2 > 0)) return false;
    bool first = further(ratio, w1 / h1) < further(ratio, w2 / h2);
    out->size = (WanSize){ (size_t)(first ? w1 : w2), (size_t)(first ? h1 : h2) };
    double scale = fmax((double)out->size.width / (double)p.width,
                        (double)out->size.height / (double)p.height);
    out->resized.width = (size_t)nearbyint((double)p.width * scale);
    out->resized.height = (size_t)nearbyint((double)p.height * scale);
    out->x = (out->resized.width - out->size.width) / 2;
    out->y = (out->resized.height - out->size.height) / 2;
    return true;
}
