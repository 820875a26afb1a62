#include "pipeline/camera.h"

#include <math.h>

#include "base/rng.h"

enum { DRAW_SHAKE = 0x7368616b };

/* The parts of a shaking hand: radians a second to the side and down, and how much each counts. */
static const struct {
    double across, down, weight;
} TREMOR[] = { { 17.3, 21.7, 1 }, { 29.1, 33.7, 0.6 } };

enum { TREMORS = sizeof TREMOR / sizeof *TREMOR };

size_t camera_wide(const CameraMove *m, size_t width, size_t patch)
{
    double wide = (double)width * (1 + fabs(m->pan));
    return m->held && m->pan != 0 ? (size_t)ceil(wide / (double)patch) * patch : width;
}

/* The share of its way that a camera has gone: under way from the first frame, and to the last. */
static double gone(double share)
{
    return 0.25 * share * share * (3 - 2 * share) + 0.75 * share;
}

/* A little less than all of the window, so that there is something behind its edges. */
static ResizeWindow shaken(double shake, uint64_t seed, double seconds, ResizeWindow whole)
{
    double most = 0, x = 0, y = 0, far = shake * fmin(whole.height, whole.width);
    seed = rng_split(seed, DRAW_SHAKE);
    for (size_t i = 0; i < TREMORS; i++) {
        double a = 2 * M_PI * rng_uniform(seed, 2 * i), b = 2 * M_PI * rng_uniform(seed, 2 * i + 1);
        x += TREMOR[i].weight * sin(seconds * TREMOR[i].across + a);
        y += TREMOR[i].weight * sin(seconds * TREMOR[i].down + b);
        most += TREMOR[i].weight;
    }
    double part = 1 - 2 * most * shake;
    double h = part * whole.height, w = part * whole.width;
    return (ResizeWindow){ whole.x + (whole.width - w) / 2 + x * far,
                           whole.y + (whole.height - h) / 2 + y * far, w, h };
}

/* From `middle` outwards: the room on both sides is the same. */
static double whole_pixels(double at, double middle, double pixel)
{
    double moved = at - middle, steps = rint(moved / pixel);
    if (fabs(steps * pixel) > middle) steps = trunc(moved / pixel);
    return middle + steps * pixel;
}

ResizeWindow camera_window(const CameraMove *m, uint64_t seed, double share, double seconds,
                           ResizeWindow still, size_t shown)
{
    ResizeWindow w = still;
    if (!m->held) return w;
    double way = m->pan * still.width * (gone(share) - 0.5);
    w.x += fmax(-still.x, fmin(way, still.x));
    if (m->shake > 0) w = shaken(m->shake, seed, seconds, w);
    double pixel = w.width / (double)shown;
    w.x = whole_pixels(w.x, still.x + (still.width - w.width) / 2, pixel);
    w.y = whole_pixels(w.y, still.y + (still.height - w.height) / 2, pixel);
    return w;
}
