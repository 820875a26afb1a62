#include "pipeline/beside.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "media/retime.h"
#include "pipeline/carry.h"

static const double EASE_S = 0.5;    /* so long after a given frame the model is alone */
enum { NEAR_BYTES_MAX = 256 << 20 }; /* in which large pictures are so earlier */

struct Beside {
    const Condition *given;
    size_t frames, height, width, reach;
    double fps;
    Pool *pool;
    FrameSink sink;
    uint8_t *near; /* [2 reach + 1, height, width, 3]: the last frames as they were made, in turn */
    uint8_t *frame; /* [height, width, 3]: the one that leaves next */
    size_t taken, sent;
    Arena *a;
};

static uint8_t *near_frame(const Beside *b, size_t f)
{
    return b->near + f % (2 * b->reach + 1) * b->height * b->width * 3;
}

/* The frame goes along what moves from one picture to the other, where they agree on it. */
static SoraStatus follow(const Beside *b, const uint8_t *before, const uint8_t *after, double way)
{
    size_t pixels = b->height * b->width;
    uint8_t *rgb = arena_alloc(b->a, pixels * 3), *agree = arena_alloc(b->a, pixels);
    TRY(retime_between(before, after, b->height, b->width, &way, 1, b->pool, b->a, rgb, agree));
    carry_along(b->frame, rgb, agree, b->height, b->width, b->a);
    return SORA_OK;
}

/* The nearest given frames before and after a made one. */
typedef struct Ends {
    size_t at[2];
    bool has[2];
    size_t middle; /* as far as either is followed */
} Ends;

static Ends ends_of(const Beside *b, size_t f)
{
    Ends e = { { f, f }, { false, false }, 0 };
    const uint8_t *given = b->given->given;
    while (e.at[0] && !given[e.at[0]]) e.at[0]--;
    while (e.at[1] + 1 < b->frames && !given[e.at[1]]) e.at[1]++;
    for (int k = 0; k < 2; k++) e.has[k] = given[e.at[k]];
    e.middle = e.has[0] && e.has[1] ? (e.at[0] + e.at[1]) / 2 : e.at[e.has[0] ? 1 : 0];
    return e;
}

/* From the given frame at one end to the made one half a second away, or in the middle. */
static SoraStatus ease(const Beside *b, const Ends *e, int end, size_t f)
{
    size_t from = e->at[end];
    if (!e->has[end]) return SORA_OK;
    if (end) {
        size_t to = size_max(e->middle, from > b->reach ? from - b->reach : 0);
        if (to >= f) return SORA_OK;
        return follow(b, near_frame(b, to), condition_frame(b->given, from),
                      (double)(f - to) / (double)(from - to));
    }
    size_t to = size_min(e->middle, from + b->reach);
    if (to <= f) return SORA_OK;
    return follow(b, condition_frame(b->given, from), near_frame(b, to),
                  (double)(f - from) / (double)(to - from));
}

static SoraStatus carry(const Beside *b, size_t f)
{
    const Condition *g = b->given;
    Ends e = ends_of(b, f);
    bool both = e.has[0] && e.has[1];
    size_t before = e.at[0], after = e.at[1];
    double way = both ? (double)(f - before) / (double)(after - before) : 0.5;
    CarryFrom from[2] = { { e.has[0] ? condition_frame(g, before) : NULL, NULL, 1 - way },
                          { e.has[1] ? condition_frame(g, after) : NULL, NULL, way } };
    size_t further = size_max(1, (size_t)rint(0.25 * b->fps)), first = before, last = after;
    while (e.has[0] && first && g->given[first - 1] && before - first < further) first--;
    while (e.has[1] && last + 1 < b->frames && g->given[last + 1] && last - after < further) last++;
    from[0].other = first < before ? condition_frame(g, first) : from[1].rgb;
    from[1].other = last > after ? condition_frame(g, last) : from[0].rgb;
    for (int end = 0; end < 2; end++) TRY(ease(b, &e, end, f));
    if (both && (double)(after - before - 1) <= BESIDE_BRIEF_S * b->fps)
        TRY(follow(b, from[0].rgb, from[1].rgb, way));
    carry_still(b->frame, from, b->height, b->width, b->a);
    return SORA_OK;
}

static SoraStatus send(Beside *b)
{
    size_t f = b->sent++;
    ArenaMark mark = arena_mark(b->a);
    memcpy(b->frame, near_frame(b, f), b->height * b->width * 3);
    SoraStatus status = b->given->given[f] ? SORA_OK : carry(b, f);
    arena_rewind(b->a, mark);
    TRY(status);
    condition_restore(b->given, f, b->frame);
    return b->sink.fn(b->sink.self, f, b->frame);
}

static size_t reach_of(size_t frames, size_t bytes, double fps)
{
    size_t most = NEAR_BYTES_MAX / bytes / 2;
    if (frames < 2) return 0;
    return size_min(size_min((size_t)rint(EASE_S * fps), frames), most);
}

size_t beside_bytes(size_t frames, size_t height, size_t width, double fps)
{
    size_t bytes = height * width * 3;
    return (2 * reach_of(frames, bytes, fps) + 2) * bytes;
}

SoraStatus beside_new(const Condition *given, double fps, Pool *pool, FrameSink sink, Arena *a,
                      Beside **out)
{
    const Clip *size = given->source;
    size_t bytes = size->height * size->width * 3, reach = reach_of(size->frames, bytes, fps);
    void *room;
    TRY(arena_try(a, beside_bytes(size->frames, size->height, size->width, fps), &room));
    Beside *b = arena_zero(a, sizeof *b);
    *b = (Beside){ given,
                   size->frames,
                   size->height,
                   size->width,
                   reach,
                   fps,
                   pool,
                   sink,
                   room,
                   (uint8_t *)room + (2 * reach + 1) * bytes,
                   0,
                   0,
                   a };
    *out = b;
    return SORA_OK;
}

SoraStatus beside_take(Beside *b, const uint8_t *rgb)
{
    size_t f = b->taken++;
    if (!b->given->given[f]) memcpy(near_frame(b, f), rgb, b->height * b->width * 3);
    return b->sent + b->reach < b->taken ? send(b) : SORA_OK;
}

SoraStatus beside_end(Beside *b)
{
    while (b->sent < b->taken) TRY(send(b));
    return SORA_OK;
}
