#include "pipeline/recolour.h"

#include <math.h>

#include "base/size.h"

static const double SHIFT = 3;                /* of few steps: colours are decided at much noise */
static const double SPREAD[2] = { 0.4, 2.5 }; /* no more than that it shrinks or grows */
enum { STEPS = 12, FRAMES_MAX = 25 };

typedef struct Colours {
    double mean[3], spread[3];
} Colours;

static Colours colours_of(const Clip *clip)
{
    Colours out = { 0 };
    size_t pixels = clip->frames * clip->height * clip->width;
    for (size_t c = 0; c < 3; c++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < pixels; i++) {
            double v = clip->rgb[3 * i + c];
            sum += v, squares += v * v;
        }
        out.mean[c] = sum / (double)pixels;
        out.spread[c] = sqrt(fmax(0, squares / (double)pixels - out.mean[c] * out.mean[c]));
    }
    return out;
}

SoraStatus recolour(const Bundle *b, const Compute *c, const GenerateOptions *o, Arena *a,
                    Clip *clip)
{
    ArenaMark mark = arena_mark(a);
    GenerateOptions g = *o;
    Clip asked;
    g.frames = size_min(clip->frames, FRAMES_MAX);
    g.height = generate_coarse_side(clip->height, b->config.patch);
    g.width = generate_coarse_side(clip->width, b->config.patch);
    g.window = 0, g.state = NULL, g.condition = NULL, g.keep = KEEP_NOTHING, g.progress = NULL;
    if (!g.fast) g.steps = STEPS, g.shift = SHIFT, g.cfg_max = 1;
    TRY(generate_clip(generate_layouter(b), c, &g, a, &asked));
    Colours from = colours_of(clip), to = colours_of(&asked);
    size_t pixels = clip->frames * clip->height * clip->width;
    for (size_t k = 0; k < 3; k++) {
        double more = to.spread[k] / fmax(1, from.spread[k]);
        more = fmax(SPREAD[0], fmin(SPREAD[1], more));
        for (size_t i = 0; i < pixels; i++) {
            double v = (clip->rgb[3 * i + k] - from.mean[k]) * more + to.mean[k];
            clip->rgb[3 * i + k] = (uint8_t)(fmax(0, fmin(255, v)) + 0.5);
        }
    }
    arena_rewind(a, mark);
    return SORA_OK;
}
