#include "pipeline/steady.h"

#include <string.h>

#include "base/size.h"
#include "media/clip.h"
#include "media/retime.h"

/* How far away the frames are that a pass looks at; docs/decisions.md has others. */
enum { REACH_MAX = 2, NEAR = 2 * REACH_MAX + 1 };
static const size_t REACH[STEADY_PASSES] = { 1, 2, 2, 1 };

/* The last frames of a pass, in turn. */
typedef struct Pass {
    uint8_t *near; /* [NEAR, height, width, 3] */
    size_t taken;
} Pass;

struct Steady {
    size_t height, width;
    SteadyHold hold;
    Pool *pool;
    FrameSink sink;
    Pass pass[STEADY_PASSES];
    size_t shown;
    Arena *a;
};

static uint8_t *near_frame(const Steady *s, const Pass *p, size_t f)
{
    return p->near + f % NEAR * s->height * s->width * 3;
}

/* Frame f of the pass between f - reach and f + reach. */
static SoraStatus draw(const Steady *s, const Pass *p, size_t f, size_t reach, uint8_t *out)
{
    size_t pixels = s->height * s->width;
    const uint8_t *here = near_frame(s, p, f);
    uint8_t *agree = arena_alloc(s->a, pixels);
    double half = 0.5;
    TRY(retime_between(near_frame(s, p, f - reach), near_frame(s, p, f + reach), s->height,
                       s->width, &half, 1, s->pool, s->a, out, agree));
    for (size_t i = 0; i < pixels; i++, out += 3, here += 3) {
        float near = 2 - (float)clip_difference(out, here) / s->hold.same;
        float w = s->hold.way * (float)agree[i] / 255 * (near < 0 ? 0 : near > 1 ? 1 : near);
        for (int c = 0; c < 3; c++)
            out[c] = (uint8_t)((float)here[c] + w * (float)(out[c] - here[c]) + 0.5F);
    }
    return SORA_OK;
}

static SoraStatus take(Steady *s, int pass, const uint8_t *rgb)
{
    if (pass == STEADY_PASSES) return s->sink.fn(s->sink.self, s->shown++, rgb);
    Pass *p = &s->pass[pass];
    size_t f = p->taken++, reach = REACH[pass];
    memcpy(near_frame(s, p, f), rgb, s->height * s->width * 3);
    if (f < reach) return take(s, pass + 1, rgb);
    if (f < 2 * reach) return SORA_OK;
    ArenaMark mark = arena_mark(s->a);
    uint8_t *drawn = arena_alloc(s->a, s->height * s->width * 3);
    SoraStatus status = draw(s, p, f - reach, reach, drawn);
    if (status == SORA_OK) status = take(s, pass + 1, drawn);
    arena_rewind(s->a, mark);
    return status;
}

size_t steady_bytes(size_t height, size_t width)
{
    return (size_t)STEADY_PASSES * NEAR * height * width * 3;
}

SoraStatus steady_new(size_t height, size_t width, SteadyHold hold, Pool *pool, FrameSink sink,
                      Arena *a, Steady **out)
{
    void *room;
    TRY(arena_try(a, steady_bytes(height, width), &room));
    Steady *s = arena_zero(a, sizeof *s);
    *s = (Steady){
        .height = height, .width = width, .hold = hold, .pool = pool, .sink = sink, .a = a
    };
    for (int k = 0; k < STEADY_PASSES; k++)
        s->pass[k].near = (uint8_t *)room + (size_t)k * NEAR * height * width * 3;
    *out = s;
    return SORA_OK;
}

SoraStatus steady_take(Steady *s, const uint8_t *rgb)
{
    return take(s, 0, rgb);
}

SoraStatus steady_end(Steady *s)
{
    for (int pass = 0; pass < STEADY_PASSES; pass++) {
        const Pass *p = &s->pass[pass];
        size_t reach = REACH[pass], from = size_max(reach, size_max(reach, p->taken) - reach);
        for (size_t f = from; f < p->taken; f++) TRY(take(s, pass + 1, near_frame(s, p, f)));
    }
    return SORA_OK;
}
