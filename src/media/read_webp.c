#include "config.h"
#include "media/read_source.h"
#include "media/webp.h"

typedef struct WebpState {
    WebpAnim anim;
    size_t next;
} WebpState;

/* GIFs and WebPs have a time for each frame; their rate is that of the shortest. */
static double rate_of(const WebpAnim *anim)
{
    int least = 0;
    for (size_t f = 0; f < anim->frames; f++) {
        int ms = anim->end_ms[f] - (f ? anim->end_ms[f - 1] : 0);
        if (ms > 0 && (!least || ms < least)) least = ms;
    }
    if (!least) return 10;
    double even = anim->end_ms[anim->frames - 1] / (double)anim->frames;
    /* all about the same: milliseconds are a coarse grid for 24 a second */
    return even - least <= 1 ? 1000 / even : 1000.0 / least;
}

static SoraStatus open_webp(Source *s)
{
    WebpState *w = s->state = arena_zero(s->arena, sizeof *w);
    TRY(webp_anim_decode(s->file, s->name, s->arena, &w->anim));
    bool still = w->anim.frames == 1;
    s->info = (ReadInfo){ .format = "webp",
                          .codec = "webp",
                          .width = w->anim.width,
                          .height = w->anim.height,
                          .fps = still ? 0 : rate_of(&w->anim),
                          .seconds = still ? 0 : w->anim.end_ms[w->anim.frames - 1] / 1000.0,
                          .comment = webp_comment(s->file, s->arena) };
    return SORA_OK;
}

static SoraStatus next_webp(Source *s, Picture *p, bool *end)
{
    WebpState *w = s->state;
    *end = w->next == w->anim.frames;
    if (*end) return SORA_OK;
    size_t f = w->next++;
    read_over_white(p->rgb, webp_frame(&w->anim, f), w->anim.width * w->anim.height);
    p->start_s = f ? w->anim.end_ms[f - 1] / 1000.0 : 0;
    p->end_s = w->anim.end_ms[f] / 1000.0;
    return SORA_OK;
}

static void close_webp(Source *s)
{
    (void)s;
}

const SourceKind read_webp = { open_webp, next_webp, close_webp };
